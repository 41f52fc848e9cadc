/**
 * Drivers of databases. They are loaded when a space is opened: whoever uses one database need not install the driver
 * of the other.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Effect from "effect/Effect"

const isMissing = (name: string, cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && /MODULE_NOT_FOUND$/.test(String(cause.code)) &&
  new RegExp(`'${name}'`).test(cause.message)

/**
 * Loads a driver by its name on the registry, or tells how to install it. What is there and does not load, such as one
 * whose binary is that of another platform, tells by itself what is wrong.
 */
export const load = <A>(
  name: string,
  load: () => Promise<{ readonly default: A }>,
  remedy = `npm install ${name}`
): Effect.Effect<A, SpaceError> =>
  Effect.tryPromise({
    try: async () => (await load()).default,
    catch: (cause) =>
      new SpaceError({
        reason: "Unsupported",
        message: isMissing(name, cause)
          ? `the driver "${name}" is not installed: ${remedy}`
          : `the driver "${name}" does not load: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause
      })
  })
