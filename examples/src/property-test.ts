/**
 * A property test of a protocol of your own: money moves between accounts, tellers are interrupted at any moment, and
 * no cent is ever lost or made. The tellers run as fibers, and fast-check chooses who works, on what, and who is
 * interrupted.
 */
import { Pattern as P, Transaction, TupleSpace } from "@effect-linda/core"
import { Console, Effect, FastCheck as fc, Runtime, STM } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Account = readonly ["account", owner: string, balance: number]

const owners = ["ann", "bob", "cyd"] as const
const owner = fc.constantFrom(...owners)

interface Transfer {
  readonly from: string
  readonly to: string
  readonly amount: number
  /** How many times everybody else may run before the teller is interrupted, if at all. */
  readonly interruptAfter: number | undefined
}

const transfer: fc.Arbitrary<Transfer> = fc.record({
  from: owner,
  to: owner,
  amount: fc.integer({ min: 1, max: 150 }),
  interruptAfter: fc.option(fc.nat(3), { nil: undefined })
})

const move = (bank: TupleSpace.TupleSpace<Account>, { amount, from, to }: Transfer) =>
  bank.transact(STM.gen(function*() {
    const [, , balance] = yield* Transaction.in(bank, ["account", from, P.between(amount, Infinity)])
    yield* Transaction.out(bank, ["account", from, balance - amount])
    const [, , other] = yield* Transaction.in(bank, ["account", to, P.number])
    yield* Transaction.out(bank, ["account", to, other + amount])
  }))

/** What is in the bank after all that. Transfers that wait for money that never comes end with the space. */
const balances = (transfers: ReadonlyArray<Transfer>) =>
  Effect.gen(function*() {
    const bank = yield* TupleSpace.make<Account>()
    yield* bank.outAll(owners.map((name) => ["account", name, 100] as const))
    yield* Effect.forEach(transfers, (each) =>
      Effect.gen(function*() {
        const teller = yield* bank.eval(move(bank, each))
        if (each.interruptAfter !== undefined) {
          yield* Effect.repeatN(Effect.yieldNow(), each.interruptAfter)
          yield* teller.interrupt
        }
      }), { concurrency: "unbounded" })
    yield* bank.awaitQuiescent
    return yield* bank.copyCollect(["account", P.string, P.number])
  }).pipe(Effect.scoped)

export const program = Effect.gen(function*() {
  const runtime = yield* Effect.runtime()
  let runs = 0
  const property = fc.asyncProperty(fc.array(transfer, { maxLength: 12 }), async (transfers) => {
    const accounts = await Runtime.runPromise(runtime)(balances(transfers))
    runs++
    return accounts.length === owners.length &&
      accounts.every(([, , balance]) => balance >= 0) &&
      accounts.reduce((sum, [, , balance]) => sum + balance, 0) === 300
  })
  yield* Effect.promise(() => fc.assert(property, { numRuns: 50 }))
  yield* Console.log(`${runs} random days at the bank, and 300 in the accounts after each of them`)
  yield* expectEqual(runs, 50)
})

runIfMain(import.meta.url, program)
