/**
 * The client's end of a link: what was asked for and is not answered yet, what the other end asks, and how all of it
 * ends.
 *
 * A connection is *open* until the other end says that the space is closed, the link is lost, or its scope closes:
 * then it is *over*, every request ends as `over` says, and so does every later one. A scope that closes makes it
 * *closed*, whatever it was before: later requests are interrupted.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { Link } from "../../Remote.js"
import { SpaceError } from "../../SpaceError.js"
import type { Restore } from "../../SpaceStore.js"
import { isSpaceError } from "../brand.js"
import type { NoToken } from "../hold.js"
import { messageOf } from "../print.js"
import type { AnyFiber } from "../runtime.js"
import { callback, interrupted, localOf, makeLocal, withFiber } from "../runtime.js"
import type { Values } from "../values.js"
import * as Protocol from "./protocol.js"
import { Running } from "./running.js"

/** The number of a request, and what it was answered. */
export type Reply<N extends Protocol.Name = Protocol.Name> = readonly [id: number, ...Protocol.Answered<N>]

/** Answers what the server asks about an operation: of a predicate, by its number. */
export type Answer = (number: number, subject: any) => unknown

/** An operation that was asked for. */
interface Pending {
  readonly resume: (reply: Exit.Exit<any, any>) => void
  /** Whether the server holds something for us when it is done. */
  readonly takes: boolean
  readonly answer: Answer | undefined
  /** How it ends if the link refuses to carry it. */
  readonly refused: (error: SpaceError) => Exit.Exit<never, SpaceError>
  /** What an answer ended with that was none. The operation ends so too, if it comes to need that answer. */
  threw: Exit.Exit<never, SpaceError> | undefined
}

/** What was taken and is held for us, until we say what has become of it. */
export interface Taken {
  readonly id: number
  /** By which pattern of a choice. */
  readonly index: number
  readonly wires: ReadonlyArray<unknown>
  /** How often the use of each has failed before. */
  readonly attempts: ReadonlyArray<number>
  readonly priorities: ReadonlyArray<number>
  /** The number of the hold, or why it has none. */
  readonly token: number | NoToken
  /** What was only read. */
  readonly read: ReadonlyArray<unknown>
  /** Why the server cannot decode it, which it gives as it is. */
  readonly unread: SpaceError | undefined
}

/** What an answer was asked about cannot be decoded. */
export class SubjectUnread {
  constructor(readonly error: SpaceError) {}
}

const lost = (message: string, reason: SpaceError["reason"] = "Unavailable") => new SpaceError({ reason, message })

export class Connection {
  /** The process that a fiber works for, by the number of the request that started it. */
  readonly current = makeLocal<number | undefined>(undefined)
  readonly running = new Running()
  /** How every operation ends once there is nobody at the other end. */
  over: Exit.Exit<never, SpaceError> | undefined = undefined

  private readonly pending = new Map<number, Pending>()
  private readonly outbox: Protocol.Outbox<Protocol.FromClient>
  /** Ends the link. */
  private unlisten = (): void => {}
  private ids = 0
  private isScopeClosed = false

  constructor(private readonly link: Link, private readonly values: Values) {
    this.outbox = new Protocol.Outbox(link, (cause) => this.breakOff(cause))
    this.outbox.prepare([Protocol.Hello, Protocol.version])
  }

  /** Whether the space is closed, or this end of it. */
  get isClosed(): boolean {
    return this.isScopeClosed || this.over !== undefined && Exit.isInterrupted(this.over)
  }

  /** Listens until the scope closes. `isSpared` says which process does not end then: the one whose fiber closes it. */
  listen(isSpared: (id: number, self: AnyFiber) => boolean): Effect.Effect<void, never, Scope.Scope> {
    return Effect.uninterruptible(Effect.suspend(() => {
      this.unlisten = this.link.listen(
        (message) => (message as ReadonlyArray<Protocol.FromServer>).forEach((frame) => this.receive(frame)),
        () => {
          this.outbox.close()
          this.stop(Exit.fail(lost("the link to the space has ended")))
        }
      )
      return Effect.addFinalizer(() =>
        withFiber<void>((self) => {
          this.outbox.flush()
          this.outbox.close()
          this.unlisten()
          this.isScopeClosed = true
          this.stop(interrupted, (id) => isSpared(id, self))
          return Effect.void
        })
      )
    }))
  }

  /** Says something that is not answered. */
  send(frame: Protocol.FromClient): void {
    this.outbox.send(frame)
  }

