/**
 * Commands that are sent together: neighbours that say the same are one, whose reply is shared out again.
 *
 * @internal
 */
import * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Reply } from "../../SpaceStore.js"
import { sameQueries } from "./query.js"

/** A command, and who wants to know what it came to. */
export interface Asked {
  readonly command: Command
  readonly done: (exit: Exit.Exit<Reply, SpaceError>) => void
}

/** A command for several items. */
export interface Batch {
  readonly command: Command
  readonly distribute: (reply: Reply) => void
}

/** Neighbours that say the same become one command: they are done at once. */
export const batchesOf = (items: ReadonlyArray<Asked>): ReadonlyArray<Batch> => {
  const batches: Array<Batch> = []
  for (let i = 0; i < items.length;) {
    const { command: first, done } = items[i]!
    const parts: Array<number> = [lengthOf(first)]
    const dones = [done]
    const merged: Array<Command> = [first]
    let j = i + 1
    for (; j < items.length && mayMerge(first, items[j]!.command); j++) {
      merged.push(items[j]!.command)
      parts.push(lengthOf(items[j]!.command))
      dones.push(items[j]!.done)
    }
    batches.push({
      command: merged.length === 1 ? first : merge(merged),
      distribute: merged.length === 1
        ? (reply) => done(Exit.succeed(reply))
        : (replies) => {
          let start = 0
          dones.forEach((done, index) => {
            done(Exit.succeed(replies.slice(start, start + parts[index]!)))
            start += parts[index]!
          })
        }
    })
    i = j
  }
  return batches
}

const lengthOf = (command: Command): number =>
  command.op === "put" ? command.rows.length : "holds" in command ? command.holds.length : 0

const mayMerge = (one: Command, other: Command): boolean => {
  switch (one.op) {
    case "put":
      return other.op === "put"
    case "take":
      return other.op === "take" && one.limit === 1 && other.limit === 1 && one.wait === other.wait &&
        one.final === other.final && sameQueries(one.queries, other.queries)
    case "settle":
      return other.op === "settle" && one.how === "gone" && other.how === "gone" && one.put.length === 0 &&
        other.put.length === 0
    default:
      return false
  }
}

const merge = (commands: ReadonlyArray<any>): Command => {
  const [first] = commands
  return first.op === "put"
    ? { ...first, rows: commands.flatMap(({ rows }) => rows) }
    : { ...first, holds: commands.flatMap(({ holds }) => holds) }
}
