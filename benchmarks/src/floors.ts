/** The floors: what the parts of a tuple space cost when they are all there is. */
import { Deferred, Effect, Fiber, Option, STM, TRef } from "effect"
import { each, shuffled, timed, turn } from "./measure.js"
import type { Fields, Space } from "./subjects.js"

// ---------------------------------------------------------------------------------------------------------------------
// Steps of Effect, in microseconds
// ---------------------------------------------------------------------------------------------------------------------

const perStep = (n: number, step: () => Effect.Effect<unknown>): Effect.Effect<number> =>
  Effect.map(timed(each(n, step)), (ms) => 1000 * ms / n)

/** F-commit: a transaction that does nothing. */
export const commit = (n: number): Effect.Effect<number> => perStep(n, () => STM.commit(STM.void))

/** F-tref: a transaction that updates one reference. */
export const tref = (n: number): Effect.Effect<number> =>
  Effect.flatMap(STM.commit(TRef.make(0)), (ref) => perStep(n, () => STM.commit(TRef.update(ref, (k) => k + 1))))

/** F-effect: a step of a fiber. */
export const step = (n: number): Effect.Effect<number> => perStep(n, () => Effect.sync(() => n))

/**
 * F-wait: fibers that each wait for a `Deferred`, which are then all completed in random order. Each costs a fork, an
 * await, a `succeed` and a join.
 */
export const wait = (n: number, paced: boolean): Effect.Effect<number> => {
  const order = shuffled(n)
  const waits = Effect.gen(function*() {
    let started = 0
    const deferreds: Array<Deferred.Deferred<number>> = []
    const fibers: Array<Fiber.RuntimeFiber<number>> = []
    yield* each(n, (i) =>
      Effect.flatMap(Deferred.make<number>(), (deferred) => {
        deferreds.push(deferred)
        const waiting = Effect.suspend(() => {
          started++
          return Deferred.await(deferreds[i]!)
        })
        return Effect.map(Effect.fork(waiting), (fiber) => fibers.push(fiber))
      }))
    while (started < n) {
      yield* turn
    }
    yield* each(n, (i) => {
      const succeed = Deferred.succeed(deferreds[order[i]!]!, i)
      return paced ? Effect.zipRight(succeed, turn) : succeed
    })
    yield* each(n, (i) => Fiber.join(fibers[i]!))
  })
  return Effect.map(timed(waits), (ms) => 1000 * ms / n)
}

// ---------------------------------------------------------------------------------------------------------------------
// F-index
// ---------------------------------------------------------------------------------------------------------------------

/** The wildcard of patterns for the floors. */
export const ANY: unique symbol = Symbol("ANY")

interface Ordered {
  readonly seq: number
  live: boolean
}

interface Stored extends Ordered {
  readonly tuple: Fields
}

interface Waiter extends Ordered {
  readonly pattern: Fields
  readonly resume: (tuple: Fields) => void
}

/** Items in order of arrival; those that are gone are skipped, and cleared away when they are the most. */
class Queue<A extends Ordered> {
  private items: Array<A> = []
  private head = 0
  size = 0

  add(item: A): void {
    this.items.push(item)
    this.size++
  }

  removed(): void {
    if (--this.size === 0) {
      this.items = []
      this.head = 0
    } else if (this.items.length > 2 * this.size + 32) {
      this.items = this.toArray()
      this.head = 0
    }
  }

  first(test: (item: A) => boolean): A | undefined {
    while (this.head < this.items.length && !this.items[this.head]!.live) {
      this.head++
    }
    for (let i = this.head; i < this.items.length; i++) {
      const item = this.items[i]!
      if (item.live && test(item)) {
        return item
      }
    }
    return undefined
  }

  toArray(): Array<A> {
    return this.items.filter((item) => item.live)
  }
}

/** Items by the hash of some of their fields. A key with one item holds that itself. */
class Table<A extends Ordered> {
  private readonly lists = new Map<number, A | Queue<A>>()

  constructor(readonly mask: number, readonly positions: ReadonlyArray<number>) {}

  get size(): number {
    return this.lists.size
  }

  add(fields: Fields, item: A): void {
    const key = hashAt(fields, this.positions)
    const present = this.lists.get(key)
    if (present === undefined) {
      this.lists.set(key, item)
    } else if (present instanceof Queue) {
      present.add(item)
    } else {
      const queue = new Queue<A>()
      queue.add(present)
      queue.add(item)
      this.lists.set(key, queue)
    }
  }

  removed(fields: Fields): void {
    const key = hashAt(fields, this.positions)
    const present = this.lists.get(key)
    if (present instanceof Queue && present.size > 1) {
      present.removed()
    } else {
      this.lists.delete(key)
    }
  }

  first(fields: Fields, test: (item: A) => boolean): A | undefined {
    const present = this.lists.get(hashAt(fields, this.positions))
    if (present instanceof Queue) {
      return present.first(test)
    }
    return present !== undefined && test(present) ? present : undefined
  }
}

