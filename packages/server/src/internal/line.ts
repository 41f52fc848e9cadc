/**
 * One connection, as long as it lasts: reads frames, writes those of its session, gives signs of life and asks for
 * them.
 *
 * @internal
 */
import { messageOf } from "@effect-linda/core/Options"
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Socket from "@effect/platform/Socket"
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Frames from "./frames.js"
import type { Framing } from "./framing.js"
import { deframer, enframe } from "./framing.js"
import { complete, makeDeferred, makeLatch, millisOf } from "./runtime.js"
import type { Line, Session } from "./session.js"

/** No frame of a handshake is larger. */
const handshakeBytes = 64 * 1024

/** So many bytes are written at once, or one frame. */
const chunkBytes = 64 * 1024

/** With so many bytes in a WebSocket that are not written yet, it gets no more. */
const bufferedBytes = 1024 * 1024

/** So many heartbeats without a frame, and the other end is gone. */
const missed = 3

const text = new TextEncoder()

const unavailable = (message: string) => new SpaceError({ reason: "Unavailable", message })

const silent = (millis: number) => unavailable(`the other end has said nothing for ${millis} ms`)

const unread = unavailable("the other end does not take what is said")

const broken = (error: unknown): SpaceError =>
  error instanceof SpaceError ? error : unavailable(`the connection has broken: ${messageOf(error)}`)

/** A connection, before and after it has a session. */
export class Wire implements Line {
  /** The first frame that comes. */
  readonly first = makeDeferred<Uint8Array, SpaceError>()
  /** After how many milliseconds without a frame one is sent. */
  heartbeat = 5000
  private readonly latch = makeLatch()
  private readonly deframer
  /** What is written before anything of a session. */
  private readonly said: Array<Uint8Array> = []
  private session: Session | undefined = undefined
  private isFirst = true
  private isEnding = false
  private hasHeard = true
  private hasSaid = false
  private hasLooked = false
  private webSocket: globalThis.WebSocket | undefined = undefined
  /** When a message came last, by the clock of the program. */
  private lastUse = 0

  /** What has come with the first frame, for the session that this may have. */
  private readonly early: Array<Uint8Array> | undefined

  /** `trusted`: how many bytes a frame may have before there is a session, and that others may come with the first. */
  constructor(private readonly framing: Framing, private readonly clock: Clock.Clock, trusted: number | undefined) {
    this.deframer = deframer(framing, trusted === undefined ? handshakeBytes : trusted + Frames.header)
    this.early = trusted === undefined ? undefined : []
    this.lastUse = this.now()
  }

  private now(): number {
    return millisOf(this.clock)
  }

  /** For how many milliseconds no message has come. */
  get idle(): number {
    return this.now() - this.lastUse
  }

  readonly wake = (): void => this.latch.open()

  /** Writes what it has, and this, and ends. */
  readonly close = (last: Uint8Array | undefined): void => {
    if (!this.isEnding) {
      this.isEnding = true
      this.session = undefined
      if (last !== undefined) {
        this.said.push(last)
      }
      complete(this.untilEnding, Exit.void)
      this.wake()
    }
  }

  say(frame: Uint8Array): void {
    this.said.push(frame)
    this.wake()
  }

  /** From now on it speaks for a session. */
  attach(session: Session, frameBytes: number): void {
    // the header of a frame is no part of what its sender has to look at
    this.deframer.limit = frameBytes + Frames.header
    this.session = session
  }

  /** The session has begun: it gets what has come for it. */
  begin(): void {
    this.early?.splice(0).forEach((frame) => this.session?.receive(frame))
  }

  private feed(chunk: Uint8Array): void {
    this.hasHeard = true
    if (this.isEnding) {
      return
    }
    try {
      for (const frame of this.deframer.feed(chunk)) {
        this.receive(frame)
      }
    } catch (error) {
      const why = error as SpaceError
      complete(this.first, Exit.fail(why))
      if (this.session === undefined) {
        this.close(Frames.over(why))
      } else {
        this.session.end(why)
      }
    }
  }

