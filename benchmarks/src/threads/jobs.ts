/** The jobs that are measured: what the threads of W7 and W14 run. */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Job } from "@effect-linda/node"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { each } from "../measure.js"
import { countPrimes } from "./primes.js"

export const clock = Job.make(
  import.meta.url,
  "clock",
  { success: Schema.Number },
  () => Effect.sync(() => performance.timeOrigin + performance.now())
)

export const nothing = Job.make(import.meta.url, "nothing", {}, () => Effect.void)

const elapsed = <R>(n: number, body: (i: number) => Effect.Effect<unknown, unknown, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(each(n, (i) => Effect.orDie(body(i))), () => performance.now() - start)
  })

/** The milliseconds that so many operations take, one after the other. */
export const roundTrips = Job.make(
  import.meta.url,
  "roundTrips",
  { input: Schema.Number, success: Schema.Number },
  (n) => elapsed(n, () => TupleSpace.rdp(["there"]))
)

/** The milliseconds that so many `out`s take, a hundred at a time. */
export const pipelined = Job.make(
  import.meta.url,
  "pipelined",
  { input: Schema.Number, success: Schema.Number },
  (n) => {
    const hundred = Array.from({ length: 100 }, (_, i) => i)
    return elapsed(
      n / 100,
      () => Effect.forEach(hundred, (i) => TupleSpace.out(["n", i]), { concurrency: "unbounded", discard: true })
    )
  }
)

/** Counts the primes in one interval after the other, for ever. Puts what it has found while it asks for the next. */
export const counter = Job.make(import.meta.url, "counter", {}, () =>
  Effect.gen(function*() {
    const space = yield* TupleSpace.TupleSpace
    const next = space.in(["task", P.number, P.number])
    let [, from, to] = yield* next
    for (;;) {
      const put = yield* Effect.fork(space.out(["primes", countPrimes(from, to)]))
      ;[, from, to] = yield* next
      yield* Fiber.join(put)
    }
  }).pipe(Effect.orDie))
