/**
 * The end of a link at which the space is.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { Link } from "../../Remote.js"
import type { SpaceError } from "../../SpaceError.js"
import type { TupleSpace } from "../../TupleSpace.js"
import { unsupported } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import { messageOf, show } from "../print.js"
import * as Process from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { callback, exitOf, interruptLater, locally, onEnd, starter } from "../runtime.js"
import type { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import { verbsOf } from "../verbs.js"
import type { Asking } from "./asking.js"
import { Replacement, THREW, Unaskable } from "./asking.js"
import { wrongIn } from "./frames.js"
import { Holds } from "./held.js"
import type { Limits } from "./limits.js"
import { past } from "./limits.js"
import { Opened } from "./opened.js"
import { operationsOf } from "./operations.js"
import * as Protocol from "./protocol.js"
import { Stubs } from "./stubs.js"

/** Why a space cannot be served, if it cannot. */
export const refusalOf = (space: TupleSpace<any, any>): SpaceError | undefined => {
  const verbs = verbsOf(space)
  return verbs === undefined
    ? unsupported(`${show(space.name)} was made by nothing of this library, and only its own spaces can be served`)
    : verbs.isElsewhere
    ? unsupported(`${show(space.name)} is itself at the other end of a link: have that end serve it`)
    : undefined
}

/** Serves until the link ends, or the fiber is interrupted. */
export const serve = (
  space: TupleSpace<any, any>,
  link: Link,
  values: Values,
  limits: Limits
): Effect.Effect<void, any> => {
  const refusal = refusalOf(space)
  return refusal === undefined
    ? Effect.flatMap(starter, (fork) => new Server(space, verbsOf(space)!, link, values, limits, fork).serve)
    : Effect.zipRight(
      // Whoever is at the other end would wait for ever.
      Effect.ignore(Effect.try(() => link.send([[Protocol.Closed, refusal.message, refusal.reason]]))),
      Effect.fail(refusal)
    )
}

/** Whether a request only ends, or goes on with, what the client has: of that there is a limit already. */
const isUnlimited = (name: Protocol.Name): boolean =>
  name === "end" || name === "ended" || name === "close" || name === "pull"

/** How a request of a client ends. */
type Ended = Exit.Exit<ReadonlyArray<unknown>, unknown>

/** One client: its requests that run, and what is asked of it. */
class Server {
  private readonly running = new Map<number, AnyFiber>()
  private readonly askings = new Map<number, Asking>()
  /** Operations that have got answers, and are to look again. */
  private readonly answered = new Set<number>()
  private readonly outbox: Protocol.Outbox<Protocol.FromServer>
  private readonly holds: Holds
  private readonly opened = new Opened()
  private readonly stubs: Stubs
  private readonly operations: ReturnType<typeof operationsOf>
  /** How many of those that run are limited. */
  private waiting = 0
  /** The number of the last request; before the client has said its version, there is none. */
  private last: number | undefined = undefined
  /** Whether the link has ended. */
  private isClosed = false
  /** Ends the link. */
  private unlisten = (): void => {}
  private onClose = (): void => {}

  constructor(
    space: TupleSpace<any, any>,
    private readonly verbs: Verbs<any>,
    private readonly link: Link,
    private readonly values: Values,
    private readonly limits: Limits,
    private readonly fork: Effect.Effect.Success<typeof starter>
  ) {
    const outbox = this.outbox = new Protocol.Outbox(
      link,
      (cause) => this.close(`the link to the client carries nothing any more: ${messageOf(cause)}`)
    )
    const { askings, opened } = this
    const holds = this.holds = new Holds(values, limits.holds)
    const stubs = this.stubs = new Stubs(space, (id) => outbox.send([Protocol.Stop, id]))
    const ask = (id: number, question: number, number: number, wire: unknown): void =>
      outbox.send([Protocol.Ask, id, question, number, wire], (cause) =>
        // What no predicate can be asked about matches none.
        askings.get(id)?.told(question, number === Replacement && new Unaskable(Protocol.uncarried(cause))))
    this.operations = operationsOf({ space, verbs, values, askings, ask, holds, opened, stubs, limits })
  }

  readonly serve: Effect.Effect<void> = Effect.suspend(() => Effect.ensuring(this.listen, this.end))

  private readonly listen: Effect.Effect<void> = callback<void>((resume) => {
    this.onClose = () => resume(Effect.void)
    this.unlisten = this.link.listen(
      (message) => this.receiveAll(message),
      () => {
        this.isClosed = true
        this.outbox.close()
        resume(Effect.void)
      }
    )
    if (this.isClosed) {
      // By what had arrived before anybody listened.
      this.unlisten()
    }
    // The space may have been closed, or just this end.
    return Effect.sync(() => this.close(this.verbs.isClosed() ? undefined : "the space is served no more"))
  })

  /** Says why, and ends the link; nothing can be sent or is heard any more. */
  private close(why: string | undefined, reason?: SpaceError["reason"]): void {
    if (!this.isClosed) {
      this.isClosed = true
      this.outbox.send(reason === undefined ? [Protocol.Closed, why] : [Protocol.Closed, why, reason])
      this.outbox.flush()
      this.outbox.close()
      this.unlisten()
      this.onClose()
    }
  }

  /** Nothing is left of the client: its waits end, what it held is back. */
  private readonly end: Effect.Effect<void> = Effect.suspend(() =>
    Effect.zipRight(
      Fiber.interruptAll(this.running.values()),
      Effect.suspend(() => {
        this.holds.giveAllBack()
        this.stubs.endAll()
        return this.opened.closeAll
      })
    )
  )

