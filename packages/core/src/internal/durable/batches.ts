/**
 * Commands that are sent together: no more than a store can swallow at once. Neighbours that say the same are one
 * command, whose reply is shared out again.
 *
 * @internal
 */
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, NewRow, Put, Query, Reply, Schedule, Settle, Take } from "../../StoreCommand.js"
import { sameQueries } from "./query.js"

/** A command, and who wants to know what it came to. */
export interface Asked {
  readonly command: Command
  done(exit: Exit.Exit<Reply, SpaceError>): void
}

/** A command for several items. */
export interface Batch {
  readonly command: Command
  /** A method, as that of an item: it is given the reply to its command. */
  distribute(reply: Reply): void
}

/** Neighbours that say the same become one command: they are done at once. */
export const batchesOf = (items: ReadonlyArray<Asked>): ReadonlyArray<Batch> => {
  const batches: Array<Batch> = []
  let i = 0
  while (i < items.length) {
    const first = items[i]!
    const merged = [first]
    i++
    for (; i < items.length && mayMerge(first.command, items[i]!.command); i++) {
      merged.push(items[i]!)
    }
    batches.push(
      merged.length === 1
        ? { command: first.command, distribute: (reply) => first.done(Exit.succeed(reply)) }
        : {
          command: merge(merged.map(({ command }) => command)),
          distribute: (replies: Reply<Put | Schedule | Settle | Take>) => {
            let start = 0
            for (const item of merged) {
              const end = start + lengthOf(item.command)
              item.done(Exit.succeed(replies.slice(start, end)))
              start = end
            }
          }
        }
    )
  }
  return batches
}

const lengthOf = (command: Command): number =>
  command.op === "put" || command.op === "schedule"
    ? command.rows.length
    : "holds" in command
    ? command.holds.length
    : 0

const mayMerge = (one: Command, other: Command): boolean => {
  switch (one.op) {
    case "put":
      return other.op === "put"
    case "schedule":
      return other.op === "schedule"
    case "take":
      return other.op === "take" && one.limit === 1 && other.limit === 1 && one.wait === other.wait &&
        one.final === other.final && sameQueries(one.queries, other.queries)
    case "settle":
      return other.op === "settle" && isGoing(one) && isGoing(other)
    default:
      return false
  }
}

/** Whether nothing is left of a hold, and nothing in its place. */
export const isGoing = ({ how, ids, put }: Settle): boolean => how === "gone" && ids === null && put.length === 0

const merge = (commands: ReadonlyArray<Command>): Command => {
  const first = commands[0]!
  switch (first.op) {
    case "put":
      return { ...first, rows: commands.flatMap((command) => command.op === "put" ? command.rows : []) }
    case "schedule":
      return { ...first, rows: commands.flatMap((command) => command.op === "schedule" ? command.rows : []) }
    case "take":
    case "settle":
      return { ...first, holds: commands.flatMap((command) => "holds" in command ? command.holds : []) }
    default:
      return first
  }
}

/** So many characters go in a batch, or one command: more is more than some stores, and the memory here, can have. */
export const room = 2 ** 24

/** How much a command adds to a batch, in characters: of the fields in it, since nothing else is ever large. */
export const sizeOf = (command: Command): number => {
  let size = 0
  for (const { fields } of rowsIn(command)) {
    for (const { length } of fields) {
      size += length
    }
  }
  for (const { literals } of queriesIn(command)) {
    for (const { text } of literals) {
      size += text.length
    }
  }
  return size
}

const rowsIn = (command: Command): ReadonlyArray<Pick<NewRow, "fields">> =>
  "rows" in command ? command.rows : "put" in command ? command.put : []

const queriesIn = (command: Command): ReadonlyArray<Query> =>
  "queries" in command ? command.queries : "query" in command ? [command.query] : []
