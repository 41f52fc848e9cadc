/**
 * What the examples have in common: an assertion, and a way to be both a module for the tests and a program to run.
 */
// all of platform-node would take half a second to load
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import { deepStrictEqual } from "node:assert/strict"
import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** Dies, with a message that shows the difference, unless both are the same. */
export const expectEqual = <A>(actual: A, expected: NoInfer<A>): Effect.Effect<void> =>
  Effect.sync(() => deepStrictEqual(actual, expected))

/**
 * Runs the program if its module is the one that Node was asked to run, and not if a test imports it. `runMain` turns
 * Ctrl-C into an interruption, which closes all scopes, and an error into an exit code.
 */
export const runIfMain = (moduleUrl: string, program: Effect.Effect<unknown, unknown>): void => {
  const main = process.argv[1]
  if (main !== undefined && realpathSync(main) === fileURLToPath(moduleUrl)) {
    NodeRuntime.runMain(program)
  }
}
