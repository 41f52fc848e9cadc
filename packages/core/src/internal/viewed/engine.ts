/**
 * A facet of a space of any engine: its verbs, of which each does what is allowed and nothing else. Whatever is made of
 * verbs, the other end of a link among it, is bound by that.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { SpaceError } from "../../SpaceError.js"
import type { TupleSpace } from "../../TupleSpace.js"
import { failing, invalidOption, refusing } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import type { Held, Use } from "../hold.js"
import { show } from "../print.js"
import { assemble } from "../space.js"
import type { Party } from "../stm/operations.js"
import { partyIn, withParty } from "../stm/operations.js"
import { decoded, raw } from "../texts.js"
import type { Verbs } from "../verbs.js"
import { isReading, verbsOf } from "../verbs.js"
import { Bounded, policyOf } from "./held.js"
import { Rights } from "./rights.js"

/** Throws a `SpaceError` that names what is wrong with the rights, or with the space. */
export const view = (space: unknown, rights: unknown): TupleSpace<any, any> => {
  const verbs = verbsOf(space)
  if (verbs === undefined) {
    throw invalidOption(`space: ${show(space)} is no space that this library has made`)
  }
  const allowed = new Rights(rights)
  const made = assemble<any, SpaceError>(bounded(verbs, allowed))
  const party = partyIn(space)
  return party === undefined ? made : withParty(made, partyOf(party, allowed))
}

/** What is wrong with an operation is its failure, also where it is a defect of the engine: a view can fail. */
const typed = <A, E, R>(make: () => Effect.Effect<A, E, R>, isOurs = () => true): Effect.Effect<A, any, R> =>
  Effect.catchAllCause(failing(make), (cause) => Effect.failCause(Cause.isDie(cause) && isOurs() ? told(cause) : cause))

/** The same for one that takes for a use. What goes wrong in that is the affair of who has given it. */
const typedUse = <E, A, E2, R>(
  use: Use<E, A, E2, R>,
  make: (use: Use<E, A, E2, R>) => Effect.Effect<A, any, R>
): Effect.Effect<A, any, R> =>
  Effect.suspend(() => {
    let isUsed = false
    return typed(
      () =>
        make((held, restore) => {
          isUsed = true
          return use(held, restore)
        }),
      () => !isUsed
    )
  })

const told = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail: (error): Cause.Cause<unknown> => Cause.fail(error),
    onDie: (defect) => isSpaceError(defect) ? Cause.fail(defect) : Cause.die(defect),
    onInterrupt: (id) => Cause.interrupt(id),
    onSequential: (left, right) => Cause.sequential(left, right),
    onParallel: (left, right) => Cause.parallel(left, right)
  })

const bounded = (verbs: Verbs<any>, rights: Rights): Verbs<SpaceError> => ({
  name: verbs.name,
  refuse: refusing,
  isClosed: verbs.isClosed,
  isElsewhere: verbs.isElsewhere,
  ...puttingOf(verbs, rights),
  ...changingOf(verbs, rights),
  ...lookingOf(verbs, rights),
  ...takingOf(verbs, rights),
  move: (name, pattern, other) =>
    typed(() => verbs.move(name, name === "collectInto" ? rights.taken(pattern) : rights.read(pattern), other)),
  watch: (kind, pattern, mailbox) => typed(() => verbs.watch(kind, rights.read(pattern), mailbox)),
  ...writingOf(verbs, rights),
  start: (effect, options) =>
    typed(() => {
      rights.evaluate()
      return verbs.start(effect, options)
    }),
  ...seeingOf(verbs, rights),
  transact: (stm) => typed(() => verbs.transact(stm))
})

const puttingOf = (
  verbs: Verbs<any>,
  { put }: Rights
): Pick<Verbs<SpaceError>, "out" | "outAll" | "outFitting" | "outLeased"> => ({
  out: (tuple) => typed(() => verbs.out(put(tuple))),
  outLeased: (tuple, terms) => typed(() => verbs.outLeased(put(tuple), terms)),
  outAll: (tuples, priority) => typed(() => verbs.outAll(tuples.map(put), priority)),
  outFitting: (tuples, onArrival, priorities) => typed(() => verbs.outFitting(tuples.map(put), onArrival, priorities))
})

