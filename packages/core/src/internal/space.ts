/**
 * A space in memory: the operations of the interface, each a step of the store, applied and waited for.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import * as TRef from "effect/TRef"
import { PCGRandom } from "effect/Utils"
import type * as PublicPattern from "../Pattern.js"
import { SpaceError } from "../SpaceError.js"
import type * as SpaceEvent from "../SpaceEvent.js"
import type { Tuple } from "../Tuple.js"
import type {
  HoldOptions,
  Lease,
  MailboxOptions,
  Options,
  OutOptions,
  SubscribeOptions,
  TupleSpace,
  WaitOptions
} from "../TupleSpace.js"
import type { Entry, Extra } from "./entry.js"
import * as Insight from "./insight.js"
import { Interest } from "./interest.js"
import { Memory, memoryOf } from "./memory.js"
import type { Pattern } from "./pattern.js"
import { compile, show } from "./pattern.js"
import * as Process from "./process.js"
import { CLOSED, MISS, Store } from "./store.js"
import { keepTime } from "./timekeeper.js"
import * as Transaction from "./transaction.js"
import type { Request } from "./wait.js"
import { result, served } from "./wait.js"
import { Watcher } from "./watcher.js"

const TypeId = Symbol.for("@effect-linda/core/TupleSpace")

const variance = { _T: (_: any) => _, _E: (_: never) => _ }

// ---------------------------------------------------------------------------------------------------------------------
// Reading arguments
// ---------------------------------------------------------------------------------------------------------------------

const invalid = (reason: "InvalidTuple" | "InvalidOption", message: string): SpaceError =>
  new SpaceError({ reason, message })

/** The space's own frozen copy of a tuple (S1). */
const own = (tuple: unknown): Tuple => {
  if (!Array.isArray(tuple) || tuple.length === 0) {
    throw invalid("InvalidTuple", `a tuple is a non-empty array of fields, not ${show(tuple)}`)
  }
  return Object.freeze(tuple.slice()) as unknown as Tuple
}

const millis = (option: string, input: Duration.DurationInput | undefined): number => {
  if (input === undefined) {
    return Infinity
  }
  const duration = Duration.decodeUnknown(input)
  if (Option.isNone(duration) || typeof input === "number" && !(input >= 0)) {
    throw invalid("InvalidOption", `${option}: ${show(input)} is no duration`)
  }
  return Duration.toMillis(duration.value)
}

const natural = (option: string, input: number | undefined, least: number): number => {
  if (input === undefined) {
    return Infinity
  }
  if (input !== Infinity && (!Number.isInteger(input) || input < least)) {
    throw invalid("InvalidOption", `${option}: ${show(input)} is no integer from ${least} on`)
  }
  return input
}

const one = <A extends string>(option: string, input: A | undefined, allowed: ReadonlyArray<A>): A => {
  if (input !== undefined && !allowed.includes(input)) {
    throw invalid("InvalidOption", `${option}: ${show(input)} is none of ${allowed.map(show).join(", ")}`)
  }
  return input ?? allowed[0]!
}

/** Makes an operation of its arguments; bad ones make one that dies with the error that names them (S16). */
const reading = <A, E, R>(make: () => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  try {
    return make()
  } catch (error) {
    return Effect.die(error)
  }
}

/** The patterns of a choice or a join, and how their results are named. */
const readPatterns = (patterns: PublicPattern.Pattern | Readonly<Record<string, PublicPattern.Pattern>>) => {
  const keys = Array.isArray(patterns) ? undefined : Object.keys(patterns)
  const compiled = (Array.isArray(patterns) ? patterns : Object.values(patterns)).map(compile)
  if (compiled.length === 0) {
    throw new SpaceError({ reason: "InvalidPattern", message: "at least one pattern is needed" })
  }
  return { keys, patterns: compiled }
}

// ---------------------------------------------------------------------------------------------------------------------
// Applying steps
// ---------------------------------------------------------------------------------------------------------------------

/** Thrown where an operation should be traced. */
const TRACED = Symbol.for("@effect-linda/core/TRACED")

type Span = Tracer.AnySpan | undefined

/** Whether the current fiber records spans. */
const tracing = (): boolean => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  return fiber !== undefined && fiber.currentSpan?._tag === "Span" && fiber.currentSpan.sampled &&
    fiber.getFiberRef(FiberRef.currentTracerEnabled)
}

