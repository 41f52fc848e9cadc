/**
 * What the commands of a batch do, by the tables of a store that is in this process. Stores elsewhere say the same in
 * their own language.
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"
import type { Tables } from "../../SpaceStore.js"
import type {
  Command,
  EventKind,
  Found,
  Mail,
  NewRow,
  Outcome,
  Query,
  Replies,
  Reply,
  Row,
  Waiter
} from "../../StoreCommand.js"

export const matches = (query: Query, row: Pick<Row, "arity" | "fields" | "shape">): boolean => {
  if (query.open ? row.arity < query.arity : row.arity !== query.arity) {
    return false
  }
  for (let i = 0; i < query.shape.length; i++) {
    if (query.shape[i] !== "_" && query.shape[i] !== row.shape[i]) {
      return false
    }
  }
  return query.literals.every(({ position, text }) => row.fields[position] === text)
}

/** A tuple on its way into the space: new, or back. */
type Coming = Omit<Row, "id"> & {
  readonly id: number | null
  /** Those waiters of the client's that accept it, if it could tell. */
  readonly accepted: ReadonlyArray<number> | undefined
}

const isPlain = ({ leased, ttl }: NewRow): boolean => ttl === null && !leased

type Matching = ReturnType<Tables["waitersFor"]>[number]

