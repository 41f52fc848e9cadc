/**
 * The tables of a space, in SQLite.
 *
 * @internal
 */
import type { ScheduledTables, Standing, Tables } from "@effect-linda/core/SpaceStore"
import { arrivals, matches } from "@effect-linda/core/SpaceStore"
import type { Literal, Mail, NewRow, Query, Row, ScheduledRow, Waiter } from "@effect-linda/core/StoreCommand"
import type { Database, Statement } from "../../Sqlite.js"
import * as ages from "../ages.js"
import { anchorOf, hashUnder, shortLineOf } from "../anchors.js"
import { byKeys, columns as named, keysOf, plain, rare } from "../columns.js"
import { mostMoved, rowsOf } from "../rows.js"
import type { Sql } from "../sql.js"
import { join, sql } from "../sql.js"

const columns = join(named)

/** How many candidates tell that a literal is common. */
const common = 16

/** How many rows go as one statement, at most. */
const atOnce = 32

type Stored = Readonly<Record<string, any>>

/**
 * A tuple, in few columns: the driver takes longer over each than SQLite and `JSON` take over all. When its life ends
 * is by itself, since JSON would round it.
 */
const whole = sql`expires, json_array(id, arity, shape, json(fields), lease, meta, attempts, ${join(keysOf())}) AS rest`

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
const names = byKeys((keys) => {
  const most = [sql`space`, ...plain, ...keys]
  return [join(most), join([...most, ...rare])] as const
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

/** A tuple that comes later, in few columns as well. */
const wholeScheduled = sql`due, ttl, json_array(id, arity, shape, json(fields), meta, attempts, priority, ${
  join(keysOf())
}) AS rest`

const scheduledOf = (stored: Stored): ScheduledRow => {
  const [id, arity, shape, fields, meta, attempts, priority, ...keys] = JSON.parse(stored["rest"])
  return {
    fields,
    shape,
    arity,
    keys: keys.slice(0, fields.length),
    due: stored["due"],
    ttl: stored["ttl"],
    lease: -id,
    meta,
    attempts,
    priority
  }
}

/** How the tables of tuples that come later are asked. */
const scheduledIn = (
  prepared: (text: Sql) => Statement,
  prefix: Sql,
  space: number
): ScheduledTables => {
  const table = sql`${prefix}scheduled`
  const next = prepared(sql`SELECT due FROM ${table} WHERE space = ? ORDER BY due LIMIT 1`)
  const ofAll = sql`SELECT ${wholeScheduled} FROM ${table} WHERE space = ?`
  const rowsOf = (rows: ReadonlyArray<unknown>) => (rows as ReadonlyArray<Stored>).map(scheduledOf)
  const changes = (text: Sql, ...values: ReadonlyArray<unknown>) => Number(prepared(text).run(...values).changes) > 0
  return {
    next: () => {
      const [first] = next.all(space) as ReadonlyArray<Stored>
      return first === undefined ? null : first["due"]
    },
    add: ({ arity, attempts, due, fields, keys, meta, priority = 0, shape, ttl }) => {
      const few = [sql`meta`, sql`attempts`, sql`priority`]
      const names = [sql`space`, sql`due`, sql`ttl`, ...plain, ...keysOf(keys.length), ...few]
      const values = [space, due, ttl, arity, shape, JSON.stringify(fields), ...keys, meta, attempts, priority]
      const add = prepared(sql`INSERT INTO ${table} (${join(names)}) VALUES (${places(values.length)})`)
      return -Number(add.run(...values).lastInsertRowid)
    },
    take: (now) => {
      const rows = rowsOf(prepared(sql`${ofAll} AND due <= ? ORDER BY due, id LIMIT ${mostMoved}`).all(space, now))
      const ids = JSON.stringify(rows.map(({ lease }) => -lease))
      prepared(sql`DELETE FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`).run(ids)
      return rows
    },
    set: (lease, change) =>
      "due" in change
        ? changes(sql`UPDATE ${table} SET due = ? WHERE id = ?`, change.due, -lease)
        : changes(sql`UPDATE ${table} SET ttl = ? WHERE id = ?`, change.ttl, -lease),
    remove: (lease) => changes(sql`DELETE FROM ${table} WHERE id = ?`, -lease),
    all: () => rowsOf(prepared(sql`${ofAll} ORDER BY due, id`).all(space)),
    others: (client) =>
      (prepared(sql`SELECT DISTINCT client FROM ${prefix}waiters WHERE space = ? AND client <> ?`)
        .all(space, Number(client)) as ReadonlyArray<Stored>).map(({ client }) => String(client))
  }
}

/** Which space the tables are of. */
interface Of {
  readonly space: number
  readonly name: string
  /** Called when the outbox has more than is taken. */
  readonly onMore: () => void
}

export const tablesOf = (database: Database, prefix: Sql, { name, onMore, space }: Of): Tables => {
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
  const nextArrivals = prepared(
    sql`UPDATE ${prefix}meta SET value = value + ? WHERE name = 'arrivals' RETURNING value`
  )
  const shift = prepared(sql`UPDATE ${tuples} SET id = id - ? WHERE id > ? AND id <= ?`)
  const removeOne = prepared(sql`DELETE FROM ${tuples} WHERE id = ?`)
  const removeAll = prepared(sql`DELETE FROM ${tuples} WHERE id IN (SELECT value FROM json_each(?))`)
  const hold = prepared(
    sql`INSERT INTO ${held} (client, since, hold, id, space, ${columns})
      SELECT ?, ?, json_extract(value, '$[0]'), t.id, space, ${columns}
        FROM json_each(?) CROSS JOIN ${tuples} t ON t.id = json_extract(value, '$[1]')`
  )
  const nextToken = prepared(sql`UPDATE ${prefix}spaces SET token = token + 1 WHERE id = ? RETURNING token`)
  const marks = sql`${prefix}ages`
  const mark = prepared(
    sql`INSERT INTO ${marks} (space, id, at) SELECT ?, ?, ? WHERE NOT EXISTS (
      SELECT 1 FROM (${ages.lastMark(marks, sql`?`)}) WHERE ${ages.isRecent(sql`at`, sql`?`)}
    )`
  )
  const countMarks = prepared(ages.countMarks(marks, sql`?`))
  const thinMarks = prepared(ages.thinMarks(marks, sql`?`, sql`?`))
  const holding = prepared(sql`SELECT ${whole} FROM ${held} WHERE client = ? AND hold = ? ORDER BY id`)
  const release = prepared(sql`DELETE FROM ${held} WHERE id = ?`)
  const drop = prepared(
    sql`DELETE FROM ${held} WHERE client = ? AND hold IN (SELECT value FROM json_each(?)) RETURNING hold`
  )
  const isWaitedFor = prepared(sql`SELECT 1 FROM ${prefix}waiters WHERE space = ? LIMIT 1`)
  const isWatched = prepared(sql`SELECT 1 FROM ${prefix}waiters WHERE space = ? AND gone = 1 LIMIT 1`)
  const nextMask = prepared(
    sql`SELECT mask FROM ${prefix}anchors WHERE space = ? AND mask > ? ORDER BY mask LIMIT 1`
  )
  const ofLine = sql`space = ? AND line = ?`
  const under = sql`space = ? AND mask = ? AND hash = ?`
  /** From one line to the next, however many stand in it; and those of earlier programs, who stand in none. */
  const firstUnder = prepared(
    sql`WITH RECURSIVE lines (line) AS (
        SELECT (SELECT line FROM ${prefix}anchors WHERE ${under} AND line > '' ORDER BY line LIMIT 1)
        UNION ALL
        SELECT (SELECT a.line FROM ${prefix}anchors a WHERE ${under} AND a.line > lines.line ORDER BY a.line LIMIT 1)
          FROM lines WHERE line IS NOT NULL
      )
      SELECT w.* FROM lines CROSS JOIN ${prefix}waiters w ON w.seq = (
            SELECT x.seq FROM ${prefix}waiters x WHERE x.space = ? AND x.line = lines.line ORDER BY x.seq LIMIT 1
          )
        WHERE lines.line IS NOT NULL
      UNION ALL
      SELECT w.* FROM ${prefix}anchors a CROSS JOIN ${prefix}waiters w ON w.seq = a.seq
        WHERE a.space = ? AND a.mask = ? AND a.hash = ? AND a.line IS NULL`
  )
  const standingIn = prepared(
    sql`SELECT * FROM ${prefix}waiters WHERE ${ofLine} AND seq > ? ORDER BY seq LIMIT ?`
  )
  const standing = (stored: Stored, index: number): Standing => {
    const { line, ...body } = JSON.parse(stored["body"]) as Omit<Waiter, "label" | "line"> & { readonly line?: number }
    const { client, seq } = stored
    // Each waiter of an earlier program is by itself.
    return { ...body, line: line ?? body.waiter, client: String(client), seq, name: stored["line"] ?? "", index }
  }
  const fetch = prepared(sql`SELECT body FROM ${prefix}mail WHERE client = ? ORDER BY id`)
  const left = prepared(
    sql`SELECT id, rows FROM ${prefix}outbox WHERE space = ? AND id > ? ORDER BY id LIMIT ${atOnce}`
  )
  const removeLeft = prepared(sql`DELETE FROM ${prefix}outbox WHERE space = ? AND id <= ?`)
  const nextExpiry = prepared(
    sql`SELECT expires FROM ${tuples} WHERE space = ? AND expires IS NOT NULL ORDER BY expires LIMIT 1`
  )
  const due = prepared(
    sql`SELECT ${whole} FROM ${tuples} WHERE space = ? AND expires IS NOT NULL AND expires <= ? ORDER BY id`
  )
  const lapsed = prepared(sql`SELECT id FROM ${prefix}clients WHERE space = ? AND until <= ?`)
  const signs = prepared(sql`SELECT id, until, lease FROM ${prefix}clients WHERE space = ?`)
  const touch = prepared(sql`UPDATE ${prefix}clients SET until = ? WHERE id = ?`)

  /** The literal by which a query is looked up: the least common of those with a key. The others are only compared. */
  const anchorIn = ({ arity, literals, open }: Query): Literal | undefined => {
    const keyed = literals.filter(({ key }) => key !== null)
    let anchor = keyed[0]
    if (keyed.length > 1) {
      let least = Infinity
      for (const literal of keyed) {
        const [{ n }] = prepared(
          sql`SELECT count(*) AS n FROM (
            SELECT 1 FROM ${tuples} WHERE ${keyedBy(literal)} AND arity ${open ? sql`>=` : sql`=`} ? LIMIT ${common}
          )`
        ).all(space, literal.key, arity) as [{ n: number }]
        if (n < least) {
          least = n
          anchor = literal
        }
      }
    }
    return anchor
  }

  const keyedBy = (literal: Literal | undefined): Sql =>
    literal === undefined ? sql`space = ?` : sql`space = ? AND k${literal.position} = ?`

  /** The tuples of an index, of all arities; what else they have to be; and the parameters of each. */
  const where = (query: Query) => {
    const { literals, open, shape } = query
    const anchor = anchorIn(query)
    const texts: Array<Sql> = []
    const parameters: Array<unknown> = []
    const types = shape.replace(/_+$/, "")
    if (types !== "") {
      texts.push(sql`shape LIKE ?`)
      parameters.push(open || types !== shape ? `${types}%` : types)
    }
    for (const { key, position } of literals) {
      if (key !== null && position !== anchor!.position) {
        texts.push(sql`+k${position} = ?`)
        parameters.push(key)
      }
    }
    return {
      within: keyedBy(anchor),
      ids: anchor === undefined ? [space] : [space, anchor.key],
      also: join(texts.map((text) => sql` AND ${text}`), ""),
      parameters
    }
  }

  /** The arities that the tuples of an index have, from this one on: there are few. */
  const aritiesIn = ({ ids, within }: ReturnType<typeof where>, from: number): ReadonlyArray<number> => {
    const next = prepared(
      sql`SELECT arity FROM ${tuples} WHERE ${within} AND arity >= ? ORDER BY arity LIMIT 1`
    )
    const arities: Array<number> = []
    for (let least = from;;) {
      const [found] = next.all(...ids, least) as ReadonlyArray<{ readonly arity: number }>
      if (found === undefined) {
        return arities
      }
      arities.push(found.arity)
      least = found.arity + 1
    }
  }

  /** Of each arity by itself, for the tuples of one arity are in the index in the order of choice. */
  const find = (query: Query, after: number, limit: number): ReadonlyArray<Row> => {
    const conditions = where(query)
    if (!query.open) {
      return findOf(query, conditions, query.arity, after, limit)
    }
    const arities = aritiesIn(conditions, query.arity)
    const found = arities.map((arity) => findOf(query, conditions, arity, after, limit))
    return found.length === 1 ? found[0]! : found.flat().sort((one, other) => one.id - other.id).slice(0, limit)
  }

  const findOf = (
    query: Query,
    { also, ids, parameters, within }: ReturnType<typeof where>,
    arity: number,
    after: number,
    limit: number
  ): ReadonlyArray<Row> => {
    const statement = prepared(
      sql`SELECT ${whole} FROM ${tuples} WHERE ${within} AND arity = ? AND id > ?${also} ORDER BY id LIMIT ?`
    )
    const found: Array<Row> = []
    let last = after
    for (;;) {
      const wanted = limit - found.length
      const rows = statement.all(...ids, arity, last, ...parameters, wanted) as ReadonlyArray<Stored>
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

  /** That the fields have these texts, for keys may be equal by chance: the first of them by how the list begins. */
  const textsOf = (literals: ReadonlyArray<Literal>): readonly [texts: Sql, parameters: ReadonlyArray<unknown>] => {
    const gap = literals.findIndex(({ position }, index) => position !== index)
    const leading = gap < 0 ? literals : literals.slice(0, gap)
    const rest = literals.slice(leading.length)
    const head = JSON.stringify(leading.map(({ text }) => text)).slice(0, -1)
    return [
      join([
        ...leading.length === 0 ? [] : [sql` AND substr(fields, 1, length(?)) = ?`],
        ...rest.map(({ position }) => sql` AND json_extract(fields, '$[${position}]') = ?`)
      ], ""),
      [...leading.length === 0 ? [] : [head, head], ...rest.map(({ text }) => text)]
    ]
  }

  const count = (query: Query): number => {
    const { arity, literals, open } = query
    const { also, ids, parameters, within } = where(query)
    const [texts, ofTexts] = textsOf(literals)
    const [{ n }] = prepared(
      sql`SELECT count(*) AS n FROM ${tuples} WHERE ${within} AND arity ${open ? sql`>=` : sql`=`} ?${also}${texts}`
    ).all(...ids, arity, ...parameters, ...ofTexts) as [{ n: number }]
    return n
  }

  /**
   * The last of so many new numbers in the order of arrival, once there are priorities. Until then the ids that SQLite
   * gives are these numbers. From then on it is to give ids that are none, by which {@link settled} knows: it would not
   * go back behind those of a low priority.
   */
  const arrive = (count: number): number => {
    const [next] = nextArrivals.all(count) as ReadonlyArray<Stored>
    if (next !== undefined) {
      return next["value"]
    }
    const [last] = prepared(sql`SELECT seq FROM sqlite_sequence WHERE name = ?`).all(tuples) as ReadonlyArray<Stored>
    prepared(
      last === undefined
        ? sql`INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)`
        : sql`UPDATE sqlite_sequence SET seq = ? WHERE name = ?`
    ).run(arrivals, tuples)
    const given = last === undefined ? 0 : last["seq"]
    prepared(sql`INSERT INTO ${prefix}meta (name, value) VALUES ('arrivals', ?)`).run(given + count)
    return given + count
  }

  /** The last of the ids that so many new tuples have got, where they belong. */
  const settled = (last: number, count: number): number => {
    if (last < arrivals) {
      return last
    }
    const arrival = arrive(count)
    shift.run(last - arrival, last - count, last)
    return arrival
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
      const id = settled(
        Number(
          prepared(sql`INSERT INTO ${tuples} (${names}) VALUES (${places(values.length)})`).run(...values)
            .lastInsertRowid
        ),
        1
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
        const last = settled(
          Number(
            prepared(sql`INSERT INTO ${tuples} (${names}) VALUES ${join(group.map(() => row))}`)
              .run(...values).lastInsertRowid
          ),
          count
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
    count,
    due: (now) => (due.all(space, now) as ReadonlyArray<Stored>).map(rowOf),
    nextExpiry: () => {
      const [next] = nextExpiry.all(space) as ReadonlyArray<Stored>
      return next === undefined ? null : next["expires"]
    },
    renew: (lease, expires) =>
      [tuples, held].some((table) =>
        Number(prepared(sql`UPDATE ${table} SET expires = ? WHERE lease = ?`).run(expires, lease).changes) > 0
      ),
    arrive: () => arrive(1),
    mark: (arrival, now) => {
      if (Number(mark.run(space, arrival, now, space, now, now).changes) > 0) {
        const [{ n }] = countMarks.all(space) as [{ n: number }]
        if (n > ages.mostMarks) {
          thinMarks.run(space, space, now)
        }
      }
    },
    hold: (client, held, now) => {
      hold.run(Number(client), now, JSON.stringify(held))
      remove(held.map(([, id]) => id))
    },
    token: () => {
      const [{ token }] = nextToken.all(space) as [{ token: number }]
      return token
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
    isWatched: () => isWatched.all(space).length > 0,
    addWaiter: (client, waiter, since) => {
      const { label, ...body } = waiter
      const line = shortLineOf(waiter, client)
      const { lastInsertRowid } = prepared(
        sql`INSERT INTO ${prefix}waiters (client, space, waiter, body, label, since, line, gone)
          VALUES (${places(8)})`
      ).run(
        Number(client),
        space,
        waiter.waiter,
        JSON.stringify(body),
        label,
        since,
        line,
        waiter.events.includes("Gone") ? 1 : null
      )
      const anchors = new Map(waiter.queries.map((query) => {
        const anchor = anchorOf(query)
        return [`${anchor.mask},${anchor.hash}`, anchor]
      }))
      for (const { hash, mask } of anchors.values()) {
        prepared(sql`INSERT INTO ${prefix}anchors (space, mask, hash, seq, line) VALUES (${places(5)})`)
          .run(space, mask, hash, Number(lastInsertRowid), line)
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
      const found = new Map<number, Stored>()
      let [next] = nextMask.all(space, -2) as ReadonlyArray<Stored>
      while (next !== undefined) {
        const { mask } = next as { readonly mask: number }
        const hash = hashUnder(mask, row)
        if (hash !== undefined) {
          const anchor = [space, mask, hash]
          for (const stored of firstUnder.all(...anchor, ...anchor, space, ...anchor) as ReadonlyArray<Stored>) {
            found.set(stored["seq"], stored)
          }
        }
        next = (nextMask.all(space, mask) as ReadonlyArray<Stored>)[0]
      }
      return Array.from(found.values()).sort((one, other) => one["seq"] - other["seq"]).flatMap((stored) => {
        const first = standing(stored, 0)
        const index = first.queries.findIndex((query) => matches(query, row))
        return index < 0 ? [] : [{ ...first, index }]
      })
    },
    waitersIn: (first, after, limit) => {
      if (first.name === "") {
        return first.seq > after ? [first] : []
      }
      const found = standingIn.all(space, first.name, after, limit) as ReadonlyArray<Stored>
      return found.map((stored) => standing(stored, first.index))
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
    outbox: () => {
      const puts: Array<ReadonlyArray<NewRow>> = []
      let count = 0
      let last = 0
      let found: ReadonlyArray<Stored>
      do {
        found = left.all(name, last) as ReadonlyArray<Stored>
        for (const { id, rows } of found) {
          const put = rowsOf(rows)
          puts.push(put)
          count += put.length
          last = id
        }
      } while (found.length === atOnce && count < mostMoved)
      if (puts.length > 0) {
        removeLeft.run(name, last)
      }
      if (found.length === atOnce) {
        onMore()
      }
      return puts.flat()
    },
    scheduled: scheduledIn(prepared, prefix, space),
    touch: (client, until) => Number(touch.run(until, Number(client)).changes) > 0,
    lapsed: (now) => (lapsed.all(space, now) as ReadonlyArray<Stored>).map(({ id }) => String(id)),
    signs: () =>
      (signs.all(space) as ReadonlyArray<Stored>).map(({ id, lease, until }) => ({
        client: String(id),
        until,
        // Of a client of an earlier version it is not known.
        lease: lease ?? Infinity
      })),
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
        sql`SELECT s.*, (${ages.ageOf(marks, sql`?`, sql`s.oldest`, sql`?`)}) AS age
          FROM (
            SELECT arity, shape, CASE WHEN shape LIKE 's%' THEN json_extract(fields, '$[0]') END AS first,
                count(*) AS count, min(${ages.arrivalOf(sql`id`)}) AS oldest
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
      const [scheduled] = prepared(
        sql`SELECT count(*) AS count, min(due) - ? AS next FROM ${prefix}scheduled WHERE space = ?`
      ).all(now, space) as ReadonlyArray<Stored>
      const waiting = prepared(sql`SELECT label, since FROM ${prefix}waiters WHERE space = ? ORDER BY seq`)
        .all(space) as ReadonlyArray<Stored>
      return {
        tuples: counted.map(({ age, arity, count, first, shape }) => ({ arity, shape, first, count, age })),
        held: holders.reduce((sum, { count }) => sum + count, 0),
        holders: holders.map(({ age, client, count, lapses }) => ({ client: String(client), count, age, lapses })),
        expiring: { count: expiring!["count"], next: expiring!["next"] },
        scheduled: { count: scheduled!["count"], next: scheduled!["next"] },
        now,
        waiters: waiting.map(({ label, since }) => ({ label, age: now - since }))
      }
    }
  }
}