/** Links the span of an operation to those of the `out`s whose tuples it got. */
const link = (span: Span, entries: ReadonlyArray<Entry>): void => {
  if (span?._tag === "Span") {
    const links = entries.flatMap(({ extra }) =>
      extra?.span === undefined ? [] : [{ _tag: "SpanLink" as const, span: extra.span, attributes: {} }]
    )
    if (links.length > 0) {
      span.addLinks(links)
    }
  }
}

class MemorySpace {
  readonly [TypeId] = variance
  readonly [Memory]: Memory
  private ids = 0

  constructor(
    readonly name: string,
    readonly store: Store,
    ref: Memory["ref"],
    private readonly processes: Scope.Scope,
    private readonly records: Map<number, Process.ProcessRecord>
  ) {
    this[Memory] = { store, ref }
  }

  /**
   * An operation that is one step of the store. The step runs in a single instruction of the fiber and its result goes straight
   * to what comes next, so that no interruption can come between them. What that cannot express (that it has to wait, that the
   * space is closed, that a span is wanted) is thrown to the handler around it.
   */
  private operation<A, E = never>(
    name: string,
    step: (span: Span) => A | MISS,
    wait?: (span: Span) => Effect.Effect<A, E>
  ): Effect.Effect<A, E> {
    const { store } = this
    const attempt = (span: Span): Effect.Effect<A, E> =>
      Effect.catchAllCause(
        Effect.sync(() => {
          if (span === undefined && tracing()) {
            throw TRACED
          }
          const outcome = store.run(() => step(span))
          if (outcome === MISS) {
            throw MISS
          }
          return outcome as A
        }),
        (cause) => {
          switch (cause._tag === "Die" ? cause.defect : undefined) {
            case MISS:
              return wait!(span)
            case CLOSED:
              return Effect.interrupt
            case TRACED:
              return Effect.useSpan(`TupleSpace.${name}`, { attributes: { space: this.name } }, attempt)
            default:
              return Effect.failCause(cause)
          }
        }
      )
    return attempt(undefined)
  }

  private waiting(request: Request, span: Span): Effect.Effect<any, Cause.TimeoutException> {
    return result(this.store, request, span && ((interest) => link(span, interest.entries)))
  }

