import { Cli } from "@effect-linda/cli"
import { Effect } from "effect"

process.exit(await Effect.runPromise(Cli.run(process.argv.slice(2))))
