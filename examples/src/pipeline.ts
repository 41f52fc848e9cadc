/**
 * A pipeline whose source is faster than its end: a space with a capacity holds the source back. A subscription watches
 * without taking part, and `stream` follows what comes out.
 *
 * Each stage has a space of its own. If both shared one, the source could fill it up, and the workers would wait for
 * room for their results until the end of days.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Array, Console, Effect, Fiber, Stream } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Raw = readonly ["raw", n: number]
type Square = readonly ["square", n: number, square: number]

const capacity = 4
const numbers = Array.range(1, 24)

export const program = Effect.gen(function*() {
  const raw = yield* TupleSpace.make<Raw>({ name: "raw", capacity, strategy: "suspend" })
  const squares = yield* TupleSpace.make<Square>({ name: "squares" })

  // Every arrival and departure, in order, from here on: it is scoped, and so it is open before the source starts. What
  // a worker gets from the hand of the source was never in the space, but is seen.
  const changes = yield* raw.subscribe(["raw", P.number], { events: ["Out", "In"], scoped: true })
  const gauge = yield* changes.pipe(
    Stream.take(2 * numbers.length),
    Stream.scan(0, (level, event) => event._tag === "Out" ? level + 1 : level - 1),
    Stream.runCollect,
    Effect.fork
  )
  // A stream begins with the tuples that are there already, so it may come as late as it likes.
  const results = yield* squares.stream(["square", P.number, P.number]).pipe(
    Stream.take(numbers.length),
    Stream.runCollect,
    Effect.fork
  )

  const source = Effect.forEach(numbers, (n) => raw.out(["raw", n]), { discard: true })
  const worker = raw.inWith(["raw", P.number], ([, n]) =>
    Effect.sleep("3 millis").pipe(
      Effect.zipRight(squares.out(["square", n, n * n]))
    ))
  yield* raw.eval(source, { name: "source" })
  yield* Effect.replicateEffect(raw.eval(Effect.forever(worker), { name: "worker" }), 2)

  const levels = Array.fromIterable(yield* Fiber.join(gauge))
  yield* Console.log(`level  ${levels.map((level) => "▁▂▃▄▅▆▇█"[level] ?? "!").join("")}`)
  const fullest = Math.max(...levels)
  yield* Console.log(`the source was never more than ${fullest} ahead`)
  // Those in the space, and one that is handed to a waiting worker, which needs no room.
  yield* expectEqual(fullest <= capacity + 1, true)

  const total = Array.fromIterable(yield* Fiber.join(results)).reduce((sum, [, , square]) => sum + square, 0)
  yield* Console.log(`the squares of 1 to 24 add up to ${total}`)
  yield* expectEqual(total, 4900)
}).pipe(Effect.scoped)

runIfMain(import.meta.url, program)
