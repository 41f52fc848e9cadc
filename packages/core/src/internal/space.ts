/**
 * A space in memory, put together from its operations.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import { PCGRandom } from "effect/Utils"
import { SpaceError } from "../SpaceError.js"
import type { Tuple } from "../Tuple.js"
import type { EvalOptions, Options, TupleSpace } from "../TupleSpace.js"
import type { FailurePolicy } from "./arguments.js"
import {
  failuresOf,
  limitOf,
  millis,
  natural,
  one,
  onlyOptions,
  option,
  own,
  processNameOf,
  reading,
  runnable,
  text
} from "./arguments.js"
import { destination } from "./destination.js"
import * as Insight from "./insight.js"
import type { Memory } from "./memory/engine.js"
import { makeMemory, markFailure, memoryOf, withMemory } from "./memory/engine.js"
import { extraOf } from "./memory/entry.js"
import { keepExemplars } from "./memory/exemplars.js"
import * as Hold from "./memory/hold.js"
import { operation } from "./memory/operation.js"
import * as Put from "./memory/put.js"
import * as Search from "./memory/search.js"
import type { Store } from "./memory/store.js"
import { MISS } from "./memory/store.js"
import * as Subscription from "./memory/subscription.js"
import * as Transaction from "./memory/transaction.js"
import type { Pattern } from "./pattern/pattern.js"
import { compile } from "./pattern/pattern.js"
import * as Process from "./process.js"
import { keepTime } from "./timekeeper.js"

const TypeId = Symbol.for("@effect-linda/core/TupleSpace")

const variance = { _T: (_: any) => _, _E: (_: never) => _ }

export const make = <T extends Tuple = Tuple>(
  options: Options = {}
): Effect.Effect<TupleSpace<T>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const name = text("name", option(options, "name")) ?? "TupleSpace"
    const interval = millis("metrics", option(options, "metrics"))
    const policy = failuresOf(options)
    const memory = yield* makeMemory(name, {
      capacity: natural("capacity", option(options, "capacity"), 1),
      strategy: one("strategy", option(options, "strategy"), ["suspend", "dropping", "sliding"]),
      selection: one("selection", option(options, "selection"), ["fifo", "lifo", "random"]),
      random: new PCGRandom(yield* Random.nextInt),
      clock: yield* Effect.clock
    })
    onlyOptions(options, "name", "capacity", "strategy", "selection", "metrics", "failures")
    const { store } = memory
    yield* keepExemplars
    yield* keepTime(store)
    if (interval < Infinity) {
      const served = yield* Insight.meter(name, interval, Insight.sampleOf(store))
      store.onServed = (interest) => served(store.now() - interest.since)
      store.onLooked = Insight.meterLooks(name)
    }
    const processes = yield* processesOf(memory, policy)
    // Added last, and so run first: whoever waits is interrupted before anything else is taken down.
    yield* Effect.addFinalizer(() => Effect.sync(() => store.close()))
    const collect = Search.many(memory, "collect", true)
    const upTo = Search.many(memory, "inUpTo", true)
    return withMemory({
      [TypeId]: variance,
      name,
      out: Put.out(memory),
      outAll: Put.outAll(memory),
      ...destination(Put.outFitting(memory)),
      in: Search.wait(memory, "in"),
      rd: Search.wait(memory, "rd"),
      inp: Search.now(memory, "inp"),
      rdp: Search.now(memory, "rdp"),
      inWith: Hold.inWith(memory),
      inScoped: Hold.inScoped(memory),
      withPermit: Hold.withPermit(memory),
      inAny: Search.waitAny(memory, "inAny"),
      rdAny: Search.waitAny(memory, "rdAny"),
      inAll: Search.waitAll(memory),
      collect: (pattern: unknown) => collect(pattern),
      copyCollect: Search.many(memory, "copyCollect", false),
      collectInto: Put.move(memory, "collectInto"),
      copyCollectInto: Put.move(memory, "copyCollectInto"),
      inUpTo: (pattern: unknown, n: number) => reading(() => upTo(pattern, limitOf(n))),
      count: Search.count(memory),
      outIfAbsent: Put.outIfAbsent(memory),
      replace: Put.replace(memory),
      subscribe: Subscription.subscribe(memory),
      stream: Subscription.stream(memory),
      eval: processes.start,
      evalTuple: processes.startTuple,
      inspect: operation(memory, "inspect", { step: () => Insight.inspect(store, processes.records) }),
      explain: Search.explain(memory),
      awaitQuiescent: Insight.awaitQuiescent(store, processes.records),
      transact: Transaction.transact
    }, memory) as unknown as TupleSpace<T>
  })

/** The failure of a process of a space that is closed: nobody wants to know. */
const nobody: Process.Kept = { isSeen: true, withdraw: () => {} }

