/**
 * The end of a link at which the space is not: the same service, by messages.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Link } from "../../Remote.js"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { TupleSpace } from "../../TupleSpace.js"
import { Undecoded } from "../../Undecoded.js"
import type { Holding } from "../arguments.js"
import { failing, failuresFor, own, refusing, unsupported } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import type { PutFitting } from "../destination.js"
import { moves } from "../destination.js"
import type { Restore } from "../handOver.js"
import * as Hold from "../hold.js"
import { looks } from "../keeping.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Term } from "../pattern/term.js"
import * as Process from "../process.js"
import type { AnyFiber } from "../runtime.js"
import {
  callback,
  exitOf,
  following,
  interrupted,
  interruptLater,
  isOver,
  locally,
  localOf,
  makeLocal,
  millisOf,
  onEnd,
  withFiber
} from "../runtime.js"
import { assemble } from "../space.js"
import type { Values } from "../values.js"
import type { Leased, Starting, Verbs } from "../verbs.js"
import { untilGone } from "../verbs.js"
import { encodePattern } from "./patterns.js"
import * as Protocol from "./protocol.js"

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
interface Taken {
  readonly id: number
  readonly value: any
  /** How often its use has failed before. */
  readonly attempts: number
  /** Why the server cannot decode it, which it gives as it is. */
  readonly unread: SpaceError | undefined
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

const lost = (message: string, reason: SpaceError["reason"] = "Unavailable") => new SpaceError({ reason, message })

const cutOff = lost(
  "the link to the space ended during the use, and the hold with it: somebody else may have the tuple"
)

