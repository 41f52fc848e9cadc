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
  | { readonly _tag: "collect" | "copyCollect" | "count"; readonly pattern: P.Pattern }
  | { readonly _tag: "inUpTo"; readonly pattern: P.Pattern; readonly n: number }
  | { readonly _tag: "outIfAbsent" | "replace"; readonly pattern: P.Pattern; readonly tuple: Tuple }

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
export const step = (model: Model, operation: Operation, id = 0): Step => {
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
    case "rdpAll": {
      const found = Option.fromNullable(assign(model.stored, operation.patterns))
      const taken = operation._tag === "inpAll" ? Option.getOrElse(found, () => []) : []
      return done(without(model, taken), Option.map(found, tuplesOf))
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
    default: {
      const got = attempt(model.stored, operation)
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
  return how === "consumed"
    ? done(free, undefined)
    : how === "place"
    ? { ...offer(free, stored), result: Option.some(undefined) }
    : put(free, [stored])
}

/**
 * Puts a tuple that comes after so many milliseconds (S20).
 *
 * @since 0.1.0
 * @category operations
 */
export const schedule = (model: Model, tuple: Tuple, after: number, priority = 0): Step =>
  after <= 0
    ? put(model, [{ tuple, priority }])
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
  return put({ ...model, now, scheduled }, due)
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
    const step = offer({ ...model, next: model.next + 1 }, { age: model.next, tuple, priority })
    return { ...step, result: Option.some(undefined), served: [...served, ...step.served] }
  }, done(model, undefined))

const inOrderOfChoice = (self: Stored, that: Stored): number =>
  (that.priority ?? 0) - (self.priority ?? 0) || self.age - that.age

/**
 * S4: every reader that waits for such a tuple gets it, then the taker that has waited longest and can go on with it;
 * if there is none it is stored. A join may take others along.
 */
const offer = (model: Model, offered: Stored): Step => {
  const stored = [...model.stored, offered].sort(inOrderOfChoice)
  const served: Array<Served> = []
  let left: ReadonlyArray<Stored> = stored
  for (const { id, operation } of model.waiting.filter(({ operation }) => operation._tag.startsWith("rd"))) {
    const got = attempt(operation._tag === "rdAll" ? stored : [offered], operation)
    if (got !== undefined) {
      served.push({ id, ...got })
    }
  }
  for (const { id, operation } of model.waiting.filter(({ operation }) => operation._tag.startsWith("in"))) {
    const got = attempt(operation._tag === "inAll" ? stored : [offered], operation)
    if (got !== undefined) {
      served.push({ id, ...got })
      left = stored.filter((each) => !got.taken.includes(each))
      break
    }
  }
  const waiting = model.waiting.filter((waiter) => !served.some(({ id }) => id === waiter.id))
  return { model: { ...model, stored: left, waiting }, result: Option.none(), served }
}

/** What an operation that may wait would get of these tuples. */
const attempt = (
  stored: ReadonlyArray<Stored>,
  operation: Operation
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
    case "rdAll": {
      const found = assign(stored, operation.patterns)
      return found && { result: tuplesOf(found), taken: operation._tag === "inAll" ? found : [] }
    }
    default:
      return undefined
  }
}

/** S11: a distinct tuple for each pattern, the first choice for the first that can be, then for the second, … */
const assign = (
  stored: ReadonlyArray<Stored>,
  [pattern, ...others]: ReadonlyArray<P.Pattern>
): ReadonlyArray<Stored> | undefined => {
  if (pattern === undefined) {
    return []
  }
  for (const found of matches({ stored }, pattern)) {
    const rest = assign(stored.filter((each) => each !== found), others)
    if (rest !== undefined) {
      return [found, ...rest]
    }
  }
  return undefined
}

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
