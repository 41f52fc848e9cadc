import type { SpaceError, SpaceStore } from "@effect-linda/core"
import { StoreCommand } from "@effect-linda/core"
import { Effect } from "effect"
import { describe, expect, it } from "tstyche"

declare const store: SpaceStore.SpaceStore
declare const query: StoreCommand.Query
declare const commands: ReadonlyArray<StoreCommand.Command>

describe("Replies of a store", () => {
  it("are those of its commands, each in its place", () => {
    const run = store.run([
      { op: "count", query },
      { op: "take", holds: [1, 2], queries: [query], limit: 1, final: false, wait: null },
      { op: "claim", hold: 3, ids: [4], waiter: null, final: true }
    ])
    expect(Effect.map(run, ({ replies }) => replies)).type.toBe<
      Effect.Effect<
        readonly [number, ReadonlyArray<StoreCommand.Found | null>, ReadonlyArray<StoreCommand.Row> | null],
        SpaceError.SpaceError
      >
    >()
  })

  it("are of any kind for a list of commands of any kind", () => {
    expect(Effect.map(store.run(commands), ({ replies }) => replies)).type.toBe<
      Effect.Effect<ReadonlyArray<StoreCommand.Reply>, SpaceError.SpaceError>
    >()
  })

  it("are known in a transaction", () => {
    const counted = store.transaction((run) =>
      Effect.map(run([{ op: "count", query }]), ({ replies: [count] }) => count)
    )
    expect(counted).type.toBe<Effect.Effect<number, SpaceError.SpaceError>>()
  })

  it("pass through what stands between a store and its spaces", () => {
    const delayed: SpaceStore.SpaceStore = {
      ...store,
      run: (commands) => Effect.delay(store.run(commands), 10)
    }
    expect(delayed.run).type.toBe<StoreCommand.Run>()
  })

  it("cannot be of another kind, nor be asked for by what is no command", () => {
    expect<StoreCommand.Reply<StoreCommand.Put>>().type.toBe<ReadonlyArray<number>>()
    expect<StoreCommand.Reply<StoreCommand.Wait>>().type.toBe<null>()
    expect(store.run).type.not.toBeCallableWith([{ op: "count" }])
    expect(store.run).type.not.toBeCallableWith([{ op: "put", rows: [{ fields: [] }] }])
    const answers: SpaceStore.Reply<StoreCommand.Count> = 1
    expect(answers).type.toBe<number>()
  })

  it("are believed of what does any list of commands", () => {
    expect(StoreCommand.run((_) => Effect.succeed({ replies: [], mail: [], next: null }))).type.toBe<StoreCommand.Run>()
  })
})
