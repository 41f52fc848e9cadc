// Compiles every package into its dist/, from nothing, so that no file stays there whose source is gone. The command is
// made into one file there as well.
import { spawnSync } from "node:child_process"
import { readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { bundle } from "../packages/cli/bundle.mjs"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

const packages = readdirSync("packages").map((name) => `packages/${name}`)
for (const path of packages) rmSync(`${path}/dist`, { recursive: true, force: true })

const projects = packages.map((path) => `${path}/tsconfig.src.json`)
const { status } = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-b", "--force", ...projects],
  { stdio: "inherit" }
)
if (status !== 0) process.exit(status ?? 1)

await bundle("packages/cli/dist/linda.mjs")
