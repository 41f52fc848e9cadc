import { Pattern as P, Remote, Sharded, SpaceError, SpaceStore, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Schema } from "effect"
import { same } from "./helpers.js"

class Note extends Schema.Class<Note>("Note")({ text: Schema.String }) {}
class Remark extends Schema.Class<Remark>("Remark")({ text: Schema.String }) {}
class Other extends Schema.Class<Other>("Other")({ text: Schema.String }) {}
const renamed = SpaceStore.renamed("Note", Remark)

/** Programs of one store: spaces of one name with options of their own. */
const programs = Effect.map(
  SpaceStore.memory,
  ({ open }) => (name: string, ...schemas: ReadonlyArray<Schema.Schema<any, any>>) =>
    Effect.flatMap(open(name), (store) => SpaceStore.make(store, { schemas }))
)

const errorOf = <A, E>(exit: Exit.Exit<A, E>): SpaceError.SpaceError => {
  assert.isTrue(Exit.isFailure(exit))
  const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  assert.instanceOf(error, SpaceError.SpaceError)
  return error
}

describe("Schemas", () => {
  it.scoped("V2 a literal of a renamed class finds, counts and is served with what has the former identifier", () =>
    Effect.gen(function*() {
      const program = yield* programs
      const before = yield* program("renamed", Note)
      const after = yield* program("renamed", Other, renamed)
      const waiter = yield* Effect.fork(after.in(["n", new Remark({ text: "b" })]))
      yield* Effect.yieldNow()
      yield* before.outAll([["n", new Note({ text: "a" })], ["n", new Note({ text: "b" })]])
      yield* after.out(["n", [new Remark({ text: "a" })]])
      assert.deepStrictEqual((yield* Fiber.join(waiter))[1], new Remark({ text: "b" }))
      assert.strictEqual(yield* after.count(["n", new Remark({ text: "a" })]), 1)
      same(yield* after.rdp(["n", new Remark({ text: "c" })]), Option.none())
      same(yield* after.inp(["n", [new Remark({ text: "a" })]]), Option.some(["n", [new Remark({ text: "a" })]]))
      assert.isTrue(Option.isSome(yield* after.inp(["n", new Remark({ text: "a" })])))
    }))

  it.scoped("V2 over parts, a renamed class in the first field is looked for in all of them", () =>
    Effect.gen(function*() {
      const program = yield* programs
      const texts = Array.from("abcdefgh")
      const before = Sharded.make([yield* program("one", Note), yield* program("two", Note)], { schemas: [Note] })
      yield* before.outAll(texts.map((text) => [new Note({ text })] as const))
      const after = Sharded.make([yield* program("one", renamed), yield* program("two", renamed)], {
        schemas: [renamed]
      })
      for (const text of texts) {
        same(yield* after.inp([new Remark({ text })]), Option.some([new Remark({ text })]))
      }
    }))

  it.scoped("V2 V4 what would lose its class, or a key of its own, is refused by whatever brings it, over parts too", () =>
    Effect.gen(function*() {
      const program = yield* programs
      const Plain = Schema.Class<any>("Plain")({ x: Schema.Number })
      class Sub extends Plain {}
      class Failed extends Schema.TaggedError<Failed>()("Failed", { m: Schema.String }) {}
      const one = yield* program("refusing", Plain, Failed)
      const parts = Sharded.make([one, yield* program("other", Plain, Failed)], { schemas: [Plain, Failed] })
      const values: ReadonlyArray<readonly [value: unknown, said: RegExp]> = [
        [new Sub({ x: 1 }), /an instance of Sub would lose its class.*that of Plain is for no subclass/],
        [Object.assign(new Plain({ x: 1 }), { extra: 1 }), /its own key extra would be lost: the Schema "Plain"/],
        [Object.assign(new Failed({ m: "x" }), { note: 1 }), /its own key note would be lost: the Schema "Failed"/]
      ]
      for (const space of [one, parts]) {
        for (const [value, said] of values) {
          for (
            const operation of [
              space.out(["e", value]),
              space.outAll([["e", 1], ["e", value]]),
              space.rdp(["e", value]),
              space.outIfAbsent(["none"], ["e", value]),
              space.in(["e", [value]], { timeout: 0 })
            ]
          ) {
            const { message, reason } = errorOf(yield* Effect.exit(operation as Effect.Effect<unknown, unknown>))
            assert.match(reason, /InvalidTuple|InvalidPattern/)
            assert.match(message, /field 1/)
            assert.match(message, said)
          }
        }
        same(yield* space.count([P.rest(P.any)]), 0)
        const cause = new Error("root")
        yield* space.out(["e", Object.assign(new Failed({ m: "x" }), { cause })])
        assert.strictEqual(yield* space.count(["e", new Failed({ m: "x" })]), 0)
        const [, failed] = yield* space.in(["e", P.instanceOf(Failed)])
        same(failed.cause, cause)
        yield* space.out(["e", new Failed({ m: "x" })])
        assert.instanceOf((yield* space.in(["e", new Failed({ m: "x" })]))[1], Failed)
      }
    }))

  it.scoped("V2 S16 schemas that cannot be told apart are refused wherever they are given", () =>
    Effect.gen(function*() {
      const program = yield* programs
      const one = yield* program("alike", Note)
      class Twin extends Schema.Class<Twin>("Note")({ n: Schema.Number }) {}
      const space = yield* TupleSpace.make()
      for (const schemas of [[Note, Twin], [Schema.instanceOf(URL)], [Note, SpaceStore.renamed("Note", Remark)]]) {
        const link: Remote.Link = { send: () => {}, listen: () => () => {} }
        const said = yield* Effect.forEach([
          program("alike", ...schemas),
          Effect.suspend(() => Remote.serve(space, link, { schemas })),
          Effect.suspend(() => Remote.connect(link, { schemas })),
          Effect.sync(() => Remote.codec({ schemas })),
          Effect.sync(() => Sharded.make([one], { schemas })),
          Sharded.partOf("a", 2, { schemas })
        ], (making) => Effect.map(Effect.exit(Effect.asVoid(making)), errorOf))
        for (const { message, reason } of said) {
          same([reason, message], ["InvalidOption", said[0]!.message])
        }
      }
    }))
})
