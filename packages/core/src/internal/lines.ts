/**
 * The tuples of a space as lines of JSON, and back: see `exportLines` and `importLines` of `TupleSpace`. The first line
 * says what they are, the last one how many tuples there are, so that nobody takes a part for the whole.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { SpaceError } from "../SpaceError.js"
import type { TupleSpace } from "../TupleSpace.js"
import { failing, onlyOptions, schemasOf, unsupported } from "./arguments.js"
import { isSpaceError } from "./brand.js"
import { format as ofFields, rewrite } from "./encoding.js"
import { isPriority, priorities } from "./places.js"
import { messageOf, show } from "./print.js"
import type { Dumped } from "./texts.js"
import { Values } from "./values.js"
import type { Verbs } from "./verbs.js"
import { verbsOf } from "./verbs.js"

const format = "effect-linda tuples"

/** Grows when a program could not read the lines of the one after it. */
const version = 1

/** So many tuples, or a text so long, are put at once. */
const most = { tuples: 256, characters: 2 ** 20 }

type AnySpace<E> = TupleSpace<any, E>

const reached = <E>(space: AnySpace<E>, options: unknown): readonly [Verbs<E>, Values] => {
  const schemas = schemasOf(options)
  onlyOptions(options, ["schemas"])
  const verbs = verbsOf(space)
  if (verbs === undefined) {
    throw unsupported(`${show(space)} was made by nothing of this library, and only its own spaces can be written down`)
  }
  return [verbs, new Values(schemas, "store")]
}

// ---------------------------------------------------------------------------------------------------------------------
// Out
// ---------------------------------------------------------------------------------------------------------------------

const lineOf = ({ after, attempts, failure, fields, priority, shape, ttl }: Dumped): string =>
  `{"tuple":[${fields.join(",")}],"shape":"${shape}"` +
  `${after === 0 ? "" : `,"after":${after}`}${ttl === null ? "" : `,"ttl":${ttl}`}${
    attempts === 0 ? "" : `,"attempts":${attempts}`
  }${priority === 0 ? "" : `,"priority":${priority}`}` +
  `${failure ? ",\"failure\":true" : ""}}`

export const exportLines = <E>(space: AnySpace<E>, options?: unknown): Stream.Stream<string, E | SpaceError> =>
  Stream.unwrap(Effect.suspend(() =>
    failing(() => {
      const [verbs, values] = reached(space, options)
      let tuples = 0
      return Effect.succeed(Stream.concatAll(Chunk.make(
        Stream.make(JSON.stringify({ format, version, fields: ofFields, space: verbs.name })),
        Stream.map(verbs.dump(values), (dumped) => {
          tuples++
          return lineOf(dumped)
        }),
        Stream.sync(() => JSON.stringify({ end: tuples }))
      )))
    })
  ))

// ---------------------------------------------------------------------------------------------------------------------
// In
// ---------------------------------------------------------------------------------------------------------------------

/** What is wrong with a line. */
class Wrong extends Error {
  constructor(message: string, readonly reason: SpaceError["reason"] = "InvalidTuple") {
    super(message)
  }
}

type Members = Readonly<Record<string, unknown>>

const membersOf = (line: string): Members => {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (error) {
    throw new Wrong(`it is no JSON: ${messageOf(error)}`)
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new Wrong("it is no object")
  }
  return json as Members
}

