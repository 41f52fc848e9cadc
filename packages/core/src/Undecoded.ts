/**
 * Fields that a program cannot decode.
 *
 * @since 0.1.0
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"

/**
 * A field that this program cannot decode: its class is missing in the option `schemas`, its schema has changed, or a
 * later version has written it. A `deadLetter` gets it in the place of the value. Put into a space again it is written
 * as it was, so that a program that knows the class can still read it.
 *
 * @since 0.1.0
 * @category models
 */
export class Undecoded implements Equal.Equal {
  constructor(
    /** As it is in a store: text. As it has crossed a link: data. */
    readonly encoded: unknown,
    /** Why it cannot be decoded. */
    readonly reason: string,
    /** The letter of its type in a store, if it comes from one. */
    readonly letter?: string | undefined
  ) {}

  /**
   * Tells whether both have equal encodings.
   *
   * @since 0.1.0
   */
  [Equal.symbol](that: unknown): boolean {
    return that instanceof Undecoded && Equal.equals(this.encoded, that.encoded)
  }

  /**
   * Hashes the encoding.
   *
   * @since 0.1.0
   */
  [Hash.symbol](): number {
    return Hash.hash(this.encoded)
  }

  /**
   * Shows the reason, as `inspect` does.
   *
   * @since 0.1.0
   */
  toString(): string {
    return `Undecoded(${this.reason})`
  }
}
