/**
 * A space made of a store: the operations of the interface in terms of its commands.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import { SpaceError } from "../../SpaceError.js"
import type { Options, SpaceStore } from "../../SpaceStore.js"
import type { Command, Found, Inspected, NewRow, Query, Row, Run, Settle, Take } from "../../StoreCommand.js"
import type { Tuple } from "../../Tuple.js"
import type { Explanation, Inspection, TupleSpace } from "../../TupleSpace.js"
import type { FailurePolicy, Holding } from "../arguments.js"
import {
  failing,
  failuresOf,
  keepsFailures,
  millis,
  onlyOptions,
  option,
  refusing,
  schemasOf,
  unsupported
} from "../arguments.js"
import { isSpaceError, read } from "../brand.js"
import { moves } from "../destination.js"
import { decodeField, typeNames } from "../encoding.js"
import * as Hold from "../hold.js"
import * as Insight from "../insight.js"
import { looks } from "../keeping.js"
import * as Join from "../pattern/join.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile, failure as failurePattern } from "../pattern/pattern.js"
import type { Demand } from "../pattern/plan.js"
import { Plan } from "../pattern/plan.js"
import { show } from "../print.js"
import type { Kept } from "../process.js"
import { processesOf } from "../processes.js"
import { withFiber } from "../runtime.js"
import { assemble } from "../space.js"
import { withParty } from "../stm/operations.js"
import { harmless, linkTo, tracedSpan } from "../tracing.js"
import type { Values } from "../values.js"
import type { Late, Leased, Verbs } from "../verbs.js"
import { untilGone } from "../verbs.js"
import { tuplesOf } from "../watcher.js"
import type { Access } from "./access.js"
import { accessTo, apart, isShown, transaction as within } from "./access.js"
import type { Making } from "./agenda.js"
import { decodeTuple, encodeTuple } from "./query.js"
import type { Reading } from "./reader.js"
import { isRead, Reader } from "./reader.js"
import { restoring, Session, settling } from "./session.js"
import { watch } from "./subscription.js"
import { transactions } from "./transact.js"
import type { Candidate, Read, Wanted } from "./waiter.js"
import { acceptedOf, Refusal } from "./waiter.js"

const Key = Symbol.for("@effect-linda/core/durable/session")

/** How many candidates are looked at at a time. */
const page = 256

/** A tuple that was taken, and is held. */
interface Held {
  readonly hold: number
  readonly found: Read
}

