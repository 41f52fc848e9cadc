/** W22: `rdp` by literals of every kind that are much alike, among few and many tuples: the price must not grow. */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Effect } from "effect"
import type { Size } from "../measure.js"
import { compare, each, run, sized, timed } from "../measure.js"
import type { Row } from "../report.js"

const long = Array.from({ length: 40 }, () => 0)

/** Texts that share a hash wherever that is a polynomial by 31: one for each number of 20 bits. */
const colliding = (i: number): string => Array.from({ length: 20 }, (_, bit) => i & (1 << bit) ? "Aa" : "BB").join("")

const symbols = new Map<number, symbol>()
const symbolOf = (i: number): symbol => {
  const known = symbols.get(i) ?? Symbol()
  symbols.set(i, known)
  return known
}

const bytes = (i: number): Uint8Array => {
  const made = new Uint8Array(400)
  made[200] = i
  made[201] = i >> 8
  made[202] = i >> 16
  return made
}

const kinds: ReadonlyArray<readonly [name: string, make: (i: number) => unknown]> = [
  ["numbers", (i) => i],
  ["objects that differ four levels deep", (i) => ({ a: { b: { c: { d: i } } } })],
  ["arrays that differ behind the 16th member", (i) => [...long, i]],
  ["bytes that differ in the middle", bytes],
  ["symbols of one description", symbolOf],
  ["keys that are symbols", (i) => ({ [symbolOf(i)]: 1 })],
  ["texts that collide elsewhere", colliding]
]

const looking = (
  space: TupleSpace.TupleSpace,
  n: number,
  looks: number,
  make: (i: number) => unknown
): Promise<number> =>
  run(Effect.map(timed(each(looks, (i) => space.rdp(["k", P.literal(make(i % n)), P.any]))), (ms) => 1000 * ms / looks))

/** Microseconds for a look-up. */
const price = (size: Size, n: number, make: (i: number) => unknown): Promise<number> =>
  run(Effect.gen(function*() {
    const space = yield* TupleSpace.make()
    yield* each(n, (i) => space.out(["k", make(i), i]))
    const looks = Math.min(n, sized(size, 20_000))
    return (yield* Effect.promise(() => compare(size, { look: () => looking(space, n, looks, make) }, 2))).look
  }))

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  const [few, many] = [sized(size, 1000), sized(size, 100_000)]
  for (const [name, make] of kinds) {
    rows.push({
      workload: "W22",
      what: `a look-up by ${name}, N = ${many.toLocaleString("en-US")} against ${few.toLocaleString("en-US")}`,
      unit: "µs",
      ours: await price(size, many, make),
      floor: { name: "ours", value: await price(size, few, make) },
      must: ["at most", 2],
      go: ["at most", 1.2]
    })
  }
  return rows
}
