// Whether the tests would notice: applies each deliberate fault that a package's mutants.mjs lists to a copy, and runs
// the tests of the package on it until the first one fails. Writes what killed each to docs/mutants.md as soon as that
// is known, and the next time tries that test before all others.
//
//   node scripts/mutants.mjs [words]    words: only the faults with these in their names or files; the others keep
//                                       their lines
//   node scripts/mutants.mjs --quick    one fault of each file
//   node scripts/mutants.mjs --check    applies none, and sees that each still finds its text
import { spawn } from "node:child_process"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { basename, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { mutants as ofCore } from "../packages/core/mutants.mjs"
import { mutants as ofNode } from "../packages/node/mutants.mjs"
import { mutants as ofSql } from "../packages/sql/mutants.mjs"

/** @typedef {import("../packages/core/mutants.mjs").Mutant & { readonly of: string }} Mutant */

/** @type {ReadonlyArray<Mutant>} */
const mutants = Object.entries({ core: ofCore, sql: ofSql, node: ofNode }).flatMap(([of, mutants]) =>
  mutants.map((mutant) => ({ ...mutant, of }))
)

const root = fileURLToPath(new URL("../", import.meta.url))
const table = join(root, "docs/mutants.md")
const isQuick = process.argv[2] === "--quick"
const filter = process.argv.slice(isQuick ? 3 : 2).join(" ").toLowerCase()

/**
 * Some of a package's tests: the arguments of a run.
 *
 * @typedef {{ readonly of: string, readonly args: ReadonlyArray<string> }} Stage
 */

/**
 * What is run on each fault, in this order, until something fails: the cases are the fastest to find most of them.
 *
 * @type {Readonly<Record<string, ReadonlyArray<Stage>>>}
 */
const stages = {
  core: [
    { of: "core", args: ["test/Conformance.test.ts"] },
    { of: "core", args: ["test/Properties.test.ts"] },
    { of: "core", args: ["--exclude", "test/Conformance.test.ts", "--exclude", "test/Properties.test.ts"] }
  ],
  sql: [{ of: "sql", args: ["--exclude", "test/*Thread.test.ts"] }],
  node: [{ of: "node", args: [] }]
}
/**
 * A fault can make a stage run for ever, and then no test is left that could say so: for how long a stage may run, in
 * milliseconds. Twice as long as it needs without any fault, once that is known.
 *
 * @type {Map<Stage, number>}
 */
const patience = new Map()

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set()

/**
 * Makes a copy in which `@effect-linda/*` is the copy itself, and all else is what is installed here.
 *
 * @param {string} folder
 */
const copyTo = (folder) => {
  mkdirSync(join(folder, "node_modules/@effect-linda"), { recursive: true })
  for (const { isFile, name } of entries(root)) {
    if (isFile && /\.(json|ts|mjs)$/.test(name)) cpSync(join(root, name), join(folder, name))
  }
  for (const { name } of entries(join(root, "node_modules"))) {
    if (name !== "@effect-linda" && !name.startsWith(".")) {
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "junction")
    }
  }
  const isMade = /^(node_modules|build|dist|coverage|docs)$/
  for (const name of ["core", "testkit", "sql", "node"]) {
    const path = join(folder, "packages", name)
    cpSync(join(root, "packages", name), path, { recursive: true, filter: (from) => !isMade.test(basename(from)) })
    symlinkSync(path, join(folder, "node_modules/@effect-linda", name), "junction")
  }
  // The suite has more patience with a test that hangs than is good for a list of faults.
  const suite = join(folder, "packages/testkit/src/Conformance.ts")
  writeFileSync(
    suite,
    readFileSync(suite, "utf8").replace(/(patienceWithATest = )[\d_]+/, (_, name) => `${name}20_000`)
  )
  return folder
}

/** @param {string} folder */
const entries = (folder) =>
  readdirSync(folder, { withFileTypes: true }).map((entry) => ({ name: entry.name, isFile: entry.isFile() }))

