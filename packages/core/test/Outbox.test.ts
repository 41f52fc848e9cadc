import type { SpaceError } from "@effect-linda/core"
import { SpaceStore } from "@effect-linda/core"
import { describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { same } from "./helpers.js"

const query = { arity: 1, open: false, shape: "_", literals: [] }

describe("Outboxes", () => {
  it.scoped("O1 a batch begins with what was left, of which all are told who alone can decide", () =>
    Effect.gen(function*() {
      const encode = yield* SpaceStore.encoder("jobs")
      const left = [...yield* encode([["a"], ["b"]])]
      const log: Array<string> = []
      let id = 0
      const store = yield* SpaceStore.fromTables({
        name: "jobs",
        lease: 1e9,
        lock: (effect) => effect,
        tables: {
          touch: () => true,
          lapsed: () => [],
          due: () => [],
          nextExpiry: () => null,
          fetch: () => [],
          isWaitedFor: () => true,
          waitersFor: () => [{
            waiter: 7,
            line: 7,
            kind: "in",
            queries: [query],
            exact: false,
            events: [],
            final: false,
            label: "",
            client: "1",
            index: 0
          }],
          insert: (row: { readonly fields: ReadonlyArray<string> }) => {
            log.push(`put ${row.fields.join()}`)
            return { ...row, id: ++id }
          },
          post: (client: string, { kind, waiter }: { readonly kind: string; readonly waiter: number }) =>
            void log.push(`${kind} for ${waiter} of ${client}`),
          count: () => {
            log.push("count")
            return id
          },
          outbox: () => left.splice(0)
        } as never,
        begin: Effect.void,
        commit: () => {},
        rollback: () => {},
        savepoint: () => () => {},
        enter: () => "1",
        onMail: () => Effect.void
      })
      const { replies } = yield* store.run([{ op: "count", query }])
      same(replies, [2])
      same(log, ["put \"a\"", "hint for 7 of 1", "put \"b\"", "hint for 7 of 1", "count"])
    }))

  it.effect("O7 rows are those that the space would put, and what it would refuse is refused", () =>
    Effect.gen(function*() {
      const protocol = Schema.Tuple(Schema.Literal("job"), Schema.Int)
      const encode = yield* SpaceStore.encoder("jobs", { protocol })
      const [row] = yield* encode([["job", 1]], { ttl: "2 seconds" })
      same([row?.fields, row?.shape, row?.arity, row?.keys.length], [["\"job\"", "1"], "sn", 2, 2])
      same([row?.ttl, row?.leased, row?.meta, row?.accepted], [2_000, false, null, []])
      same((yield* encode([["job", 1]]))[0]?.ttl, null)
      for (
        const [refused, reason] of [
          [encode([["job", 0.5]]), "InvalidTuple"],
          [encode([["job"]] as never), "InvalidTuple"],
          [encode(["job"] as never), "InvalidTuple"],
          [encode([["job", 1]], { ttl: -1 }), "InvalidOption"],
          [encode([["job", 1]], { tt: 1 } as never), "InvalidOption"],
          [SpaceStore.encoder("jobs", { undecodable: "skip" } as never), "InvalidOption"]
        ] as ReadonlyArray<readonly [Effect.Effect<unknown, SpaceError.SpaceError>, string]>
      ) {
        same((yield* Effect.flip(refused)).reason, reason)
      }
    }))

  it.effect("O7 the span in which a tuple is put goes with it", () =>
    Effect.gen(function*() {
      const encode = yield* SpaceStore.encoder("jobs")
      const putting = Effect.zip(encode([["a"]]), Effect.currentSpan)
      const [[row], { spanId, traceId }] = yield* Effect.withSpan(putting, "order")
      same(JSON.parse(row?.meta ?? "null"), [traceId, spanId])
    }))
})
