/**
 * A thread that has spaces. Each is served in a session on the port that the thread was given, as a pool serves those
 * of its jobs.
 */
import type { TupleSpace as Space } from "@effect-linda/core"
import { Remote, TupleSpace } from "@effect-linda/core"
import { Effect, Exit, Scope } from "effect"
import type { MessagePort } from "node:worker_threads"
import { parentPort, workerData } from "node:worker_threads"
import { Sessions } from "../src/internal/wire.js"

export type Order =
  | readonly [order: "open", session: number, options: Space.Options]
  | readonly [
    order: "close",
    session: number
  ]

const sessions = new Sessions((workerData as { readonly port: MessagePort }).port, () => {})
const scopes = new Map<number, Scope.CloseableScope>()

parentPort!.on("message", ([order, session, options]: Order) => {
  const obey = order === "open"
    ? Effect.gen(function*() {
      const scope = yield* Scope.make()
      const inner = yield* Scope.make()
      scopes.set(session, scope)
      const space = yield* Scope.extend(TupleSpace.make(options), inner)
      yield* Effect.forkIn(Remote.serve(space, sessions.open(session)), scope)
      // the space closes first, and both ends of the link see it
      yield* Scope.addFinalizer(scope, Scope.close(inner, Exit.void))
    })
    : Effect.suspend(() => Scope.close(scopes.get(session)!, Exit.void))
  void Effect.runPromise(obey).then(() => parentPort!.postMessage(session))
})
