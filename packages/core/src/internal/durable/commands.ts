/**
 * What each command of a batch does, by the tables of a store that is in this process. `StoreCommand` says what it
 * means.
 *
 * @internal
 */
import type { Command, Found, NewRow, Query, Replies, Row } from "../../StoreCommand.js"
import { beginning } from "../places.js"
import { isGoing } from "./batches.js"
import { type Delivery, offered, type Putting } from "./delivery.js"

type Commands = {
  readonly [Op in keyof Replies]: (space: Delivery, command: Extract<Command, { readonly op: Op }>) => Replies[Op]
}

export const perform = <Op extends keyof Replies>(
  space: Delivery,
  command: Extract<Command, { readonly op: Op }>
): Replies[Op] => commands[command.op as Op](space, command)

/** Puts what comes from outside of the space: nobody of this client was asked whether it is for him. */
export const receive = (space: Delivery, rows: ReadonlyArray<NewRow>): void => {
  if (rows.length > 0) {
    put(space, rows.map((row) => ({ ...row, accepted: undefined })))
  }
}

const commands: Commands = {
  put: (space, { rows }) => put(space, rows),

  take: (space, { final, holds, limit, queries, wait }) => {
    const waitUnder = (waiter: number) => leaveWaiter(space, { waiter, kind: "in", queries, final, label: wait })
    if (limit === 1 && queries.length === 1) {
      // Those who ask for the same one share one look.
      const found = space.tables.find(queries[0]!, beginning, holds.length)
      const rows = take(space, found.map((row, index) => [holds[index]!, row]), final)
      holds.slice(rows.length).forEach(waitUnder)
      return holds.map((_, index) => index < rows.length ? { index: 0, rows: [rows[index]!] } : null)
    }
    return holds.map((hold) => {
      const found = find(space, queries, limit)
      if (found === null) {
        waitUnder(hold)
        return found
      }
      return { ...found, rows: take(space, found.rows.map((row) => [hold, row]), final) }
    })
  },

  read: (space, { queries, wait, waiter }) => {
    const found = find(space, queries, 1)
    if (found === null) {
      leaveWaiter(space, { waiter, kind: "rd", queries, final: false, label: wait })
    }
    return found
  },

  scan: ({ tables }, { after, limit, query }) => tables.find(query, after, limit),

  held: ({ tables }, { query }) => tables.held(query),

  count: ({ tables }, { query }) => tables.count(query),

  claim: (space, { final, hold, ids, waiter }) => {
    const { client, tables } = space
    const rows = ids.map((id) => tables.get(id)).filter((row) => row !== undefined)
    if (rows.length < ids.length || waiter !== null && !tables.removeWaiter(client, waiter)) {
      return null
    }
    return take(space, rows.map((row) => [hold, row]), final)
  },

  wait: (space, command) => {
    space.addWaiter(command)
    return null
  },

  answer: (space, { accepted, id, take, waiter }) => {
    const { client, tables } = space
    const [row] = tables.unhold(client, offered(waiter), id)
    const stored = row === undefined ? tables.get(id) : tables.insert(row)
    if (!take && stored !== undefined) {
      space.handOn(stored, waiter, accepted ?? undefined)
    }
    return null
  },

  cancel: ({ client, tables }, { waiters }) => waiters.map((waiter) => tables.removeWaiter(client, waiter)),

  settle: (space, command) => {
    const { accepted, after = 0, failed, holds, how, ids, put } = command
    const { client, tables } = space
    if (isGoing(command)) {
      const dropped = space.consume(holds)
      return holds.map((hold) => dropped.has(hold))
    }
    return holds.map((hold, index) => {
      const rows = (ids ?? [null]).flatMap((id) => tables.unhold(client, hold, id))
      if (rows.length === 0) {
        return false
      }
      if (index === 0) {
        put.forEach((row) => space.put(row))
      }
      if (how === "gone") {
        space.leave(rows)
      } else {
        for (const each of rows) {
          const row = { ...each, attempts: each.attempts + (failed ? 1 : 0) }
          if (how === "later") {
            space.putOff(row, after)
          } else {
            space.giveBack(row, accepted[row.id], how === "place")
          }
        }
      }
      return true
    })
  },

  restore: (space, { rows }) => {
    for (const { accepted, ...row } of rows) {
      space.giveBack(row, accepted ?? undefined, true)
    }
    return null
  },

  renew: (space, { lease, ttl }) => {
    const isThere = space.tables.renew(lease, ttl === null ? null : space.now + ttl)
    space.expire()
    return isThere || space.renewScheduled(lease, ttl)
  },

  schedule: (space, { rows }) =>
    rows.map(({ after, at, ...row }) => {
      const due = at ?? space.now + after
      if (due <= space.now) {
        return put(space, [row])[0]!
      }
      const { accepted: _, attempts = 0, leased: __, ...kept } = row
      return space.schedule({ ...kept, attempts, due })
    }),

  reschedule: (space, { after, lease }) => space.reschedule(lease, space.now + after),

  scheduled: ({ tables }) => tables.scheduled!.all(),

  inspect: ({ now, tables }) => tables.inspect(now)
}

const put = (space: Delivery, rows: ReadonlyArray<Putting>): ReadonlyArray<number> => {
  const ids = !space.isWaitedFor && rows.every(isPlain)
    ? space.tables.insertAll(rows.map(({ arity, fields, keys, meta, shape }) => ({
      arity,
      fields,
      keys,
      shape,
      expires: null,
      lease: null,
      meta,
      attempts: 0
    })))
    : rows.map((row) => space.put(row))
  if (ids.length > 0) {
    space.mark(ids[0]!)
  }
  // A life of no time reaches those who wait, and nobody else.
  if (rows.some(({ ttl }) => ttl !== null && ttl <= 0)) {
    space.expire()
  }
  return ids
}

const isPlain = ({ attempts = 0, leased, priority = 0, ttl }: Putting): boolean =>
  ttl === null && !leased && attempts === 0 && priority === 0

/** The first choice of all that match any of the queries; or, if more are wanted, those of the first query. */
const find = ({ tables }: Delivery, queries: ReadonlyArray<Query>, limit: number): Found | null => {
  if (limit !== 1) {
    const rows = tables.find(queries[0]!, beginning, limit)
    return rows.length === 0 ? null : { index: 0, rows }
  }
  let found: Found | null = null
  queries.forEach((query, index) => {
    const [row] = tables.find(query, beginning, 1)
    if (row !== undefined && (found === null || row.id < found.rows[0]!.id)) {
      found = { index, rows: [row] }
    }
  })
  return found
}

/** Takes what was found, and returns it as it is then. */
const take = (
  space: Delivery,
  taken: ReadonlyArray<readonly [hold: number, row: Row]>,
  final: boolean
): ReadonlyArray<Row> => {
  if (taken.length === 0) {
    return []
  }
  if (final) {
    space.tables.remove(taken.map(([, { id }]) => id))
  } else {
    space.tables.hold(space.client, taken.map(([hold, { id }]) => [hold, id]), space.now)
  }
  for (const [, row] of taken) {
    space.tell("In", row)
  }
  if (final) {
    space.leave(taken.map(([, row]) => row))
  }
  return taken.map(([, row]) => final ? row : space.numbered(row))
}

const leaveWaiter = (
  space: Delivery,
  { label, ...waiter }: {
    readonly waiter: number
    readonly kind: "in" | "rd"
    readonly queries: ReadonlyArray<Query>
    readonly final: boolean
    readonly label: string | null
  }
): void => {
  if (label !== null) {
    space.addWaiter({ ...waiter, exact: true, line: waiter.waiter, events: [], label })
  }
}