  /** Waits for room, for which there is no timeout. */
  private forRoom(
    kind: "out" | "outIfAbsent",
    patterns: ReadonlyArray<Pattern>,
    attempt: (interest: Interest) => boolean,
    span: Span
  ): Effect.Effect<any> {
    const request: Request = { kind, table: "puts", patterns, timeout: Infinity, attempt, offer: attempt }
    return this.waiting(request, span) as Effect.Effect<any>
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Putting
  // -------------------------------------------------------------------------------------------------------------------

  private put<A>(
    name: "out" | "outAll",
    tuples: ReadonlyArray<Tuple>,
    options: OutOptions | undefined,
    value: (extra: Extra | undefined) => A
  ): Effect.Effect<A> {
    const { store } = this
    const ttl = millis("ttl", options?.ttl)
    const prepare = (span: Span) => {
      let extra: Extra | undefined
      const entries = tuples.map((tuple) => {
        if (options !== undefined || span !== undefined) {
          extra = { expiry: undefined, attempts: 0, span, entry: undefined }
          if (ttl < Infinity) {
            store.expireAt(extra, store.now() + ttl)
          }
        }
        return store.entry(tuple, extra)
      })
      return { entries, value: value(extra) }
    }
    return this.operation(name, (span) => {
      const prepared = prepare(span)
      return store.put(prepared.entries) === MISS ? MISS : prepared.value
    }, (span) => {
      let prepared: ReturnType<typeof prepare> | undefined
      const attempt = (interest: Interest): boolean => {
        prepared ??= prepare(span)
        if (store.put(prepared.entries) === MISS) {
          return false
        }
        store.deliver(interest, [], prepared.value)
        return true
      }
      return this.forRoom("out", [], attempt, span)
    })
  }

  out = (tuple: Tuple, options?: OutOptions): Effect.Effect<any> =>
    reading(() => this.put("out", [own(tuple)], options, (extra) => extra && this.lease(extra)))

  outAll = (tuples: Iterable<Tuple>): Effect.Effect<void> =>
    reading(() => {
      const owned = Array.from(tuples, own)
      const { capacity, strategy } = this.store.options
      if (strategy === "suspend" && owned.length > capacity) {
        throw invalid("InvalidOption", `outAll: ${owned.length} tuples never fit in a space with capacity ${capacity}`)
      }
      return this.put("outAll", owned, undefined, () => undefined)
    })

  private lease(extra: Extra): Lease {
    const { store } = this
    const renew = (at: () => number): Effect.Effect<boolean> => this.operation("renew", () => store.renew(extra, at()))
    return {
      renew: (ttl) =>
        reading(() => {
          const duration = millis("ttl", ttl)
          return renew(() => store.now() + duration)
        }),
      cancel: renew(() => -Infinity)
    }
  }

  outIfAbsent = (pattern: PublicPattern.Pattern, tuple: Tuple): Effect.Effect<Option.Option<any>> =>
    reading(() => {
      const { store } = this
      const compiled = compile(pattern)
      const owned = own(tuple)
      const step = (span: Span): Option.Option<Tuple> | MISS => {
        const present = store.find(compiled)
        if (present !== undefined) {
          return Option.some(present.tuple)
        }
        const extra = span && { expiry: undefined, attempts: 0, span, entry: undefined }
        return store.put([store.entry(owned, extra)]) === MISS ? MISS : Option.none()
      }
      return this.operation("outIfAbsent", step, (span) => {
        const attempt = (interest: Interest): boolean => {
          const outcome = step(span)
          if (outcome !== MISS) {
            store.deliver(interest, [], outcome)
          }
          return outcome !== MISS
        }
        return this.forRoom("outIfAbsent", [compiled], attempt, span)
      })
    })

  replace = (pattern: PublicPattern.Pattern, f: (tuple: any) => Tuple): Effect.Effect<Option.Option<any>> =>
    reading(() => {
      const { store } = this
      const compiled = compile(pattern)
      return this.operation("replace", (span) => {
        const entry = store.find(compiled)
        if (entry === undefined) {
          return Option.none()
        }
        const tuple = own(f(entry.tuple))
        link(span, [entry])
        store.take([entry])
        // There is room: the one that was taken has left it.
        const extra = span && { expiry: undefined, attempts: 0, span, entry: undefined }
        store.putRegardless([store.entry(tuple, extra)])
        return Option.some(entry.tuple)
      })
    })

  // -------------------------------------------------------------------------------------------------------------------
  // Taking and reading
  // -------------------------------------------------------------------------------------------------------------------

  /** An operation on one stored tuple, which may wait until there is one. */
  private single(
    kind: "in" | "rd",
    pattern: PublicPattern.Pattern,
    options: WaitOptions | undefined
  ): Effect.Effect<any, any> {
    return reading(() => {
      const { store } = this
      const compiled = compile(pattern)
      const takes = kind === "in"
      const timeout = millis("timeout", options?.timeout)
      const find = (): Entry | undefined => {
        const entry = store.find(compiled)
        if (takes && entry !== undefined) {
          store.take([entry])
        }
        return entry
      }
      const deliver = (interest: Interest, entry: Entry): true => {
        store.deliver(interest, takes ? [entry] : [], entry.tuple)
        return true
      }
      return this.operation(kind, (span) => {
        const entry = find()
        if (entry === undefined) {
          return MISS
        }
        link(span, [entry])
        return entry.tuple
      }, (span) =>
        this.waiting({
          kind,
          table: takes ? "takers" : "readers",
          patterns: [compiled],
          timeout,
          attempt: (interest) => {
            const entry = find()
            return entry !== undefined && deliver(interest, entry)
          },
          offer: deliver
        }, span))
    })
  }

  in = (pattern: PublicPattern.Pattern, options?: WaitOptions) => this.single("in", pattern, options)

  rd = (pattern: PublicPattern.Pattern, options?: WaitOptions) => this.single("rd", pattern, options)

  inp = (pattern: PublicPattern.Pattern): Effect.Effect<Option.Option<any>> =>
    reading(() => {
      const compiled = compile(pattern)
      return this.operation("inp", (span) => takeNow(this.store, compiled, span))
    })

  rdp = (pattern: PublicPattern.Pattern): Effect.Effect<Option.Option<any>> =>
    reading(() => {
      const compiled = compile(pattern)
      return this.operation("rdp", () => readNow(this.store, compiled))
    })

  private choice(kind: "inAny" | "rdAny", input: any, options: WaitOptions | undefined): Effect.Effect<any, any> {
    return reading(() => {
      const { store } = this
      const { keys, patterns } = readPatterns(input)
      const takes = kind === "inAny"
      const timeout = millis("timeout", options?.timeout)
      const chosen = (entry: Entry, index: number) =>
        keys === undefined ? { index, tuple: entry.tuple } : { key: keys[index], tuple: entry.tuple }
      const find = (): readonly [Entry, number] | undefined => {
        const found = store.findAny(patterns)
        if (takes && found !== undefined) {
          store.take([found[0]])
        }
        return found
      }
      const deliver = (interest: Interest, entry: Entry, index: number): true => {
        store.deliver(interest, takes ? [entry] : [], chosen(entry, index))
        return true
      }
      return this.operation(kind, (span) => {
        const found = find()
        if (found === undefined) {
          return MISS
        }
        link(span, [found[0]])
        return chosen(...found)
      }, (span) =>
        this.waiting({
          kind,
          table: takes ? "takers" : "readers",
          patterns,
          timeout,
          attempt: (interest) => {
            const found = find()
            return found !== undefined && deliver(interest, ...found)
          },
          offer: deliver
        }, span))
    })
  }

  inAny = (patterns: any, options?: WaitOptions) => this.choice("inAny", patterns, options)

  rdAny = (patterns: any, options?: WaitOptions) => this.choice("rdAny", patterns, options)

  inAll = (input: any, options?: WaitOptions): Effect.Effect<any, any> =>
    reading(() => {
      const { store } = this
      const { keys, patterns } = readPatterns(input)
      const timeout = millis("timeout", options?.timeout)
      const joined = (entries: ReadonlyArray<Entry>) => {
        const tuples = entries.map((entry) => entry.tuple)
        return keys === undefined ? tuples : Object.fromEntries(keys.map((key, index) => [key, tuples[index]]))
      }
      const find = (): ReadonlyArray<Entry> | undefined => {
        const entries = store.findJoin(patterns)
        if (entries !== undefined) {
          store.take(entries)
        }
        return entries
      }
      return this.operation("inAll", (span) => {
        const entries = find()
        if (entries === undefined) {
          return MISS
        }
        link(span, entries)
        return joined(entries)
      }, (span) =>
        this.waiting({
          kind: "inAll",
          table: "takers",
          patterns,
          timeout,
          attempt: (interest) => {
            const entries = find()
            if (entries !== undefined) {
              store.deliver(interest, entries, joined(entries))
            }
            return entries !== undefined
          },
          offer: (interest, entry) => store.completeJoin(interest, entry, joined)
        }, span))
    })

  // -------------------------------------------------------------------------------------------------------------------
  // Holding
  // -------------------------------------------------------------------------------------------------------------------

  /** Takes an entry to hold. To be run uninterruptibly. */
  private acquire(
    pattern: Pattern,
    timeout: number,
    restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<Entry, any> {
    const { store } = this
    const find = (): Entry | undefined => {
      const entry = store.find(pattern)
      if (entry !== undefined) {
        store.take([entry])
      }
      return entry
    }
    const deliver = (interest: Interest, entry: Entry): true => {
      store.deliver(interest, [entry], undefined)
      return true
    }
    return Effect.map(
      served(store, {
        kind: "in",
        table: "takers",
        patterns: [pattern],
        timeout,
        attempt: (interest) => {
          const entry = find()
          return entry !== undefined && deliver(interest, entry)
        },
        offer: deliver
      }, restore),
      (interest) => {
        interest.state = "done"
        return interest.entries[0]!
      }
    )
  }

  /** Ends a hold as its use has ended. */
  private settleHold(entry: Entry, exit: Exit.Exit<unknown, unknown>, options: HoldOptions<any> | undefined): void {
    const { store } = this
    if (store.closed) {
      return
    }
    if (Exit.isSuccess(exit)) {
      store.settle()
      store.consume([entry])
      return
    }
    let dead: Tuple | undefined
    let isDead = false
    if (!Cause.isInterruptedOnly(exit.cause)) {
      const extra = entry.extra ??= { expiry: undefined, attempts: 0, span: undefined, entry }
      extra.attempts++
      if (extra.attempts >= (options?.maxAttempts ?? Infinity)) {
        dead = options?.deadLetter && own(options.deadLetter(entry.tuple, exit.cause))
        isDead = true
      }
    }
    store.run(() => {
      if (!isDead) {
        store.giveBack([entry], options?.requeue)
        return
      }
      store.consume([entry])
      if (dead !== undefined) {
        store.putRegardless([store.entry(dead, undefined)])
      }
    })
  }

  /** The same, in a finalizer; if the user's `deadLetter` throws, the tuple is back and the defect is reported. */
  private ended(entry: Entry, options: HoldOptions<any> | undefined) {
    return (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
      Effect.suspend(() => {
        try {
          this.settleHold(entry, exit, options)
          return Effect.void
        } catch (error) {
          this.store.run(() => this.store.giveBack([entry]))
          return Effect.die(error)
        }
      })
  }

  private holding(pattern: PublicPattern.Pattern, options: HoldOptions<any> | undefined) {
    one("requeue", options?.requeue, ["place", "back"])
    natural("maxAttempts", options?.maxAttempts, 1)
    return { pattern: compile(pattern), timeout: millis("timeout", options?.timeout) }
  }

  /** Runs the operation in a span if the fiber records them; the entry it gets is linked. */
  private spanned<A, E, R>(name: string, run: (got: (entry: Entry) => void) => Effect.Effect<A, E, R>) {
    return Effect.suspend(() =>
      tracing()
        ? Effect.useSpan(
          `TupleSpace.${name}`,
          { attributes: { space: this.name } },
          (span) => Effect.withParentSpan(run((entry) => link(span, [entry])), span)
        )
        : run(() => {})
    )
  }

  inWith = <A, E, R>(
    pattern: PublicPattern.Pattern,
    use: (tuple: any) => Effect.Effect<A, E, R>,
    options?: HoldOptions<any>
  ): Effect.Effect<A, any, R> =>
    reading(() => {
      const held = this.holding(pattern, options)
      return this.spanned("inWith", (got) =>
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(this.acquire(held.pattern, held.timeout, restore), (entry) => {
            got(entry)
            return Effect.onExit(
              restore(Effect.suspend(() =>
                use(entry.tuple)
              )),
              this.ended(entry, options)
            )
          })
        ))
    })

  inScoped = (pattern: PublicPattern.Pattern, options?: HoldOptions<any>): Effect.Effect<any, any, Scope.Scope> =>
    reading(() => {
      const held = this.holding(pattern, options)
      return this.spanned(
        "inScoped",
        (got) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(this.acquire(held.pattern, held.timeout, restore), (entry) => {
              got(entry)
              return Effect.as(Effect.addFinalizer(this.ended(entry, options)), entry.tuple)
            })
          )
      )
    })

  // -------------------------------------------------------------------------------------------------------------------
  // Many at once
  // -------------------------------------------------------------------------------------------------------------------

  private several(
    name: string,
    pattern: PublicPattern.Pattern,
    take: boolean,
    limit: number
  ): Effect.Effect<Array<any>> {
    return reading(() => {
      const { store } = this
      const compiled = compile(pattern)
      return this.operation(name, (span) => {
        const all = store.findAll(compiled)
        const entries = limit < all.length ? all.slice(0, limit) : all
        if (take) {
          link(span, entries)
          store.take(entries)
        }
        return entries.map((entry) => entry.tuple)
      })
    })
  }

  collect = (pattern: PublicPattern.Pattern) => this.several("collect", pattern, true, Infinity)

  copyCollect = (pattern: PublicPattern.Pattern) => this.several("copyCollect", pattern, false, Infinity)

  inUpTo = (pattern: PublicPattern.Pattern, n: number) =>
    reading(() => this.several("inUpTo", pattern, true, natural("n", n, 0)))

  count = (pattern: PublicPattern.Pattern): Effect.Effect<number> =>
    reading(() => {
      const compiled = compile(pattern)
      return this.operation("count", () => this.store.findAll(compiled).length)
    })

  private move(pattern: PublicPattern.Pattern, other: any, take: boolean): Effect.Effect<number, any> {
    return reading(() => {
      const compiled = compile(pattern)
      const memory = memoryOf(other)
      const from = this[Memory]
      if (memory !== undefined) {
        return Transaction.transact(STM.flatMap(
          Transaction.step(from, compiled, (store) => {
            const entries = store.findAll(compiled)
            if (take) {
              store.take(entries)
            }
            return entries
          }),
          (entries) =>
            Transaction.step(
              memory,
              "room",
              (store) =>
                store.put(entries.map((entry) => store.entry(entry.tuple, undefined, entry.failure))) === MISS
                  ? MISS
                  : entries.length
            )
        ))
      }
      const { store } = this
      return Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(
          this.operation("collectInto", () => {
            const entries = store.findAll(compiled)
            if (take) {
              store.takeHeld(entries)
            }
            return entries
          }),
          (entries) =>
            Effect.as(
              Effect.onExit(restore(other.outAll(entries.map((entry) => entry.tuple))) as Effect.Effect<void>, (exit) =>
                Effect.sync(() => {
                  if (take && !store.closed) {
                    store.run(() => Exit.isSuccess(exit) ? store.consume(entries) : store.giveBack(entries))
                  }
                })),
              entries.length
            )
        )
      )
    })
  }

