/**
 * Spans of operations. What a tracer does wrong is no matter of any operation.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { externalSpan } from "effect/Tracer"

/** The span of an operation, if its fiber records spans. */
export type Span = Tracer.Span | undefined

export const currentFiber = () => Option.getOrUndefined(Fiber.getCurrentFiber())

/** Whether the current fiber records spans. */
export const tracing = (): boolean => {
  const fiber = currentFiber()
  return fiber !== undefined && isTraced(fiber)
}

export const isTraced = (fiber: Fiber.RuntimeFiber<any, any>): boolean =>
  fiber.currentSpan?._tag === "Span" && fiber.currentSpan.sampled && fiber.getFiberRef(FiberRef.currentTracerEnabled)

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
  harmless(() => span.end(clock.unsafeCurrentTimeNanos(), exit))
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
  fiber: Fiber.RuntimeFiber<any, any>,
  name: string,
  space: string,
  run: (span: Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  isTraced(fiber)
    ? Effect.flatMap(makeSpan(name, space), (span) =>
      span === undefined ? run(undefined) : Effect.withFiberRuntime((fiber) => {
        const ended = (exit: Exit.Exit<unknown, unknown>) =>
          end(span, clockOf(fiber), exit)
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

const clockOf = (fiber: Fiber.RuntimeFiber<any, any>): Clock.Clock =>
  Context.get(fiber.currentDefaultServices, Clock.Clock)
