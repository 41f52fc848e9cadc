/**
 * Who leads? `outIfAbsent` puts a tuple unless one like it is there, in a single step: of many who try, one succeeds,
 * and the others are told who it was.
 */
import { Pattern as P, Process, TupleSpace } from "@effect-linda/core"
import { Console, Data, Effect, Option } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Leader = readonly ["leader", term: number, name: string]
type Ended = readonly ["ended", term: number]

class Election extends TupleSpace.Tag("Election")<Election, Leader | Ended>() {}

class Overthrown extends Data.TaggedError("Overthrown")<{ readonly term: number }> {}

/** Stands in every term until elected; leads, and falls. */
const candidate = Effect.fn("candidate")(function*(name: string, firstTerm: number) {
  const space = yield* Election
  for (let term = firstTerm;; term++) {
    const leader = yield* space.outIfAbsent(["leader", term, P.any], ["leader", term, name])
    if (Option.isNone(leader)) {
      yield* Console.log(`term ${term}: ${name} leads`)
      yield* Effect.sleep("5 millis") // great deeds
      return yield* new Overthrown({ term })
    }
    // A reader takes nothing away: all followers see the end of the same term, and run again.
    yield* space.rd(["ended", term])
  }
})

export const program = Effect.gen(function*() {
  const space = yield* Election
  const names = ["ann", "bob", "cyd", "dan"]
  yield* Effect.forEach(names, (name) => space.eval(candidate(name, 1), { name }))

  // Leaders do not get to announce their own end; they may be past announcing anything. Their failure tuple does it.
  for (const _ of names) {
    const [{ term }, , name] = yield* space.in(Process.failure(Overthrown))
    yield* Console.log(`term ${term}: ${name} has fallen`)
    yield* space.out(["ended", term])
  }

  // One leader in each term, and nobody twice.
  const leaders = yield* space.copyCollect(["leader", P.number, P.string])
  yield* expectEqual(leaders.map(([, term]) => term), [1, 2, 3, 4])
  yield* expectEqual(leaders.map(([, , name]) => name).sort(), names)
}).pipe(Effect.provide(Election.layer))

runIfMain(import.meta.url, program)
