/**
 * Properties: guards of queries.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import { expect } from "vitest"
import type { Simulation } from "../../Simulation.js"
import { properties } from "./property.js"

type Space = TupleSpace<Tuple>

export const guards = properties("Guards", (define) => {
  const property = define.needing("guards")

  property(
    "S18 readers and writers, each of whom waits until the others are absent, exclude each other",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        yield* space.out(["gate"])
        yield* excluding(sim, space, (others, name) =>
          space.withPermit(
            Q.all([
              ["gate"],
              ...others.map((other) => Q.absent([other]))
            ]),
            () => space.out([name])
          ))
        expect(yield* space.collect([P.rest(P.any)])).toEqual([["gate"]])
      })
  )

  property(
    "S22 S18 of those who exchange an absence for a tuple, readers and writers exclude each other",
    (sim) =>
      Effect.gen(function*() {
        const space = yield* sim.space()
        yield* excluding(sim, space, (others, name) =>
          space.exchange(
            Q.all(others.map((other) => Q.absent([other]))),
            () => [[name]]
          ))
        expect(yield* space.collect([P.rest(P.any)])).toEqual([])
      })
  )

  property(
    "S18 who waits until nothing is left is served when the last is done, and not before",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const size = random.between(1, 5)
        const done = new Set<number>()
        const job = ["job", P.number] as const
        yield* space.outAll(random.array(size, (id) => ["job", id] as const))
        const waiter = yield* Effect.fork(Effect.repeatN(
          Effect.zipRight(
            space.awaitNone(job),
            Effect.sync(() => expect(done.size).toBe(size))
          ),
          2
        ))
        const work = ([, id]: readonly [string, number]) =>
          Effect.zipRight(
            sim.pause,
            random.chance(0.3) ? Effect.fail("no") : Effect.sync(() => void done.add(id))
          )
        const options = { requeue: random.pick(["place", "back"] as const) }
        for (let n = random.between(1, 3); n > 0; n--) {
          yield* Effect.fork(Effect.forever(Effect.ignore(space.inWith(job, work, options))))
        }
        yield* Fiber.join(waiter)
        expect(yield* space.count(job)).toBe(0)
      })
  )

  property("S18 no absence is missed that comes about while a query is about to wait", (sim) =>
    Effect.gen(function*() {
      const { random } = sim
      const space = yield* sim.space()
      const size = random.between(1, 4)
      yield* space.outAll(random.array(size, (n) => ["stop", n] as const))
      yield* space.outAll(random.array(size, (n) => ["job", n] as const))
      const waiters = yield* Effect.forEach(random.array(size, (n) => n), (n) =>
        Effect.fork(Effect.zipRight(
          sim.pause,
          random.pick<() => Effect.Effect<unknown, unknown>>([
            () => space.in(Q.all([["job", P.number], Q.absent(["stop", n])])),
            () => space.rd(Q.all([Q.read(["job", P.ref("n")]), Q.absent(["stop", P.ref("n")])])),
            () => space.inWith(Q.all([["job", P.ref("n")], Q.absent(["stop", P.ref("n")])]), () => sim.pause),
            () => space.awaitNone(["stop", n])
          ])()
        )))
      const removers = yield* Effect.forEach(random.shuffle(random.array(size, (n) => n)), (n) =>
        Effect.fork(Effect.zipRight(
          sim.pause,
          random.pick<() => Effect.Effect<unknown, unknown>>([
            () =>
              space.in(["stop", n]),
            () => space.inp(["stop", n]),
            () => space.collect(["stop", n]),
            () => space.replace(["stop", n], () => ["stopped", n]),
            () => space.inWith(["stop", n], () => sim.pause),
            () => space.inWith(["stop", n], () => Effect.die("no"), { maxAttempts: 1 }).pipe(Effect.exit)
          ])()
        )))
      yield* Effect.forEach(removers, Fiber.join)
      yield* sim.over
      // A job that was taken leaves one of those who wait without one.
      const left = yield* space.count(["job", P.number])
      const waiting = waiters.filter((waiter) =>
        waiter.unsafePoll() === null
      )
      expect(left === 0 ? [] : waiting.map(() => "it waits")).toEqual([])
      expect((yield* space.inspect).interests.length).toBe(waiting.length)
      yield* Fiber.interruptAll(waiters)
      expect((yield* space.inspect).interests).toEqual([])
    }))

  property(
    "S8 S18 queries with guards that are interrupted at any step leave nothing, and lose nothing",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const ids = random.array(random.between(1, 4), (n) => n)
        yield* space.outAll(ids.flatMap((n) => [["job", n], ["done", n]] as const))
        const query = Q.all({
          job: ["job", P.ref("n")],
          done: Q.read(["done", P.ref("n")]),
          go: Q.absent(["blocks", P.ref("n")])
        })
        const taken: Array<number> = []
        const work = Effect.gen(function*() {
          const { job: [, n] } = yield* space.inWith(query, (found) => Effect.as(sim.pause, found))
          taken.push(n as number)
        })
        const take = Effect.flatMap(
          space.in(query),
          ({ job: [, n] }) => Effect.sync(() => void taken.push(n as number))
        )
        const block = Effect.zipRight(space.out(["blocks", random.below(ids.length)]), sim.pause)
        const fibers = yield* Effect.forEach(
          random.array(random.between(2, 6), () => random.below(4)),
          (which) => Effect.fork([work, take, block, Effect.ignore(space.awaitNone(["job", P.any]))][which]!)
        )
        for (const fiber of random.shuffle(fibers)) {
          yield* sim.pause
          if (random.chance(0.6)) {
            fiber.unsafeInterruptAsFork(fiber.id())
          }
        }
        yield* sim.still
        // Those whose blocks are gone go on.
        yield* space.collect(["blocks", P.any])
        yield* sim.over
        yield* Fiber.interruptAll(fibers)
        const jobs = (yield* space.collect(["job", P.number])).map(([, n]) => n)
        expect(new Set([...jobs, ...taken]).size).toBe(jobs.length + taken.length)
        // One that was interrupted after its last step has its job, and has not told.
        expect(jobs.length + taken.length).toBeLessThanOrEqual(ids.length)
        expect((yield* space.collect(["done", P.number])).length).toBe(ids.length)
        const { held, interests } = yield* space.inspect
        expect([held, interests]).toEqual([0, []])
      })
  )

  property(
    "S8 S18 what inWith has taken by a query with guards is consumed or back, whoever is interrupted",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const ids = random.array(random.between(1, 4), (n) => n)
        yield* space.outAll([["go"], ...ids.map((n) => ["job", n] as const)])
        const used = new Set<number>()
        const query = Q.all([Q.read(["go"]), ["job", P.number], Q.absent(["paused"])])
        const fibers = yield* Effect.forEach(random.array(random.between(1, 4), (n) => n), () =>
          Effect.fork(Effect.forever(space.inWith(query, ([, [, n]]) =>
            Effect.zipRight(
              sim.pause,
              Effect.sync(() =>
                void used.add(n)
              )
            )))))
        for (const fiber of fibers) {
          if (random.chance(0.5)) {
            yield* space.out(["paused"])
            yield* sim.pause
            yield* space.inp(["paused"])
          }
          yield* sim.pause
          fiber.unsafeInterruptAsFork(fiber.id())
        }
        yield* sim.over
        const left = (yield* space.collect(["job", P.number])).map(([, n]) => n)
        // A use that was interrupted after its last effect may run again.
        expect([...new Set([...left, ...used])].sort()).toEqual([...ids])
        expect(left).toEqual([...left].sort())
        const { held, interests } = yield* space.inspect
        expect([held, interests]).toEqual([0, []])
        expect(yield* space.count(["go"])).toBe(1)
      })
  )

  property.needing("transactions")(
    "S10 S18 nobody sees what leaves in a transaction before that is committed",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        yield* space.outAll([["lock"], ["x", 0]])
        // Whoever is served holds neither: a lock is put back in the transaction that has taken it.
        const waiters = yield* Effect.forEach(random.array(random.between(1, 3), (n) => n), () =>
          Effect.fork(
            random.pick<() => Effect.Effect<unknown, unknown>>([
              () => space.in(Q.all([["x", P.number], Q.absent(["lock"])])),
              () => space.rd(Q.all([Q.read(["x", P.number]), Q.absent(["lock"])])),
              () => space.awaitNone(["lock"])
            ])()
          ))
        const swap = (n: number) =>
          space.transact(STM.zipRight(
            STM.zipRight(Transaction.in(space, ["lock"]), Transaction.out(space, ["x", n])),
            STM.zipRight(
              random.chance(0.5) ? STM.asVoid(Transaction.in(space, ["x", P.number])) : STM.void,
              Transaction.out(space, ["lock"])
            )
          ))
        yield* Effect.forEach(
          random.array(random.between(1, 4), (n) => n + 1),
          (n) => Effect.zipRight(sim.pause, swap(n)),
          { concurrency: random.between(1, 3) }
        )
        yield* sim.over
        expect(waiters.map((waiter) => waiter.unsafePoll())).toEqual(waiters.map(() => null))
        yield* space.transact(Transaction.in(space, ["lock"]))
        yield* space.outAll(waiters.map((_, n) => ["x", -n] as const))
        yield* Effect.forEach(waiters, Fiber.join)
      })
  )

  property(
    "S12 S18 a space that closes at any moment interrupts those who wait for absence",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const scope = yield* Scope.make()
        const space = yield* Scope.extend(sim.space(), scope)
        yield* space.outAll([["job", 1], ["paused"], ["go"]])
        const query = Q.all([["job", P.number], Q.read(["go"]), Q.absent(["paused"])])
        const fibers = yield* Effect.forEach(random.array(random.between(1, 5), () => random.below(4)), (which) =>
          Effect.fork(
            random.chance(0.2)
              ? Effect.zipRight(sim.pause, space.inp(["paused"]))
              : [
                space.in(query),
                space.rd(query),
                space.inWith(query, () =>
                  sim.pause),
                space.awaitNone([random.pick(["job", "paused"]), P.rest(P.any)])
              ][which]!
          ))
        yield* sim.pause
        yield* Scope.close(scope, Exit.void)
        yield* sim.over
        expect(fibers.every((fiber) => {
          const exit = fiber.unsafePoll()
          return exit !== null && (Exit.isSuccess(exit) || Exit.isInterrupted(exit))
        })).toBe(true)
      })
  )
})

type Use = "reads" | "writes"

/** Several read and write, each of whom enters when these others are absent, and no writer is beside anybody else. */
const excluding = (
  { pause, random }: Simulation,
  space: Space,
  enter: (others: ReadonlyArray<Use>, name: Use) => Effect.Effect<unknown, unknown>
): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    const inside: Record<Use, number> = { reads: 0, writes: 0 }
    const use = (name: Use, others: ReadonlyArray<Use>) =>
      Effect.gen(function*() {
        yield* enter(others, name)
        inside[name]++
        expect(others.filter((other) => inside[other] > Number(other === name))).toEqual([])
        yield* pause
        inside[name]--
        yield* space.in([name])
      })
    const users = yield* Effect.forEach(
      random.array(random.between(2, 4), () => random.chance(0.6)),
      (reads) => Effect.fork(Effect.repeatN(reads ? use("reads", ["writes"]) : use("writes", ["reads", "writes"]), 2))
    )
    yield* Effect.forEach(users, Fiber.join)
  })
