/**
 * Properties: transactions.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Transaction from "@effect-linda/core/Transaction"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import { expect } from "vitest"
import type { Simulation } from "../../Simulation.js"
import { properties } from "./property.js"

type Space = TupleSpace<Tuple>

const kinds = ["a", "b", "c"] as const
type Kind = typeof kinds[number]
const item = (kind: string) => [kind, P.number] as const

/** A transaction that moves tuples of these kinds to another space, or to another place, or does nothing. */
const move = (from: Space, to: Space, wanted: ReadonlyArray<Kind>) =>
  STM.forEach(
    wanted,
    (kind) => STM.flatMap(Transaction.in(from, item(kind)), (tuple) => Transaction.out(to, moved(from, to, tuple))),
    { discard: true }
  )

const moved = (from: Space, to: Space, tuple: readonly [string, number]): Tuple =>
  from === to ? ["moved", ...tuple] : tuple

const anyMoved = ["moved", P.string, P.number] as const

interface Waiter {
  readonly name: string
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
  readonly ready: (stored: ReadonlyArray<string>) => boolean
}

const has = (stored: ReadonlyArray<string>, wanted: ReadonlyArray<string>): boolean =>
  kinds.every((kind) => stored.filter((each) => each === kind).length >= wanted.filter((each) => each === kind).length)

/** One of many ways to move tuples from a space to the other, atomically. */
const mover = (
  sim: Simulation,
  from: Space,
  to: Space
): Omit<Waiter, "fiber"> & { effect: Effect.Effect<any, any> } => {
  const { random } = sim
  const wanted = random.array(random.between(1, 3), () => random.pick(kinds))
  const instead = random.array(random.between(1, 2), () => random.pick(kinds))
  const both = move(from, to, wanted)
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return { name: `move ${wanted}`, effect: from.transact(both), ready: (stored) => has(stored, wanted) }
    case 3: {
      const either = STM.orElse(both, () => move(from, to, instead))
      return {
        name: `move ${wanted} or ${instead}`,
        effect: from.transact(either),
        ready: (stored) => has(stored, wanted) || has(stored, instead)
      }
    }
    case 4:
      return {
        name: `move ${wanted} and fail`,
        effect: from.transact(STM.zipRight(both, STM.fail("failed"))),
        ready: (stored) => has(stored, wanted)
      }
    case 5: {
      // The first branch fails after it has taken, and leaves nothing of that.
      const either = STM.orElse(STM.zipRight(both, STM.fail("failed")), () => move(from, to, instead))
      return {
        name: `fail after ${wanted} or move ${instead}`,
        effect: from.transact(either),
        ready: (stored) => has(stored, instead)
      }
    }
    case 6:
      return {
        name: `read ${wanted}`,
        effect: from.transact(STM.forEach(wanted, (kind) => Transaction.rd(from, item(kind)))),
        ready: (stored) => wanted.every((kind) => stored.includes(kind))
      }
    case 7:
      return {
        name: `rd ${wanted[0]}`,
        effect: from.rd(item(wanted[0]!)),
        ready: (stored) => stored.includes(wanted[0]!)
      }
    default:
      return {
        name: `move all ${wanted[0]}`,
        effect: from === to
          ? from.replace(item(wanted[0]!), (tuple) => moved(from, to, tuple))
          : from.collectInto(item(wanted[0]!), to),
        ready: () => true
      }
  }
}

const anyItem = [P.string, P.number] as const
const ids = (tuples: ReadonlyArray<readonly [string, number]>) => tuples.map(([, id]) => id)
const ascending = (numbers: ReadonlyArray<number>) => [...numbers].sort((self, that) => self - that)

