/**
 * The tables of a space, in SQLite.
 *
 * @internal
 */
import type { Tables } from "@effect-linda/core/SpaceStore"
import { matches } from "@effect-linda/core/SpaceStore"
import type { Mail, Query, Row, Waiter } from "@effect-linda/core/StoreCommand"
import type { Database, Statement } from "../../Sqlite.js"
import { anchorOf, hashUnder } from "../anchors.js"
import type { Sql } from "../sql.js"
import { join, sql } from "../sql.js"
import { columns } from "./migrations.js"

const keyed = 8

/** How many candidates tell that a literal is common. */
const common = 16

/** Marks of when ids were given are at least so many milliseconds apart. */
const apart = 1000

/** There are no more of them: then those go that are closer to each other than this part of their age. */
const mostMarks = 4000
const precision = 1 / 100

/** How many rows go as one statement, at most. */
const atOnce = 32

type Stored = Readonly<Record<string, any>>

/**
 * A tuple, in few columns: the driver takes longer over each than SQLite and `JSON` take over all. When its life ends
 * is by itself, since JSON would round it.
 */
const whole = sql`expires, json_array(id, arity, shape, json(fields), lease, meta, attempts, ${
  join(Array.from({ length: keyed }, (_, position) => sql`k${position}`))
}) AS rest`

const rowOf = (stored: Stored): Row => {
  const [id, arity, shape, fields, lease, meta, attempts, ...keys] = JSON.parse(stored["rest"])
  return {
    id,
    fields,
    shape,
    arity,
    keys: keys.slice(0, fields.length),
    expires: stored["expires"],
    lease,
    meta,
    attempts
  }
}

/**
 * The columns of a row that are not left to their defaults, and their values. To bind a value costs as much as to store
 * it.
 */
const namesOf = ({ attempts, expires, keys, lease, meta }: Omit<Row, "id">): Sql => {
  const [plain, whole] = names[keys.length]!
  return expires === null && lease === null && meta === null && attempts === 0 ? plain : whole
}

/** By how many keys a row has. */
const names = Array.from({ length: keyed + 1 }, (_, count) => {
  const keys = Array.from({ length: count }, (_, position) => sql`k${position}`)
  const plain = join([sql`space`, sql`arity`, sql`shape`, sql`fields`, ...keys])
  return [plain, sql`${plain}, expires, lease, meta, attempts`] as const
})

const valuesOf = (space: number, row: Omit<Row, "id">): ReadonlyArray<unknown> => {
  const { arity, attempts, expires, fields, keys, lease, meta, shape } = row
  const values: Array<unknown> = [space, arity, shape, JSON.stringify(fields), ...keys]
  if (expires !== null || lease !== null || meta !== null || attempts !== 0) {
    values.push(expires, lease, meta, attempts)
  }
  return values
}

const places = (count: number): Sql => join(Array.from({ length: count }, () => sql`?`))

