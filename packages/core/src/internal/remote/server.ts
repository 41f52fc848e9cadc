/**
 * The end of a link at which the space is.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Link } from "../../Remote.js"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { TupleSpace } from "../../TupleSpace.js"
import { mailboxOf, millis, own, several, unsupported } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import { putFitting } from "../destination.js"
import type { Ending, Held, TakingFirst, TakingNow } from "../hold.js"
import { consumed } from "../hold.js"
import { equals } from "../pattern/equality.js"
import type { Pattern } from "../pattern/pattern.js"
import { show } from "../print.js"
import * as Process from "../process.js"
import type { AnyFiber } from "../runtime.js"
import {
  callback,
  complete,
  exitOf,
  interruptLater,
  isOver,
  locally,
  localOf,
  makeDeferred,
  onEnd,
  starter
} from "../runtime.js"
import type { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import { verbsOf } from "../verbs.js"
import { Asking, Replacement, THREW } from "./asking.js"
import { Leases } from "./leases.js"
import { decodePattern } from "./patterns.js"
import * as Protocol from "./protocol.js"

/** A stream that the client reads. */
interface Open {
  readonly scope: Scope.CloseableScope
  readonly pull: Effect.Effect<Chunk.Chunk<unknown>, Option.Option<unknown>>
}

/** A process of the client's, as the space sees it. */
interface Stub {
  readonly fiber: AnyFiber
  end: (exit: Exit.Exit<unknown, unknown>) => void
  /** Its failure has been joined. */
  readonly observe: () => void
}

type AnyProcess = { readonly id: number; readonly name: string; readonly fiber: AnyFiber }

/** Of so many failed processes of a client the failure tuple is taken away if one is joined later. */
const remembered = 1_000

/** Why a space cannot be served, if it cannot. */
export const refusalOf = (space: TupleSpace<any, any>): SpaceError | undefined => {
  const verbs = verbsOf(space)
  return verbs === undefined
    ? unsupported(`${show(space.name)} was made by nothing of this library, and only its own spaces can be served`)
    : verbs.isElsewhere
    ? unsupported(`${show(space.name)} is itself at the other end of a link: have that end serve it`)
    : undefined
}

/** Serves until the link ends, or the fiber is interrupted. */
export const serve = (space: TupleSpace<any, any>, link: Link, values: Values): Effect.Effect<void, any> => {
  const refusal = refusalOf(space)
  return refusal === undefined ? serveBy(space, verbsOf(space)!, link, values) : Effect.zipRight(
    // Whoever is at the other end would wait for ever.
    Effect.ignore(Effect.try(() => link.send([[Protocol.Closed, refusal.message, refusal.reason]]))),
    Effect.fail(refusal)
  )
}

