/**
 * The sessions of a server: who is let in, what goes on over a new connection, and when it ends.
 *
 * @internal
 */
import * as Remote from "@effect-linda/core/Remote"
import { SpaceError } from "@effect-linda/core/SpaceError"
import type * as Socket from "@effect/platform/Socket"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Admission, Handshake } from "../Server.js"
import * as Frames from "./frames.js"
import type { Framing } from "./framing.js"
import { identifiersOf } from "./identifiers.js"
import { Wire } from "./line.js"
import { report } from "./metrics.js"
import { complete, makeDeferred, secret } from "./runtime.js"
import type { Limits } from "./session.js"
import { Session } from "./session.js"

/** What the options of a server come to. Times are milliseconds. */
export interface Settings extends Limits {
  readonly grace: number
  readonly heartbeat: number
  readonly handshake: number
  readonly idle: number
  readonly connections: number
  readonly schemas: ReadonlyArray<Schema.Schema<any, any>>
}

/** One client, over all its connections. */
interface Client {
  readonly id: string
  readonly secret: string
  readonly session: Session
  readonly over: Deferred.Deferred<void>
  /** Serves the space. */
  serving: Fiber.Fiber<void, unknown>
  epoch: number
}

const refused = (message: string) => new SpaceError({ reason: "Refused", message })

const unavailable = (message: string) => new SpaceError({ reason: "Unavailable", message })

const isClosing = (frame: Frames.HelloFrame | { readonly isOther: true }): frame is { readonly isOther: true } =>
  "isOther" in frame

export class Sessions {
  private readonly clients = new Map<string, Client>()
  /** Whose session a connection is of. */
  private readonly owners = new WeakMap<Wire, Client>()
  private connections = 0
  private isClosing = false
  private readonly known: ReadonlySet<string>

  constructor(
    private readonly settings: Settings,
    private readonly authorize: (handshake: Handshake) => Effect.Effect<Admission, SpaceError, Scope.Scope>,
    private readonly scope: Scope.Scope
  ) {
    this.known = new Set(identifiersOf(settings.schemas))
  }

  get sizes(): { readonly sessions: number; readonly connections: number } {
    return { sessions: this.clients.size, connections: this.connections }
  }

  /** Serves one connection until it ends. If this is interrupted, the session says goodbye. */
  accept(socket: Socket.Socket, framing: Framing): Effect.Effect<void> {
    return Effect.acquireUseRelease(
      Effect.sync(() => ++this.connections),
      (count) =>
        Effect.flatMap(Effect.clock, (clock) => {
          const wire = new Wire(framing, clock, undefined)
          wire.heartbeat = this.settings.heartbeat
          return this.isClosing
            ? this.turnAway(wire, socket, "the server closes")
            : count > this.settings.connections
            ? this.turnAway(wire, socket, `the server has its ${this.settings.connections} connections`)
            : this.converse(wire, socket)
        }),
      () => Effect.sync(() => void --this.connections)
    ).pipe(Effect.withSpan("linda.connection", { root: true }))
  }

  private turnAway(wire: Wire, socket: Socket.Socket, why: string): Effect.Effect<void> {
    wire.close(Frames.over(unavailable(`${why}: try again later`)))
    return Effect.zipRight(report.refused("connections"), Effect.asVoid(wire.run(socket)))
  }

