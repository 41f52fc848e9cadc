import {
  Pattern as P,
  Process,
  Remote,
  Sharded,
  SpaceError,
  SpaceStore,
  StoreCommand,
  TupleSpace,
  Undecoded
} from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, Fiber, Option, Schema, Stream } from "effect"
import Libsql from "libsql"
import { join } from "node:path"
import { MessageChannel } from "node:worker_threads"
import { fresh, same, watched, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("lines")

const server = useServer()

class Point extends Schema.Class<Point>("Point")({ x: Schema.Number, at: Schema.Date }) {}

const schemas = [Point]

const linesOf = <E>(space: TupleSpace.TupleSpace<any, E>, options?: TupleSpace.LinesOptions) =>
  Effect.map(Stream.runCollect(TupleSpace.exportLines(space, options)), Chunk.toReadonlyArray)

const into = <E>(
  space: TupleSpace.TupleSpace<any, E>,
  lines: Iterable<string>,
  options?: TupleSpace.LinesOptions
) => Stream.run(Stream.fromIterable(lines), TupleSpace.importLines(space, options))

/** All but the name of the space. */
const tuplesIn = (lines: ReadonlyArray<string>) => lines.slice(1)

const sqlite = () => Sqlite.make({ filename: ":memory:", schemas })
const inMemory = SpaceStore.memory
const stored = (name: string) => Effect.flatMap(inMemory, ({ open }) => open(name))

/** Both ends of a link. */
const linked = <E>(space: TupleSpace.TupleSpace<any, E>) =>
  Effect.gen(function*() {
    const { port1, port2 } = new MessageChannel()
    const [here, there] = [port1, port2].map((port): Remote.Link => ({
      send: (message) => port.postMessage(message),
      listen: (onMessage, onEnd) => {
        port.on("message", onMessage)
        port.on("close", onEnd)
        return () => port.close()
      }
    })) as [Remote.Link, Remote.Link]
    yield* Effect.forkScoped(Effect.orDie(Remote.serve(space, here, { schemas })))
    return yield* Remote.connect(there, { schemas })
  })

describe("tuples as lines", () => {
  it.scopedLive("V2 from memory into SQLite, PostgreSQL, over a link, a split space and back, no line is another", () =>
    Effect.gen(function*() {
      const memory = yield* TupleSpace.make()
      yield* memory.outAll([
        ["point", new Point({ x: 1, at: new Date(0) }), [new Point({ x: 2, at: new Date(1) })]],
        ["value", { 10: 1, 9: [Option.some(new Map([[1, 2n]]))], "@d": "\ud800\u2028\n" }, NaN],
        ["later", new Undecoded.Undecoded("{\"@later\":[1]}", "", "o")],
        [
          "unknown",
          new Undecoded.Undecoded(
            "{\"@@effect-linda/core/coded\":\"class:Unknown\",\"value\":{\"y\":1}}",
            "",
            "x"
          )
        ]
      ])
      yield* Effect.flatMap(
        memory.eval(Effect.fail(new Point({ x: 3, at: new Date(2) })), { name: "p" }),
        ({ await: end }) => end
      )
      yield* Effect.ignore(memory.inWith(["value", P.rest(P.any)], () => Effect.fail("no")))
      const first = yield* linesOf(memory, { schemas })
      assert.isTrue(first.some((line) => line.includes("\"attempts\":1")))
      assert.isTrue(first.some((line) => line.includes("\"failure\":true")))
      const parts = [yield* sqlite(), yield* sqlite()] as const
      const engines = [
        yield* sqlite(),
        yield* Postgres.make({ connection: server().connection(), schema: "lines", schemas }),
        yield* linked(yield* TupleSpace.make()),
        yield* linked(yield* sqlite()),
        Sharded.make(parts, { schemas }),
        yield* SpaceStore.make(yield* stored("lines"))
      ]
      let last = first
      for (const engine of engines) {
        same(yield* into(engine, last), 5)
        last = yield* linesOf(engine)
        same([...tuplesIn(last)].sort(), [...tuplesIn(first)].sort())
      }
      const back = yield* TupleSpace.make()
      same(yield* into(back, last, { schemas }), 5)
      same([...tuplesIn(yield* linesOf(back, { schemas }))].sort(), [...tuplesIn(first)].sort())
      const [, point] = yield* back.in(["point", P.instanceOf(Point), P.any])
      same(point.x, 1)
      const [, later] = yield* back.in(["later", P.any])
      assert.instanceOf(later, Undecoded.Undecoded)
      const [error] = yield* back.in(Process.failure(Point))
      same(error.x, 3)
      // An index finds what was imported.
      same(Option.isSome(yield* engines[0]!.inp(["point", P.any, [P.instanceOf(Point)]])), true)
      same((yield* engines[1]!.explain(["later", P.any])).candidates, 1)
    }))

  it.scopedLive("V5 what has no encoding is refused by its place, and so is an option that is not there", () =>
    Effect.gen(function*() {
      const memory = yield* TupleSpace.make()
      yield* memory.out(["t", { f: [() => 1] }])
      const error = yield* Effect.flip(linesOf(memory))
      assert.instanceOf(error, SpaceError.SpaceError)
      same(error.reason, "InvalidTuple")
      assert.match(error.message, /\["t".*field 1\.f\[0\]: .*cannot be stored/)
      const option = { schema: [] } as TupleSpace.LinesOptions
      same((yield* Effect.flip(linesOf(memory, option))).reason, "InvalidOption")
      same((yield* Effect.flip(into(memory, [], option))).reason, "InvalidOption")
    }))

  it.scopedLive("a space is read as far as its lines are, a page at a time", () =>
    Effect.gen(function*() {
      const scans: Array<string> = []
      const space = yield* Sqlite.make({
        filename: ":memory:",
        open: (filename) =>
          watched(new Libsql(filename), {
            ran: (sql) => /FROM linda_tuples .* AND id > \? ORDER BY id LIMIT/.test(sql) && scans.push(sql)
          })
      })
      yield* space.outAll(Array.from({ length: 2000 }, (_, n) => ["t", n]))
      same((yield* Stream.runCollect(Stream.take(TupleSpace.exportLines(space), 100))).length, 100)
      same(scans.length, 1)
      same((yield* linesOf(space)).length, 2002)
      // 2,000 by 256, and one of them again.
      same(scans.length, 1 + 8)
    }))

  for (
    const [name, make] of Object.entries({
      "in memory": TupleSpace.make(),
      "in SQLite": sqlite(),
      "in PostgreSQL": Effect.suspend(() => Postgres.make({ connection: server().connection(), schema: "moving" }))
    })
  ) {
    it.scopedLive(`S8 a tuple that is taken and comes back while the lines are read is there once: ${name}`, () =>
      Effect.gen(function*() {
        const space: TupleSpace.TupleSpace<any, SpaceError.SpaceError> = yield* make
        yield* space.outAll(Array.from({ length: 600 }, (_, n) => n % 2 === 0 ? ["t", n] : ["t", n, 0]))
        const lines: Array<string> = []
        // Some of the last page are held while those before it are read, or longer; others come back meanwhile.
        yield* Stream.runForEach(TupleSpace.exportLines(space), (line) => {
          lines.push(line)
          return lines.length === 2
            ? Effect.forkScoped(space.inWith(["t", 599, 0], () => Effect.never))
            : lines.length === 100
            ? Effect.ignore(space.inWith(["t", 500], () => Effect.fail("no")))
            : Effect.void
        })
        const numbers = lines.slice(1, -1).map((line) => JSON.parse(line).tuple[1])
        same(numbers, Array.from({ length: 600 }, (_, n) => n))
        same(lines[lines.length - 1], "{\"end\":600}")
      }))
  }

  it.scopedLive("within a transaction of the store the lines are one look, and are put as a whole or not at all", () =>
    Effect.gen(function*() {
      const filename = join(folder, `${fresh()}.db`)
      const [space, writer] = [yield* Sqlite.make({ filename }), yield* Sqlite.make({ filename })]
      yield* space.outAll(Array.from({ length: 600 }, (_, n) => ["t", n]))
      const transaction = SpaceStore.transaction(space)
      const scope = yield* Effect.scope
      const lines: Array<string> = []
      yield* transaction(Stream.runForEach(TupleSpace.exportLines(space), (line) =>
        Effect.zipRight(
          lines.length === 300 ? Effect.forkIn(writer.collect(["t", P.number]), scope) : Effect.void,
          Effect.sync(() => lines.push(line))
        )))
      same(lines.length, 602)
      same(yield* within(Effect.repeat(space.count(["t", P.number]), { until: (n) => n === 0 }), "the writer"), 0)
      const cut = lines.slice(0, -1)
      const error = yield* Effect.flip(transaction(into(space, cut)))
      same((error as SpaceError.SpaceError).reason, "InvalidTuple")
      same(yield* space.count(["t", P.number]), 0)
      same(yield* transaction(into(space, lines)), 600)
      same(yield* space.count(["t", P.number]), 600)
    }))

  it.scopedLive("a store that tells less of itself, as one of an earlier version, is inspected and written down", () =>
    Effect.gen(function*() {
      const store = yield* stored("earlier")
      const told = ({ held, tuples, waiters }: StoreCommand.Inspected): StoreCommand.Inspected => ({
        held,
        waiters,
        tuples: tuples.map(({ arity, count, first, shape }) => ({ arity, count, first, shape }))
      })
      const earlier = (run: StoreCommand.Run) =>
        StoreCommand.run((commands) =>
          Effect.map(run(commands), (outcome) => ({
            ...outcome,
            replies: outcome.replies.map((reply, index) =>
              commands[index]!.op === "inspect" ? told(reply as StoreCommand.Inspected) : reply
            )
          }))
        )
      const space = yield* SpaceStore.make({
        ...store,
        run: earlier(store.run),
        transaction: (body) => store.transaction((run, savepoint) => body(earlier(run), savepoint))
      })
      yield* space.outAll([["t", 1], ["t", 2]])
      const { expiring, held, holders, oldest, tuples } = yield* space.inspect
      same({ expiring, held, holders, oldest, tuples }, {
        expiring: undefined,
        held: 0,
        holders: undefined,
        oldest: [],
        tuples: [{ shape: "[\"t\", number]", count: 2 }]
      })
      same(tuplesIn(yield* linesOf(space)).length, 3)
      const { expiring: ofAll } = yield* Sharded.make([space, yield* sqlite()]).inspect
      same(ofAll, undefined)
    }))
})

describe("backups", () => {
  it.scopedLive("D21 a copy of a file in a new place: what was held is back when its lease is over, and nobody waits", () =>
    Effect.gen(function*() {
      const filename = join(folder, `${fresh()}.db`)
      const space = yield* Sqlite.make({ filename, lease: "1 seconds" })
      yield* space.outAll([["held"], ["free"]])
      const waiter = yield* Effect.fork(space.in(["never"]))
      yield* within(Effect.repeat(space.inspect, { until: ({ interests }) => interests.length > 0 }), "the waiter")
      yield* space.inWith(["held"], () =>
        Effect.sync(() => {
          const connection = new Libsql(filename)
          connection.exec(`VACUUM INTO '${filename}-copy'`)
          connection.close()
        }))
      const copy = yield* Sqlite.make({ filename: `${filename}-copy`, lease: "1 seconds" })
      same(yield* copy.count(["free"]), 1)
      same(yield* within(copy.in(["held"]), "the hold of a program that is not there"), ["held"])
      const { held, holders, interests } = yield* copy.inspect
      same({ held, holders, interests }, { held: 0, holders: [], interests: [] })
      // The first one knows nothing of it.
      same(yield* space.count(["held"]), 0)
      yield* Fiber.interrupt(waiter)
    }))
})
