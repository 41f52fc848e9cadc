/**
 * A space made of a store: the verbs in terms of its commands.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type { SpaceError } from "../../SpaceError.js"
import type { Options, Restore, SpaceStore } from "../../SpaceStore.js"
import type { Put, Row, Run, Schedule, Take } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { TupleSpace } from "../../TupleSpace.js"
import { apart } from "../apart.js"
import type { Terms } from "../arguments.js"
import { failing, failuresOf, keepsFailures, millis, option, refusing, unsupported } from "../arguments.js"
import { read } from "../brand.js"
import { fitting, moves } from "../destination.js"
import * as Hold from "../hold.js"
import * as Insight from "../insight.js"
import type { Reading } from "../keeping.js"
import { looks } from "../keeping.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Query } from "../pattern/query.js"
import { kindOf, shownIn, takesAny } from "../pattern/query.js"
import { processesOf } from "../processes.js"
import { interrupted, locallyWith } from "../runtime.js"
import { assemble } from "../space.js"
import { exchanging } from "../stm/exchange.js"
import type { Party } from "../stm/operations.js"
import { withParty } from "../stm/operations.js"
import { limitOf } from "../timeout.js"
import type { Leased, Verbs } from "../verbs.js"
import { untilGone } from "../verbs.js"
import { tuplesOf } from "../watcher.js"
import type { Access } from "./access.js"
import type { Far, From } from "./ahead.js"
import { dump, load } from "./dump.js"
import { Endings } from "./ending.js"
import { findingOf } from "./exchanging.js"
import { keepingFailures } from "./failures.js"
import type { Unread } from "./finding.js"
import { all, claim, claimed, copies, nothing, seeking, takeAll } from "./finding.js"
import { Ground, linked, noSchedules } from "./ground.js"
import { explain, inspect, sample } from "./inspect.js"
import { joinOf } from "./joining.js"
import { partyOf } from "./party.js"
import { unlimited } from "./query.js"
import { readerOf } from "./row.js"
import type { Leaving } from "./session.js"
import { insideOf, Session } from "./session.js"
import { watch } from "./subscription.js"
import { transactOf } from "./transact.js"
import { transaction as within } from "./transaction.js"
import { giveBack } from "./waiter.js"
import type { Read, Wanted } from "./wanted.js"
import type { Wish } from "./wishes.js"
import { holds, oneOf, raws, reads, takes } from "./wishes.js"

const Key = Symbol.for("@effect-linda/core/durable/session")

/** What the options of a space on a store are called. */
export const optionNames: ReadonlyArray<keyof Options> = ["schemas", "protocol", "undecodable", "failures", "metrics"]

export const make = (
  store: SpaceStore,
  options: Options = {}
): Effect.Effect<TupleSpace<any, SpaceError>, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const { name } = store
    const interval = yield* failing(() => Effect.succeed(millis("metrics", option(options, "metrics"))))
    const ofSpace = yield* failing(() => Effect.succeed(failuresOf(options) ?? keepsFailures))
    const reader = yield* failing(() => Effect.succeed(readerOf(name, options, optionNames)))
    const session = new Session(store, yield* Effect.clock)
    yield* session.start
    const ground = new Ground(name, session, reader)
    const { records, start } = yield* processesOf(name, session, ofSpace, keepingFailures(ground))
    if (interval < Infinity) {
      reader.onMet = Insight.meterUndecodable(name)
      session.onServed = yield* Insight.meter(name, interval, Effect.option(sample(ground)))
    }
    // Added last, and so run first: whoever waits is interrupted before anything else is taken down.
    yield* session.closeWithScope

    const party = partyOf(ground)
    const transact = transactOf(ground)
    const taking = takingOf(ground)
    const copyCollect: Verbs<SpaceError>["copyCollect"] = (pattern, limit) =>
      ground.operation(
        "copyCollect",
        (access) => Effect.map(copies(ground, access, pattern, limit), ({ tuples }) => tuples)
      )
    const space = assemble<any, SpaceError>({
      name,
      refuse: refusing,
      isClosed: () => session.closed,
      isElsewhere: false,
      ...puttingOf(ground),
      ...changingOf(ground, party, transact),
      ...taking,
      ...looks<SpaceError>({ refuse: refusing, ...taking, ...readingOf(ground) }),
      copyCollect,
      count: countOf(ground),
      move: moves({ copyCollect, takeNow: taking.takeNow }),
      watch: (kind, pattern, mailbox) =>
        kind === "subscribe"
          ? watch(session, reader, pattern, mailbox, false)
          : Effect.map(watch(session, reader, pattern, mailbox, true), tuplesOf),
      dump: dump(ground),
      load: load(ground),
      start,
      inspect: inspect(ground, records),
      explain: explain(ground),
      awaitQuiescent: Insight.awaitQuiescent(session, records),
      transact
    })
    return withParty(Object.assign(space, { [Key]: session }), party)
  })

