/**
 * Tables in memory: without an index of tuples, and without a way to lose them.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { SpaceError } from "../../SpaceError.js"
import type { ScheduledTables, SpaceStore, Standing, Tables } from "../../SpaceStore.js"
import type { Inspected, Mail, Row, ScheduledRow, Waiter } from "../../StoreCommand.js"
import type { Mark } from "../ages.js"
import { givenAt, thinned } from "../ages.js"
import { failing, readOptions } from "../arguments.js"
import { arrivalOf } from "../places.js"
import { Queue } from "../queue.js"
import { currentTime } from "../timekeeper.js"
import { fromTables } from "./embedded.js"
import { lineOf, matches } from "./query.js"

interface Waiting extends Waiter {
  readonly client: string
  readonly since: number
  readonly seq: number
  readonly name: string
}

interface Held {
  readonly client: string
  readonly hold: number
  readonly row: Row
  readonly since: number
}

/** All that a space is. Its members are replaced and never changed, so that an old copy of it is a way back. */
class State {
  last = 0
  arrivals = 0
  tokens = 0
  rows: ReadonlyArray<Row> = []
  marks: ReadonlyArray<Mark> = []
  held: ReadonlyArray<Held> = []
  /** In the order in which they were added. */
  scheduled: ReadonlyArray<ScheduledRow> = []
  /** How many watch for what leaves for good. */
  watching = 0
  /** By the names of their lines, each in order of arrival. */
  lines = HashMap.empty<string, ReadonlyArray<Waiting>>()
  /** The names of the lines, by who stands there. */
  lineOf = HashMap.empty<string, string>()
  mail: ReadonlyArray<readonly [client: string, mail: Mail]> = []
  clients: ReadonlyMap<string, number> = new Map()
}

const split = <A>(all: ReadonlyArray<A>, test: (member: A) => boolean) =>
  [all.filter(test), all.filter((member) => !test(member))] as const

const nameOf = (client: string, waiter: number): string => `${client}:${waiter}`

const standingIn = ({ lines }: State, name: string): ReadonlyArray<Waiting> =>
  Option.getOrElse(HashMap.get(lines, name), () => [])

/** All who wait, in order of arrival. */
const waiting = ({ lines }: State): ReadonlyArray<Waiting> =>
  Array.from(HashMap.values(lines)).flat().sort((one, other) => one.seq - other.seq)

const watchesLeaving = ({ events }: Waiter): boolean => events.includes("Gone")

const removeWaiter = (state: State, client: string, waiter: number): boolean => {
  const key = nameOf(client, waiter)
  const name = Option.getOrUndefined(HashMap.get(state.lineOf, key))
  if (name === undefined) {
    return false
  }
  const [[removed], rest] = split(
    standingIn(state, name),
    (other) => other.client === client && other.waiter === waiter
  )
  state.watching -= watchesLeaving(removed!) ? 1 : 0
  state.lines = rest.length === 0 ? HashMap.remove(state.lines, name) : HashMap.set(state.lines, name, rest)
  state.lineOf = HashMap.remove(state.lineOf, key)
  return true
}

const byDue = (rows: ReadonlyArray<ScheduledRow>): ReadonlyArray<ScheduledRow> =>
  [...rows].sort((one, other) => one.due - other.due)

const earliest = (times: ReadonlyArray<number>): number | null => times.length === 0 ? null : Math.min(...times)

const until = (time: number | null, now: number): number | null => time === null ? null : time - now

const scheduledOf = (state: State): ScheduledTables => ({
  next: () => earliest(state.scheduled.map(({ due }) => due)),
  add: (row) => {
    const lease = ++state.last
    state.scheduled = [...state.scheduled, { ...row, lease }]
    return lease
  },
  take: (now) => {
    const [come, rest] = split(state.scheduled, ({ due }) => due <= now)
    state.scheduled = rest
    return byDue(come)
  },
  set: (lease, change) => {
    const isThere = state.scheduled.some((row) => row.lease === lease)
    state.scheduled = state.scheduled.map((row) => row.lease === lease ? { ...row, ...change } : row)
    return isThere
  },
  remove: (lease) => {
    const [removed, rest] = split(state.scheduled, (row) => row.lease === lease)
    state.scheduled = rest
    return removed.length > 0
  },
  all: () => byDue(state.scheduled),
  others: (client) => Array.from(new Set(waiting(state).map((waiter) => waiter.client))).filter((one) => one !== client)
})

