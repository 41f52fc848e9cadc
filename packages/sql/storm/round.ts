/** One round: programs run while faults happen; then the faults stop, everybody comes to rest, and is judged. */
import { existsSync, mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { Arena } from "./arena.js"
import { patiently } from "./arena.js"
import { Chance, seedOf } from "./chance.js"
import { judge } from "./checks.js"
import type { Event } from "./faults.js"
import { faults, schedule } from "./faults.js"
import type { Operation } from "./log.js"
import { now, read } from "./log.js"
import type { Found, Order, Resources } from "./orders.js"
import type { Slot } from "./processes.js"
import { Problem, sleep, within } from "./processes.js"
import { answers, farewell, provisions } from "./programs.js"

/** How long, in leases, after the last fault until everybody is served and at rest. Far more than it should take. */
const bound = 40

export interface Round {
  readonly number: number
  readonly seed: number
  readonly millis: number
  readonly faults: ReadonlyArray<string>
  /** Where the logs are. They are gone when the round is judged and nothing is wrong. */
  readonly folder: string
}

export interface Outcome {
  readonly injected: Record<string, number>
  readonly counts: Record<string, number>
  readonly problems: ReadonlyArray<Problem>
  /** The history of the round, faults too, in the order of time. */
  readonly history: ReadonlyArray<Operation>
  /** How many operations ended well. */
  readonly operations: number
  /** Milliseconds from the end of the faults until nothing waited, was held or ran. */
  readonly rest: number
  readonly resources: ReadonlyArray<Resources>
}

/** Where a process writes down what it does in this life of it. */
const logOf = ({ folder }: Round, { who }: Slot): string => join(folder, `${who}.log`)

/** What a process is told at the beginning of a round, and a new one in the midst of it. */
export const go = (round: Round, slot: Slot): Order => ({
  order: "go",
  seed: seedOf(round.seed, round.number),
  log: logOf(round, slot)
})

/** Everything that the schedule says, at its time; on one process, and on the store, one thing after the other. */
const inject = async (
  arena: Arena,
  round: Round,
  note: (fault: Operation) => void
): Promise<ReadonlyArray<Problem>> => {
  const { lease, slots } = arena
  const events = schedule(round.faults, {
    chance: new Chance(seedOf(round.seed, round.number, 1)),
    lease,
    millis: round.millis,
    processes: slots.length
  })
  const problems: Array<Problem> = []
  const lanes = new Map<number, Promise<void>>()
  const start = performance.now()
  for (const event of events) {
    await sleep(event.at - (performance.now() - start))
    const lane = faults[event.name]!.to === "store" ? -1 : event.slot
    const before = lanes.get(lane) ?? Promise.resolve()
    lanes.set(
      lane,
      before.then(() => strike(arena, event, note)).catch((error) => {
        problems.push(error instanceof Problem ? error : new Problem(`fault ${event.name}: ${error}`, ["fault"]))
      })
    )
  }
  await sleep(round.millis - (performance.now() - start))
  await within(Promise.all(lanes.values()), 2 * bound * lease, "all faults are over").catch((error) => {
    problems.push(error)
  })
  return problems
}

const strike = async (arena: Arena, event: Event, note: (fault: Operation) => void): Promise<void> => {
  const { to, inject } = faults[event.name]!
  const start = now()
  try {
    await inject(arena, event)
  } finally {
    const { degree, millis, name, slot } = event
    const subject = { ...to === "process" ? { slot } : {}, millis: Math.round(millis), degree }
    note({ who: "storm", name: `fault ${name}`, subject, start, end: now(), outcome: "ok", value: null })
  }
}

/** Nothing is left of any fault. */
const calm = async ({ postgres, slots, sqlite }: Arena): Promise<void> => {
  slots.forEach((slot) => slot.signal("SIGCONT"))
  postgres?.proxies.forEach((proxy) => {
    proxy.refuse(false)
    proxy.delay(0)
    proxy.mend()
  })
  // All programs of a file are meant to have one clock. Who was killed while its own was ahead would keep what it had
  // until then.
  sqlite?.endThoseAhead()
  if (postgres !== undefined) {
    await patiently(() => postgres.connect((client) => client.query("SELECT 1")))
  }
}

/** Waits until nothing is held and nobody waits, also none of the dead; and what has a time to live has had it. */
const still = async (watcher: Slot, millis: number): Promise<Found> => {
  const end = performance.now() + millis
  await sleep(500)
  for (;;) {
    const found = await watcher.ask({ order: "look" }) as Found
    if (found.held === 0 && found.waiting.length === 0) {
      return found
    }
    if (performance.now() > end) {
      throw new Problem(`${found.held} are held, and there wait: ${found.waiting.join("; ")}`)
    }
    await sleep(100)
  }
}

/**
 * Runs a round. What a process knows of others it knows by the space alone; `watcher` is one that no fault strikes, or
 * the only one.
 */
export const run = async (arena: Arena, watcher: Slot, round: Round): Promise<Outcome> => {
  const { engine, lease, slots } = arena
  mkdirSync(round.folder, { recursive: true })
  await within(watcher.ask({ order: "put", tuples: provisions }), bound * lease, "what a round begins with is put")
  const before = slots.map(({ life }) => life)
  const faultsSeen: Array<Operation> = []
  const problems: Array<Problem> = []
  const mayFail = async <A>(body: Promise<A>): Promise<A | undefined> => {
    try {
      return await body
    } catch (error) {
      problems.push(error instanceof Problem ? error : new Problem(String(error)))
      return undefined
    }
  }
  slots.forEach((slot) => void slot.ask(go(round, slot)).catch(() => {}))
  problems.push(...await inject(arena, round, (fault) => faultsSeen.push(fault)))

  const calmed = performance.now()
  await mayFail(calm(arena))
  const each = <A>(order: Order, what: string) =>
    mayFail(within(Promise.all(slots.map((slot) => slot.ask(order) as Promise<A>)), bound * lease, what))
  const calls = await each<ReadonlyArray<number>>({ order: "quiet" }, "all operations that were begun have ended")
  let resources: ReadonlyArray<Resources> = []
  let found: Found | undefined
  if (calls !== undefined) {
    // who waits is told once, and has to hear it
    await mayFail(watcher.ask({ order: "put", tuples: calls.flat().flatMap(answers) }))
    const isOver = each<Resources>({ order: "rest" }, "all who wait for what is there have been served").then((all) => {
      resources = all ?? []
    })
    const over = isOver.then(() => true)
    // a subscription may have been opened late, and one may have taken what was meant for another
    do {
      await mayFail(watcher.ask({ order: "put", tuples: farewell }))
    } while (!await Promise.race([over, sleep(500).then(() => false)]))
    found = problems.length > 0 ? undefined : await mayFail(still(watcher, bound * lease))
  }
  const rest = performance.now() - calmed

  const operations: Array<Operation> = []
  slots.forEach((slot, index) => {
    for (let life = before[index]!; life <= slot.life; life++) {
      const who = `${slot.index}.${life}`
      const path = join(round.folder, `${who}.log`)
      if (existsSync(path)) {
        operations.push(...read(path, who))
      }
    }
    problems.push(...slot.problems.splice(0))
  })
  problems.push(...watcher.problems.splice(0))
  const injected = tallied(faultsSeen.map(({ name }) => name.replace("fault ", "")))
  const verdict = found === undefined ? { counts: {}, problems: [] } : judge({
    engine,
    operations,
    tuples: found.tuples,
    hasClocks: "clock" in injected
  })
  problems.push(...verdict.problems)
  if (problems.length === 0) {
    const left = await mayFail(watcher.ask({ order: "clear" }))
    if (left !== 0 && left !== undefined) {
      problems.push(new Problem(`${left} tuples are left when all have been taken`))
    }
    rmSync(round.folder, { recursive: true })
  }
  return {
    injected,
    counts: verdict.counts,
    problems,
    history: [...operations, ...faultsSeen].sort((one, other) => one.start - other.start),
    operations: operations.filter(({ outcome }) => outcome === "ok").length,
    rest,
    resources
  }
}

export const tallied = (names: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of names) {
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
