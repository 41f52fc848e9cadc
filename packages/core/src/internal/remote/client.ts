/**
 * The end of a link at which the space is not: the same service, by messages.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Link } from "../../Remote.js"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { Destination, EvalOptions, OutOptions, TupleSpace, WaitOptions } from "../../TupleSpace.js"
import { Undecoded } from "../../Undecoded.js"
import type { Holding } from "../arguments.js"
import {
  alternatives,
  callable,
  checkDestination,
  failing,
  failuresOf,
  holdingOf,
  limitOf,
  mailboxOf,
  millis,
  own,
  ownAll,
  processNameOf,
  refusing,
  runnable,
  several,
  timeoutOf,
  ttlOf
} from "../arguments.js"
import { isSpaceError } from "../brand.js"
import type { PutFitting } from "../destination.js"
import { destination, moveHeld, putFitting } from "../destination.js"
import { streaming } from "../memory/subscription.js"
import type { Leaving } from "../memory/wait.js"
import { handOver } from "../memory/wait.js"
import type { Pattern } from "../pattern/pattern.js"
import { compile } from "../pattern/pattern.js"
import type { Term } from "../pattern/term.js"
import * as Process from "../process.js"
import type { Values } from "../values.js"
import { encodePattern } from "./patterns.js"
import * as Protocol from "./protocol.js"

const TypeId = Symbol.for("@effect-linda/core/TupleSpace")

/** The number of the request, and what it has come to. */
type Reply = readonly [id: number, ...values: ReadonlyArray<any>]

/** An operation that was asked for. */
interface Pending {
  readonly resume: (reply: Exit.Exit<Reply, any>) => void
  /** Whether the server holds something for us when it is done. */
  readonly takes: boolean
  /** Answers what the server asks about it. */
  readonly answer: ((number: number, subject: any) => unknown) | undefined
  /** What an answer ended with that was none. The operation ends so too, if it comes to need that answer. */
  threw: Exit.Exit<never, SpaceError> | undefined
}

/** What was taken and is held for us, until we say what has become of it. */
interface Held {
  readonly id: number
  readonly value: any
  /** How often its use has failed before. */
  readonly attempts: number
}

/** What `replace` has found cannot be decoded. */
class Unread {
  constructor(readonly error: SpaceError) {}
}

/** What is sent for patterns, and what their predicates answer. */
interface Asked {
  readonly wires: ReadonlyArray<unknown>
  readonly terms: ReadonlyArray<Term>
}

/** The option `failures` as data that crosses. */
const plain = (failures: EvalOptions["failures"]): unknown =>
  typeof failures === "object"
    ? {
      ttl: failures.ttl === undefined ? undefined : millis("failures.ttl", failures.ttl),
      limit: failures.limit
    }
    : failures

/** How operations on a space end that is closed (S12). */
const interrupted = Exit.interrupt(FiberId.none)

const lost = (message: string, reason: SpaceError["reason"] = "Unavailable") => new SpaceError({ reason, message })

