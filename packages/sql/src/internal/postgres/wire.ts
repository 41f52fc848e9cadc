/**
 * Commands on their way to the function that does a batch, and what comes back.
 *
 * @internal
 */
import type {
  Command,
  Found,
  Mail,
  Outcome,
  Query,
  Replies,
  Reply,
  Row,
  ScheduledRow
} from "@effect-linda/core/StoreCommand"
import { anchorOf, shortLineOf } from "../anchors.js"
import { lean } from "../rows.js"

const anchorsOf = (queries: ReadonlyArray<Query>) =>
  queries.map((query) => {
    const { hash, mask } = anchorOf(query)
    return [mask, hash]
  })

/** The line of those about whom the server decides. */
const lineOf = (kind: "in" | "rd", queries: ReadonlyArray<Query>): string =>
  shortLineOf({ kind, queries, exact: true, line: 0 }, "")

const wired = (command: Command) =>
  command.op === "put"
    ? { op: command.op, rows: command.rows.map(lean) }
    : command.op === "schedule"
    ? { op: command.op, rows: command.rows.map((row) => ({ ...lean(row), after: row.after, at: row.at })) }
    : command.op === "settle" && command.put.length > 0
    ? { ...command, put: command.put.map(lean) }
    : (command.op === "take" || command.op === "read") && command.wait !== null
    ? {
      ...command,
      anchors: anchorsOf(command.queries),
      line: lineOf(command.op === "take" ? "in" : "rd", command.queries)
    }
    : command.op === "wait"
    ? { ...command, anchors: anchorsOf(command.queries) }
    : command

export const encode = (commands: ReadonlyArray<Command>): string => JSON.stringify(commands.map(wired))

type RowWire = readonly [
  id: number,
  arity: number,
  shape: string,
  fields: ReadonlyArray<string>,
  keys: ReadonlyArray<number | null>,
  expires: number | null,
  lease: number | null,
  meta: string | null,
  attempts: number,
  token?: number
]

const rowOf = ([id, arity, shape, fields, keys, expires, lease, meta, attempts, token]: RowWire): Row => ({
  id,
  arity,
  shape,
  fields,
  keys: keys.filter((key) => key !== null),
  expires,
  lease,
  meta,
  attempts,
  ...(token === undefined ? {} : { token })
})

type ScheduledWire = readonly [
  id: number,
  arity: number,
  shape: string,
  fields: ReadonlyArray<string>,
  keys: ReadonlyArray<number | null>,
  due: number,
  ttl: number | null,
  meta: string | null,
  attempts: number,
  priority: number
]

const scheduledOf = (
  [lease, arity, shape, fields, keys, due, ttl, meta, attempts, priority]: ScheduledWire
): ScheduledRow => ({
  lease,
  arity,
  shape,
  fields,
  keys: keys.filter((key) => key !== null),
  due,
  ttl,
  meta,
  attempts,
  priority
})

type FoundWire = readonly [index: number, rows: ReadonlyArray<RowWire>] | null

const foundOf = (found: FoundWire): Found | null =>
  found === null ? null : { index: found[0], rows: found[1].map(rowOf) }

/** Replies as they come: those with rows are in another form than they are given. */
interface RepliesWire extends Omit<Replies, "claim" | "held" | "read" | "scan" | "scheduled" | "take"> {
  readonly take: ReadonlyArray<FoundWire>
  readonly read: FoundWire
  readonly scan: ReadonlyArray<RowWire>
  readonly held: ReadonlyArray<RowWire>
  readonly claim: ReadonlyArray<RowWire> | null
  readonly scheduled: ReadonlyArray<ScheduledWire>
}

type ReplyWire = RepliesWire[keyof RepliesWire]

const replyOf = (command: Command, reply: ReplyWire): Reply => {
  switch (command.op) {
    case "take":
      return (reply as RepliesWire["take"]).map(foundOf)
    case "read":
      return foundOf(reply as RepliesWire["read"])
    case "scan":
    case "held":
      return (reply as RepliesWire["held"]).map(rowOf)
    case "scheduled":
      return (reply as RepliesWire["scheduled"]).map(scheduledOf)
    case "claim":
      return (reply as RepliesWire["claim"])?.map(rowOf) ?? null
    default:
      return reply as Reply<typeof command>
  }
}

type MailWire = readonly [
  waiter: number,
  kind: Mail["kind"],
  index: number,
  row: RowWire,
  final: boolean,
  event: Mail["event"],
  from: number | null
]

export interface OutcomeWire {
  readonly replies: ReadonlyArray<ReplyWire>
  readonly mail: ReadonlyArray<MailWire>
  readonly next: number | null
}

export const decode = (commands: ReadonlyArray<Command>, { mail, next, replies }: OutcomeWire): Outcome => ({
  replies: replies.map((reply, index) => replyOf(commands[index]!, reply)),
  mail: mail.map(([waiter, kind, index, row, final, event, from]): Mail => ({
    waiter,
    kind,
    index,
    row: rowOf(row),
    final,
    event,
    from
  })),
  next
})