/** Connects; what is behind it ends with the scope. */
export const connect = (link: Link, values: Values): Effect.Effect<TupleSpace<any, SpaceError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    /** The process that a fiber works for, by the number of the request that started it. */
    const current = makeLocal<number | undefined>(undefined)
    /** What comes before the numbers of processes, so that their names are theirs alone. */
    const origin = yield* Random.nextInt
    const processes = yield* Process.group
    const clock = yield* Effect.clock
    const pending = new Map<number, Pending>()
    const running = new Map<number, AnyFiber>()
    /** Processes that the space has, and that do not run here yet; those that are to end then. */
    const starting = new Map<number, boolean>()
    let ids = 0
    /** How every operation ends once there is nobody at the other end. */
    let over: Exit.Exit<never, SpaceError> | undefined = undefined
    /** Our scope is closed, maybe after the link was lost. */
    let isClosed = false

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
        outbox.send([Protocol.Unwanted, id])
      }
    }

    /** Nothing goes on, but for the process that ends it. */
    const stop = (how: Exit.Exit<never, SpaceError>, isOwn: (id: number) => boolean = () => false): void => {
      over ??= how
      for (const id of [...pending.keys()]) {
        complete(id, over)
      }
      for (const [id, fiber] of running) {
        if (!isOwn(id)) {
          interruptLater(fiber)
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
          if (fiber !== undefined) {
            interruptLater(fiber)
          }
          if (starting.has(id)) {
            starting.set(id, true)
          }
          return
        }
        case Protocol.Closed:
          return stop(id === undefined ? interrupted : Exit.fail(lost(id, rest[0])))
      }
    }

    yield* Effect.uninterruptible(Effect.suspend(() => {
      const unlisten = link.listen(
        (message) => (message as ReadonlyArray<Protocol.Frame>).forEach(receive),
        () => stop(Exit.fail(lost("the link to the space has ended")))
      )
      return Effect.addFinalizer(() =>
        withFiber<void>((self) => {
          outbox.flush()
          unlisten()
          isClosed = true
          stop(interrupted, (id) => Process.afar.get(`${origin}:${id}`)?.(self) === true)
          return Effect.void
        })
      )
    }))

    // -----------------------------------------------------------------------------------------------------------------
    // Requests
    // -----------------------------------------------------------------------------------------------------------------

    /**
     * Asks for an operation, and waits for its end: also if it is interrupted, for it may have happened by then. What
     * has been taken for a caller who does not want it any more is given back.
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
      withFiber((fiber) =>
        callback<Reply, any>((resume) => {
          if (over !== undefined) {
            return resume(isClosed ? interrupted : over)
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
          outbox.send([Protocol.Request, id, localOf(fiber, current), name, ...args])
          return callback<void>((ended) => {
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
      restore: Restore,
      name: string,
      args: ReadonlyArray<unknown>,
      answer?: Pending["answer"]
    ): Effect.Effect<Taken, any> =>
      Effect.suspend(() => {
        let held: number | undefined
        const options = {
          takes: true,
          answer,
          onDone: (id: number) => {
            held = id
          }
        }
        return Effect.matchCauseEffect(restore(request(name, args, options)), {
          onSuccess: ([id, value, attempts, unread]) =>
            Effect.succeed<Taken>({
              id,
              value,
              attempts,
              unread: unread === undefined ? undefined : values.decodeError(unread) as SpaceError
            }),
          onFailure: (cause) => {
            if (held !== undefined) {
              outbox.send([Protocol.Unwanted, held])
            }
            return Effect.failCause(cause)
          }
        })
      })

    /** Ends a hold, and waits until it has ended so. */
    const end = (
      { id }: Taken,
      how: Hold.Ending["how"],
      failed: boolean,
      letter: unknown,
      those: ReadonlyArray<number> | undefined
    ): Effect.Effect<void, SpaceError> =>
      Effect.flatMap(
        Effect.exit(request("end", [id, how, failed, letter, those])),
        // Nobody else has what was held of a closed space (S12).
        (exit) =>
          over === undefined ? Effect.asVoid(exit) : Exit.isInterrupted(over) ? Effect.void : Effect.fail(cutOff)
      )

    /** Decodes what is held. If that fails, all is back, and it is an attempt of those that cannot be decoded. */
    const decoded = (taken: Taken, wires: ReadonlyArray<any>): Effect.Effect<Array<Tuple>, SpaceError> =>
      Effect.suspend(() => {
        const all: Array<Tuple> = []
        const unread: Array<number> = []
        let refusal = taken.unread
        for (const [index, read] of wires.map(readable).entries()) {
          if (Either.isRight(read)) {
            all.push(read.right)
          } else {
            unread.push(index)
            refusal ??= read.left
          }
        }
        return refusal === undefined
          ? Effect.succeed(all)
          : Effect.zipRight(
            Effect.ignore(end(taken, "place", true, undefined, taken.unread === undefined ? unread : undefined)),
            Effect.fail(refusal)
          )
      })

    /** What has come, decoded: a failure, if it cannot be. */
    const reads = <A>(reply: Effect.Effect<Reply, any>, decode: (value: any) => A): Effect.Effect<A, any> =>
      Effect.flatMap(reply, ([, value]) => failing(() => Effect.succeed(decode(value))))

    // -----------------------------------------------------------------------------------------------------------------
    // Patterns
    // -----------------------------------------------------------------------------------------------------------------

    const encode = (patterns: ReadonlyArray<Pattern>): Asked => {
      const terms: Array<Term> = []
      /** The same code is asked about once. */
      const numbers = new Map<unknown, number>()
      const numberOf = (term: Term): number => {
        const { code = term } = term
        const known = numbers.get(code)
        if (known !== undefined && terms[known]!.text() === term.text()) {
          return known
        }
        const number = terms.push(term) - 1
        numbers.set(code, number)
        return number
      }
      const wires = patterns.map((pattern) => encodePattern(pattern, values, numberOf))
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
    const readable = (wire: unknown): Either.Either<Tuple, SpaceError> =>
      Either.try({ try: () => tuple(wire), catch: (error) => error as SpaceError })
    const tuples = (wires: ReadonlyArray<unknown>): Array<Tuple> => wires.map(tuple)

    const encodeTuple = (tuple: Tuple): unknown => values.encodeTuple(tuple)

    // -----------------------------------------------------------------------------------------------------------------
    // The operations
    // -----------------------------------------------------------------------------------------------------------------

    const out = (tuple: Tuple): Effect.Effect<void, any> => Effect.asVoid(request("out", [encodeTuple(tuple)]))

    const outLeased = (tuple: Tuple, ttl: number): Effect.Effect<Leased<SpaceError>, any> =>
      Effect.map(request("out", [encodeTuple(tuple), ttl]), ([id]) =>
        untilGone(
          () => millisOf(clock),
          ttl,
          (ttl) => Effect.map(request("renew", ttl < 0 ? [id] : [id, ttl]), ([, was]): boolean => was)
        ))

    const outAll = (tuples: ReadonlyArray<Tuple>): Effect.Effect<void, any> =>
      Effect.asVoid(request("outAll", [tuples.map(encodeTuple)]))

    const outFitting: PutFitting = (tuples) =>
      failing(() =>
        Effect.map(request("outFitting", [tuples.map((tuple) => encodeTuple(own(tuple)))]), ([, arrived]) => arrived)
      )

    /** Waits for a tuple to read. */
    const reading = <A>(
      name: "rd" | "rdAny",
      patterns: ReadonlyArray<Pattern>,
      timeout: number,
      result: (value: any) => A
    ): Effect.Effect<A, any> => {
      const asked = encode(patterns)
      return reads(request("read", [name, asked.wires, asks(asked), timeout], { answer: answerFor(asked) }), result)
    }

    /** The answer of an operation that finds one tuple or none. */
    const maybe = (reply: Effect.Effect<Reply, any>): Effect.Effect<Option.Option<Tuple>, any> =>
      reads(Effect.map(reply, ([id, ...wires]): Reply => [id, wires]), (wires) => Option.fromIterable(tuples(wires)))

    const rdp = (pattern: Pattern) => {
      const asked = encode([pattern])
      return maybe(request("rdp", [asked.wires[0], asks(asked)], { answer: answerFor(asked) }))
    }

    const copies = (pattern: Pattern): Effect.Effect<Array<Tuple>, any> => {
      const [wire, isWider] = widened(pattern)
      return reads(request("copyCollect", [wire]), (wires) => isWider ? admitted(wires, pattern) : tuples(wires))
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

    const count = (pattern: Pattern): Effect.Effect<number, any> => {
      const [wire, isWider] = widened(pattern)
      return isWider
        ? Effect.map(copies(pattern), ({ length }) => length)
        : Effect.map(request("count", [wire]), ([, count]) => count)
    }

    const outIfAbsent: Verbs<SpaceError>["outIfAbsent"] = (pattern, tuple) => {
      const asked = encode([pattern])
      const args = [asked.wires[0], asks(asked), encodeTuple(tuple)]
      return maybe(request("outIfAbsent", args, { answer: answerFor(asked) }))
    }

    const subjectOf = (wire: unknown): Tuple => {
      try {
        return tuple(wire)
      } catch (error) {
        throw new Unread(error as SpaceError)
      }
    }

    const replace: Verbs<SpaceError>["replace"] = (pattern, f) => {
      const asked = encode([pattern])
      const predicates = answerFor(asked)
      const answer = (number: number, subject: any) =>
        number < 0 ? encodeTuple(f(subjectOf(subject))) : predicates!(number, subject)
      return maybe(request("replace", [asked.wires[0]], { answer }))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Holds
    // -----------------------------------------------------------------------------------------------------------------

    const heldBy = (taken: Taken, tuples: ReadonlyArray<Tuple>, index = 0): Hold.Held<SpaceError> => ({
      tuples,
      index,
      attempts: taken.attempts,
      isOver: () => false,
      keep: () => outbox.send([Protocol.Kept, taken.id]),
      giveBack: () => outbox.send([Protocol.Unwanted, taken.id]),
      end: (ending, those) =>
        Effect.suspend(() => {
          const letter = ending.how === "dead" && ending.letter !== undefined ? encodeTuple(ending.letter) : undefined
          return end(taken, ending.how, "failed" in ending && ending.failed, letter, those)
        })
    })

    const wiresOf = (name: Hold.TakingFirst["name"], value: any): ReadonlyArray<unknown> =>
      name === "inAll" ? value : name === "inAny" ? [value[1]] : [value]

    const take: Hold.Take<SpaceError> = (taking, use) => {
      const { isFinal, name, options, patterns, timeout } = taking
      const asked = encode(patterns)
      return Hold.uninterruptibly(taking, (restore) =>
        Effect.flatMap(
          holding(restore, "take", [name, asked.wires, asks(asked), timeout, isFinal], answerFor(asked)),
          (taken) => {
            const wires = wiresOf(name, taken.value)
            return options === undefined
              ? Effect.flatMap(decoded(taken, wires), (tuples) =>
                use(heldBy(taken, tuples, name === "inAny" ? taken.value[0] : 0), restore))
              : usingOne(taken, wires[0], options, (tuple) =>
                use(heldBy(taken, [tuple]), restore))
          }
        ))
    }

    /** What cannot be decoded is as what a use has failed on. */
    const usingOne = <A, E, R>(
      taken: Taken,
      wire: unknown,
      options: Holding,
      use: (tuple: Tuple) => Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | SpaceError, R> => {
      const read = taken.unread === undefined ? readable(wire) : Either.left(taken.unread)
      if (Either.isRight(read)) {
        return use(read.right)
      }
      const cause = Cause.fail(read.left)
      const release = Hold.release(heldBy(taken, [values.decodeRaw(wire as ReadonlyArray<unknown>)]), options, refusing)
      return Effect.zipRight(
        Effect.catchAllCause(
          release(Exit.failCause(cause)),
          (other) => Effect.failCause(Cause.sequential(cause, other))
        ),
        Effect.failCause(cause)
      )
    }

    const takeNow: Hold.TakeNow<SpaceError> = (taking, use) => {
      const { isFinal, limit, name, pattern } = taking
      const asked = encode([pattern])
      return Hold.uninterruptibly(taking, (restore) =>
        Effect.flatMap(
          holding(restore, "takeNow", [name, asked.wires[0], asks(asked), limit, isFinal], answerFor(asked)),
          (taken) => Effect.flatMap(decoded(taken, taken.value), (tuples) => use(heldBy(taken, tuples), restore))
        ))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Streams
    // -----------------------------------------------------------------------------------------------------------------

    const watch: Verbs<SpaceError>["watch"] = (kind, pattern, { capacity, events, strategy }) => {
      const [wire, isWider] = widened(pattern)
      const read = (wire: unknown): Array<Tuple> => isWider ? admitted([wire], pattern) : [tuple(wire)]
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
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Processes
    // -----------------------------------------------------------------------------------------------------------------

    const onDone = (id: number): void => void starting.set(id, false)

    /** The space keeps a process that stands for this one; it ends when this one has. */
    const start = <A, E, R>(
      effect: Effect.Effect<A, E, R>,
      { failures, name }: Starting
    ) =>
      Effect.uninterruptible(
        Effect.flatMap(
          request("eval", [name, failuresFor(failures), origin], { onDone }),
          ([id, number, name, isToEnd]) => {
            let joiners = 0
            const body = Effect.onExit(Effect.interruptible(effect), (exit) => {
              running.delete(id)
              return Effect.ignore(
                request("ended", [id, Exit.isFailure(exit) ? values.encodeCause(exit.cause) : undefined, joiners > 0])
              )
            })
            const [started, follow] = following()
            const process = follow(locally(body, current, id))
            return Effect.map(processes.fork(process, started), (fiber) => {
              const known = `${origin}:${id}`
              Process.afar.set(known, (other) => Object.is(other, fiber) || started.has(other))
              onEnd(fiber, () => Process.afar.delete(known))
              const isToStop = isToEnd || starting.get(id) === true || over !== undefined
              starting.delete(id)
              if (!isOver(fiber)) {
                running.set(id, fiber)
              }
              if (isToStop) {
                interruptLater(fiber)
              }
              const join = Process.joining(fiber, () => {
                joiners++
                const exit = exitOf(fiber)
                if (exit !== null && Exit.isFailure(exit) && over === undefined) {
                  outbox.send([Protocol.Joined, id])
                }
              }, () => {
                joiners--
              })
              return { id: number as number, name: name as string, fiber, ...Process.handles(name, fiber, join) }
            })
          }
        )
      )

    return assemble<any, SpaceError>({
      name: "remote",
      refuse: refusing,
      isClosed: () => isClosed || over !== undefined && Exit.isInterrupted(over),
      isElsewhere: true,
      out,
      outLeased,
      outAll,
      outFitting,
      outIfAbsent,
      replace,
      take,
      takeNow,
      ...looks<SpaceError>({
        refuse: refusing,
        take,
        takeNow,
        rd: (pattern, timeout) => reading("rd", [pattern], timeout, tuple),
        rdAny: (choices, timeout) =>
          reading("rdAny", choices.patterns, timeout, ([index, wire]) => choices.choice(index, tuple(wire))),
        rdp
      }),
      copyCollect: copies,
      count,
      move: moves({ copyCollect: copies, takeNow }),
      watch,
      start,
      inspect: Effect.map(request("inspect", []), ([, inspection]) => inspection),
      explain: (pattern) => Effect.map(request("explain", [widened(pattern)[0]]), ([, explanation]) => explanation),
      awaitQuiescent: Effect.map(request("awaitQuiescent", []), ([, report]) => report),
      transact: () =>
        Effect.fail(
          unsupported(
            "transact runs STM, which is in the memory of the space: only a process that is a fiber there can"
          )
        )
    })
  })
