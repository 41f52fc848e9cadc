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
import { failing, refusing, unsupported } from "../arguments.js"
import { moves } from "../destination.js"
import type { Reading } from "../keeping.js"
import { looks } from "../keeping.js"
import type { Pattern } from "../pattern/pattern.js"
import * as Process from "../process.js"
import { millisOf } from "../runtime.js"
import { assemble } from "../space.js"
import type { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import { untilGone } from "../verbs.js"
import { Connection, SubjectUnread } from "./connection.js"
import { admitted, decoded, maybe, sent, widened } from "./sent.js"
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
    const connection = new Connection(link, values)
    yield* connection.listen((id, self) => worksFor(origin, id, self))

    const taking = takingOf(connection, values)
    const reading = readingOf(connection, values)
    return assemble<any, SpaceError>({
      name: "remote",
      refuse: refusing,
      isClosed: () => connection.isClosed,
      isElsewhere: true,
      ...puttingOf(connection, values, () => millisOf(clock)),
      ...changingOf(connection, values),
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

const puttingOf = (
  connection: Connection,
  values: Values,
  now: () => number
): Pick<Verbs<SpaceError>, "out" | "outAll" | "outFitting" | "outLeased"> => ({
  out: (tuple) => Effect.asVoid(connection.request("out", [values.encodeTuple(tuple)])),
  outLeased: (tuple, terms) => {
    const { after, at, priority, ttl } = terms
    const when = at === undefined ? { after } : { at }
    return Effect.map(
      connection.request("out", [values.encodeTuple(tuple), { ttl, priority, ...when }]),
      ([id]) =>
        untilGone(now, terms, {
          renew: (ttl) => Effect.map(connection.request("renew", ttl < 0 ? [id] : [id, ttl]), ([, was]) => was),
          reschedule: (after) => Effect.map(connection.request("reschedule", [id, after]), ([, was]) => was)
        })
    )
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
      const { answer, asks, wires } = sent(values, query.patterns)
      return decoded(
        connection.request("read", [name, query.form, wires, asks, timeout], { answer }),
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
  values: Values
): Pick<Verbs<SpaceError>, "outIfAbsent" | "replace"> => {
  const subjectOf = (wire: unknown): Tuple => {
    try {
      return values.decodeTuple(wire)
    } catch (error) {
      throw new SubjectUnread(error as SpaceError)
    }
  }
  return {
    outIfAbsent: (pattern, tuple) => {
      const { answer, asks, wires } = sent(values, [pattern])
      const request = connection.request("outIfAbsent", [wires[0]!, asks, values.encodeTuple(tuple)], { answer })
      return maybe(values, request)
    },
    replace: (pattern, f) => {
      const { answer: test, wires } = sent(values, [pattern])
      const answer = (number: number, subject: any) =>
        number < 0 ? values.encodeTuple(f(subjectOf(subject))) : test!(number, subject)
      return maybe(values, connection.request("replace", [wires[0]!], { answer }))
    }
  }
}
