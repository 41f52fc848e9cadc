/**
 * The store of a client: its batches and transactions, each of which happens once, however often it is sent.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Restore, Savepoint, SpaceStore } from "@effect-linda/core/SpaceStore"
import { queue } from "@effect-linda/core/SpaceStore"
import type { Command, Outcome, Run } from "@effect-linda/core/StoreCommand"
import * as StoreCommand from "@effect-linda/core/StoreCommand"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type pg from "pg"
import { load } from "../drivers.js"
import { scriptOf } from "../migrations.js"
import { liveClock } from "../runtime.js"
import { sql } from "../sql.js"
import type { Life } from "./client.js"
import { Client } from "./client.js"
import type { Connection } from "./connection.js"
import { Lost, told } from "./failures.js"
import type { Read } from "./options.js"
import { missingOf } from "./tables.js"
import type { OutcomeWire } from "./wire.js"
import { decode, encode } from "./wire.js"

/** A store, and SQL of the user's in the transaction of it that is under way. */
export interface PostgresStore extends SpaceStore {
  readonly query: (config: pg.QueryConfig) => Promise<pg.QueryResult>
}

/** Batches on their way at a time: one is made while the server does the other. */
const most = 2

/** For how long whoever is to fetch what was left in the outbox has time for that: this is for others to see. */
const unfetched = Effect.flatMap(Random.nextRange(100, 200), (millis) => Effect.sleep(millis))

/** What is missing of the tables, as a text of SQL. */
export const script = (options: Read): Effect.Effect<string, SpaceError> =>
  Effect.flatMap(
    load("pg", () => import("pg")),
    (pg) => new Client(pg, options).asked((connection) => Effect.map(missingOf(connection, options.schema), scriptOf))
  )

export const make = (options: Read): Effect.Effect<PostgresStore, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const client = new Client(yield* load("pg", () => import("pg")), options)
    /** A batch may be asked for while the one before is under way: they keep their order. Transactions are alone. */
    const depth = client.polls ? 1 : most
    const slots = queue(depth)
    // What is interrupted while it opens leaves nothing behind.
    yield* Effect.addFinalizer(() => slots.inTurn(client.leave))
    yield* client.enter
    const pause = client.polls
      ? Effect.sleep(options.poll)
      : Effect.zipRight(client.left.await, Effect.zipRight(unfetched, client.left.close))
    // Between batches and transactions, of which it is no part.
    const look = slots.inTurn(client.look, { permits: 1 })
    yield* Effect.forkScoped(Effect.withClock(Effect.forever(Effect.zipRight(pause, look)), liveClock))

    const perform = (
      connection: Connection,
      { id, space }: Life,
      number: number | null,
      commands: ReadonlyArray<Command>
    ): Effect.Effect<Outcome, Lost | SpaceError> =>
      Effect.flatMap(client.now, (time) =>
        Effect.map(
          connection.ask(
            sql`SELECT ${client.schema}.run(hashtext($1), $2, $3, $4, $5, $6, $7) AS outcome`,
            [options.schema, space, id, number, options.lease, time, encode(commands)],
            `${options.schema}_run`
          ),
          ({ rows: [row] }) => decode(commands, JSON.parse(row!["outcome"]!) as OutcomeWire)
        ))

    const whole: typeof perform = (connection, ...batch) => connection.alone(perform(connection, ...batch))

    /** Gives what is to happen once its number. Who learns that its life is over enters again before it says so. */
    const numbered = <A, E, R>(
      effect: (life: Life, number: number) => Effect.Effect<A, E | SpaceError, R>
    ): Effect.Effect<A, E | SpaceError, R> =>
      Effect.suspend(() => {
        const { life } = client
        return Effect.tapError(
          effect(life, ++life.seq),
          (error) => error instanceof SpaceError && error.reason === "Lapsed" ? client.enterAgain(life) : Effect.void
        )
      })

    /** Batches that were lost are sent again one by one, in their order, before any other. */
    const repair = queue(1)
    let lost = 0

    const run = StoreCommand.run((commands) =>
      Effect.uninterruptible(
        slots.inTurn(
          numbered((life, number) => {
            const mend = Effect.suspend(() => {
              lost++
              const again = Effect.flatMap(
                client.connected,
                (connection) => whole(connection, life, number, commands)
              )
              return Effect.ensuring(repair.inTurn(client.certainly(again)), Effect.sync(() => lost--))
            })
            const { connection } = client
            return connection === undefined || lost > 0 ? mend : Effect.catchAll(
              whole(connection, life, number, commands),
              (error) => error instanceof Lost ? mend : Effect.fail(error)
            )
          }),
          { permits: 1 }
        )
      )
    )

    /** Whether a batch is known to the server: of one that was lost, whether it happened. */
    const isDone = (connection: Connection, { id }: Life, number: number) =>
      Effect.map(
        connection.ask(sql`SELECT seq FROM ${client.schema}.clients WHERE id = $1`, [id]),
        ({ rows: [row] }) => row !== undefined && Number(row["seq"]) === number
      )

    /** The connection on which a transaction is under way. */
    let within: Connection | undefined

    const transaction: SpaceStore["transaction"] = <A, E, R>(
      body: (run: Run, savepoint: Savepoint) => Effect.Effect<A, E, R>,
      waiting?: Restore
    ) =>
      Effect.uninterruptibleMask((restore) => {
        const leave = waiting ?? restore
        return slots.inTurn(
          numbered((life, number) => {
            let result: { readonly value: A } | undefined
            const inside = (connection: Connection): Effect.Effect<A, E | Lost | SpaceError, R> =>
              Effect.gen(function*() {
                // Under the lock: before, a COMMIT that was lost may be under way.
                if (result !== undefined && (yield* isDone(connection, life, number))) {
                  return result.value
                }
                result = undefined
                let isFirst = true
                const run = StoreCommand.run((commands) =>
                  Effect.uninterruptible(Effect.suspend(() => {
                    const own = isFirst ? number : null
                    isFirst = false
                    return Effect.mapError(perform(connection, life, own, commands), told)
                  }))
                )
                // So that the number of the whole is not undone with a part.
                const savepoint: Savepoint = (effect) =>
                  Effect.suspend(() =>
                    Effect.zipRight(isFirst ? run([]) : Effect.void, Effect.mapError(connection.part(effect), told))
                  )
                within = connection
                const value = yield* Effect.ensuring(
                  restore(body(run, savepoint)),
                  Effect.sync(() => {
                    within = undefined
                  })
                )
                // So that it can be known whether it happened.
                if (isFirst) {
                  yield* run([])
                }
                result = { value }
                return value
              })
            // The lock is asked for at once, so that who waits for it can leave.
            const lock = sql`SELECT pg_advisory_xact_lock(hashtext('${options.schema}'), ${life.space})`
            const once = Effect.flatMap(
              leave(client.connected),
              (connection) => connection.transaction(inside(connection), { lock, leave })
            )
            return client.certainly(once)
          }),
          { restore: leave }
        )
      })

    return {
      name: options.name,
      lease: options.lease,
      depth,
      prioritizes: true,
      schedules: true,
      run,
      transaction,
      onMail: (callback) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            client.notify = callback
          }),
          () =>
            Effect.sync(() => {
              client.notify = () => {}
            })
        ),
      query: (config) => within?.query(config) ?? Promise.reject(new Error("the transaction of this statement is over"))
    }
  })