export const transactions = properties("Transactions", (property) => {
  const inOne = property.needing("transactions")
  const overSeveral = inOne.needing("spaces")

  const eatNothing = (areTwo: boolean): void =>
    (areTwo ? overSeveral : inOne)(
      `S10 F3 transactions that wait eat nothing, lose nothing, and are woken, among single operations and interrupts${
        areTwo ? "" : ", in one space"
      }`,
      (sim) =>
        Effect.gen(function*() {
          const { random } = sim
          const from = yield* sim.space()
          const to = areTwo ? yield* sim.space() : from
          const waiters: Array<Waiter> = []
          let put = 0
          const taken: Array<Fiber.RuntimeFiber<any, unknown>> = []
          const joins: Array<Fiber.RuntimeFiber<any, unknown>> = []
          for (let step = random.between(3, 20); step > 0; step--) {
            const choice = random.next()
            if (choice < 0.35) {
              yield* from.outAll(random.array(random.between(1, 2), () => [random.pick(kinds), put++] as const))
            } else if (choice < 0.65) {
              const { effect, ...waiter } = mover(sim, from, to)
              waiters.push({ ...waiter, fiber: yield* Effect.fork(effect) })
            } else if (choice < 0.75 && waiters.length > 0) {
              const { fiber } = random.pick(waiters)
              fiber.unsafeInterruptAsFork(fiber.id())
            } else if (choice < 0.85) {
              const kind = random.pick(kinds)
              const fiber = yield* Effect.fork(from.in(item(kind)))
              taken.push(fiber)
              waiters.push({ name: `in ${kind}`, fiber, ready: (stored) => stored.includes(kind) })
            } else if (choice < 0.93) {
              const wanted = [random.pick(kinds), random.pick(kinds)] as const
              const fiber = yield* Effect.fork(from.inAll([item(wanted[0]), item(wanted[1])]))
              joins.push(fiber)
              waiters.push({ name: `inAll ${wanted}`, fiber, ready: (stored) => has(stored, wanted) })
            } else {
              yield* from.inspect
            }
            yield* sim.pause
          }
          yield* sim.over
          const stored = yield* from.copyCollect(anyItem)
          const there = areTwo
            ? yield* to.copyCollect(anyItem)
            : (yield* to.copyCollect(anyMoved)).map(([, ...item]) => item)
          const success = (fiber: Fiber.RuntimeFiber<any, unknown>) => {
            const exit = fiber.unsafePoll()
            return exit !== null && Exit.isSuccess(exit) ? [exit.value] : []
          }
          const got = [...taken.flatMap(success), ...joins.flatMap(success).flat()]
          expect(ascending(ids([...stored, ...there, ...got]))).toEqual(random.array(put, (index) => index))
          const waiting = waiters.filter(({ fiber }) => fiber.unsafePoll() === null)
          const present = stored.map(([kind]) => kind)
          expect(waiting.filter(({ ready }) => ready(present)).map(({ name }) => name)).toEqual([])
          expect((yield* from.inspect).held).toBe(0)
          for (const { fiber } of waiting) {
            fiber.unsafeInterruptAsFork(fiber.id())
          }
          yield* sim.over
          expect((yield* from.inspect).interests).toEqual([])
          expect(yield* from.copyCollect(anyItem)).toEqual(stored)
        })
    )

  eatNothing(true)
  eatNothing(false)

  const moneyStays = (most: number): void =>
    (most > 1 ? overSeveral : inOne)(
      `S10 money is neither made nor lost by transfers ${
        most > 1 ? "among several spaces" : "in one space"
      }, with single operations between`,
      (sim) =>
        Effect.gen(function*() {
          const { random } = sim
          const banks = yield* Effect.forEach(
            random.array(random.between(1, most), (index) => index),
            () => sim.space()
          )
          const accounts = random.array(random.between(2, 4), (index) => ({ bank: random.pick(banks), owner: index }))
          const account = (owner: number) => ["account", owner, P.number] as const
          const log = yield* STM.commit(TRef.make(0))
          yield* Effect.forEach(accounts, ({ bank, owner }) => bank.out(["account", owner, 100]))
          const total = STM.reduce(
            accounts,
            0,
            (sum, { bank, owner }) => STM.map(Transaction.rd(bank, account(owner)), ([, , balance]) => sum + balance)
          )
          let transfers = 0
          const transfer = Effect.suspend(() => {
            const [from, to] = random.shuffle(accounts)
            const amount = random.between(1, 80)
            return banks[0]!.transact(STM.gen(function*() {
              const [, , balance] = yield* Transaction.in(from!.bank, account(from!.owner))
              yield* Transaction.out(from!.bank, ["account", from!.owner, balance - amount])
              yield* TRef.update(log, (count) => count + 1)
              if (balance < amount) {
                return yield* STM.fail("insufficient funds")
              }
              const [, , other] = yield* Transaction.in(to!.bank, account(to!.owner))
              yield* Transaction.out(to!.bank, ["account", to!.owner, other + amount])
              yield* STM.sync(() => transfers++)
            }))
          })
          const fibers: Array<Fiber.RuntimeFiber<unknown, unknown>> = []
          for (let step = random.between(2, 12); step > 0; step--) {
            const { bank, owner } = random.pick(accounts)
            fibers.push(
              yield* Effect.fork(random.pick<Effect.Effect<unknown, unknown>>([
                transfer,
                transfer,
                bank.inWith(account(owner), () => Effect.zipRight(sim.pause, Effect.fail("put it back"))),
                bank.replace(account(owner), (tuple) => [...tuple] as any),
                Effect.map(banks[0]!.transact(total), (sum) => expect(sum).toBe(100 * accounts.length))
              ]))
            )
            if (random.chance(0.2)) {
              const fiber = random.pick(fibers)
              fiber.unsafeInterruptAsFork(fiber.id())
            }
            yield* sim.pause
          }
          yield* sim.over
          for (const exit of fibers.map((fiber) => fiber.unsafePoll())) {
            // All have ended; none by a defect, which is how a wrong total would show.
            expect(exit).not.toBe(null)
            expect(Exit.isFailure(exit!) && exit.cause._tag === "Die" && exit.cause.defect).toBe(false)
          }
          expect(yield* banks[0]!.transact(total)).toBe(100 * accounts.length)
          expect(yield* STM.commit(TRef.get(log))).toBe(transfers)
        })
    )

  moneyStays(3)
  moneyStays(1)

  property.needing("transactions")(
    "S10 a transaction that fails after some operations leaves nothing: neither tuples nor the user's TRef",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const size = random.between(0, 12)
        yield* space.outAll(random.array(size, (index) => [random.pick(kinds), index] as const))
        const before = yield* space.copyCollect(anyItem)
        const ref = yield* STM.commit(TRef.make(0))
        const watcher = yield* Effect.fork(space.in(["never", P.any]))
        yield* sim.still
        const step = (): STM.STM<unknown, string, Transaction.Transaction> => {
          const kind = random.pick(kinds)
          return random.pick<STM.STM<unknown, string, Transaction.Transaction>>([
            Transaction.inp(space, item(kind)),
            Transaction.rdp(space, item(kind)),
            Transaction.out(space, [kind, 1000]),
            Transaction.out(space, ["never", 1]),
            TRef.update(ref, (count) => count + 1),
            STM.orElse(
              STM.zipRight(Transaction.inp(space, item(kind)), STM.fail("branch")),
              () => Transaction.out(space, [kind, 2000])
            )
          ])
        }
        const steps = STM.forEach(random.array(random.between(1, 8), step), (each) => each, { discard: true })
        const exit = yield* Effect.exit(space.transact(STM.zipRight(steps, STM.fail("failed"))))
        expect(exit).toEqual(Exit.fail("failed"))
        const rolledBack = STM.orElse(STM.zipRight(steps, STM.fail("failed")), () => STM.succeed("other"))
        expect(yield* space.transact(rolledBack)).toBe("other")
        yield* sim.still
        expect(watcher.unsafePoll()).toBe(null)
        expect(yield* space.copyCollect(anyItem)).toEqual(before)
        for (const kind of kinds) {
          expect(yield* space.collect(item(kind))).toEqual(before.filter(([each]) => each === kind))
        }
        expect(yield* STM.commit(TRef.get(ref))).toBe(0)
      })
  )

  property.needing("transactions", "turns")(
    "S10 S5 transactions that wait have their turn in order of arrival, among other takers",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const fibers: Array<Fiber.RuntimeFiber<unknown>> = []
        for (let i = random.between(2, 6); i > 0; i--) {
          const transacts = random.chance(0.6)
          fibers.push(
            yield* Effect.fork(transacts ? space.transact(Transaction.in(space, item("a"))) : space.in(item("a")))
          )
          yield* sim.still
        }
        const tuples = random.array(random.between(1, fibers.length), (index) => ["a", index] as const)
        if (random.chance(0.5)) {
          yield* space.outAll(tuples)
        } else {
          yield* Effect.forEach(tuples, (tuple) => Effect.zipRight(space.out(tuple), sim.pause), { discard: true })
        }
        yield* sim.still
        expect(fibers.map((fiber) => fiber.unsafePoll()?._tag)).toEqual(
          fibers.map((_, index) => index < tuples.length ? "Success" : undefined)
        )
      })
  )

  property.needing("transactions")(
    "S10 a transaction that only looks hides nothing and holds up nobody",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        const looks = yield* Effect.forEach(
          random.array(random.between(1, 3), () => random.pick(kinds)),
          (kind) => Effect.fork(space.transact(Transaction.rd(space, item(kind))))
        )
        yield* sim.pause
        yield* space.out(["a", 1])
        // Nobody has taken it, and nobody will: it is there for everyone.
        expect(yield* space.count(item("a"))).toBe(1)
        expect(yield* space.rd(item("a"))).toEqual(["a", 1])
        expect((yield* space.outIfAbsent(item("a"), ["a", 2]))._tag).toBe("Some")
        yield* sim.pause
        expect(yield* space.in(item("a"))).toEqual(["a", 1])
        yield* sim.still
        expect(yield* space.count(anyItem)).toBe(0)
        expect(looks.length).toBeGreaterThan(0)
      })
  )

  property.needing("transactions")(
    "S10 a transaction that waits runs only for tuples that match what it missed",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const space = yield* sim.space()
        let runs = 0
        const waiter = yield* Effect.fork(space.transact(STM.zipRight(
          STM.sync(() => runs++),
          STM.zip(Transaction.in(space, ["x", 1]), Transaction.in(space, ["y", P.number]))
        )))
        yield* sim.still
        const before = runs
        for (let i = random.between(1, 20); i > 0; i--) {
          yield* random.pick<Effect.Effect<unknown>>([
            space.out(["x", 2]),
            space.out(["y", i]),
            space.inp(["x", 2]),
            space.rdp(["y", P.any]),
            space.inspect
          ])
          yield* sim.pause
        }
        yield* sim.still
        expect(runs).toBe(before)
        yield* space.outAll([["x", 1], ["y", 100]])
        yield* sim.still
        expect(waiter.unsafePoll()?._tag).toBe("Success")
        // Again for the tuple, and perhaps once more for the other that it missed then.
        expect(runs - before).toBeLessThanOrEqual(2)
      })
  )

  property.needing("options", "transactions")(
    "S10 S14 a transaction that waits for room does not spin, and has its turn",
    (sim) =>
      Effect.gen(function*() {
        const { random } = sim
        const capacity = random.between(1, 3)
        const space = yield* sim.space({ capacity })
        yield* space.outAll(random.array(capacity, (index) => ["full", index] as const))
        let runs = 0
        const fibers = []
        for (let i = random.between(1, 5); i > 0; i--) {
          fibers.push(
            yield* Effect.fork(
              random.chance(0.5)
                ? space.out(["t", i])
                : space.transact(STM.zipRight(STM.sync(() => runs++), Transaction.out(space, ["t", i])))
            )
          )
          yield* sim.pause
        }
        yield* sim.still
        const before = runs
        yield* Effect.forEach(random.array(5, (index) => index), () => space.rdp(["full", P.any]), { discard: true })
        yield* sim.still
        expect(runs).toBe(before)
        for (let i = capacity + fibers.length; i > 0; i--) {
          yield* sim.pause
          const died = fibers.map((fiber) => fiber.unsafePoll()).filter((exit) => exit !== null && Exit.isFailure(exit))
          expect(died).toEqual([])
          yield* space.in([P.any, P.any])
          expect(yield* space.count([P.any, P.any])).toBeLessThanOrEqual(capacity)
        }
        yield* sim.still
        expect(fibers.map((fiber) => fiber.unsafePoll()?._tag)).toEqual(fibers.map(() => "Success"))
      })
  )
})
