import { TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { atTheOtherEnd, farSkip } from "./links.js"

Conformance.suite({
  name: "over TCP: a space in memory",
  layer: atTheOtherEnd("tcp", TupleSpace.layer),
  time: "live",
  lacks: Conformance.onLink.lacks,
  skip: { ...Conformance.onLink.skip, ...farSkip }
})
