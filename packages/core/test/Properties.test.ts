import { TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"

Conformance.properties({ name: "in memory", layer: TupleSpace.layerWith, seeds: 300 })