const mix = (value: number): number => {
  const mixed = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  return mixed ^ (mixed >>> 16)
}

/** Good for strings and integers, which is what the workloads use. */
const hash = (field: unknown): number => {
  if (typeof field === "number") {
    return mix(field)
  }
  const text = String(field)
  let result = text.length
  for (let i = 0; i < text.length; i++) {
    result = (Math.imul(result, 31) + text.charCodeAt(i)) | 0
  }
  return mix(result)
}

const hashAt = (fields: Fields, positions: ReadonlyArray<number>): number => {
  let result = 0
  for (let i = 0; i < positions.length; i++) {
    result = (Math.imul(result, 31) + hash(fields[positions[i]!])) | 0
  }
  return result
}

const maskOf = (pattern: Fields): number => {
  let mask = 0
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] !== ANY) {
      mask |= 1 << i
    }
  }
  return mask
}

const positionsOf = (pattern: Fields): ReadonlyArray<number> => pattern.flatMap((field, i) => field === ANY ? [] : [i])

const matches = (pattern: Fields, tuple: Fields): boolean => {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] !== ANY && pattern[i] !== tuple[i]) {
      return false
    }
  }
  return true
}

/** The tuples of one arity, and those who wait for some. */
class Arity {
  readonly all = new Queue<Stored>()
  readonly indexes: Array<Table<Stored>> = []
  readonly waiters: Array<Table<Waiter>> = []

  indexFor(pattern: Fields): Table<Stored> {
    const mask = maskOf(pattern)
    for (const index of this.indexes) {
      if (index.mask === mask) {
        return index
      }
    }
    const index = new Table<Stored>(mask, positionsOf(pattern))
    for (const stored of this.all.toArray()) {
      index.add(stored.tuple, stored)
    }
    this.indexes.push(index)
    return index
  }

  waitersFor(pattern: Fields): Table<Waiter> {
    const mask = maskOf(pattern)
    let waiters = this.waiters.find((candidate) => candidate.mask === mask)
    if (waiters === undefined) {
      waiters = new Table<Waiter>(mask, positionsOf(pattern))
      this.waiters.push(waiters)
    }
    return waiters
  }
}

/**
 * F-index: a multimap with waiters, in plain JavaScript. It has an index for each set of positions by which it is
 * asked, and the waiters in such indexes too; first come, first served. Nothing else that a tuple space promises is
 * there.
 */
export class PlainSpace {
  private readonly arities: Array<Arity | undefined> = []
  private seq = 0

  private arity(fields: Fields): Arity {
    return this.arities[fields.length] ??= new Arity()
  }

  put(tuple: Fields): void {
    const arity = this.arity(tuple)
    let waiter: Waiter | undefined
    for (const waiters of arity.waiters) {
      if (waiters.size > 0) {
        const found = waiters.first(tuple, (candidate) => matches(candidate.pattern, tuple))
        if (found !== undefined && (waiter === undefined || found.seq < waiter.seq)) {
          waiter = found
        }
      }
    }
    if (waiter !== undefined) {
      this.leave(waiter)
      waiter.resume(tuple)
      return
    }
    const stored: Stored = { tuple, seq: this.seq++, live: true }
    arity.all.add(stored)
    for (const index of arity.indexes) {
      index.add(tuple, stored)
    }
  }

  take(pattern: Fields): Fields | undefined {
    const arity = this.arity(pattern)
    const stored = arity.indexFor(pattern).first(pattern, (candidate) => matches(pattern, candidate.tuple))
    if (stored === undefined) {
      return undefined
    }
    stored.live = false
    arity.all.removed()
    for (const index of arity.indexes) {
      index.removed(stored.tuple)
    }
    return stored.tuple
  }

  wait(pattern: Fields, resume: (tuple: Fields) => void): Waiter {
    const waiter: Waiter = { pattern, resume, seq: this.seq++, live: true }
    this.arity(pattern).waitersFor(pattern).add(pattern, waiter)
    return waiter
  }

  leave(waiter: Waiter): void {
    if (waiter.live) {
      waiter.live = false
      this.arity(waiter.pattern).waitersFor(waiter.pattern).removed(waiter.pattern)
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// F-fx
// ---------------------------------------------------------------------------------------------------------------------

/** F-fx: the same under Effect, without STM. A tuple on its way to a fiber that is interrupted is lost. */
export const fxSpace = (): Space => {
  const plain = new PlainSpace()
  return {
    out: (tuple) => Effect.sync(() => plain.put(tuple)),
    in: (pattern) =>
      Effect.suspend(() => {
        const tuple = plain.take(pattern)
        return tuple !== undefined ? Effect.succeed(tuple) : Effect.async<Fields>((resume) => {
          const waiter = plain.wait(pattern, (tuple) => resume(Effect.succeed(tuple)))
          return Effect.sync(() => plain.leave(waiter))
        })
      }),
    inp: (pattern) => Effect.sync(() => Option.fromNullable(plain.take(pattern)))
  }
}
