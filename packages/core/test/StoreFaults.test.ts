import type { Tuple } from "@effect-linda/core"
import { Pattern as P, Remote, SpaceError, SpaceStore, Transaction, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Exit, Fiber, Option, Scope, TestClock } from "effect"
import { same, settle } from "./helpers.js"
import { pair } from "./links.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>
type Store = SpaceStore.SpaceStore
type Wrap = (store: Store) => Store

/** Opens clients of one space. */
const clients = Effect.map(
  SpaceStore.memory,
  ({ open }) => (wrap: Wrap = (store) => store, lease = "10000 days") =>
    Effect.flatMap(
      open("jobs", { lease: lease as Duration.DurationInput }),
      (store) => SpaceStore.make(wrap(store)) as Effect.Effect<Space, SpaceError.SpaceError, Scope.Scope>
    )
)

const failing = (reason: SpaceError.SpaceError["reason"]) =>
  new SpaceError.SpaceError({ reason, message: "on purpose" })

const reasonOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit)
    ? Option.getOrElse(
      Option.map(Cause.failureOption(exit.cause), (error) => (error as SpaceError.SpaceError).reason ?? error),
      () => exit.cause
    )
    : exit.value

/** Puts something in the way of each batch, be it alone or a part of a transaction. */
const before =
  (look: (commands: ReadonlyArray<SpaceStore.Command>) => Effect.Effect<void, SpaceError.SpaceError>): Wrap =>
  (store) => ({
    ...store,
    run: (commands) => Effect.zipRight(Effect.suspend(() => look(commands)), store.run(commands)),
    transaction: (body) =>
      store.transaction((run, savepoint) =>
        body((commands) => Effect.zipRight(Effect.suspend(() => look(commands)), run(commands)), savepoint)
      )
  })

/** Fails instead of hanging, by the real time. */
const within = <A, E, R>(effect: Effect.Effect<A, E, R>, what: string): Effect.Effect<A, E, R> =>
  Effect.timeoutFailCause(Effect.disconnect(effect), {
    duration: "20 seconds",
    onTimeout: () => Cause.die(new Error(`hangs: ${what}`))
  })

const isPutOf = (word: string) => (command: SpaceStore.Command): boolean =>
  (command.op === "put" ? command.rows : command.op === "settle" ? command.put : []).some(({ fields }) =>
    fields.some((field) => field.includes(word))
  )

/** A space in which a job is held, and the scope that ends that. */
const holding = Effect.gen(function*() {
  const one = yield* Effect.flatMap(clients, (open) => open())
  yield* one.out(["job", 1])
  const scope = yield* Scope.make()
  yield* Scope.extend(one.inScoped(["job", P.number]), scope)
  return { one, end: Scope.close(scope, Exit.void) }
})