  collectInto = (pattern: PublicPattern.Pattern, other: unknown) => this.move(pattern, other, true)

  copyCollectInto = (pattern: PublicPattern.Pattern, other: unknown) => this.move(pattern, other, false)

  // -------------------------------------------------------------------------------------------------------------------
  // Watching
  // -------------------------------------------------------------------------------------------------------------------

  /** Opens a mailbox for the events of a pattern; with `present`, also the tuples that are there at that instant. */
  private watch(
    pattern: PublicPattern.Pattern,
    options: SubscribeOptions | undefined,
    present: boolean
  ): Stream.Stream<SpaceEvent.SpaceEvent<any>, never> {
    const { store } = this
    const open = reading(() => {
      const compiled = compile(pattern)
      const capacity = natural("capacity", options?.capacity, 1)
      const strategy = one("strategy", options?.strategy, ["suspend", "dropping", "sliding"])
      const events = new Set(
        (options?.events ?? ["Out"]).map((event) =>
          one("events", event, ["Out", "In", "Requeue", "Expire", "Evict"] as ReadonlyArray<SpaceEvent.Kind>)
        )
      )
      return Effect.withFiberRuntime<readonly [ReadonlyArray<Tuple>, Watcher, Interest]>((fiber) => {
        if (store.closed) {
          return Effect.interrupt
        }
        return Effect.succeed(store.run(() => {
          const matching = (entry: Entry) => compiled.failure === entry.failure && compiled.matches(entry.tuple)
          const unseen = present ? new Set(Array.from(store.held).filter(matching)) : undefined
          const watcher = new Watcher(events, capacity, strategy, unseen, () => store.settle())
          const interest = new Interest(
            "subscribe",
            "watchers",
            [compiled],
            store.nextInterest(),
            store.now(),
            fiber,
            fiber.getFiberRef(Process.current),
            () => false
          )
          interest.watcher = watcher
          const tuples = present ? store.findAll(compiled).map((entry) => entry.tuple) : []
          store.register(interest)
          return [tuples, watcher, interest] as const
        }))
      })
    })
    return Stream.unwrapScoped(Effect.map(
      Effect.acquireRelease(open, ([, , interest]) =>
        Effect.sync(() => {
          if (interest.live) {
            store.abandon(interest)
          }
        })),
      ([tuples, watcher]) =>
        Stream.concat(
          Stream.fromIterable(tuples.map((tuple) => ({ _tag: "Out" as const, tuple }))),
          Stream.repeatEffectChunkOption(Effect.catchAllCause(
            Effect.tap(watcher.take, () => store.drained()),
            // The stream of a space that was closed ends, as that of a queue does.
            (cause) =>
              store.closed ? Effect.fail(Option.none<never>()) : Effect.failCause(Cause.map(cause, Option.some))
          ))
        )
    ))
  }

