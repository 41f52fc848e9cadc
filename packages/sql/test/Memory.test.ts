import { SpaceStore } from "@effect-linda/core"
import { Effect } from "effect"
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
  const answers = Effect.unsafeMakeSemaphore(1)
  const late = Effect.suspend(() => Effect.sleep(Math.floor(Math.random() * 4)))
  return {
    ...store,
    depth: 2,
    run: (commands) => Effect.uninterruptible(Effect.tap(store.run(commands), () => answers.withPermits(1)(late)))
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