export const interpret = ({ client, commands, lease, now, tables }: {
  readonly tables: Tables
  readonly client: string
  readonly lease: number
  readonly now: number
  readonly commands: ReadonlyArray<Command>
}): Outcome => {
  const post = (
    { client, final, index, waiter }: Matching,
    kind: Mail["kind"],
    row: Row,
    event: EventKind | null = null,
    from: number | null = null
  ) => tables.post(client, { waiter, kind, index, row, final, event, from })

  let isWaitedFor = tables.isWaitedFor()
  const waitersFor = (row: Parameters<Tables["waitersFor"]>[0]): ReadonlyArray<Matching> =>
    isWaitedFor ? tables.waitersFor(row) : []
  const addWaiter = (waiter: Waiter): void => {
    isWaitedFor = true
    tables.addWaiter(client, waiter, now)
  }

  /** Tells the watchers, and nobody else. */
  const tell = (event: EventKind, row: Row, from: number | null = null): void => {
    for (const waiter of waitersFor(row)) {
      if (waiter.kind === "watch" && waiter.events.includes(event)) {
        post(waiter, "event", row, event, from)
      }
    }
  }

  /**
   * S4: readers and watchers first, then the first taker; or it is stored, and those who cannot be decided about here
   * look at it.
   */
  const deliver = (coming: Coming, event: "Out" | "Requeue", from: number | null): number => {
    if (event === "Requeue" && coming.expires !== null && coming.expires <= now) {
      tell("Expire", { ...coming, id: from ?? 0 }, from)
      return 0
    }
    const waiters = waitersFor(coming)
    const { accepted, ...rest } = coming
    const row = tables.insert(rest)
    for (const waiter of waiters) {
      if (waiter.kind === "watch" && waiter.events.includes(event)) {
        post(waiter, "event", row, event, from)
      } else if (waiter.kind === "rd" && isFor(waiter, accepted)) {
        tables.removeWaiter(waiter.client, waiter.waiter)
        post(waiter, "served", row)
      }
    }
    hand(row, waiters, accepted)
    return row.id
  }

  /** Whether a tuple is certainly for a waiter whose query it matches. */
  const isFor = (waiter: Matching, accepted: Coming["accepted"]): boolean =>
    waiter.exact || waiter.client === client && accepted?.includes(waiter.waiter) === true

  /**
   * A tuple that is stored goes to the first of those who take. If there is none, those look at it about whom we cannot
   * decide.
   */
  const hand = (
    row: Row,
    waiters: ReadonlyArray<Matching>,
    accepted: Coming["accepted"],
    takers: ReadonlyArray<Matching> = waiters
  ): void => {
    const taker = takers.find((waiter) => (waiter.kind === "in" || waiter.kind === "join") && isFor(waiter, accepted))
    if (taker !== undefined) {
      const { client, kind, waiter } = taker
      if (kind === "join") {
        tables.hold(client, [[-waiter, row.id]])
        post(taker, "offer", row)
      } else {
        tables.hold(client, [[waiter, row.id]])
        tell("In", row)
        tables.removeWaiter(client, waiter)
        post(taker, "served", row)
      }
      return
    }
    for (const waiter of waiters) {
      const isDecided = isFor(waiter, accepted) || waiter.client === client && accepted !== undefined
      if (waiter.kind === "look" || waiter.kind !== "watch" && !isDecided) {
        post(waiter, "hint", row)
      }
    }
  }

  const put = (row: NewRow): number => {
    const { leased, ttl, ...rest } = row
    return deliver(
      { ...rest, id: null, expires: ttl === null ? null : now + ttl, lease: leased ? 0 : null, attempts: 0 },
      "Out",
      null
    )
  }

  const giveBack = (row: Row, accepted: Coming["accepted"], keepsPlace: boolean): void => {
    deliver({ ...row, id: keepsPlace ? row.id : null, accepted }, "Requeue", row.id)
  }

  const find = (queries: ReadonlyArray<Query>, limit: number): Found | null => {
    if (limit !== 1) {
      const rows = tables.find(queries[0]!, 0, limit)
      return rows.length === 0 ? null : { index: 0, rows }
    }
    let found: Found | null = null
    queries.forEach((query, index) => {
      const [row] = tables.find(query, 0, 1)
      if (row !== undefined && (found === null || row.id < found.rows[0]!.id)) {
        found = { index, rows: [row] }
      }
    })
    return found
  }

  const take = (taken: ReadonlyArray<readonly [hold: number, row: Row]>, final: boolean): void => {
    if (taken.length > 0) {
      if (final) {
        tables.remove(taken.map(([, { id }]) => id))
      } else {
        tables.hold(client, taken.map(([hold, { id }]) => [hold, id]))
      }
      for (const [, row] of taken) {
        tell("In", row)
      }
    }
  }

  const wait = (
    kind: "in" | "rd",
    waiter: number,
    queries: ReadonlyArray<Query>,
    final: boolean,
    label: string | null
  ): void => {
    if (label !== null) {
      addWaiter({ waiter, kind, queries, exact: true, events: [], final, label })
    }
  }

  const perform = (command: Command): Reply => {
    switch (command.op) {
      case "put":
        return (!isWaitedFor && command.rows.every(isPlain)
          ? tables.insertAll(command.rows.map(({ arity, fields, keys, meta, shape }) => ({
            arity,
            fields,
            keys,
            shape,
            expires: null,
            lease: null,
            meta,
            attempts: 0
          })))
          : command.rows.map(put)) satisfies Replies["put"]
      case "take": {
        const { final, holds, limit, queries } = command
        if (limit === 1 && queries.length === 1) {
          // Those who ask for the same one share one look.
          const rows = tables.find(queries[0]!, 0, holds.length)
          take(rows.map((row, index) => [holds[index]!, row]), final)
          holds.slice(rows.length).forEach((hold) => wait("in", hold, queries, final, command.wait))
          return holds.map((_, index) =>
            index < rows.length ? { index: 0, rows: [rows[index]!] } : null
          ) satisfies Replies["take"]
        }
        return holds.map((hold) => {
          const found = find(queries, limit)
          if (found === null) {
            wait("in", hold, queries, final, command.wait)
          } else {
            take(found.rows.map((row) => [hold, row]), final)
          }
          return found
        }) satisfies Replies["take"]
      }
      case "read": {
        const found = find(command.queries, 1)
        if (found === null) {
          wait("rd", command.waiter, command.queries, false, command.wait)
        }
        return found satisfies Replies["read"]
      }
      case "scan":
        return tables.find(command.query, command.after, command.limit) satisfies Replies["scan"]
      case "held":
        return tables.held(command.query) satisfies Replies["held"]
      case "count":
        return tables.count(command.query) satisfies Replies["count"]
      case "claim": {
        const rows = command.ids.map((id) => tables.get(id)).filter((row) => row !== undefined)
        if (
          rows.length < command.ids.length || command.waiter !== null && !tables.removeWaiter(client, command.waiter)
        ) {
          return null satisfies Replies["claim"]
        }
        take(rows.map((row) => [command.hold, row]), command.final)
        return rows satisfies Replies["claim"]
      }
      case "wait":
        addWaiter(command)
        return null satisfies Replies["wait"]
      case "answer":
        for (const row of tables.unhold(client, -command.waiter, command.id)) {
          const stored = tables.insert(row)
          if (!command.take) {
            const waiters = waitersFor(row)
            const answering = waiters.findIndex(({ client: other, waiter }) =>
              other === client && waiter === command.waiter
            )
            hand(
              stored,
              waiters.filter((_, index) => index !== answering),
              command.accepted ?? undefined,
              waiters.slice(answering + 1)
            )
          }
        }
        return null satisfies Replies["answer"]
      case "cancel":
        return command.waiters.map((waiter) => tables.removeWaiter(client, waiter)) satisfies Replies["cancel"]
      case "settle":
        if (command.how === "gone" && command.put.length === 0) {
          const dropped = tables.drop(client, command.holds)
          return command.holds.map((hold) => dropped.has(hold)) satisfies Replies["settle"]
        }
        return command.holds.map((hold, index) => {
          const rows = tables.unhold(client, hold, null)
          if (rows.length === 0) {
            return false
          }
          if (index === 0) {
            command.put.forEach(put)
          }
          if (command.how !== "gone") {
            for (const row of rows) {
              const attempts = row.attempts + (command.failed ? 1 : 0)
              giveBack({ ...row, attempts }, command.accepted[row.id], command.how === "place")
            }
          }
          return true
        }) satisfies Replies["settle"]
      case "restore":
        for (const { accepted, ...row } of command.rows) {
          giveBack(row, accepted ?? undefined, true)
        }
        return null satisfies Replies["restore"]
      case "renew": {
        const done = tables.renew(command.lease, command.ttl === null ? null : now + command.ttl)
        expire()
        return done satisfies Replies["renew"]
      }
      case "inspect":
        return tables.inspect(now) satisfies Replies["inspect"]
    }
  }

  const expire = (): void => {
    for (const row of tables.due(now)) {
      tables.remove([row.id])
      tell("Expire", row)
    }
  }

  if (!tables.touch(client, now + lease)) {
    throw lapsed
  }
  expire()
  for (const other of tables.lapsed(now)) {
    for (const row of tables.end(other)) {
      giveBack(row, undefined, true)
    }
  }
  const replies = commands.map((command) => {
    const reply = perform(command)
    // A life of no time reaches those who wait, and nobody else.
    if (command.op === "put" && command.rows.some(({ ttl }) => ttl !== null && ttl <= 0)) {
      expire()
    }
    return reply
  })
  const next = tables.nextExpiry()
  const mail = tables.fetch(client)
  const consumed = mail.filter(({ final, kind }) => final && kind === "served").map(({ waiter }) => waiter)
  if (consumed.length > 0) {
    tables.drop(client, consumed)
  }
  return { replies, mail, next: next === null ? null : Math.max(0, next - now) }
}

/** What a client is told that has been taken for dead. */
export const lapsed = new SpaceError({
  reason: "Lapsed",
  message: "there was no sign of life of this client for longer than its lease: what it held belongs to others again"
})
