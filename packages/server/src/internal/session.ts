/**
 * One reliable link made of connections that break: both ends have one of these, and nothing of it knows what a
 * connection is made of.
 *
 * Messages have numbers. Each end keeps what it has sent until the other end says that it has received it, and sends
 * that again on the next connection; what comes twice is dropped. So the link carries everything in order and once, as
 * long as the session lives. No more than a *window* of bytes is on its way: the other end has to have room for no
 * more.
 *
 * A session is *open* until somebody says goodbye, or it is ended for a reason. An end that says goodbye is *leaving*
 * until the other end has received that, and then it is *over*.
 *
 * @internal
 */
import type { Link } from "@effect-linda/core/Remote"
import { SpaceError } from "@effect-linda/core/SpaceError"
import { Uncarried } from "./clone/encoder.js"
import * as Frames from "./frames.js"

/** The connection of the moment, as a session sees it. */
export interface Line {
  /** There is something to {@link Session.pull}. */
  readonly wake: () => void
  /** Nothing more is said, but for a last frame. */
  readonly close: (last: Uint8Array | undefined) => void
}

export interface Limits {
  /** How many bytes a frame to this end may have. */
  readonly frameBytes: number
  /** How many bytes of messages may be on their way to this end. */
  readonly windowBytes: number
  /** How many bytes are kept for the other end at most. */
  readonly keptBytes: number
}

export interface Events {
  /** The other end has said goodbye, or has received ours; or the session was ended, for a reason. */
  readonly onOver: (why: SpaceError | undefined) => void
  /** What is said to the listener of the link before it ends for a reason. */
  readonly parting?: ((why: SpaceError) => unknown) | undefined
}

interface Kept {
  readonly number: number
  readonly frame: Uint8Array
}

/** Messages that are no larger have room when others have none: they end what is held, and what runs. */
const small = 1024

/** An end says at the latest after so many messages that it has received them. */
const messagesUnacked = 64

/** A server looks at so many messages, and then at what they have come to. */
const messagesAtOnce = 16

/** While so many bytes are kept, the end that serves does not look at what comes. */
export const pausedAt = (limits: Limits): number => limits.keptBytes / 4

export class Session {
  private state: "open" | "leaving" | "over" = "open"
  private line: Line | undefined = undefined
  private listener: ((message: unknown) => void) | undefined = undefined
  private onEnd = (): void => {}

  /** What the other end has not said that it has, oldest first. */
  private kept: Array<Kept> = []
  private keptBytes = 0
  /** The last number that was given. */
  private last = 0
  /** How many of what is kept went over the present connection, and how many bytes that is. */
  private sent = 0
  private sentBytes = 0
  /** What the other end can take. */
  private peer = { frameBytes: 64 * 1024, windowBytes: 64 * 1024 }
  /** Whether the other end was asked how much it has. */
  private isAsking = false

  /** The number of the last message that was handed on, and of the last that has come. */
  private received = 0
  private arrived = 0
  /** What has come, and waits until it is looked at. */
  private waiting: Array<Uint8Array> = []
  private waitingBytes = 0
  /** What was handed on since the other end was last told how much. */
  private unackedBytes = 0
  private acked = 0
  private isAckDue = false
  private isDelivering = false
  private isDeferred = false

  constructor(
    private readonly limits: Limits,
    private readonly events: Events,
    /** `"serves"`: looks at nothing while the other end does not take what is sent. */
    private readonly role: "serves" | "asks"
  ) {
    this.peer = limits
  }

  get isOver(): boolean {
    return this.state === "over"
  }

  get isConnected(): boolean {
    return this.line !== undefined
  }

  /** How many messages have been received: to go on from there. */
  get count(): number {
    return this.arrived
  }

