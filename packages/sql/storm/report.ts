/** What a storm says of itself. */
import type { Operation } from "./log.js"
import type { Problem } from "./processes.js"

/** Names and how often, in as many columns as fit. */
export const table = (title: string, counts: Readonly<Record<string, number>>): string => {
  const rows = Object.entries(counts).map(([name, count]) => [name, count.toLocaleString("en-US")] as const)
  const width = Math.max(...rows.map(([name, count]) => name.length + count.length), 0) + 2
  return [
    title,
    ...rows.map(([name, count]) => `  ${name}${" ".repeat(width - name.length - count.length)}${count}`)
  ].join("\n")
}

/** How many lines of a history are shown, and how much of each. */
const limits = { lines: 60, columns: 200 }

/** Microseconds before and after, in which faults have to do with something. */
const around = 3_000_000

const lineOf = (base: number) => ({ end, name, outcome, start, subject, value, who }: Operation): string => {
  const at = (time: number) => time === Infinity ? "" : ((time - base) / 1000).toFixed(1)
  return `${at(start)}-${at(end)} ms  ${who}  ${name} ${JSON.stringify(subject)}: ${outcome} ${JSON.stringify(value)}`
    .slice(0, limits.columns)
}

/** What is wrong, and the part of the history that has to do with it. */
export const explain = ({ about, what }: Problem, history: ReadonlyArray<Operation>): string => {
  const base = history[0]?.start ?? 0
  const isAbout = (operation: Operation) => {
    const text = JSON.stringify([operation.who, operation.name, operation.subject, operation.value])
    return about.some((each) => new RegExp(`(?<![\\d.])${String(each).replaceAll(".", "\\.")}(?![\\d.])`).test(text))
  }
  const chosen = history.filter(isAbout)
  const isNear = ({ end, start }: Operation) =>
    chosen.some((each) => start < Math.min(each.end, each.start + around) + around && end > each.start - around)
  const shown = history.filter((operation) =>
    chosen.includes(operation) || operation.name.startsWith("fault") && (about.length === 0 || isNear(operation))
  )
  const lines = shown.slice(0, limits.lines).map(lineOf(base))
  return [what, ...lines.map((line) => `  ${line}`)].join("\n")
}
