import { SpaceStore } from "@effect-linda/core"
import { Effect } from "effect"
import { clients } from "./shared.js"

const store = Effect.runSync(SpaceStore.memory)

clients(
  "several clients of a store in memory",
  (space, options) =>
    Effect.flatMap(store.open(space, options as { readonly lease?: "1 seconds" }), (store) => SpaceStore.make(store))
)
