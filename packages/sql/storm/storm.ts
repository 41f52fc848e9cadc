/**
 * A storm: programs in several processes share a space, while these are killed, stopped and cut off and the store fails
 * them in every way there is. Round after round; after each it is known where every tuple is, and whether all that
 * happened can have happened.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundle } from "../test/bundle.js"
import * as Arenas from "./arena.js"
import { possible } from "./faults.js"
import type { Engine, Resources } from "./orders.js"
import { Problem, Slot, within } from "./processes.js"
import { explain, table } from "./report.js"
import type { Outcome, Round } from "./round.js"
import { go, run } from "./round.js"

export interface Options {
  readonly engine: Engine
  readonly seed: number
  readonly minutes: number
  readonly processes: number
  /** How long the faults of a round last, in seconds. */
  readonly round?: number
  /** All that the engine can have, if they are not given. */
  readonly faults?: ReadonlyArray<string> | undefined
  readonly say: (text: string) => void
}

export interface Result {
  /** What was wrong, with the history around it. */
  readonly problems: ReadonlyArray<string>
  readonly rounds: number
  readonly operations: number
  readonly injected: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, number>>
}

/** By how much the first process may have grown: megabytes of heap, descriptors; and how large data may be. */
const limits = { heap: 24, descriptors: 16, resident: 600, data: 150 }

const add = (sum: Record<string, number>, counts: Readonly<Record<string, number>>): void =>
  Object.entries(counts).forEach(([name, count]) => {
    sum[name] = (sum[name] ?? 0) + count
  })

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

