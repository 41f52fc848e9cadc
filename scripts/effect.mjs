// What the language service of Effect says of every project: of what is published, and of the examples, strictly.
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

const packages = readdirSync("packages")
const projects = [
  ...packages.map((name) => ["--strict", "--project", `packages/${name}/tsconfig.src.json`]),
  ...packages.map((name) => ["--project", `packages/${name}/tsconfig.test.json`]),
  ["--strict", "--project", "examples/tsconfig.json"]
]
for (const args of projects) {
  const { status } = spawnSync("effect-language-service", ["diagnostics", "--format", "text", ...args], {
    stdio: "inherit",
    shell: process.platform === "win32"
  })
  if (status !== 0) process.exit(status ?? 1)
}