describe("A store that refuses", () => {
  it.scoped("D5 what it refuses of a batch is refused, and the batch mates are not", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let batches = 0
      const one = yield* open(before((commands) => {
        batches++
        return commands.some(isPutOf("bad")) ? failing("Refused") : Effect.void
      }))
      const exits = yield* Effect.all([
        Effect.exit(one.out(["good", 1])),
        Effect.exit(one.out(["bad"])),
        Effect.exit(one.out(["good", 2])),
        Effect.exit(one.rdp(["good", P.number])),
        Effect.exit(one.inWith(["good", 2], () => Effect.succeed("used")))
      ], { concurrency: "unbounded" })
      same(exits.map(reasonOf), [undefined, "Refused", undefined, Option.some(["good", 1]), "used"])
      same(yield* one.copyCollect([P.rest(P.any)]), [["good", 1]])
      assert.isAtLeast(batches, 2)
    }))

  it.scoped("D5 a letter that it refuses is not put, and its tuple is back", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const one = yield* open(before((commands) => commands.some(isPutOf("bad")) ? failing("Refused") : Effect.void))
      yield* one.out(["job"])
      const options = { maxAttempts: 1, deadLetter: () => ["bad"] as const }
      const exit = yield* Effect.exit(one.inWith(["job"], () => Effect.fail("no"), options))
      assert.isTrue(Exit.isFailure(exit) && String(exit.cause).includes("on purpose"))
      same(yield* one.inp(["job"]), Option.some(["job"]))
      same((yield* one.inspect).held, 0)
    }))

  it.scoped("D5 what the tables of a store throw is refused, and undone", () =>
    Effect.gen(function*() {
      const lock = yield* Effect.makeSemaphore(1)
      const store = yield* SpaceStore.fromTables({
        name: "broken",
        lease: 1e9,
        lock: lock.withPermits(1),
        tables: { touch: () => true, isWaitedFor: () => false, due: () => [], lapsed: () => [] } as never,
        begin: Effect.void,
        commit: () => {},
        rollback: () => {},
        savepoint: () => () => {},
        enter: () => "1",
        onMail: () => Effect.void
      })
      const exit = yield* Effect.exit(store.run([{ op: "inspect" }]))
      same(reasonOf(exit), "Refused")
    }))

  it.scoped("D5 more than fits into a batch goes in several, in order", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const sizes: Array<number> = []
      const one = yield* open(before((commands) => {
        const rows = commands.flatMap((command) => command.op === "put" ? command.rows : [])
        sizes.push(rows.reduce((sum, { fields }) => sum + fields.join("").length, 0))
        return Effect.void
      }))
      const text = "x".repeat(3 * 2 ** 20)
      yield* Effect.all(Array.from({ length: 12 }, (_, n) => one.out([n, text])), { concurrency: "unbounded" })
      assert.isAtMost(Math.max(...sizes), 2 ** 24)
      same((yield* one.copyCollect([P.number, P.string])).map(([n]) => n), Array.from({ length: 12 }, (_, n) => n))
    }))
})

describe("A store that fails while its space closes", () => {
  it.live("D7 is asked again after growing pauses, and not for ever", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let isBroken = false
      let tries = 0
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(
        open(before((commands) => {
          tries += isBroken && commands.some(({ op }) => op === "settle") ? 1 : 0
          return isBroken ? failing("Unavailable") : Effect.void
        })),
        scope
      )
      yield* one.out(["job"])
      const used = yield* Effect.exit(one.inWith(["job"], () =>
        Effect.sync(() => {
          isBroken = true
        })))
      same(reasonOf(used), "Unavailable")
      tries = 0
      let ticks = 0
      const ticking = yield* Effect.fork(Effect.forever(Effect.tap(Effect.sleep(5), () => Effect.sync(() => ticks++))))
      yield* Effect.timeoutFail(Effect.disconnect(Scope.close(scope, Exit.void)), {
        duration: "20 seconds",
        onTimeout: () => "it does not close"
      })
      yield* Fiber.interrupt(ticking)
      assert.isAtLeast(tries, 3)
      assert.isAtMost(tries, 20)
      assert.isAtLeast(ticks, 20)
    }))

  it.live("D7 does the last things when it is well again", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let isBroken = false
      const other = yield* open()
      const scope = yield* Scope.make()
      const one = yield* Scope.extend(open(before(() => isBroken ? failing("Unavailable") : Effect.void)), scope)
      yield* one.out(["job"])
      yield* Effect.exit(one.inWith(["job"], () =>
        Effect.sync(() => {
          isBroken = true
        })))
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* Effect.sleep("60 millis")
      isBroken = false
      yield* within(Fiber.join(closing), "the close")
      // It was used, and so is consumed.
      same(yield* other.count(["job"]), 0)
      same((yield* other.inspect).held, 0)
    }).pipe(Effect.scoped))
})

