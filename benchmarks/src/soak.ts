/**
 * Long use: in memory for so many minutes, ten if none are given; with `--engine sqlite` or `postgres` on a database,
 * with so many `--pairs` of puts and takes. Ends with 1 if something was lost, is left over, or has grown.
 */
import { parseArgs } from "node:util"
import { soak as inDatabase } from "./soak/database.js"
import { soak as inMemory } from "./soak/memory.js"

const { positionals: [minutes = "10"], values: { engine = "memory", pairs = "1000000" } } = parseArgs({
  allowPositionals: true,
  options: { engine: { type: "string" }, pairs: { type: "string" } }
})

const soak = (): Promise<boolean> => {
  switch (engine) {
    case "memory":
      return inMemory(Number(minutes))
    case "sqlite":
    case "postgres":
      return inDatabase(engine, Number(pairs))
    default:
      throw new Error(`no such engine: ${engine}. There are memory, sqlite, postgres`)
  }
}

process.exitCode = await soak() ? 0 : 1
