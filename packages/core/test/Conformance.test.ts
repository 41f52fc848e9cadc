import { TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { Effect } from "effect"
import { swept } from "./helpers.js"

Conformance.suite({
  name: "in memory",
  layer: TupleSpace.layerWith,
  time: "test",
  after: (space) => Effect.sync(() => swept(space))
})
