/** What `sum-on-threads.ts` runs on threads. */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Job } from "@effect-linda/node"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export class Broken extends Schema.TaggedError<Broken>()("Broken", { code: Schema.Number }) {}

export const adder = Job.make(import.meta.url, "adder", {}, () =>
  Effect.gen(function*() {
    const numbers = yield* TupleSpace.in([P.number, P.number, P.number, P.number])
    yield* Effect.sleep("20 millis") // some long calculation
    const [, sum] = yield* TupleSpace.in(["sum", P.number])
    yield* TupleSpace.out(["sum", numbers.reduce((a, b) => a + b, sum)])
    yield* TupleSpace.out(["added"])
  }).pipe(Effect.orDie, Effect.forever))

export const breaker = Job.make(
  import.meta.url,
  "breaker",
  { input: Schema.Struct({ code: Schema.Number }), error: Broken },
  ({ code }) => new Broken({ code })
)