const checkFirst = (first: Members): void => {
  if (first["format"] !== format) {
    throw new Wrong(`it does not begin an export of tuples, as {"format":"${format}",…} does`)
  }
  for (const [name, known] of [["version", version], ["fields", ofFields]] as const) {
    const found = first[name]
    if (!isCount(found)) {
      throw new Wrong(`its ${name} is no number`)
    }
    if (found > known) {
      throw new Wrong(
        `its ${name} is ${found}, and this program reads up to ${known}: update @effect-linda/core`,
        "Unsupported"
      )
    }
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isTime = (value: unknown): value is number => typeof value === "number" && value >= 0 && value < Infinity

const dumpedOf = (members: Members): Dumped => {
  const { after = 0, attempts = 0, failure = false, priority = 0, shape, ttl = null, tuple, ...others } = members
  const [other] = Object.keys(others)
  if (other !== undefined) {
    throw new Wrong(`it has the member ${JSON.stringify(other)}, which no tuple has`)
  }
  if (!Array.isArray(tuple) || tuple.length === 0) {
    throw new Wrong("its tuple is no array of at least one field")
  }
  if (shape !== undefined && !(typeof shape === "string" && /^[a-z]*$/.test(shape) && shape.length === tuple.length)) {
    throw new Wrong("its shape is no text of a letter for each field")
  }
  if (ttl !== null && !isTime(ttl)) {
    throw new Wrong("its ttl is no number of milliseconds")
  }
  if (!isTime(after)) {
    throw new Wrong("its after is no number of milliseconds")
  }
  if (!isCount(attempts)) {
    throw new Wrong("its attempts are no number")
  }
  if (!isPriority(priority)) {
    throw new Wrong(`its priority is no ${priorities}`)
  }
  if (typeof failure !== "boolean" || failure && tuple.length !== 3) {
    throw new Wrong("it is no failure, which has three fields")
  }
  return {
    fields: tuple.map(rewrite),
    shape: shape ?? "x".repeat(tuple.length),
    ttl,
    after,
    attempts,
    failure,
    priority
  }
}

class Importer<E> {
  private line = 0
  private stage: "first" | "tuples" | "over" = "first"
  private batch: Array<Dumped> = []
  private characters = 0
  private put = 0
  /** The last line of which the tuple has been put. */
  private done = 0

  constructor(private readonly load: (all: ReadonlyArray<Dumped>) => Effect.Effect<void, E | SpaceError>) {}

  add(lines: ReadonlyArray<string>, from = 0): Effect.Effect<void, E | SpaceError> {
    return failing(() => {
      for (let index = from; index < lines.length; index++) {
        this.read(lines[index]!)
        if (this.batch.length >= most.tuples || this.characters >= most.characters) {
          return Effect.zipRight(this.flush, Effect.suspend(() => this.add(lines, index + 1)))
        }
      }
      return Effect.void
    })
  }

  readonly end: Effect.Effect<number, E | SpaceError> = Effect.suspend(() =>
    failing(() => {
      if (this.stage !== "over") {
        throw this.refusal(
          this.stage === "first"
            ? "there is no line"
            : `after line ${this.line}: the lines were cut off: there is no end`
        )
      }
      return Effect.map(this.flush, () => this.put)
    })
  )

  private read(line: string): void {
    this.line++
    if (line.trim() === "") {
      return
    }
    try {
      this.understand(line)
    } catch (error) {
      throw this.refusal(
        `line ${this.line}: ${messageOf(error)}`,
        error instanceof Wrong ? error.reason : "InvalidTuple"
      )
    }
  }

  private understand(line: string): void {
    const members = membersOf(line)
    if (this.stage === "first") {
      checkFirst(members)
      this.stage = "tuples"
    } else if (this.stage === "over") {
      throw new Wrong("it comes behind the end")
    } else if ("end" in members) {
      const tuples = this.put + this.batch.length
      if (members["end"] !== tuples) {
        throw new Wrong(`there were ${tuples} tuples before this end of ${String(members["end"])}`)
      }
      this.stage = "over"
    } else {
      this.batch.push(dumpedOf(members))
      this.characters += line.length
    }
  }

  private readonly flush: Effect.Effect<void, E | SpaceError> = Effect.suspend(() => {
    const { batch } = this
    this.batch = []
    this.characters = 0
    return batch.length === 0 ? Effect.void : Effect.matchEffect(this.load(batch), {
      onSuccess: () =>
        Effect.sync(() => {
          this.put += batch.length
          this.done = this.line
        }),
      onFailure: (error) =>
        Effect.fail(
          isSpaceError(error)
            ? new SpaceError({ reason: error.reason, message: this.told(error.message), cause: error })
            : error
        )
    })
  })

  private refusal(message: string, reason: SpaceError["reason"] = "InvalidTuple"): SpaceError {
    return new SpaceError({ reason, message: this.told(message) })
  }

  private told(message: string): string {
    return `${message} (${this.put === 0 ? "no tuple was" : `the tuples up to line ${this.done} were`} put before)`
  }
}

export const importLines = <E>(
  space: AnySpace<E>,
  options?: unknown
): Sink.Sink<number, string, never, E | SpaceError> =>
  Sink.unwrap(Effect.suspend(() =>
    failing(() => {
      const [verbs, values] = reached(space, options)
      const importer = new Importer<E>((all) => failing(() => verbs.load(values, all)))
      return Effect.succeed(Sink.mapEffect(
        Sink.forEachChunk((lines: Chunk.Chunk<string>) => importer.add(Chunk.toReadonlyArray(lines))),
        () => importer.end
      ))
    })
  ))
