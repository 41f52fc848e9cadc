/**
 * The command `linda`, as an Effect.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as internal from "./internal/main.js"

/**
 * Runs the command with these arguments, as `process.argv` has them behind the program, and gives its exit code. It
 * reads and writes the standard streams of this process, and listens to its signals.
 *
 * @since 0.1.0
 * @category constructors
 * @example
 * ```ts
 * import { Cli } from "@effect-linda/cli"
 * import { Effect } from "effect"
 *
 * Effect.runPromise(Cli.run(["count", "[\"task\", _]", "--space", ":memory:"]))
 *   .then((code) => console.log(code)) // 0
 * ```
 */
export const run: (args: ReadonlyArray<string>) => Effect.Effect<number> = internal.run
