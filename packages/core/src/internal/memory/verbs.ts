/**
 * The verbs of a space in memory, and how one is made.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { PCGRandom } from "effect/Utils"
import type { Tuple } from "../../Tuple.js"
import type { Options, TupleSpace } from "../../TupleSpace.js"
import type { FailurePolicy } from "../arguments.js"
import { failuresOf, keepsFailures, millis, natural, one, onlyOptions, option, text } from "../arguments.js"
import * as Insight from "../insight.js"
import type { Kept } from "../process.js"
import type { Processes } from "../processes.js"
import { processesOf } from "../processes.js"
import { assemble } from "../space.js"
import type { Party } from "../stm/operations.js"
import { withParty } from "../stm/operations.js"
import { keepTime } from "../timekeeper.js"
import type { Verbs } from "../verbs.js"
import { dump } from "./dump.js"
import type { Memory } from "./engine.js"
import { makeMemory, withMemory } from "./engine.js"
import { extraOf } from "./entry.js"
import { keepExemplars } from "./exemplars.js"
import * as Hold from "./hold.js"
import { inspect, sampleOf } from "./inspect.js"
import { operation } from "./operation.js"
import { partyOf } from "./party.js"
import * as Put from "./put.js"
import * as Search from "./search.js"
import type { Store } from "./store.js"
import * as Subscription from "./subscription.js"
import * as Transaction from "./transaction.js"

export const make = <T extends Tuple = Tuple>(
  options: Options = {}
): Effect.Effect<TupleSpace<T>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const name = text("name", option(options, "name")) ?? "TupleSpace"
    const interval = millis("metrics", option(options, "metrics"))
    const policy = failuresOf(options) ?? keepsFailures
    const memory = yield* makeMemory(name, {
      capacity: natural("capacity", option(options, "capacity"), 1),
      strategy: one("strategy", option(options, "strategy"), ["suspend", "dropping", "sliding"]),
      selection: one("selection", option(options, "selection"), ["fifo", "lifo", "random"]),
      random: new PCGRandom(yield* Random.nextInt),
      clock: yield* Effect.clock
    })
    onlyOptions(options, ["name", "capacity", "strategy", "selection", "metrics", "failures"])
    const { store } = memory
    yield* keepExemplars
    yield* keepTime(store)
    if (interval < Infinity) {
      const served = yield* Insight.meter(name, interval, sampleOf(store))
      store.onServed = (interest) => served(store.now() - interest.since)
      store.onExamined = Insight.meterExamined(name)
    }
    const processes = yield* processesOf(name, store, policy, keepFailure(store))
    // Added last, and so run first: whoever waits is interrupted before anything else is taken down.
    yield* Effect.addFinalizer(() => Effect.sync(() => store.close()))
    const party = partyOf(memory)
    return withParty(withMemory(assemble<T, never>(verbsOf(memory, party, processes)), memory), party)
  })

const verbsOf = (memory: Memory, party: Party, { records, start }: Processes): Verbs<never> => {
  const { store } = memory
  return {
    name: memory.name,
    refuse: Effect.die,
    isClosed: () => store.closed,
    isElsewhere: false,
    out: Put.out(memory),
    outLeased: Put.outLeased(memory),
    outAll: Put.outAll(memory),
    outFitting: Put.outFitting(memory),
    outIfAbsent: Put.outIfAbsent(memory),
    replace: Put.replace(memory),
    exchange: Put.exchange(memory, party),
    wait: Search.wait(memory),
    now: Search.now(memory),
    takeUpTo: Search.takeUpTo(memory),
    copyCollect: Search.copyCollect(memory),
    count: Search.count(memory),
    take: Hold.take(memory),
    takeNow: Hold.takeNow(memory),
    move: Put.move(memory),
    watch: Subscription.watch(memory),
    dump: dump(memory),
    load: Put.load(memory),
    start,
    inspect: operation(memory, "inspect", { step: () => inspect(store, records) }),
    explain: Search.explain(memory),
    awaitQuiescent: Insight.awaitQuiescent(store, records),
    transact: Transaction.transact
  }
}

/** The failure of a process of a space that is closed: nobody wants to know. */
const nobody: Kept = { isSeen: true, withdraw: () => {} }

/** Puts a failure tuple, for so long and among so many as the policy says. */
const keepFailure = (store: Store) => (failure: Tuple, { keeps, limit, ttl }: FailurePolicy): Kept =>
  store.closed ? nobody : store.run(() => {
    const extra = ttl < Infinity ? extraOf(undefined) : undefined
    if (extra !== undefined) {
      store.expireAt(extra, store.now() + ttl)
    }
    const entry = store.entry(failure, extra, true)
    const isSeen = keeps && store.isAwaited(entry)
    if (keeps) {
      store.putFailure(entry, limit)
    }
    return {
      isSeen,
      withdraw: () => {
        if (entry.live && !store.closed) {
          store.run(() => {
            // It may have been over just now.
            if (entry.live) {
              store.takeOne(entry)
            }
          })
        }
      }
    }
  })