/** Undoes what an operation has done so far, for these tuples cannot be decoded. */
class Unread {
  constructor(readonly ids: ReadonlyArray<number>, readonly error: SpaceError) {}
}

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
    const reader = yield* failing(() => {
      const schemas = schemasOf(options)
      onlyOptions(options, optionNames)
      return Effect.succeed(new Reader(name, { ...options, schemas }))
    })
    const { values } = reader
    const session = new Session(store, yield* Effect.clock)
    yield* session.start
    const access = accessTo(session)

    /** An operation, in a span if the fiber records them. */
    const operation = <A, E, R>(
      operationName: string,
      run: (access: Access, span: Tracer.Span | undefined) => Effect.Effect<A, E, R>
    ): Effect.Effect<A, E, R> =>
      withFiber((fiber) =>
        session.closed
          ? Effect.interrupt
          : tracedSpan(fiber, operationName, name, (span) => run(access(fiber), span))
      )

    const readRow: Wanted["tuple"] = (row) => reader.read(row)

    /** Decodes what was found. */
    const readOf = ({ index, rows }: Found): Read | Unread => {
      const tuples: Array<Tuple> = []
      const ids: Array<number> = []
      let error: SpaceError | undefined
      for (const row of rows) {
        const reading = reader.read(row)
        if (isRead(reading)) {
          tuples.push(reading)
        } else {
          ids.push(row.id)
          error ??= reading
        }
      }
      return error === undefined ? { index, rows, tuples } : new Unread(ids, error)
    }

    const readAll = (rows: ReadonlyArray<Row>): Effect.Effect<Read, SpaceError> => {
      const read = readOf({ index: 0, rows })
      return read instanceof Unread ? Effect.fail(read.error) : Effect.succeed(read)
    }

    /**
     * What fails on tuples that cannot be decoded has changed nothing. If it would have taken them, that counts as an
     * attempt.
     */
    const readable = <A>(
      access: Access,
      takes: boolean,
      effect: Effect.Effect<A, SpaceError | Unread>
    ): Effect.Effect<A, SpaceError> =>
      Effect.catchAll(effect, (error) => {
        if (isSpaceError(error)) {
          return Effect.fail(error)
        }
        const counted = takes ? Effect.uninterruptible(access.afterwards(attempted(error.ids))) : Effect.void
        return Effect.zipRight(counted, Effect.fail(error.error))
      })

    /** Counts a failed attempt of tuples that are stored. */
    const attempted = (
      ids: ReadonlyArray<number>,
      ending: (hold: number, row: Row) => Making = (hold) => settling(hold, {}, true)
    ): Effect.Effect<void, SpaceError> =>
      session.exclusively((run) =>
        Effect.forEach(ids, (id) => {
          const hold = session.nextId()
          return Effect.flatMap(
            run([{ op: "claim", hold, ids: [id], waiter: null, final: false }]),
            ({ replies: [rows] }) => rows === null ? Effect.void : run([session.made(ending(hold, rows[0]!))])
          )
        }, { discard: true })
      )

    /** Decodes what was read. */
    const reads: Wanted["read"] = (_, found) => {
      const read = readOf(found)
      return read instanceof Unread ? new Refusal(Cause.fail(read.error), undefined) : read
    }

    /** Decodes what was taken for good. */
    const takes: Wanted["read"] = (_, found) => {
      const read = readOf(found)
      if (!(read instanceof Unread)) {
        return read
      }
      const cause = Cause.fail(read.error)
      return new Refusal(cause, {
        back: () => [restoring(found.rows.map((row) => ({ ...row, attempts: row.attempts + 1 }))), cause],
        undo: restoring(found.rows),
        count: attempted(read.ids)
      })
    }

    /** Decodes what is held for a use. */
    const holds = (options: Holding): Wanted["read"] => (hold, found) => {
      const read = readOf(found)
      if (!(read instanceof Unread)) {
        return read
      }
      const cause = Cause.fail(read.error)
      const back = (hold: number, row: Row): readonly [Making, Cause.Cause<unknown>] => {
        try {
          return [ended(hold, [row], Hold.failed(cause, row.attempts, () => reader.raw(row), options)), cause]
        } catch (thrown) {
          const other = isSpaceError(thrown) ? Cause.fail(thrown) : Cause.die(thrown)
          return [settling(hold, {}, true), Cause.sequential(cause, other)]
        }
      }
      return new Refusal(cause, {
        back: () => back(hold, found.rows[0]!),
        undo: settling(hold),
        count: attempted(read.ids, (hold, row) => back(hold, row)[0])
      })
    }

    /** Gives what is held for who decides elsewhere what becomes of it: as it is, if it cannot be decoded. */
    const raws: Wanted["read"] = (_, found) => {
      const read = readOf(found)
      return read instanceof Unread
        ? { ...found, tuples: found.rows.map((row) => reader.raw(row)), unread: read.error }
        : read
    }

    /** The end of a hold. Throws what is wrong with a letter. */
    const ended = (hold: number, rows: ReadonlyArray<Row>, ending: Hold.Ending): Making<Settle> => {
      if (ending.how === "consumed") {
        return gone(hold)
      }
      if (ending.how === "dead") {
        const put = ending.letter === undefined ? [] : [prepared(ending.letter, undefined)]
        rows.forEach(({ id }) => reader.forget(id))
        return () => ({ ...gone(hold), put: put.map((row) => row()) })
      }
      if (ending.failed && ending.how === "back") {
        rows.forEach(({ id }) => reader.forget(id))
      }
      return back(hold, rows, ending.how, ending.failed)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Putting
    // -----------------------------------------------------------------------------------------------------------------

    /** A tuple on its way, but for who accepts it. */
    const prepared = (tuple: Tuple, span: Tracer.Span | undefined, ttl = Infinity, leased = false) => {
      reader.check(tuple)
      const meta = harmless(() => span?.sampled === true ? JSON.stringify([span.traceId, span.spanId]) : null) ?? null
      const { arity, fields, keys, shape } = encodeTuple(values, tuple)
      const life = ttl === Infinity ? null : ttl
      // Not by spreading one into the other, which takes longer than all the rest.
      return (): NewRow => ({
        arity,
        fields,
        keys,
        shape,
        ttl: life,
        leased,
        meta,
        accepted: session.offers.accepts(tuple)
      })
    }

    const put = (operationName: string, tuples: ReadonlyArray<Tuple>, ttl?: number, leased?: boolean) =>
      operation(operationName, (access, span) =>
        failing(() => {
          const rows = tuples.map((tuple) => prepared(tuple, span, ttl, leased))
          return access.perform(() => ({ op: "put", rows: rows.map((row) => row()) }))
        }))

    const leased = (lease: number, ttl: number): Leased<SpaceError> =>
      untilGone(() => session.now(), ttl, (ttl) =>
        operation("renew", (access) =>
          access.perform({
            op: "renew",
            lease,
            ttl: ttl === Infinity ? null : Math.max(ttl, -1)
          })))

    // -----------------------------------------------------------------------------------------------------------------
    // Looking
    // -----------------------------------------------------------------------------------------------------------------

    /**
     * Calls with what matches, oldest first, until it says that this is enough. That may be a tuple that cannot be
     * decoded, if the pattern asks by types and literals alone.
     */
    const each = (
      run: Run,
      pattern: Pattern,
      [query, exact]: readonly [query: Query, exact: boolean],
      visit: (row: Row, reading: Reading) => boolean
    ): Effect.Effect<void, SpaceError> =>
      scan(run, query, (row, reading) => (isRead(reading) ? pattern.matches(reading) : exact) && visit(row, reading))

    /** Calls with all that a query finds, oldest first, until it says that this is enough. */
    const scan = (
      run: Run,
      query: Query,
      visit: (row: Row, reading: Reading) => boolean,
      after = 0
    ): Effect.Effect<void, SpaceError> =>
      Effect.flatMap(run([{ op: "scan", query, after, limit: page }]), ({ replies: [rows] }) =>
        rows.some((row) =>
            visit(row, reader.read(row))
          ) || rows.length < page
          ? Effect.void
          : scan(run, query, visit, rows[page - 1]!.id))

    const all = (run: Run, pattern: Pattern, limit = Infinity): Effect.Effect<Read, SpaceError | Unread> => {
      const rows: Array<Row> = []
      return limit === 0 ? Effect.succeed(nothing) : Effect.flatMap(
        each(run, pattern, reader.query(pattern), (row) => rows.push(row) >= limit),
        () => {
          const read = readOf({ index: 0, rows })
          return read instanceof Unread ? Effect.fail(read) : Effect.succeed(read)
        }
      )
    }

    const claim = (run: Run, hold: number, rows: ReadonlyArray<Row>, waiter: number | null, final: boolean) =>
      Effect.map(
        run([{ op: "claim", hold, ids: rows.map(({ id }) => id), waiter, final }]),
        ({ replies: [claimed] }): boolean => claimed !== null
      )

    const wantedOf = (
      kind: Wanted["kind"],
      patterns: ReadonlyArray<Pattern>,
      timeout: number,
      as: Wanted["as"],
      final: boolean,
      read: Wanted["read"],
      join?: Pick<Wanted, "attempt" | "plan">
    ): Wanted => {
      // Those of a choice have to keep their numbers; equal ones of a join are one.
      const asked = as === "join" ? Array.from(new Set(patterns)) : patterns
      const queries = asked.map((pattern) => reader.query(pattern))
      return {
        kind,
        patterns,
        queries: queries.map(([query]) => query),
        exactly: queries.filter(([, exact]) => exact).map(([query]) => query),
        exact: as !== "join" && queries.every(([, exact]) => exact),
        as,
        final,
        timeout,
        tuple: readRow,
        read,
        attempt: (run, hold, waiter) =>
          Effect.gen(function*() {
            let oldest: Found | null = null
            for (const [index, pattern] of patterns.entries()) {
              yield* each(run, pattern, queries[index]!, (row) => {
                if (oldest === null || row.id < oldest.rows[0]!.id) {
                  oldest = { index, rows: [row] }
                }
                return true
              })
            }
            const found = oldest as Found | null
            return found === null || as === "rd" || (yield* claim(run, hold, found.rows, waiter, final)) ? found : null
          }),
        ...join
      }
    }

    const candidateOf = (row: Row, reading: Reading): Candidate => {
      const unread = isRead(reading) ? undefined : Array.from(reader.raw(row))
      const tuple = isRead(reading) ? reading : unread!
      return { row, tuple, failure: row.arity < 0, seq: row.id, unread }
    }

    const joinOf = (
      patterns: ReadonlyArray<Pattern>,
      timeout: number,
      final: boolean,
      read: Wanted["read"]
    ): Wanted => {
      const plan = new Plan(patterns)
      /** The demands, by what the store is asked for them: it is asked once. */
      const asked = new Map<string, { readonly query: Query; readonly askers: Array<Asker> }>()
      for (const demand of plan.demands) {
        const [query, exact] = reader.query(demand.pattern)
        const key = JSON.stringify(query)
        const { askers } = asked.get(key) ?? asked.set(key, { query, askers: [] }).get(key)!
        askers.push({ ...demand, exact })
      }
      const attempt: Wanted["attempt"] = (run, hold, waiter, { offered, outlook }) =>
        Effect.gen(function*() {
          const candidates = new Map<number, Candidate>()
          const ofPattern = new Map<Pattern, Array<Candidate>>()
          const enough = plan.isPlain ? patterns.length : Infinity
          const offer = offered === undefined ? undefined : reader.read(offered.row)
          const add = ({ pattern }: Asker, row: Row, reading: Reading): number => {
            const candidate = candidates.get(row.id) ?? candidateOf(row, reading)
            candidates.set(row.id, candidate)
            // The store has found it, so it has what the pattern says.
            pattern.terms.forEach(({ kind, value }, index) => {
              if (kind === "literal" && candidate.unread !== undefined) {
                candidate.unread[index] = value
              }
            })
            return ofPattern.get(pattern)!.push(candidate)
          }
          for (const { askers, query } of asked.values()) {
            askers.forEach(({ pattern }) => ofPattern.set(pattern, []))
            let open: ReadonlyArray<Asker> = askers
            yield* scan(run, query, (row, reading) => {
              const before = open
              for (const asker of before) {
                if (
                  (isRead(reading) ? asker.pattern.matches(reading) : asker.exact) && add(asker, row, reading) >= enough
                ) {
                  open = open.filter((other) => other !== asker)
                }
              }
              return open.length === 0
            })
            for (const asker of askers) {
              const { count, pattern } = asker
              const own = ofPattern.get(pattern)!
              if (offer !== undefined && isRead(offer) && pattern.matches(offer)) {
                add(asker, offered!.row, offer)
                own.sort(byAge)
              }
              if (own.length < count && outlook === undefined) {
                return null
              }
            }
          }
          const oldest = Array.from(candidates.values()).filter(({ unread }) => unread === undefined).sort(byAge)
          const chosen = Join.find<Candidate>(
            plan,
            {
              first: (pattern, test, after = -1) =>
                (ofPattern.get(pattern) ?? oldest).find((candidate) => candidate.seq > after && test(candidate)),
              isStored: () => true
            },
            outlook
          )
          if (chosen === undefined) {
            return null
          }
          // One that cannot be decoded ends it: the others stay where they are.
          const unread = chosen.filter(({ unread }) => unread !== undefined)
          const rows = (unread.length === 0 ? chosen : unread).map(({ row }) => row)
          if (offered !== undefined && rows.some(({ id }) => id === offered.row.id)) {
            yield* offered.answer
          }
          // There is nothing to take for no patterns.
          return rows.length === 0 || (yield* claim(run, hold, rows, waiter, final)) ? { index: 0, rows } : null
        })
      return wantedOf("inAll", plan.patterns, timeout, "join", final, read, { plan, attempt })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Taking and reading
    // -----------------------------------------------------------------------------------------------------------------

    const linked = (span: Tracer.Span | undefined, rows: ReadonlyArray<Row>): void =>
      linkTo(span, rows.flatMap(({ meta }) => meta === null ? [] : harmless(() => [JSON.parse(meta)]) ?? []))

    /** Waits for a tuple to read. */
    const reading = <A>(
      kind: "rd" | "rdAny",
      patterns: ReadonlyArray<Pattern>,
      timeout: number,
      result: (read: Read) => A
    ): Effect.Effect<A, SpaceError | Late> => {
      const wanted = wantedOf(kind, patterns, timeout, "rd", false, reads)
      return operation(kind, (access, span) =>
        Effect.map(
          Effect.uninterruptibleMask((restore) => access.wait(wanted, restore)),
          ([, found]) => {
            linked(span, found.rows)
            return result(found)
          }
        ))
    }

    /** Takes what matches now: for good, or to hold it. */
    const now = (access: Access, pattern: Pattern, limit: number, final: boolean): Effect.Effect<Held, SpaceError> => {
      const hold = session.nextId()
      const [query, exact] = reader.query(pattern)
      const take: Take = {
        op: "take",
        holds: [hold],
        queries: [query],
        limit: limit === Infinity ? unlimited : limit,
        final,
        wait: null
      }
      const found: Effect.Effect<Read, SpaceError> = limit === 0
        ? Effect.succeed(nothing)
        : exact && limit === 1 && final
        ? access.take(take, (found) => found === null ? nothing : takes(hold, found))
        : readable(
          access,
          true,
          access.exclusively((run) =>
            exact ?
              takeAll(run, take) :
              Effect.tap(
                all(run, pattern, limit),
                ({ rows }) => rows.length === 0 ? Effect.void : claim(run, hold, rows, null, final)
              )
          )
        )
      return Effect.map(found, (found) => ({ hold, found }))
    }

    /** Takes all or, if one of them cannot be decoded, none. */
    const takeAll = (
      run: Run,
      take: Take
    ): Effect.Effect<Read, SpaceError | Unread> =>
      Effect.flatMap(run([take]), ({ replies: [[found = null]] }) => {
        if (found === null) {
          return Effect.succeed(nothing)
        }
        const read = readOf(found)
        // Within a transaction of the user's nobody else undoes it.
        return read instanceof Unread
          ? Effect.zipRight(run([take.final ? restoring(found.rows) : settling(take.holds[0]!)]), Effect.fail(read))
          : Effect.succeed(read)
      })

    const rdp = (pattern: Pattern): Effect.Effect<Option.Option<Tuple>, SpaceError> => {
      const [query, exact] = reader.query(pattern)
      return operation("rdp", (access, span) =>
        Effect.map(
          exact
            ? Effect.flatMap(access.perform({ op: "scan", query, after: 0, limit: 1 }), readAll)
            : readable(access, false, access.exclusively((run) => all(run, pattern, 1))),
          ({ rows, tuples }) => {
            linked(span, rows)
            return Option.fromIterable(tuples)
          }
        ))
    }

    const copies = (access: Access, pattern: Pattern): Effect.Effect<ReadonlyArray<Tuple>, SpaceError> => {
      const [query, exact] = reader.query(pattern)
      return Effect.map(
        exact
          ? Effect.flatMap(access.perform({ op: "scan", query, after: 0, limit: unlimited }), readAll)
          : readable(access, false, access.exclusively((run) => all(run, pattern))),
        ({ tuples }) => tuples
      )
    }

    const copyCollect = (pattern: Pattern) => operation("copyCollect", (access) => copies(access, pattern))

    const count = (pattern: Pattern): Effect.Effect<number, SpaceError> => {
      const [query, exact] = reader.query(pattern)
      return operation("count", (access) =>
        exact
          ? access.perform({ op: "count", query })
          : Effect.map(copies(access, pattern), ({ length }) => length))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Several looks at once
    // -----------------------------------------------------------------------------------------------------------------

    const outIfAbsent: Verbs<SpaceError>["outIfAbsent"] = (pattern, tuple) =>
      operation("outIfAbsent", (access, span) =>
        failing(() => {
          const row = prepared(tuple, span)
          return readable(
            access,
            false,
            access.exclusively((run) =>
              Effect.flatMap(all(run, pattern, 1), ({ tuples }) =>
                tuples.length > 0
                  ? Effect.succeed(Option.fromIterable(tuples))
                  : Effect.as(run([{ op: "put", rows: [row()] }]), Option.none<Tuple>()))
            )
          )
        }))

    const replace: Verbs<SpaceError>["replace"] = (pattern, f) =>
      operation("replace", (access, span) =>
        readable(
          access,
          true,
          access.exclusively((run) =>
            Effect.flatMap(all(run, pattern, 1), ({ rows, tuples: [tuple] }) =>
              failing(() => {
                if (tuple === undefined) {
                  return Effect.succeed(Option.none<Tuple>())
                }
                const hold = session.nextId()
                const row = prepared(f(tuple), span)
                linked(span, rows)
                return Effect.as(
                  run([
                    { op: "claim", hold, ids: [rows[0]!.id], waiter: null, final: true },
                    { op: "put", rows: [row()] }
                  ]),
                  Option.some(tuple)
                )
              }))
          )
        ))

    // -----------------------------------------------------------------------------------------------------------------
    // Holding
    // -----------------------------------------------------------------------------------------------------------------

    const gone = (hold: number) =>
      ({ op: "settle", holds: [hold], how: "gone", failed: false, accepted: {}, put: [] }) as const

    const back = (hold: number, rows: ReadonlyArray<Row>, how: "place" | "back", failed: boolean) => () =>
      ({
        op: "settle",
        holds: [hold],
        how,
        failed,
        accepted: acceptedOf(rows, readRow, session.offers.accepts),
        put: []
      }) as const

    /** `isFinal` says that the store does not have it any more. */
    const heldBy = (access: Access, hold: number, found: Read, isFinal: boolean): Hold.Held<SpaceError> => {
      const { index, rows, tuples, unread } = found
      return {
        tuples,
        index,
        unread,
        attempts: rows[0]?.attempts ?? 0,
        isOver: () => session.closed || access.isUndone(),
        keep: () => isFinal || rows.length === 0 ? undefined : access.giveBack(gone(hold)),
        giveBack: () =>
          rows.length === 0 ?
            undefined :
            isFinal ?
            restore(access, rows) :
            access.giveBack((accepts) => settling(hold, acceptedOf(rows, readRow, accepts))),
        end: (ending, those = Array.from(rows.keys())) => {
          const meant = new Set(those.map((index) => rows[index]!))
          const others = rows.filter((row) => !meant.has(row))
          return rows.length === 0
            ? Effect.void
            : isFinal
            ? Effect.sync(() => endedFinally(access, ending, rows, meant))
            : others.length === 0
            ? endedAs(access, ended(hold, rows, ending))
            : endedOf(access, hold, ending, [...meant], others)
        }
      }
    }

    /** Puts back, in their old places, tuples that were gone: when the store can have them. */
    const restore = (access: Access, rows: ReadonlyArray<Row>): void =>
      access.giveBack((accepts) => restoring(rows, acceptedOf(rows, readRow, accepts)))

    /** Ends the hold of tuples that are gone already. */
    const endedFinally = (
      access: Access,
      ending: Hold.Ending,
      rows: ReadonlyArray<Row>,
      meant: ReadonlySet<Row>
    ): void => {
      const isBack = ending.how === "place" || ending.how === "back"
      const failed = isBack && ending.failed ? 1 : 0
      const back = rows.flatMap((row) =>
        !meant.has(row) ? [row] : isBack ? [{ ...row, attempts: row.attempts + failed }] : []
      )
      if (back.length > 0) {
        restore(access, back)
      }
    }

    const endedAs = (access: Access, make: Making<Settle>): Effect.Effect<void, SpaceError> =>
      Effect.flatMap(access.perform(make), ([was]) => was ? Effect.void : Effect.fail(leaseOver))

    /** Ends the hold of some of the tuples as it is said; the others are back as they were. */
    const endedOf = (
      access: Access,
      hold: number,
      ending: Hold.Ending,
      meant: ReadonlyArray<Row>,
      others: ReadonlyArray<Row>
    ): Effect.Effect<void, SpaceError> =>
      ending.how === "place" || ending.how === "back"
        ? Effect.zipRight(
          endedAs(access, back(hold, [...meant, ...others], "place", false)),
          ending.failed ? access.afterwards(attempted(meant.map(({ id }) => id))) : Effect.void
        )
        : access.exclusively((run) => {
          const one = <C extends Command>(command: C) => Effect.map(run([command]), ({ replies }) => replies[0])
          const make = ended(hold, meant, ending)
          return Effect.zipRight(
            Effect.flatMap(one(session.made(make)), ([was]) => was ? Effect.void : Effect.fail(leaseOver)),
            others.length === 0
              ? Effect.void
              : one(restoring(others, acceptedOf(others, readRow, session.offers.accepts)))
          )
        })

    const take: Hold.Take<SpaceError> = (taking, use) => {
      const { isFinal, name, options, patterns, timeout } = taking
      const read = isFinal ? takes : options === undefined ? raws : holds(options)
      const kind = name === "inAny" || name === "withPermit" ? name : "in"
      const wanted: Wanted = {
        ...name === "inAll"
          ? joinOf(patterns, timeout, isFinal, read)
          : wantedOf(kind, patterns, timeout, "in", isFinal, read),
        operation: name
      }
      return operation(name, (access, span) =>
        Hold.uninterruptibly(taking, (restore) =>
          Effect.flatMap(access.wait(wanted, restore), ([hold, found]) => {
            linked(span, found.rows)
            return use(heldBy(access, hold, found, isFinal), restore)
          })))
    }

    const takeNow: Hold.TakeNow<SpaceError> = (taking, use) => {
      const { isFinal, limit, name, pattern } = taking
      return operation(name, (access, span) =>
        Hold.uninterruptibly(taking, (restore) =>
          Effect.flatMap(now(access, pattern, limit, isFinal), ({ found, hold }) => {
            linked(span, found.rows)
            return use(heldBy(access, hold, found, isFinal), restore)
          })))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Processes
    // -----------------------------------------------------------------------------------------------------------------

    const [anyFailure] = reader.query(allFailures)

    /** Stores a failure tuple, for so long and among so many as the policy says. */
    const keepFailure = (failure: Tuple, { keeps, limit, ttl }: FailurePolicy): Kept => {
      const isSeen = keeps &&
        Array.from(session.waiters.values()).some((waiter) =>
          waiter.state !== "ended" && awaits(waiter, failure)
        )
      let id: number | undefined
      let isWithdrawn = false
      const take = (): void => {
        if (id !== undefined) {
          const ids = [id]
          id = undefined
          session.post({ op: "claim", hold: session.nextId(), ids, waiter: null, final: true })
        }
      }
      // As one step: of several failures that come together each would see the others, and take one too many.
      const shorten: (run: Run) => Effect.Effect<unknown, SpaceError> = (run) =>
        Effect.flatMap(run([{ op: "count", query: anyFailure }]), ({ replies: [count] }) =>
          count <= limit ? Effect.void : run([{
            op: "take",
            holds: [session.nextId()],
            queries: [anyFailure],
            limit: count - limit,
            final: true,
            wait: null
          }]))
      if (keeps) {
        const row = prepared(failure, undefined, ttl)
        session.post(() => ({ op: "put", rows: isWithdrawn ? [] : [row()] }), (exit) => {
          if (Exit.isSuccess(exit)) {
            id = exit.value[0]
            if (isWithdrawn) {
              take()
            } else if (limit < Infinity) {
              session.postExclusive(shorten, () => {})
            }
          }
        })
      }
      return {
        isSeen,
        withdraw: () => {
          isWithdrawn = true
          take()
        }
      }
    }

    const { records, start } = yield* processesOf(name, session, ofSpace, keepFailure)

    // -----------------------------------------------------------------------------------------------------------------
    // Insight
    // -----------------------------------------------------------------------------------------------------------------

    const inspect = operation("inspect", (access) =>
      Effect.map(access.perform({ op: "inspect" }), (inspected): Inspection => {
        const now = session.now()
        const interests = session.waiting()
        return {
          tuples: shapesOf(inspected, values),
          held: inspected.held,
          failures: inspected.tuples.reduce((sum, { arity, count }) =>
            arity < 0 ? sum + count : sum, 0),
          interests: inspected.waiters.filter(isShown).map(({ age, label }) => ({
            process: undefined,
            ...JSON.parse(label),
            age
          })),
          processes: Array.from(records.values(), (record) =>
            Insight.snapshotProcess(record, interests, now)),
          indexes: [],
          undecodable: reader.known
        }
      }))

    const explain = (pattern: Pattern) => {
      const [query] = reader.query(pattern)
      return operation("explain", (access) =>
        Effect.map(access.perform({ op: "count", query }), (candidates): Explanation => {
          // The store looks up the rarest of them, and compares the others on the way.
          const positions = query.literals.flatMap(({ key, position }) =>
            key === null ? [] : [position]
          )
          const lookup = { arity: Math.abs(query.arity), positions, isBuilt: true, candidates }
          return { lookups: candidates === 0 ? [] : [lookup], candidates }
        }))
    }

    if (interval < Infinity) {
      const sample = Effect.map(session.perform({ op: "inspect" }), ({ tuples, waiters }) => {
        const waiting = waiters.filter((waiter) =>
          isShown(waiter) && JSON.parse(waiter.label).kind !== "subscribe"
        )
        return {
          tuples: tuples.reduce((sum, { count }) =>
            sum + count, 0),
          waiters: waiting.length,
          oldest: Math.max(
            0,
            ...waiting.map(({ age }) =>
              age
            )
          )
        }
      })
      reader.onMet = Insight.meterUndecodable(name)
      session.onServed = yield* Insight.meter(name, interval, Effect.option(sample))
    }

    // Added last, and so run first: whoever waits is interrupted before anything else is taken down.
    yield* session.closeWithScope

    const { party, transact } = transactions({
      session,
      reader,
      prepared: (tuple) =>
        prepared(tuple, undefined),
      attempted: (ids) =>
        attempted(ids)
    })

    const space = assemble<any, SpaceError>({
      name,
      refuse: refusing,
      isClosed: () =>
        session.closed,
      isElsewhere: false,
      out: (tuple) =>
        Effect.asVoid(put("out", [tuple])),
      outLeased: (tuple, ttl) => Effect.map(put("out", [tuple], ttl, true), ([id]) => leased(id, ttl)),
      outAll: (tuples) => Effect.asVoid(put("outAll", tuples)),
      // Always has room.
      outFitting: undefined,
      outIfAbsent,
      replace,
      take,
      takeNow,
      ...looks<SpaceError>({
        refuse: refusing,
        take,
        takeNow,
        rd: (pattern, timeout) => reading("rd", [pattern], timeout, ({ tuples }) => tuples[0]!),
        rdAny: (choices, timeout) =>
          reading("rdAny", choices.patterns, timeout, ({ index, tuples }) => choices.choice(index, tuples[0]!)),
        rdp
      }),
      copyCollect,
      count,
      move: moves({ copyCollect, takeNow }),
      watch: (kind, pattern, mailbox) =>
        kind === "subscribe"
          ? watch(session, reader, pattern, mailbox, false)
          : Effect.map(watch(session, reader, pattern, mailbox, true), tuplesOf),
      start,
      inspect,
      explain,
      awaitQuiescent: Insight.awaitQuiescent(session, records),
      transact
    })
    return withParty(Object.assign(space, { [Key]: session }), party)
  })

const allFailures = compile(failurePattern())

/** Whether somebody waits for a tuple, or watches. Code of theirs that throws says nothing. */
const awaits = ({ patterns }: { readonly patterns: ReadonlyArray<unknown> }, tuple: Tuple): boolean =>
  patterns.some((pattern) => {
    try {
      return (pattern as Pattern).failure && (pattern as Pattern).matches(tuple)
    } catch {
      return false
    }
  })

/** More than any store keeps. */
const unlimited = 2 ** 31 - 1

/** A demand of a join, and whether its query says all. */
interface Asker extends Demand {
  readonly exact: boolean
}

const nothing: Read = { index: 0, rows: [], tuples: [] }

const byAge = (one: Candidate, other: Candidate): number => one.seq - other.seq

const leaseOver = new SpaceError({
  reason: "Lapsed",
  message: "the tuple was held for longer than its lease without a sign of life, and belongs to others again"
})

/** The shapes of tuples as a snapshot shows them. */
const shapesOf = ({ tuples }: Inspected, values: Values): Inspection["tuples"] => {
  const counts = new Map<string, number>()
  for (const { arity, count, first, shape } of tuples) {
    const names = Array.from(shape, (letter) => typeNames[letter]!)
    const text = arity < 0
      ? `failure(${first === null ? names[0] : show(decodeTuple(values, { arity, fields: [first] })[0])})`
      : `[${[first === null ? names[0] : show(decodeField(values, first, 0)), ...names.slice(1)].join(", ")}]`
    counts.set(text, (counts.get(text) ?? 0) + count)
  }
  return Array.from(counts, ([shape, count]) => ({ shape, count }))
}

export const transaction = (space: object) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, any, R> => {
  const session = typeof space === "object" && space !== null
    ? read(space, Key) as Session | undefined
    : undefined
  return session === undefined
    ? Effect.fail(unsupported("only a space that is made of a store has such transactions: use transact in memory"))
    : within(session, (restore) => apart(session, restore, effect))
}
