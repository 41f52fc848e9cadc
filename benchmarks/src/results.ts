/** What was measured last, in files that programs read. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"

const results = new URL("../results/", import.meta.url)

const file = (name: string): URL => new URL(`${name}.json`, results)

/** Writes figures, with the machine that they are of. */
export const writeResults = (name: string, figures: object): void => {
  mkdirSync(results, { recursive: true })
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }
  writeFileSync(file(name), `${JSON.stringify({ machine, ...figures }, null, 2)}\n`)
}

/** The figures of that name, if there are any. */
export const readResults = <A>(name: string): A | undefined => {
  try {
    return JSON.parse(readFileSync(file(name), "utf8"))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined
    }
    throw error
  }
}