export const tablesOf = (database: Database, prefix: Sql, space: number): Tables => {
  const statements = new Map<Sql, Statement>()
  /** Statements are prepared when they are first needed, and stay. */
  const prepared = (text: Sql): Statement => {
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = database.prepare(text)
      statements.set(text, statement)
    }
    return statement
  }
  const tuples = sql`${prefix}tuples`
  const held = sql`${prefix}held`

  const setLease = prepared(sql`UPDATE ${tuples} SET lease = id WHERE id = ?`)
  const removeOne = prepared(sql`DELETE FROM ${tuples} WHERE id = ?`)
  const removeAll = prepared(sql`DELETE FROM ${tuples} WHERE id IN (SELECT value FROM json_each(?))`)
  const hold = prepared(
    sql`INSERT INTO ${held} (client, since, hold, id, space, ${columns})
      SELECT ?, ?, json_extract(value, '$[0]'), t.id, space, ${columns}
        FROM json_each(?) CROSS JOIN ${tuples} t ON t.id = json_extract(value, '$[1]')`
  )
  const mark = prepared(
    sql`INSERT INTO ${prefix}ages (space, id, at) SELECT ?, ?, ? WHERE NOT EXISTS (
      SELECT 1 FROM (SELECT at FROM ${prefix}ages WHERE space = ? ORDER BY id DESC LIMIT 1) WHERE at > ? AND at <= ?
    )`
  )
  const countMarks = prepared(sql`SELECT count(*) AS n FROM ${prefix}ages WHERE space = ?`)
  // Every other one of those that make little of a difference at their age.
  const thinMarks = prepared(
    sql`DELETE FROM ${prefix}ages WHERE space = ? AND id IN (
      SELECT id FROM (
        SELECT id, at, lead(at) OVER (ORDER BY id) - lag(at) OVER (ORDER BY id) AS gap,
            row_number() OVER (ORDER BY id) AS n
          FROM ${prefix}ages WHERE space = ?
      ) WHERE n % 2 = 0 AND gap < ? * (? - at)
    )`
  )
  const holding = prepared(sql`SELECT ${whole} FROM ${held} WHERE client = ? AND hold = ? ORDER BY id`)
  const release = prepared(sql`DELETE FROM ${held} WHERE id = ?`)
  const drop = prepared(
    sql`DELETE FROM ${held} WHERE client = ? AND hold IN (SELECT value FROM json_each(?)) RETURNING hold`
  )
  const isWaitedFor = prepared(sql`SELECT 1 FROM ${prefix}waiters WHERE space = ? LIMIT 1`)
  const nextMask = prepared(
    sql`SELECT mask FROM ${prefix}anchors WHERE space = ? AND mask > ? ORDER BY mask LIMIT 1`
  )
  const waitersUnder = prepared(
    sql`SELECT w.* FROM ${prefix}anchors a JOIN ${prefix}waiters w ON w.seq = a.seq
      WHERE a.space = ? AND a.mask = ? AND a.hash = ?`
  )
  const fetch = prepared(sql`SELECT body FROM ${prefix}mail WHERE client = ? ORDER BY id`)
  const nextExpiry = prepared(
    sql`SELECT expires FROM ${tuples} WHERE space = ? AND expires IS NOT NULL ORDER BY expires LIMIT 1`
  )
  const due = prepared(
    sql`SELECT ${whole} FROM ${tuples} WHERE space = ? AND expires IS NOT NULL AND expires <= ? ORDER BY id`
  )
  const lapsed = prepared(sql`SELECT id FROM ${prefix}clients WHERE space = ? AND until <= ?`)
  const touch = prepared(sql`UPDATE ${prefix}clients SET until = ? WHERE id = ?`)

  /**
   * The conditions of a query, and their parameters. The least common of its literals is looked up; the others are only
   * compared.
   */
  const where = ({ arity, literals, open, shape }: Query): readonly [text: Sql, parameters: Array<unknown>] => {
    const keyedLiterals = literals.filter(({ key }) => key !== null)
    const isOf = open ? sql`>=` : sql`=`
    const condition = (position: number) => sql`space = ? AND k${position} = ? AND arity ${isOf} ?`
    let anchor = keyedLiterals[0]
    if (keyedLiterals.length > 1) {
      let least = Infinity
      for (const literal of keyedLiterals) {
        const [{ n }] = prepared(
          sql`SELECT count(*) AS n FROM (SELECT 1 FROM ${tuples} WHERE ${condition(literal.position)} LIMIT ${common})`
        ).all(space, literal.key, arity) as [{ n: number }]
        if (n < least) {
          least = n
          anchor = literal
        }
      }
    }
    const pattern = open ? `${shape}%` : shape
    const parameters: Array<unknown> = anchor === undefined ? [space, arity] : [space, anchor.key, arity]
    const texts = [anchor === undefined ? sql`space = ? AND arity ${isOf} ?` : condition(anchor.position)]
    if (pattern.replaceAll("_", "") !== "" && pattern !== "%") {
      texts.push(sql`shape LIKE ?`)
      parameters.push(pattern)
    }
    for (const { key, position } of keyedLiterals) {
      if (position !== anchor!.position) {
        texts.push(sql`+k${position} = ?`)
        parameters.push(key)
      }
    }
    return [join(texts, " AND "), parameters]
  }

  const find = (query: Query, after: number, limit: number): ReadonlyArray<Row> => {
    const [text, parameters] = where(query)
    const statement = prepared(sql`SELECT ${whole} FROM ${tuples} WHERE ${text} AND id > ? ORDER BY id LIMIT ?`)
    const found: Array<Row> = []
    let last = after
    for (;;) {
      const wanted = limit - found.length
      const rows = statement.all(...parameters, last, wanted) as ReadonlyArray<Stored>
      for (const stored of rows) {
        const row = rowOf(stored)
        last = row.id
        // Keys may be equal by chance.
        if (matches(query, row)) {
          found.push(row)
        }
      }
      if (rows.length < wanted || found.length === limit) {
        return found
      }
    }
  }

  const remove = (ids: ReadonlyArray<number>): void =>
    void (ids.length === 1 ? removeOne.run(ids[0]) : removeAll.run(JSON.stringify(ids)))

  return {
    insert: (row) => {
      const values = valuesOf(space, row)
      const names = namesOf(row)
      if (row.id !== null) {
        prepared(sql`INSERT INTO ${tuples} (id, ${names}) VALUES (?, ${places(values.length)})`).run(row.id, ...values)
        return row as Row
      }
      const id = Number(
        prepared(sql`INSERT INTO ${tuples} (${names}) VALUES (${places(values.length)})`).run(...values).lastInsertRowid
      )
      if (row.lease === 0) {
        setLease.run(id)
      }
      return { ...row, id, lease: row.lease === 0 ? id : row.lease }
    },
    insertAll: (rows) => {
      const ids: Array<number> = []
      for (let start = 0; start < rows.length;) {
        const names = namesOf(rows[start]!)
        const alike = rows.findIndex((row, index) => index >= start && namesOf(row) !== names)
        const left = Math.min((alike < 0 ? rows.length : alike) - start, atOnce)
        // A power of two, so that there are few statements.
        const count = 2 ** Math.floor(Math.log2(left))
        const group = rows.slice(start, start + count)
        const values = group.flatMap((row) => valuesOf(space, row))
        const row = sql`(${places(values.length / count)})`
        const last = Number(
          prepared(sql`INSERT INTO ${tuples} (${names}) VALUES ${join(group.map(() => row))}`)
            .run(...values).lastInsertRowid
        )
        // Nobody else writes meanwhile.
        group.forEach((_, index) => ids.push(last - count + 1 + index))
        start += count
      }
      return ids
    },
    get: (id) => {
      const [stored] = prepared(sql`SELECT ${whole} FROM ${tuples} WHERE id = ?`).all(id) as ReadonlyArray<Stored>
      return stored && rowOf(stored)
    },
    remove,
    find,
    count: (query) => {
      if (query.literals.length > 0) {
        return find(query, 0, 2 ** 31 - 1).length
      }
      const [text, parameters] = where(query)
      const [{ n }] = prepared(sql`SELECT count(*) AS n FROM ${tuples} WHERE ${text}`).all(...parameters) as [
        { n: number }
      ]
      return n
    },
    due: (now) => (due.all(space, now) as ReadonlyArray<Stored>).map(rowOf),
    nextExpiry: () => {
      const [next] = nextExpiry.all(space) as ReadonlyArray<Stored>
      return next === undefined ? null : next["expires"]
    },
    renew: (lease, expires) =>
      [tuples, held].some((table) =>
        Number(prepared(sql`UPDATE ${table} SET expires = ? WHERE lease = ?`).run(expires, lease).changes) > 0
      ),
    mark: (id, now) => {
      if (Number(mark.run(space, id, now, space, now - apart, now).changes) > 0) {
        const [{ n }] = countMarks.all(space) as [{ n: number }]
        if (n > mostMarks) {
          thinMarks.run(space, space, precision, now)
        }
      }
    },
    hold: (client, held, now) => {
      hold.run(Number(client), now, JSON.stringify(held))
      remove(held.map(([, id]) => id))
    },
    unhold: (client, number, id) => {
      const rows = (holding.all(Number(client), number) as ReadonlyArray<Stored>).map(rowOf)
        .filter((row) => id === null || row.id === id)
      for (const row of rows) {
        release.run(row.id)
      }
      return rows
    },
    drop: (client, holds) =>
      new Set((drop.all(Number(client), JSON.stringify(holds)) as ReadonlyArray<Stored>).map(({ hold }) => hold)),
    held: (query) =>
      (prepared(sql`SELECT ${whole} FROM ${held} WHERE space = ? ORDER BY id`).all(space) as ReadonlyArray<Stored>)
        .map(rowOf).filter((row) => matches(query, row)),
    isWaitedFor: () => isWaitedFor.all(space).length > 0,
    addWaiter: (client, waiter, since) => {
      const { label, ...body } = waiter
      const { lastInsertRowid } = prepared(
        sql`INSERT INTO ${prefix}waiters (client, space, waiter, body, label, since) VALUES (${places(6)})`
      ).run(Number(client), space, waiter.waiter, JSON.stringify(body), label, since)
      const anchors = new Map(waiter.queries.map((query) => {
        const anchor = anchorOf(query)
        return [`${anchor.mask},${anchor.hash}`, anchor]
      }))
      for (const { hash, mask } of anchors.values()) {
        prepared(sql`INSERT INTO ${prefix}anchors (space, mask, hash, seq) VALUES (${places(4)})`)
          .run(space, mask, hash, Number(lastInsertRowid))
      }
    },
    removeWaiter: (client, waiter) => {
      const [stored] = prepared(sql`SELECT seq FROM ${prefix}waiters WHERE client = ? AND waiter = ?`)
        .all(Number(client), waiter) as ReadonlyArray<Stored>
      if (stored !== undefined) {
        prepared(sql`DELETE FROM ${prefix}waiters WHERE seq = ?`).run(stored["seq"])
        prepared(sql`DELETE FROM ${prefix}anchors WHERE seq = ?`).run(stored["seq"])
      }
      return stored !== undefined
    },
    waitersFor: (row) => {
      const waiting = new Map<number, Stored>()
      let [next] = nextMask.all(space, -2) as ReadonlyArray<Stored>
      while (next !== undefined) {
        const hash = hashUnder(next["mask"], row)
        if (hash !== undefined) {
          for (const stored of waitersUnder.all(space, next["mask"], hash) as ReadonlyArray<Stored>) {
            waiting.set(stored["seq"], stored)
          }
        }
        next = (nextMask.all(space, next["mask"]) as ReadonlyArray<Stored>)[0]
      }
      return Array.from(waiting.values()).sort((one, other) => one["seq"] - other["seq"]).flatMap((stored) => {
        const body = JSON.parse(stored["body"]) as Omit<Waiter, "label">
        const index = body.queries.findIndex((query) => matches(query, row))
        return index < 0 ? [] : [{ ...body, label: stored["label"], client: String(stored["client"]), index }]
      })
    },
    post: (client, mail) =>
      void prepared(sql`INSERT INTO ${prefix}mail (client, body) VALUES (?, ?)`).run(
        Number(client),
        JSON.stringify(mail)
      ),
    fetch: (client) => {
      const rows = fetch.all(Number(client)) as ReadonlyArray<Stored>
      if (rows.length > 0) {
        prepared(sql`DELETE FROM ${prefix}mail WHERE client = ?`).run(Number(client))
      }
      return rows.map(({ body }) => JSON.parse(body) as Mail)
    },
    touch: (client, until) => Number(touch.run(until, Number(client)).changes) > 0,
    lapsed: (now) => (lapsed.all(space, now) as ReadonlyArray<Stored>).map(({ id }) => String(id)),
    end: (client) => {
      const id = Number(client)
      const rows =
        (prepared(sql`SELECT ${whole} FROM ${held} WHERE client = ? ORDER BY id`).all(id) as ReadonlyArray<Stored>)
          .map(rowOf)
      prepared(sql`DELETE FROM ${held} WHERE client = ?`).run(id)
      prepared(sql`DELETE FROM ${prefix}anchors WHERE seq IN (SELECT seq FROM ${prefix}waiters WHERE client = ?)`).run(
        id
      )
      prepared(sql`DELETE FROM ${prefix}waiters WHERE client = ?`).run(id)
      prepared(sql`DELETE FROM ${prefix}mail WHERE client = ?`).run(id)
      prepared(sql`DELETE FROM ${prefix}clients WHERE id = ?`).run(id)
      return rows
    },
    inspect: (now) => {
      const counted = prepared(
        sql`SELECT s.*, ? - (SELECT at FROM ${prefix}ages m WHERE m.space = ? AND m.id <= s.oldest ORDER BY m.id DESC LIMIT 1) AS age
          FROM (
            SELECT arity, shape, CASE WHEN shape LIKE 's%' THEN json_extract(fields, '$[0]') END AS first,
                count(*) AS count, min(id) AS oldest
              FROM ${tuples} WHERE space = ? GROUP BY 1, 2, 3
          ) s ORDER BY oldest`
      ).all(now, space, space) as ReadonlyArray<Stored>
      const holders = prepared(
        sql`SELECT h.client, count(*) AS count, ? - min(h.since) AS age, c.until - ? AS lapses
          FROM ${held} h JOIN ${prefix}clients c ON c.id = h.client WHERE h.space = ? GROUP BY h.client ORDER BY min(h.since)`
      ).all(now, now, space) as ReadonlyArray<Stored>
      const [expiring] = prepared(
        sql`SELECT count(*) AS count, min(expires) - ? AS next FROM ${tuples} WHERE space = ? AND expires IS NOT NULL`
      ).all(now, space) as ReadonlyArray<Stored>
      const waiting = prepared(sql`SELECT label, since FROM ${prefix}waiters WHERE space = ? ORDER BY seq`)
        .all(space) as ReadonlyArray<Stored>
      return {
        tuples: counted.map(({ age, arity, count, first, shape }) => ({ arity, shape, first, count, age })),
        held: holders.reduce((sum, { count }) => sum + count, 0),
        holders: holders.map(({ age, client, count, lapses }) => ({ client: String(client), count, age, lapses })),
        expiring: { count: expiring!["count"], next: expiring!["next"] },
        now,
        waiters: waiting.map(({ label, since }) => ({ label, age: now - since }))
      }
    }
  }
}
