/**
 * Two terminals: one puts, the other takes. Neither has to be there first, and there may be more of both.
 *
 *   npx tsx examples/src/two-terminals.ts take          in one terminal
 *   npx tsx examples/src/two-terminals.ts put hello     in the other
 *
 * The space is the file linda.db in the folder for temporary files; or a PostgreSQL server, on any machine, if
 * `DATABASE_URL` names one:
 *
 *   DATABASE_URL=postgres://user:password@host/database npx tsx examples/src/two-terminals.ts take
 *
 * Without an argument both are started here, for a moment.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { Config, Console, Effect, Layer, Option } from "effect"
import { execFile } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expectEqual, runIfMain } from "./support/example.js"

type Said = readonly ["said", words: string, by: number]

/** The same service, whatever is behind it. */
class Wire extends TupleSpace.Tag("Wire")<Wire, Said>() {
  static readonly Live = Layer.scoped(
    this,
    Effect.gen(function*() {
      const url = yield* Config.option(Config.nonEmptyString("DATABASE_URL"))
      const file = yield* Config.withDefault(Config.nonEmptyString("WIRE"), join(tmpdir(), "linda.db"))
      return yield* Option.match(url, {
        onNone: () => Sqlite.make<Said>({ filename: file, space: "wire" }),
        onSome: (connectionString) => Postgres.make<Said>({ connection: { connectionString }, space: "wire" })
      })
    })
  )
}

/** Prints what anybody says, as soon as it is said. */
const take = Effect.gen(function*() {
  const wire = yield* Wire
  const print = wire.inWith(["said", P.string, P.number], ([, words, by]) => Console.log(`${by} says: ${words}`))
  yield* Config.withDefault(Config.integer("TAKES"), Infinity).pipe(
    Effect.flatMap((times) => Effect.repeatN(print, times - 1))
  )
})

const put = (words: string) =>
  Effect.gen(function*() {
    const wire = yield* Wire
    yield* wire.out(["said", words, process.pid])
    yield* Console.log("said")
  })

/** Both, in processes of their own. */
export const program = Effect.gen(function*() {
  const script = fileURLToPath(import.meta.url)
  const env = { ...process.env, WIRE: join(tmpdir(), `wire-${process.pid}.db`), TAKES: "2" }
  const terminal = (...args: ReadonlyArray<string>) =>
    Effect.promise(() => promisify(execFile)(process.execPath, ["--import", "tsx", script, ...args], { env }))
  const [taken] = yield* Effect.all(
    [terminal("take"), terminal("put", "hello"), terminal("put", "is anybody there?")],
    { concurrency: "unbounded" }
  )
  yield* Console.log(taken.stdout.trimEnd())
  yield* expectEqual(taken.stdout.trim().replaceAll(/\d+ says: /g, "").split("\n").sort(), [
    "hello",
    "is anybody there?"
  ])
})

const [, , role, ...words] = process.argv
const main = role === "take" ? take : role === "put" ? put(words.join(" ")) : undefined
runIfMain(import.meta.url, main === undefined ? program : Effect.provide(main, Wire.Live))
