/**
 * Mixed traffic in spaces in memory for so many minutes: interruptions, timeouts, times to live,
 * holds that fail, joins, subscriptions, transactions. What has been put in for good has to be there at the end, and
 * the heap has to stay as it was.
 */
import { Pattern as P, SpaceError, Transaction, TupleSpace } from "@effect-linda/core"
import { Duration, Effect, Fiber, Random, Schedule, STM, Stream } from "effect"
import { heapUsed, median } from "../measure.js"
import { writeResults } from "../results.js"

const accounts = 100
const balance = 1000

/** Seconds between two looks at the heap. */
const interval = 10

/** Megabytes by which the heap may be larger in the last third than in the first: what compilers and pools keep. */
const tolerance = 2

const below = (n: number): Effect.Effect<number> => Random.nextIntBetween(0, n)

/** One of these, by chance. */
const oneOf = <E>(...effects: ReadonlyArray<Effect.Effect<unknown, E>>): Effect.Effect<unknown, E> =>
  Effect.flatMap(below(effects.length), (i) => effects[i]!)

const traffic = Effect.gen(function*() {
  const bank = yield* TupleSpace.make()
  const space = yield* TupleSpace.make({ capacity: 1000, strategy: "sliding" })
  const narrow = yield* TupleSpace.make({ capacity: 4 })
  let operations = 0
  let serial = 0
  const next = Effect.sync(() => ++serial)

  /** An operation after which nothing may be left, however it ends. */
  const counted = <A, E>(effect: Effect.Effect<A, E>) => Effect.ensuring(effect, Effect.sync(() => operations++))

  /** Interrupts it after a while, if it has not ended by then. */
  const impatient = (effect: Effect.Effect<unknown, unknown>) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(effect)
      yield* oneOf(Effect.void, Effect.yieldNow(), Effect.sleep(1))
      yield* Fiber.interrupt(fiber)
    })

  yield* bank.outAll(Array.from({ length: accounts }, (_, i) => ["account", i, balance]))

  const transfer = Effect.gen(function*() {
    const [from, to, amount] = [yield* below(accounts), yield* below(accounts), yield* below(50)]
    yield* bank.transact(STM.gen(function*() {
      const [, , has] = yield* Transaction.in(bank, ["account", from, P.number])
      yield* Transaction.out(bank, ["account", from, has - amount])
      if (has < amount) {
        return yield* STM.fail("too little")
      }
      const [, , had] = yield* Transaction.in(bank, ["account", to, P.number])
      yield* Transaction.out(bank, ["account", to, had + amount])
    }))
  })

  const produce = Effect.gen(function*() {
    const i = yield* next
    yield* oneOf(
      space.out(["job", i, "payload"]),
      space.out(["job", i, "payload"], { ttl: "20 millis" }),
      space.outAll([["left", i], ["right", i]])
    )
  })

  const consume = oneOf(
    space.in(["job", P.number, P.string], { timeout: "5 millis" }),
    space.inWith(["job", P.number, P.string], () => Effect.void, { timeout: "5 millis" }),
    space.inWith(["job", P.number, P.string], () => Effect.fail("no"), { maxAttempts: 2, timeout: "5 millis" }),
    space.in(["job", (n: number) => n % 2 === 0, P.any], { timeout: "1 millis" }),
    space.inAll([["left", P.ref("i")], ["right", P.ref("i")]], { timeout: "5 millis" }),
    space.inAny([["left", P.number], ["job", P.number, P.any]], { timeout: "5 millis" })
  )

  const ask = Effect.flatMap(next, (i) =>
    Effect.zipRight(
      Effect.fork(Effect.zipRight(oneOf(Effect.yieldNow(), Effect.sleep(2)), space.out(["reply", i], { ttl: 10 }))),
      space.in(["reply", i], { timeout: "2 millis" })
    ))

  const watch = Stream.runDrain(Stream.take(
    space.subscribe(["job", P.number, P.any], { capacity: 16, strategy: "sliding" }),
    20
  ))

  const squeeze = Effect.flatMap(next, (i) => narrow.out(["slot", i]))
  const release = narrow.in(["slot", P.number], { timeout: "5 millis" })

  const all: ReadonlyArray<Effect.Effect<unknown, unknown>> = [transfer, produce, consume, ask, watch, squeeze, release]
  const forever = (effect: Effect.Effect<unknown, unknown>) => Effect.forever(Effect.ignore(counted(effect)))
  yield* Effect.forEach(
    [...all, ...all, consume, release, ...all.map(impatient)],
    (effect) => Effect.forkScoped(forever(effect))
  )

  const whole = Effect.map(
    bank.copyCollect(["account", P.number, P.number]),
    (all) => all.length === accounts && all.reduce((sum, [, , has]) => sum + has, 0) === accounts * balance
  )
  return { whole, space, operations: () => operations }
})

const main = (minutes: number) =>
  Effect.gen(function*() {
    const { operations, space, whole } = yield* traffic
    const heaps: Array<number> = []
    const start = performance.now()
    const look = Effect.gen(function*() {
      const heap = heapUsed() / 2 ** 20
      heaps.push(heap)
      const { held, interests, tuples } = yield* space.inspect
      const stored = tuples.reduce((sum, { count }) => sum + count, 0)
      const seconds = Math.round((performance.now() - start) / 1000)
      console.log(
        `${seconds} s: ${heap.toFixed(1)} MB after ${operations().toLocaleString("en-US")} operations; ` +
          `${stored} stored, ${held} held, ${interests.length} waiting`
      )
      if (!(yield* Effect.timeout(whole, "1 seconds"))) {
        return yield* new SpaceError.SpaceError({ reason: "Unavailable", message: "money was made, or lost" })
      }
    })
    yield* Effect.repeat(
      look,
      Schedule.intersect(Schedule.spaced(Duration.seconds(interval)), Schedule.recurs(minutes * 60 / interval))
    )
    const third = Math.floor(heaps.length / 3)
    const [first, last] = [median(heaps.slice(1, 1 + third)), median(heaps.slice(-third))]
    const report = { minutes, operations: operations(), heaps: heaps.map((heap) => Number(heap.toFixed(2))) }
    console.log(`The heap: ${first.toFixed(1)} MB in the first third, ${last.toFixed(1)} MB in the last.`)
    return { report, grown: last - first }
  })

/** Whether all was there at the end, and the heap as it had been. */
export const soak = async (minutes: number): Promise<boolean> => {
  const { grown, report } = await Effect.runPromise(Effect.scoped(main(minutes)))
  writeResults("soak", report)
  return grown <= tolerance
}
