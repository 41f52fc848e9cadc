import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Postgres } from "@effect-linda/sql"
import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, FiberId } from "effect"
import pg from "pg"
import { fresh, same, somebodyWaits, within } from "./kit.js"
import { useServer } from "./postgres/useServer.js"

const server = useServer()

const open = (space: string, options: Pick<Postgres.Options, "lease" | "poll" | "retry"> = {}) =>
  Effect.suspend(() => Postgres.make({ connection: server().connection(), space, ...options }))

/** A connection of the test's own, past all spaces. */
const connect = Effect.acquireRelease(
  Effect.promise(async () => {
    const admin = new pg.Client(server().connection())
    await admin.connect()
    return admin
  }),
  (admin) => Effect.promise(() => admin.end())
)

const query = (admin: pg.Client, text: string, values: Array<unknown> = []) =>
  Effect.promise(() => admin.query(text, values))

const idOf = (admin: pg.Client, name: string): Effect.Effect<number> =>
  Effect.map(query(admin, "SELECT id FROM linda.spaces WHERE name = $1", [name]), ({ rows: [{ id }] }) => id)

/** Keeps all batches of a space waiting, until the transaction that this begins ends. */
const lockSpace = (admin: pg.Client, name: string): Effect.Effect<number> =>
  Effect.gen(function*() {
    const id = yield* idOf(admin, name)
    yield* query(admin, "BEGIN")
    yield* query(admin, "SELECT pg_advisory_xact_lock(hashtext('linda'), $1::int)", [id])
    return id
  })

/** The functions of the driver that tests put something in the place of. */
interface Driver {
  connect: (this: Driver) => Promise<unknown>
  query: (this: Driver, ...parameters: Array<any>) => Promise<unknown>
  readonly connection: { readonly stream: { readonly destroy: () => void } }
}
const driver = pg.Client.prototype as unknown as Driver

const replace = <K extends "connect" | "query">(name: K, by: (original: Driver[K]) => Driver[K]) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const original = driver[name]
      driver[name] = by(original)
      return original
    }),
    (original) =>
      Effect.sync(() => {
        driver[name] = original
      })
  )

/** Loses the connection, once, at a query that it `meets`: that is lost too, or only its answer. `isLost` says when. */
const losing = (lost: "answer" | "query", meets: (text: string, values: ReadonlyArray<unknown>) => boolean) => {
  let isLost = false
  const replaced = replace("query", (original) =>
    function(...parameters) {
      const [first, second] = parameters
      const text = typeof first === "string" ? first : first.text
      if (isLost || !meets(text ?? "", second ?? first.values ?? [])) {
        return original.apply(this, parameters)
      }
      isLost = true
      return (lost === "answer" ? original.apply(this, parameters) : Promise.resolve()).then(() => {
        this.connection.stream.destroy()
        throw new Error("Connection terminated unexpectedly")
      })
    })
  return Effect.as(replaced, { isLost: () => isLost })
}

/** The commands of a batch, among what its query is given. */
const commandsOf = (values: ReadonlyArray<unknown>): string => String(values[6])

