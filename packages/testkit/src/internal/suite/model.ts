/**
 * Random programs, against the model.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Commands from "../../Commands.js"
import { seeds } from "../../Simulation.js"
import { cases, Engine } from "./case.js"

/** So few that there are often several matches, and several who wait for the same. */
const alike = FastCheck.constantFrom<unknown>("a", 0)

/** Checks random programs on spaces of the engine: some, or as many as the environment says. */
const agrees = (
  { numRuns = seeds(40), ...options }: Parameters<typeof Commands.commands>[0] & { readonly numRuns?: number }
) =>
  Effect.gen(function*() {
    const engine = yield* Engine
    const runtime = yield* Effect.runtime<Engine>()
    const program = Commands.commands(options)
    const run = <A>(effect: Effect.Effect<A, unknown, Engine>) => Runtime.runPromise(runtime)(effect)
    const property = FastCheck.asyncProperty(program, async (commands) => {
      const scope = await run(Scope.make())
      const space = await run(Scope.extend(engine.make(), scope))
      try {
        const pass = (millis: number) => engine.pass(millis)
        await Commands.run(commands, { space, scope, settle: engine.settle, pass, run })
      } finally {
        await run(Scope.close(scope, Exit.void))
      }
    })
    yield* Effect.promise(() => FastCheck.assert(property, { numRuns }))
  })

export const model = cases("Model", (test) => {
  test("S1-S8 S11 a random program does what it does to the model: results, order, and who is served", () =>
    agrees({ numRuns: 5, maxCommands: 20, field: alike, maxArity: 1 }))

  const fast = test.needing("clock")

  fast(
    "S1-S8 S11 many random programs over a few alike tuples do what they do to the model",
    () => agrees({ field: alike, maxArity: 2 })
  )

  fast(
    "S1-S8 S11 many random programs over various tuples do what they do to the model",
    () => agrees({})
  )

  fast(
    "S1-S8 S11 S18 many random programs that read joins as well do what they do to the model",
    () => agrees({ field: alike, maxArity: 2, joins: true })
  )

  fast(
    "S1-S8 S11 S20 many random programs whose tuples come later as well do what they do to the model",
    () => agrees({ field: alike, maxArity: 2, later: true })
  )

  fast.needing("guards")(
    "S1-S8 S11 S18 many random programs with guards do what they do to the model",
    () => agrees({ field: alike, maxArity: 2, guards: true })
  )

  test("S1-S8 S11 S21 a random program with priorities does what it does to the model", () =>
    agrees({ numRuns: 5, maxCommands: 20, field: alike, maxArity: 1, priorities: true }))

  fast(
    "S1-S8 S11 S21 many random programs with priorities do what they do to the model",
    () => agrees({ field: alike, maxArity: 2, priorities: true })
  )

  fast(
    "S1-S8 S11 S20 S21 many random programs with priorities, and tuples that come later, do what they do to the model",
    () => agrees({ field: alike, maxArity: 2, priorities: true, later: true })
  )
})
