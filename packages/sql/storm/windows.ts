/**
 * Operations of all processes on the few tuples of a short window of time: what they gave has to be linearizable.
 */
import { Pattern as P } from "@effect-linda/core"
import { History, Model } from "@effect-linda/testkit"
import type { Effect } from "effect"
import { Option } from "effect"
import type { Chance } from "./chance.js"
import type { Operation } from "./log.js"
import type { Space } from "./programs.js"

/** How long a window is, in microseconds. */
const length = 400_000

/** How many operations of a window are looked at, and how many of which nobody knows what they did: it is a search. */
const limits = { operations: 26, doubtful: 3 }

const tags = [
  "out",
  "out",
  "out",
  "in",
  "rd",
  "inp",
  "inp",
  "rdp",
  "count",
  "copyCollect",
  "inUpTo",
  "outIfAbsent"
] as const

/** An operation as data: of which window, on which value if not on any, and which it puts. */
interface Plain {
  readonly tag: typeof tags[number]
  readonly window: number
  readonly value: number | null
  readonly put: number
}

export const draw = (now: number, chance: Chance): Plain => ({
  tag: chance.oneOf(tags),
  window: Math.floor(now / length),
  value: chance.happens(0.3) ? chance.below(3) : null,
  put: chance.below(3)
})

const operationOf = ({ put, tag, value, window }: Plain): Model.Operation => {
  const pattern = ["window", window, value ?? P.number] as const
  const tuple = ["window", window, put] as const
  return tag === "out"
    ? { _tag: tag, tuple }
    : tag === "inUpTo"
    ? { _tag: tag, pattern, n: 2 }
    : tag === "outIfAbsent"
    ? { _tag: tag, pattern, tuple }
    : { _tag: tag, pattern }
}

/** Does it. What would wait does so for a while. */
export const perform = (space: Space, plain: Plain): Effect.Effect<unknown, unknown> => {
  const operation = operationOf(plain)
  return operation._tag === "in" || operation._tag === "rd"
    ? space[operation._tag](operation.pattern, { timeout: "150 millis" })
    : Model.perform(space, operation)
}

/** A result as it is written down, and read again. */
export const written = (result: unknown): unknown =>
  Option.isOption(result) ? { option: Option.toArray(result) } : result ?? null

const restored = (value: unknown): unknown =>
  value === null
    ? undefined
    : value instanceof Object && "option" in value && Array.isArray(value.option)
    ? Option.fromNullable(value.option[0])
    : value

const changes = (tag: Plain["tag"]): boolean =>
  tag !== "rd" && tag !== "rdp" && tag !== "count" && tag !== "copyCollect"

/** What a window has shown, if it is not too much to look at. */
const historyOf = (operations: ReadonlyArray<Operation>, final: ReadonlyArray<unknown>, window: number) => {
  // Who did not get anything and has changed nothing is of no interest. Who waited in vain may have held a tuple.
  const known = operations.filter(({ outcome, subject }) => outcome === "ok" || changes((subject as Plain).tag))
  const moments = known.flatMap(({ end, start }, index) => [
    { index, at: start, isEnd: false },
    { index, at: end, isEnd: true }
  ]).sort((one, other) => one.at === other.at ? Number(one.isEnd) - Number(other.isEnd) : one.at - other.at)
  const entries = known.map(({ outcome, subject, value }, index): History.Entry => {
    const at = (isEnd: boolean) => moments.findIndex((moment) => moment.index === index && moment.isEnd === isEnd)
    const isKnown = outcome === "ok"
    return {
      operation: operationOf(subject as Plain),
      start: at(false),
      end: isKnown ? at(true) : Infinity,
      result: isKnown ? Option.some(restored(value)) : Option.none()
    }
  })
  const last: History.Entry = {
    operation: { _tag: "copyCollect", pattern: ["window", window, P.number] },
    start: moments.length,
    end: moments.length + 1,
    result: Option.some(final)
  }
  return [...entries.sort((one, other) => one.start - other.start), last]
}

/** Which windows cannot have been, with their histories; how many were looked at, and how many were too large. */
export const check = (operations: ReadonlyArray<Operation>, stored: ReadonlyArray<ReadonlyArray<unknown>>) => {
  const windows = new Map<number, Array<Operation>>()
  for (const operation of operations) {
    const { window } = operation.subject as Plain
    windows.set(window, [...windows.get(window) ?? [], operation])
  }
  const wrong: Array<{ readonly window: number; readonly text: string }> = []
  let checked = 0
  for (const [window, all] of windows) {
    const history = historyOf(all, stored.filter((tuple) => tuple[1] === window), window)
    const certain = history.filter(({ operation, result }) => Option.isSome(result) || operation._tag !== "in")
    const isSmall = ({ length }: History.History, doubtful: number) =>
      length <= limits.operations && doubtful <= limits.doubtful
    const doubtfulOf = (entries: History.History) => entries.filter(({ result }) => Option.isNone(result)).length
    if (!isSmall(certain, doubtfulOf(certain))) {
      continue
    }
    checked++
    // Most who waited in vain have held nothing.
    if (Option.isSome(History.linearize(certain))) {
      continue
    }
    if (!isSmall(history, doubtfulOf(history) - 2)) {
      checked--
    } else if (Option.isNone(History.linearize(history))) {
      wrong.push({ window, text: History.format(history) })
    }
  }
  return { wrong, checked, tooLarge: windows.size - checked }
}
