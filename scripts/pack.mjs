// Makes of every package what is published: build/package, with `publishConfig.exports` in the place of the `exports`
// that the workspace uses (pnpm does that by itself, npm does not), and a tarball of it beside it. Needs dist/.
//
// With --check, tries each as its users will: publint, attw, and plain Node importing every module.
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))

/**
 * Runs a command of npm's or of node_modules/.bin, which on Windows are batch files.
 *
 * @param {string} cwd
 * @param {string} command
 * @param {Array<string>} args
 */
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, stdio: "inherit", shell: process.platform === "win32" })

/**
 * Makes the folder that is published and its tarball.
 *
 * @param {string} path
 */
const pack = (path) => {
  const staged = join(path, "build/package")
  rmSync(staged, { recursive: true, force: true })
  for (const folder of ["dist", "src"]) cpSync(join(path, folder), join(staged, folder), { recursive: true })
  for (const file of ["README.md", "LICENSE"]) {
    const from = [join(path, file), join(root, file)].find(existsSync)
    if (from !== undefined) cpSync(from, join(staged, file))
  }
  const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"))
  const { exports, ...publishConfig } = manifest.publishConfig
  writeFileSync(
    join(staged, "package.json"),
    JSON.stringify({ ...manifest, exports, publishConfig, devDependencies: undefined, scripts: undefined }, null, 2)
  )
  run(staged, "npm", "pack", "--silent", "--pack-destination", "..")
  return { staged, manifest, tarball: `../${manifest.name.slice(1).replace("/", "-")}-${manifest.version}.tgz` }
}

/** @param {ReturnType<typeof pack>} packed */
const check = ({ manifest, staged, tarball }) => {
  const modules = readdirSync(join(staged, "src"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file === "index.ts" ? "." : `./${file.slice(0, -3)}`)
  const specifiers = modules.map((module) => join(manifest.name, module))

  run(staged, "publint", "run", tarball, "--strict")
  run(
    staged,
    "attw",
    tarball,
    "--profile",
    "esm-only",
    "--no-definitely-typed",
    "--no-summary",
    "--entrypoints",
    ...modules
  )
  // by its own name a package is subject to its own exports
  const program = `
    for (const name of ${JSON.stringify(specifiers)}) await import(name)
    const refusal = await import("${manifest.name}/internal/any").catch((error) => error.code)
    if (refusal !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw new Error("internal/ is open")`
  execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: staged, stdio: "inherit" })
  console.log(`${manifest.name}: Node imports ${specifiers.length} modules of what is published, and no internal one`)
}

for (const name of readdirSync(join(root, "packages"))) {
  const packed = pack(join(root, "packages", name))
  if (process.argv.includes("--check")) check(packed)
}
