// Follows every line of the documentation that installs something, as a reader does: in an empty folder outside of the
// repository, with what the registry has today. What is not on the registry yet, our own packages, comes from their
// tarballs, which scripts/pack.mjs has made.
//
// Below each line stands a program: the first ```ts block after it, which may import the ```ts file=… blocks of its
// document. It is compiled strictly, with the declarations of all packages looked at; the declarations that come out
// are compiled once more; and it runs on plain Node, and prints what it says that it prints. A line without a program
// is marked
// ```sh without-program. A program that needs PostgreSQL gets the server of the tests.
//
// At last all lines go into one folder, where the declarations of scripts/installs/everything.ts, and those of a module
// that exports all values of all modules, have to name public modules.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import {
  blocksOf,
  documents,
  isExample,
  isTest,
  missingIn,
  needsPostgres,
  onServer,
  packages,
  startPostgres
} from "./documents.mjs"
import { forEach, run } from "./processes.mjs"

const root = fileURLToPath(new URL("../", import.meta.url))
const tsc = join(root, "node_modules/typescript/bin/tsc")

/** Their tarballs, by name. */
const ours = new Map(packages.map((folder) => {
  const { name, version } = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"))
  const tarball = join(root, "packages", folder, "build", `${name.slice(1).replace("/", "-")}-${version}.tgz`)
  return [name, tarball]
}))

/** @type {Array<string>} */
const problems = []

/**
 * @typedef {object} Line
 * @property {string} where
 * @property {string} name of the folder that its program has in the project
 * @property {Array<string>} commands
 * @property {{ code: string } | undefined} program
 * @property {Array<{ name: string, code: string }>} modules
 */

const installs = /^\s*(?:\$ )?(?:(?:npm|pnpm|yarn|bun|deno) (?:i|install|add|ci)|npx) +(?:-\S+ +)*[@\w]/

/**
 * What a document tells its reader to install.
 *
 * @param {{ file: string, text: string }} document
 * @returns {Array<Line>}
 */
const linesOf = ({ file, text }) => {
  const blocks = blocksOf(text)
  const modules = blocks.flatMap(({ code, name }) => name === undefined ? [] : [{ name, code: code.join("\n") }])
  const isInstall = blocks.map(({ code, language }) =>
    !/^(ts|typescript|js|json)$/.test(language) && code.some((line) => installs.test(line) && !line.includes("npx "))
  )
  const fenced = new Set(blocks.flatMap(({ code, line }) => code.map((_, index) => line + index)))
  for (const [index, line] of text.split("\n").entries()) {
    if (!fenced.has(index) && /\bnpm (i|install|add) +[@\w]/.test(line)) {
      problems.push(`${file}:${index + 1}: a line that installs something stands in a block of its own`)
    }
  }
  return blocks.flatMap((block, index) => {
    if (!isInstall[index]) return []
    const where = `${file}:${block.line}`
    const commands = block.code.map((line) => line.replace(/#.*/, "").trim()).filter((line) => line !== "")
    for (const command of commands) {
      if (!/^npm (i|install) /.test(command)) problems.push(`${where}: "${command}" is not followed: write npm install`)
    }
    const next = isInstall.indexOf(true, index + 1)
    const below = blocks.slice(index + 1, next === -1 ? undefined : next)
    const program = below.find((block) => isExample(block) && block.name === undefined)
    if (program === undefined && !block.marks.includes("without-program")) {
      problems.push(`${where}: no program stands below this line: add one, or mark it \`\`\`sh without-program`)
    }
    const name = `${file.replace(/\.md$/, "").replaceAll(/\W/g, "-")}-${block.line}`
    return [{ where, name, commands, program: program && { code: program.code.join("\n") }, modules }]
  })
}

const lines = documents.flatMap(linesOf)
const postgres = lines.some(({ program }) => program && needsPostgres(program.code)) ? await startPostgres() : undefined
const workplace = mkdtempSync(join(tmpdir(), "linda-installs-"))

/** Without what npm tells the scripts of this repository about it. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([key]) =>
    !/^(npm_(package|lifecycle|config_(local|global)?_?prefix|config_omit|command)|INIT_CWD|NODE_PATH|NODE_OPTIONS)/
      .test(key)
  )
)

const ordinary = /^npm warn (install-scripts|deprecated)\b/

/**
 * Does in a folder what lines say. Returns what is wrong.
 *
 * @param {string} folder
 * @param {Array<string>} commands
 */
const install = async (folder, commands) => {
  for (const command of commands) {
    const [, ...args] = command.split(/\s+/).map((word) => ours.get(word) ?? word)
    const { ok, output } = await run(
      "npm",
      // the folder is empty, and npm would look for a project above it
      [...args, "--prefix", folder, "--prefer-offline", "--no-audit", "--no-fund"],
      { cwd: folder, env }
    )
    const warnings = output.split("\n").filter((line) => line.startsWith("npm warn") && !ordinary.test(line))
    if (!ok || warnings.length > 0) return `${command}\n${ok ? warnings.join("\n") : output}`
  }
  const manifest = join(folder, "package.json")
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, "utf8")), type: "module" }, null, 2))
  return undefined
}

