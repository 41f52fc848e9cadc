import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** What Node does from 22.18 on, for those before: types are left out, and what is more than types is refused. */
const strip = `
import { readFileSync } from "node:fs"
import { transform } from "esbuild"
export const load = async (url, context, next) => {
  if (!url.endsWith(".ts")) return next(url, context)
  const source = readFileSync(new URL(url), "utf8")
  if (source.includes("enum ")) {
    throw Object.assign(new SyntaxError("TypeScript enum is not supported"), { code: "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" })
  }
  const { code } = await transform(source, { loader: "ts" })
  return { format: "module", source: code, shortCircuit: true }
}`

/** For a machine without tsx. */
const withoutTsx = `
export const resolve = (specifier, context, next) => {
  if (specifier.startsWith("tsx")) throw Object.assign(new Error("no tsx"), { code: "ERR_MODULE_NOT_FOUND" })
  return next(specifier, context)
}`

const isNative = "typescript" in process.features && Boolean(process.features.typescript)

/** Imports a module of so much TypeScript, and says what it has exported, or why it has not. */
const outcomeOf = (typescript: string, { hasTsx, runsTypeScript }: { hasTsx: boolean; runsTypeScript: boolean }) => {
  // inside of the repository, where esbuild and tsx are found
  const build = join(import.meta.dirname, "../build")
  mkdirSync(build, { recursive: true })
  const folder = mkdtempSync(join(build, "typescript-"))
  try {
    writeFileSync(join(folder, "package.json"), "{ \"type\": \"module\" }")
    writeFileSync(join(folder, "jobs.ts"), typescript)
    writeFileSync(join(folder, "strip.mjs"), strip)
    writeFileSync(join(folder, "withoutTsx.mjs"), withoutTsx)
    writeFileSync(
      join(folder, "main.mjs"),
      `
import { register } from "node:module"
if (${runsTypeScript && !isNative}) {
  Object.defineProperty(process.features, "typescript", { value: "strip" })
  register("./strip.mjs", import.meta.url)
}
if (${!hasTsx}) register("./withoutTsx.mjs", import.meta.url)
const { importModule } = await import(${
        JSON.stringify(pathToFileURL(join(import.meta.dirname, "../typescript.mjs")).href)
      })
const module = await importModule(new URL("./jobs.ts", import.meta.url).href).catch(({ message }) => ({ job: message }))
console.log(module.job)`
    )
    const { stderr, stdout } = spawnSync(process.execPath, ["main.mjs"], { cwd: folder, encoding: "utf8" })
    return stdout.trim() + stderr
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const types = "export const job: string = \"runs\"\n"
const more = `enum Word { Runs = "runs" }\nexport const job: string = Word.Runs\n`

describe("modules of jobs in TypeScript", () => {
  it("I4 a runtime that runs TypeScript needs no tsx", () =>
    assert.strictEqual(outcomeOf(types, { runsTypeScript: true, hasTsx: false }), "runs"))

  it("I4 what it does not run as it is, runs where there is tsx", () =>
    assert.strictEqual(outcomeOf(more, { runsTypeScript: true, hasTsx: true }), "runs"))

  it("I4 and says why it does not where there is none", () =>
    assert.match(
      outcomeOf(more, { runsTypeScript: true, hasTsx: false }),
      /^this runtime does not run its TypeScript as it is \(TypeScript enum is not supported.*\): install tsx, or compile it$/
    ))

  it.skipIf(isNative)("I4 an older Node runs it where there is tsx, and says so where there is none", () => {
    assert.strictEqual(outcomeOf(more, { runsTypeScript: false, hasTsx: true }), "runs")
    assert.match(outcomeOf(types, { runsTypeScript: false, hasTsx: false }), /Unknown file extension.*install tsx/)
  })
})