  subscribe = (pattern: PublicPattern.Pattern, options?: SubscribeOptions) => this.watch(pattern, options, false)

  stream = (pattern: PublicPattern.Pattern, options?: MailboxOptions): Stream.Stream<any> =>
    Stream.filterMap(
      this.watch(pattern, options, true),
      (event) => event._tag === "Out" ? Option.some(event.tuple) : Option.none()
    )

  // -------------------------------------------------------------------------------------------------------------------
  // Processes
  // -------------------------------------------------------------------------------------------------------------------

  eval = <A, E, R>(effect: Effect.Effect<A, E, R>, options?: { readonly name?: string | undefined }) =>
    Effect.suspend(() => {
      const { processes, records, store } = this
      if (store.closed) {
        return Effect.interrupt
      }
      const id = this.ids++
      return Process.start({
        effect,
        id,
        name: options?.name ?? `process-${id}`,
        since: store.now(),
        scope: processes,
        records,
        onFailure: (failure) => {
          if (!store.closed) {
            store.run(() => store.putRegardless([store.entry(Object.freeze(failure), undefined, true)]))
          }
        }
      })
    })

  evalTuple = (fields: Tuple, options?: { readonly name?: string | undefined }): Effect.Effect<any, never, any> =>
    reading(() => {
      const evaluated = Effect.all(own(fields).map(Process.evaluate), { concurrency: "unbounded" })
      return this.eval(Effect.tap(evaluated, (tuple) => this.out(tuple as unknown as Tuple)), options)
    })

