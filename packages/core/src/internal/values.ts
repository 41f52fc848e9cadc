/**
 * Values on their way out of the process, and back: to the other end of a link, or into a store. Its rooms are in
 * `values/`, each of which calls only itself and those before it: `words`, `kinds`, `encoder` and `decoder`, `errors`.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Schema from "effect/Schema"
import type { Tuple } from "../Tuple.js"
import { classesOf } from "./classes.js"
import { isFailure, markFailure } from "./failure.js"
import { Decoder } from "./values/decoder.js"
import { Encoder } from "./values/encoder.js"
import { Errors } from "./values/errors.js"
import { goesAsIs } from "./values/kinds.js"
import type { Medium } from "./values/words.js"
import { classPrefix } from "./values/words.js"

/** Encodes and decodes values. All ends need the same schemas. */
export class Values {
  private readonly encoder: Encoder
  private readonly decoder: Decoder
  private readonly errors: Errors
  /** How classes that have been renamed stand in a text. */
  private readonly ambiguous: ReadonlyArray<string>

  /** Throws a `SpaceError` if the schemas cannot be told apart. */
  constructor(private readonly schemas: ReadonlyArray<Schema.Schema<any, any>> = [], medium: Medium = "link") {
    const classes = classesOf(schemas)
    this.ambiguous = classes.flatMap(({ former, identifier }) =>
      former.size === 0 ? [] : [JSON.stringify(classPrefix + identifier)]
    )
    this.encoder = new Encoder(classes, medium)
    this.decoder = new Decoder(classes)
    this.errors = new Errors(this.encoder, this.decoder)
  }

  private inTexts: Values | undefined = undefined

  /** With the same schemas, for texts. */
  get stored(): Values {
    return this.inTexts ??= new Values(this.schemas, "store")
  }

  /**
   * Whether there may be equal values with another text, for they hold an instance of a class that had another
   * identifier. It may say so of what only looks like one.
   */
  isAmbiguous(text: string): boolean {
    return this.ambiguous.some((name) => text.includes(name))
  }

  /** The fields of a tuple. Throws a `SpaceError` that names the field that cannot cross. */
  encodeAll(fields: ReadonlyArray<unknown>, where = "field "): ReadonlyArray<unknown> {
    let result = fields
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]
      if (!goesAsIs(field)) {
        const encoded = this.encoder.encode(field, `${where}${i}`)
        if (encoded !== field) {
          result = result === fields ? fields.slice() : result
          ;(result as Array<unknown>)[i] = encoded
        }
      }
    }
    return result
  }

  /** A tuple. That of a failed process crosses as well as it can. */
  encodeTuple(tuple: Tuple): unknown {
    return isFailure(tuple)
      ? { failure: [this.errors.encode(tuple[0]), tuple[1], tuple[2]] }
      : this.encodeAll(tuple)
  }

  /** A tuple as all ends have it: frozen. Throws a `SpaceError` that names the field that cannot be decoded. */
  decodeTuple(wire: any): Tuple {
    if (Array.isArray(wire)) {
      // Two answers in one message may share a tuple, which has been decoded then.
      for (let i = 0; i < wire.length && !Object.isFrozen(wire); i++) {
        if (typeof wire[i] === "object" && wire[i] !== null) {
          wire[i] = this.decoder.decode(wire[i], `field ${i}`)
        }
      }
      return Object.freeze(wire) as unknown as Tuple
    }
    const [error, trace, process] = wire.failure
    return markFailure(Object.freeze([this.errors.decode(error), trace, process]))
  }

  /** The same, with what cannot be decoded as it is. */
  decodeRaw(wire: ReadonlyArray<unknown>): Tuple {
    return Object.freeze(wire.map((field, index) => this.decoder.decodeOr(field, `field ${index}`))) as unknown as Tuple
  }

  /** Throws a `SpaceError` that names the place of what cannot cross. */
  encode(value: unknown, where: string): unknown {
    return this.encoder.encode(value, where)
  }

  /** What {@link encode} has made of a value. Throws a `SpaceError` that names what this program does not know. */
  decode(value: unknown, where = "the value"): unknown {
    return this.decoder.decode(value, where)
  }

  /** An error or defect: crosses as well as it can, whatever it is. */
  encodeError(error: unknown): unknown {
    return this.errors.encode(error)
  }

  /** What it was, or `Undecoded`: what went wrong is told in any case. */
  decodeError(coded: any): unknown {
    return this.errors.decode(coded)
  }

  /** Everything that went wrong. */
  encodeCause(cause: Cause.Cause<unknown>): ReadonlyArray<unknown> {
    return this.errors.encodeCause(cause)
  }

  /** The same in nothing but texts and numbers, for a medium that has refused what is in it. */
  encodeCausePlainly(cause: Cause.Cause<unknown>): ReadonlyArray<unknown> {
    return this.errors.encodeCausePlainly(cause)
  }

  decodeCause(wire: ReadonlyArray<any>): Cause.Cause<unknown> {
    return this.errors.decodeCause(wire)
  }
}
