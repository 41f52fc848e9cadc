/**
 * Which part has what: a tuple is in the part of its first field, and failures are in the first part.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Options } from "../../Sharded.js"
import type { SpaceError } from "../../SpaceError.js"
import type { Tuple } from "../../Tuple.js"
import type { TupleSpace } from "../../TupleSpace.js"
import { failing, invalidOption, natural, onlyOptions, schemasOf, unsupported } from "../arguments.js"
import { isArray } from "../brand.js"
import { encodeField, keyOf } from "../encoding.js"
import { isFailure } from "../failure.js"
import type { Pattern } from "../pattern/pattern.js"
import { show } from "../print.js"
import type { Dumped } from "../texts.js"
import { Values } from "../values.js"
import type { Verbs } from "../verbs.js"
import { verbsOf } from "../verbs.js"

export type Part = Verbs<SpaceError>

export class Routing {
  readonly parts: ReadonlyArray<Part>
  /** That which also has the processes. */
  readonly main: Part
  private readonly values: Values

  /** Throws what is wrong with the options, or with the spaces. */
  constructor(spaces: ReadonlyArray<TupleSpace<any, SpaceError>>, options: Options) {
    this.values = valuesOf(options)
    if (!isArray(spaces) || spaces.length === 0) {
      throw invalidOption(`parts: ${show(spaces)} is no array of at least one space`)
    }
    this.parts = spaces.map((space): Part => {
      const verbs = verbsOf(space)
      if (verbs === undefined) {
        throw invalidOption(`parts: ${show(space)} is no space that this library has made`)
      }
      return verbs
    })
    this.main = this.parts[0]!
  }

  ofTuple(tuple: Tuple): Part {
    return isFailure(tuple) ? this.main : this.parts[indexOf(this.values, tuple[0], this.parts.length)]!
  }

  ofDumped({ failure, fields }: Dumped): Part {
    return failure ? this.main : this.parts[keyOf(0, fields[0]!) % this.parts.length]!
  }

  /** The parts in which there can be a match. */
  ofPattern(pattern: Pattern): ReadonlyArray<Part> {
    const { parts, values } = this
    const [first] = pattern.terms
    if (pattern.failure) {
      return [this.main]
    }
    if (first?.kind !== "literal") {
      return parts
    }
    const text = encodeField(values, first.value, 0)
    // An equal value may have another text, and so be in another part.
    return values.isAmbiguous(text) ? parts : [parts[keyOf(0, text) % parts.length]!]
  }

  ofPatterns(patterns: ReadonlyArray<Pattern>): ReadonlyArray<Part> {
    return this.parts.filter((part) => patterns.some((pattern) => this.ofPattern(pattern).includes(part)))
  }

  /** Which of the tuples belong to each part, by their indices. */
  byPart(tuples: ReadonlyArray<Tuple>): ReadonlyArray<{ readonly part: Part; readonly own: ReadonlyArray<number> }> {
    const indices = tuples.map((_, index) => index)
    return this.parts
      .map((part) => ({ part, own: indices.filter((index) => this.ofTuple(tuples[index]!) === part) }))
      .filter(({ own }) => own.length > 0)
  }

  /** The part that an operation concerns, which has to be one. */
  only(name: string, concerned: ReadonlyArray<Part>): Part {
    if (concerned.length > 1) {
      throw unsupported(
        `${name}: the patterns concern several parts of the space: give all of them the same first field`
      )
    }
    return concerned[0] ?? this.main
  }
}

export const partOf = (first: unknown, parts: number, options: Options = {}): Effect.Effect<number, SpaceError> =>
  failing(() => Effect.succeed(indexOf(valuesOf(options), first, natural("parts", parts, 1))))

const indexOf = (values: Values, first: unknown, parts: number): number =>
  keyOf(0, encodeField(values, first, 0)) % parts

const valuesOf = (options: unknown): Values => {
  const schemas = schemasOf(options)
  onlyOptions(options, ["name", "schemas"])
  return new Values(schemas, "store")
}
