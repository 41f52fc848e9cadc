/**
 * Processes of a client: fibers here, for which others stand at the other end.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { failuresFor } from "../arguments.js"
import * as Process from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { exitOf, following, interruptLater, locally, onEnd } from "../runtime.js"
import type { Values } from "../values.js"
import type { Starting } from "../verbs.js"
import type { Connection } from "./connection.js"
import * as Protocol from "./protocol.js"

/** Whether a fiber works for a process of a client. `origin` is the client's alone. */
export const worksFor = (origin: number, id: number, fiber: AnyFiber): boolean =>
  Process.afar.get(`${origin}:${id}`)?.(fiber) === true

/** The space keeps a process that stands for this one; it ends when this one has. */
export const startOf =
  (connection: Connection, values: Values, processes: Process.Group, origin: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>, { failures, name }: Starting) => {
    const { running } = connection
    const asked = connection.request("eval", [name, failuresFor(failures), origin], { onDone: running.expect })
    return Effect.uninterruptible(Effect.flatMap(asked, ([id, number, name, isToEnd]) => {
      let joiners = 0
      const body = Effect.onExit(Effect.interruptible(effect), (exit) => {
        running.ended(id)
        const say = (cause: ReadonlyArray<unknown> | undefined) => connection.request("ended", [id, cause, joiners > 0])
        return Effect.ignore(
          Exit.isSuccess(exit)
            ? say(undefined)
            // The space has to learn that it has ended, also where the link refuses what is in its error.
            : Effect.orElse(say(values.encodeCause(exit.cause)), () => say(values.encodeCausePlainly(exit.cause)))
        )
      })
      const [started, follow] = following()
      const process = follow(locally(body, connection.current, id))
      return Effect.map(processes.fork(process, started), (fiber) => {
        const known = `${origin}:${id}`
        Process.afar.set(known, (other) => Object.is(other, fiber) || started.has(other))
        onEnd(fiber, () => Process.afar.delete(known))
        if (running.started(id, fiber) || isToEnd || connection.over !== undefined) {
          interruptLater(fiber)
        }
        const join = Process.joining(fiber, () => {
          joiners++
          const exit = exitOf(fiber)
          if (exit !== null && Exit.isFailure(exit) && connection.over === undefined) {
            connection.send([Protocol.Joined, id])
          }
        }, () => {
          joiners--
        })
        return { id: number, name, fiber, ...Process.handles(name, fiber, join) }
      })
    }))
  }