/**
 * Compiles what is in src into dist, and the declarations in dist once more.
 *
 * @param {string} folder
 */
const compile = async (folder) => {
  const compilerOptions = {
    module: "nodenext",
    target: "es2022",
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    declaration: true
  }
  const projects = {
    "tsconfig.json": { compilerOptions: { ...compilerOptions, rootDir: "src", outDir: "dist" }, include: ["src"] },
    "tsconfig.declarations.json": { compilerOptions: { ...compilerOptions, noEmit: true }, include: ["dist/**/*.d.ts"] }
  }
  for (const [name, project] of Object.entries(projects)) {
    writeFileSync(join(folder, name), JSON.stringify(project))
    const { ok, output } = await run(process.execPath, [tsc, "-p", join(folder, name)], { cwd: folder, env })
    if (!ok) return output
  }
  const declarations = readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".d.ts"))
  const inner = declarations.filter((name) => readFileSync(join(folder, "dist", name), "utf8").includes("/internal/"))
  return inner.length > 0 ? `the declarations name internal modules: ${inner.join(", ")}` : undefined
}

/** What must be said to those who open a space without its driver. */
const missingDriver = `
import { Postgres, Sqlite } from "@effect-linda/sql"
import { Effect } from "effect"

const opens = { pg: Postgres.make(), libsql: Sqlite.make({ filename: ":memory:" }) }
for (const [driver, open] of Object.entries(opens)) {
  const isThere = await import(driver).then(() => true, () => false)
  if (isThere) continue
  const { _tag, message } = await Effect.runPromise(Effect.scoped(Effect.flip(open)))
  if (_tag !== "SpaceError" || !message.includes("npm install " + driver)) throw new Error(_tag + ": " + message)
  console.log("without its driver: " + message)
}`

/**
 * The command linda, where a line has installed it.
 *
 * @param {string} folder
 */
const tryCommand = async (folder) => {
  const command = join(folder, "node_modules/@effect-linda/cli/bin/linda.mjs")
  if (!existsSync(command)) return undefined
  /** @type {Array<[args: Array<string>, printed: string]>} */
  const calls = [
    [["out", "[\"task\", 7]"], ""],
    [["count", "[\"task\", _]"], "1\n"],
    [["with", "[\"task\", ?id]", "--", process.execPath, "--print", "{id} + 1"], "8\n"],
    [["count"], "0\n"]
  ]
  for (const [args, printed] of calls) {
    const { ok, output, stdout } = await run(process.execPath, [command, ...args], { cwd: folder, env })
    if (!ok || stdout !== printed) return `linda ${args.join(" ")}: ${output}`
  }
  return undefined
}

/**
 * @param {string} folder
 * @param {Line} line
 */
