import type { Tuple } from "@effect-linda/core"
import { Pattern as P, Query as Q, Sharded, SpaceError, SpaceStore } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import type { Held } from "../src/internal/hold.js"
import { Holds } from "../src/internal/remote/held.js"
import { Values } from "../src/internal/values.js"
import { fresh, same } from "./helpers.js"

const put = (count: number) => Array.from({ length: count }, (_, n) => ["t", n] as const)

const of = (max: number) => Q.batch(["t", P.number], { max })

describe("Holds of batches", () => {
  it.scopedLive("S19 the tuples of a large batch are settled in any order, each at once", () =>
    Effect.gen(function*() {
      const space = yield* fresh()
      yield* space.outAll(put(1000))
      yield* space.inWith(of(1000), (tuples, hold) =>
        Effect.forEach([...tuples].reverse(), (tuple) => hold.consume(tuple), { discard: true }))
      same(yield* space.count([P.rest(P.any)]), 0)
    }), 10_000)

  it.scoped("S18 a batch that does not linger ends, also while others put", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const other = yield* Effect.flatMap(open("jobs", { lease: "10000 days" }), SpaceStore.make)
      const store = yield* open("jobs", { lease: "10000 days" })
      const taken = yield* SpaceStore.make({
        ...store,
        run: (commands) =>
          commands.some(({ op }) => op === "take")
            ? Effect.zipRight(other.out(["t", 1]), store.run(commands))
            : store.run(commands),
        transaction: (body) => Effect.zipRight(other.out(["t", 2]), store.transaction(body))
      })
      const batch = yield* taken.in(of(1000))
      assert.isBelow(batch.length, 4)
      same((yield* taken.inspect).held, 0)
    }))

  it.effect("S18 a server keeps no hold of nothing, such as of a batch that looks for more where there is none", () =>
    Effect.gen(function*() {
      const given: Array<ReadonlyArray<Tuple.Tuple>> = []
      const holdOf = (...tuples: ReadonlyArray<Tuple.Tuple>): Held<never> => ({
        tuples,
        index: 0,
        attempts: tuples.map(() => 0),
        priorities: tuples.map(() => 0),
        token: 1,
        isOver: () => false,
        keep: () => {},
        giveBack: () => void given.push(tuples),
        end: () => Effect.void
      })
      const holds = new Holds(new Values(), Infinity)
      yield* holds.hold(1, false)(holdOf())
      yield* holds.hold(2, false)(holdOf(["t"]))
      holds.giveAllBack()
      same(given, [[["t"]]])
    }))

  it.scopedLive(
    "S19 D22 a use of a batch is interrupted as soon as any part of it is lost",
    () =>
      Effect.gen(function*() {
        const { open } = yield* SpaceStore.memory
        const silent = new Set<string>()
        const away = new SpaceError.SpaceError({ reason: "Unavailable", message: "on purpose" })
        const opened = (name: string, lease: "300 millis" | "600 millis") => open(name, { lease })
        const partOf = (name: string) =>
          Effect.flatMap(opened(name, "300 millis"), (store) =>
            SpaceStore.make({
              ...store,
              // As a program that was stopped: it hears of nothing for a while.
              run: (commands) =>
                Effect.suspend(() =>
                  silent.has(name) ? Effect.zipRight(Effect.sleep("5 millis"), Effect.fail(away)) : store.run(commands)
                )
            }))
        const [one, other] = [yield* partOf("one"), yield* partOf("other")]
        const space = Sharded.make([one, other])
        for (const [name, part] of [["one", one], ["other", other]] as const) {
          const rival = yield* Effect.flatMap(opened(name, "600 millis"), SpaceStore.make)
          yield* one.out(["t", 1])
          yield* other.out(["t", 2])
          const began = yield* Deferred.make<number>()
          const use = yield* Effect.fork(
            space.inWith(
              Q.batch([P.string, P.number], { max: 9 }),
              ({ length }) => Effect.zipRight(Deferred.succeed(began, length), Effect.never)
            )
          )
          same(yield* Deferred.await(began), 2)
          silent.add(name)
          yield* rival.in(["t", P.number])
          silent.delete(name)
          const exit = yield* Fiber.await(use)
          assert.isTrue(Exit.isFailure(exit) && String(exit.cause).includes("belongs to others again"), String(exit))
          yield* Effect.forEach([one, other], (part) => part.collect([P.rest(P.any)]))
          same((yield* part.inspect).held, 0)
        }
      }),
    10_000
  )
})