// ---------------------------------------------------------------------------------------------------------------------
// Putting
// ---------------------------------------------------------------------------------------------------------------------

/** Puts a tuple, which is refused here if it cannot be stored: on terms, if there are any, and then with a lease. */
const puttingOn = (
  ground: Ground,
  tuple: Tuple,
  terms: Terms | undefined,
  span: Tracer.Span | undefined
): () => Put | Schedule => {
  const row = ground.prepared(tuple, span, terms?.ttl, terms !== undefined, terms?.priority)
  if (terms === undefined || terms.after === 0 && terms.at === undefined) {
    return () => ({ op: "put", rows: [row()] })
  }
  const { after, at } = terms
  if (!ground.schedules) {
    throw noSchedules(at === undefined ? "after" : "at")
  }
  return () => ({ op: "schedule", rows: [{ ...row(), after, at: at ?? null }] })
}

/** The lease of what was put on terms, by its number. */
const leasedBy = (ground: Ground, lease: number, terms: Terms): Leased<SpaceError> =>
  untilGone(() => ground.session.now(), terms, {
    renew: (ttl) =>
      ground.operation(
        "renew",
        (access) => access.perform({ op: "renew", lease, ttl: ttl === Infinity ? null : Math.max(ttl, -1) })
      ),
    reschedule: (after) =>
      ground.schedules
        ? ground.operation("reschedule", (access) => access.perform({ op: "reschedule", lease, after }))
        : Effect.succeed(false)
  })

const noPriority = (): undefined => undefined

