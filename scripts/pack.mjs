// Makes of every package what is published: build/package, with `publishConfig.exports` in the place of the `exports`
// that the workspace uses (pnpm does that by itself, npm does not), and a tarball of it beside it. Needs dist/.
//
// With --check, tries each as its users will: publint, attw, and plain Node importing every module.
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
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
  const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"))
  for (const file of manifest.files) cpSync(join(path, file), join(staged, file), { recursive: true })
  for (const file of ["README.md", "LICENSE"]) {
    const from = [join(path, file), join(root, file)].find(existsSync)
    if (from !== undefined) cpSync(from, join(staged, file))
  }
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

  // whoever uses a declaration can import what it names, and need not have what is optional
  const closed = ["node:", ...Object.keys(manifest.peerDependenciesMeta ?? {})].map((name) => `["']${name}`)
  for (const file of readdirSync(join(staged, "dist")).filter((name) => name.endsWith(".d.ts"))) {
    // examples in comments import what they like
    const text = readFileSync(join(staged, "dist", file), "utf8").replaceAll(/\/\*[^]*?\*\//g, "")
    const [named] = new RegExp(`(from |import\\()(["']\\.{1,2}/internal/|${closed.join("|")}).*`).exec(text) ?? []
    if (named !== undefined) throw new Error(`${manifest.name}/dist/${file} names what is not for its users: ${named}`)
  }
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
  // by its own name a package is subject to its own exports; a module for vitest gets as far as vitest
  const program = `
    const isForVitest = (error) => error.message.startsWith("Vitest failed to access its internal state")
    for (const name of ${JSON.stringify(specifiers)}) {
      await import(name).catch((error) => isForVitest(error) || Promise.reject(error))
    }
    const refusal = await import("${manifest.name}/internal/any").catch((error) => error.code)
    if (refusal !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw new Error("internal/ is open")`
  execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: staged, stdio: "inherit" })
  console.log(`${manifest.name}: Node imports ${specifiers.length} modules of what is published, and no internal one`)
}

/**
 * Lets a package that is to be published find the others as they are to be published, and not their sources.
 *
 * @param {ReturnType<typeof pack>} packed
 * @param {Array<ReturnType<typeof pack>>} others
 */
const link = ({ manifest, staged }, others) => {
  for (const other of others) {
    if (manifest.peerDependencies?.[other.manifest.name] ?? manifest.dependencies?.[other.manifest.name]) {
      const path = join(staged, "node_modules", other.manifest.name)
      mkdirSync(dirname(path), { recursive: true })
      symlinkSync(other.staged, path, "junction")
    }
  }
}

const packages = readdirSync(join(root, "packages")).map((name) => pack(join(root, "packages", name)))
for (const packed of packages) link(packed, packages)
if (process.argv.includes("--check")) packages.forEach(check)