  /**
   * Asks for an operation, and waits for its end: also if it is interrupted, for it may have happened by then. What has
   * been taken for a caller who does not want it any more is given back.
   */
  request<N extends Protocol.Name>(
    name: N,
    args: Protocol.Args<N>,
    options: {
      readonly answer?: Answer | undefined
      readonly takes?: boolean
      /** Called when it is done, which the fiber may never learn: it may be interrupted by then. */
      readonly onDone?: (id: number) => void
      readonly refused?: Pending["refused"]
    } = {}
  ): Effect.Effect<Reply<N>, any> {
    return withFiber((fiber) =>
      callback<Reply<N>, any>((resume) => {
        if (this.over !== undefined) {
          return resume(this.isScopeClosed ? interrupted : this.over)
        }
        const id = this.ids++
        const { answer, onDone, refused = Exit.fail, takes = false } = options
        const arrive: Pending["resume"] = (reply) => {
          if (Exit.isSuccess(reply)) {
            onDone?.(id)
          }
          resume(reply)
        }
        this.pending.set(id, { resume: arrive, takes, answer, refused, threw: undefined })
        const given: ReadonlyArray<unknown> = args
        this.outbox.send(
          [Protocol.Request, id, localOf(fiber, this.current), name, ...given],
          (cause) => this.complete(id, refused(Protocol.uncarried(cause)))
        )
        return callback<void>((ended) => this.unwant(id, ended))
      })
    )
  }

  /** An operation that takes: its tuples are held for it, until we say what has become of them. */
  holding<N extends "take" | "takeNow">(
    restore: Restore,
    name: N,
    args: Protocol.Args<N>,
    answer: Answer | undefined
  ): Effect.Effect<Taken, any> {
    return Effect.suspend(() => {
      let held: number | undefined
      const onDone = (id: number): void => {
        held = id
      }
      const options = { takes: true, answer, onDone }
      return Effect.matchCauseEffect(restore(this.request<"take" | "takeNow">(name, args, options)), {
        onSuccess: ([id, index, wires, attempts, token, unread, read = [], priorities = wires.map(() => 0)]) =>
          Effect.succeed<Taken>({
            id,
            index,
            wires,
            attempts,
            priorities,
            token,
            read,
            unread: unread === undefined ? undefined : this.values.decodeError(unread) as SpaceError
          }),
        onFailure: (cause) => {
          if (held !== undefined) {
            this.outbox.send([Protocol.Unwanted, held])
          }
          return Effect.failCause(cause)
        }
      })
    })
  }

  /** Nobody wants an operation any more. Its end is awaited, and what comes too late goes back. */
  private unwant(id: number, ended: (effect: Effect.Effect<void>) => void): void {
    const operation = this.pending.get(id)
    if (operation === undefined) {
      return ended(Effect.void)
    }
    this.outbox.send([Protocol.Interrupt, id])
    const resume: Pending["resume"] = (reply) => {
      if (operation.takes && Exit.isSuccess(reply)) {
        this.outbox.send([Protocol.Unwanted, id])
      }
      ended(Effect.void)
    }
    this.pending.set(id, { ...operation, resume })
  }

  private complete(id: number, reply: Exit.Exit<unknown, any>): void {
    const operation = this.pending.get(id)
    this.pending.delete(id)
    operation?.resume(reply)
  }

  /** Nothing goes on, but for the process that ends it. */
  private stop(how: Exit.Exit<never, SpaceError>, isSpared: (id: number) => boolean = () => false): void {
    const over = this.over ??= how
    for (const id of [...this.pending.keys()]) {
      this.complete(id, over)
    }
    this.running.stopAll(isSpared)
  }

  /** The link does not even carry numbers: the other end would wait for them. */
  private breakOff(cause: unknown): void {
    this.outbox.close()
    this.unlisten()
    this.stop(Exit.fail(lost(`the link to the space carries nothing any more: ${messageOf(cause)}`)))
  }

  private receive(frame: Protocol.FromServer): void {
    switch (frame[0]) {
      case Protocol.Done: {
        const [, ...reply] = frame
        return this.complete(frame[1], Exit.succeed(reply))
      }
      case Protocol.Failed:
        return this.complete(frame[1], Exit.failCause(this.values.decodeCause(frame[2])))
      case Protocol.Died:
        return this.complete(frame[1], this.pending.get(frame[1])?.threw ?? Exit.die(undefined))
      case Protocol.Ask: {
        const [, id, question, number, subject] = frame
        return this.answer(id, question, number, subject)
      }
      case Protocol.Stop:
        return this.running.stop(frame[1])
      case Protocol.Closed: {
        const [, why, reason] = frame
        return this.stop(why === undefined ? interrupted : Exit.fail(lost(why, reason)))
      }
    }
  }

  private answer(id: number, question: number, number: number, subject: unknown): void {
    const operation = this.pending.get(id)
    if (operation?.answer === undefined) {
      return
    }
    try {
      this.outbox.send(
        [Protocol.Told, id, question, operation.answer(number, subject)],
        (cause) => this.unanswered(id, question, Protocol.uncarried(cause))
      )
    } catch (thrown) {
      const isUnread = thrown instanceof SubjectUnread
      this.unanswered(id, question, isUnread ? thrown.error : thrown, isUnread)
    }
  }

  /** There is an error in the place of an answer. What the space refuses is a failure. */
  private unanswered(id: number, question: number, error: unknown, isUnread = false): void {
    const operation = this.pending.get(id)
    if (operation !== undefined) {
      operation.threw = isSpaceError(error) ? Exit.fail(error) : Exit.die(error)
    }
    this.outbox.send([Protocol.Told, id, question, Protocol.Threw, isUnread])
  }
}
