/**
 * What a tuple space is, as a pure value: the tuples, in the order of choice, and those who wait, longest first. Slow,
 * and so simple that it can only be right. Spaces are tested by doing the same to both.
 *
 * It speaks of tuples, waiters and holders, and of tuples that come later. Times to live and timeouts, capacity,
 * subscriptions, variables that several patterns share, and `selection` are not in it.
 *
 * @since 0.1.0
 */
import * as P from "@effect-linda/core/Pattern"
import * as Q from "@effect-linda/core/Query"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import { isTimeout } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

type Patterns = readonly [P.Pattern, ...Array<P.Pattern>]

/**
 * An operation of a space, as data.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation =
  | { readonly _tag: "out"; readonly tuple: Tuple; readonly priority?: number | undefined }
  | { readonly _tag: "outAll"; readonly tuples: ReadonlyArray<Tuple>; readonly priority?: number | undefined }
  | { readonly _tag: "in" | "rd" | "inp" | "rdp"; readonly pattern: P.Pattern }
  | { readonly _tag: "inAny" | "rdAny" | "inAll"; readonly patterns: Patterns }
  /** `rd`, `inp` and `rdp` of a join. */
  | { readonly _tag: "rdAll" | "inpAll" | "rdpAll"; readonly patterns: Patterns }
  /** The same of a join with guards (S18). */
  | { readonly _tag: "inQuery" | "rdQuery" | "inpQuery" | "rdpQuery"; readonly members: ReadonlyArray<Member> }
  | { readonly _tag: "collect" | "copyCollect" | "count"; readonly pattern: P.Pattern }
  | { readonly _tag: "inUpTo"; readonly pattern: P.Pattern; readonly n: number }
  | { readonly _tag: "outIfAbsent" | "replace"; readonly pattern: P.Pattern; readonly tuple: Tuple }
  /** An exchange of a join that does not wait: it puts these tuples. */
  | { readonly _tag: "exchange"; readonly patterns: Patterns; readonly tuples: ReadonlyArray<Tuple> }

/**
 * A member of a join: its tuple is taken, it is read, or there must be none (S18).
 *
 * @since 0.1.0
 * @category models
 */
export interface Member {
  readonly role: "take" | "read" | "absent"
  readonly pattern: P.Pattern
}

/**
 * A tuple that was put: its age tells it from its equals. The smaller, the older.
 *
 * @since 0.1.0
 * @category models
 */
export interface Stored {
  readonly age: number
  readonly tuple: Tuple
  /** 0, if it is not there. */
  readonly priority?: number | undefined
}

/**
 * A tuple that comes later (S20).
 *
 * @since 0.1.0
 * @category models
 */
export interface Scheduled {
  /** When it comes, in milliseconds from the beginning. */
  readonly due: number
  readonly tuple: Tuple
  readonly priority?: number | undefined
}

/**
 * An operation that waits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiter {
  readonly id: number
  readonly operation: Operation
}

/**
 * A space at an instant.
 *
 * @since 0.1.0
 * @category models
 */
export interface Model {
  /** The highest priority first, and of these the oldest. */
  readonly stored: ReadonlyArray<Stored>
  /** Longest first. */
  readonly waiting: ReadonlyArray<Waiter>
  /** Tuples that somebody holds: nobody sees them. */
  readonly held: ReadonlyArray<Stored>
  /** The age of the next tuple, and how old it would be behind all others. */
  readonly next: number
  /** How many milliseconds have gone by. */
  readonly now: number
  /** In the order in which they were put. */
  readonly scheduled: ReadonlyArray<Scheduled>
}

/**
 * One that waited and has got its result.
 *
 * @since 0.1.0
 * @category models
 */
export interface Served {
  readonly id: number
  readonly result: unknown
  /** Nothing if it has only read. */
  readonly taken: ReadonlyArray<Stored>
}

/**
 * What comes of an operation: the space as it is then, the result if the operation does not wait, and who else has got
 * a result.
 *
 * @since 0.1.0
 * @category models
 */
export interface Step {
  readonly model: Model
  /** None if the operation waits. */
  readonly result: Option.Option<unknown>
  readonly served: ReadonlyArray<Served>
}

/**
 * A space with nothing in it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: Model = { stored: [], waiting: [], held: [], next: 0, now: 0, scheduled: [] }

/**
 * Does an operation. If it waits, it does so under this id.
 *
 * @since 0.1.0
 * @category operations
 */
export const step = (model: Model, operation: Operation, id = 0): Step => lookAgain(act(model, operation, id))

