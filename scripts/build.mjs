// Compiles every package into its dist/, from nothing, so that no file stays there whose source is gone.
import { spawnSync } from "node:child_process"
import { readdirSync, rmSync } from "node:fs"
import { fileURLToPath } from "node:url"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

const packages = readdirSync("packages").map((name) => `packages/${name}`)
for (const path of packages) rmSync(`${path}/dist`, { recursive: true, force: true })

const projects = packages.map((path) => `${path}/tsconfig.src.json`)
const { status } = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-b", "--force", ...projects],
  { stdio: "inherit" }
)
process.exit(status ?? 1)
