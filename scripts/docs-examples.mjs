// Type-checks and runs every ```ts block of the READMEs, docs/*.md and the doc comments of the packages' public modules,
// each as a program of its own, or, if it imports vitest, as a file of tests. A block marked ```ts file=jobs.ts is a module that
// the other blocks of its document import as "./jobs.js". A block marked ```ts ignore is left alone.
//
// docgen runs examples too, but neither those of classes nor those of `export { in_ as in }`, and it resolves the package
// to its src without regard to its exports.
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

process.chdir(fileURLToPath(new URL("../", import.meta.url)))

const outDir = "build/docs-examples"
const secondsPerExample = 60

/**
 * The paths of the files of a folder, without those below it.
 *
 * @param {string} folder
 * @param {string} extension
 */
const filesOf = (folder, extension) =>
  existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(extension)).map((name) => `${folder}/${name}`)
    : []

/**
 * The ```ts blocks of a text, each with as many blank lines before it as the text has: a line number in an error is one
 * of the text.
 *
 * @param {string} text
 */
const blocksOf = (text) => {
  /** @type {Array<{ line: number, name: string | undefined, code: string }>} */
  const blocks = []
  /** @type {{ indent: string, fence: string, line: number, isExample: boolean, name: string | undefined, code: Array<string> } | undefined} */
  let open = undefined
  for (const [index, line] of text.split("\n").entries()) {
    if (open === undefined) {
      const [, indent, fence, info] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line) ?? []
      if (indent === undefined || fence === undefined || info === undefined) continue
      const [language, ...marks] = info.trim().split(/\s+/)
      const isExample = (language === "ts" || language === "typescript") && !marks.includes("ignore")
      const name = marks.find((mark) => mark.startsWith("file="))?.slice(5)
      open = { indent, fence, line: index + 1, isExample, name, code: [] }
    } else if (line.trim().startsWith(open.fence) && /^(`+|~+)$/.test(line.trim())) {
      if (open.isExample) {
        const code = "\n".repeat(open.line) + open.code.join("\n") + "\n"
        blocks.push({ line: open.line, name: open.name, code })
      }
      open = undefined
    } else {
      open.code.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  return blocks
}

/**
 * The text of the doc comments of a module, on the lines where they are.
 *
 * @param {string} source
 */
const commentsOf = (source) =>
  source.split("\n").map((line) => /^\s*\*(?!\/)(?: (.*))?$/.exec(line)?.[1] ?? "").join("\n")

/**
 * Runs Node and keeps what it prints.
 *
 * @param {Array<string>} args
 * @param {number} [seconds]
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
const node = (args, seconds = 600) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: seconds * 1000,
      killSignal: "SIGKILL"
    })
    let output = ""
    child.stdout.on("data", (chunk) => output += chunk)
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("close", (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}: it has ${seconds} seconds`
      resolve({ ok: code === 0, output })
    })
  })

const documents = [
  ...["README.md"].filter(existsSync),
  ...filesOf("docs", ".md"),
  ...readdirSync("packages").flatMap((name) => filesOf(`packages/${name}`, ".md"))
].map((file) => ({ file, text: readFileSync(file, "utf8") }))

const modules = readdirSync("packages")
  .flatMap((name) => filesOf(`packages/${name}/src`, ".ts"))
  .map((file) => ({ file, text: commentsOf(readFileSync(file, "utf8")) }))

const examples = [...documents, ...modules].flatMap(({ file, text }) => {
  const prefix = `${file.replaceAll("/", "_")}_`
  return blocksOf(text).map(({ code, line, name }) => ({
    where: `${file}:${line}`,
    path: `${outDir}/${prefix}${name ?? `${line}.ts`}`,
    isModule: name !== undefined,
    isTest: /from "(@effect\/)?vitest"|testkit\/Conformance"/.test(code),
    file,
    code: code.replaceAll(/(from ")\.\/(\w+\.js")/g, `$1./${prefix}$2`)
  }))
})

rmSync(outDir, { recursive: true, force: true })
mkdirSync(outDir, { recursive: true })
for (const { code, path } of examples) writeFileSync(path, code)
writeFileSync(
  `${outDir}/tsconfig.json`,
  JSON.stringify({
    extends: "../../tsconfig.base.json",
    // an example may name what it does not use
    compilerOptions: { types: ["node"], noEmit: true, noUnusedLocals: false, noUnusedParameters: false },
    include: ["*.ts"]
  })
)
writeFileSync(
  `${outDir}/vitest.config.js`,
  "export default { root: import.meta.dirname, test: { include: [\"*.ts\"] } }"
)

const types = await node(["node_modules/typescript/bin/tsc", "-p", outDir])
if (!types.ok) {
  const readable = examples.reduce((output, { file, path }) => output.replaceAll(`${path}(`, `${file}(`), types.output)
  console.error(readable)
  process.exit(1)
}

let failures = 0
const queue = [...examples]
const worker = async () => {
  for (let example = queue.shift(); example !== undefined; example = queue.shift()) {
    if (example.isModule) continue
    const run = example.isTest
      ? ["node_modules/vitest/vitest.mjs", "run", "--config", `${outDir}/vitest.config.js`, example.path]
      : ["--import", "tsx", example.path]
    const { ok, output } = await node(run, secondsPerExample)
    if (!ok) {
      failures++
      console.error(`${example.where} failed\n${output}`)
    }
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker))

console.log(`${examples.length - failures} of ${examples.length} examples of the documentation ran`)
process.exit(failures === 0 ? 0 : 1)
