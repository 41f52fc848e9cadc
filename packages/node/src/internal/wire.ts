/**
 * What the main thread and a worker thread say to each other. Jobs are requests of `@effect/platform`'s worker; beside them
 * there is one more port, on which the links of all jobs of the thread to their spaces run.
 *
 * @internal
 */
import type { Link } from "@effect-linda/core/Remote"
import type { MessagePort } from "node:worker_threads"

/** Changes whenever the messages do. */
export const version = 1

/** The name under which a thread finds its data, beside that of others. */
export const dataKey = "@effect-linda/node"

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

/** How it ended; or why it did not run. */
export type Response =
  | readonly [tag: "exit", exit: unknown]
  | readonly [tag: "interrupted"]
  | readonly [
    tag: "refused",
    reason: "Spawn" | "UnknownJob" | "InvalidInput" | "InvalidOutput",
    message: string,
    stack: string
  ]

/**
 * On the port: a message of a session; or, alone, that the session is over: the job and its finalizers have ended; or that the
 * job is to be interrupted, which may be before the request for it has come.
 */
export type Frame =
  | readonly [session: number, message: unknown]
  | readonly [session: number]
  | readonly [session: number, nothing: null, cancelled: true]

/** The sessions that share a port. */
export class Sessions {
  private readonly sessions = new Map<number, { onMessage: (message: unknown) => void; onEnd: () => void }>()
  /** What came before anybody listened. */
  private readonly early = new Map<number, Array<unknown>>()
  /** Sessions are numbered in order: what comes for an older one that is not open is too late. */
  private newest = -1

  constructor(
    private readonly port: MessagePort,
    private readonly on: {
      readonly over?: (session: number) => void
      readonly cancelled?: (session: number) => void
    }
  ) {
    port.on("message", (frame: Frame) => {
      const [id, message] = frame
      if (frame.length === 1) {
        this.end(id)
        this.on.over?.(id)
        return
      }
      if (frame.length === 3) {
        return this.on.cancelled?.(id)
      }
      const session = this.sessions.get(id)
      if (session !== undefined) {
        session.onMessage(message)
      } else if (id > this.newest || this.early.has(id)) {
        this.early.set(id, [...this.early.get(id) ?? [], message])
      }
    })
  }

  /** The link of a session. */
  link(id: number): Link {
    this.newest = Math.max(this.newest, id)
    this.early.set(id, this.early.get(id) ?? [])
    return {
      send: (message) => this.port.postMessage([id, message]),
      listen: (onMessage, onEnd) => {
        this.sessions.set(id, { onMessage, onEnd })
        this.early.get(id)?.forEach(onMessage)
        this.early.delete(id)
        return () => this.sessions.delete(id)
      }
    }
  }

  /** Says that the session is over. */
  over(id: number): void {
    this.port.postMessage([id])
    this.end(id)
  }

  /** Says that its job is to be interrupted. */
  cancel(id: number): void {
    this.port.postMessage([id, null, true])
  }

  /** Nothing more will come in this session. */
  end(id: number): void {
    const session = this.sessions.get(id)
    this.sessions.delete(id)
    this.early.delete(id)
    session?.onEnd()
  }

  endAll(): void {
    for (const id of [...this.sessions.keys()]) {
      this.end(id)
    }
  }
}
