/**
 * The end of a link at which the space is not: the same service, by messages.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { Link } from "../../Remote.js"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { TupleSpace } from "../../TupleSpace.js"
import type { Terms } from "../arguments.js"
import { failing, refusing, unsupported } from "../arguments.js"
import { moves } from "../destination.js"
import type { Reading } from "../keeping.js"
import { looks } from "../keeping.js"
import type { Pattern } from "../pattern/pattern.js"
import * as Process from "../process.js"
import { millisOf } from "../runtime.js"
import { assemble } from "../space.js"
import type { Values } from "../values.js"
import type { Leased, Verbs } from "../verbs.js"
import { untilGone } from "../verbs.js"
import { Replacement } from "./asking.js"
import type { Answer } from "./connection.js"
import { Connection, SubjectUnread } from "./connection.js"
import type { Exchanged } from "./protocol.js"
import { wireOf } from "./protocol.js"
import { admitted, decoded, maybe, sent, sentQuery, widened } from "./sent.js"
import { startOf, worksFor } from "./starting.js"
import { takingOf } from "./taking.js"
import { dumpOf, watchOf } from "./watching.js"

/** Connects; what is behind it ends with the scope. */
export const connect = (link: Link, values: Values): Effect.Effect<TupleSpace<any, SpaceError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    /** What comes before the numbers of processes, so that their names are theirs alone. */
    const origin = yield* Random.nextInt
    const processes = yield* Process.group
    const clock = yield* Effect.clock
    const now = () => millisOf(clock)
    const connection = new Connection(link, values)
    yield* connection.listen((id, self) => worksFor(origin, id, self))

    const taking = takingOf(connection, values)
    const reading = readingOf(connection, values)
    return assemble<any, SpaceError>({
      name: "remote",
      refuse: refusing,
      isClosed: () => connection.isClosed,
      isElsewhere: true,
      ...puttingOf(connection, values, now),
      ...changingOf(connection, values, now),
      ...taking,
      ...looks<SpaceError>({ refuse: refusing, ...taking, ...reading }),
      copyCollect: reading.copyCollect,
      count: reading.count,
      move: moves({ copyCollect: reading.copyCollect, takeNow: taking.takeNow }),
      watch: watchOf(connection, values),
      dump: dumpOf(connection),
      load: (_, all) => Effect.asVoid(connection.request("load", [all])),
      start: startOf(connection, values, processes, origin),
      inspect: Effect.map(connection.request("inspect", []), ([, inspection]) => inspection),
      explain: (pattern) =>
        Effect.map(connection.request("explain", [widened(values, pattern)[0]]), ([, explanation]) => explanation),
      awaitQuiescent: Effect.map(connection.request("awaitQuiescent", []), ([, report]) => report),
      transact: () =>
        Effect.fail(
          unsupported(
            "transact runs STM, which is in the memory of the space: only a process that is a fiber there can"
          )
        )
    })
  })

/** The lease of what was put on terms by a request. */
const leasedBy = (connection: Connection, now: () => number, id: number, terms: Terms): Leased<SpaceError> =>
  untilGone(now, terms, {
    renew: (ttl) => Effect.map(connection.request("renew", ttl < 0 ? [id] : [id, ttl]), ([, was]) => was),
    reschedule: (after) => Effect.map(connection.request("reschedule", [id, after]), ([, was]) => was)
  })

const puttingOf = (
  connection: Connection,
  values: Values,
  now: () => number
): Pick<Verbs<SpaceError>, "out" | "outAll" | "outFitting" | "outLeased"> => ({
  out: (tuple) => Effect.asVoid(connection.request("out", [values.encodeTuple(tuple)])),
  outLeased: (tuple, terms) => {
    const request = connection.request("out", [values.encodeTuple(tuple), wireOf(terms)])
    return Effect.map(request, ([id]) => leasedBy(connection, now, id, terms))
  },
  outAll: (tuples, priority) =>
    Effect.asVoid(connection.request("outAll", [tuples.map((tuple) => values.encodeTuple(tuple)), priority])),
  outFitting: (tuples, onArrival, priorities) =>
    failing(() => {
      const wires = tuples.map((tuple) => values.encodeTuple(tuple))
      return Effect.map(connection.request("outFitting", [wires, priorities]), ([, arrived]) => {
        onArrival?.(arrived)
        return arrived
      })
    })
})