/**
 * Runs a stage of the tests on a copy. Gives the name of the first test that fails, or what else went wrong, or
 * nothing.
 *
 * @param {string} folder
 * @param {Stage} stage
 * @returns {Promise<string | undefined>}
 */
const failureOf = async (folder, stage) => {
  const { of } = stage
  const report = join(folder, "report.json")
  rmSync(report, { force: true })
  const args = ["run", ...stage.args, "--bail=1", "--reporter=json", `--outputFile=${report}`, "--passWithNoTests"]
  // Threads, because they end with the process, also those that run for ever.
  const alone = ["--pool=threads", "--no-file-parallelism", "--no-cache", "--testTimeout=20000"]
  const vitest = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args, ...alone], {
    cwd: join(folder, "packages", of),
    stdio: "ignore",
    timeout: patience.get(stage) ?? 60_000,
    killSignal: "SIGKILL",
    env: { ...process.env, LINDA_SEEDS: "200" }
  })
  running.add(vitest)
  const code = await new Promise((resolve, reject) => vitest.on("error", reject).on("close", resolve))
  running.delete(vitest)
  if (!existsSync(report)) {
    if (code === null) return "(did not end)"
    throw new Error("vitest has left no report")
  }
  const { testResults } = JSON.parse(readFileSync(report, "utf8"))
  for (const { assertionResults, message, name, status } of testResults) {
    const file = relative(join(folder, "packages", of, "test"), name).replaceAll("\\", "/").replace(".test.ts", "")
    for (const { ancestorTitles, status, title } of assertionResults) {
      if (status === "failed") {
        return [file, ...ancestorTitles, title].filter((part) => part !== "in memory").join(arrow)
      }
    }
    if (status === "failed") throw new Error(`${file} cannot be run: ${message}`)
  }
  return code === 0 ? undefined : "(an error outside of tests)"
}

const arrow = " › "

/**
 * What killed each mutant last time, by its name, as the table says.
 *
 * @type {Map<string, string>}
 */
const known = new Map(
  !existsSync(table) ? [] : readFileSync(table, "utf8").split("\n").flatMap((row) => {
    const [, , name, , , killer] = row.split(/(?<!\\) ?\| ?/).map((text) => text.replaceAll("\\|", "|"))
    return name === undefined || killer === undefined ? [] : [[name, killer]]
  })
)

/**
 * A stage that runs nothing but the test that killed a mutant last time.
 *
 * @param {Mutant} mutant
 * @returns {ReadonlyArray<Stage>}
 */
const firstTry = ({ name, of }) => {
  const killer = known.get(name)?.split(arrow) ?? []
  const [file, title] = [killer[0], killer.at(-1)]
  if (file === undefined || title === undefined || killer.length === 1) return []
  return [{ of, args: [`test/${file}.test.ts`, "--testNamePattern", `${title.replace(/[^\w\s]/g, "\\$&")}$`] }]
}

/** @type {(folder: string, mutant: Mutant) => string} */
const pathOf = (folder, { file, of }) => join(folder, "packages", of, "src", file)

/**
 * Applies a fault to a copy, and gives the name of the test that finds it.
 *
 * @param {string} folder
 * @param {Mutant} mutant
 */
const killerOf = async (folder, mutant) => {
  const { file, find, of, replace } = mutant
  const path = pathOf(folder, mutant)
  const original = readFileSync(path, "utf8")
  writeFileSync(path, original.replace(find, () => replace))
  try {
    // What memory has no part in is not met by its cases.
    const order = /internal\/(durable|remote|sharded|values|viewed)\//.test(file)
      ? [...stages[of]].reverse()
      : stages[of]
    for (const stage of [...firstTry(mutant), ...order]) {
      const failure = await failureOf(folder, stage)
      if (failure !== undefined) return failure
    }
    return undefined
  } finally {
    writeFileSync(path, original)
  }
}

/**
 * Does jobs on all copies at the same time.
 *
 * @template Job
 * @param {ReadonlyArray<string>} folders
 * @param {ReadonlyArray<Job>} jobs
 * @param {(folder: string, job: Job) => Promise<void>} work
 */
