/**
 * What the main thread and a worker thread say to each other. Jobs are requests of `@effect/platform`'s worker; beside
 * them there is one more port, on which the links of all jobs of the thread to their spaces run.
 *
 * @internal
 */
import type { Link } from "@effect-linda/core/Remote"
import * as Effect from "effect/Effect"
import type { MessagePort } from "node:worker_threads"
import { callback } from "./runtime.js"

/** Changes whenever the messages do. */
export const version = 1

/** The name under which a thread finds its data, beside that of others. */
export const dataKey = "@effect-linda/node"

/** The exit code of a thread to which something came that it could not read. */
export const unreadable = 74

export interface WorkerData {
  readonly version: number
  readonly entry: string
  readonly port: MessagePort
}

/** A job to run, in a session of its own. */
export interface Request {
  readonly session: number
  readonly module: string
  readonly name: string
  readonly input: unknown
}

/** How it ended, or why it did not run; after how many messages in its session. */
export interface Response {
  readonly sent: number
  readonly outcome: Outcome
}

export type Outcome =
  | readonly [tag: "exit", exit: unknown]
  | readonly [tag: "interrupted"]
  | readonly [
    tag: "refused",
    reason: "Spawn" | "UnknownJob" | "InvalidInput" | "InvalidOutput",
    message: string,
    stack: string
  ]

/**
 * On the port: a message of a session; or, alone, that its job is to be interrupted, which may be before the request
 * for it has come.
 */
type Frame = readonly [session: number, message?: unknown]

interface Session {
  sent: number
  received: number
  /** What came before anybody listened. */
  early: Array<unknown>
  onMessage: ((message: unknown) => void) | undefined
  onEnd: (() => void) | undefined
  /** Resolves when so many messages have come. */
  awaited: { readonly count: number; readonly resolve: () => void } | undefined
}

/** The sessions that share a port. */
export class Sessions {
  private readonly sessions = new Map<number, Session>()

  /** `onBroken` is told when something has come that cannot be read: what that was, nobody knows. */
  constructor(
    private readonly port: MessagePort,
    onInterrupt: (session: number) => void,
    onBroken: (cause: Error) => void = () => {}
  ) {
    port.on("messageerror", onBroken)
    port.on("message", (frame: Frame) => {
      const [id, message] = frame
      if (frame.length === 1) {
        return onInterrupt(id)
      }
      const session = this.sessions.get(id)
      if (session === undefined) {
        return // it is over
      }
      session.received++
      if (session.onMessage === undefined) {
        session.early.push(message)
      } else {
        session.onMessage(message)
      }
      if (session.awaited !== undefined && session.received >= session.awaited.count) {
        session.awaited.resolve()
      }
    })
  }

  /** Opens a session: the link of its job to the space. */
  open(id: number): Link {
    const session: Session = {
      sent: 0,
      received: 0,
      early: [],
      onMessage: undefined,
      onEnd: undefined,
      awaited: undefined
    }
    this.sessions.set(id, session)
    return {
      send: (message) => {
        session.sent++
        this.port.postMessage([id, message])
      },
      listen: (onMessage, onEnd) => {
        if (!this.sessions.has(id)) {
          onEnd()
          return () => {}
        }
        session.onMessage = onMessage
        session.onEnd = onEnd
        session.early.forEach(onMessage)
        session.early = []
        return () => {
          session.onEnd = undefined
        }
      }
    }
  }

  /** How many messages were sent in a session. */
  sent(id: number): number {
    return this.sessions.get(id)?.sent ?? 0
  }

  /** Waits until so many messages have come in a session, or it has ended. */
  received(id: number, count: number): Effect.Effect<void> {
    return callback((resume) => {
      const session = this.sessions.get(id)
      if (session === undefined || session.received >= count) {
        return resume(Effect.void)
      }
      session.awaited = { count, resolve: () => resume(Effect.void) }
    })
  }

  /** Says that the job of a session is to be interrupted. */
  interrupt(id: number): void {
    this.port.postMessage([id])
  }

  /** Nothing more will come in this session. */
  end(id: number): void {
    const session = this.sessions.get(id)
    this.sessions.delete(id)
    session?.awaited?.resolve()
    session?.onEnd?.()
  }

  endAll(): void {
    for (const id of [...this.sessions.keys()]) {
      this.end(id)
    }
  }
}