const changingOf = (
  verbs: Verbs<any>,
  rights: Rights
): Pick<Verbs<SpaceError>, "exchange" | "outIfAbsent" | "replace"> => ({
  outIfAbsent: (pattern, tuple, terms, result) =>
    typed(() => verbs.outIfAbsent(rights.absent(pattern), rights.put(tuple), terms, result)),
  replace: (pattern, f, terms, result) =>
    typed(() => verbs.replace(rights.taken(pattern), (tuple) => rights.put(f(tuple)), terms, result)),
  exchange: (query, make, timeout) =>
    typed(() => verbs.exchange(rights.query(query, true), (found) => make(found).map(rights.put), timeout))
})

const lookingOf = (
  verbs: Verbs<any>,
  rights: Rights
): Pick<Verbs<SpaceError>, "copyCollect" | "count" | "now" | "takeUpTo" | "wait"> => ({
  wait: (name, query, timeout) => typed(() => verbs.wait(name, rights.query(query, !isReading(name)), timeout)),
  now: (name, query) => typed(() => verbs.now(name, rights.query(query, name === "inp"))),
  takeUpTo: (name, pattern, limit) => typed(() => verbs.takeUpTo(name, rights.taken(pattern), limit)),
  copyCollect: (pattern, limit) => typed(() => verbs.copyCollect(rights.read(pattern), limit)),
  count: (pattern) => typed(() => verbs.count(rights.read(pattern)))
})

const takingOf = (verbs: Verbs<any>, rights: Rights): Pick<Verbs<SpaceError>, "take" | "takeNow"> => {
  const bounded = <E>(held: Held<E>): Held<E> => rights.putsAll ? held : new Bounded(held, rights.put)
  return {
    take: (taking, use) =>
      typedUse(use, (use) => {
        const query = rights.query(taking.query, true)
        const { options } = taking
        return verbs.take(
          options === undefined ? { ...taking, query } : { ...taking, query, options: policyOf(options, rights.put) },
          (held, restore) => use(bounded(held), restore)
        )
      }),
    takeNow: (taking, use) =>
      typedUse(use, (use) =>
        verbs.takeNow(
          { ...taking, pattern: rights.taken(taking.pattern) },
          (held, restore) => use(bounded(held), restore)
        ))
  }
}

const writingOf = (verbs: Verbs<any>, rights: Rights): Pick<Verbs<SpaceError>, "dump" | "load"> => ({
  dump: (values) =>
    rights.readsAll ? verbs.dump(values) : Stream.filter(verbs.dump(values, rights.shows), (dumped) => {
      const tuple = decoded(values, dumped)
      return tuple !== undefined && rights.shows(tuple)
    }),
  load: (values, all) =>
    typed(() => {
      if (!rights.putsAll) {
        all.forEach((dumped) => {
          const tuple = decoded(values, dumped)
          return tuple === undefined ? rights.unread(raw(values, dumped)) : rights.put(tuple)
        })
      }
      return verbs.load(values, all)
    })
})

const seeingOf = (
  verbs: Verbs<any>,
  rights: Rights
): Pick<Verbs<SpaceError>, "awaitQuiescent" | "explain" | "inspect"> => {
  const whole = <A>(name: string, tell: () => Effect.Effect<A, any>) =>
    typed(() => {
      rights.all(name)
      return tell()
    })
  return {
    inspect: Effect.suspend(() => whole("inspect", () => verbs.inspect)),
    explain: (pattern) => whole("explain", () => verbs.explain(pattern)),
    awaitQuiescent: Effect.suspend(() => whole("awaitQuiescent", () => verbs.awaitQuiescent))
  }
}

/** What a view does in a transaction. What it forbids is the end of that. */
const partyOf = (party: Party, rights: Rights): Party => ({
  in: (query) => party.in(rights.query(query, true)),
  rd: (query) => party.rd(rights.query(query, false)),
  inp: (query) => party.inp(rights.query(query, true)),
  rdp: (query) => party.rdp(rights.query(query, false)),
  count: (pattern) => party.count(rights.read(pattern)),
  out: (tuple) => party.out(rights.put(tuple))
})
