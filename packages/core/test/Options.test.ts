import type { SpaceError } from "@effect-linda/core"
import { Options, Remote, Sharded, SpaceStore, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"

const misspelt: any = { leese: "1 second" }

const link: Remote.Link = { send: () => {}, listen: () => () => {} }

const store = Effect.flatMap(SpaceStore.memory, ({ open }) => open("test"))

const sync = (body: () => unknown): Effect.Effect<unknown> => Effect.sync(body)

/** Whatever takes options and is no operation of a space, each with the names of those that there are. */
const functions: Record<string, readonly [Effect.Effect<unknown, unknown>, names: string]> = {
  "TupleSpace.make": [
    Effect.scoped(TupleSpace.make(misspelt)),
    "\"name\", \"capacity\", \"strategy\", \"selection\", \"metrics\", \"failures\""
  ],
  "TupleSpace.layerWith": [
    Effect.provide(Effect.void, TupleSpace.layerWith(misspelt)),
    "\"name\", \"capacity\", \"strategy\", \"selection\", \"metrics\", \"failures\""
  ],
  "SpaceStore.make": [
    Effect.scoped(Effect.flatMap(store, (store) => SpaceStore.make(store, misspelt))),
    "\"schemas\", \"protocol\", \"undecodable\", \"failures\", \"metrics\""
  ],
  "SpaceStore.layer": [
    Effect.provide(Effect.void, SpaceStore.layer(store, misspelt)),
    "\"schemas\", \"protocol\", \"undecodable\", \"failures\", \"metrics\""
  ],
  "SpaceStore.memory": [
    Effect.scoped(Effect.flatMap(SpaceStore.memory, ({ open }) => open("test", misspelt))),
    "\"lease\""
  ],
  "SpaceStore.encoder": [SpaceStore.encoder("test", misspelt), "\"schemas\", \"protocol\""],
  "SpaceStore.fromTables": [
    Effect.scoped(SpaceStore.fromTables(misspelt)),
    "\"name\", \"lease\", \"tables\", \"lock\", \"begin\", \"commit\", \"rollback\", \"savepoint\", \"failed\", \"enter\", \"onMail\", \"nextTurn\""
  ],
  "Sharded.make": [
    Effect.scoped(
      Effect.flatMap(
        store,
        (store) => Effect.flatMap(SpaceStore.make(store), (part) => sync(() => Sharded.make([part], misspelt)))
      )
    ),
    "\"name\", \"schemas\""
  ],
  "Sharded.partOf": [Sharded.partOf("a", 2, misspelt), "\"name\", \"schemas\""],
  "Remote.connect": [Effect.scoped(Remote.connect(link, misspelt)), "\"schemas\""],
  "Remote.serve": [
    Effect.scoped(Effect.flatMap(TupleSpace.make(), (space) => Remote.serve(space, link, misspelt))),
    "\"schemas\", \"limits\""
  ],
  "Remote.codec": [sync(() => Remote.codec(misspelt)), "\"schemas\""],
  "Options.read": [
    Options.read(misspelt, (reader) => [reader.text("a"), reader.pick("b", "c")]),
    "\"a\", \"b\", \"c\""
  ],
  "Options.only": [sync(() => Options.only(misspelt, "a", "b")), "\"a\", \"b\""]
}

/** What something fails with or, if it cannot fail, dies with. */
const refusalOf = (effect: Effect.Effect<unknown, unknown>): Effect.Effect<SpaceError.SpaceError> =>
  Effect.map(
    Effect.exit(effect),
    (exit) => Exit.isFailure(exit) ? Cause.squash(exit.cause) as SpaceError.SpaceError : assert.fail("it is accepted")
  )

describe("Options", () => {
  for (const [name, [effect, names]] of Object.entries(functions)) {
    it.effect(`S16 an option that is not there is refused, with those that there are: ${name}`, () =>
      Effect.gen(function*() {
        const error = yield* refusalOf(effect)
        assert.strictEqual(error.reason, "InvalidOption")
        assert.strictEqual(error.message, `leese: there is no such option here, but ${names}`)
      }))
  }

  it.effect("S16 so is one within another", () =>
    Effect.gen(function*() {
      const failures: any = { limitt: 1 }
      for (
        const effect of [
          Effect.scoped(TupleSpace.make({ failures })),
          Effect.scoped(Effect.flatMap(TupleSpace.make(), (space) => space.eval(Effect.void, { failures }))),
          Effect.scoped(Effect.flatMap(store, (store) => SpaceStore.make(store, { failures })))
        ]
      ) {
        const error = yield* refusalOf(effect)
        assert.strictEqual(error.message, "failures.limitt: there is no such option here, but \"ttl\", \"limit\"")
      }
      const read = Options.read({ limits: { a: 1, c: 2 } }, (reader) => reader.record("limits", "record", ["a", "b"]))
      assert.strictEqual(
        (yield* refusalOf(read)).message,
        "limits.c: there is no such option here, but \"a\", \"b\""
      )
    }))

  it.effect("S16 options whose names cannot be read are refused as options", () =>
    Effect.gen(function*() {
      const options = new Proxy({}, {
        ownKeys: () => {
          throw new Error("no")
        }
      })
      for (
        const effect of [
          Effect.scoped(TupleSpace.make(options)),
          Effect.scoped(Effect.flatMap(TupleSpace.make(), (space) => space.in(["a"], options)))
        ]
      ) {
        const { message, reason } = yield* refusalOf(effect)
        assert.deepStrictEqual({ message, reason }, {
          reason: "InvalidOption",
          message: "the options cannot be read: no"
        })
      }
    }))

  it.effect("options that are there are read, or handed on as they are", () =>
    Effect.gen(function*() {
      const given = { a: "text", b: "3 seconds", c: [1] }
      const read = yield* Options.read(given, (reader) => ({
        a: reader.text("a"),
        b: reader.millis("b", 0),
        rest: reader.pick("c", "d"),
        limits: reader.record("limits", "record", [])
      }))
      assert.deepStrictEqual(read, { a: "text", b: 3000, rest: { c: [1], d: undefined }, limits: undefined })
    }))
})
