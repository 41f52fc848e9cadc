/**
 * `linda migrate`: brings the tables of a space to the version of this program.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { migrationScript, open } from "../address.js"
import { define } from "../define.js"
import { readAddress, soon } from "../given.js"
import * as options from "../options.js"
import { write } from "../output.js"

export const migrate = define(
  "migrate",
  "Brings the tables to the version of this program, as every other command does when it opens the space",
  { space: options.space, dryRun: options.dryRun },
  ({ dryRun, space }) =>
    Effect.gen(function*() {
      const address = yield* readAddress(space)
      const script = yield* migrationScript(address)
      if (dryRun) {
        return yield* write(script === "" ? "-- nothing to do: the tables are of this version\n" : script)
      }
      yield* Effect.scoped(open(address, soon))
      yield* write(
        script === "" ? "the tables were of this version already\n" : "the tables are of this version now\n"
      )
    })
)