describe("A hold that ends within a transaction", () => {
  it.scopedLive("D8 is confirmed together with what is put", () =>
    Effect.gen(function*() {
      const { end, one } = yield* holding
      yield* within(
        SpaceStore.transaction(one)(Effect.zipRight(end, one.out(["done", 1]))),
        "the transaction"
      )
      same(yield* one.copyCollect([P.rest(P.any)]), [["done", 1]])
      same((yield* one.inspect).held, 0)
    }))

  it.scopedLive("D8 goes back if the transaction fails", () =>
    Effect.gen(function*() {
      const { end, one } = yield* holding
      const exit = yield* within(
        Effect.exit(
          SpaceStore.transaction(one)(
            Effect.zipRight(end, Effect.zipRight(one.out(["done", 1]), Effect.fail("no")))
          )
        ),
        "the transaction"
      )
      same(reasonOf(exit), "no")
      same(yield* one.inp(["job", 1]), Option.some(["job", 1]))
      same(yield* one.count(["done", 1]), 0)
    }))

  it.scopedLive("D8 goes back if its letter is refused, and the transaction goes on", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const one = yield* open(before((commands) => commands.some(isPutOf("bad")) ? failing("Refused") : Effect.void))
      yield* one.out(["job", 1])
      const scope = yield* Scope.make()
      const options = { maxAttempts: 1, deadLetter: () => ["bad"] as const }
      yield* Scope.extend(one.inScoped(["job", P.number], options), scope)
      const end = Effect.ignore(Effect.sandbox(Scope.close(scope, Exit.fail("no"))))
      yield* within(SpaceStore.transaction(one)(Effect.zipRight(end, one.out(["else"]))), "the transaction")
      same(yield* one.copyCollect([P.rest(P.any)]), [["job", 1], ["else"]])
      same((yield* one.inspect).held, 0)
    }))

  it.scopedLive("D8 ends in each run of a transaction that waits and runs again", () =>
    Effect.gen(function*() {
      const { end, one } = yield* holding
      const fiber = yield* Effect.fork(
        SpaceStore.transaction(one)(
          Effect.zipRight(end, Effect.zipRight(one.in(["go"]), one.out(["done", 1])))
        )
      )
      yield* Effect.sleep("20 millis")
      same((yield* one.inspect).held, 1)
      yield* one.out(["go"])
      yield* within(Fiber.join(fiber), "the transaction")
      same(yield* one.copyCollect([P.rest(P.any)]), [["done", 1]])
      same((yield* one.inspect).held, 0)
    }))

  it.scopedLive("D8 is confirmed by the run that happens, if the store has failed the one that ended it", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let failures = 0
      // as a database does whose connection is lost, when it has another one
      const anew: Wrap = (store) => ({
        ...store,
        transaction: (body) =>
          Effect.catchAllCause(
            store.transaction(body),
            (cause) => failures === 1 ? store.transaction(body) : Effect.failCause(cause)
          )
      })
      const one = yield* open((store) =>
        anew(
          before((commands) =>
            commands.some(({ op }) => op === "settle") && ++failures === 1 ? failing("Unavailable") : Effect.void
          )(store)
        )
      )
      yield* one.out(["job", 1])
      const scope = yield* Scope.make()
      yield* Scope.extend(one.inScoped(["job", P.number]), scope)
      yield* within(
        SpaceStore.transaction(one)(Effect.zipRight(Scope.close(scope, Exit.void), one.out(["done", 1]))),
        "the transaction"
      )
      assert.isAtLeast(failures, 2)
      same(yield* one.copyCollect([P.rest(P.any)]), [["done", 1]])
      same((yield* one.inspect).held, 0)
    }))

  it.scopedLive("D8 goes back if the part fails that ended it, and the transaction does not", () =>
    Effect.gen(function*() {
      const { end, one } = yield* holding
      const transaction = SpaceStore.transaction(one)
      yield* within(
        transaction(Effect.zipRight(
          Effect.ignore(transaction(Effect.zipRight(end, Effect.fail("no")))),
          one.out(["else"])
        )),
        "the transaction"
      )
      same(yield* one.copyCollect([P.rest(P.any)]), [["job", 1], ["else"]])
      same((yield* one.inspect).held, 0)
    }))
})

describe("A transaction within another", () => {
  it.scoped("D9 is undone alone if it fails", () =>
    Effect.gen(function*() {
      const one = yield* Effect.flatMap(clients, (open) => open())
      const transaction = SpaceStore.transaction(one)
      const taker = yield* Effect.fork(one.in(["paid"]))
      yield* one.out(["stock"])
      yield* settle
      const pay = transaction(Effect.all([one.out(["paid"]), one.in(["stock"]), Effect.fail("card refused")]))
      const seen = yield* transaction(Effect.gen(function*() {
        yield* one.out(["order"])
        yield* Effect.ignore(pay)
        yield* Effect.ignore(transaction(Effect.zipRight(Effect.ignore(pay), Effect.fail("both"))))
        return yield* one.copyCollect([P.string])
      }))
      same(seen, [["stock"], ["order"]])
      same(yield* one.copyCollect([P.string]), [["stock"], ["order"]])
      yield* settle
      same(yield* Fiber.poll(taker), Option.none())
      yield* transaction(one.out(["paid"]))
      same(yield* Fiber.join(taker), ["paid"])
    }))
})