/** Connects; what is behind it ends with the scope. */
export const connect = (link: Link, values: Values): Effect.Effect<TupleSpace<any, SpaceError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    /** The process that a fiber works for, by the number of the request that started it. */
    const current = FiberRef.unsafeMake<number | undefined>(undefined)
    /** What comes before the numbers of processes, so that their names are theirs alone. */
    const origin = yield* Random.nextInt
    const processes = yield* Process.group
    const pending = new Map<number, Pending>()
    const running = new Map<number, Fiber.RuntimeFiber<any, any>>()
    /** Processes that the space has, and that do not run here yet; those that are to end then. */
    const starting = new Map<number, boolean>()
    const leaving: Leaving = new Map()
    let ids = 0
    /** How every operation ends once there is nobody at the other end. */
    let over: Exit.Exit<never, SpaceError> | undefined = undefined

    const outbox = new Protocol.Outbox(link, ([kind, id], cause) => {
      if (kind === Protocol.Request) {
        complete(
          id,
          Exit.fail(new SpaceError({ reason: "InvalidTuple", message: `it cannot leave its thread: ${cause}` }))
        )
      }
    })
    outbox.prepare([Protocol.Hello, Protocol.version])

    const complete = (id: number, reply: Exit.Exit<Reply, any>): void => {
      const operation = pending.get(id)
      pending.delete(id)
      operation?.resume(reply)
    }

    /** Gives back what comes too late. */
    const giveBack = (id: number, { takes }: Pending, reply: Exit.Exit<unknown, unknown>): void => {
      if (takes && Exit.isSuccess(reply)) {
        outbox.send([Protocol.Settle, id, Protocol.Back])
      }
    }

    /** Nothing goes on, but for the process that ends it. */
    const end = (how: Exit.Exit<never, SpaceError>, isOwn: (id: number) => boolean = () => false): void => {
      over ??= how
      for (const id of [...pending.keys()]) {
        complete(id, over)
      }
      for (const [id, fiber] of running) {
        if (!isOwn(id)) {
          fiber.unsafeInterruptAsFork(fiber.id())
        }
      }
    }

    const answer = (id: number, question: number, number: number, subject: unknown): void => {
      const operation = pending.get(id)
      if (operation?.answer === undefined) {
        return
      }
      try {
        outbox.send([Protocol.Told, id, question, operation.answer(number, subject)])
      } catch (thrown) {
        const isUnread = thrown instanceof Unread
        const error = isUnread ? thrown.error : thrown
        // What the space refuses is a failure.
        operation.threw = isSpaceError(error) ? Exit.fail(error) : Exit.die(error)
        outbox.send([Protocol.Told, id, question, Protocol.Threw, isUnread])
      }
    }

    const receive = ([kind, id, ...rest]: Protocol.Frame): void => {
      switch (kind) {
        case Protocol.Done:
          return complete(id, Exit.succeed([id, ...rest]))
        case Protocol.Failed:
          return complete(id, Exit.failCause(values.decodeCause(rest[0])))
        case Protocol.Died:
          return complete(id, pending.get(id)?.threw ?? Exit.die(undefined))
        case Protocol.Ask:
          return answer(id, rest[0], rest[1], rest[2])
        case Protocol.Stop: {
          const fiber = running.get(id)
          fiber?.unsafeInterruptAsFork(fiber.id())
          if (starting.has(id)) {
            starting.set(id, true)
          }
          return
        }
        case Protocol.Closed:
          return end(id === undefined ? interrupted : Exit.fail(lost(id, rest[0])))
      }
    }

    yield* Effect.uninterruptible(Effect.suspend(() => {
      const stop = link.listen(
        (message) => (message as ReadonlyArray<Protocol.Frame>).forEach(receive),
        () => end(Exit.fail(lost("the link to the space has ended")))
      )
      return Effect.addFinalizer(() =>
        Effect.withFiberRuntime<void>((self) => {
          outbox.flush()
          stop()
          end(interrupted, (id) => Process.afar.get(`${origin}:${id}`)?.(self) === true)
          return Effect.void
        })
      )
    }))

    // -----------------------------------------------------------------------------------------------------------------
    // Requests
    // -----------------------------------------------------------------------------------------------------------------

    /**
     * Asks for an operation, and waits for its end: also if it is interrupted, for it may have happened by then. What has been taken for
     * a caller who does not want it any more is given back.
     */
    const request = (
      name: string,
      args: ReadonlyArray<unknown>,
      options: {
        readonly answer?: Pending["answer"]
        readonly takes?: boolean
        /** Called when it is done, which the fiber may never learn: it may be interrupted by then. */
        readonly onDone?: (id: number) => void
      } = {}
    ): Effect.Effect<Reply, any> =>
      Effect.withFiberRuntime((fiber) =>
        Effect.async<Reply, any>((resume) => {
          if (over !== undefined) {
            return resume(over)
          }
          const id = ids++
          const { answer, onDone, takes = false } = options
          const arrive: Pending["resume"] = (reply) => {
            if (Exit.isSuccess(reply)) {
              onDone?.(id)
            }
            resume(reply)
          }
          pending.set(id, { resume: arrive, takes, answer, threw: undefined })
          outbox.send([Protocol.Request, id, fiber.getFiberRef(current), name, ...args])
          return Effect.async<void>((ended) => {
            const operation = pending.get(id)
            if (operation === undefined) {
              return ended(Effect.void)
            }
            outbox.send([Protocol.Interrupt, id])
            const resume: Pending["resume"] = (reply) => {
              giveBack(id, operation, reply)
              ended(Effect.void)
            }
            pending.set(id, { ...operation, resume })
          })
        })
      )

    /** An operation that takes: its tuples are held for it, until we say what has become of them. */
    const holding = (
      restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
      name: string,
      args: ReadonlyArray<unknown>,
      answer?: Pending["answer"]
    ): Effect.Effect<Held, any> =>
      Effect.withFiberRuntime((fiber) => {
        leaving.get(fiber)?.()
        let held: number | undefined
        const options = {
          takes: true,
          answer,
          onDone: (id: number) => {
            held = id
          }
        }
        return Effect.matchCauseEffect(restore(request(name, args, options)), {
          onSuccess: ([id, value, attempts]) => Effect.succeed<Held>({ id, value, attempts }),
          onFailure: (cause) => {
            if (held !== undefined) {
              outbox.send([Protocol.Settle, held, Protocol.Back])
            }
            return Effect.failCause(cause)
          }
        })
      })

    const settle = ({ id }: Held, how: number, letter?: unknown): void =>
      outbox.send(letter === undefined ? [Protocol.Settle, id, how] : [Protocol.Settle, id, how, letter])

    /** Decodes what is held. If that fails, all is back, and it is an attempt of those that cannot be decoded. */
    const decoded = (held: Held, wires: ReadonlyArray<any>): Effect.Effect<Array<Tuple>, SpaceError> =>
      Effect.suspend(() => {
        const all: Array<Tuple> = []
        const unread: Array<number> = []
        let refusal: SpaceError | undefined
        wires.forEach((wire, index) => {
          try {
            all.push(tuple(wire))
          } catch (error) {
            unread.push(index)
            refusal ??= error as SpaceError
          }
        })
        if (refusal === undefined) {
          return Effect.succeed(all)
        }
        outbox.send([Protocol.Settle, held.id, Protocol.FailedBack, undefined, unread])
        return Effect.fail(refusal)
      })

    /** Takes for good: tuples, `wiresOf` what has come. */
    const taking = <A>(
      name: string,
      args: ReadonlyArray<unknown>,
      wiresOf: (value: any) => ReadonlyArray<unknown>,
      result: (tuples: Array<Tuple>, value: any) => A,
      answer?: Pending["answer"]
    ): Effect.Effect<A, any> =>
      handOver(
        leaving,
        (restore) =>
          Effect.flatMap(holding(restore, name, args, answer), (held) =>
            Effect.map(decoded(held, wiresOf(held.value)), (tuples) => ({ held, tuples }))),
        ({ held, tuples }) => {
          settle(held, Protocol.Taken)
          return result(tuples, held.value)
        },
        ({ held }) =>
          settle(held, Protocol.Back)
      )

    /** What has come, decoded: a failure, if it cannot be. */
    const reads = <A>(reply: Effect.Effect<Reply, any>, decode: (value: any) => A): Effect.Effect<A, any> =>
      Effect.flatMap(reply, ([, value]) => failing(() => Effect.succeed(decode(value))))

    // -----------------------------------------------------------------------------------------------------------------
    // Patterns
    // -----------------------------------------------------------------------------------------------------------------

    const encode = (patterns: ReadonlyArray<Pattern>): Asked => {
      const terms: Array<Term> = []
      const wires = patterns.map((pattern) => encodePattern(pattern, values, (term) => terms.push(term) - 1))
      return { wires, terms }
    }

    /** Asks about nothing: what has code in it is left to be looked at here. */
    const widened = (pattern: Pattern): readonly [wire: unknown, isWider: boolean] => {
      let isWider = false
      const wire = encodePattern(pattern, values, () => {
        isWider = true
        return "any"
      })
      return [wire, isWider]
    }

    const answerFor = ({ terms }: Asked): Pending["answer"] =>
      terms.length === 0 ? undefined : (number, subject) => {
        const value = values.decodeError(subject)
        // What cannot be decoded matches nothing that has code in it.
        return !(value instanceof Undecoded) && terms[number]!.test(value)
      }

    const asks = ({ terms }: Asked): boolean => terms.length > 0

    const tuple = (wire: unknown): Tuple => values.decodeTuple(wire)
    const tuples = (wires: ReadonlyArray<unknown>): Array<Tuple> => wires.map(tuple)

    const encodeTuple = (input: unknown): unknown => values.encodeTuple(own(input))

    // -----------------------------------------------------------------------------------------------------------------
    // The operations
    // -----------------------------------------------------------------------------------------------------------------

    const out = (input: Tuple, options?: OutOptions) =>
      failing(() => {
        const wire = encodeTuple(input)
        if (options === undefined) {
          return Effect.asVoid(request("out", [wire]))
        }
        const ttl = ttlOf(options)
        return Effect.map(request("out", [wire, ttl]), ([id]) => ({
          renew: (ttl: any) =>
            failing(() => Effect.map(request("renew", [id, millis("ttl", ttl)]), ([, renewed]) => renewed)),
          cancel: Effect.map(request("cancel", [id]), ([, cancelled]) => cancelled)
        }))
      })

    const outAll = (input: Iterable<Tuple>) =>
      failing(() => Effect.asVoid(request("outAll", [ownAll(input).map((tuple) => values.encodeTuple(tuple))])))

    const outFitting: PutFitting = (input) =>
      failing(() => Effect.map(request("outFitting", [input.map(encodeTuple)]), ([, arrived]) => arrived))

    type Wait = "in" | "rd" | "inAny" | "rdAny" | "inAll"

    const waiting = <A>(
      kind: Wait,
      patterns: ReadonlyArray<Pattern>,
      options: WaitOptions | undefined,
      wiresOf: (value: any) => ReadonlyArray<unknown>,
      result: (tuples: Array<Tuple>, value: any) => A
    ): Effect.Effect<A, any> => {
      const asked = encode(patterns)
      const args = [kind, asked.wires, asks(asked), timeoutOf(options)]
      const answer = answerFor(asked)
      return kind.startsWith("in")
        ? taking("wait", args, wiresOf, result, answer)
        : reads(request("wait", args, { answer }), (value) => result(tuples(wiresOf(value)), value))
    }

    const itself = (wire: unknown) => [wire]
    const all = (wires: ReadonlyArray<unknown>) => wires

    const wait = (kind: "in" | "rd") => (pattern: unknown, options?: WaitOptions) =>
      failing(() => waiting(kind, [compile(pattern)], options, itself, ([tuple]) => tuple))

    const waitAny = (kind: "inAny" | "rdAny") => (input: unknown, options?: WaitOptions) =>
      failing(() => {
        const { keys, patterns } = alternatives(input)
        return waiting(kind, patterns, options, ([, wire]) => [wire], ([tuple], [index]) =>
          keys === undefined ? { index, tuple } : { key: keys[index], tuple })
      })

    const inAll = (input: unknown, options?: WaitOptions) =>
      failing(() => {
        const { keys, patterns } = several(input)
        return waiting("inAll", patterns, options, all, (tuples) =>
          keys === undefined
            ? tuples
            : Object.fromEntries(keys.map((key, index) => [key, tuples[index]])))
      })

    const takeNow = <A>(name: string, pattern: unknown, limit: number, result: (tuples: Array<Tuple>) => A) =>
      failing(() => {
        const asked = encode([compile(pattern)])
        const args = [asked.wires[0], asks(asked), name, limit]
        return taking("take", args, all, result, answerFor(asked))
      })

    /** The answer of an operation that finds one tuple or none. */
    const maybe = (reply: Effect.Effect<Reply, any>): Effect.Effect<Option.Option<Tuple>, any> =>
      reads(Effect.map(reply, ([id, ...wires]): Reply => [id, wires]), (wires) => Option.fromIterable(tuples(wires)))

    const rdp = (pattern: unknown) =>
      failing(() => {
        const asked = encode([compile(pattern)])
        return maybe(request("rdp", [asked.wires[0], asks(asked)], { answer: answerFor(asked) }))
      })

    const copies = (compiled: Pattern): Effect.Effect<Array<Tuple>, any> => {
      const [wire, isWider] = widened(compiled)
      return reads(request("copyCollect", [wire]), (wires) => isWider ? admitted(wires, compiled) : tuples(wires))
    }

    /** Of what a wider pattern has found, what is meant. No code matches what cannot be decoded. */
    const admitted = (wires: ReadonlyArray<unknown>, pattern: Pattern): Array<Tuple> =>
      wires.flatMap((wire) => {
        let read: Tuple
        try {
          read = tuple(wire)
        } catch {
          return []
        }
        return pattern.matches(read) ? [read] : []
      })

    const copyCollect = (pattern: unknown) => failing(() => copies(compile(pattern)))

    const count = (pattern: unknown) =>
      failing(() => {
        const compiled = compile(pattern)
        const [wire, isWider] = widened(compiled)
        return isWider
          ? Effect.map(copies(compiled), ({ length }) => length)
          : Effect.map(request("count", [wire]), ([, count]) => count)
      })

    const move = (takes: boolean) => (pattern: unknown, other: Destination<any, any>) =>
      failing(() => {
        const compiled = compile(pattern)
        checkDestination(other)
        if (!takes) {
          return Effect.map(Effect.flatMap(copies(compiled), (all) => putFitting(other, all)), ({ length }) => length)
        }
        const asked = encode([compiled])
        return Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(
            holding(restore, "take", [asked.wires[0], asks(asked), "collectInto", Infinity], answerFor(asked)),
            (held) => {
              return Effect.flatMap(decoded(held, held.value), (all) =>
                moveHeld(other, all, restore, (arrived) =>
                  Effect.sync(() =>
                    arrived.length === 0
                      ? settle(held, Protocol.Back)
                      : arrived.length === all.length
                      ? settle(held, Protocol.Taken)
                      : settle(held, Protocol.Some, arrived)
                  )))
            }
          )
        )
      })

    const outIfAbsent = (pattern: unknown, input: Tuple) =>
      failing(() => {
        const asked = encode([compile(pattern)])
        return maybe(
          request("outIfAbsent", [asked.wires[0], asks(asked), encodeTuple(input)], { answer: answerFor(asked) })
        )
      })

    const subjectOf = (wire: unknown): Tuple => {
      try {
        return tuple(wire)
      } catch (error) {
        throw new Unread(error as SpaceError)
      }
    }

    const replace = (pattern: unknown, f: (tuple: Tuple) => Tuple) =>
      failing(() => {
        const asked = encode([compile(pattern)])
        callable("f", f)
        const predicates = answerFor(asked)
        const answer = (number: number, subject: any) =>
          number < 0 ? encodeTuple(f(subjectOf(subject))) : predicates!(number, subject)
        return maybe(request("replace", [asked.wires[0]], { answer }))
      })

    // -----------------------------------------------------------------------------------------------------------------
    // Holds
    // -----------------------------------------------------------------------------------------------------------------

    const hold = <A, E, R>(
      name: "inWith" | "inScoped" | "withPermit",
      pattern: unknown,
      options: unknown,
      use: (
        held: Held,
        tuple: Tuple,
        options: Holding,
        restore: <A1, E1, R1>(effect: Effect.Effect<A1, E1, R1>) => Effect.Effect<A1, E1, R1>
      ) => Effect.Effect<A, E, R>
    ): Effect.Effect<A, any, R> =>
      failing(() => {
        const asked = encode([compile(pattern)])
        const read = holdingOf(name, options)
        const args = [name === "withPermit" ? name : "in", asked.wires, asks(asked), read.timeout, name]
        return Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(
            holding(restore, "wait", args, answerFor(asked)),
            (held): Effect.Effect<A, E | SpaceError, R> => {
              let decoded: Tuple
              try {
                decoded = tuple(held.value)
              } catch (error) {
                return refused(held, read, error as SpaceError)
              }
              return use(held, decoded, read, restore)
            }
          )
        )
      })

    /** Ends a hold of what cannot be decoded, as if a use had failed on it. */
    const refused = (
      held: Held,
      options: Holding,
      error: SpaceError
    ): Effect.Effect<never, SpaceError> => {
      const cause = Cause.fail(error)
      return Effect.zipRight(
        Effect.catchAllCause(
          release(held, values.decodeRaw(held.value), options)(Exit.failCause(cause)),
          (other) => Effect.failCause(Cause.sequential(cause, other))
        ),
        Effect.failCause(cause)
      )
    }

    /** Ends a hold as its use has ended. */
    const release =
      (held: Held, tuple: Tuple, options: Holding) =>
      (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void, SpaceError> =>
        Effect.suspend((): Effect.Effect<void, SpaceError> => {
          if (Exit.isSuccess(exit)) {
            settle(held, Protocol.Taken)
            return Effect.void
          }
          const back = options.requeue === "back"
          if (Cause.isInterruptedOnly(exit.cause)) {
            settle(held, back ? Protocol.BehindAll : Protocol.Back)
          } else if (held.attempts + 1 < options.maxAttempts) {
            settle(held, back ? Protocol.FailedBehindAll : Protocol.FailedBack)
          } else {
            try {
              const letter = options.deadLetter?.(tuple, exit.cause)
              settle(held, Protocol.Dead, letter && encodeTuple(letter))
            } catch (error) {
              settle(held, Protocol.FailedBack)
              return isSpaceError(error) ? Effect.fail(error) : Effect.die(error)
            }
          }
          return Effect.void
        })

    const inWith = <A, E, R>(
      pattern: unknown,
      use: (tuple: any) => Effect.Effect<A, E, R>,
      options?: unknown
    ) =>
      failing(() => {
        callable("use", use)
        return hold(
          "inWith",
          pattern,
          options,
          (held, tuple, options, restore) =>
            Effect.flatMap(Effect.exit(restore(Effect.suspend(() => use(tuple)))), (exit) =>
              Effect.matchCauseEffect(release(held, tuple, options)(exit), {
                onSuccess: () =>
                  exit,
                onFailure: (cause): Effect.Effect<never, E | SpaceError> =>
                  Exit.isSuccess(exit) ? Effect.failCause(cause) : Effect.failCause(Cause.sequential(exit.cause, cause))
              }))
        )
      })

    const withPermit = <A, E, R>(
      pattern: unknown,
      use: (tuple: any) => Effect.Effect<A, E, R>,
      options?: unknown
    ) =>
      failing(() => {
        callable("use", use)
        return hold("withPermit", pattern, options, (held, tuple, options, restore) =>
          Effect.ensuring(
            restore(Effect.suspend(() => use(tuple))),
            Effect.sync(() => settle(held, options.requeue === "back" ? Protocol.BehindAll : Protocol.Back))
          ))
      })

    const inScoped = (pattern: unknown, options?: unknown) =>
      hold(
        "inScoped",
        pattern,
        options,
        (held, tuple, options) =>
          Effect.as(Effect.addFinalizer((exit) => Effect.orDie(release(held, tuple, options)(exit))), tuple)
      )

    // -----------------------------------------------------------------------------------------------------------------
    // Streams
    // -----------------------------------------------------------------------------------------------------------------

    const opening = (kind: "stream" | "subscribe", pattern: unknown, options: any) =>
      failing(() => {
        const compiled = compile(pattern)
        const { capacity, events, strategy } = mailboxOf(options)
        const [wire, isWider] = widened(compiled)
        const read = (wire: unknown): Array<Tuple> => isWider ? admitted([wire], compiled) : [tuple(wire)]
        const chunkOf = (wires: ReadonlyArray<any>): Array<unknown> =>
          kind === "stream" ?
            wires.flatMap(read) :
            wires.flatMap((event) =>
              event._tag === "Missed" ? [event] : read(event.tuple).map((tuple) => ({ ...event, tuple }))
            )
        const opened = Effect.acquireRelease(
          Effect.map(request("open", [kind, wire, { capacity, strategy, events }]), ([id]) => id),
          // Over a link that has ended a request is interrupted; that is no reason for the scope to end so.
          (id) => Effect.exit(request("close", [id]))
        )
        return Effect.map(
          opened,
          (id) =>
            Stream.repeatEffectChunkOption(Effect.matchCauseEffect(request("pull", [id]), {
              onSuccess: ([, wires]) =>
                wires === undefined
                  ? Effect.fail(Option.none<SpaceError>())
                  : Effect.mapError(
                    failing(() => Effect.succeed(Chunk.fromIterable(chunkOf(wires)))),
                    Option.some
                  ),
              // The stream of a space that was closed ends.
              onFailure: (cause) =>
                Cause.isInterruptedOnly(cause)
                  ? Effect.fail(Option.none<SpaceError>())
                  : Effect.failCause(Cause.map(cause, Option.some))
            }))
        )
      })

    const reading = (kind: "stream" | "subscribe") => (pattern: unknown, options?: any) => {
      const opened = opening(kind, pattern, options)
      return streaming(options, opened, identity, refusing)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Processes
    // -----------------------------------------------------------------------------------------------------------------

    const onDone = (id: number): void => void starting.set(id, false)

    /** The space keeps a process that stands for this one; it ends when this one has. */
    const start = <A, E, R>(effect: Effect.Effect<A, E, R>, options?: EvalOptions) =>
      failing(() => {
        runnable("effect", effect)
        failuresOf(options)
        return startAs(effect, [processNameOf(options), plain(options?.failures)])
      })

    const startAs = <A, E, R>(effect: Effect.Effect<A, E, R>, given: ReadonlyArray<unknown>) =>
      Effect.uninterruptible(
        Effect.flatMap(request("eval", [...given, origin], { onDone }), ([id, number, name]) => {
          let joiners = 0
          const body = Effect.onExit(Effect.interruptible(effect), (exit) => {
            running.delete(id)
            return Effect.ignore(
              request("ended", [id, Exit.isFailure(exit) ? values.encodeCause(exit.cause) : undefined, joiners > 0])
            )
          })
          const [started, follow] = Process.following()
          const process = follow(Effect.locally(body, current, id))
          return Effect.map(processes.fork(process, started), (fiber) => {
            const known = `${origin}:${id}`
            Process.afar.set(known, (other) => Object.is(other, fiber) || started.has(other))
            fiber.addObserver(() => Process.afar.delete(known))
            const isToStop = starting.get(id) === true || over !== undefined
            starting.delete(id)
            if (fiber.unsafePoll() === null) {
              running.set(id, fiber)
            }
            if (isToStop) {
              fiber.unsafeInterruptAsFork(fiber.id())
            }
            const join = Process.joining(fiber, () => {
              joiners++
              const exit = fiber.unsafePoll()
              if (exit !== null && Exit.isFailure(exit) && over === undefined) {
                outbox.send([Protocol.Joined, id])
              }
            }, () => {
              joiners--
            })
            return { id: number as number, name: name as string, fiber, ...Process.handles(name, fiber, join) }
          })
        })
      )

    const startTuple = (fields: Tuple, options?: EvalOptions) =>
      failing(() => {
        const evaluated = Effect.all(own(fields).map((field) => Process.evaluate(field)), { concurrency: "unbounded" })
        return start(Effect.tap(evaluated, (tuple) => out(tuple as unknown as Tuple)), options)
      })

    const explain = (pattern: unknown) =>
      failing(() => Effect.map(request("explain", [widened(compile(pattern))[0]]), ([, explanation]) => explanation))

    return {
      [TypeId]: { _T: (_: any) => _, _E: (_: never) => _ },
      name: "remote",
      out,
      outAll,
      ...destination(outFitting),
      in: wait("in"),
      rd: wait("rd"),
      inp: (pattern: unknown) => takeNow("inp", pattern, 1, Option.fromIterable),
      rdp,
      inWith,
      inScoped,
      withPermit,
      inAny: waitAny("inAny"),
      rdAny: waitAny("rdAny"),
      inAll,
      collect: (pattern: unknown) => takeNow("collect", pattern, Infinity, (all) => all),
      copyCollect,
      collectInto: move(true),
      copyCollectInto: move(false),
      inUpTo: (pattern: unknown, n: number) => failing(() => takeNow("inUpTo", pattern, limitOf(n), (all) => all)),
      count,
      outIfAbsent,
      replace,
      subscribe: reading("subscribe"),
      stream: reading("stream"),
      eval: start,
      evalTuple: startTuple,
      inspect: Effect.map(request("inspect", []), ([, inspection]) => inspection),
      explain,
      awaitQuiescent: Effect.map(request("awaitQuiescent", []), ([, report]) => report),
      transact: () =>
        Effect.fail(
          new SpaceError({
            reason: "Unsupported",
            message: "transact runs STM, which is in the memory of the space: only a process that is a fiber there can"
          })
        )
    } as unknown as TupleSpace<any, SpaceError>
  })
