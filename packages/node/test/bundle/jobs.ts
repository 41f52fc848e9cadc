import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Job } from "@effect-linda/node"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export const double = Job.make(
  import.meta.url,
  "double",
  { success: Schema.Number },
  () => Effect.orDie(Effect.map(TupleSpace.in(["n", P.number]), ([, n]) => 2 * n))
)

export const unserved = Job.make(import.meta.url, "unserved", {}, () => Effect.void)