describe("at awkward moments, in PostgreSQL", () => {
  it.scopedLive("a batch happens once although the space is busy for longer than a query may last", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { lease: "1 seconds", retry: "20 seconds" })
      const admin = yield* connect
      yield* one.out(["x"])
      yield* lockSpace(admin, name)
      const put = yield* Effect.fork(one.out(["a"]))
      yield* Effect.sleep("1200 millis")
      yield* query(admin, "COMMIT")
      yield* Fiber.join(put)
      yield* Effect.sleep("500 millis")
      same(yield* one.count(["a"]), 1)
    }))

  it.scopedLive("two batches that learn that their client has lapsed make one new client, which waits once", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name, { lease: "8 seconds" })
      const other = yield* open(name)
      const admin = yield* connect
      const taker = yield* Effect.fork(one.in(["w"]))
      yield* somebodyWaits(other)
      const { rows: [{ client }] } = yield* query(admin, "SELECT client FROM linda.waiters ORDER BY seq DESC LIMIT 1")
      const space = yield* lockSpace(admin, name)
      const first = yield* Effect.fork(one.out(["a"]))
      yield* Effect.sleep("50 millis")
      const second = yield* Effect.fork(one.out(["b"]))
      yield* Effect.sleep("50 millis")
      // What any other client does with one that is silent.
      yield* query(admin, "UPDATE linda.clients SET until = 0 WHERE id = $1", [client])
      yield* query(admin, "SELECT linda.bury($1, 0, 1)", [space])
      yield* query(admin, "COMMIT")
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      yield* somebodyWaits(other)
      const ofSpace = (text: string) => Effect.map(query(admin, text, [space]), ({ rows }) => rows)
      const waiters = yield* ofSpace("SELECT client FROM linda.waiters WHERE space = $1")
      const living = yield* ofSpace("SELECT id FROM linda.clients WHERE space = $1 AND NOT dead")
      yield* other.out(["w"])
      same(
        { waiters: waiters.length, living: living.length, ofOld: waiters.some((waiter) => waiter.client === client) },
        { waiters: 1, living: 2, ofOld: false }
      )
      same(yield* within(Fiber.join(taker), "the taker"), ["w"])
      same((yield* other.inspect).interests, [])
      same(yield* other.count([P.any]), 2)
    }))

  it.scopedLive("D10 a transaction that waits for another program's is late in time, and nothing of it happens", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name)
      const admin = yield* connect
      yield* one.out(["t"])
      yield* lockSpace(admin, name)
      const late = Effect.timeout(SpaceStore.transaction(one)(one.in(["t"])), "200 millis")
      const [took, exit] = yield* Effect.timed(Effect.exit(within(late, "who is late")))
      assert.isTrue(Exit.isFailure(exit))
      assert.isBelow(Duration.toMillis(took), 12_000)
      yield* query(admin, "COMMIT")
      same(yield* within(SpaceStore.transaction(one)(one.in(["t"])), "the next"), ["t"])
    }))

  it.scopedLive("D10 who leaves a transaction as it gets the lock of the space keeps the connection, in order", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name)
      const other = yield* open(name)
      yield* one.out(["t"])
      let isIn = false
      yield* replace("query", (original) =>
        async function(...parameters) {
          const answer = await original.apply(this, parameters)
          if (!isIn && String(parameters[0].text).includes("pg_advisory_xact_lock")) {
            isIn = true
            leaving.unsafeInterruptAsFork(FiberId.none)
          }
          return answer
        })
      let connections = 0
      yield* replace("connect", (original) =>
        function() {
          connections++
          return original.call(this)
        })
      const leaving = yield* Effect.fork(SpaceStore.transaction(one)(one.in(["t"])))
      assert.isTrue(Exit.isInterrupted(yield* within(Fiber.await(leaving), "who leaves")))
      assert.isTrue(isIn)
      same(yield* within(other.count(["t"]), "another program"), 1)
      same(yield* within(SpaceStore.transaction(one)(one.in(["t"])), "the next"), ["t"])
      same(connections, 0)
    }))

  it.scopedLive("D4 a transaction that asks for nothing, of a client that has lapsed, leaves a connection that works", () =>
    Effect.gen(function*() {
      const name = fresh()
      const one = yield* open(name)
      const admin = yield* connect
      const space = yield* idOf(admin, name)
      // What any other client does with one that is silent.
      yield* query(admin, "UPDATE linda.clients SET until = 0 WHERE space = $1", [space])
      yield* query(admin, "SELECT linda.bury($1, 0, 1)", [space])
      yield* within(SpaceStore.transaction(one)(Effect.void), "the transaction")
      yield* within(one.out(["t"]), "the put")
      same(yield* one.count(["t"]), 1)
    }))

  it.scopedLive("a transaction that ignores a failure of its SQL has what it took, or the space has it", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      yield* one.out(["t"])
      const exit = yield* Effect.exit(
        Postgres.transaction(one)(Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* one.in(["t"])
          yield* Effect.ignore(sql`SELECT 1/0`)
        }))
      )
      same((yield* one.count(["t"])) + (Exit.isSuccess(exit) ? 1 : 0), 1)
    }))

  it.scopedLive("a transaction that ignores a failure of its SQL serves those who wait only if it happens", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const taker = yield* Effect.fork(one.in(["t"]))
      yield* somebodyWaits(one)
      const exit = yield* Effect.exit(
        Postgres.transaction(one)(Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* one.out(["t"])
          yield* Effect.ignore(sql`SELECT 1/0`)
        }))
      )
      yield* Effect.sleep("100 millis")
      const isServed = taker.unsafePoll() !== null
      const waiting = (yield* one.inspect).interests.length
      yield* Fiber.interrupt(taker)
      // Nobody may be served with a tuple that never was, while the server still has the waiter.
      const hasHappened = Exit.isSuccess(exit)
      same({ isServed, waiting }, { isServed: hasHappened, waiting: hasHappened ? 0 : 1 })
    }))

  it.scopedLive("a transaction of SQL alone happens once although the answer of its COMMIT is lost", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      const admin = yield* connect
      yield* query(admin, "CREATE TABLE IF NOT EXISTS marks (n int)")
      const { isLost } = yield* losing("answer", (text) => text === "COMMIT")
      yield* Postgres.transaction(one)(Effect.flatMap(SqlClient.SqlClient, (sql) => sql`INSERT INTO marks VALUES (1)`))
      assert.isTrue(isLost())
      const { rows } = yield* query(admin, "SELECT * FROM marks")
      same(rows.length, 1)
    }))

  it.scopedLive("a transaction whose COMMIT goes on when its connection is lost happens once", () =>
    Effect.gen(function*() {
      const name = fresh()
      // Behind a pooler nobody can end what goes on.
      const one = yield* open(name, { poll: "20 millis" })
      const admin = yield* connect
      const key = 4711
      yield* query(
        admin,
        `CREATE TABLE commits (n int);
        CREATE FUNCTION held_up() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_advisory_xact_lock(${key}); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER held_up AFTER INSERT ON commits DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION held_up();
        SELECT pg_advisory_lock(${key})`
      )
      const waits = Effect.map(
        query(admin, "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"),
        ({ rows: [{ n }] }) => n as number
      )
      const untilWait = (count: number) =>
        Effect.repeat(Effect.zipLeft(waits, Effect.sleep("5 millis")), { until: (n) => n >= count })
      let isPut = false
      let isLost = false
      yield* replace("query", (original) =>
        async function(...parameters) {
          const { text } = parameters[0]
          isPut ||= String(text).includes("INTO commits")
          if (text !== "COMMIT" || !isPut || isLost) {
            return await original.apply(this, parameters)
          }
          isLost = true
          void original.apply(this, parameters).catch(() => {})
          await Effect.runPromise(untilWait(1))
          this.connection.stream.destroy()
          throw new Error("Connection terminated unexpectedly")
        })
      const transaction = yield* Effect.fork(
        Postgres.transaction(one)(Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* one.out(["a"])
          yield* sql`INSERT INTO commits VALUES (1)`
          yield* one.out(["b"])
        }))
      )
      // The COMMIT, and who asks for the lock of the space again.
      yield* within(untilWait(2), "the second")
      yield* query(admin, `SELECT pg_advisory_unlock(${key})`)
      same(yield* within(Fiber.await(transaction), "the transaction"), Exit.void)
      const { rows } = yield* query(admin, "SELECT * FROM commits")
      yield* query(admin, "DROP TABLE commits; DROP FUNCTION held_up")
      same([yield* one.count(["a"]), rows.length, yield* one.count(["b"])], [1, 1, 1])
    }))

  for (const where of ["a transaction", "a part of a transaction"]) {
    it.scopedLive(`S8 who leaves ${where} does not wait for a statement of SQL that takes long`, () =>
      Effect.gen(function*() {
        const one = yield* open(fresh())
        const work = Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          yield* one.out(["t"])
          yield* sql`SELECT pg_sleep(40)`
        })
        const slow = Postgres.transaction(one)(
          where === "a transaction" ? work : Effect.exit(SpaceStore.transaction(one)(work))
        )
        const [took, exit] = yield* Effect.timed(Effect.exit(Effect.timeout(slow, "300 millis")))
        assert.isTrue(Exit.isFailure(exit))
        assert.isBelow(Duration.toMillis(took), 12_000)
        same(yield* within(one.count(["t"]), "the next"), 0)
      }))
  }

  it.scopedLive("a join is served although the connection is lost while it is offered a tuple", () =>
    Effect.gen(function*() {
      const one = yield* open(fresh())
      yield* one.out(["a"])
      const join = yield* Effect.fork(one.inAll([["a"], ["b"]]))
      yield* somebodyWaits(one)
      const { isLost } = yield* losing("query", (_, values) => commandsOf(values).includes("\"scan\""))
      yield* one.out(["b"])
      const exit = yield* within(Fiber.await(join), "the join")
      assert.isTrue(isLost())
      assert.isTrue(Exit.isSuccess(exit), String(exit))
    }))

  it.scopedLive("an in whose mail was in an answer that is lost is served after an outage longer than `retry`", () =>
    Effect.gen(function*() {
      const name = fresh()
      const other = yield* open(name)
      const one = yield* open(name, { retry: "100 millis", lease: "2 seconds" })
      const taker = yield* Effect.fork(one.in(["t", P.number]))
      yield* somebodyWaits(other)
      // A batch without a command, which fetches mail.
      const { isLost } = yield* losing(
        "answer",
        (text, values) => text.includes(".run(") && commandsOf(values) === "[]"
      )
      let isBack = false
      yield* replace("connect", (original) =>
        function() {
          return isLost() && !isBack ? Promise.reject(new Error("ECONNREFUSED")) : original.call(this)
        })
      yield* other.out(["t", 1])
      yield* within(Effect.repeat(Effect.sleep("5 millis"), { until: isLost }), "the loss")
      // Longer than it tries again.
      yield* Effect.sleep("600 millis")
      isBack = true
      // The first may be lost, this one may not.
      yield* other.out(["t", 2])
      yield* within(Fiber.join(taker), "the taker")
    }))

  it.scopedLive("the last two batches are answered again, and not done again; older ones are refused", () =>
    Effect.gen(function*() {
      const name = fresh()
      const space = yield* open(name)
      const admin = yield* connect
      const id = yield* idOf(admin, name)
      const { rows: [client] } = yield* query(
        admin,
        "INSERT INTO linda.clients (space, until) VALUES ($1, 1e18) RETURNING id",
        [id]
      )
      const row = { arity: 1, shape: "s", fields: ["\"t\""], keys: [1] }
      const batch = (number: number) =>
        Effect.map(
          query(admin, "SELECT linda.run(hashtext('linda'), $1, $2, $3, 1e18, NULL, $4) AS outcome", [
            id,
            client.id,
            number,
            JSON.stringify([{ op: "put", rows: [row] }])
          ]),
          ({ rows: [{ outcome }] }) => outcome
        )
      const [first, second] = [yield* batch(1), yield* batch(2)]
      same([yield* batch(1), yield* batch(2)], [first, second])
      yield* batch(3)
      const refused = yield* Effect.exit(batch(1))
      assert.include(Exit.isFailure(refused) ? Cause.pretty(refused.cause) : "", "sent again")
      assert.strictEqual(yield* space.count([P.string]), 3)
    }))
})
