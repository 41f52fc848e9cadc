import { SpaceStore, TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { Effect, Layer } from "effect"
import { atTheOtherEnd, farSkip } from "./links.js"

const stored = (name: string) =>
  Effect.flatMap(
    SpaceStore.memory,
    ({ open }) => Effect.flatMap(open(name, { lease: "10000 days" }), (store) => SpaceStore.make(store))
  )

Conformance.suite({
  name: "over a link: a store in memory",
  layer: atTheOtherEnd(Layer.scoped(TupleSpace.TupleSpace, stored("one"))),
  time: "test",
  lacks: Conformance.onLink.lacks,
  skip: { ...Conformance.onStore.skip, ...farSkip }
})