describe("An operation that is too late, or interrupted, while the store is busy", () => {
  const operations: Readonly<Record<string, (space: Space) => Effect.Effect<unknown, unknown>>> = {
    "in with a timeout": (space) => space.in(["t"], { timeout: "200 millis" }),
    "in by a predicate with a timeout": (space) =>
      space.in([P.when((word) => word === "t")], { timeout: "200 millis" }),
    "rd with a timeout": (space) => space.rd(["none"], { timeout: "200 millis" }),
    "inAll with a timeout": (space) => space.inAll([["t"], ["none"]], { timeout: "200 millis" }),
    "in": (space) => Effect.timeout(space.in(["t"]), "200 millis"),
    "inp": (space) => Effect.timeout(space.inp(["t"]), "200 millis"),
    "inp by a predicate": (space) => Effect.timeout(space.inp([P.when((word) => word === "t")]), "200 millis"),
    "collect": (space) => Effect.timeout(space.collect(["t"]), "200 millis"),
    "inWith": (space) => Effect.timeout(space.inWith(["t"], Effect.succeed), "200 millis"),
    "count": (space) => Effect.timeout(space.count(["t"]), "200 millis"),
    "rdp": (space) => Effect.timeout(space.rdp(["t"]), "200 millis"),
    "inspect": (space) => Effect.timeout(space.inspect, "200 millis"),
    "out": (space) => Effect.timeout(space.out(["u"]), "200 millis"),
    "replace": (space) => Effect.timeout(space.replace(["none"], () => ["none"]), "200 millis"),
    "a transaction": (space) => Effect.timeout(SpaceStore.transaction(space)(space.in(["t"])), "200 millis"),
    "transact": (space) => Effect.timeout(space.transact(Transaction.in(space, ["t"])), "200 millis")
  }
  for (const [name, operation] of Object.entries(operations)) {
    it.scopedLive(`D10 ${name} ends soon, and what the store brings later is back`, () =>
      Effect.gen(function*() {
        const open = yield* clients
        const one = yield* open()
        yield* one.out(["t"])
        const isOver = yield* Deferred.make<void>()
        const busy = yield* Effect.fork(SpaceStore.transaction(yield* open())(Deferred.await(isOver)))
        yield* Effect.sleep("20 millis")
        const [took, exit] = yield* Effect.timed(within(Effect.exit(operation(one)), name))
        assert.isTrue(Exit.isFailure(exit))
        assert.isBelow(Duration.toMillis(took), 12_000)
        yield* Deferred.succeed(isOver, undefined)
        yield* Fiber.join(busy)
        // Whatever was asked for meanwhile is done by now, and undone.
        yield* one.out(["last"])
        yield* Effect.sleep("20 millis")
        same(yield* one.count(["t"]), 1)
        const { held, interests } = yield* one.inspect
        same({ held, interests }, { held: 0, interests: [] })
      }))
  }

  it.scopedLive("D10 what the store brings later is back, also if that fails when it is to go back", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const isOver = yield* Deferred.make<void>()
      let failures = 0
      const one = yield* open((store) => {
        const failed = before((commands) =>
          commands.some(({ op }) => op === "restore") && ++failures === 1 ? failing("Unavailable") : Effect.void
        )(store)
        const isTake = (commands: ReadonlyArray<SpaceStore.Command>) => commands.some(({ op }) => op === "take")
        return {
          ...failed,
          run: (commands) =>
            Effect.tap(failed.run(commands), () => isTake(commands) ? Deferred.await(isOver) : Effect.void)
        }
      })
      yield* one.out(["t"])
      const error = yield* within(Effect.flip(one.in(["t"], { timeout: "20 millis" })), "the in")
      assert.isTrue(TupleSpace.isTimeout(error))
      yield* Deferred.succeed(isOver, undefined)
      yield* Effect.sleep("20 millis")
      same(failures, 1)
      // with the next batch, if only a sign of life
      yield* one.out(["last"])
      same(yield* one.count(["t"]), 1)
    }))
})

