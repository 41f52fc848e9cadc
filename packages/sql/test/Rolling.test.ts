import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Cause, Effect, Exit, Fiber, Option, Schema } from "effect"
import { join } from "node:path"
import type { Space } from "./kit.js"
import { same, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"
import { useFolder } from "./useFolder.js"

/** A program before a deploy. */
namespace Old {
  export class Job extends Schema.Class<Job>("app/Job")({ id: Schema.Number }) {}
  export class Note extends Schema.Class<Note>("app/Note")({ text: Schema.String }) {}
}

/** And after it: `Job` has a field more, with a default; `Note` is called otherwise; `Memo` has come. */
namespace New {
  export class Job extends Schema.Class<Job>("app/Job")({
    id: Schema.Number,
    priority: Schema.optionalWith(Schema.Number, { default: () => 0 })
  }) {}
  export class Remark extends Schema.Class<Remark>("app/Remark")({ text: Schema.String }) {}
  export class Memo extends Schema.TaggedClass<Memo>("app/Memo")("Memo", { text: Schema.String }) {}
  export const schemas = [Memo, SpaceStore.renamed("app/Note", Remark), Job]
}

const folder = useFolder("rolling")
const server = useServer()

type Open = (
  space: string,
  schemas: SpaceStore.Options["schemas"]
) => Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>

const engines: Readonly<Record<string, Open>> = {
  "one file of SQLite": (space, schemas) => Sqlite.make({ filename: join(folder, "rolling.db"), space, schemas }),
  "PostgreSQL": (space, schemas) => Postgres.make({ connection: server().connection(), space, schemas })
}

const reasonOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) && (Cause.squash(exit.cause) as SpaceError.SpaceError).reason

for (const [engine, open] of Object.entries(engines)) {
  describe(`V2 an old program and a new one, side by side on ${engine}`, () => {
    const both = (space: string) =>
      Effect.all({ old: open(space, [Old.Job, Old.Note]), young: open(space, New.schemas) })

    it.scopedLive("the order of the schemas does not matter, and a field with a default is read both ways", () =>
      Effect.gen(function*() {
        const { old, young } = yield* both("order")
        yield* old.out(["job", new Old.Job({ id: 1 })])
        const [, job] = yield* young.in(["job", P.instanceOf(New.Job)])
        assert.deepStrictEqual(job, new New.Job({ id: 1, priority: 0 }))
        yield* young.out(["job", new New.Job({ id: 2, priority: 5 })])
        const [, back] = yield* old.in(["job", P.instanceOf(Old.Job)])
        assert.deepStrictEqual(back, new Old.Job({ id: 2 }))
      }))

    it.scopedLive("a class that is renamed is read by its former identifier, and found by a literal, also within", () =>
      Effect.gen(function*() {
        const { old, young } = yield* both("renamed")
        const note = new Old.Note({ text: "a" })
        yield* old.outAll([["n", note], ["n", { deep: [Option.some(note)] }], ["n", new Old.Note({ text: "b" })]])
        yield* young.out(["n", new New.Remark({ text: "c" })])
        assert.strictEqual(yield* young.count(["n", new New.Remark({ text: "a" })]), 1)
        for (const text of ["b", "c", "a"]) {
          const [, remark] = yield* within(young.in(["n", new New.Remark({ text })]), text)
          assert.instanceOf(remark, New.Remark)
        }
        const [, nested] = yield* young.in(["n", { deep: P.any }])
        same(nested, { deep: [Option.some(new New.Remark({ text: "a" }))] })
      }))

    it.scopedLive("who waits for a renamed class by a literal is served by the old program", () =>
      Effect.gen(function*() {
        const { old, young } = yield* both("waiting")
        const waiter = yield* Effect.fork(young.in(["n", new New.Remark({ text: "a" })]))
        while ((yield* young.inspect).interests.length === 0) {
          yield* Effect.yieldNow()
        }
        yield* old.outAll([["n", new Old.Note({ text: "b" })], ["n", new Old.Note({ text: "a" })]])
        const [, remark] = yield* within(Fiber.join(waiter), "the waiter")
        assert.deepStrictEqual(remark, new New.Remark({ text: "a" }))
        assert.strictEqual(yield* old.count(["n", P.any]), 1)
      }))

    it.scopedLive("what the old program does not know is Undecodable there, and stays for the new one", () =>
      Effect.gen(function*() {
        const { old, young } = yield* both("unknown")
        yield* young.out(["m", new New.Memo({ text: "a" })])
        for (const operation of [old.rdp(["m", P.any]), old.inp(["m", P.any])]) {
          assert.strictEqual(reasonOf(yield* Effect.exit(operation)), "Undecodable")
        }
        same(yield* young.inp(["m", new New.Memo({ text: "a" })]), Option.some(["m", new New.Memo({ text: "a" })]))
      }))

    it.scopedLive("a shape with a version is taken by whoever knows that version", () =>
      Effect.gen(function*() {
        const { old, young } = yield* both("version")
        yield* young.outAll([["order", { version: 2, id: 1, lines: [] }]])
        yield* old.outAll([["order", { version: 1, id: 2 }]])
        same(yield* old.in(["order", P.partial({ version: 1, id: P.number })]), ["order", { version: 1, id: 2 }])
        same(yield* young.in(["order", P.partial({ version: 2, id: P.number })]), [
          "order",
          { version: 2, id: 1, lines: [] }
        ])
      }))
  })
}

describe("V2 the option schemas", () => {
  const refused = (schemas: NonNullable<SpaceStore.Options["schemas"]>) =>
    Effect.gen(function*() {
      const options = { filename: ":memory:", schemas }
      const made = yield* Effect.flip(Sqlite.make(options))
      const layered = yield* Effect.flip(Effect.provide(Effect.void, Sqlite.layer(options)))
      same([made.reason, layered.reason, layered.message], ["InvalidOption", "InvalidOption", made.message])
      return made.message
    })

  it.scopedLive("two alike, or one without an identifier, are refused, with the remedy", () =>
    Effect.gen(function*() {
      const remedy = /\.annotations\(\{ identifier: "…" \}\)/
      const alike = yield* refused([Old.Job, New.Memo, New.Job])
      assert.match(alike, /^schemas\[0\] and schemas\[2\] have the same identifier "app\/Job"/)
      assert.match(alike, remedy)
      assert.match(yield* refused([Old.Job, Old.Job]), remedy)
      const nameless = yield* refused([Old.Job, Schema.instanceOf(URL)])
      assert.match(nameless, /^schemas\[1\] has no identifier/)
      assert.match(nameless, remedy)
      assert.match(yield* refused([undefined as any]), /^schemas: undefined/)
      assert.match(
        yield* refused([Old.Note, SpaceStore.renamed("app/Note", New.Remark)]),
        /cannot have been "app\/Note"/
      )
    }))
})
