/** W3: as W2 at 100k, but by a literal in the last field only: `[any, any, id]`. */
import type { Size } from "../measure.js"
import { compare, sized } from "../measure.js"
import type { Row } from "../report.js"
import { fx, ours } from "../subjects.js"
import { takes } from "./W2.js"

export const measure = async (size: Size): Promise<ReadonlyArray<Row>> => {
  const n = sized(size, 100_000)
  const rates = await compare(size, {
    ours: () => takes(ours, n, 1, (i) => [ours.any, ours.any, `payload-${i}`]),
    byKey: () => takes(ours, n, 1, (i) => ["job", i, ours.any]),
    fx: () => takes(fx, n, 1, (i) => [fx.any, fx.any, `payload-${i}`])
  })
  const row = { workload: "W3", what: "a take by the last field", unit: "µs", ours: 1e6 / rates.ours }
  return [
    { ...row, floor: { name: "ours, W2", value: 1e6 / rates.byKey }, must: ["at most", 1.3], go: ["at most", 1] },
    { ...row, floor: { name: "F-fx", value: 1e6 / rates.fx } }
  ]
}
