/**
 * What goes to standard output: a line of JSON for each tuple, or a table if a person looks at it.
 *
 * @internal
 */
import type { Tuple } from "@effect-linda/core/Tuple"
import * as Effect from "effect/Effect"
import { Closed } from "./outcome.js"
import { callback } from "./runtime.js"
import type { Cell, Paint } from "./table.js"
import { cellOf, paintOf, table, wantsColours } from "./table.js"
import { jsonOf } from "./values.js"

const heard = new WeakSet<object>()

/** That nobody reads any more is told to who writes, and is no reason to crash. */
const listen = (stream: NodeJS.WriteStream): void => {
  if (!heard.has(stream)) {
    heard.add(stream)
    stream.on("error", () => {})
  }
}

/** Writes to standard output, and waits until it is written: what is not written is not consumed. */
export const write = (text: string): Effect.Effect<void, Closed> =>
  text === "" ? Effect.void : callback<void, Closed>((resume) => {
    listen(process.stdout)
    process.stdout.write(text, (error) => {
      resume(error === null || error === undefined ? Effect.void : Effect.fail(new Closed()))
    })
  })

/** Whether a person looks at the output. */
export const isTerminal = (): boolean => process.stdout.isTTY === true

/** How wide and how high it is; a terminal of an unknown size says 0. */
export const columns = (): number => process.stdout.columns || Infinity

export const rows = (): number => process.stdout.rows || Infinity

/** Paints for standard output. */
export const paint: Paint = (colour, text) => paintOf(wantsColours(process.stdout))(colour, text)

/** A table for whoever looks, and no colours for a pipe. */
export const writeTable = (rows: ReadonlyArray<ReadonlyArray<Cell>>): Effect.Effect<void, Closed> =>
  Effect.suspend(() => write(table(rows, paint, columns())))

/** Writes tuples: lines for programs, a table for people. */
export const writeTuples = (tuples: ReadonlyArray<Tuple>, json: boolean): Effect.Effect<void, Closed> =>
  Effect.suspend(() =>
    json || !isTerminal()
      ? write(tuples.map((tuple) => `${jsonOf(tuple)}\n`).join(""))
      : writeTable(tuples.map((tuple) => tuple.map((field) => cellOf(field, jsonOf(field)))))
  )