const act = (model: Model, operation: Operation, id: number): Step => {
  switch (operation._tag) {
    case "out":
      return put(model, [operation])
    case "outAll":
      return put(model, operation.tuples.map((tuple) => ({ tuple, priority: operation.priority })))
    case "inp":
    case "rdp": {
      const found = Option.fromNullable(matches(model, operation.pattern)[0])
      const left = operation._tag === "inp" ? without(model, Option.toArray(found)) : model
      return done(left, Option.map(found, ({ tuple }) => tuple))
    }
    case "inpAll":
    case "rdpAll":
    case "inpQuery":
    case "rdpQuery": {
      const found = Option.fromNullable(meet(model.stored, model.held, membersOf(operation)))
      const takes = operation._tag === "inpAll" || operation._tag === "inpQuery"
      const left = takes ? without(model, Option.match(found, { onNone: () => [], onSome: takenOf })) : model
      return done(left, Option.map(found, foundOf))
    }
    case "collect":
    case "inUpTo": {
      const found = matches(model, operation.pattern).slice(0, operation._tag === "inUpTo" ? operation.n : undefined)
      return done(without(model, found), tuplesOf(found))
    }
    case "copyCollect":
      return done(model, tuplesOf(matches(model, operation.pattern)))
    case "count":
      return done(model, matches(model, operation.pattern).length)
    case "outIfAbsent": {
      const found = matches(model, operation.pattern)[0]
      return found === undefined
        ? { ...put(model, [{ tuple: operation.tuple }]), result: Option.some(Option.none()) }
        : done(model, Option.some(found.tuple))
    }
    case "replace": {
      const found = matches(model, operation.pattern)[0]
      return found === undefined
        ? done(model, Option.none())
        : {
          ...put(without(model, [found]), [{ tuple: operation.tuple }]),
          result: Option.some(Option.some(found.tuple))
        }
    }
    case "exchange": {
      const met = meet(model.stored, model.held, membersOf(operation))
      if (met === undefined) {
        return done(model, Option.none())
      }
      const found = takenOf(met)
      // What leaves in a transaction is there for others until that is committed.
      const leaving = { ...without(model, found), held: [...model.held, ...found] }
      const step = put(leaving, operation.tuples.map((tuple) => ({ tuple })))
      return {
        ...step,
        model: { ...step.model, held: model.held },
        result: Option.some(Option.some(tuplesOf(found)))
      }
    }
    default: {
      const got = attempt(model.stored, operation, model.held)
      return got === undefined
        ? { model: { ...model, waiting: [...model.waiting, { id, operation }] }, result: Option.none(), served: [] }
        : done(without(model, got.taken), got.result)
    }
  }
}

/**
 * Ends a wait: nothing is left of it.
 *
 * @since 0.1.0
 * @category operations
 */
export const interrupt = (model: Model, id: number): Model => ({
  ...model,
  waiting: model.waiting.filter((waiter) => waiter.id !== id)
})

/**
 * Takes the first choice and holds it. None if there is no match.
 *
 * @since 0.1.0
 * @category operations
 */
export const hold = (model: Model, pattern: P.Pattern): Option.Option<readonly [model: Model, held: Stored]> =>
  Option.map(Option.fromNullable(matches(model, pattern)[0]), (found) => [
    { ...without(model, [found]), held: [...model.held, found] },
    found
  ])

/**
 * Ends a hold: the tuple is consumed, or it is back in its old place or behind all others of its priority, and offered
 * to those who wait.
 *
 * @since 0.1.0
 * @category operations
 */
export const release = (model: Model, stored: Stored, how: "consumed" | "place" | "back"): Step => {
  const free = { ...model, held: model.held.filter(({ age }) => age !== stored.age) }
  return lookAgain(
    how === "consumed"
      ? done(free, undefined)
      : how === "place"
      ? { ...offer(free, stored), result: Option.some(undefined) }
      : put(free, [stored])
  )
}

/**
 * Puts a tuple that comes after so many milliseconds (S20).
 *
 * @since 0.1.0
 * @category operations
 */
export const schedule = (model: Model, tuple: Tuple, after: number, priority = 0): Step =>
  after <= 0
    ? lookAgain(put(model, [{ tuple, priority }]))
    : done({ ...model, scheduled: [...model.scheduled, { due: model.now + after, tuple, priority }] }, undefined)

/**
 * Lets so many milliseconds go by. What is due comes, in the order of its times.
 *
 * @since 0.1.0
 * @category operations
 */
export const pass = (model: Model, millis: number): Step => {
  const now = model.now + millis
  const due = model.scheduled.filter((each) => each.due <= now).sort((one, other) => one.due - other.due)
  const scheduled = model.scheduled.filter((each) => each.due > now)
  return lookAgain(put({ ...model, now, scheduled }, due))
}

// ---------------------------------------------------------------------------------------------------------------------
// How it is done
// ---------------------------------------------------------------------------------------------------------------------

const done = (model: Model, result: unknown): Step => ({ model, result: Option.some(result), served: [] })

