/** Tuples of four lengths with one first field, among others, and a take that leaves their lengths open. */
import { Pattern as P } from "@effect-linda/core"
import type { Stored } from "./stored.js"

const others = 10

export const rests: Stored = {
  workload: "D9",
  tuple: (i) => [i % others === 0 ? "other" : "job", ...Array.from({ length: i % 4 }, () => i)],
  looks: {
    "`[\"job\", P.rest(P.any)]`": (space) => space.inp(["job", P.rest(P.any)]),
    "a rest behind a field that none has": (space) => space.inp(["nothing", P.rest(P.any)])
  }
}