/** Stores rows in places one behind the other, from this one on. */
const store = (state: State, first: number, rows: ReadonlyArray<Row>): void => {
  const [before, behind] = split(state.rows, ({ id }) => id < first)
  state.rows = [...before, ...rows, ...behind]
}

const tablesOf = (state: State): Tables => ({
  insert: (row) => {
    const id = row.id ?? ++state.last
    const stored = { ...row, id, lease: row.lease === 0 ? id : row.lease }
    store(state, id, [stored])
    return stored
  },
  insertAll: (rows) => {
    const first = state.last + 1
    const stored = rows.map((row) => ({ ...row, id: ++state.last }))
    store(state, first, stored)
    return stored.map(({ id }) => id)
  },
  get: (id) => state.rows.find((row) => row.id === id),
  remove: (ids) => {
    state.rows = state.rows.filter((row) => !ids.includes(row.id))
  },
  find: (query, after, limit) => state.rows.filter((row) => row.id > after && matches(query, row)).slice(0, limit),
  count: (query) => state.rows.filter((row) => matches(query, row)).length,
  due: (now) => state.rows.filter(({ expires }) => expires !== null && expires <= now),
  nextExpiry: () => earliest(state.rows.flatMap(({ expires }) => expires ?? [])),
  renew: (lease, expires) => {
    let renewed = false
    const renew = (row: Row): Row => {
      renewed ||= row.lease === lease
      return row.lease === lease ? { ...row, expires } : row
    }
    state.rows = state.rows.map(renew)
    state.held = state.held.map((held) => ({ ...held, row: renew(held.row) }))
    return renewed
  },
  scheduled: scheduledOf(state),
  mark: (arrival, now) => {
    state.marks = thinned([...state.marks, [arrival, now]], now)
  },
  arrive: () => ++state.last,
  hold: (client, held, since) => {
    const holds = new Map(held.map(([hold, id]) => [id, hold]))
    const [rows, rest] = split(state.rows, (row) => holds.has(row.id))
    state.rows = rest
    state.held = [...state.held, ...rows.map((row) => ({ client, hold: holds.get(row.id)!, row, since }))]
  },
  token: () => ++state.tokens,
  unhold: (client, hold, id) => {
    const [removed, rest] = split(
      state.held,
      (held) => held.client === client && held.hold === hold && (id === null || held.row.id === id)
    )
    state.held = rest
    return removed.map(({ row }) => row)
  },
  drop: (client, holds) => {
    const [removed, rest] = split(state.held, (held) => held.client === client && holds.includes(held.hold))
    state.held = rest
    return new Set(removed.map(({ hold }) => hold))
  },
  held: (query) => state.held.map(({ row }) => row).filter((row) => matches(query, row)),
  isWaitedFor: () => HashMap.size(state.lines) > 0,
  isWatched: () => state.watching > 0,
  addWaiter: (client, waiter, since) => {
    state.watching += watchesLeaving(waiter) ? 1 : 0
    const name = lineOf(client, waiter)
    state.lines = HashMap.set(state.lines, name, [...standingIn(state, name), {
      ...waiter,
      client,
      since,
      name,
      seq: ++state.arrivals
    }])
    state.lineOf = HashMap.set(state.lineOf, nameOf(client, waiter.waiter), name)
  },
  removeWaiter: (client, waiter) => removeWaiter(state, client, waiter),
  waitersFor: (row) => {
    const found: Array<Standing> = []
    for (const [first] of HashMap.values(state.lines)) {
      const index = first!.queries.findIndex((query) => matches(query, row))
      if (index >= 0) {
        found.push({ ...first!, index })
      }
    }
    return found.sort((one, other) => one.seq - other.seq)
  },
  waitersIn: ({ index, name }, after, limit) => {
    const line = standingIn(state, name)
    const start = line.findIndex(({ seq }) => seq > after)
    return start < 0 ? [] : line.slice(start, start + limit).map((waiter) => ({ ...waiter, index }))
  },
  post: (client, mail) => {
    state.mail = [...state.mail, [client, mail]]
  },
  fetch: (client) => {
    const [fetched, rest] = split(state.mail, ([to]) => to === client)
    state.mail = rest
    return fetched.map(([, mail]) => mail)
  },
  touch: (client, until) => {
    const lives = state.clients.has(client)
    if (lives) {
      state.clients = new Map(state.clients).set(client, until)
    }
    return lives
  },
  lapsed: (now) => Array.from(state.clients).filter(([, until]) => until <= now).map(([client]) => client),
  end: (client) => {
    const [held, rest] = split(state.held, (held) => held.client === client)
    state.held = rest
    for (const waiter of waiting(state)) {
      if (waiter.client === client) {
        removeWaiter(state, client, waiter.waiter)
      }
    }
    state.mail = state.mail.filter(([to]) => to !== client)
    state.clients = new Map(Array.from(state.clients).filter(([other]) => other !== client))
    return held.map(({ row }) => row).sort((one, other) => one.id - other.id)
  },
  inspect: (now) => {
    const shapes = new Map<string, Inspected["tuples"][number]>()
    for (const { arity, fields, id, shape } of state.rows) {
      const first = shape.startsWith("s") ? fields[0]! : null
      const key = JSON.stringify([arity, shape, first])
      const { age, count } = shapes.get(key) ?? { age: 0, count: 0 }
      const own = now - (givenAt(state.marks, arrivalOf(id)) ?? now)
      shapes.set(key, { arity, shape, first, count: count + 1, age: Math.max(age ?? 0, own) })
    }
    const holders = Array.from(state.clients).filter(([client]) => state.held.some((held) => held.client === client))
    const expiring = state.rows.flatMap(({ expires }) => expires ?? [])
    return {
      tuples: Array.from(shapes.values()),
      held: state.held.length,
      holders: holders.map(([client, until]) => {
        const times = state.held.flatMap((held) => held.client === client ? held.since : [])
        return { client, count: times.length, age: now - Math.min(...times), lapses: until - now }
      }),
      expiring: { count: expiring.length, next: until(earliest(expiring), now) },
      scheduled: { count: state.scheduled.length, next: until(earliest(state.scheduled.map(({ due }) => due)), now) },
      now,
      waiters: waiting(state).map(({ label, since }) => ({ label, age: now - since }))
    }
  }
})

