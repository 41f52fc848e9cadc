#!/usr/bin/env node
// The command. Where the package is published it is compiled; in the workspace it is TypeScript, which tsx loads.
import { Effect } from "effect"
import module from "node:module"

// From Node 22.8 on: what was compiled once is not compiled again.
module.enableCompileCache?.()
const name = "@effect-linda/cli/Cli"
if (import.meta.resolve(name).endsWith(".ts")) (await import("tsx/esm/api")).register()
const { run } = await import(name)
process.exit(await Effect.runPromise(run(process.argv.slice(2))))