  readonly link: Link = {
    send: (message) => this.send(message),
    listen: (onMessage, onEnd) => {
      this.listener = onMessage
      this.onEnd = onEnd
      this.deliver()
      if (this.state === "over") {
        this.tellEnd()
      }
      return () => this.leave()
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Out
  // -------------------------------------------------------------------------------------------------------------------

  private send(message: unknown): void {
    if (this.state !== "open") {
      return
    }
    const most = Math.min(this.peer.frameBytes, this.limits.frameBytes)
    const frame = Frames.encode(Frames.Message, message, most + Frames.header, Frames.header)
    if (this.keptBytes + frame.length > this.limits.keptBytes) {
      this.full(frame.length)
    }
    this.keep(frame)
  }

  /** There is no room for a frame. */
  private full(bytes: number): void {
    const said = `${this.keptBytes} bytes wait for the other end, which does not take them`
    if (this.role === "serves" || this.keptBytes > 2 * this.limits.keptBytes) {
      this.end(new SpaceError({ reason: "Refused", message: `${said}: the session is over. Read what was asked for` }))
    } else if (bytes > small) {
      throw new Uncarried(said)
    }
  }

  private keep(frame: Uint8Array): void {
    if (this.state === "over") {
      return
    }
    const number = ++this.last
    Frames.writeNumber(frame, 1, number)
    this.kept.push({ number, frame })
    this.keptBytes += frame.length
    this.line?.wake()
  }

  /** The next frame to go over the connection, if there is one that may. */
  pull(): Uint8Array | undefined {
    if (this.isAckDue) {
      return this.ack(false)
    }
    const next = this.kept[this.sent]
    if (next === undefined) {
      return undefined
    }
    const { frame } = next
    if (this.sentBytes > 0 && this.sentBytes + frame.length > this.peer.windowBytes) {
      if (this.isAsking) {
        return undefined
      }
      this.isAsking = true
      return this.ack(true)
    }
    this.sent++
    this.sentBytes += frame.length
    Frames.writeNumber(frame, 9, this.told())
    return frame
  }

  /** Says how much has been received. */
  ack(asks: boolean): Uint8Array {
    this.isAckDue = false
    return Frames.ack(this.told(), asks)
  }

  private told(): number {
    this.unackedBytes = 0
    this.acked = this.received
    return this.received
  }

  // -------------------------------------------------------------------------------------------------------------------
  // In
  // -------------------------------------------------------------------------------------------------------------------

  /** A frame has come over the connection. */
  receive(frame: Uint8Array): void {
    if (this.state !== "over") {
      this.checking(() => this.read(frame))
    }
  }

  /** What cannot be read ends the session: the other end is not what it says. */
  private checking(read: () => void): void {
    try {
      read()
    } catch (error) {
      this.end(Frames.malformed(error))
    }
  }

  private read(frame: Uint8Array): void {
    switch (frame[0]) {
      case Frames.Message:
      case Frames.Goodbye: {
        this.forget(Frames.readNumber(frame, 9))
        return this.arrive(Frames.readNumber(frame, 1), frame)
      }
      case Frames.Ack: {
        this.isAsking = false
        this.forget(Frames.readNumber(frame, 1))
        if (frame[9] === 1) {
          this.isAckDue = true
        }
        return this.line?.wake()
      }
      case Frames.Over:
        return this.finish(Frames.overOf(frame))
      default:
        this.end(Frames.malformed(`its kind is ${frame[0]}`))
    }
  }

  private arrive(number: number, frame: Uint8Array): void {
    if (number <= this.arrived) {
      return
    }
    if (number !== this.arrived + 1) {
      return this.end(Frames.malformed(`its number is ${number}, and ${this.arrived + 1} is next`))
    }
    this.arrived = number
    this.waiting.push(frame)
    this.waitingBytes += frame.length
    // one message may be as large as a frame, whatever the window is
    if (this.waitingBytes > this.limits.windowBytes + this.limits.frameBytes) {
      return this.end(
        new SpaceError({
          reason: "Refused",
          message: `more than the window of ${this.limits.windowBytes} bytes came at once: wait until they are received`
        })
      )
    }
    this.deliver()
  }

  private get isPaused(): boolean {
    return this.listener === undefined || this.isDeferred ||
      this.role === "serves" && this.keptBytes > pausedAt(this.limits)
  }

  private deliver(): void {
    // a listener that sends has this called within
    if (this.isDelivering) {
      return
    }
    this.isDelivering = true
    let next = 0
    try {
      while (next < this.waiting.length && this.state !== "over" && !this.isPaused) {
        if (next === messagesAtOnce && this.role === "serves") {
          this.deliverLater()
          break
        }
        const frame = this.waiting[next++]!
        this.waitingBytes -= frame.length
        this.handOn(frame)
      }
    } finally {
      this.isDelivering = false
      this.waiting.splice(0, next)
    }
  }

  /** What was asked for is answered before more is looked at: only then it is known how much there is to keep. */
  private deliverLater(): void {
    this.isDeferred = true
    void Promise.resolve().then(() => {
      this.isDeferred = false
      this.deliver()
    })
  }

  private handOn(frame: Uint8Array): void {
    this.received++
    this.unackedBytes += frame.length
    const isLast = frame[0] === Frames.Goodbye
    if (
      isLast || this.unackedBytes >= this.limits.windowBytes / 4 || this.received - this.acked >= messagesUnacked
    ) {
      this.isAckDue = true
      this.line?.wake()
    }
    if (isLast) {
      return this.finish(undefined, this.ack(false))
    }
    if (this.state === "open") {
      this.checking(() => this.listener!(Frames.decode(frame, Frames.header)))
    }
  }

  /** The other end has received so many. */
  private forget(count: number): void {
    if (count > this.last) {
      return this.end(Frames.malformed(`it has received ${count} messages, and ${this.last} were sent`))
    }
    let gone = 0
    while (gone < this.kept.length && this.kept[gone]!.number <= count) {
      const { length } = this.kept[gone]!.frame
      this.keptBytes -= length
      if (gone < this.sent) {
        this.sentBytes -= length
      }
      gone++
    }
    if (gone > 0) {
      this.kept.splice(0, gone)
      this.sent = Math.max(0, this.sent - gone)
      this.line?.wake()
      if (this.state === "leaving" && this.kept.length === 0) {
        return this.finish(undefined)
      }
      this.deliver()
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Connections, and the end
  // -------------------------------------------------------------------------------------------------------------------

  /** Goes on over a connection. The one before it, if it is still there, ends. */
  attach(line: Line, peer: { readonly frameBytes: number; readonly windowBytes: number }, received: number): void {
    const before = this.line
    this.line = undefined
    before?.close(undefined)
    this.peer = { frameBytes: peer.frameBytes, windowBytes: peer.windowBytes }
    this.sent = 0
    this.sentBytes = 0
    this.isAsking = false
    this.forget(received)
    if (this.isOver) {
      return line.close(undefined)
    }
    this.line = line
    line.wake()
  }

  /** A connection has broken. Says whether it was the one of this session. */
  detach(line: Line): boolean {
    const was = this.line === line
    if (was) {
      this.line = undefined
    }
    return was
  }

  /** Says goodbye, and hears nothing any more. */
  private leave(): void {
    if (this.state === "open") {
      this.keep(Frames.goodbye())
      this.state = "leaving"
      this.deliver()
    }
  }

  /** Is over for a reason, which the other end is told if it can be. */
  end(why: SpaceError): void {
    this.finish(why, Frames.over(why))
  }

  private finish(why: SpaceError | undefined, last?: Uint8Array): void {
    if (this.state === "over") {
      return
    }
    const wasOpen = this.state === "open"
    this.state = "over"
    this.kept = []
    this.waiting = []
    const { line } = this
    this.line = undefined
    if (wasOpen) {
      if (why !== undefined && this.events.parting !== undefined) {
        this.listener?.(this.events.parting(why))
      }
      this.tellEnd()
    }
    line?.close(last)
    this.events.onOver(why)
  }

  private tellEnd(): void {
    const { onEnd } = this
    this.onEnd = () => {}
    onEnd()
  }
}
