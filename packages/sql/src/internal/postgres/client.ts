/**
 * Who we are on the server: a client of a space with a number of its own, its connection, and how both are made anew.
 *
 * A client that gave no sign of life for longer than its lease was taken for dead: it enters again, under another
 * number.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import { queue } from "@effect-linda/core/SpaceStore"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type pg from "pg"
import { makeLatch } from "../runtime.js"
import type { Sql } from "../sql.js"
import { quoted, sql } from "../sql.js"
import type { Backend } from "./connection.js"
import { Connection } from "./connection.js"
import { classify, isHopeless, Lost, told, unavailable } from "./failures.js"
import type { Read } from "./options.js"
import { prepare } from "./tables.js"

type Step<A> = Effect.Effect<A, Lost | SpaceError>

/**
 * One life of a client, which ends when it is taken for dead. A batch belongs to the life in which it got its number,
 * also when it is sent again.
 */
export interface Life {
  /** The number of the client, and that of its space. Tables that were made anew have others. */
  readonly id: number
  readonly space: number
  /** What the channel of the space's outbox is called by. */
  readonly outbox: number
  /** The number of its last batch. */
  seq: number
}

/** From 20 ms to a second. */
const pauses = Schedule.union(Schedule.exponential("20 millis"), Schedule.spaced("1 seconds"))

export class Client {
  /** The life it is in. */
  life: Life = { id: 0, space: 0, outbox: 0, seq: 0 }
  /** The connection in use. */
  connection: Connection | undefined = undefined
  notify: () => void = () => {}
  /** Open when something was left in the outbox for another program to fetch. */
  readonly left = makeLatch()
  /** Whether nobody tells us of mail, and we have to look. */
  readonly polls: boolean

  readonly schema: Sql
  /** The time by our clock, if that tells. */
  readonly now: Effect.Effect<number | null>
  private readonly connecting = queue(1)
  private readonly entering = queue(1)
  /** What may still run on the server of connections that were given up. */
  private orphans: ReadonlyArray<Backend> = []
  private isPrepared = false
  /** Connections that have yet to show that notifications come by them. */
  private readonly unheard = new Set<Connection>()
  private isOpen = false