const tuplesOf = (stored: ReadonlyArray<Stored>): Array<Tuple> => stored.map(({ tuple }) => tuple)

const matches = ({ stored }: Pick<Model, "stored">, pattern: P.Pattern): ReadonlyArray<Stored> => {
  const isMatch = P.matches(pattern)
  return stored.filter(({ tuple }) => isMatch(tuple))
}

const without = (model: Model, taken: ReadonlyArray<Stored>): Model => ({
  ...model,
  stored: model.stored.filter((each) => !taken.includes(each))
})

/** Puts tuples, one after the other, each behind all others of its priority. */
const put = (model: Model, tuples: ReadonlyArray<Pick<Stored, "priority" | "tuple">>): Step =>
  tuples.reduce<Step>(({ model, served }, { priority, tuple }) => {
    const step = offer({ ...model, next: model.next + 1 }, { age: model.next, tuple, priority }, onTheirWay(served))
    return { ...step, result: Option.some(undefined), served: [...served, ...step.served] }
  }, done(model, undefined))

/** What those who were served in a step have not come to have yet: it counts as there. */
const onTheirWay = (served: ReadonlyArray<Served>): ReadonlyArray<Stored> => served.flatMap(({ taken }) => taken)

/** Whether it stands among the readers: it takes nothing. */
const isReader = (operation: Operation): boolean =>
  operation._tag === "inQuery"
    ? operation.members.every(({ role }) => role !== "take")
    : operation._tag.startsWith("rd")

/** Whether it can go on with more than one tuple. */
const isJoin = ({ _tag }: Operation): boolean =>
  _tag === "inAll" || _tag === "rdAll" || _tag === "inQuery" || _tag === "rdQuery"

const inOrderOfChoice = (self: Stored, that: Stored): number =>
  (that.priority ?? 0) - (self.priority ?? 0) || self.age - that.age

/**
 * S4: every reader that waits for such a tuple gets it, then the taker that has waited longest and can go on with it;
 * if there is none it is stored. A join may take others along. One that only reads the tuple leaves it to others.
 */
const offer = (model: Model, offered: Stored, onWay: ReadonlyArray<Stored> = []): Step => {
  const stored = [...model.stored, offered].sort(inOrderOfChoice)
  const served: Array<Served> = []
  let left: ReadonlyArray<Stored> = stored
  const away = () => [...model.held, ...onWay, ...onTheirWay(served)]
  for (const { id, operation } of model.waiting.filter(({ operation }) => isReader(operation))) {
    const got = attempt(isJoin(operation) ? stored : [offered], operation, away())
    if (got !== undefined) {
      served.push({ id, ...got })
    }
  }
  for (const { id, operation } of model.waiting.filter(({ operation }) => !isReader(operation))) {
    const got = left.includes(offered) ? attempt(isJoin(operation) ? left : [offered], operation, away()) : undefined
    if (got !== undefined) {
      served.push({ id, ...got })
      left = left.filter((each) => !got.taken.includes(each))
    }
  }
  const waiting = model.waiting.filter((waiter) => !served.some(({ id }) => id === waiter.id))
  return { model: { ...model, stored: left, waiting }, result: Option.none(), served }
}

/**
 * S18: those who wait until something is absent look again when something has left for good, in order of arrival. What
 * others were served with is on its way until they run, one after the other, and then lets them look again.
 */
const lookAgain = (first: Step): Step => {
  const served = [...first.served]
  let { model } = first
  for (let arrived = 0; arrived <= served.length; arrived++) {
    for (const { id, operation } of model.waiting.filter(({ operation }) => isJoin(operation))) {
      const away = [...model.held, ...onTheirWay(served.slice(arrived))]
      const got = attempt(model.stored, operation, away)
      if (got !== undefined) {
        served.push({ id, ...got })
        model = interrupt(without(model, got.taken), id)
      }
    }
  }
  return { ...first, model, served }
}

/** What an operation that may wait would get of these tuples, where those are held. */
const attempt = (
  stored: ReadonlyArray<Stored>,
  operation: Operation,
  held: ReadonlyArray<Stored>
): Omit<Served, "id"> | undefined => {
  switch (operation._tag) {
    case "in":
    case "rd": {
      const [found] = matches({ stored }, operation.pattern)
      return found && { result: found.tuple, taken: operation._tag === "in" ? [found] : [] }
    }
    case "inAny":
    case "rdAny": {
      const found = stored.find(({ tuple }) => operation.patterns.some((pattern) => P.matches(pattern)(tuple)))
      const index = operation.patterns.findIndex((pattern) => found && P.matches(pattern)(found.tuple))
      return found && { result: { index, tuple: found.tuple }, taken: operation._tag === "inAny" ? [found] : [] }
    }
    case "inAll":
    case "rdAll":
    case "inQuery":
    case "rdQuery": {
      const found = meet(stored, held, membersOf(operation))
      const takes = operation._tag === "inAll" || operation._tag === "inQuery"
      return found && { result: foundOf(found), taken: takes ? takenOf(found) : [] }
    }
    default:
      return undefined
  }
}

