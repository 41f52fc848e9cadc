// Runs the command with the arguments of this process. scripts/build.mjs makes one file of this and all that it needs.
import { run } from "@effect-linda/cli/Cli"
import * as Effect from "effect/Effect"

process.exit(await Effect.runPromise(run(process.argv.slice(2))))
