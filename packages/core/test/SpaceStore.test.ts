import { SpaceStore } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import type { Duration } from "effect"
import { Effect } from "effect"

const layer = (lease: Duration.DurationInput) =>
  SpaceStore.layer(Effect.flatMap(SpaceStore.memory, ({ open }) => open("test", { lease })))

const { lacks, skip, skipProperties } = Conformance.onStore

// Tests let decades go by: few signs of life are asked for in them.
Conformance.suite({ name: "on a store in memory", layer: layer("10000 days"), time: "test", lacks, skip })

Conformance.properties({
  name: "on a store in memory",
  layer: layer("30 seconds"),
  lacks,
  skip: skipProperties,
  seeds: 60
})
