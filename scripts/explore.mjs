// Checks every property of the space in memory under as many seeds as one likes: npm run explore -- 1000000
// Each process takes its share of the seeds, so all cores are used.
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

const seeds = Number(process.argv[2] ?? 20_000)
if (!Number.isInteger(seeds) || seeds < 1) {
  console.error("npm run explore -- <how many seeds>")
  process.exit(1)
}
const cores = availableParallelism()
const share = Math.ceil(seeds / cores)

const runs = Array.from({ length: cores }, (_, index) =>
  new Promise((resolve) => {
    const args = ["node_modules/vitest/vitest.mjs", "run", "packages/core/test/Properties.test.ts"]
    const env = { ...process.env, LINDA_SEEDS: String(share), LINDA_FIRST_SEED: String(1 + index * share) }
    spawn(process.execPath, args, { env, stdio: "inherit" }).on("close", resolve)
  }))
const codes = await Promise.all(runs)
process.exit(codes.every((code) => code === 0) ? 0 : 1)
