/**
 * The commands that show what is going on: top, waiters, explain.
 *
 * @internal
 */
import * as Query from "@effect-linda/core/Query"
import type { Explanation, Inspection } from "@effect-linda/core/TupleSpace"
import * as Args from "@effect/cli/Args"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { define } from "../define.js"
import { readAll, soon, withSpace } from "../given.js"
import * as options from "../options.js"
import { columns, isTerminal, paint, rows, write, writeTable } from "../output.js"
import { patternOf } from "../pattern.js"
import { parse } from "../syntax.js"
import type { Cell, Paint } from "../table.js"
import { durationOf, inert, table } from "../table.js"
import { jsonOf } from "../values.js"

const head = (...texts: ReadonlyArray<string>): ReadonlyArray<Cell> =>
  texts.map((text) => ({ text, colour: "dim" as const }))

const age = (millis: number | undefined): Cell => ({
  text: millis === undefined ? "" : durationOf(millis),
  right: true
})

const number = (value: number | string): Cell => ({ text: String(value), right: true })

/** How many tuples of a shape came or went in a second, since the inspection before. */
type Changes = ReadonlyMap<string, number>

/** What `top` shows. */
export const screenOf = (
  space: string,
  { expiring, failures, held, holders = [], interests, oldest = [], scheduled, tuples }: Inspection,
  changes: Changes | undefined,
  paint: Paint,
  width = Infinity,
  height = Infinity
): string => {
  const ages = new Map(oldest.map(({ age, shape }) => [shape, age]))
  const total = tuples.reduce((sum, { count }) => sum + count, 0)
  const facts = [
    `${total} tuples`,
    `${held} held`,
    `${interests.length} waiting`,
    ...(scheduled !== undefined && scheduled.count > 0 ? [`${scheduled.count} to come`] : []),
    ...(expiring !== undefined && expiring.count > 0 ? [`${expiring.count} with a ttl`] : []),
    ...(failures > 0 ? [`${failures} failures`] : [])
  ]
  const sorted = [...tuples].sort((one, other) => other.count - one.count)
  const parts = [
    `${paint("bold", inert(space))}  ${facts.join("  ")}\n`,
    ...(sorted.length === 0 ? [] : [table(
      [
        head("TUPLES", ...(changes === undefined ? [] : ["CHANGE/S"]), "OLDEST", "SHAPE"),
        ...sorted.map(({ count, shape }) => [
          number(count),
          ...(changes === undefined ? [] : [number(signed(changes.get(shape) ?? 0))]),
          age(ages.get(shape)),
          { text: inert(shape), colour: "green" as const }
        ])
      ],
      paint,
      width
    )]),
    ...(interests.length === 0 ? [] : [table(rowsOfWaiters(interests), paint, width)]),
    ...(holders.length === 0 ? [] : [table(
      [
        head("HELD", "SINCE", "LAPSES", "BY"),
        ...holders.map(({ age: since, client, count, fiber, lapses, process }) => [
          number(count),
          age(since),
          age(lapses),
          { text: process ?? fiber ?? `client ${client}` }
        ])
      ],
      paint,
      width
    )])
  ]
  const lines = parts.join("\n").split("\n")
  return lines.length > height
    ? [...lines.slice(0, Math.max(1, height - 2)), paint("dim", "…"), ""].join("\n")
    : parts.join("\n")
}

const signed = (change: number): string => `${change > 0 ? "+" : ""}${change.toFixed(1)}`

const rowsOfWaiters = (interests: Inspection["interests"]): ReadonlyArray<ReadonlyArray<Cell>> => [
  head("WAITS", "OPERATION", "PATTERN"),
  ...interests.map(({ age: since, kind, patterns, process }) => [
    age(since),
    { text: kind, colour: "blue" as const },
    { text: inert(`${patterns.join("  ")}${process === undefined ? "" : `  (${process})`}`) }
  ])
]