const readingOf = (connection: Connection, values: Values) => {
  const tuple = (wire: unknown): Tuple => values.decodeTuple(wire)

  const copyCollect = (pattern: Pattern, limit: number): Effect.Effect<Array<Tuple>, any> => {
    const [wire, isWider] = widened(values, pattern)
    return decoded(
      connection.request("copyCollect", [wire, isWider ? Infinity : limit]),
      (wires) => isWider ? admitted(values, wires, pattern).slice(0, limit) : wires.map(tuple)
    )
  }

  return {
    read: (name, query, timeout) => {
      const { answer, asked, asks, wires } = sentQuery(values, query)
      return decoded(
        connection.request("read", [name, asked, wires, asks, timeout], { answer }),
        (index, found) => query.result(index, found.map(tuple))
      )
    },
    rdp: (pattern) => {
      const { answer, asks, wires } = sent(values, [pattern])
      return maybe(values, connection.request("rdp", [wires[0]!, asks], { answer }))
    },
    copyCollect,
    count: (pattern) => {
      const [wire, isWider] = widened(values, pattern)
      return isWider
        ? Effect.map(copyCollect(pattern, Infinity), ({ length }) => length)
        : Effect.map(connection.request("count", [wire]), ([, count]) => count)
    }
  } satisfies
    & Reading<SpaceError>
    & Pick<Verbs<SpaceError>, "copyCollect" | "count">
}

const changingOf = (
  connection: Connection,
  values: Values,
  now: () => number
): Pick<Verbs<SpaceError>, "exchange" | "outIfAbsent" | "replace"> => {
  const subjectOf = (wire: unknown): Tuple => {
    try {
      return values.decodeTuple(wire)
    } catch (error) {
      throw new SubjectUnread(error as SpaceError)
    }
  }

  /** Answers for predicates, and says what is put in the place of what was found. */
  const answering = (
    test: Answer | undefined,
    make: (index: number, tuples: ReadonlyArray<Tuple>) => ReadonlyArray<Tuple>
  ): Answer =>
  (number, subject) => {
    if (number !== Replacement) {
      return test!(number, subject)
    }
    const [index, tuples]: Exchanged = subject
    return make(index, tuples.map(subjectOf)).map((tuple) => values.encodeTuple(tuple))
  }

  /** What a change makes of its answer: a lease only of what was put. */
  const changed = <A>(
    request: Effect.Effect<readonly [id: number, wire?: unknown], any>,
    terms: Terms | undefined,
    isPut: (wires: ReadonlyArray<unknown>) => boolean,
    result: (tuple: Tuple | undefined, leased: Leased<SpaceError> | undefined) => A
  ): Effect.Effect<A, any> =>
    Effect.flatMap(request, ([id, ...wires]) =>
      failing(() => {
        const [tuple] = wires.map((wire): Tuple => values.decodeTuple(wire))
        const leased = terms !== undefined && isPut(wires) ? leasedBy(connection, now, id, terms) : undefined
        return Effect.succeed(result(tuple, leased))
      }))

  return {
    outIfAbsent: (pattern, tuple, terms, result) => {
      const { answer, asks, wires } = sent(values, [pattern])
      const args = [wires[0]!, asks, values.encodeTuple(tuple), terms && wireOf(terms)] as const
      return changed(connection.request("outIfAbsent", args, { answer }), terms, ({ length }) => length === 0, result)
    },
    replace: (pattern, f, terms, result) => {
      const { answer: test, wires } = sent(values, [pattern])
      const answer = answering(test, (_, [tuple]) => [f(tuple!)])
      const args = [wires[0]!, terms && wireOf(terms)] as const
      return changed(connection.request("replace", args, { answer }), terms, ({ length }) => length > 0, result)
    },
    exchange: (query, make, timeout) => {
      const { answer: test, asked, wires } = sentQuery(values, query)
      const answer = answering(test, (index, tuples) => make(query.result(index, tuples)))
      const sizes = query.form === "batch" ? [query.min, query.max] as const : undefined
      return decoded(
        connection.request("exchange", [asked, wires, sizes, timeout], { answer }),
        (index, found) => query.result(index, found.map((wire) => values.decodeTuple(wire)))
      )
    }
  }
}
