/** Fifty processes on one space, each of which puts and takes. */
import { Effect } from "effect"
import { elsewhere, ended, programOf, said } from "../durable/elsewhere.js"
import type { Arena } from "./arena.js"

const processes = 50

/** In milliseconds: for all that they have to do, and for them to end. */
const patience = 300_000

export const crowd = (arena: Arena, count: number) =>
  Effect.gen(function*() {
    const program = yield* programOf("member.ts")
    const opening = performance.now()
    const members = yield* Effect.forEach(
      Array.from({ length: processes }, (_, i) => i),
      (i) => elsewhere(program, JSON.stringify(arena.place), String(i * count), String(count)),
      { concurrency: 10 }
    )
    const begun = performance.now()
    const taken = yield* Effect.promise(() =>
      Promise.all(members.map((member) => {
        const taken = said<ReadonlyArray<number> | string>(member)
        member.send("go")
        return taken
      }))
    )
    const ready = performance.now()
    const codes = yield* Effect.promise(() => Promise.all(members.map(ended)))
    const seconds = (ready - begun) / 1000
    const failures = taken.filter((word) => typeof word === "string")
    const numbers = taken.filter((word) => typeof word !== "string").flat()
    console.log(
      `${processes} processes: open after ${Math.round((begun - opening) / 1000)} s, ${numbers.length} pairs in ` +
        `${seconds.toFixed(1)} s, all ended after another ${((performance.now() - ready) / 1000).toFixed(1)} s`
    )
    return {
      report: { processes, pairs: numbers.length, seconds },
      problems: [
        ...(numbers.length === processes * count && new Set(numbers).size === numbers.length
          ? []
          : [`${processes * count} were put, ${numbers.length} were taken, ${new Set(numbers).size} different ones`]),
        ...failures,
        ...codes.flatMap((code, i) => code === 0 ? [] : [`process ${i} ended with ${code}`])
      ]
    }
  }).pipe(
    Effect.scoped,
    Effect.timeoutFail({ duration: patience, onTimeout: () => new Error("the processes are not done") }),
    Effect.orDie
  )
