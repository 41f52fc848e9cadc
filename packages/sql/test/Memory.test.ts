import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, Sharded, SpaceStore, Undecoded } from "@effect-linda/core"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { same } from "./kit.js"
import { clients } from "./shared.js"
import { undecodables } from "./undecodable.js"

const store = Effect.runSync(SpaceStore.memory)

const opened = (space: string, options: { readonly lease?: string } | undefined) =>
  store.open(space, options as { readonly lease?: "1 seconds" })

clients(
  "several clients of a store in memory",
  (space, options) => Effect.flatMap(opened(space, options), (store) => SpaceStore.make(store))
)

/** As if it were elsewhere: two batches are on their way at a time, and their answers take a while, each its own. */
const far = (store: SpaceStore.SpaceStore): SpaceStore.SpaceStore => {
  const answers = SpaceStore.queue(1)
  const late = Effect.suspend(() => Effect.sleep(Math.floor(Math.random() * 4)))
  return {
    ...store,
    depth: 2,
    run: (commands) => Effect.uninterruptible(Effect.tap(store.run(commands), () => answers.inTurn(late)))
  }
}

clients(
  "several clients of a store far away",
  (space, options) => Effect.flatMap(opened(space, options), (store) => SpaceStore.make(far(store)))
)

undecodables(
  "a store in memory",
  (space, options) => Effect.flatMap(opened(space, undefined), (store) => SpaceStore.make(store, options))
)

undecodables(
  "a store far away",
  (space, options) => Effect.flatMap(opened(space, undefined), (store) => SpaceStore.make(far(store), options))
)

it.scopedLive("V1 a space split over several: a part that cannot decode a tuple fails, and all of them keep what they have", () =>
  Effect.gen(function*() {
    const later = new Undecoded.Undecoded(`{"@later":[1]}`, "", "x")
    const open = (name: string) => Effect.flatMap(opened(name, undefined), (store) => SpaceStore.make(store))
    const parts = [yield* open("part 1"), yield* open("part 2"), yield* open("part 3")] as const
    const space = Sharded.make(parts)
    const all = Array.from({ length: 12 }, (_, n) => [n, "plain"] as const)
    yield* space.outAll(all)
    yield* parts[2].out([12, later])
    const before = yield* Effect.forEach(parts, (part) => part.copyCollect([P.number, P.string]))
    const isUndecodable = (effect: Effect.Effect<unknown, unknown>) =>
      Effect.map(Effect.flip(effect), (error) => same((error as SpaceError.SpaceError).reason, "Undecodable"))
    yield* isUndecodable(space.collect([P.number, P.any]))
    yield* isUndecodable(space.copyCollect([P.number, P.any]))
    same(yield* Effect.forEach(parts, (part) => part.copyCollect([P.number, P.string])), before)
    yield* isUndecodable(space.inUpTo([P.number, P.any], 20))
    same(yield* Effect.forEach(parts, (part) => part.copyCollect([P.number, P.string])), before)
    same(yield* space.collect([P.number, P.string]), before.flat())
    assert.isTrue((yield* space.inspect).undecodable > 0)
    // One that fails does not let the others wait for ever.
    yield* isUndecodable(space.inAny([[P.number, P.any], [P.number]]))
    yield* isUndecodable(space.in([P.number, P.any]))
    yield* isUndecodable(space.rd([P.number, P.any]))
  }))