  /** Answers that come together are looked at together, before anything else. */
  private receiveAll(message: unknown): void {
    for (const frame of Array.isArray(message) ? message : [message]) {
      if (this.isClosed) {
        return
      }
      const wrong = wrongIn(frame) ?? this.misplaced(frame)
      if (wrong !== undefined) {
        return this.close(`the other end does not keep to the protocol: ${wrong}`, "Refused")
      }
      if (frame[0] !== Protocol.Told) {
        this.lookAgain()
      }
      this.receive(frame)
    }
    this.lookAgain()
  }

  private lookAgain(): void {
    for (const id of this.answered) {
      this.answered.delete(id)
      this.askings.get(id)?.lookAgain()
    }
  }

  /** What is wrong with a frame where it comes: the client says its version first, and each number once. */
  private misplaced(frame: Protocol.FromClient): string | undefined {
    const { last } = this
    if (frame[0] === Protocol.Hello) {
      this.last = -1
      return last === undefined ? undefined : "it has said its version before"
    }
    if (last === undefined) {
      return "it has not said its version"
    }
    if (frame[0] === Protocol.Request) {
      this.last = frame[1]
      return frame[1] > last ? undefined : `the request ${frame[1]} comes after the request ${last}`
    }
    return undefined
  }

  private receive(frame: Protocol.FromClient): void {
    switch (frame[0]) {
      case Protocol.Hello: {
        const [, version] = frame
        if (version !== Protocol.version) {
          // What it says means something else here.
          this.close(`the other end speaks version ${Protocol.version} of the protocol, not ${show(version)}`)
        }
        return
      }
      case Protocol.Request: {
        const [, id, process, name, ...args] = frame
        return this.begin(id, process, name, args)
      }
      case Protocol.Interrupt: {
        const fiber = this.running.get(frame[1])
        if (fiber !== undefined) {
          interruptLater(fiber)
        }
        return
      }
      case Protocol.Kept:
        return this.holds.settle(frame[1], "keep")
      case Protocol.Unwanted:
        return this.holds.settle(frame[1], "giveBack")
      case Protocol.Joined:
        return this.stubs.joined(frame[1])
      case Protocol.Told: {
        const [, id, question, answer, isUnread] = frame
        if (this.askings.get(id)?.told(question, answer, isUnread) === true) {
          this.answered.add(id)
        }
      }
    }
  }

  /** `of` is the process of the client's that wants it, if one does. */
  private begin(id: number, of: number | undefined, name: Protocol.Name, args: ReadonlyArray<unknown>): void {
    // A client of the same version is believed what it says by this name.
    const run:
      | ((id: number, ...args: ReadonlyArray<any>) => Effect.Effect<ReadonlyArray<unknown>, unknown>)
      | undefined = Object.hasOwn(this.operations, name) ? this.operations[name] : undefined
    const refusal = this.refusalOf(name, args)
    const effect = run === undefined
      ? Effect.fail(unsupported(`no operation is called ${name}`))
      : refusal !== undefined
      ? Effect.fail(refusal)
      : Effect.suspend(() => run(id, ...args))
    const refusing = Effect.catchAllDefect(effect, (defect) =>
      // What the types could not refuse.
      isSpaceError(defect) ? Effect.fail(defect) : Effect.die(defect))
    const process = this.stubs.processOf(of)
    const fiber = this.fork(process === undefined ? refusing : locally(refusing, Process.current, process))
    const exit = exitOf(fiber)
    if (exit !== null) {
      this.reply(id, exit)
    } else {
      const weight = isUnlimited(name) ? 0 : 1
      this.waiting += weight
      this.running.set(id, fiber)
      onEnd(fiber, (exit) => {
        this.waiting -= weight
        this.running.delete(id)
        this.reply(id, exit)
      })
    }
  }

  /** Why a request is refused that asks for more than its client may have, if it does. */
  private refusalOf(name: Protocol.Name, args: ReadonlyArray<any>): SpaceError | undefined {
    const { holds, limits, opened, stubs } = this
    if (!isUnlimited(name) && this.waiting + holds.leaving >= limits.waiters) {
      return past("waiters", limits.waiters)
    }
    switch (name) {
      case "outAll":
      case "outFitting":
      case "load":
        return args[0].length > limits.tuples ? past("tuples", limits.tuples) : undefined
      case "exchange":
        return args[1].length > limits.tuples || args[2]?.[0] > limits.tuples
          ? past("tuples", limits.tuples)
          : undefined
      case "read":
        return args[2].length > limits.tuples ? past("tuples", limits.tuples) : undefined
      case "take":
        return args[2].length > limits.tuples ? past("tuples", limits.tuples) : args[5] ? undefined : holds.refusal
      case "takeNow":
        return args[4] ? undefined : holds.refusal
      case "open":
      case "dump":
        return opened.size >= limits.subscriptions ? past("subscriptions", limits.subscriptions) : undefined
      case "eval":
        return stubs.size >= limits.processes ? past("processes", limits.processes) : undefined
      default:
        return undefined
    }
  }

  private reply(id: number, exit: Ended): void {
    this.askings.delete(id)
    if (Exit.isSuccess(exit)) {
      this.outbox.send(
        [Protocol.Done, id, ...exit.value],
        (cause) => this.reply(id, Exit.fail(Protocol.uncarried(cause)))
      )
      return
    }
    this.holds.settle(id, "giveBack")
    const { cause } = exit
    if (Chunk.contains(Cause.defects(cause), THREW)) {
      this.outbox.send([Protocol.Died, id])
    } else {
      this.outbox.send(
        [Protocol.Failed, id, this.values.encodeCause(cause)],
        () => this.outbox.send([Protocol.Failed, id, this.values.encodeCausePlainly(cause)])
      )
    }
  }
}