  // -------------------------------------------------------------------------------------------------------------------
  // Insight and transactions
  // -------------------------------------------------------------------------------------------------------------------

  get inspect() {
    return this.operation("inspect", () => Insight.inspect(this.store, this.records))
  }

  get awaitQuiescent() {
    return Insight.awaitQuiescent(this.store, this.records)
  }

  transact = Transaction.transact
}

// ---------------------------------------------------------------------------------------------------------------------
// Steps that are also operations of transactions
// ---------------------------------------------------------------------------------------------------------------------

const takeNow = (store: Store, pattern: Pattern, span: Span): Option.Option<any> => {
  const entry = store.find(pattern)
  if (entry === undefined) {
    return Option.none()
  }
  link(span, [entry])
  store.take([entry])
  return Option.some(entry.tuple)
}

const readNow = (store: Store, pattern: Pattern): Option.Option<any> => Option.fromNullable(store.find(pattern)?.tuple)

const orMiss = <A>(option: Option.Option<A>): A | MISS => option._tag === "Some" ? option.value : MISS

const transactional =
  (step: (store: Store, pattern: Pattern) => unknown | MISS) => (space: object, pattern: PublicPattern.Pattern): any =>
    transaction(space, (memory) => {
      const compiled = compile(pattern)
      return Transaction.step(memory, compiled, (store) => step(store, compiled))
    })

