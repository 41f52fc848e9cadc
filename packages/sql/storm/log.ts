/**
 * What programs write down of what they do, so that it is known whatever becomes of them: a line when an operation
 * begins, and one when it ends.
 */
import { TupleSpace } from "@effect-linda/core"
import { SpaceError } from "@effect-linda/core"
import { Cause, Chunk, Effect, Exit, Option } from "effect"
import { closeSync, openSync, readFileSync, writeSync } from "node:fs"

type Line =
  | readonly [at: number, what: "begin", operation: number, name: string, subject: unknown]
  | readonly [at: number, what: "end", operation: number, outcome: string, value: unknown]

/**
 * How an operation ended: `"ok"`, `"timeout"`, `"interrupted"`, the reason of a `SpaceError`, `"unlucky"` if it failed
 * because it was to fail, or `"died"`. `"none"` if it has not ended.
 */
export type Outcome = string

/** An operation, as it is read back. */
export interface Operation {
  /** The process, and which life of it. */
  readonly who: string
  readonly name: string
  /** What it is about, or what it would put. */
  readonly subject: unknown
  /** In microseconds of a clock that all processes of the machine share, and nobody sets. */
  readonly start: number
  /** `Infinity` if it has not ended. */
  readonly end: number
  readonly outcome: Outcome
  /** What it has got; of a failure, what it says. */
  readonly value: unknown
}

export const now = (): number => Number(process.hrtime.bigint() / 1000n)

/** What a program fails with to see what becomes of that. */
export class Unlucky {
  readonly _tag = "Unlucky"
}

/** Also if a scope that was closed then has died with what it had lost. */
const isInterrupted = (cause: Cause.Cause<unknown>): boolean =>
  Cause.isInterrupted(cause) && Chunk.every(Cause.defects(cause), (defect) => defect instanceof SpaceError.SpaceError)

const outcomeOf = <A>(exit: Exit.Exit<A, unknown>, valueOf: (value: A) => unknown): readonly [Outcome, unknown] => {
  if (Exit.isSuccess(exit)) {
    return ["ok", valueOf(exit.value)]
  }
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return error instanceof Unlucky
    ? ["unlucky", null]
    : TupleSpace.isTimeout(error)
    ? ["timeout", null]
    : error instanceof SpaceError.SpaceError
    ? [error.reason, error.message]
    : isInterrupted(exit.cause)
    ? ["interrupted", null]
    : ["died", Cause.pretty(exit.cause)]
}

export class Log {
  private readonly file: number
  private operations = 0
  private isClosed = false

  constructor(path: string) {
    this.file = openSync(path, "a")
  }

  private write(line: Line): void {
    if (!this.isClosed) {
      writeSync(this.file, `${JSON.stringify(line)}\n`)
    }
  }

  begin(name: string, subject: unknown): number {
    const operation = this.operations++
    this.write([now(), "begin", operation, name, subject])
    return operation
  }

  end(operation: number, outcome: Outcome, value: unknown): void {
    this.write([now(), "end", operation, outcome, value])
  }

  /** Does an operation, and writes it down. There is no instant in which it has ended and nobody knows. */
  noted<A, E, R>(
    name: string,
    subject: unknown,
    operation: Effect.Effect<A, E, R>,
    valueOf: (value: A) => unknown = () => null
  ): Effect.Effect<A, E, R> {
    return Effect.suspend(() => {
      const id = this.begin(name, subject)
      return Effect.onExit(operation, (exit) => Effect.sync(() => this.end(id, ...outcomeOf(exit, valueOf))))
    })
  }

  close(): void {
    this.isClosed = true
    closeSync(this.file)
  }
}

/** What a process wrote in one life of it. Who was killed in the midst of a line has not written it. */
export const read = (path: string, who: string): ReadonlyArray<Operation> => {
  const operations = new Map<number, Operation>()
  for (const text of readFileSync(path, "utf8").split("\n")) {
    let line: Line
    try {
      line = JSON.parse(text)
    } catch {
      continue
    }
    if (line[1] === "begin") {
      const [start, , id, name, subject] = line
      operations.set(id, { who, name, subject, start, end: Infinity, outcome: "none", value: null })
    } else {
      const [end, , id, outcome, value] = line
      const begun = operations.get(id)
      if (begun !== undefined) {
        operations.set(id, { ...begun, end, outcome, value })
      }
    }
  }
  return [...operations.values()]
}