describe("A transaction that is interrupted", () => {
  it.scoped("while the store answers that it has to wait ends as interrupted, and as nothing else", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const [asked, answer] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const one = yield* open(before((commands) =>
        commands.some(({ op }) => op === "take")
          ? Effect.zipRight(Deferred.succeed(asked, undefined), Deferred.await(answer))
          : Effect.void
      ))
      for (
        const transaction of [SpaceStore.transaction(one)(one.in(["t"])), one.transact(Transaction.in(one, ["t"]))]
      ) {
        const waiting = yield* Effect.fork(transaction)
        yield* settle
        const interrupting = yield* Effect.fork(Fiber.interrupt(waiting))
        yield* settle
        yield* Deferred.succeed(answer, undefined)
        const exit = yield* Fiber.join(interrupting)
        assert.isTrue(Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause), String(exit))
      }
    }))
})

describe("A use whose lease is over", () => {
  it.scopedLive("D22 is interrupted when that is known, and fails as Lapsed", () =>
    Effect.gen(function*() {
      const { open } = yield* SpaceStore.memory
      const lapsed = failing("Lapsed")
      const store = yield* open("jobs", { lease: "300 millis" })
      let isSilent = false
      let isTold = false
      const one = (yield* SpaceStore.make({
        ...store,
        // As a program that was stopped: it hears of nothing for a while.
        run: (commands) =>
          Effect.suspend(() => {
            if (isSilent) {
              return Effect.zipRight(Effect.sleep("5 millis"), failing("Unavailable"))
            }
            return Effect.tapError(store.run(commands), (error) =>
              Effect.sync(() => {
                isTold ||= error.reason === lapsed.reason
              }))
          })
      })) as Space
      const other = (yield* SpaceStore.make(yield* open("jobs", { lease: "600 millis" }))) as Space
      yield* one.out(["job"])
      let finalized = false
      const use = yield* Effect.fork(one.inWith(["job"], () =>
        Effect.ensuring(
          Effect.never,
          Effect.sync(() => {
            finalized = true
          })
        )))
      yield* Effect.sleep("50 millis")
      isSilent = true
      yield* within(other.in(["job"]), "the tuple of the lapsed client")
      isSilent = false
      same(reasonOf(yield* within(Effect.exit(Fiber.join(use)), "the use")), "Lapsed")
      assert.isTrue(finalized && isTold)
    }))
})