interface Space {
  state: State
  readonly clients: Set<{ readonly client: () => string; readonly notify: () => void }>
}

export const make = Effect.gen(function*() {
  const spaces = new Map<string, Space>()
  const queue = new Queue(1)
  let clients = 0

  const open = (
    name: string,
    options: { readonly lease?: Duration.DurationInput | undefined } = {}
  ): Effect.Effect<SpaceStore, SpaceError, Scope.Scope> =>
    Effect.suspend(() =>
      failing(() => {
        const lease = readOptions(options, (reader) => reader.patience("lease", "30 seconds", 1))
        const space: Space = spaces.get(name) ?? { state: new State(), clients: new Set() }
        spaces.set(name, space)
        const { state } = space
        let saved: State | undefined
        return fromTables({
          name,
          lease,
          tables: tablesOf(state),
          lock: (effect, restore) => queue.inTurn(effect, { restore }),
          begin: Effect.sync(() => {
            saved = { ...state }
          }),
          commit: () => {
            saved = undefined
            const addressees = new Set(state.mail.map(([to]) => to))
            for (const { client, notify } of space.clients) {
              if (addressees.has(client())) {
                notify()
              }
            }
          },
          rollback: () => {
            Object.assign(state, saved)
            saved = undefined
          },
          savepoint: () => {
            const saved = { ...state }
            return () => void Object.assign(state, saved)
          },
          enter: (until) => {
            const client = String(++clients)
            state.clients = new Map(state.clients).set(client, until)
            return client
          },
          onMail: (client, notify) => {
            const entry = { client, notify }
            return Effect.asVoid(Effect.acquireRelease(
              Effect.sync(() => space.clients.add(entry)),
              () => Effect.sync(() => space.clients.delete(entry))
            ))
          }
        }, currentTime)
      })
    )

  return { open }
})