  constructor(private readonly driver: typeof pg, private readonly options: Read) {
    this.schema = quoted(options.schema)
    this.polls = options.poll < Infinity
    this.now = options.clock === "client" ? Clock.currentTimeMillis : Effect.succeed(null)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its connection
  // -------------------------------------------------------------------------------------------------------------------

  /** The connection in use, or a new one. */
  readonly connected: Step<Connection> = Effect.suspend(() =>
    this.connection !== undefined
      ? Effect.succeed(this.connection)
      : this.connecting.inTurn(
        Effect.suspend(() => this.connection !== undefined ? Effect.succeed(this.connection) : this.connect)
      )
  )

  private readonly connect: Step<Connection> = Effect.suspend(() => {
    const { orphans } = this
    return this.opened((connection) =>
      Effect.gen(this, function*() {
        if (!this.isOpen && !this.polls) {
          yield* this.heard(connection)
        }
        if (!this.polls) {
          yield* connection.setUp(orphans)
        }
        this.orphans = this.orphans.filter((orphan) => !orphans.includes(orphan))
        if (!this.isPrepared) {
          yield* prepare(connection, this.options)
          this.isPrepared = true
        }
        if (this.life.id !== 0) {
          yield* this.listen(connection)
        }
        if (connection.lost !== undefined) {
          return yield* Effect.fail(connection.lost)
        }
        this.connection = connection
        // There may be mail that we were not told of.
        this.notify()
        return connection
      })
    )
  })

  /** Opens a connection, which ends if not all of this succeeds. */
  private opened<A>(then: (connection: Connection) => Step<A>): Step<A> {
    const make = Effect.try({
      try: () =>
        new Connection(this.driver.Client, this.options, {
          lost: (connection) => this.forget(connection),
          notified: (connection, payload) => {
            this.unheard.delete(connection)
            // Of the outbox all are told, and who is to fetch what is in it.
            if (payload === "" || Number(payload) === this.life.id) {
              this.notify()
            } else {
              this.left.open()
            }
          }
        }),
      catch: classify
    })
    return Effect.flatMap(make, (connection) =>
      Effect.onError(
        Effect.zipRight(connection.connect, Effect.suspend(() => then(connection))),
        () => connection.abandon
      ))
  }

  /** Uses a connection of its own, for which nothing is set, and which ends with it. */
  readonly asked = <A>(use: (connection: Connection) => Step<A>): Effect.Effect<A, SpaceError> =>
    this.certainly(this.opened((connection) => Effect.zipLeft(use(connection), Effect.suspend(() => connection.close))))

  /**
   * Fails if notifications do not come, before anything is set that the next to have this connection would find. What
   * the server itself gives brings them, what a pooler gives need not.
   */
  private heard(connection: Connection): Step<void> {
    const channel = sql`${this.options.schema}_heard`
    const isHeard = Effect.suspend(() => this.unheard.has(connection) ? Effect.fail("not yet") : Effect.void)
    return connection.isDirect ? Effect.void : Effect.gen(this, function*() {
      yield* connection.ask(sql`LISTEN ${quoted(channel)}`)
      this.unheard.add(connection)
      // By a second connection: by the first it would come back with the answer, whoever else has that by then.
      yield* this.opened((other) => Effect.zipRight(other.ask(sql`SELECT pg_notify($1, '')`, [channel]), other.close))
      const hearing = Effect.retry(isHeard, Schedule.upTo(Schedule.spaced("20 millis"), "3 seconds")).pipe(
        Effect.mapError(() =>
          new SpaceError({
            reason: "Unsupported",
            message: "PostgreSQL: notifications do not come by this connection, which something like a pooler gives " +
              "to others between two transactions. Connect to the server itself, or to a pooler that gives each " +
              "client a connection of its own (session mode); or give the option \"poll\", such as " +
              "{ poll: \"100 millis\" }, to look that often instead"
          })
        )
      )
      yield* Effect.ensuring(hearing, Effect.sync(() => this.unheard.delete(connection)))
      yield* connection.ask(sql`UNLISTEN ${quoted(channel)}`)
    })
  }

  /** Looks whether there is anything to fetch, without the lock of the space. */
  readonly look: Effect.Effect<void> = Effect.suspend(() =>
    this.connection === undefined ? Effect.void : Effect.match(
      this.connection.ask(
        sql`SELECT 1 AS found WHERE EXISTS (SELECT FROM ${this.schema}.mail m WHERE m.client = $1)
          OR EXISTS (SELECT FROM ${this.schema}.outbox o WHERE o.space = $2)`,
        [this.life.id, this.options.name]
      ),
      {
        // What is wrong the next batch says.
        onFailure: () => {},
        onSuccess: ({ rows }) => rows.length > 0 && this.notify()
      }
    )
  )

  private forget(connection: Connection): void {
    if (connection.backend !== undefined) {
      this.orphans = [...this.orphans, connection.backend]
    }
    if (this.connection === connection) {
      this.connection = undefined
      // We look for mail, and so connect again, at once.
      this.notify()
    }
  }

  private channel(life: Life): Sql {
    return quoted(sql`${this.options.schema}_${life.id}`)
  }

  private listen(connection: Connection): Step<unknown> {
    const outbox = quoted(sql`${this.options.schema}_outbox_${this.life.outbox}`)
    return this.polls
      ? Effect.void
      : connection.ask(sql`LISTEN ${this.channel(this.life)}; LISTEN ${outbox}`)
  }

  private unlisten(connection: Connection, life: Life): Step<unknown> {
    return life.id === 0 || this.polls ? Effect.void : connection.ask(sql`UNLISTEN ${this.channel(life)}`)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Trying again
  // -------------------------------------------------------------------------------------------------------------------

  /** Until it is known what has become of it, or for `retry`. */
  certainly<A, E, R>(
    effect: Effect.Effect<A, E | Lost, R>
  ): Effect.Effect<A, Exclude<E, Lost> | SpaceError, R> {
    const { retry } = this.options
    return Effect.suspend(() => {
      let failures = 0
      // Not by the clock: somebody may set that meanwhile.
      const end = performance.now() + retry
      const attempt = Effect.tapError(effect, (error) => {
        if (!(error instanceof Lost)) {
          return Effect.void
        }
        failures++
        // A connection that can be made anew at once is no news.
        return failures === (this.isOpen ? 2 : 1) && this.mayPass(error)
          ? Effect.logWarning(
            `${unavailable(error.cause).message}: trying again for ${
              retry === Infinity ? "as long as it takes" : `up to ${Duration.format(Duration.millis(retry))}`
            } (the option "retry")`
          )
          : Effect.void
      })
      return Effect.retry(attempt, {
        schedule: pauses,
        while: (error) => error instanceof Lost && this.mayPass(error) && performance.now() < end
      })
    }).pipe(
      Effect.mapError((error) => told(error) as Exclude<E, Lost> | SpaceError)
    )
  }

  /** Who has been connected once does not take anything for hopeless. */
  private mayPass(error: Lost): boolean {
    return this.isOpen || !isHopeless(error.cause)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its life
  // -------------------------------------------------------------------------------------------------------------------

  /** Begins to live, under a new number. */
  readonly enter: Effect.Effect<void, SpaceError> = Effect.suspend(() =>
    this.certainly(Effect.gen(this, function*() {
      const connection = yield* this.connected
      const life = yield* this.inserted(connection)
      yield* this.unlisten(connection, this.life)
      this.life = life
      yield* this.listen(connection)
      this.isOpen = true
    }))
  )

  /** The space goes by its name: where the tables were made anew it has another number, or is not there. */
  private inserted(connection: Connection): Step<Life> {
    const { schema } = this
    const { lease, name } = this.options
    return Effect.gen(this, function*() {
      const time = yield* this.now
      for (;;) {
        const { rows: [row] } = yield* connection.ask(
          sql`INSERT INTO ${schema}.clients (space, until, lease)
            SELECT id, coalesce($2, extract(epoch FROM clock_timestamp()) * 1000) + $3, $3
              FROM ${schema}.spaces WHERE name = $1
            RETURNING id, space, hashtext($1) AS outbox`,
          [name, time, lease]
        )
        if (row !== undefined) {
          return { id: Number(row["id"]), space: Number(row["space"]), outbox: Number(row["outbox"]), seq: 0 }
        }
        yield* connection.ask(sql`INSERT INTO ${schema}.spaces (name) VALUES ($1) ON CONFLICT DO NOTHING`, [name])
      }
    })
  }

  /** Enters again, once, when a life is over. */
  enterAgain(after: Life): Effect.Effect<void> {
    return this.entering.inTurn(
      Effect.suspend(() => after === this.life ? Effect.ignore(this.enter) : Effect.void)
    )
  }

  readonly leave: Effect.Effect<void> = Effect.suspend(() => {
    const { connection, life, options, schema } = this
    this.connection = undefined
    this.notify = () => {}
    return connection === undefined ? Effect.void : Effect.gen(this, function*() {
      const time = yield* this.now
      if (life.id !== 0) {
        yield* Effect.ignore(connection.alone(
          connection.ask(sql`SELECT ${schema}.leave(hashtext($1), $2, $3, $4)`, [
            options.schema,
            life.space,
            life.id,
            time
          ])
        ))
      }
      yield* connection.close
    })
  })
}
