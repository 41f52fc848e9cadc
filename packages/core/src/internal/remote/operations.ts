/**
 * What a client can ask for, and what it is answered: the verbs of the space, on what crosses the link.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Tuple } from "../../Tuple.js"
import type { TupleSpace } from "../../TupleSpace.js"
import { afterOf, invalidTuple, mailboxOf, millis, own, priorityIn, termsOf } from "../arguments.js"
import { Batch } from "../batch.js"
import { putFitting } from "../destination.js"
import { equals } from "../pattern/equality.js"
import type { Pattern } from "../pattern/pattern.js"
import { indexIn, queryOf, shownIn, tuplesIn } from "../pattern/query.js"
import { show } from "../print.js"
import { millisOf } from "../runtime.js"
import { isTimeout, timedOut } from "../timeout.js"
import type { Values } from "../values.js"
import type { Leased, Verbs } from "../verbs.js"
import { Asking, Replacement } from "./asking.js"
import type { Holds } from "./held.js"
import { Leases } from "./leases.js"
import type { Limits } from "./limits.js"
import { past } from "./limits.js"
import type { Opened } from "./opened.js"
import { decodePattern } from "./patterns.js"
import type { Answered, Args, Exchanged, Name } from "./protocol.js"
import type { Stubs } from "./stubs.js"

/** What there is for a client, and of it. */
export interface Serving {
  readonly space: TupleSpace<any, any>
  readonly verbs: Verbs<any>
  readonly values: Values
  /** What is asked of the client, by the numbers of its requests. */
  readonly askings: Map<number, Asking>
  /** Asks the client about what it is shown of something. */
  readonly ask: (id: number, question: number, number: number, wire: unknown) => void
  readonly holds: Holds
  readonly opened: Opened
  readonly stubs: Stubs
  readonly limits: Limits
}

/** Each by the number of its request. */
export type Operations = {
  readonly [N in Name]: (id: number, ...args: Args<N>) => Effect.Effect<Answered<N>, unknown>
}

export const operationsOf = (serving: Serving): Operations => operationsWith(serving, new Leases())

const operationsWith = (serving: Serving, leases: Leases): Operations => ({
  ...puttingOf(serving, leases),
  ...lookingOf(serving),
  ...changingOf(serving, leases),
  ...openingOf(serving),
  ...startingOf(serving),
  inspect: () => one(serving.verbs.inspect),
  awaitQuiescent: () => one(serving.verbs.awaitQuiescent),
  dump: (id) => none(serving.opened.open(id, Effect.sync(() => serving.verbs.dump(serving.values.stored)))),
  load: (_, all) => none(serving.verbs.load(serving.values.stored, all))
})

const none = <E>(effect: Effect.Effect<unknown, E>): Effect.Effect<readonly [], E> => Effect.as(effect, [])

const one = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<readonly [A], E> =>
  Effect.map(effect, (value) => [value])

const maybe = <E>(
  values: Values,
  effect: Effect.Effect<Option.Option<Tuple>, E>
): Effect.Effect<readonly [tuple?: unknown], E> =>
  Effect.map(effect, Option.match({ onNone: () => [], onSome: (tuple) => [values.encodeTuple(tuple)] }))

/** What was found, by which pattern of a choice. */
type Found = readonly [index: number, tuples: ReadonlyArray<Tuple>]

const shown = (values: Values, [index, tuples]: Found): Exchanged => [
  index,
  tuples.map((tuple) => values.encodeTuple(tuple))
]

/** Patterns, and how to ask the client about those that have code in them. */
const reading = (
  { ask, askings, limits, values, verbs }: Serving,
  id: number,
  wires: ReadonlyArray<ReadonlyArray<unknown>>,
  asks: boolean
) => {
  const asking = asks
    ? new Asking(
      (number, subject) => number === Replacement ? shown(values, subject as Found) : values.encodeError(subject),
      (question, number, wire) => ask(id, question, number, wire),
      limits.candidates
    )
    : undefined
  if (asking !== undefined) {
    askings.set(id, asking)
  }
  const patterns = wires.map((wire) => decodePattern(wire, values, asking))
  /** Raises all questions about what is stored. */
  const look = Effect.forEach(
    patterns.filter(({ answers }) => answers !== undefined),
    (pattern) => verbs.count(pattern),
    { discard: true }
  )
  return {
    asking,
    patterns,
    pattern: patterns[0]!,
    now: <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      asking === undefined ? effect : asking.whenKnown(look, effect),
    wait: <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      asking === undefined ? effect : Effect.zipRight(asking.settled(look), effect)
  }
}