  private receive(frame: Uint8Array): void {
    if (this.isFirst) {
      this.isFirst = false
      complete(this.first, Exit.succeed(frame))
    } else if (this.session === undefined && this.early !== undefined) {
      this.early.push(frame)
    } else if (this.session === undefined) {
      // what comes before the answer to a handshake comes from nobody that was let in
      this.close(Frames.over(Frames.malformed("it came before the session had begun")))
    } else {
      if (frame[0] === Frames.Message) {
        this.lastUse = this.now()
      }
      this.session.receive(frame)
    }
  }

  /** What is to be written now. */
  private pull(): Array<Uint8Array> {
    const frames = this.said.splice(0)
    let bytes = frames.reduce((sum, { length }) => sum + length, 0)
    while (bytes < chunkBytes) {
      const frame = this.session?.pull()
      if (frame === undefined) break
      frames.push(frame)
      bytes += frame.length
    }
    return frames
  }

  private readonly room: Effect.Effect<void> = Effect.suspend(() =>
    this.webSocket !== undefined && this.webSocket.bufferedAmount > bufferedBytes
      ? Effect.zipRight(Effect.sleep("20 millis"), this.room)
      : Effect.void
  )

  private writing(
    write: (chunk: Uint8Array) => Effect.Effect<void, Socket.SocketError>
  ): Effect.Effect<void, Socket.SocketError> {
    return Effect.gen(this, function*() {
      while (true) {
        this.latch.close()
        const frames = this.pull()
        if (frames.length > 0) {
          this.hasSaid = true
          yield* Effect.forEach(enframe(this.framing, frames), write, { discard: true })
          yield* this.room
        } else if (this.isEnding) {
          return
        } else {
          yield* this.latch.await
        }
      }
    })
  }

  /** Gives a sign of life in every heartbeat, and fails if the other end gives none in several. */
  private readonly living: Effect.Effect<never, SpaceError> = Effect.gen(this, function*() {
    let silence = 0
    while (true) {
      yield* Effect.sleep(this.heartbeat)
      silence = this.hasHeard ? 0 : silence + 1
      this.hasHeard = false
      if (silence >= missed) {
        return yield* Effect.fail(silent(missed * this.heartbeat))
      }
      if (!this.hasSaid && this.session !== undefined) {
        this.say(this.session.ack(false))
      }
      this.hasSaid = false
    }
  })

  private readonly untilEnding = makeDeferred<void>()

  private readonly reading = (socket: Socket.Socket): Effect.Effect<void, Socket.SocketError> =>
    socket.runRaw((data) => {
      this.feed(typeof data === "string" ? text.encode(data) : data instanceof Uint8Array ? data : new Uint8Array(data))
      if (!this.hasLooked) {
        this.hasLooked = true
        return Effect.map(Effect.serviceOption(Socket.WebSocket), (webSocket) => {
          this.webSocket = Option.getOrUndefined(webSocket)
        })
      }
    })

  /** Runs until it is over, and says why if it has not ended as it should. */
  readonly run = (socket: Socket.Socket): Effect.Effect<SpaceError | undefined> =>
    Effect.gen(this, function*() {
      const write = yield* socket.writer
      // while it is read: it may have bytes that nobody takes, which would keep it for ever
      const kill = Effect.ignore(Effect.timeout(write(new Socket.CloseEvent(1000)), "1 second"))
      const closing = Effect.zipRight(Deferred.await(this.untilEnding), Effect.delay(Effect.fail(unread), "5 seconds"))
      const exit = yield* this.reading(socket).pipe(
        Effect.raceFirst(this.writing(write)),
        Effect.raceFirst(Effect.tapError(Effect.raceFirst(this.living, closing), () => kill)),
        Effect.exit
      )
      const why = Exit.match(exit, {
        onSuccess: () => undefined,
        onFailure: (cause) => Option.match(Cause.failureOption(cause), { onNone: () => undefined, onSome: broken })
      })
      complete(this.first, Exit.fail(why ?? broken("it was closed")))
      return why
    }).pipe(Effect.scoped)
}