/** Puts a failure tuple, for so long and among so many as the policy says. */
const keepFailure = (store: Store, failure: Tuple, { keeps, limit, ttl }: FailurePolicy): Process.Kept =>
  store.run(() => {
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

/** The processes of a space (S13). */
const processesOf = (memory: Memory, ofSpace: FailurePolicy) =>
  Effect.map(Process.group, (group) => {
    const { store } = memory
    const records = new Map<number, Process.ProcessRecord>()
    let ids = 0
    const start = <A, E, R>(effect: Effect.Effect<A, E, R>, options?: EvalOptions) =>
      reading(() => {
        runnable("effect", effect)
        return startAs(effect, processNameOf(options), failuresOf(options, ofSpace))
      })
    const startAs = <A, E, R>(effect: Effect.Effect<A, E, R>, name: string | undefined, policy: FailurePolicy) =>
      Effect.suspend(() => {
        if (store.closed) {
          return Effect.interrupt
        }
        const id = ids++
        return Process.start({
          effect,
          id,
          name: name ?? `process-${id}`,
          since: store.now(),
          group,
          records,
          onMoved: (fiber) => store.moved(fiber),
          space: memory.name,
          onFailure: (failure) =>
            store.closed ? nobody : keepFailure(store, markFailure(Object.freeze(failure)), policy)
        })
      })
    const startTuple = (fields: Tuple, options?: EvalOptions) =>
      reading(() => {
        const evaluated = Effect.all(own(fields).map((field) => Process.evaluate(field)), { concurrency: "unbounded" })
        return start(Effect.tap(evaluated, (tuple) => Put.out(memory)(tuple as unknown as Tuple)), options)
      })
    return { records, start, startTuple }
  })

// ---------------------------------------------------------------------------------------------------------------------
// The operations of transactions
// ---------------------------------------------------------------------------------------------------------------------

const transactional = <A>(
  space: object,
  f: (memory: Memory) => STM.STM<A, never, any>
): STM.STM<A, never, any> => {
  try {
    const memory = memoryOf(space)
    return memory !== undefined ? f(memory) : STM.die(
      new SpaceError({ reason: "Unsupported", message: "only a space in memory takes part in an STM transaction" })
    )
  } catch (error) {
    return STM.die(error)
  }
}

const taking =
  (name: string, step: (store: Store, pattern: Pattern) => unknown | MISS) => (space: object, pattern: unknown): any =>
    transactional(space, (memory) => {
      const compiled = compile(pattern)
      return Transaction.step(memory, compiled, (store) => step(store, compiled), name)
    })

const looking =
  (name: string, step: (store: Store, pattern: Pattern) => unknown | MISS) => (space: object, pattern: unknown): any =>
    transactional(space, (memory) => {
      const compiled = compile(pattern)
      return Transaction.look(memory, compiled, (store) => step(store, compiled), name)
    })

const orMiss = <A>(option: Option.Option<A>): A | MISS => option._tag === "Some" ? option.value : MISS

export const transactionIn = taking("in", (store, pattern) => orMiss(Search.takeNow(store, pattern)))

export const transactionRd = looking("rd", (store, pattern) => orMiss(Search.readNow(store, pattern)))

export const transactionInp = taking("inp", (store, pattern) => Search.takeNow(store, pattern))

export const transactionRdp = looking("rdp", Search.readNow)

export const transactionCount = looking("count", (store, pattern) => store.shelves.findAll(pattern).length)

export const transactionCheck = Transaction.check

export const transactionTake = Transaction.take

export const transactionOut = (space: object, tuple: Tuple): STM.STM<void, never, any> =>
  transactional(space, (memory) => {
    const owned = own(tuple)
    return Transaction.step(memory, "room", (store, place) => store.put([store.entry(owned, undefined)], place))
  })
