/**
 * How a step of the store becomes an operation: an Effect that makes the step, and what it does if the step cannot be
 * made now.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { currentFiber, interrupted, isTraced, withFiber } from "../runtime.js"
import type { Span } from "../tracing.js"
import { end, harmless, makeSpan, tracing } from "../tracing.js"
import type { Memory } from "./engine.js"
import type { Entry } from "./entry.js"
import type { Miss } from "./store.js"
import { CLOSED, isMiss } from "./store.js"

/** Thrown by an instruction that cannot be done: the effect to go on with. */
export class Detour {
  constructor(readonly effect: Effect.Effect<any, any>) {}
}

const orDetour = (cause: Cause.Cause<never>): Effect.Effect<any, any> => {
  const defect = cause._tag === "Die" ? cause.defect : undefined
  return defect instanceof Detour
    ? defect.effect
    : defect === CLOSED
    ? interrupted
    : Exit.failCause(cause)
}

/** Links the span of an operation to those of the `out`s whose tuples it got. */
export const link = (span: Span, entries: ReadonlyArray<Entry>): void => {
  const links = span === undefined ?
    [] :
    entries.flatMap(({ extra }) =>
      extra?.span === undefined ? [] : [{ _tag: "SpanLink" as const, span: extra.span, attributes: {} }]
    )
  if (links.length > 0) {
    harmless(() => span!.addLinks(links))
  }
}

/** What an operation does. */
export interface Operation<A, E> {
  /** Its step, which may miss. */
  readonly step: (span: Span) => A | Miss
  /** What it does then. It makes the step again first. */
  readonly wait?: (span: Span) => Effect.Effect<A, E>
  /** Whether the step would miss now. */
  readonly wouldMiss?: () => boolean
  /** Whether it lets others have their turn first who were served and have not run. */
  readonly takesTurns?: boolean
}

/**
 * An operation that is one step of the store. On an empty one it looks first: to wait at once costs less than a step
 * that misses.
 */
export const operation = <A, E = never>(memory: Memory, name: string, body: Operation<A, E>): Effect.Effect<A, E> => {
  const { store } = memory
  return body.wouldMiss === undefined || store.count > 0 ?
    stepping(memory, name, body) :
    withFiber((fiber) => {
      const isStep = store.closed || isTraced(fiber) || body.takesTurns === true && store.isContended
      return isStep || !store.run(stepWouldMiss, body) ? stepping(memory, name, body) : body.wait!(undefined)
    })
}

const stepWouldMiss = (body: Operation<unknown, unknown>): boolean => body.wouldMiss!()

/**
 * The step is made in a single instruction of the fiber, and its result goes straight to what comes next, so that no
 * interruption can come between them. What that cannot express (that the operation has to wait, that the space is
 * closed, that a span is wanted) is thrown, as the effect to go on with instead.
 */
const stepping = <A, E>(
  memory: Memory,
  name: string,
  body: Operation<A, E>,
  /** `null`, if the tracer makes none. */
  span?: Span | null,
  isTurn = body.takesTurns !== true
): Effect.Effect<A, E> =>
  Effect.catchAllCause(
    Effect.sync(() => {
      const { store } = memory
      if (!isTurn && store.isContended && !store.turns.goesOn(currentFiber())) {
        throw new Detour(Effect.zipRight(store.turns.turn, stepping(memory, name, body, span, true)))
      }
      if (span === undefined && tracing()) {
        // Not `useSpan`: where its region ends, an interruption could come between the result and what comes next (S8).
        throw new Detour(Effect.flatMap(
          makeSpan(name, memory.name),
          (span) => stepping(memory, name, body, span ?? null, isTurn)
        ))
      }
      const outcome = store.run(stepOf<A>, body, span ?? undefined)
      if (isMiss(outcome)) {
        throw new Detour(body.wait!(span ?? undefined))
      }
      endSpan(memory, span, Exit.void)
      return outcome as A
    }),
    span === undefined || span === null ? orDetour : (cause) => {
      const next = orDetour(cause)
      if (Exit.isExit(next)) {
        endSpan(memory, span, next)
      }
      return next
    }
  )

const stepOf = <A>(body: Operation<A, unknown>, span: Span): A | Miss => body.step(span)

/** Ends the span of an operation, in the step that ends the operation. */
export const endSpan = ({ store }: Memory, span: Span | null, exit: Exit.Exit<unknown, unknown>): void => {
  if (span !== undefined && span !== null) {
    end(span, store.options.clock, exit)
  }
}

/**
 * An operation of many steps, in a span if the fiber records them. What runs within it sees that span as its parent.
 */
export const spanned = <A, E, R>(
  memory: Memory,
  name: string,
  run: (span: Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() =>
    tracing()
      ? Effect.flatMap(makeSpan(name, memory.name), (span) =>
        span === undefined ? run(undefined) : Effect.onExit(
          Effect.withParentSpan(run(span), span),
          (exit) => Effect.sync(() => endSpan(memory, span, exit))
        ))
      : run(undefined)
  )