const puttingOf = (
  { space, values, verbs }: Serving,
  leases: Leases
): Pick<Operations, "out" | "outAll" | "outFitting" | "renew" | "reschedule"> => {
  const read = (wire: unknown): Tuple => own(values.decodeTuple(wire))
  return {
    out: (id, tuple, terms) => {
      const decoded = read(tuple)
      return terms === undefined
        ? none(verbs.out(decoded))
        : none(Effect.map(verbs.outLeased(decoded, termsOf(terms)), (lease) => leases.set(id, lease)))
    },
    outAll: (_, all, priority) => none(verbs.outAll(all.map(read), priorityIn({ priority }))),
    outFitting: (_, all, priorities) =>
      one(putFitting(space, all.map((tuple) => values.decodeTuple(tuple)), undefined, priorities)),
    renew: (_, id, ttl) => {
      const lease = leases.get(id)
      return one(
        lease === undefined ? Effect.succeed(false) : Effect.tap(
          lease.renew(ttl === undefined ? -Infinity : millis("ttl", ttl)),
          (was) => Effect.sync(() => ttl === undefined || !was ? leases.delete(id) : undefined)
        )
      )
    },
    reschedule: (_, id, after) => one(leases.get(id)?.reschedule(afterOf(after)) ?? Effect.succeed(false))
  }
}

const lookingOf = (
  serving: Serving
): Pick<Operations, "copyCollect" | "count" | "end" | "explain" | "rdp" | "read" | "take" | "takeNow"> => {
  const { holds, limits, values, verbs } = serving
  /** One more than may be found shows that there are too many. */
  const atMost = (limit: number) => Math.min(limit, limits.tuples + 1)
  const encodeAll = (tuples: ReadonlyArray<Tuple>) => tuples.map((tuple) => values.encodeTuple(tuple))

  return {
    read: (id, name, [form, roles, prefer], wires, asks, timeout) => {
      const { patterns, wait } = reading(serving, id, wires, asks)
      const query = queryOf(form, patterns, roles, prefer)
      return Effect.map(
        wait(verbs.wait(name, query, timeout)),
        (found) => [indexIn(query, found), encodeAll(tuplesIn(query, found))]
      )
    },
    rdp: (id, wire, asks) => {
      const { now, pattern } = reading(serving, id, [wire], asks)
      return now(maybe(values, verbs.now("rdp", pattern) as Effect.Effect<Option.Option<Tuple>, unknown>))
    },
    copyCollect: (id, wire, limit) =>
      one(Effect.flatMap(
        verbs.copyCollect(reading(serving, id, [wire], false).pattern, atMost(limit)),
        (all) =>
          all.length > limits.tuples
            ? Effect.fail(past("tuples", limits.tuples))
            : Effect.sync(() => encodeAll(all))
      )),
    count: (id, wire) => one(verbs.count(reading(serving, id, [wire], false).pattern)),
    explain: (id, wire) => one(verbs.explain(reading(serving, id, [wire], false).pattern)),
    take: (id, name, [form, roles, prefer], wires, asks, timeout, isFinal) => {
      const { patterns, wait } = reading(serving, id, wires, asks)
      const query = queryOf(form, patterns, roles, prefer)
      return wait(verbs.take({ name, query, timeout, isFinal }, holds.hold(id, isFinal)))
    },
    takeNow: (id, name, wire, asks, limit, isFinal, isTrial) => {
      const { now, pattern } = reading(serving, id, [wire], asks)
      return now(
        verbs.takeNow({ name, pattern, limit: atMost(limit), isFinal, isTrial }, (held) => {
          if (held.tuples.length > limits.tuples) {
            held.giveBack()
            return Effect.fail(past("tuples", limits.tuples))
          }
          return holds.hold(id, isFinal)(held)
        })
      )
    },
    end: (_, id, how, failed, after, letter, those) => none(holds.end(id, how, failed, after, letter, those))
  }
}

