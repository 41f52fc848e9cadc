/**
 * Spans of operations. What a tracer does wrong is no matter of any operation.
 *
 * @internal
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import { externalSpan } from "effect/Tracer"
import type { AnyFiber } from "./runtime.js"
import { clockOf, currentFiber, isTraced, nanosOf, withFiber } from "./runtime.js"

/** The span of an operation, if its fiber records spans. */
export type Span = Tracer.Span | undefined

/** Whether the current fiber records spans. */
export const tracing = (): boolean => {
  const fiber = currentFiber()
  return fiber !== undefined && isTraced(fiber)
}

/**
 * Runs what is not ours, such as a tracer. What it throws does not matter to any operation: none has another result, or
 * keeps a tuple.
 */
export const harmless = <A>(f: () => A): A | undefined => {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** Makes a span, if the tracer does. */
export const makeSpan = (name: string, space: string): Effect.Effect<Span> =>
  Effect.catchAllDefect(
    Effect.makeSpan(spanName(name), { attributes: { space } }) as Effect.Effect<Span>,
    () => Effect.succeed(undefined)
  )

export const end = (span: Tracer.Span, clock: Clock.Clock, exit: Exit.Exit<unknown, unknown>): void => {
  harmless(() => span.end(nanosOf(clock), exit))
}

const spanName = (name: string): string => `TupleSpace.${name}`

/** As `link`, to spans that are known by their ids. */
export const linkTo = (span: Span, ids: ReadonlyArray<readonly [traceId: string, spanId: string]>): void => {
  if (span !== undefined && ids.length > 0) {
    harmless(() =>
      span.addLinks(ids.map(([traceId, spanId]) => ({
        _tag: "SpanLink",
        span: externalSpan({ traceId, spanId }),
        attributes: {}
      })))
    )
  }
}

/**
 * An operation of many steps that has its result from the last of them: its span ends with it, and nothing comes in
 * between.
 */
export const tracedSpan = <A, E, R>(
  fiber: AnyFiber,
  name: string,
  space: string,
  run: (span: Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  isTraced(fiber)
    ? Effect.flatMap(makeSpan(name, space), (span) =>
      span === undefined ? run(undefined) : withFiber((fiber) => {
        const ended = (exit: Exit.Exit<unknown, unknown>) => end(span, clockOf(fiber), exit)
        return Effect.matchCauseEffect(Effect.withParentSpan(run(span), span), {
          onSuccess: (value) => {
            ended(Exit.void)
            return Effect.succeed(value)
          },
          onFailure: (cause) => {
            ended(Exit.failCause(cause))
            return Effect.failCause(cause)
          }
        })
      }))
    : run(undefined)