describe("Operations within a transaction of the store", () => {
  const operations: Readonly<Record<string, (space: Space) => Effect.Effect<unknown, unknown, Scope.Scope>>> = {
    inspect: (space) => space.inspect,
    explain: (space) => space.explain(["t"]),
    count: (space) => space.count(["t"]),
    "outIfAbsent": (space) => space.outIfAbsent(["none"], ["none"]),
    "out with a ttl, renewed": (space) =>
      Effect.flatMap(space.out(["leased"], { ttl: "1 hours" }), (lease) => lease.renew("2 hours")),
    "inScoped": (space) => Effect.scoped(space.inScoped(["t"])),
    "inWith": (space) => space.inWith(["t"], () => space.out(["u"])),
    "collectInto": (space) => Effect.flatMap(TupleSpace.make(), (other) => space.collectInto(["t"], other)),
    "the end of a subscription": (space) =>
      Effect.scoped(
        Effect.ignore(space.subscribe(["t"], { scoped: true }) as Effect.Effect<unknown, unknown, Scope.Scope>)
      )
  }
  for (const [name, operation] of Object.entries(operations)) {
    it.scopedLive(`S15 ${name} does not wait for its own transaction`, () =>
      Effect.gen(function*() {
        const one = yield* Effect.flatMap(clients, (open) => open())
        yield* one.out(["t"])
        yield* within(SpaceStore.transaction(one)(operation(one)), name)
      }))
  }

  it.scopedLive("S15 a subscription is refused, and one that was there before can be closed", () =>
    Effect.gen(function*() {
      const one = yield* Effect.flatMap(clients, (open) => open())
      const scope = yield* Scope.make()
      yield* Effect.asVoid(Scope.extend(one.subscribe(["t"], { scoped: true }), scope))
      const exit = yield* within(
        SpaceStore.transaction(one)(Effect.zipRight(
          Scope.close(scope, Exit.void),
          Effect.exit(Effect.scoped(one.stream(["t"], { scoped: true })))
        )),
        "the transaction"
      )
      same(reasonOf(exit), "Reentrant")
      yield* settle
      same((yield* one.inspect).interests, [])
    }))

  it.scopedLive("S15 one that a fiber does as the transaction commits is done after it", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const committing = yield* Deferred.make<void>()
      let isAfterwards = false
      const one = yield* open((store) => ({
        ...store,
        transaction: (body) =>
          store.transaction((run, savepoint) =>
            Effect.tap(
              body((commands) => {
                assert.isFalse(isAfterwards, "a batch of the transaction comes when it is over")
                return run(commands)
              }, savepoint),
              () => {
                isAfterwards = true
                return Effect.zipRight(Deferred.succeed(committing, undefined), Effect.sleep("20 millis"))
              }
            )
          )
      }))
      const fiber = yield* SpaceStore.transaction(one)(
        Effect.forkDaemon(Effect.zipRight(Deferred.await(committing), one.out(["later"])))
      )
      yield* within(Fiber.join(fiber), "the put")
      same(yield* one.count(["later"]), 1)
    }))
})

describe("A part of a transaction on a store", () => {
  it.scoped("S10 S8 that is interrupted is undone, and what it held has ended", () =>
    Effect.gen(function*() {
      const one = yield* Effect.flatMap(clients, (open) => open())
      yield* one.outAll([["a"], ["b"], ["c"]])
      const leave = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const part = SpaceStore.transaction(one)(Effect.gen(function*() {
        yield* one.in(["b"])
        yield* one.out(["d"])
        yield* Scope.extend(one.inScoped(["c"]), scope)
        yield* Deferred.succeed(leave, undefined)
        return yield* Effect.never
      }))
      yield* SpaceStore.transaction(one)(Effect.gen(function*() {
        yield* one.in(["a"])
        yield* Effect.raceFirst(part, Deferred.await(leave))
        same(yield* one.copyCollect([P.string]), [["b"], ["c"]])
        yield* one.out(["e"])
      }))
      yield* Scope.close(scope, Exit.void)
      same(yield* one.copyCollect([P.string]), [["b"], ["c"], ["e"]])
      same((yield* one.inspect).held, 0)
    }))
})