const changesOf = (before: Inspection, now: Inspection, seconds: number): Changes => {
  const counts = new Map(before.tuples.map(({ count, shape }) => [shape, count]))
  return new Map(now.tuples.map(({ count, shape }) => [shape, (count - (counts.get(shape) ?? 0)) / seconds]))
}

const clear = "\u001b[H\u001b[2J"

/** The screen that a full-screen program gets, and the one that was there before. */
const alternate = Effect.acquireRelease(
  write("\u001b[?1049h\u001b[?25l"),
  () => Effect.ignore(write("\u001b[?25h\u001b[?1049l"))
)

export const top = define(
  "top",
  "Shows what is in the space, who waits and who holds: live in a terminal, and once in a pipe",
  { space: options.space, json: options.json, every: options.every },
  ({ every, json, space: address }) => {
    const pause = Option.getOrElse(every, () => Duration.seconds(1))
    return withSpace({ space: address, ...(isTerminal() ? {} : soon) }, (space) =>
      json
        ? Effect.flatMap(space.inspect, (inspection) => write(`${jsonOf(inspection)}\n`))
        : !isTerminal()
        ? Effect.flatMap(space.inspect, (inspection) => write(screenOf(address, inspection, undefined, paint)))
        : Effect.scoped(Effect.gen(function*() {
          yield* alternate
          let before: Inspection | undefined
          while (true) {
            const now: Inspection = yield* space.inspect
            const changes = before === undefined ? undefined : changesOf(before, now, Duration.toSeconds(pause))
            yield* write(clear + screenOf(address, now, changes, paint, columns(), rows()))
            before = now
            yield* Effect.sleep(pause)
          }
        })))
  }
)

export const waiters = define(
  "waiters",
  "Shows who waits, for what and since when: the longest first",
  { space: options.space, json: options.json },
  ({ json, space }) =>
    withSpace({ space, ...soon }, (space) =>
      Effect.flatMap(space.inspect, ({ interests }) =>
        json || !isTerminal()
          ? write(interests.map((interest) => `${jsonOf(interest)}\n`).join(""))
          : interests.length === 0
          ? write("nobody waits\n")
          : writeTable(rowsOfWaiters(interests))))
)

const explained = ({ candidates, lookups, plan }: Explanation): string => {
  const found = lookups.map(({ arity, candidates, isBuilt, positions }) =>
    positions.length === 0
      ? `looks at all ${candidates} tuples of ${arity} fields`
      : `looks up ${positions.length === 1 ? "field" : "fields"} ${positions.join(", ")} of the tuples of ${arity} ` +
        `fields${isBuilt ? "" : ", by an index that is still to be built"}: ${candidates} candidates`
  )
  const order = (plan ?? []).map(({ by, candidates, member, role }, index) =>
    `${index + 1}. pattern ${member}${role === undefined || role === "take" ? "" : ` (${role})`}: ${candidates} ` +
    `candidates${by.length === 0 ? "" : `, looked up by ${by.map((name) => `?${name}`).join(", ")}`}`
  )
  const lines = [...found, ...order]
  return `${lines.length === 0 ? "no tuple can match: there is none of that many fields" : lines.join("\n")}\n` +
    `${candidates} candidates in all\n`
}

export const explain = define(
  "explain",
  "Says how the tuples of patterns would be found",
  {
    space: options.space,
    json: options.json,
    patterns: Args.text({ name: "pattern" }).pipe(
      Args.withDescription("A pattern; several are a join"),
      Args.atLeast(1)
    )
  },
  ({ json, patterns, space }) =>
    Effect.flatMap(readAll(patterns, parse), (nodes) =>
      withSpace({ space, ...soon }, (space) =>
        Effect.flatMap(
          space.explain(nodes.length === 1 ? patternOf(nodes[0]!) : Query.all(nodes.map(patternOf))),
          (explanation) => write(json ? `${jsonOf(explanation)}\n` : explained(explanation))
        )))
)
