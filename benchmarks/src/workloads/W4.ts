/**
 * W4: M fibers wait for distinct keys `["reply", i, any]`, then every reply is put in random order: as a burst, and
 * paced, with a turn of the event loop between any two. From the fork of the fibers to their join.
 */
import { Effect, Fiber } from "effect"
import * as Floors from "../floors.js"
import type { Size } from "../measure.js"
import { compare, each, run, shuffled, sized, timed, turn } from "../measure.js"
import { lindaSpace, taken } from "../peers.js"
import type { Row } from "../report.js"
import type { Space, Subject } from "../subjects.js"
import { fx, naive, ours } from "../subjects.js"

const replies = (space: Space, any: unknown, order: Uint32Array, paced: boolean): Effect.Effect<void> =>
  Effect.gen(function*() {
    const m = order.length
    let started = 0
    const fibers: Array<Fiber.RuntimeFiber<unknown>> = []
    yield* each(m, (i) => {
      const taking = Effect.suspend(() => {
        started++
        return space.in(["reply", i, any])
      })
      return Effect.map(Effect.fork(taking), (fiber) => fibers.push(fiber))
    })
    while (started < m) {
      yield* turn
    }
    yield* each(m, (i) => {
      const put = space.out(["reply", order[i]!, "done"])
      return paced ? Effect.zipRight(put, turn) : put
    })
    yield* each(m, (i) => Fiber.join(fibers[i]!))
  })

/** Microseconds per reply. */
const perReply = (subject: Subject, m: number, paced: boolean, total: number): Promise<number> => {
  const order = shuffled(m)
  const rounds = Math.max(1, Math.floor(total / m))
  return run(Effect.flatMap(subject.make, (space) =>
    Effect.map(
      timed(each(rounds, () => replies(space, subject.any, order, paced))),
      (ms) => 1000 * ms / (m * rounds)
    )))
}

const waits = (m: number, paced: boolean, total: number): Promise<number> => {
  const rounds = Math.max(1, Math.floor(total / m))
  let sum = 0
  return run(Effect.map(
    each(rounds, () => Effect.map(Floors.wait(m, paced), (us) => sum += us)),
    () => sum / rounds
  ))
}

const byLinda =
  (Linda: NonNullable<ReturnType<typeof lindaSpace>>, m: number, paced: boolean, total: number) => async () => {
    const space = Linda()
    const order = shuffled(m)
    const rounds = Math.max(1, Math.floor(total / m))
    const start = performance.now()
    for (let round = 0; round < rounds; round++) {
      const all = Array.from({ length: m }, (_, i) => taken(space, { type: "reply", i }))
      for (const i of order) {
        space.write({ type: "reply", i, value: "done" })
        if (paced) {
          await new Promise(setImmediate)
        }
      }
      await Promise.all(all)
    }
    return 1000 * (performance.now() - start) / (m * rounds)
  }

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  const total = sized(size, 10_000)
  for (const paced of [false, true]) {
    const how = paced ? "paced" : "burst"
    const found: Record<number, number> = {}
    for (const full of [1, 10, 100, 1000, 10_000]) {
      const m = sized(size, full)
      // The least of them are dominated by the turns of the event loop in which their fibers start.
      const count = m < 100 ? total / 10 : Math.max(m, total / 2)
      const took = await compare(size, {
        ours: () => perReply(ours, m, paced, count),
        fx: () => perReply(fx, m, paced, count),
        wait: () => waits(m, paced, count)
      })
      found[full] = took.ours
      const row = {
        workload: "W4",
        what: `a reply, ${how}, M = ${m.toLocaleString("en-US")}`,
        unit: "µs",
        ours: took.ours
      }
      rows.push({
        ...row,
        floor: { name: "F-wait", value: took.wait },
        ...(full >= 100 ? { must: ["at most", 2.5] as const, go: ["at most", 1.2] as const } : {})
      })
      rows.push({ ...row, floor: { name: "F-fx", value: took.fx } })
      if (full === 1000 && size === "full") {
        const baseline = await compare(size, { naive: () => perReply(naive, m, paced, m) })
        rows.push({ ...row, floor: { name: "naive", value: baseline.naive } })
      }
      const Linda = size === "full" && (full === 100 || full === 1000) ? lindaSpace() : undefined
      if (Linda !== undefined) {
        const { linda } = await compare(size, { linda: byLinda(Linda, m, paced, count) })
        rows.push({ ...row, floor: { name: "linda", value: linda } })
      }
    }
    rows.push({
      workload: "W4",
      what: `a reply, ${how}, M = 10,000 against 100`,
      unit: "µs",
      ours: found[10_000]!,
      floor: { name: "ours", value: found[100]! },
      must: ["at most", 2]
    })
  }
  return rows
}
