/**
 * The operations of a transaction of STM on a store: each is a step of the run that is under way.
 *
 * @internal
 */
import * as STM from "effect/STM"
import * as TRef from "effect/TRef"
import type { Transaction } from "../../Transaction.js"
import { unsupported } from "../arguments.js"
import { absentIn, presentIn } from "../pattern/query.js"
import type { Asked } from "../queries.js"
import type { Party } from "../stm/operations.js"
import { currentParking } from "../stm/parking.js"
import * as Running from "../stm/run.js"
import { encodeTuple } from "../texts.js"
import type { Ground } from "./ground.js"
import type { Done } from "./known.js"
import { firstOwn, miss, nothingDone } from "./known.js"
import type { Run } from "./run.js"

export const partyOf = (ground: Ground): Party => {
  const { reader, session } = ground

  /** Not by its class: copies of the library have one each. */
  const isOwn = (run: Running.Run): run is Run => run.on === session

  /** The run that a step on this space is part of. */
  const running = (name: string): Run => {
    const run = Running.running(name)
    if (!isOwn(run)) {
      throw unsupported(
        `Transaction.${name} on the space "${session.store.name}", which is made of a store: a transaction of such a ` +
          "space is by its own transact, and of that space alone"
      )
    }
    run.isUsed = true
    return run
  }

  /** Applies a step within the transaction that is under way. One that misses is waited for if it is `awaited`. */
  const step = <A>(
    name: keyof Party,
    f: (run: Run, done: Done) => readonly [A | typeof miss, Done],
    awaited?: Asked
  ): STM.STM<A, never, Transaction> =>
    STM.flatMap(
      STM.suspend(() => {
        const run = running(name)
        return TRef.modify(run.done, (done) => {
          const stepped = f(run, done)
          if (stepped[0] === miss && awaited !== undefined && !run.isAsking) {
            presentIn(awaited).forEach((pattern) => run.missed.add(pattern))
            absentIn(awaited).forEach((pattern) => run.absent.add(pattern))
          }
          return stepped
        })
      }),
      (result) => result === miss ? STM.retry : STM.succeed(result as A)
    )

  /** A step that only looks, which a condition may do as well, also when it is read to be parked. */
  const look = <A>(
    name: keyof Party,
    query: Asked,
    f: (run: Run, done: Done) => A | typeof miss,
    isAwaited: boolean
  ): STM.STM<A, never, Transaction> =>
    STM.suspend(() => {
      const run = currentParking()?.run
      if (run === undefined) {
        return step(name, (run, done) => [f(run, done), done], isAwaited ? query : undefined)
      }
      if (!isOwn(run)) {
        return STM.retry
      }
      run.isUsed = true
      query.patterns.forEach((pattern) => run.watched.add(pattern))
      absentIn(query).forEach((pattern) => run.unwanted.add(pattern))
      const seen = f(run, nothingDone)
      return seen === miss ? STM.retry : STM.succeed(seen)
    })

  return {
    in: (query) => step("in", (run, done) => run.take(done, query), query),
    rd: (query) => look("rd", query, (run, done) => run.read(done, query), true),
    inp: (query) =>
      step("inp", (run, done) => {
        const [found, next] = run.take(done, query)
        return [run.orNone(found), next]
      }),
    rdp: (query) => look("rdp", query, (run, done) => run.orNone(run.read(done, query)), false),
    count: (pattern) => look("count", pattern, (run, done) => run.count(done, pattern), false),
    out: (tuple) =>
      step("out", (_, done) => {
        const row = ground.prepared(tuple)
        const id = firstOwn + done.acts.length
        // As whoever takes it will have it.
        const encoded = encodeTuple(reader.values, tuple)
        const stored = { ...encoded, id, expires: null, lease: null, meta: null, attempts: 0 }
        return [undefined, {
          acts: [...done.acts, { put: { id, isOwn: true, row: stored, reading: reader.read(stored) }, row }],
          taken: done.taken
        }]
      })
  }
}
