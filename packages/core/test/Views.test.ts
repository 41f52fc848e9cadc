import { Pattern as P, Process, SpaceStore, TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Engine, verbsOf } from "../src/internal/verbs.js"
import { atTheOtherEnd, farSkip } from "./links.js"

/** Everything, and each of these patterns matches only a part of it. */
const parts = [
  [P.string, P.rest(P.any)],
  [P.not(P.string), P.rest(P.any)],
  Process.failure()
] as const

/** A view, of which what tells of the whole space is left to that. */
const viewed = (rights: TupleSpace.Rights) => <E>(space: TupleSpace.TupleSpace<any, E>) => {
  const whole = ({ awaitQuiescent, explain, inspect }: any) => ({ awaitQuiescent, explain, inspect })
  const view = TupleSpace.view(space, rights)
  const verbs = { ...verbsOf(view)!, ...whole(verbsOf(space)) }
  return Object.assign({}, view, whole(space), { [Engine]: verbs }) as typeof space
}

const over = (layer: Conformance.EngineLayer, rights: TupleSpace.Rights): Conformance.EngineLayer =>
  Layer.project(layer, TupleSpace.TupleSpace, TupleSpace.TupleSpace, viewed(rights))

const moving = { "S14 B09 collectInto waits for room": "what moves to a view is held meanwhile" }
const shown = { "V08 every kind of interest: those who take": "a pattern says what it is narrowed to" }
const absence = "what is absent is within no single one of the patterns that may be read"

Conformance.suite({
  name: "a view by patterns, in memory",
  layer: (options) => over(TupleSpace.layerWith(options), { out: parts, in: parts, eval: true }),
  time: "test",
  skip: {
    ...moving,
    ...shown,
    "S1-S8": absence
  }
})

const stored = Layer.scoped(
  TupleSpace.TupleSpace,
  Effect.flatMap(
    SpaceStore.memory,
    ({ open }) => Effect.flatMap(open("space", { lease: "10000 days" }), SpaceStore.make)
  )
)

/** Of these the store can decide about some, and the program has to about the others. */
const some = { out: parts, in: parts, rd: [[P.rest(P.any)]], eval: true } as const

/** All kinds take minutes: they are asked for. */
if (process.env["LINDA_LINKS"] === "all") {
  Conformance.suite({
    name: "a view of everything, in memory",
    layer: (options) => over(TupleSpace.layerWith(options), { out: true, in: true, eval: true }),
    time: "test",
    skip: moving
  })

  Conformance.suite({
    name: "a view by patterns, on a store",
    layer: over(stored, some),
    time: "test",
    lacks: Conformance.onStore.lacks,
    skip: { ...Conformance.onStore.skip, ...shown }
  })

  Conformance.suite({
    name: "a view by patterns, over a link",
    layer: atTheOtherEnd(over(TupleSpace.layer, some)),
    time: "test",
    lacks: Conformance.onLink.lacks,
    skip: {
      ...farSkip,
      ...shown,
      "V08 interests with kind, pattern and age": "what is handed over is consumed before anybody can look"
    }
  })
} else {
  describe("other views", () => {
    it.skip("(skipped: run them with LINDA_LINKS=all)", () => {})
  })
}
