// Type-checks and runs every block marked "ts" of the READMEs, docs/*.md and the doc comments of the packages' public
// modules, each as a program of its own, or, if it imports vitest, as a file of tests. A block marked "ts file=jobs.ts"
// is a module that the other blocks of its document import as "./jobs.js". A block marked "ts ignore" is left alone.
// What a program says that it prints, in comments behind or below console.log, it has to print.
//
// docgen runs examples too, but neither those of classes nor those of `export { in_ as in }`, and it resolves the
// package to its src without regard to its exports.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import {
  blocksOf,
  documents,
  filesOf,
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
process.chdir(root)

const outDir = "build/docs-examples"
const secondsPerExample = 60
const secondsPerSuite = 300

/**
 * The text of the doc comments of a module, on the lines where they are.
 *
 * @param {string} source
 */
const commentsOf = (source) =>
  source.split("\n").map((line) => /^\s*\*(?!\/)(?: (.*))?$/.exec(line)?.[1] ?? "").join("\n")

const modules = packages
  .flatMap((name) => filesOf(`packages/${name}/src`, ".ts"))
  .map((file) => ({ file, text: commentsOf(readFileSync(file, "utf8")) }))

const examples = [...documents, ...modules].flatMap(({ file, text }) => {
  const prefix = `${file.replaceAll("/", "_")}_`
  return blocksOf(text).filter(isExample).map(({ code: lines, line, name }) => {
    // As many blank lines before it as the text has: a line number in an error is one of the text.
    const code = "\n".repeat(line) + lines.join("\n") + "\n"
    return {
      where: `${file}:${line}`,
      name: `${prefix}${name ?? `${line}.ts`}`,
      isModule: name !== undefined,
      isTest: isTest(code),
      file,
      code: code.replaceAll(/(from ")\.\/(\w+\.js")/g, `$1./${prefix}$2`)
    }
  })
})

const postgres = examples.some(({ code }) => needsPostgres(code)) ? await startPostgres() : undefined

rmSync(outDir, { recursive: true, force: true })
mkdirSync(outDir, { recursive: true })
for (const { code, name } of examples) writeFileSync(join(outDir, name), onServer(code, postgres?.url ?? ""))
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

let failures = 0
const types = await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", outDir])
if (types.ok) {
  await forEach(examples, async (example) => {
    if (example.isModule) return
    const args = example.isTest
      ? [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "vitest.config.js", example.name]
      : ["--import", "tsx", example.name]
    // what they write is left where the next run clears it away
    const { ok, output, stdout } = await run(process.execPath, args, {
      cwd: outDir,
      seconds: example.isTest ? secondsPerSuite : secondsPerExample
    })
    const missing = ok ? missingIn(example.code, stdout).map((text) => `\nit did not print: ${text}`) : []
    if (!ok || missing.length > 0) {
      failures++
      console.error(`${example.where} failed\n${output}${missing.join("")}`)
    }
  })
  console.log(`${examples.length - failures} of ${examples.length} examples of the documentation ran`)
} else {
  failures++
  console.error(
    examples.reduce((output, { file, name }) => output.replaceAll(`${outDir}/${name}(`, `${file}(`), types.output)
  )
}
await postgres?.stop()
process.exit(failures === 0 ? 0 : 1)