/** A tuple that a member has found. */
interface Met {
  readonly role: Member["role"]
  readonly stored: Stored
}

const takenOf = (found: ReadonlyArray<Met>): ReadonlyArray<Stored> =>
  found.flatMap(({ role, stored }) => role === "take" ? [stored] : [])

const foundOf = (found: ReadonlyArray<Met>): ReadonlyArray<Tuple> => tuplesOf(found.map(({ stored }) => stored))

/** What a join is made of: that of patterns takes for each. */
const membersOf = (
  join: { readonly patterns: ReadonlyArray<P.Pattern> } | { readonly members: ReadonlyArray<Member> }
): ReadonlyArray<Member> =>
  "members" in join ? join.members : join.patterns.map((pattern) => ({ pattern, role: "take" }))

/**
 * S11, S18: a distinct tuple for each that takes, and one that none of these takes for each that reads, the first as
 * old as can be, then the second, …, so that nothing else is there of what must be absent.
 */
const meet = (
  stored: ReadonlyArray<Stored>,
  held: ReadonlyArray<Stored>,
  members: ReadonlyArray<Member>,
  found: ReadonlyArray<Met> = []
): ReadonlyArray<Met> | undefined => {
  const [member, ...others] = members.filter(({ role }) => role !== "absent")
  const absent = members.filter(({ role }) => role === "absent")
  if (member === undefined) {
    const there = [...stored.filter((each) => !takenOf(found).includes(each)), ...held]
    return absent.every(({ pattern }) => matches({ stored: there }, pattern).length === 0) ? found : undefined
  }
  const { pattern, role } = member
  for (const each of matches({ stored }, pattern)) {
    if (!found.some((other) => other.stored === each && (role === "take" || other.role === "take"))) {
      const all = meet(stored, held, [...others, ...absent], [...found, { role, stored: each }])
      if (all !== undefined) {
        return all
      }
    }
  }
  return undefined
}

/** As a query of a space. */
const queryOf = (members: ReadonlyArray<Member>) =>
  Q.all(
    members.map(({ pattern, role }) =>
      role === "take" ? pattern : role === "read" ? Q.read(pattern) : Q.absent(pattern)
    )
  )

/**
 * Does an operation in a space. The result is what `step` says it is.
 *
 * @since 0.1.0
 * @category operations
 */
export const perform = <T extends Tuple, E>(
  typed: TupleSpace<T, E>,
  operation: Operation
): Effect.Effect<unknown, E> => {
  // an operation is of whatever tuples: that those are of the space is for who asks for it
  const space = typed as unknown as TupleSpace<Tuple, E>
  switch (operation._tag) {
    case "out":
      return operation.priority === undefined
        ? space.out(operation.tuple)
        : Effect.asVoid(space.out(operation.tuple, { priority: operation.priority }))
    case "outAll":
      return space.outAll(operation.tuples, { priority: operation.priority })
    case "inUpTo":
      return space.inUpTo(operation.pattern, operation.n)
    case "outIfAbsent":
      return space.outIfAbsent(operation.pattern, operation.tuple)
    case "replace":
      return space.replace(operation.pattern, () => operation.tuple)
    case "exchange":
      return Effect.catchAll(
        Effect.asSome(space.exchange(Q.all(operation.patterns), () => operation.tuples, { timeout: 0 })),
        (error) => isTimeout(error) ? Effect.succeedNone : Effect.fail(error as E)
      )
    case "inAny":
    case "rdAny":
    case "inAll":
      return space[operation._tag](operation.patterns)
    case "rdAll":
      return space.rd(Q.all(operation.patterns))
    case "inpAll":
      return space.inp(Q.all(operation.patterns))
    case "rdpAll":
      return space.rdp(Q.all(operation.patterns))
    case "inQuery":
      return space.in(queryOf(operation.members))
    case "rdQuery":
      return space.rd(queryOf(operation.members))
    case "inpQuery":
      return space.inp(queryOf(operation.members))
    case "rdpQuery":
      return space.rdp(queryOf(operation.members))
    default: {
      const perform: (pattern: P.Pattern) => Effect.Effect<unknown, E> = space[operation._tag]
      return perform(operation.pattern)
    }
  }
}

/**
 * Whether two results are the same, by content (S2).
 *
 * @since 0.1.0
 * @category operations
 */
export const sameResult = (self: unknown, that: unknown): boolean => P.matches([P.literal(plain(self))])([plain(that)])

/** An `Option` compares what it holds by its own equality, which for arrays is identity. */
const plain = (result: unknown): unknown => Option.isOption(result) ? { option: Option.toArray(result) } : result
