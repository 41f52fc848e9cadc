/**
 * Five philosophers, five forks. Who needs two forks takes them with `inAll`: both at once, or neither. So there is no
 * order to get wrong, nobody holds a fork in vain, and nobody starves. And how the space tells on those who do it one
 * by one.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Console, Effect, Random } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Fork = readonly ["fork", place: number]
type Meal = readonly ["meal", philosopher: string]
type Table = TupleSpace.TupleSpace<Fork | Meal>

const philosophers = ["Aspasia", "Diotima", "Hipparchia", "Hypatia", "Themista"]
const courses = 10

const left = (seat: number): Fork => ["fork", seat]
const right = (seat: number): Fork => ["fork", (seat + 1) % philosophers.length]

const aWhile = Effect.flatMap(Random.nextIntBetween(1, 4), (millis) => Effect.sleep(millis))

/** Thinks, takes both forks in one step, eats. */
const polite = (table: Table, name: string, seat: number) =>
  Effect.gen(function*() {
    yield* aWhile
    const forks = yield* table.inAll([left(seat), right(seat)])
    // Whatever ends the meal, the forks come back to the table.
    yield* Effect.ensuring(aWhile, table.outAll(forks))
    yield* table.out(["meal", name])
  }).pipe(Effect.repeatN(courses - 1))

/** Takes the left fork, and then waits for the right one as long as it takes. */
const naive = (table: Table, name: string, seat: number) =>
  Effect.gen(function*() {
    yield* table.in(left(seat))
    yield* Effect.sleep("1 millis")
    yield* table.in(right(seat))
    yield* table.outAll([left(seat), right(seat), ["meal", name]])
  })

const dinner = (manners: (table: Table, name: string, seat: number) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const table = yield* TupleSpace.make<Fork | Meal>()
    yield* table.outAll(philosophers.map((_, seat) => left(seat)))
    yield* Effect.forEach(philosophers, (name, seat) => table.eval(manners(table, name, seat), { name }))
    // Waits until the dinner is over, one way or the other: everybody has left, or nobody can move.
    const report = yield* table.awaitQuiescent
    return {
      ...report,
      forks: yield* table.count(["fork", P.number]),
      meals: yield* Effect.forEach(philosophers, (name) => table.count(["meal", name]))
    }
  }).pipe(Effect.scoped)

export const program = Effect.gen(function*() {
  const good = yield* dinner(polite)
  yield* Console.log(`Both forks at once: ${good.state}. ${good.forks} forks are back, and the meals were:`)
  for (const [seat, name] of philosophers.entries()) {
    yield* Console.log(`  ${name} ${good.meals[seat]}`)
  }
  yield* expectEqual(good.state, "done")
  yield* expectEqual(good.forks, 5)
  yield* expectEqual(good.meals, [courses, courses, courses, courses, courses])

  const bad = yield* dinner(naive)
  yield* Console.log(`One fork, then the other: ${bad.state}.`)
  for (const { name, waitsFor } of bad.blocked) {
    yield* Console.log(`  ${name} waits for ${waitsFor.map(({ patterns }) => patterns.join()).join()}`)
  }
  yield* expectEqual(bad.state, "blocked")
  yield* expectEqual(bad.blocked.map(({ name }) => name), philosophers)
  yield* expectEqual(bad.forks, 0)
})

runIfMain(import.meta.url, program)
