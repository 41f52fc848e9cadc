/** `npm run storm -- --engine sqlite|postgres|store|memory --minutes 30 --seed 1 --processes 4 --faults kill,stop` */
import { parseArgs } from "node:util"
import { faults } from "./faults.js"
import type { Engine } from "./orders.js"
import { storm } from "./storm.js"

const engines: ReadonlyArray<Engine> = ["memory", "store", "sqlite", "postgres"]

const { values } = parseArgs({
  options: {
    engine: { type: "string", multiple: true },
    minutes: { type: "string", default: "1" },
    seed: { type: "string" },
    processes: { type: "string", default: "4" },
    round: { type: "string", default: "15" },
    faults: { type: "string" }
  }
})

const numberOf = (name: string, text: string): number => {
  const number = Number(text)
  if (!(number > 0)) {
    throw new Error(`--${name} ${text}: a number above 0 is needed`)
  }
  return number
}

/** Refuses a name that means nothing. */
const known = <A extends string>(name: string, given: ReadonlyArray<string>, all: ReadonlyArray<A>): ReadonlyArray<A> =>
  given.map((each) => {
    const found = all.find((one) => one === each)
    if (found === undefined) {
      throw new Error(`--${name} ${each}: there are ${all.join(", ")}`)
    }
    return found
  })

// so that what has to be done at the exit is done
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => process.exit(1))
}

const { engine, faults: chosen, minutes, processes, round, seed } = values
for (const each of known("engine", engine ?? engines, engines)) {
  const { problems } = await storm({
    engine: each,
    seed: seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(seed),
    minutes: numberOf("minutes", minutes),
    processes: numberOf("processes", processes),
    round: numberOf("round", round),
    faults: chosen === undefined ? undefined : known("faults", chosen.split(","), Object.keys(faults)),
    say: (text) => console.log(text)
  })
  if (problems.length > 0) {
    process.exitCode = 1
  }
}