  private converse(wire: Wire, socket: Socket.Socket): Effect.Effect<void> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(this, function*() {
        const running = yield* Effect.fork(Effect.interruptible(wire.run(socket)))
        const client = () => this.owners.get(wire)
        const conversation = Effect.zipRight(
          this.greet(wire),
          Effect.raceFirst(Fiber.join(running), this.idling(wire, client))
        )
        yield* Effect.onInterrupt(restore(conversation), () => {
          const who = client()
          return who === undefined ? Effect.void : this.dismiss(who)
        })
        wire.close(undefined)
        yield* Fiber.interrupt(running)
        const who = client()
        if (who?.session.detach(wire) === true) {
          yield* Effect.forkIn(Effect.interruptible(this.lapse(who)), this.scope)
        }
      })
    )
  }

  /** Ends the session of a connection over which nothing was asked for all too long. */
  private idling(wire: Wire, client: () => Client | undefined): Effect.Effect<void> {
    const { idle } = this.settings
    return idle === Infinity ? Effect.never : Effect.gen(function*() {
      while (wire.idle < idle) {
        yield* Effect.sleep(idle - wire.idle)
      }
      client()?.session.end(refused(`nothing was asked for ${idle} ms: connect again when there is something to do`))
      // and what it says last goes out
      return yield* Effect.never
    })
  }

  /** Hears who it is, and lets in or refuses. */
  private greet(wire: Wire): Effect.Effect<void> {
    return Deferred.await(wire.first).pipe(
      Effect.flatMap((frame) => this.admit(wire, frame)),
      Effect.timeoutFail({
        duration: this.settings.handshake,
        onTimeout: () => refused(`the handshake has taken more than ${this.settings.handshake} ms`)
      }),
      Effect.catchAllCause((cause) => {
        const why = Option.getOrElse(
          Cause.failureOption(cause),
          () => unavailable("the server cannot let anybody in: see its log")
        )
        wire.close(Frames.over(why))
        return report.refused(why.reason).pipe(
          Effect.zipRight(Effect.logDebug("A connection was refused", cause))
        )
      })
    )
  }

  private admit(wire: Wire, frame: Uint8Array): Effect.Effect<void, SpaceError> {
    return Effect.suspend(() => {
      if (frame[0] !== Frames.Hello) {
        return Effect.fail(refused("a connection begins with a handshake"))
      }
      const said = Frames.helloOf(frame)
      if (isClosing(said)) {
        return Effect.fail(
          new SpaceError({
            reason: "Unsupported",
            message: `the server speaks version ${Frames.version} of the protocol, not ` +
              `${said.version}: have both ends use the same version of @effect-linda/server`
          })
        )
      }
      return said.resume === undefined ? this.begin(wire, said) : this.resume(wire, said, said.resume)
    }).pipe(
      Effect.catchAllDefect((defect) =>
        // what the handshake has is of another type
        Effect.zipRight(Effect.logDebug("A handshake was malformed", defect), Effect.fail(Frames.malformed(defect)))
      )
    )
  }

  private begin(wire: Wire, hello: Frames.HelloFrame): Effect.Effect<void, SpaceError> {
    return Effect.gen(this, function*() {
      const lacking = hello.schemas.filter((name) => !this.known.has(name))
      if (lacking.length > 0) {
        return yield* Effect.fail(
          new SpaceError({
            reason: "Unsupported",
            message: `the server does not know the schemas ${lacking.join(", ")}: give them to it with "schemas"`
          })
        )
      }
      const scope = yield* Scope.fork(this.scope, ExecutionStrategy.sequential)
      return yield* Effect.onError(
        Effect.gen(this, function*() {
          const admission = yield* Scope.extend(
            this.authorize({
              space: hello.space,
              token: Option.map(Option.fromNullable(hello.token), Redacted.make),
              schemas: hello.schemas
            }),
            scope
          )
          yield* Remote.servable(admission.space)
          // a session that has begun is known by its connection, which ends it: nothing comes between
          yield* Effect.uninterruptible(this.enter(wire, hello, admission, scope))
        }),
        (cause) => Scope.close(scope, Exit.failCause(cause))
      )
    })
  }

  private enter(
    wire: Wire,
    hello: Frames.HelloFrame,
    { limits = Remote.defaultLimits, space }: Admission,
    scope: Scope.CloseableScope
  ): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      const over = makeDeferred<void>()
      const id = secret()
      const session = new Session(this.settings, {
        onOver: () => {
          this.clients.delete(id)
          complete(over, Exit.void)
        }
      }, "serves")
      const client: Client = { id, secret: secret(), session, over, serving: Fiber.void, epoch: 0 }
      this.clients.set(id, client)
      this.welcome(wire, client, hello, 0)
      const serving = Effect.ensuring(
        Remote.serve(space, session.link, { schemas: this.settings.schemas, limits }),
        Effect.suspend(() => Scope.close(scope, Exit.void))
      )
      client.serving = yield* Effect.forkIn(Effect.interruptible(serving), this.scope)
      yield* report.sessions(this.clients.size)
    })
  }

  private resume(
    wire: Wire,
    hello: Frames.HelloFrame,
    { epoch, id, received, secret }: NonNullable<Frames.HelloFrame["resume"]>
  ): Effect.Effect<void, SpaceError> {
    const client = this.clients.get(id)
    if (client === undefined || client.secret !== secret) {
      return Effect.fail(
        new SpaceError({
          reason: "Lapsed",
          message: "the session is not known to the server: it was without a connection for too long, or the server " +
            "has started anew. What it waited for is over, and what it held is with others again"
        })
      )
    }
    if (epoch <= client.epoch) {
      return Effect.fail(unavailable("the session has gone on over a later connection"))
    }
    client.epoch = epoch
    this.welcome(wire, client, hello, received)
    return report.resumed
  }

  private welcome(wire: Wire, client: Client, hello: Frames.HelloFrame, received: number): void {
    const { id, secret, session } = client
    this.owners.set(wire, client)
    const { frameBytes, grace, heartbeat, windowBytes } = this.settings
    wire.say(Frames.welcome({ id, secret, received: session.count, frameBytes, windowBytes, grace, heartbeat }))
    wire.attach(session, frameBytes)
    session.attach(wire, hello, received)
  }

  /** Ends a session that has no connection again in time. */
  private lapse(client: Client): Effect.Effect<void> {
    const { epoch } = client
    return Effect.sync(() => {
      if (client.epoch === epoch) {
        client.session.end(
          new SpaceError({ reason: "Lapsed", message: `the session had no connection for ${this.settings.grace} ms` })
        )
      }
    }).pipe(
      Effect.delay(this.settings.grace),
      Effect.raceFirst(Deferred.await(client.over)),
      Effect.zipRight(Effect.suspend(() => report.sessions(this.clients.size)))
    )
  }

  /** Says goodbye, and waits a little until that is heard, if it can be. */
  private dismiss({ over, serving, session }: Client): Effect.Effect<void> {
    return Effect.gen(function*() {
      yield* Fiber.interrupt(serving)
      if (session.isConnected) {
        yield* Effect.ignore(Effect.timeout(Effect.interruptible(Deferred.await(over)), "1 second"))
      }
      session.end(unavailable("the server serves no more"))
    })
  }

  /** Says goodbye to everybody, and to who comes from now on. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.isClosing = true
    return Effect.forEach([...this.clients.values()], (client) => this.dismiss(client), {
      concurrency: "unbounded",
      discard: true
    })
  })
}