const perform = async (folder, { name, program }) => {
  if (program === undefined) return undefined
  const args = isTest(program.code)
    ? [join(folder, "node_modules/vitest/vitest.mjs"), "run", "--root", folder, `src/${name}`]
    : [`dist/${name}/main.js`]
  const { ok, output, stdout } = await run(process.execPath, args, { cwd: folder, env, seconds: 300 })
  if (!ok) return output
  const missing = missingIn(program.code, stdout)
  return missing.length > 0
    ? `it did not print: ${missing.join("\n")}\n${output}`
    : stdout === ""
    ? "it printed nothing"
    : undefined
}

/** @param {number} since */
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(0)} s`

/**
 * @param {string} what
 * @param {string | undefined} problem
 */
const report = (what, problem) => {
  if (problem !== undefined) problems.push(`${what}: ${problem}`)
  return problem === undefined
}

/** @type {Map<string, Array<Line>>} */
const projects = new Map()
for (const line of lines) {
  const key = line.commands.join("\n")
  projects.set(key, [...projects.get(key) ?? [], line])
}

/**
 * Does what the same lines of several documents say, in one folder.
 *
 * @param {Array<Line>} same
 * @param {number} index
 */
const follow = async (same, index) => {
  const start = performance.now()
  const folder = join(workplace, String(index))
  const places = same.map(({ where }) => where).join(", ")
  mkdirSync(folder)
  if (!report(places, await install(folder, same[0]?.commands ?? []))) return
  for (const { modules, name, program } of same) {
    if (program === undefined) continue
    mkdirSync(join(folder, "src", name), { recursive: true })
    const file = isTest(program.code) ? "main.test.ts" : "main.ts"
    writeFileSync(join(folder, "src", name, file), onServer(program.code, postgres?.url ?? ""))
    for (const module of modules) writeFileSync(join(folder, "src", name, module.name), module.code)
  }
  if (existsSync(join(folder, "src")) && !report(places, await compile(folder))) return
  for (const line of same) report(line.where, await perform(folder, line))
  report(places, await tryCommand(folder))
  if (existsSync(join(folder, "node_modules/@effect-linda/sql"))) {
    writeFileSync(join(folder, "missing.mjs"), missingDriver)
    const { ok, output } = await run(process.execPath, ["missing.mjs"], { cwd: folder, env })
    report(places, ok ? undefined : output)
  }
  const server = same.some(({ program }) => program && needsPostgres(program.code))
    ? ", on the server of the tests"
    : ""
  console.log(`${same.map(({ commands, where }) => `${where}: ${commands.join("; ")}`).join("\n")}
  installed, compiled, and run by Node ${process.versions.node}${server} (${seconds(start)})`)
}

/** A module of a user's that exports all values of all modules, with the types that the compiler writes out for it. */
const allValues = packages.flatMap((folder) =>
  readdirSync(join(root, "packages", folder, "src"))
    .filter((file) => file.endsWith(".ts") && file !== "index.ts")
    .map((file) => {
      const name = file.replace(/\.ts$/, "")
      return `import * as ${folder}_${name} from "@effect-linda/${folder}/${name}"
export const ${folder}${name} = { ...${folder}_${name} }`
    })
).join("\n")

const together = async () => {
  const start = performance.now()
  const folder = join(workplace, "everything")
  mkdirSync(join(folder, "src"), { recursive: true })
  const what = "all lines in one folder"
  const commands = [...new Set(lines.flatMap(({ commands }) => commands))]
  if (!report(what, await install(folder, commands))) return
  copyFileSync(join(root, "scripts/installs/everything.ts"), join(folder, "src/everything.ts"))
  writeFileSync(join(folder, "src/allValues.ts"), allValues)
  if (!report(what, await compile(folder))) return
  console.log(`${what}: the declarations of what uses them name public modules (${seconds(start)})`)
}

const begun = performance.now()
const follows = [...projects.values()].map((same, index) => () => follow(same, index))
await forEach([together, ...follows], (next) => next())

await postgres?.stop()
rmSync(workplace, { recursive: true, force: true })
for (const problem of problems) console.error(problem)
console.log(
  problems.length === 0
    ? `${lines.length} lines to install something were followed, and their programs run (${seconds(begun)})`
    : `${problems.length} problems with lines to install something`
)
process.exit(problems.length === 0 ? 0 : 1)
