/**
 * A process of the storm: opens its spaces, runs programs on them as it is told, and can be killed, stopped or ended at
 * any time. What it says of what they do is in its log.
 */
import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, SpaceStore, TupleSpace } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { Cause, Effect, ExecutionStrategy, Exit, Fiber, Logger, Queue, Scope } from "effect"
import { readdirSync } from "node:fs"
import { Chance, seedOf } from "./chance.js"
import { Log } from "./log.js"
import type { Answer, Found, Order, Resources, Settings } from "./orders.js"
import { born, up } from "./orders.js"
import type { Run, Space } from "./programs.js"
import { waits, ways } from "./programs.js"

const settings = JSON.parse(process.argv[2]!) as Settings
const { engine, lease, life, postgres, programs, slot, slots, sqlite } = settings

const machine = Date.now.bind(Date)
let offset = 0
Date.now = () => machine() + offset

/** Whose server or file is not to be had at the moment opens it later. */
const persistently = <A, R>(open: Effect.Effect<A, SpaceError.SpaceError, R>) =>
  Effect.retry(open, { while: ({ reason }) => reason === "Unavailable" })

const openAll: Effect.Effect<ReadonlyArray<Space>, SpaceError.SpaceError, Scope.Scope> = Effect.gen(function*() {
  switch (engine) {
    case "memory": {
      const space = yield* TupleSpace.make()
      return Array.from({ length: programs }, (): Space => space)
    }
    case "store": {
      const { open } = yield* SpaceStore.memory
      return yield* Effect.replicateEffect(
        Effect.flatMap(open("storm", { lease }), (store) => SpaceStore.make(store)),
        programs
      )
    }
    case "sqlite":
      return yield* Effect.replicateEffect(persistently(Effect.suspend(() => Sqlite.make(sqlite!))), programs)
    case "postgres":
      return yield* Effect.replicateEffect(persistently(Effect.suspend(() => Postgres.make(postgres!))), programs)
  }
})

let numbers = (slot * 10_000 + life) * 1e8
const unique = () => ++numbers

/** A program that runs. */
interface Running {
  readonly run: Run
  readonly soon: ReadonlyArray<Fiber.Fiber<void>>
  readonly later: ReadonlyArray<Fiber.Fiber<void>>
}

const start = (
  space: Space,
  program: number,
  log: Log,
  { scope, seed }: { readonly seed: number; readonly scope: Scope.Scope }
): Effect.Effect<Running> =>
  Effect.gen(function*() {
    const own = slot * programs + program
    const run: Run = {
      space,
      log,
      unique,
      own,
      isStored: engine !== "memory",
      mayDie: slot > 0,
      chance: new Chance(seedOf(seed, own, unique())),
      neighbour: (own + 1) % (slots * programs),
      calls: new Set(),
      isOver: false
    }
    const forked = (all: ReadonlyArray<Effect.Effect<void>>) =>
      Effect.forEach(all, (each) => Effect.forkIn(each, scope))
    return { run, soon: yield* forked(ways(run)), later: yield* forked(waits(run)) }
  })

const memory = (): Resources => {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed / 2 ** 20, resident: rss / 2 ** 20, descriptors: descriptors() }
}

const descriptors = (): number => process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0

const program = Effect.gen(function*() {
  const spaces = yield* openAll
  // all that runs ends at the same time
  const scope = yield* Effect.acquireRelease(Scope.make(ExecutionStrategy.parallel), Scope.close)
  const space = spaces[0]!
  const running: Array<Running> = []
  let log: Log | undefined
  let seed = 0

  const obey = (order: Order): Effect.Effect<unknown, unknown, Scope.Scope> =>
    Effect.gen(function*() {
      switch (order.order) {
        case "go":
          log = new Log(order.log)
          seed = order.seed
          for (const [index, space] of spaces.entries()) {
            running[index] = yield* start(space, index, log, { scope, seed })
          }
          return null
        case "interrupt": {
          const index = Math.floor(order.which * programs)
          const former = running[index]
          if (former !== undefined && log !== undefined && !former.run.isOver) {
            yield* log.noted("interrupt", index, Fiber.interruptAll([...former.soon, ...former.later]))
            // the round may be over by now
            running[index] = { run: former.run, soon: [], later: [] }
            if (!former.run.isOver) {
              running[index] = yield* start(spaces[index]!, index, log, { scope, seed })
            }
          }
          return null
        }
        case "clock":
          offset = order.offset
          return null
        case "quiet":
          running.forEach(({ run }) => {
            run.isOver = true
          })
          yield* Fiber.awaitAll(running.flatMap(({ soon }) => soon))
          return running.flatMap(({ run }) => [...run.calls])
        case "rest":
          yield* Fiber.awaitAll(running.splice(0).flatMap(({ later }) => later))
          log?.close()
          log = undefined
          return memory()
        case "put":
          yield* space.outAll(order.tuples)
          return null
        case "look": {
          const tuples = yield* space.copyCollect([P.rest(P.any)])
          const { held, interests } = yield* space.inspect
          const waiting = interests.map(({ kind, patterns }) => `${kind} ${patterns.join(", ")}`)
          const found: Found = { tuples, held, waiting }
          return found
        }
        case "clear":
          yield* space.collect([P.rest(P.any)])
          return yield* space.count([P.rest(P.any)])
      }
    })

  const orders = yield* Queue.unbounded<{ readonly id: number; readonly order: Order }>()
  process.on("message", (message: { readonly id: number; readonly order: Order }) => orders.unsafeOffer(message))
  const answer = (answer: Answer) => Effect.sync(() => void process.send?.(answer))
  yield* answer({ id: up, value: "up" })
  return yield* Effect.forever(Effect.flatMap(Queue.take(orders), ({ id, order }) => {
    const obeyed = Effect.matchCauseEffect(obey(order), {
      onSuccess: (value) => answer({ id, value }),
      onFailure: (cause) => answer({ id, value: null, failure: Cause.pretty(cause) })
    })
    return order.order === "go" ? obeyed : Effect.forkScoped(obeyed)
  }))
})

// that a store cannot be had for a while is what it is here for
const main = Effect.runFork(Effect.provide(Effect.scoped(program), Logger.remove(Logger.defaultLogger)))
process.once("SIGTERM", () => main.unsafeInterruptAsFork(main.id()))
process.send?.({ id: born, value: "born" })
// whose parent is gone has nobody to say anything to
process.once("disconnect", () => process.exit())
main.addObserver((exit) => {
  process.removeAllListeners("disconnect")
  process.removeAllListeners("message")
  process.disconnect()
  if (Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause)) {
    process.stderr.write(Cause.pretty(exit.cause))
    process.exitCode = 1
  }
})
