/**
 * The commands that carry tuples: to a file and back, and from the dead letters to where they came from.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as TupleSpace from "@effect-linda/core/TupleSpace"
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createWriteStream } from "node:fs"
import { define } from "../define.js"
import { readAll, soon, withSpace } from "../given.js"
import { linesOfFile } from "../input.js"
import * as options from "../options.js"
import type { Closed } from "../outcome.js"
import { Nothing, Usage } from "../outcome.js"
import { write } from "../output.js"
import { patternOf } from "../pattern.js"
import { callback } from "../runtime.js"
import { parse } from "../syntax.js"

const file = (description: string) =>
  Args.text({ name: "file" }).pipe(Args.withDescription(description), Args.withDefault("-"))

/** Opens a file to write to. Fails if it cannot be written. */
const openFile = (path: string) =>
  Effect.map(
    Effect.acquireRelease(
      callback<ReturnType<typeof createWriteStream>, Usage>((resume) => {
        const stream = createWriteStream(path)
        stream.on("error", ({ message }) => resume(Effect.fail(new Usage({ message: `${path}: ${message}` }))))
        stream.on("open", () => resume(Effect.succeed(stream)))
      }),
      (stream) => callback<void>((resume) => void stream.end(() => resume(Effect.void)))
    ),
    (stream) => (text: string) =>
      callback<void, Usage>((resume) =>
        void stream.write(text, (error) =>
          resume(error ? Effect.fail(new Usage({ message: `${path}: ${error.message}` })) : Effect.void))
      )
  )

export const export_ = define(
  "export",
  "Writes all tuples as lines that import reads, with their times, attempts and priorities",
  { space: options.space, file: file("Where to; standard output by default") },
  ({ file, space }) =>
    withSpace({ space, ...soon }, (space) =>
      Effect.scoped(Effect.gen(function*() {
        const put: (text: string) => Effect.Effect<void, Closed | Usage> = file === "-" ? write : yield* openFile(file)
        yield* Stream.runForEach(TupleSpace.exportLines(space), (line) => put(`${line}\n`))
      })))
)

export const import_ = define(
  "import",
  "Puts the tuples of an export, and says how many there were",
  { space: options.space, file: file("Where they are; standard input by default") },
  ({ file, space }) =>
    withSpace({ space, ...soon }, (space) =>
      Effect.flatMap(
        Stream.run(linesOfFile(file), TupleSpace.importLines(space)),
        (count) => write(`${count}\n`)
      ))
)

export const redrive = define(
  "redrive",
  "Puts the tuples back whose commands have failed too often, and says how many they were",
  {
    space: options.space,
    limit: options.limit,
    pattern: Args.text({ name: "pattern" }).pipe(
      Args.withDescription("Which tuples, as they were before; all by default"),
      Args.withDefault("[...]")
    )
  },
  ({ limit, pattern, space }) =>
    Effect.flatMap(
      readAll([pattern], parse),
      ([node]) =>
        withSpace({ space, ...soon }, (space) =>
          Effect.gen(function*() {
            const dead = ["dead", patternOf(node!), P.string] as const
            // What fails again meanwhile is not put back again.
            const most = Math.min(yield* space.count(dead), Option.getOrElse(limit, () => Infinity))
            let count = 0
            while (count < most && Option.isSome(yield* space.replace(dead, ([, tuple]) => tuple as Tuple))) {
              count++
            }
            yield* write(`${count}\n`)
            if (count === 0) {
              return yield* new Nothing({ message: "" })
            }
          }))
    )
)