const transaction = <A>(space: object, f: (memory: Memory) => STM.STM<A, never, any>): STM.STM<A, never, any> => {
  try {
    const memory = memoryOf(space)
    return memory !== undefined ? f(memory) : STM.die(
      new SpaceError({ reason: "Unsupported", message: "only a space in memory takes part in an STM transaction" })
    )
  } catch (error) {
    return STM.die(error)
  }
}

export const transactionIn = transactional((store, pattern) => orMiss(takeNow(store, pattern, undefined)))

export const transactionRd = transactional((store, pattern) => orMiss(readNow(store, pattern)))

export const transactionInp = transactional((store, pattern) => takeNow(store, pattern, undefined))

export const transactionRdp = transactional(readNow)

export const transactionOut = (space: object, tuple: Tuple): STM.STM<void, never, any> =>
  transaction(space, (memory) => {
    const owned = own(tuple)
    return Transaction.step(memory, "room", (store) => store.put([store.entry(owned, undefined)]))
  })

// ---------------------------------------------------------------------------------------------------------------------
// The space
// ---------------------------------------------------------------------------------------------------------------------

export const make = <T extends Tuple = Tuple>(
  options: Options = {}
): Effect.Effect<TupleSpace<T>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const name = options.name ?? "TupleSpace"
    const store = new Store({
      capacity: natural("capacity", options.capacity, 1),
      strategy: one("strategy", options.strategy, ["suspend", "dropping", "sliding"]),
      selection: one("selection", options.selection, ["fifo", "lifo", "random"]),
      random: new PCGRandom(yield* Random.nextInt),
      clock: yield* Effect.clock
    })
    const records = new Map<number, Process.ProcessRecord>()
    yield* keepTime(store)
    if (options.metrics !== undefined) {
      yield* Insight.meter(store, name, millis("metrics", options.metrics))
    }
    const processes = yield* Process.scope
    // Added last, and so run first: whoever waits is interrupted before anything else is taken down.
    yield* Effect.addFinalizer(() => Effect.sync(() => store.close()))
    const ref = yield* STM.commit(TRef.make(store.committed))
    return new MemorySpace(name, store, ref, processes, records) as unknown as TupleSpace<T>
  })