const serveBy = (
  space: TupleSpace<any, any>,
  verbs: Verbs<any>,
  link: Link,
  values: Values
): Effect.Effect<void, any> =>
  Effect.flatMap(starter, (fork) => {
    const running = new Map<number, AnyFiber>()
    const askings = new Map<number, Asking>()
    /** What was taken for the client, until it says what has become of it. */
    const holds = new Map<number, Held<unknown>>()
    const leases = new Leases()
    const opened = new Map<number, Open>()
    const stubs = new Map<number, Stub>()
    const failed = new Map<number, () => void>()

    const outbox = new Protocol.Outbox(link, (frame, cause) => {
      const [kind, id] = frame
      if (kind === Protocol.Done) {
        reply(
          id,
          Exit.fail(new SpaceError({ reason: "InvalidTuple", message: `it cannot leave its thread: ${cause}` }))
        )
      } else if (kind === Protocol.Ask) {
        askings.get(id)?.told(frame[2], false)
      }
    })

    const reply = (id: number, exit: Exit.Exit<ReadonlyArray<unknown>, unknown>): void => {
      askings.delete(id)
      if (Exit.isSuccess(exit)) {
        outbox.send([Protocol.Done, id, ...exit.value])
        return
      }
      settle(id, "giveBack")
      if (Chunk.contains(Cause.defects(exit.cause), THREW)) {
        outbox.send([Protocol.Died, id])
      } else {
        outbox.send([Protocol.Failed, id, values.encodeCause(exit.cause)])
      }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What is held
    // -----------------------------------------------------------------------------------------------------------------

    /** Ends a hold, if there is one. */
    const ended = (id: number, ending: Ending, those?: ReadonlyArray<number>): Effect.Effect<void, unknown> => {
      const held = holds.get(id)
      holds.delete(id)
      return held === undefined || held.isOver() ? Effect.void : held.end(ending, those)
    }

    /** Ends a hold where nobody waits to hear how that goes. */
    const settle = (id: number, how: "keep" | "giveBack"): void => {
      const held = holds.get(id)
      holds.delete(id)
      held?.[how]()
    }

    /** A letter that cannot be decoded is not put: then the tuple is there for somebody else. */
    const endingOf = (how: Ending["how"], failed: boolean, letter: unknown): Ending => {
      switch (how) {
        case "consumed":
          return consumed
        case "dead":
          try {
            return { how, letter: letter === undefined ? undefined : values.decodeTuple(letter) }
          } catch {
            return { how: "place", failed: true }
          }
        default:
          return { how, failed }
      }
    }

    /** Holds what was taken, and says what that is. If it cannot go to the client, it is back. */
    const holding = (
      id: number,
      encode: (held: Held<unknown>) => unknown
    ): (held: Held<unknown>) => Effect.Effect<ReadonlyArray<unknown>> =>
    (held) =>
      Effect.sync(() => {
        holds.set(id, held)
        return [encode(held), held.attempts, held.unread === undefined ? undefined : values.encodeError(held.unread)]
      })

    // -----------------------------------------------------------------------------------------------------------------
    // The operations
    // -----------------------------------------------------------------------------------------------------------------

    type Reply = Effect.Effect<ReadonlyArray<unknown>, unknown>

    const nothing = <E>(effect: Effect.Effect<unknown, E>): Effect.Effect<ReadonlyArray<unknown>, E> =>
      Effect.as(effect, [])
    const one = <E>(effect: Effect.Effect<unknown, E>): Effect.Effect<ReadonlyArray<unknown>, E> =>
      Effect.map(effect, (value) => [value])
    const maybe = <E>(effect: Effect.Effect<Option.Option<Tuple>, E>): Effect.Effect<ReadonlyArray<unknown>, E> =>
      Effect.map(effect, (option) => Option.toArray(option).map((tuple) => values.encodeTuple(tuple)))

    /** Patterns, and how to ask the client about those that have code in them. */
    const reading = (id: number, wires: ReadonlyArray<any>, asks: boolean) => {
      const asking = asks
        ? new Asking((question, number, subject) =>
          outbox.send([
            Protocol.Ask,
            id,
            question,
            number,
            number === Replacement ? values.encodeTuple(subject as Tuple) : values.encodeError(subject)
          ])
        )
        : undefined
      if (asking !== undefined) {
        askings.set(id, asking)
      }
      const patterns = wires.map((wire) => decodePattern(wire, values, asking))
      /** Raises all questions about what is stored. */
      const look = Effect.forEach(
        patterns.filter(({ answers }) => answers !== undefined),
        (pattern) => verbs.count(pattern),
        { discard: true }
      )
      return {
        asking,
        patterns,
        pattern: patterns[0]!,
        now: <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
          asking === undefined ? effect : asking.whenKnown(look, effect),
        wait: <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
          asking === undefined ? effect : Effect.zipRight(asking.settled(look), effect)
      }
    }

    const read = (wire: unknown): Tuple => own(values.decodeTuple(wire))
    const encodeAll = (tuples: ReadonlyArray<Tuple>) => tuples.map((tuple) => values.encodeTuple(tuple))
    const encodeFirst = ([tuple]: ReadonlyArray<Tuple>) => values.encodeTuple(tuple!)

    /** What the client is sent of what it has taken. */
    const sentOf = (name: TakingFirst["name"]): (held: Held<unknown>) => unknown => {
      switch (name) {
        case "inAll":
          return ({ tuples }) => encodeAll(tuples)
        case "inAny":
          return ({ index, tuples }) => [index, encodeFirst(tuples)]
        default:
          return ({ tuples }) => encodeFirst(tuples)
      }
    }

    const operations: Record<string, (id: number, ...args: ReadonlyArray<any>) => Reply> = {
      out: (id, tuple, ttl) => {
        const decoded = read(tuple)
        return ttl === undefined
          ? nothing(verbs.out(decoded))
          : nothing(Effect.map(verbs.outLeased(decoded, millis("ttl", ttl)), (lease) => leases.set(id, lease)))
      },
      outAll: (_, all) => nothing(verbs.outAll(all.map(read))),
      outFitting: (_, all) => one(putFitting(space, all.map((tuple: unknown) => values.decodeTuple(tuple)))),
      renew: (_, id, ttl) => {
        const lease = leases.get(id)
        return one(
          lease === undefined ? Effect.succeed(false) : Effect.tap(
            lease.renew(ttl === undefined ? -Infinity : millis("ttl", ttl)),
            (was) => Effect.sync(() => ttl === undefined || !was ? leases.delete(id) : undefined)
          )
        )
      },
      read: (id, name, wires, asks, timeout) => {
        const { pattern, patterns, wait } = reading(id, wires, asks)
        return name === "rd"
          ? one(Effect.map(wait(verbs.wait("rd", pattern, timeout)), (tuple) => values.encodeTuple(tuple)))
          : one(Effect.map(
            wait(verbs.waitAny("rdAny", several(patterns), timeout)),
            ({ index, tuple }: any) => [index, values.encodeTuple(tuple)]
          ))
      },
      take: (id, name: TakingFirst["name"], wires, asks, timeout, isFinal) => {
        const { patterns, wait } = reading(id, wires, asks)
        return wait(verbs.take({ name, patterns, timeout, isFinal }, holding(id, sentOf(name))))
      },
      takeNow: (id, name: TakingNow["name"], wire, asks, limit, isFinal) => {
        const { now, pattern } = reading(id, [wire], asks)
        return now(verbs.takeNow({ name, pattern, limit, isFinal }, holding(id, ({ tuples }) => encodeAll(tuples))))
      },
      end: (_, id, how, failed, letter, those) => nothing(ended(id, endingOf(how, failed, letter), those)),
      rdp: (id, wire, asks) => {
        const { now, pattern } = reading(id, [wire], asks)
        return now(maybe(verbs.now("rdp", pattern)))
      },
      copyCollect: (id, wire) =>
        one(Effect.map(verbs.copyCollect(reading(id, [wire], false).pattern), (all) => encodeAll(all))),
      count: (id, wire) => one(verbs.count(reading(id, [wire], false).pattern)),
      explain: (id, wire) => one(verbs.explain(reading(id, [wire], false).pattern)),
      outIfAbsent: (id, wire, asks, tuple) => {
        const { now, pattern } = reading(id, [wire], asks)
        return now(maybe(verbs.outIfAbsent(pattern, read(tuple))))
      },
      replace: (id, wire) => {
        const { asking, now, pattern } = reading(id, [wire], true)
        let subject: Tuple | undefined
        const replaced = now(maybe(verbs.replace(pattern, (tuple) => {
          subject = tuple
          const wire = asking!.answerTo(Replacement, tuple)
          return own(values.decodeTuple(structuredCloneOf(wire)))
        })))
        return Effect.onError(
          replaced,
          () => asking!.isUnread && subject !== undefined ? Effect.ignore(attempted(pattern, subject)) : Effect.void
        )
      },
      open: (id, kind, wire, options) =>
        Effect.suspend(() => {
          if (verbs.isClosed()) {
            return Effect.interrupt
          }
          const { pattern } = reading(id, [wire], false)
          const encode = kind === "stream"
            ? (tuple: any) => values.encodeTuple(tuple)
            : (event: any) =>
              event._tag === "Missed" ? event : { _tag: event._tag, tuple: values.encodeTuple(event.tuple) }
          const stream = Effect.map(verbs.watch(kind, pattern, mailboxOf(options)), Stream.map(encode))
          return Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(Scope.make(), (scope) =>
              // It is open when this is answered.
              restore(Scope.extend(Effect.flatMap(stream, Stream.toPull), scope)).pipe(
                Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
                Effect.map((pull) => {
                  opened.set(id, { scope, pull })
                  return []
                })
              ))
          )
        }),
      pull: (_, id) => {
        const open = opened.get(id)
        return open === undefined
          ? Effect.succeed([])
          : open.pull.pipe(
            Effect.map((chunk) => [Chunk.toArray(chunk)]),
            Effect.catchAll(Option.match({ onNone: () => Effect.succeed([]), onSome: Effect.fail }))
          )
      },
      close: (_, id) => {
        const open = opened.get(id)
        opened.delete(id)
        return nothing(open === undefined ? Effect.void : Scope.close(open.scope, Exit.void))
      },
      eval: (id, name, failures, origin) => {
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
            outbox.send([Protocol.Stop, id])
          })
        }))
        const named = locally(stub, Process.standsFor, `${origin}:${id}`)
        return Effect.flatMap(space.eval(named, { name, failures }), (process: Process.Observed & AnyProcess) => {
          const observe = () => process[Process.Observer]?.()
          stubs.set(id, { fiber: process.fiber, end: (exit) => end(exit), observe })
          // What it asks for is then seen to be asked for by it. It may be ended before.
          return Effect.map(
            Effect.race(Deferred.await(started), Fiber.await(process.fiber)),
            () => [process.id, process.name, isToEnd || isOver(process.fiber)]
          )
        })
      },
      ended: (_, id, outcome, isJoined) => {
        const stub = stubs.get(id)
        stubs.delete(id)
        if (stub !== undefined && isJoined) {
          stub.observe()
        } else if (stub !== undefined && outcome !== undefined) {
          failed.set(id, stub.observe)
          for (const id of failed.size > remembered ? failed.keys() : []) {
            failed.delete(id)
            break
          }
        }
        stub?.end(outcome === undefined ? Exit.void : Exit.failCause(values.decodeCause(outcome)))
        return nothing(stub === undefined ? Effect.void : Fiber.await(stub.fiber))
      },
      inspect: () => one(verbs.inspect),
      awaitQuiescent: () => one(verbs.awaitQuiescent)
    }

    /** Counts an attempt of the tuple that would have been taken, had its client been able to decode it. */
    const attempted = (pattern: Pattern, tuple: Tuple): Effect.Effect<void, unknown> =>
      verbs.takeNow(
        { name: "inp", pattern, limit: 1, isFinal: false },
        (held) =>
          held.tuples.length === 0 ? Effect.void : held.end({ how: "place", failed: equals(held.tuples[0], tuple) })
      )

    // -----------------------------------------------------------------------------------------------------------------
    // The link
    // -----------------------------------------------------------------------------------------------------------------

    /** `of` is the process of the client's that wants it, if one does. */
    const begin = (id: number, of: number | undefined, name: string, args: ReadonlyArray<unknown>): void => {
      const run = operations[name]
      const effect: Reply = run === undefined
        ? Effect.fail(unsupported(`no operation is called ${name}`))
        : Effect.suspend(() => run(id, ...args))
      const refusing = Effect.catchAllDefect(effect, (defect) =>
        // What the types could not refuse.
        isSpaceError(defect) ? Effect.fail(defect) : Effect.die(defect))
      const stub = of === undefined ? undefined : stubs.get(of)
      const process = stub === undefined ? undefined : localOf(stub.fiber, Process.current)
      const fiber = fork(process === undefined ? refusing : locally(refusing, Process.current, process))
      const exit = exitOf(fiber)
      if (exit !== null) {
        reply(id, exit)
      } else {
        running.set(id, fiber)
        onEnd(fiber, (exit) => {
          running.delete(id)
          reply(id, exit)
        })
      }
    }

    const receive = ([kind, id, ...rest]: Protocol.Frame): void => {
      switch (kind) {
        case Protocol.Hello:
          if (id !== Protocol.version) {
            outbox.send([
              Protocol.Closed,
              `the other end speaks version ${Protocol.version} of the protocol, not ${id}`
            ])
          }
          return
        case Protocol.Request:
          return begin(id, rest[0], rest[1], rest.slice(2))
        case Protocol.Interrupt: {
          const fiber = running.get(id)
          if (fiber !== undefined) {
            interruptLater(fiber)
          }
          return
        }
        case Protocol.Kept:
          return settle(id, "keep")
        case Protocol.Unwanted:
          return settle(id, "giveBack")
        case Protocol.Joined: {
          const observe = failed.get(id)
          failed.delete(id)
          return observe?.()
        }
        case Protocol.Told:
          if (askings.get(id)?.told(rest[0], rest[1], rest[2]) === true) {
            answered.add(id)
          }
      }
    }

    /** Operations that have got answers, and are to look again. */
    const answered = new Set<number>()

    const lookAgain = (): void => {
      for (const id of answered) {
        answered.delete(id)
        askings.get(id)?.lookAgain()
      }
    }

    /** Answers that come together are looked at together, before anything else. */
    const receiveAll = (frames: ReadonlyArray<Protocol.Frame>): void => {
      for (const frame of frames) {
        if (frame[0] !== Protocol.Told) {
          lookAgain()
        }
        receive(frame)
      }
      lookAgain()
    }

    /** Nothing is left of the client: its waits end, what it held is back. */
    const end = Effect.suspend(() =>
      Effect.zipRight(
        Fiber.interruptAll(running.values()),
        Effect.suspend(() => {
          for (const id of [...holds.keys()]) {
            settle(id, "giveBack")
          }
          for (const stub of stubs.values()) {
            stub.end(Exit.fail(new SpaceError({ reason: "Unavailable", message: "the link to the process has ended" })))
          }
          return Effect.forEach(opened.values(), ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
        })
      )
    )

    return Effect.ensuring(
      callback<void>((resume) => {
        const stop = link.listen(
          (message) => receiveAll(message as ReadonlyArray<Protocol.Frame>),
          () => resume(Effect.void)
        )
        return Effect.sync(() => {
          // The space may have been closed, or just this end.
          outbox.send([Protocol.Closed, verbs.isClosed() ? undefined : "the space is served no more"])
          outbox.flush()
          // Nothing can be sent any more when that has ended the link.
          stop()
        })
      }),
      end
    )
  })

/** Decoding changes the wire in place, and this one may be asked for again. */
const structuredCloneOf = (wire: any): any => Array.isArray(wire) ? wire.slice() : wire
