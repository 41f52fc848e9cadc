/**
 * The client: one session after the other, and connections for it.
 *
 * @internal
 */
import * as Remote from "@effect-linda/core/Remote"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import type * as Socket from "@effect/platform/Socket"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { facadeOf, isClosed } from "./facade.js"
import * as Frames from "./frames.js"
import type { Framing } from "./framing.js"
import { identifiersOf } from "./identifiers.js"
import { Wire } from "./line.js"
import { complete, makeDeferred } from "./runtime.js"
import type { Limits } from "./session.js"
import { Session } from "./session.js"

/** What the options of a client come to. Times are milliseconds. */
export interface Settings extends Limits {
  readonly space: string
  readonly token: Redacted.Redacted | undefined
  readonly schemas: ReadonlyArray<Schema.Schema<any, any>>
  readonly schedule: Schedule.Schedule<unknown>
  readonly handshake: number
  /** For how long one waits for the first connection of a session. */
  readonly patience: number
}

type Space = TupleSpace<Tuple, SpaceError>

/** A session, and the space that it is a link to. */
interface Life {
  readonly session: Session
  readonly space: Space
  readonly scope: Scope.CloseableScope
  readonly over: Deferred.Deferred<SpaceError | undefined>
  epoch: number
  /** What the server knows it by, once it does. */
  known: Frames.WelcomeFrame | undefined
}

/** A connection of a session, as long as it runs. */
interface Connected {
  readonly wire: Wire
  readonly running: Fiber.Fiber<SpaceError | undefined>
}

/** Soon at first, and every five seconds in the end; clients that lost the same server do not all come at once. */
export const reconnecting: Schedule.Schedule<unknown> = Schedule.jittered(
  Schedule.union(Schedule.exponential("100 millis"), Schedule.spaced("5 seconds"))
)

/** The frame of `Remote` by which a link says why it ends: the same in all versions. */
const parting = ({ message, reason }: SpaceError): unknown => [[14, message, reason]]

const unavailable = (message: string) => new SpaceError({ reason: "Unavailable", message })

/** How long a client that closes waits for the server to have all that it has said. */
const lingering = "5 seconds"

class Client {
  private life: Life | undefined = undefined
  /** The first session has begun, or never will. */
  private readonly ready = makeDeferred<void, SpaceError>()
  private hasBeenThere = false
  /** Why the last connection was none. */
  private last: SpaceError | undefined = undefined

  constructor(
    private readonly socket: Effect.Effect<Socket.Socket, unknown>,
    private readonly framing: Framing,
    private readonly settings: Settings,
    private readonly scope: Scope.Scope
  ) {}

  readonly make: Effect.Effect<Space, SpaceError> = Effect.gen(this, function*() {
    this.life = yield* this.begin
    const driver = yield* Schedule.driver(this.settings.schedule)
    yield* Effect.forkIn(Effect.interruptible(this.live(driver)), this.scope)
    yield* Deferred.await(this.ready)
    return facadeOf(() => this.now.space)
  })

  private get now(): Life {
    return this.life!
  }

  /** A new session, which waits for a connection. */
  private readonly begin: Effect.Effect<Life> = Effect.gen(this, function*() {
    const over = makeDeferred<SpaceError | undefined>()
    const scope = yield* Scope.make(ExecutionStrategy.sequential)
    const session = new Session(
      this.settings,
      { onOver: (why) => complete(over, Exit.succeed(why)), parting },
      "asks"
    )
    const connect = Remote.connect<Tuple>(session.link, { schemas: this.settings.schemas })
    const space = yield* Scope.extend(connect, scope)
    return { session, space, scope, over, epoch: 0, known: undefined }
  })