const median = (numbers: ReadonlyArray<number>): number =>
  [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0

export const storm = async (options: Options): Promise<Result> => {
  const { engine, faults, minutes, processes, round: seconds = 15, say, seed } = options
  const isAlone = engine === "memory" || engine === "store"
  const names = possible(engine, faults)
  const folder = mkdtempSync(join(tmpdir(), `linda-storm-${engine}-`))
  // inside the package, so that the bundle finds the drivers
  const scripts = mkdtempSync(join(import.meta.dirname, "..", "build-storm-"))
  const clean = () => rmSync(scripts, { recursive: true, force: true })
  process.once("exit", clean)
  const script = await bundle(scripts, new URL("child.ts", import.meta.url))
  const arena = await Arenas.open({
    engine,
    folder,
    processes: isAlone ? 1 : processes,
    hasDisk: names.includes("full")
  })
  const chosen = names.filter((name) => name !== "full" || arena.disk !== undefined)
  say(`engine ${engine}, seed ${seed}, ${processes} processes, faults: ${chosen.join(", ")}`)
  if (chosen.length < names.length) {
    say("a full disk needs a file system of its own, which only root can mount: left out")
  }

  let current: Round | undefined
  const settings = { engine, lease: arena.lease, slots: isAlone ? 1 : processes, programs: isAlone ? processes : 1 }
  const slot = (index: number, place: Arenas.Place) =>
    new Slot(index, script, { ...settings, ...place }, (slot) => current === undefined ? undefined : go(current, slot))
  for (let index = 0; index < settings.slots; index++) {
    arena.slots.push(slot(index, arena.placeOf(index)))
  }
  const watcher = isAlone
    ? arena.slots[0]!
    : new Slot(99, script, { ...settings, ...arena.watchplace }, () => undefined)
  const all = isAlone ? arena.slots : [...arena.slots, watcher]
  all.forEach((each) => each.start())

  const injected: Record<string, number> = {}
  const counts: Record<string, number> = {}
  const problems: Array<string> = []
  const elder: Array<Resources> = []
  let operations = 0
  let rounds = 0
  let longest = 0
  let sizes = { data: 0, backends: 0 }
  const accuse = (problem: Problem, outcome?: Outcome) => problems.push(explain(problem, outcome?.history ?? []))
  const end = performance.now() + minutes * 60_000
  do {
    const number = ++rounds
    current = { number, seed, millis: seconds * 1_000, faults: chosen, folder: join(folder, `round-${number}`) }
    const outcome = await run(arena, watcher, current).catch((error) => void problems.push(String(error)))
    current = undefined
    if (outcome === undefined) {
      break
    }
    add(injected, outcome.injected)
    add(counts, outcome.counts)
    operations += outcome.operations
    longest = Math.max(longest, outcome.rest)
    outcome.problems.slice(0, 5).forEach((problem) => accuse(problem, outcome))
    if (outcome.problems.length > 5) {
      problems.push(`and ${outcome.problems.length - 5} more`)
    }
    if (outcome.resources[0] !== undefined) {
      elder.push(outcome.resources[0])
    }
    if (problems.length === 0) {
      sizes = await arena.sizes()
      bounds({ arena, resources: outcome.resources, sizes, clients: all.length }).forEach((problem) => accuse(problem))
    }
    say(
      `round ${number}: ${outcome.operations} operations, ${sumOf(outcome.injected)} faults, ` +
        `at rest after ${Math.round(outcome.rest)} ms; heap ${elder.at(-1)?.heap.toFixed(1)} MB, ` +
        `${elder.at(-1)?.descriptors} descriptors, data ${sizes.data.toFixed(1)} MB, ${sizes.backends} backends`
    )
  } while (problems.length === 0 && performance.now() < end)

  const third = Math.floor(elder.length / 3)
  if (third > 0) {
    const [first, final] = [elder.slice(0, third), elder.slice(-third)]
    const grown = (of: keyof Resources) => median(final.map((each) => each[of])) - median(first.map((each) => each[of]))
    say(
      `the first process: ${grown("heap").toFixed(1)} MB of heap and ${
        grown("descriptors")
      } descriptors more at the end`
    )
    if (grown("heap") > limits.heap || grown("descriptors") > limits.descriptors) {
      accuse(new Problem("the first process has grown without bound"))
    }
  }
  if (problems.length === 0) {
    for (const each of all) {
      await each.end(40 * arena.lease).catch((error) => problems.push(String(error)))
    }
  } else {
    await Promise.all(all.map((each) => each.kill().catch(() => {})))
  }
  say(table("faults:", injected))
  say(table("checked:", counts))
  say(
    `${rounds} rounds, ${operations} operations; at rest at the latest ${Math.round(longest)} ms after the last fault`
  )
  if (problems.length > 0) {
    if (arena.sqlite !== undefined) {
      keep(arena.sqlite.filename, folder)
    }
    say(`seed ${seed}, round ${rounds}: ${problems.join("\n\n")}\n\nthe files are in ${folder}`)
  }
  await within(arena.close(), 30_000, "the arena closes")
  process.off("exit", clean)
  clean()
  if (problems.length === 0) {
    rmSync(folder, { recursive: true, force: true })
  }
  return { problems, rounds, operations, injected, counts }
}

/** The small disk is gone soon. */
const keep = (filename: string, folder: string): void => {
  mkdirSync(join(folder, "kept"), { recursive: true })
  for (const suffix of ["", "-wal"]) {
    try {
      cpSync(`${filename}${suffix}`, join(folder, "kept", `space.db${suffix}`))
    } catch {
      // there may be none
    }
  }
}

/** What must not grow, whatever the number of rounds. */
const bounds = ({ arena, clients, resources, sizes }: {
  readonly arena: Arenas.Arena
  readonly clients: number
  readonly resources: ReadonlyArray<Resources>
  readonly sizes: { readonly data: number; readonly backends: number }
}): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const most = Math.max(...resources.map(({ resident }) => resident))
  if (most > limits.resident) {
    problems.push(new Problem(`a process has ${most.toFixed(0)} MB`))
  }
  if (sizes.data > limits.data) {
    problems.push(new Problem(`the data has ${sizes.data.toFixed(0)} MB, though there is nothing in it`))
  }
  // one may be on its way out
  if (arena.engine === "postgres" && sizes.backends > 2 * clients) {
    problems.push(new Problem(`there are ${sizes.backends} backends for ${clients} clients`))
  }
  return problems
}