describe("Who waits in a store", () => {
  it.scopedLive("S3 an rd over a link, whose predicate is asked about a tuple of others, leaves nothing behind", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const [server, link] = pair()
      const client = yield* Remote.connect(link)
      yield* Effect.forkScoped(Remote.serve(yield* open(), server))
      const reader = yield* Effect.fork(client.rd(["t", P.when((n) => n === 2)]))
      yield* Effect.sleep("20 millis")
      const other = yield* open()
      yield* other.out(["t", 1])
      yield* other.out(["t", 2])
      same(yield* within(Fiber.join(reader), "the rd"), ["t", 2])
      yield* Effect.sleep("20 millis")
      same((yield* other.inspect).interests, [])
    }))

  it.scopedLive("S3 an answer that comes while the first look goes on is heard, whenever the tuple has come", () =>
    Effect.gen(function*() {
      for (let at = 1; at <= 4; at++) {
        const open = yield* clients
        const other = yield* open()
        let transactions = 0
        const space = yield* open((store) => ({
          ...store,
          transaction: (body) =>
            Effect.zipRight(
              Effect.suspend(() => ++transactions === at ? other.out(["t", 1]) : Effect.void),
              store.transaction((run, savepoint) =>
                body(
                  (commands) =>
                    // The answer comes before it is known that somebody waits.
                    Effect.zipLeft(
                      run(commands),
                      commands.some(({ op }) => op === "wait") ? Effect.sleep("30 millis") : Effect.void
                    ),
                  savepoint
                )
              )
            )
        }))
        const [server, link] = pair()
        const client = yield* Remote.connect(link)
        yield* Effect.forkScoped(Remote.serve(space, server))
        const taker = yield* Effect.fork(client.in(["t", P.when((n) => n === 1)]))
        yield* Effect.sleep("100 millis")
        if (transactions < at) {
          yield* other.out(["t", 1])
        }
        same(yield* within(Fiber.join(taker), `the in, if the tuple comes at ${at}`), ["t", 1])
      }
    }))

  it.scopedLive("S3 a link asks once about what equals only itself, though a store makes it anew each time", () =>
    Effect.gen(function*() {
      const open = yield* clients
      const [server, link] = pair()
      const client = yield* Remote.connect(link)
      const space = yield* open()
      yield* Effect.forkScoped(Remote.serve(space, server))
      let asked = 0
      const said = (is: (value: unknown) => boolean) =>
        P.when((value: unknown) => {
          asked++
          return is(value)
        })
      const isMap = said((value) => value instanceof Map && value.get("a") === 1)
      const isError = said((value) => value instanceof RangeError)
      const one: Tuple.Tuple = ["t", new Map([["a", 1]])]
      const other: Tuple.Tuple = ["t", new RangeError("far")]
      yield* space.outAll([one, other, ["t", new Map([["a", 2]])], one])
      yield* within(client.rd(["t", isMap]), "rd")
      yield* within(client.inp(["t", isMap]), "inp")
      yield* within(client.in(["t", isError]), "in")
      yield* within(client.inAll([["t", isMap], ["t", P.any]]), "inAll")
      yield* within(client.inp(["t", isError]), "inp that finds nothing")
      yield* space.out(one)
      yield* within(client.replace(["t", isMap], () => ["done"]), "replace")
      yield* within(client.outIfAbsent(["t", isError], ["absent"]), "outIfAbsent")
      same(yield* space.copyCollect(["done"]), [["done"]])
      same(yield* space.count(["t", P.any]), 0)
      assert.isBelow(asked, 40)
    }))

  for (const name of ["inAny", "rdAny"] as const) {
    it.scopedLive(`S3 ${name}: code that throws when it is asked again ends its operation, and nothing else`, () =>
      Effect.gen(function*() {
        const space = yield* Effect.flatMap(clients, (open) => open())
        let asked = 0
        const fickle = P.when(() => {
          if (asked++ === 0) {
            return false
          }
          throw new Error("no")
        })
        const fiber = yield* Effect.fork(space[name]([["a", fickle], ["a", P.when(() => true)]]))
        yield* Effect.repeat(Effect.zipRight(settle, space.inspect), { until: ({ interests }) => interests.length > 0 })
        yield* space.out(["a", 1])
        const exit = yield* within(Fiber.await(fiber), name)
        assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("no"))
        same(yield* within(space.inp(["a", 1]), "inp"), Option.some(["a", 1]))
        same((yield* space.inspect).held, 0)
      }))
  }

  it.scoped("S11 a tuple that a join was offered goes on if the others have expired when it takes them", () =>
    Effect.gen(function*() {
      const open = yield* clients
      let isLate = false
      const one = yield* open((store) => ({
        ...store,
        transaction: (body) =>
          store.transaction((run, savepoint) =>
            body((commands) => {
              const isClaim = isLate && commands.some(({ op }) => op === "claim")
              return Effect.zipRight(isClaim ? TestClock.adjust(1_000) : Effect.void, run(commands))
            }, savepoint)
          )
      }))
      yield* one.out(["b"], { ttl: 500 })
      const join = yield* Effect.fork(one.inAll([["a"], ["b"]]))
      yield* settle
      const taker = yield* Effect.fork(one.in(["a"]))
      yield* settle
      isLate = true
      yield* one.out(["a"])
      yield* settle
      isLate = false
      same(yield* Fiber.poll(taker), Option.some(Exit.succeed(["a"])))
      same(yield* Fiber.poll(join), Option.none())
      same(yield* one.copyCollect([P.string]), [])
      yield* Fiber.interrupt(join)
    }))
})
