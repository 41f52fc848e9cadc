import { Remote, Sharded, SpaceError, SpaceStore, TupleSpace } from "@effect-linda/core"
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