const puttingOf = (
  ground: Ground
): Pick<Verbs<SpaceError>, "out" | "outAll" | "outFitting" | "outLeased"> => {
  const put = (
    name: string,
    tuples: ReadonlyArray<Tuple>,
    priorityOf: (index: number) => number | undefined
  ) =>
    ground.operation(name, (access, span) =>
      failing(() => {
        const rows = tuples.map((tuple, index) => ground.prepared(tuple, span, undefined, undefined, priorityOf(index)))
        return access.perform(() => ({ op: "put", rows: rows.map((row) => row()) }))
      }))

  return {
    out: (tuple) => Effect.asVoid(put("out", [tuple], noPriority)),
    outLeased: (tuple, terms) =>
      Effect.map(
        ground.operation("out", (access, span) => failing(() => access.perform(puttingOn(ground, tuple, terms, span)))),
        ([lease]) => leasedBy(ground, lease!, terms)
      ),
    outAll: (tuples, priority) => Effect.asVoid(put("outAll", tuples, () => priority)),
    // Always has room.
    outFitting: fitting((tuples, priorities = []) =>
      Effect.asVoid(put("outAll", tuples, ground.prioritizes ? (index) => priorities[index] : noPriority))
    )
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Looking and putting, as one step
// ---------------------------------------------------------------------------------------------------------------------

const changingOf = (
  ground: Ground,
  party: Party,
  transact: ReturnType<typeof transactOf>
): Pick<Verbs<SpaceError>, "exchange" | "outIfAbsent" | "replace"> => {
  const { reader, session } = ground
  /** What a batch has put, and the lease of that if it was put on terms. */
  const leasedOf = (terms: Terms | undefined, [lease]: ReadonlyArray<number>) =>
    terms && leasedBy(ground, lease!, terms)
  return {
    outIfAbsent: (pattern, tuple, terms, result) =>
      ground.operation("outIfAbsent", (access, span) =>
        failing(() => {
          const put = puttingOn(ground, tuple, terms, span)
          return seeking(ground, access, false, pattern, (run, from) =>
            Effect.flatMap(all(reader, run, pattern, from, 1), ({ tuples: [present] }) =>
              present !== undefined
                ? Effect.sync(() => result(present, undefined))
                : Effect.map(run([put()]), ({ replies: [leases] }) =>
                  result(undefined, leasedOf(terms, leases)))))
        })),

    replace: <A>(
      pattern: Pattern,
      f: (tuple: Tuple) => Tuple,
      terms: Terms | undefined,
      result: (replaced: Tuple | undefined, leased: Leased<SpaceError> | undefined) => A
    ) =>
      ground.operation("replace", (access, span) => {
        const replaced = (run: Run, from: From): Effect.Effect<A, Far | SpaceError | Unread> =>
          Effect.flatMap(all(reader, run, pattern, from, 1), ({ rows, tuples: [tuple] }) =>
            failing((): Effect.Effect<A, Far | SpaceError | Unread> => {
              if (tuple === undefined) {
                return Effect.succeed(result(undefined, undefined))
              }
              const hold = session.nextId()
              const put = puttingOn(ground, f(tuple), terms, span)
              linked(span, rows)
              const [{ expires, id }] = rows as readonly [Row]
              if (expires === null) {
                return Effect.map(
                  run([{ op: "claim", hold, ids: [id], waiter: null, final: true }, put()]),
                  ({ replies: [, leases] }) =>
                    result(tuple, leasedOf(terms, leases))
                )
              }
              // Its time may be over by now.
              return Effect.flatMap(claim(run, hold, rows, null, true), (claimed) =>
                claimed === null
                  ? replaced(run, from)
                  : Effect.map(run([put()]), ({ replies: [leases] }) => result(tuple, leasedOf(terms, leases))))
            }))
        return seeking(ground, access, true, pattern, replaced)
      }),

    exchange: (query, make, timeout) => {
      const limit = limitOf({ space: ground.name, operation: "exchange", patterns: shownIn(query), timeout })
      return ground.operation(
        "exchange",
        () => transact(exchanging(party, query, make), limit, findingOf(reader, query))
      )
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading
// ---------------------------------------------------------------------------------------------------------------------

const readingOf = (ground: Ground): Reading<SpaceError> => {
  const read = reads(ground)
  return {
    read: (name, query, timeout) => {
      const wish = { ...wishOf(query), kind: kindOf(false, query), timeout, final: false, read }
      const wanted = {
        ...query.form === "all" ? joinOf(ground, wish, "rd") : oneOf(ground, wish, "rd"),
        operation: name
      }
      return ground.operation(name, (access, span) =>
        Effect.map(
          Effect.uninterruptibleMask((restore) => access.wait(wanted, restore)),
          ([, { index, rows, tuples }]) => {
            linked(span, rows)
            return query.result(index, tuples)
          }
        ))
    },
    rdp: (pattern) =>
      ground.operation("rdp", (access, span) =>
        Effect.map(copies(ground, access, pattern, 1), ({ rows, tuples }) => {
          linked(span, rows)
          return Option.fromIterable(tuples)
        }))
  }
}

/** What a query says of what is wished. */
const wishOf = (query: Query): Pick<Wish, "patterns" | "prefer" | "roles" | "shown"> => {
  const { patterns } = query
  return query.form === "one"
    ? { patterns }
    : { patterns, prefer: query.prefer, roles: query.roles, shown: query.roles && query.shown }
}

const countOf = (ground: Ground) => (pattern: Pattern): Effect.Effect<number, SpaceError> => {
  const [query, exact] = ground.reader.query(pattern)
  return ground.operation("count", (access) =>
    exact
      ? access.perform({ op: "count", query })
      : Effect.map(copies(ground, access, pattern), ({ tuples }) => tuples.length))
}

// ---------------------------------------------------------------------------------------------------------------------
// Taking
// ---------------------------------------------------------------------------------------------------------------------

const takingOf = (ground: Ground): Pick<Verbs<SpaceError>, "take" | "takeNow"> => {
  const { reader, session } = ground
  const endings = new Endings(ground)
  const [forGood, raw] = [takes(ground), raws(ground)]

  const wantedBy = (taking: Hold.TakingFirst): Wanted => {
    const { isFinal, name, options, query, timeout } = taking
    const read = isFinal ? forGood : options === undefined ? raw : holds(ground, endings, options)
    const kind = takesAny(query) ? Hold.listedAs(taking) : kindOf(false, query)
    const wish = { ...wishOf(query), kind, timeout, final: isFinal, read }
    return { ...query.form === "all" ? joinOf(ground, wish, "join") : oneOf(ground, wish, "in"), operation: name }
  }

  /** Takes what matches now, for good or to hold it. */
  const now = (
    access: Access,
    hold: number,
    { isFinal, isTrial = false, limit, pattern }: Hold.TakingNow,
    restore: Restore
  ): Effect.Effect<Read, SpaceError> => {
    if (limit === 0) {
      return Effect.succeed(nothing)
    }
    const [query, exact] = reader.query(pattern)
    const take: Take = {
      op: "take",
      holds: [hold],
      queries: [query],
      limit: Math.min(limit, unlimited),
      final: isFinal,
      wait: null
    }
    const leaving: Leaving<Read> = {
      restore,
      undo: ({ rows }) =>
        rows.length > 0 && giveBack(session, { final: isFinal, tuple: (row) => reader.read(row) }, hold, rows)
    }
    if (exact && limit === 1 && isFinal) {
      return access.take(take, (found) => found === null ? nothing : forGood(hold, found), leaving)
    }
    return seeking(
      ground,
      access,
      !isTrial,
      pattern,
      (run, from) =>
        exact ? takeAll(reader, run, take) : Effect.map(
          claimed(all(reader, run, pattern, from, limit), (rows) => claim(run, hold, rows, null, isFinal)),
          (found) => found ?? nothing
        ),
      leaving
    )
  }

  return {
    take: (taking, use) => {
      if (taking.options?.delayOf !== undefined && !ground.schedules) {
        return Effect.fail(noSchedules("retry"))
      }
      const wanted = wantedBy(taking)
      return ground.operation(
        taking.name,
        (access, span) =>
          Hold.uninterruptibly(taking, (restore) =>
            Effect.flatMap(access.wait(wanted, restore), ([hold, found]) => {
              linked(span, found.rows)
              return use(endings.held(access, hold, found, taking.isFinal), restore)
            }))
      )
    },
    takeNow: (taking, use) =>
      ground.operation(taking.name, (access, span) =>
        Hold.uninterruptibly(taking, (restore) => {
          const hold = session.nextId()
          return Effect.flatMap(now(access, hold, taking, restore), (found) => {
            linked(span, found.rows)
            return use(endings.held(access, hold, found, taking.isFinal), restore)
          })
        }))
  }
}

export const transaction = (space: object) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, any, R> => {
  const session = typeof space === "object" && space !== null
    ? read(space, Key) as Session | undefined
    : undefined
  return session === undefined
    ? Effect.fail(unsupported("only a space that is made of a store has such transactions: use transact in memory"))
    : within(session, (restore) => abandonable(session, restore, effect))
}

/**
 * Runs what a user does in a transaction so that the transaction can end without it: when it closes the space, that
 * waits for the transaction, which must not wait for the close. It is undone then.
 */
const abandonable = <A, E, R>(
  session: Session,
  restore: Restore,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let abandon = () => {}
    return apart(
      restore,
      locallyWith(effect, insideOf, (all) => [...all, { session, abandon: () => abandon() }]),
      (end) => {
        abandon = () => end(interrupted, "at once")
        return () => {}
      }
    )
  })
