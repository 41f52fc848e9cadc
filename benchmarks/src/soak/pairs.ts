/**
 * Very many puts and takes: 64 callers, each of which puts by one of four clients and takes by the next. Of eight takes
 * three are for good, three are held for a use, one is used twice since the first use fails, and one waits in the other
 * client before its tuple is put, which a subscription sees.
 */
import { Pattern as P } from "@effect-linda/core"
import { Effect, Stream } from "effect"
import type { Space } from "../durable/place.js"
import { openAt } from "../durable/place.js"
import type { Arena } from "./arena.js"
import { boundsOfProcess, ofProcess } from "./arena.js"
import type { Figures } from "./bounds.js"
import { grown } from "./bounds.js"

const callers = 64
const clients = 4

/** Seconds between two looks. */
const interval = 5
/** So many looks in a row at which nothing has been done are a hang. */
const patience = 12

const job = ["job", P.number, P.string] as const

export const pairs = (arena: Arena, count: number) =>
  Effect.gen(function*() {
    const spaces: Array<Space> = []
    for (let i = 0; i < clients; i++) {
      spaces.push(yield* openAt(arena.place))
    }
    const taken = new Uint8Array(count)
    let done = 0
    const take = (i: number) => Effect.sync(() => void taken[i]!++)
    const use = ([, i]: readonly [string, number, ...Array<unknown>]) => take(i)

    const pair = (i: number) => {
      const [here, there] = [spaces[i % clients]!, spaces[(i + 1) % clients]!]
      const put = here.out(["job", i, "some payload"])
      switch (i % 8) {
        case 0:
        case 1:
        case 2:
          return Effect.flatMap(Effect.zipRight(put, there.in(job)), use)
        case 3:
        case 4:
        case 5:
          return Effect.zipRight(put, there.inWith(job, use))
        case 6:
          return Effect.zipRight(
            put,
            Effect.zipRight(Effect.flip(there.inWith(job, () => Effect.fail("no"))), there.inWith(job, use))
          )
        default:
          return Effect.zipWith(there.in(["reply", i]), here.out(["reply", i]), (reply) => reply, { concurrent: true })
            .pipe(Effect.flatMap(use))
      }
    }

    let seen = 0
    const events = yield* spaces[0]!.subscribe(["reply", P.number], { scoped: true })
    yield* Effect.forkScoped(Stream.runForEach(events, () => Effect.sync(() => void seen++)))

    let next = 0
    const caller = Effect.whileLoop({ while: () => next < count, body: () => pair(next++), step: () => void done++ })
    const begun = performance.now()
    const looks: Array<Figures> = []
    const look = Effect.gen(function*() {
      for (let last = 0, idle = 0;;) {
        yield* Effect.sleep(interval * 1000)
        const now = done
        const figures: Figures = {
          "pairs /s": (now - last) / interval,
          ...(yield* Effect.promise(() => arena.figures())),
          ...ofProcess()
        }
        const seconds = (performance.now() - begun) / 1000
        const text = Object.entries(figures).map(([name, value]) => `${name} ${Math.round(value * 10) / 10}`)
        console.log(`${Math.round(seconds)} s, ${now.toLocaleString("en-US")} pairs: ${text.join(", ")}`)
        if (seconds > arena.settling) {
          looks.push(figures)
        }
        idle = now === last ? idle + 1 : 0
        last = now
        if (idle === patience) {
          return yield* Effect.dieMessage(`nothing has happened for ${patience * interval} s`)
        }
      }
    })
    const all = Effect.all(Array.from({ length: callers }, () => caller), { concurrency: "unbounded", discard: true })
    yield* Effect.raceFirst(all, look)
    const seconds = (performance.now() - begun) / 1000
    const replies = Math.floor(count / 8)
    yield* Effect.repeat(Effect.sleep(20), {
      until: () => seen >= replies || performance.now() - begun > 1e3 * (seconds + 10)
    })
    const wrong = taken.reduce((sum, times) => times === 1 ? sum : sum + 1, 0)
    const larger = grown(looks, { ...arena.bounds, ...boundsOfProcess })
    console.log(
      `${count.toLocaleString("en-US")} pairs in ${Math.round(seconds)} s` +
        (larger === undefined ? ": too short to tell whether anything grows" : `; looked at ${looks.length} times`)
    )
    return {
      report: { pairs: count, seconds, looks },
      problems: [
        ...(wrong > 0 ? [`${wrong} tuples were not taken exactly once`] : []),
        ...(seen === replies ? [] : [`the subscription has shown ${seen} of ${replies}`]),
        ...(larger ?? [])
      ]
    }
  }).pipe(Effect.scoped)
