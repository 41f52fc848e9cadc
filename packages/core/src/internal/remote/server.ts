/**
 * The end of a link at which the space is.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Link } from "../../Remote.js"
import { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { MailboxOptions, TupleSpace } from "../../TupleSpace.js"
import { millis, own, several, unsupported } from "../arguments.js"
import { isSpaceError } from "../brand.js"
import { putFitting } from "../destination.js"
import { isFailure } from "../failure.js"
import { memoryOf } from "../memory/engine.js"
import type { Entry } from "../memory/entry.js"
import { countAttempt } from "../memory/hold.js"
import { operation } from "../memory/operation.js"
import { putWithTtl, renewing } from "../memory/put.js"
import * as Search from "../memory/search.js"
import { served } from "../memory/wait.js"
import type { Pattern } from "../pattern/pattern.js"
import { show } from "../print.js"
import * as Process from "../process.js"
import type { AnyFiber } from "../runtime.js"
import { callback, exitOf, interruptLater, locally, localOf, onEnd, starter } from "../runtime.js"
import type { Values } from "../values.js"
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
export const refusalOf = (space: TupleSpace<any, any>): SpaceError | undefined =>
  memoryOf(space) === undefined
    ? unsupported(
      `${show(space.name)} is not in memory, and only a space in memory can be served to another thread or program`
    )
    : undefined

/** Serves until the link ends, or the fiber is interrupted. */
export const serve = (space: TupleSpace<any, any>, link: Link, values: Values): Effect.Effect<void, any> => {
  const memory = memoryOf(space)
  if (memory === undefined) {
    const refusal = refusalOf(space)!
    return Effect.zipRight(
      // Whoever is at the other end would wait for ever.
      Effect.ignore(Effect.try(() => link.send([[Protocol.Closed, refusal.message, refusal.reason]]))),
      Effect.fail(refusal)
    )
  }
  const { store } = memory

  return Effect.flatMap(starter, (fork) => {
    const running = new Map<number, AnyFiber>()
    const askings = new Map<number, Asking>()
    /** What was taken for the client, until it says what has become of it. */
    const held = new Map<number, ReadonlyArray<Entry>>()
    const leases = new Leases(store)
    const opened = new Map<number, Open>()
    const stubs = new Map<number, Stub>()
    const failed = new Map<number, () => void>()

    const outbox = new Protocol.Outbox(link, (frame, cause) => {
      const [kind, id] = frame
      if (kind === Protocol.Done) {
        settle(id, Protocol.Back)
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
      } else if (Chunk.contains(Cause.defects(exit.cause), THREW)) {
        outbox.send([Protocol.Died, id])
      } else {
        outbox.send([Protocol.Failed, id, values.encodeCause(exit.cause)])
      }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What is held
    // -----------------------------------------------------------------------------------------------------------------

    const settle = (id: number, how: number, wire?: unknown, failed?: ReadonlyArray<number>): void => {
      const entries = held.get(id)
      held.delete(id)
      if (entries === undefined || store.closed) {
        return
      }
      if (how === Protocol.Taken) {
        store.settle()
        store.consume(entries)
        return
      }
      const letter = how === Protocol.Dead && wire !== undefined ? letterOf(wire) : undefined
      store.run(() => {
        if (how === Protocol.Dead && letter !== null) {
          store.consume(entries)
          store.putRegardless(letter === undefined ? [] : [store.entry(letter, undefined)])
          return
        }
        if (how === Protocol.Some) {
          const arrived = new Set((wire as ReadonlyArray<number>).map((index) => entries[index]))
          store.consume(entries.filter((entry) => arrived.has(entry)))
          store.giveBack(entries.filter((entry) => !arrived.has(entry)))
          return
        }
        if (how !== Protocol.Back && how !== Protocol.BehindAll) {
          entries.forEach((entry, index) => {
            if (failed === undefined || failed.includes(index)) {
              countAttempt(entry)
            }
          })
        }
        const back = how === Protocol.BehindAll || how === Protocol.FailedBehindAll ? "back" : "place"
        store.giveBack(entries, back)
      })
    }

    /** A letter that cannot be decoded is not put: then the tuple is there for somebody else. */
    const letterOf = (wire: unknown): Tuple | null => {
      try {
        return values.decodeTuple(wire)
      } catch {
        return null
      }
    }

    /** What goes back to the client. If it cannot, what was taken for it is back. */
    const encoded = <A>(id: number, encode: () => A): A => {
      try {
        return encode()
      } catch (error) {
        settle(id, Protocol.Back)
        throw error
      }
    }

    const attemptsAt = ([entry]: ReadonlyArray<Entry>): number => entry?.extra?.attempts ?? 0

    /** A search that may wait. What it takes is held. */
    const searching = (
      id: number,
      search: Search.Search<any>,
      asking: Asking | undefined,
      encode: (value: any) => unknown
    ): Effect.Effect<ReadonlyArray<unknown>, unknown> => {
      const wait = Effect.uninterruptibleMask((restore) =>
        Effect.map(
          served(store, search, restore, (interest) => {
            if (asking !== undefined) {
              const whileWaiting = (step: () => unknown) => () => {
                if (interest.state === "waiting" && !store.closed) {
                  store.run(step)
                }
              }
              asking.onThrown = whileWaiting(() => store.fail(interest, Effect.die(THREW)))
              // It looks again at what is stored.
              asking.lookAgain = whileWaiting(() => store.attempt(interest))
            }
          }),
          (interest) => {
            store.arrive(interest)
            if (search.takes) {
              held.set(id, interest.entries)
            }
            return encoded(id, () => [encode(interest.value), attemptsAt(interest.entries)])
          }
        )
      )
      return asking === undefined ? wait : Effect.zipRight(asking.settled(store, search.patterns), wait)
    }

    /** Takes now what there is, and holds it. */
    const taking = (id: number, name: string, pattern: Pattern, limit: number): Effect.Effect<ReadonlyArray<unknown>> =>
      operation(memory, name, {
        step: () => {
          const entries = store.shelves.findAll(pattern, limit).slice(0, limit)
          store.takeHeld(entries)
          return entries
        }
      }).pipe(
        Effect.map((entries) => {
          held.set(id, entries)
          return encoded(id, () => [entries.map(({ tuple }) => values.encodeTuple(tuple))])
        }),
        Effect.uninterruptible
      )

    // -----------------------------------------------------------------------------------------------------------------
    // The operations
    // -----------------------------------------------------------------------------------------------------------------

    type Reply = Effect.Effect<ReadonlyArray<unknown>, unknown>

    const nothing = <E>(effect: Effect.Effect<unknown, E>): Effect.Effect<ReadonlyArray<unknown>, E> =>
      Effect.as(effect, [])
    const one = <E>(effect: Effect.Effect<unknown, E>): Effect.Effect<ReadonlyArray<unknown>, E> =>
      Effect.map(effect, (value) => [value])
    const maybe = <E>(effect: Effect.Effect<Option.Option<any>, E>): Effect.Effect<ReadonlyArray<unknown>, E> =>
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
            number === Replacement ? values.encodeTuple(subject as any) : values.encodeError(subject)
          ])
        )
        : undefined
      if (asking !== undefined) {
        askings.set(id, asking)
      }
      const patterns = wires.map((wire) => decodePattern(wire, values, asking?.ask ?? (() => false)))
      const now = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
        asking === undefined ? effect : asking.whenKnown(store, patterns, effect)
      return { asking, patterns, pattern: patterns[0]!, now }
    }

    const choice = ({ index, tuple }: any) => [index, values.encodeTuple(tuple)]
    const tuples = (all: ReadonlyArray<any>) => all.map((tuple) => values.encodeTuple(tuple))

    const operations: Record<string, (id: number, ...args: ReadonlyArray<any>) => Reply> = {
      out: (id, tuple, ttl) => {
        const decoded = values.decodeTuple(tuple)
        return ttl === undefined
          ? nothing(space.out(decoded))
          : nothing(Effect.map(putWithTtl(memory, decoded, millis("ttl", ttl)), (extra) => leases.set(id, extra)))
      },
      outAll: (_, all) => {
        const decoded: ReadonlyArray<Tuple> = all.map((tuple: unknown) => values.decodeTuple(tuple))
        // Failures that come from another space stay what they are.
        return decoded.some(isFailure)
          ? nothing(
            operation(
              memory,
              "outAll",
              {
                step: () => store.putRegardless(decoded.map((tuple) => store.entry(tuple, undefined, isFailure(tuple))))
              }
            )
          )
          : nothing(space.outAll(decoded))
      },
      outFitting: (_, all) => one(putFitting(space, all.map((tuple: unknown) => values.decodeTuple(tuple)))),
      renew: (_, lease, ttl) => one(renewing(memory, () => leases.get(lease), millis("ttl", ttl))),
      cancel: (_, lease) => one(renewing(memory, () => leases.get(lease), -Infinity)),
      wait: (id, kind, wires, asks, timeout, operation) => {
        const { asking, patterns } = reading(id, wires, asks)
        switch (kind) {
          case "in":
          case "rd":
          case "withPermit":
            return searching(
              id,
              operation === undefined
                ? new Search.Single(memory, kind, patterns[0]!, timeout)
                : new Search.Holding(memory, operation, patterns[0]!, timeout),
              asking,
              (tuple) => values.encodeTuple(tuple)
            )
          case "inAll":
            return searching(id, new Search.Join(memory, several(patterns), timeout), asking, tuples)
          default:
            return searching(id, new Search.Choice(memory, kind, several(patterns), timeout), asking, choice)
        }
      },
      take: (id, wire, asks, name, limit) => {
        const { now, pattern } = reading(id, [wire], asks)
        return now(taking(id, name, pattern, limit))
      },
      rdp: (id, wire, asks) => {
        const { now, pattern } = reading(id, [wire], asks)
        return now(maybe(space.rdp(pattern as any)))
      },
      copyCollect: (id, wire) => {
        const { pattern } = reading(id, [wire], false)
        return Effect.map(space.copyCollect(pattern as any), (all) => [tuples(all)])
      },
      count: (id, wire) => one(space.count(reading(id, [wire], false).pattern as any)),
      explain: (id, wire) => one(space.explain(reading(id, [wire], false).pattern as any)),
      outIfAbsent: (id, wire, asks, tuple) => {
        const { now, pattern } = reading(id, [wire], asks)
        return now(maybe(space.outIfAbsent(pattern as any, values.decodeTuple(tuple))))
      },
      replace: (id, wire) => {
        const { asking, now, pattern } = reading(id, [wire], true)
        let subject: Tuple | undefined
        const replaced = now(maybe(space.replace(pattern as any, (tuple: any) => {
          subject = tuple
          const wire = asking!.answerTo(Replacement, tuple)
          return own(values.decodeTuple(structuredCloneOf(wire)))
        })))
        return Effect.onError(replaced, () =>
          Effect.sync(() => {
            if (asking!.isUnread && !store.closed) {
              // It would have taken what its client cannot decode.
              store.run(() =>
                store.shelves.findAll(pattern).filter(({ tuple }) => tuple === subject).forEach(countAttempt)
              )
            }
          }))
      },
      open: (id, kind, wire, options) =>
        Effect.suspend(() => {
          if (store.closed) {
            return Effect.interrupt
          }
          const { pattern } = reading(id, [wire], false)
          const scoped: MailboxOptions & { readonly scoped: true } = { ...options, scoped: true }
          const stream: Effect.Effect<Stream.Stream<any, unknown>, unknown, Scope.Scope> = kind === "stream"
            ? Effect.map(space.stream(pattern as any, scoped), Stream.map((tuple: any) => values.encodeTuple(tuple)))
            : Effect.map(
              space.subscribe(pattern as any, scoped),
              Stream.map((event: any) =>
                event._tag === "Missed" ? event : { _tag: event._tag, tuple: values.encodeTuple(event.tuple) }
              )
            )
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
        // Flattened, since an exit that is an interruption would be taken for one of this fiber.
        const stub = Effect.flatten(callback<Exit.Exit<unknown, unknown>>((resume) => {
          end = (exit) => resume(Effect.succeed(exit))
          return callback<void>((stopped) => {
            end = () => stopped(Effect.void)
            outbox.send([Protocol.Stop, id])
          })
        }))
        const named = locally(stub, Process.standsFor, `${origin}:${id}`)
        return Effect.map(space.eval(named, { name, failures }), (process: Process.Observed & AnyProcess) => {
          const observe = () => process[Process.Observer]?.()
          stubs.set(id, { fiber: process.fiber, end: (exit) => end(exit), observe })
          return [process.id, process.name]
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
      inspect: () => one(space.inspect),
      awaitQuiescent: () => one(space.awaitQuiescent)
    }

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
        case Protocol.Settle:
          return settle(id, rest[0], rest[1], rest[2])
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
          for (const id of [...held.keys()]) {
            settle(id, Protocol.Back)
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
          stop()
          // The space may have been closed, or just this end.
          outbox.send([Protocol.Closed, store.closed ? undefined : "the space is served no more"])
          outbox.flush()
        })
      }),
      end
    )
  })
}

/** Decoding changes the wire in place, and this one may be asked for again. */
const structuredCloneOf = (wire: any): any => Array.isArray(wire) ? wire.slice() : wire