  private live(driver: Schedule.ScheduleDriver<unknown>): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      while (true) {
        const life = this.now
        const connected = yield* Effect.either(this.connect(life, driver))
        if (Either.isLeft(connected)) {
          const { isFinal, why } = connected.left
          if (isFinal) {
            return yield* this.finish(why)
          }
          yield* this.renew(why)
          continue
        }
        this.hasBeenThere = true
        complete(this.ready, Exit.void)
        yield* driver.reset
        const { running, wire } = connected.right
        this.last = yield* Fiber.join(running)
        life.session.detach(wire)
        if (life.session.isOver) {
          if (isClosed(life.space)) {
            return
          }
          const why = yield* Deferred.await(life.over)
          yield* this.renew(why ?? unavailable("the server serves no more"))
        }
      }
    })
  }

  /** Tries until there is a connection, or it is too late, or there will be none. */
  private connect(
    life: Life,
    driver: Schedule.ScheduleDriver<unknown>
  ): Effect.Effect<Connected, { readonly why: SpaceError; readonly isFinal: boolean }> {
    const { known } = life
    const patience = known?.grace ?? this.settings.patience
    const attempts: Effect.Effect<Connected, { readonly why: SpaceError; readonly isFinal: boolean }> = Effect.catchAll(
      this.attempt(life),
      (why) => {
        if (why.reason === "Lapsed") {
          return Effect.fail({ why, isFinal: false })
        }
        if (why.reason !== "Unavailable") {
          return Effect.fail({ why, isFinal: true })
        }
        this.last = why
        return Effect.matchEffect(driver.next(undefined), {
          onFailure: () => Effect.fail({ why, isFinal: true }),
          onSuccess: () => attempts
        })
      }
    )
    return Effect.timeoutFail(attempts, {
      duration: patience,
      onTimeout: () => ({ why: this.late(known !== undefined, patience), isFinal: !this.hasBeenThere })
    })
  }

  private late(wasKnown: boolean, patience: number): SpaceError {
    const why = this.last === undefined ? "" : ` (${this.last.message})`
    return wasKnown
      ? new SpaceError({
        reason: "Lapsed",
        message:
          `there was no connection to the server for ${patience} ms${why}: what was asked for and not answered ` +
          "may have happened, and what was held is with others again"
      })
      : unavailable(`there is no connection to the server, for ${patience} ms${why}`)
  }

  /** One connection, up to the end of its handshake. */
  private attempt(life: Life): Effect.Effect<Connected, SpaceError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function*() {
        const socket = yield* restore(
          Effect.catchAllCause(this.socket, (cause) => Effect.fail(unavailable(Cause.pretty(cause))))
        )
        const wire = new Wire(this.framing, yield* Effect.clock, this.settings.frameBytes)
        const running = yield* Effect.forkIn(Effect.interruptible(wire.run(socket)), this.scope)
        wire.say(Frames.hello(this.hello(life)))
        const frame = yield* restore(
          Effect.timeoutFail(Deferred.await(wire.first), {
            duration: this.settings.handshake,
            onTimeout: () => unavailable(`the server does not answer for ${this.settings.handshake} ms`)
          })
        ).pipe(Effect.onError(() => Fiber.interruptFork(running)))
        yield* Effect.onError(this.attach(life, wire, frame), () => {
          wire.close(undefined)
          return Fiber.interrupt(running)
        })
        return { wire, running }
      })
    )
  }

  private hello(life: Life): Frames.HelloFrame {
    const { frameBytes, schemas, space, token, windowBytes } = this.settings
    const { known, session } = life
    return {
      version: Frames.version,
      space,
      token: token === undefined ? undefined : Redacted.value(token),
      schemas: identifiersOf(schemas),
      frameBytes,
      windowBytes,
      resume: known === undefined
        ? undefined
        : { id: known.id, secret: known.secret, epoch: ++life.epoch, received: session.count }
    }
  }

  private attach(life: Life, wire: Wire, frame: Uint8Array): Effect.Effect<void, SpaceError> {
    return Effect.flatMap(
      Effect.try({
        try: () => frame[0] === Frames.Over ? Frames.overOf(frame) : Frames.welcomeOf(frame),
        catch: Frames.malformed
      }),
      (said) => {
        if (said instanceof SpaceError) {
          return Effect.fail(said)
        }
        life.known = said
        wire.heartbeat = Math.max(10, said.heartbeat)
        wire.attach(life.session, this.settings.frameBytes)
        life.session.attach(wire, said, said.received)
        wire.begin()
        return Effect.void
      }
    )
  }

  /** What is under way fails; what comes later is of another session. */
  private renew(why: SpaceError): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const before = this.now
      this.life = yield* this.begin
      before.session.end(why)
      yield* Effect.forkIn(Scope.close(before.scope, Exit.void), this.scope)
    })
  }

  /** There is no other session. */
  private finish(why: SpaceError): Effect.Effect<void> {
    return Effect.sync(() => {
      complete(this.ready, Exit.fail(why))
      this.now.session.end(why)
    })
  }

  /** Says goodbye, and waits a little until the server has all that was said. */
  readonly close: Effect.Effect<void> = Effect.gen(this, function*() {
    if (this.life === undefined) return
    const { known, over, scope } = this.life
    yield* Scope.close(scope, Exit.void)
    if (known !== undefined) {
      yield* Effect.timeoutOption(Effect.interruptible(Deferred.await(over)), lingering)
    }
  })
}

export const connect = (
  socket: Effect.Effect<Socket.Socket, unknown>,
  framing: Framing,
  settings: Settings
): Effect.Effect<Space, SpaceError, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    // what runs for the client ends after it has said goodbye
    const running = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const client = new Client(socket, framing, settings, running)
    yield* Scope.addFinalizer(scope, client.close)
    return yield* client.make
  })
