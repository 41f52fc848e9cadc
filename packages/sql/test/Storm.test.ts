import { describe, it } from "@effect/vitest"
import { faults } from "../storm/faults.js"
import type { Engine } from "../storm/orders.js"
import { storm } from "../storm/storm.js"
import { same } from "./kit.js"

// A short round of what `npm run storm` does for as long as one likes. LINDA_STORM=1 for another.
const seed = Number(process.env["LINDA_STORM"] ?? 17)

/** A test mounts nothing. */
const harmless = Object.keys(faults).filter((name) => name !== "full")

const round = (engine: Engine, seconds: number) => async (): Promise<void> => {
  const { problems } = await storm({
    engine,
    seed,
    minutes: 0,
    processes: 3,
    round: seconds,
    faults: harmless,
    say: console.log
  })
  same(problems, [])
}

describe("S4 S5 S8 S9 S10 S12 S15 S17 a storm: nothing is lost, doubled, out of order, or waits for ever", () => {
  it("of programs that share a space in memory", round("memory", 1), 120_000)
  it("of clients of a store in memory", round("store", 1), 120_000)
  it("of processes that share a file", round("sqlite", 3), 120_000)
  it("of processes that share a server", round("postgres", 3), 120_000)
})