const onAll = async (folders, jobs, work) => {
  const rest = jobs.values()
  await Promise.all(folders.map(async (folder) => {
    for (const job of rest) await work(folder, job)
  }))
}

/**
 * Refuses faults that do not say what to change in this copy.
 *
 * @param {string} folder
 * @param {ReadonlyArray<Mutant>} all
 */
const check = (folder, all) => {
  const problems = all.flatMap((mutant) => {
    const { file, find, name, replace } = mutant
    const count = readFileSync(pathOf(folder, mutant), "utf8").split(find).length - 1
    const isNamedTwice = all.filter((other) => other.name === name).length > 1
    return [
      ...(count === 1 ? [] : [`"${name}": its text occurs ${count} times in ${file}`]),
      ...(find === replace ? [`"${name}" changes nothing`] : []),
      ...(isNamedTwice ? [`"${name}" is there twice`] : [])
    ]
  })
  if (problems.length > 0) throw new Error(problems.join("\n"))
}

if (process.argv[2] === "--check") {
  check(root, mutants)
  process.exit(0)
}

const chosen = mutants.filter(({ file, name, of }, index) =>
  `${name} ${of}/${file}`.toLowerCase().includes(filter) &&
  (!isQuick || mutants.findIndex((other) => other.of === of && other.file === file) === index)
)
const needed = Object.entries(stages).flatMap(([of, stages]) => chosen.some((mutant) => mutant.of === of) ? stages : [])
const temporary = realpathSync(mkdtempSync(join(tmpdir(), "mutants-")))
process.on("exit", () => {
  for (const vitest of running) vitest.kill("SIGKILL")
  rmSync(temporary, { recursive: true, force: true })
})
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1))

const folders = Array.from(
  { length: Math.min(availableParallelism(), Math.max(chosen.length, 1)) },
  (_, index) => copyTo(join(temporary, String(index)))
)
folders.forEach((folder) => check(folder, mutants))
const started = Date.now()

await onAll(folders, needed, async (folder, stage) => {
  patience.set(stage, 1_200_000)
  const begun = Date.now()
  const failure = await failureOf(folder, stage)
  if (failure !== undefined) throw new Error(`without any fault there already fails: ${failure}`)
  patience.set(stage, 60_000 + 2 * (Date.now() - begun))
})

/** @param {string} text */
const cell = (text) => text.replaceAll("|", "\\|")

/** Writes what is known of each. */
const writeTable = () => {
  const rows = mutants.map(({ clause, file, name, of }) =>
    `| ${clause} | ${cell(name)} | ${of} | \`${file.replace("internal/", "")}\` | ${
      cell(known.get(name) ?? "**not tried yet**")
    } |`
  )
  writeFileSync(
    table,
    `# Mutants

Each line is a deliberate fault, and the test that fails because of it: the first one, there may be more. A fault that
no test finds is a missing test; one that says *not tried yet* is new. \`npm run mutants\` applies them, one after the
other, to a copy, and writes this file; \`npm run mutants -- --quick\` tries one in each file. Each package lists its own
in its \`mutants.mjs\`; the rooms are those of its \`src/internal\`.

| clause | fault | of | in | found by |
|---|---|---|---|---|
${rows.join("\n")}
`
  )
}

let survivors = 0
await onAll(folders, chosen, async (folder, mutant) => {
  const begun = Date.now()
  const killer = await killerOf(folder, mutant)
  known.set(mutant.name, killer ?? "**none: it survives**")
  writeTable()
  if (killer === undefined) survivors += 1
  const seconds = ((Date.now() - begun) / 1_000).toFixed(0).padStart(4)
  console.log(
    `${seconds} s ${killer === undefined ? "SURVIVES" : "killed  "} ${mutant.clause.padEnd(3)} ${mutant.name}`
  )
  if (killer !== undefined) console.log(`                    ${killer}`)
})

const minutes = ((Date.now() - started) / 60_000).toFixed(1)
console.log(`${chosen.length} mutants, ${survivors} survive, ${minutes} minutes`)
process.exit(survivors === 0 ? 0 : 1)