const changingOf = (
  serving: Serving,
  leases: Leases
): Pick<Operations, "exchange" | "outIfAbsent" | "replace"> => {
  const { limits, values, verbs } = serving

  /** Counts an attempt of the tuple that would have been taken, had its client been able to decode it. */
  const attempted = (pattern: Pattern, tuple: Tuple): Effect.Effect<void, unknown> =>
    verbs.takeNow(
      { name: "inp", pattern, limit: 1, isFinal: false },
      (held) =>
        held.tuples.length === 0 ? Effect.void : held.end({ how: "place", failed: equals(held.tuples[0], tuple) })
    )

  /** Puts what the client says, once it has said that of what was found. */
  const asking = (asked: Asking | undefined, patterns: ReadonlyArray<Pattern>) => {
    let subject: Found | undefined
    return {
      make: (found: Found): ReadonlyArray<Tuple> => {
        subject = found
        if (found[1].length > limits.tuples) {
          throw past("tuples", limits.tuples)
        }
        const wires = asked!.answerTo(Replacement, found)
        if (!Array.isArray(wires)) {
          throw invalidTuple(`the tuples are an array of tuples, not ${show(wires)}`)
        }
        if (wires.length > limits.tuples) {
          throw past("tuples", limits.tuples)
        }
        return copyOf(wires).map((wire: unknown) => own(values.decodeTuple(copyOf(wire))))
      },
      /** What the client could not decode has failed. Of several tuples it has not said which that was. */
      counting: <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
        Effect.onError(effect, () =>
          asked!.isUnread && subject?.[1].length === 1
            ? Effect.ignore(attempted(patterns[subject[0]]!, subject[1][0]!))
            : Effect.void)
    }
  }

  /** Of a change that may have put something on terms: what was there, if something was. */
  const changed = (id: number) => (was: Tuple | undefined, leased: Leased<unknown> | undefined) => {
    if (leased !== undefined) {
      leases.set(id, leased)
    }
    return Option.fromNullable(was)
  }

  return {
    outIfAbsent: (id, wire, asks, tuple, terms) => {
      const { now, pattern } = reading(serving, id, [wire], asks)
      const decoded = own(values.decodeTuple(tuple))
      return now(maybe(values, verbs.outIfAbsent(pattern, decoded, terms && termsOf(terms), changed(id))))
    },
    replace: (id, wire, terms) => {
      const { asking: asked, now, pattern } = reading(serving, id, [wire], true)
      const { counting, make } = asking(asked, [pattern])
      const made = (tuple: Tuple): Tuple => make([0, [tuple]])[0]!
      return counting(now(maybe(values, verbs.replace(pattern, made, terms && termsOf(terms), changed(id)))))
    },
    exchange: (id, [form, roles, prefer], wires, sizes, timeout) => {
      const { asking: asked, now, patterns } = reading(serving, id, wires, true)
      const { counting, make } = asking(asked, patterns)
      const query = form === "batch"
        ? new Batch(patterns[0]!, sizes![0], Math.min(sizes![1], limits.tuples + 1), 0)
        : queryOf(form, patterns, roles, prefer)
      const found = (result: unknown): Found => [indexIn(query, result), tuplesIn(query, result)]
      return Effect.flatMap(Effect.clock, (clock) => {
        // Each time that it had to ask it begins anew.
        const end = millisOf(clock) + timeout
        const left = () => Math.max(0, end - millisOf(clock))
        return Effect.map(
          Effect.mapError(
            counting(now(Effect.suspend(() => verbs.exchange(query, (result) => make(found(result)), left())))),
            (error) => isTimeout(error) ? timedOut({ ...error, patterns: shownIn(query), timeout }) : error
          ),
          (result) => shown(values, found(result))
        )
      })
    }
  }
}

/** Decoding changes the wire in place, and this one may be asked for again. */
const copyOf = (wire: any): any => Array.isArray(wire) ? wire.slice() : wire

const openingOf = (serving: Serving): Pick<Operations, "close" | "open" | "pull"> => {
  const { opened, values, verbs } = serving
  return {
    open: (id, kind, wire, options) =>
      Effect.suspend(() => {
        if (verbs.isClosed()) {
          return Effect.interrupt
        }
        const { pattern } = reading(serving, id, [wire], false)
        const encode = kind === "stream"
          ? (tuple: any) => values.encodeTuple(tuple)
          : (event: any) =>
            event._tag === "Missed" ? event : { _tag: event._tag, tuple: values.encodeTuple(event.tuple) }
        const stream = Effect.map(verbs.watch(kind, pattern, mailboxOf(options)), Stream.map(encode))
        return none(opened.open(id, stream))
      }),
    pull: (_, id) => opened.pull(id),
    close: (_, id) => none(opened.close(id))
  }
}

const startingOf = ({ stubs, values }: Serving): Pick<Operations, "ended" | "eval"> => ({
  eval: (id, name, failures, origin) => stubs.start(id, name, failures, origin),
  ended: (_, id, outcome, isJoined) =>
    none(
      stubs.ended(id, outcome === undefined ? Exit.void : Exit.failCause(values.decodeCause(outcome)), isJoined)
    )
})
