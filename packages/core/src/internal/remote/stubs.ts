/**
 * The processes of a client, as the space sees them: for each a fiber that ends when that of the client has.
 *
 * @internal
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { SpaceError } from "../../SpaceError.js"
import type { Failures, TupleSpace } from "../../TupleSpace.js"
import * as Process from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { callback, complete, isOver, locally, localOf, makeDeferred } from "../runtime.js"
import type { Answered } from "./protocol.js"

/** Of so many failed processes of a client the failure tuple is taken away if one is joined later. */
const remembered = 1_000

interface Stub {
  readonly fiber: AnyFiber
  readonly end: (exit: Exit.Exit<unknown, unknown>) => void
  /** Its failure has been joined. */
  readonly observe: () => void
}

type AnyProcess = Process.Observed & { readonly id: number; readonly name: string; readonly fiber: AnyFiber }

export class Stubs {
  private readonly stubs = new Map<number, Stub>()
  private readonly failed = new Map<number, () => void>()

  /** `tell` has the client end the process with this number. */
  constructor(private readonly space: TupleSpace<any, any>, private readonly tell: (id: number) => void) {}

  private starting = 0

  /** How many there are, or are about to be. */
  get size(): number {
    return this.stubs.size + this.starting
  }

  /** Starts one. Gives its number and its name, and whether it is to end already. */
  start(
    id: number,
    name: string | undefined,
    failures: Failures | undefined,
    origin: number
  ): Effect.Effect<Answered<"eval">, unknown> {
    let end: Stub["end"] = () => {}
    let isToEnd = false
    const started = makeDeferred<void>()
    // Flattened, since an exit that is an interruption would be taken for one of this fiber.
    const stub = Effect.flatten(callback<Exit.Exit<unknown, unknown>>((resume) => {
      end = (exit) => resume(Effect.succeed(exit))
      complete(started, Exit.void)
      return callback<void>((stopped) => {
        end = () => stopped(Effect.void)
        isToEnd = true
        this.tell(id)
      })
    }))
    const named = locally(stub, Process.standsFor, `${origin}:${id}`)
    const starting = Effect.suspend(() => {
      this.starting++
      return Effect.ensuring(this.space.eval(named, { name, failures }), Effect.sync(() => this.starting--))
    })
    return Effect.flatMap(starting, (process: AnyProcess) => {
      this.stubs.set(id, {
        fiber: process.fiber,
        end: (exit) => end(exit),
        observe: () => process[Process.Observer]?.()
      })
      // What it asks for is then seen to be asked for by it. It may be ended before.
      return Effect.map(
        Effect.race(Deferred.await(started), Fiber.await(process.fiber)),
        () => [process.id, process.name, isToEnd || isOver(process.fiber)]
      )
    })
  }

  /** The client's has ended. `isJoined` says that somebody there has its failure. */
  ended(id: number, exit: Exit.Exit<unknown, unknown>, isJoined: boolean): Effect.Effect<unknown> {
    const stub = this.stubs.get(id)
    this.stubs.delete(id)
    if (stub === undefined) {
      return Effect.void
    }
    if (isJoined) {
      stub.observe()
    } else if (Exit.isFailure(exit)) {
      this.remember(id, stub.observe)
    }
    stub.end(exit)
    return Fiber.await(stub.fiber)
  }

  /** The failure of one that has ended was joined. */
  joined(id: number): void {
    const observe = this.failed.get(id)
    this.failed.delete(id)
    observe?.()
  }

  /** The process that a fiber of the client's works for. */
  processOf(id: number | undefined): Process.ProcessRecord | undefined {
    const stub = id === undefined ? undefined : this.stubs.get(id)
    return stub === undefined ? undefined : localOf(stub.fiber, Process.current)
  }

  endAll(): void {
    for (const stub of this.stubs.values()) {
      stub.end(Exit.fail(new SpaceError({ reason: "Unavailable", message: "the link to the process has ended" })))
    }
  }

  private remember(id: number, observe: () => void): void {
    this.failed.set(id, observe)
    if (this.failed.size > remembered) {
      const [oldest] = this.failed.keys()
      this.failed.delete(oldest!)
    }
  }
}
