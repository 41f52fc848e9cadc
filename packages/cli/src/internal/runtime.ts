/**
 * What this package uses of Effect's runtime beyond composing effects. Each major version of Effect has it in another
 * form: a port changes this file. The core has such a file of its own.
 *
 * @internal
 */
import * as Effect from "effect/Effect"

/** Suspends the fiber until `resume` is called. What `register` returns is run if the fiber is interrupted first. */
export const callback = Effect.async
