/**
 * Two programs that have never heard of each other meet in a space.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Console, Effect } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

const greeter = Effect.gen(function*() {
  // A pattern is a tuple with formals where anything of a type will do. Nobody is there yet, so this waits.
  const [, name] = yield* TupleSpace.in(["name", P.string])
  yield* TupleSpace.out(["greeting", `Hello, ${name}!`])
})

export const program = Effect.gen(function*() {
  // `eval` starts a process. It ends with the space, at the latest.
  yield* TupleSpace.eval(greeter)

  yield* TupleSpace.out(["name", "Linda"])
  const [, greeting] = yield* TupleSpace.in(["greeting", P.string]) // its type is string, as the pattern says

  yield* Console.log(greeting)
  yield* expectEqual(greeting, "Hello, Linda!")
}).pipe(Effect.provide(TupleSpace.layer))

runIfMain(import.meta.url, program)
