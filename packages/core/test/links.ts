import { Remote, TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { Context, Effect, Layer, Scope } from "effect"
import type { MessagePort } from "node:worker_threads"
import { MessageChannel } from "node:worker_threads"

export const linkOf = (port: MessagePort): Remote.Link => ({
  send: (message) => port.postMessage(message),
  listen: (onMessage, onEnd) => {
    port.on("message", onMessage)
    port.on("close", onEnd)
    return () => port.close()
  }
})

/** A link within this thread, as fast as it can be; `seen` is told of all that the client says. */
export const pair = (
  seen: (message: unknown) => void = () => {}
): readonly [server: Remote.Link, client: Remote.Link] => {
  const listeners: Array<((message: unknown) => void) | undefined> = [undefined, undefined]
  const early: Array<Array<unknown>> = [[], []]
  const end = (mine: number, theirs: number): Remote.Link => ({
    send: (message) => {
      if (mine === 1) {
        seen(message)
      }
      const clone = structuredClone(message)
      queueMicrotask(() => {
        const listener = listeners[theirs]
        if (listener === undefined) {
          early[theirs]!.push(clone)
        } else {
          listener(clone)
        }
      })
    },
    listen: (onMessage) => {
      listeners[mine] = onMessage
      early[mine]!.forEach(onMessage)
      return () => {
        listeners[mine] = () => {}
      }
    }
  })
  return [end(0, 1), end(1, 0)]
}

/** A link through a port. */
export const throughAPort = (): readonly [server: Remote.Link, client: Remote.Link] => {
  const { port1, port2 } = new MessageChannel()
  return [linkOf(port1), linkOf(port2)]
}

/** The other end of a space, by a link within this thread. */
export const atTheOtherEnd = (layer: Conformance.EngineLayer, ends: typeof throughAPort = pair) =>
  Layer.scoped(
    TupleSpace.TupleSpace,
    Effect.gen(function*() {
      const [server, link] = ends()
      const client = yield* Remote.connect(link)
      const scope = yield* Scope.make()
      const space = Context.get(yield* Layer.buildWithScope(layer, scope), TupleSpace.TupleSpace)
      yield* Effect.forkScoped(Remote.serve(space, server))
      // the space closes first, and both ends of the link see it
      yield* Effect.addFinalizer((exit) => Scope.close(scope, exit))
      return client
    })
  )

/** What is skipped over a link whose space is closed by the other end. */
export const farSkip = {
  ...Conformance.onLink.skip,
  "S12 S13 K4": "a space here is closed by the other end, which waits for the process that would wait for it",
  "S13 K4 after": "a space here is closed by the other end, which waits for the process that would wait for it"
}
