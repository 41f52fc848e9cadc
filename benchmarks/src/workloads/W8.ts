/**
 * W8: memory per stored tuple of three fields, at 1M: as they come, and once they have been asked for by two fields.
 */
import { Effect } from "effect"
import { ANY, PlainSpace } from "../floors.js"
import type { Size } from "../measure.js"
import { compare, each, heapUsed, median, run, sized } from "../measure.js"
import type { Row } from "../report.js"
import { ours } from "../subjects.js"

/** What the fields refer to is the user's, and the same for all. */
const tuple = (i: number) => ["job", i, "payload"]

interface Bytes {
  readonly plain: number
  readonly indexed: number
}

const stored = (n: number): Promise<Bytes> =>
  run(Effect.gen(function*() {
    const before = heapUsed()
    const space = yield* ours.make
    yield* each(n, (i) => space.out(tuple(i)))
    const after = heapUsed()
    yield* space.in(["job", 0, ours.any])
    const indexed = heapUsed()
    // It is used once more, so that the collector could not have it before.
    yield* space.inp(["job", 1, ours.any])
    return { plain: (after - before) / n, indexed: (indexed - before) / n }
  }))

const floor = (n: number): Bytes => {
  const before = heapUsed()
  const space = new PlainSpace()
  for (let i = 0; i < n; i++) {
    space.put(tuple(i))
  }
  const after = heapUsed()
  space.take(["job", 0, ANY])
  const indexed = heapUsed()
  space.take(["job", 1, ANY])
  return { plain: (after - before) / n, indexed: (indexed - before) / n }
}

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = sized(size, 1_000_000)
  const indexed: Record<"ours" | "index", Array<number>> = { ours: [], index: [] }
  const sample = (name: "ours" | "index", bytes: Bytes): number => {
    indexed[name].push(bytes.indexed)
    return bytes.plain
  }
  const plain = await compare(size, {
    ours: async () => sample("ours", await stored(n)),
    index: () => sample("index", floor(n))
  }, 0)
  const rows = (what: string, bytes: number, index: number): ReadonlyArray<Row> => {
    const row = { workload: "W8", what, unit: "B", ours: bytes }
    return [{ ...row, must: ["at most", 350], go: ["at most", 220] }, {
      ...row,
      floor: { name: "F-index", value: index }
    }]
  }
  return [
    ...rows("a tuple, no index", plain.ours, plain.index),
    ...rows("a tuple, one index", median(indexed.ours), median(indexed.index))
  ]
}
