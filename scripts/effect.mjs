// What the language service of Effect says of every project: of what is published, and of the examples, strictly.
import { fileURLToPath } from "node:url"
import { packages } from "./documents.mjs"
import { forEach, run } from "./processes.mjs"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

const strictly = [...packages.map((name) => `packages/${name}/tsconfig.src.json`), "examples/tsconfig.json"]
const tests = packages.map((name) => `packages/${name}/tsconfig.test.json`)
const command = "node_modules/@effect/language-service/cli.js"

await forEach([...strictly, ...tests], async (project) => {
  const strict = strictly.includes(project) ? ["--strict"] : []
  const args = [command, "diagnostics", "--format", "text", ...strict, "--project", project]
  const { ok, output } = await run(process.execPath, args)
  console.log(`${project}\n${output}`)
  if (!ok) process.exitCode = 1
})
