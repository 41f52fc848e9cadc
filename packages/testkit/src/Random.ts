/**
 * Random numbers from a seed, and what tests draw with them: synchronous, unlike Effect's `Random`, so that they can be
 * drawn in the midst of building an effect.
 *
 * @since 0.1.0
 */

/**
 * A generator of which the same seed always draws the same.
 *
 * @since 0.1.0
 * @category models
 */
export interface Random {
  /** From 0, below 1. */
  readonly next: () => number
  /** An integer from 0, below `limit`. */
  readonly below: (limit: number) => number
  /** An integer from `least` to `most`. */
  readonly between: (least: number, most: number) => number
  /** True with this probability. */
  readonly chance: (probability: number) => boolean
  /** One of the items, of which there must be some. */
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  /** As many things as asked for. */
  readonly array: <A>(length: number, make: (index: number) => A) => Array<A>
  /** The items in any order. */
  readonly shuffle: <A>(items: ReadonlyArray<A>) => Array<A>
}

/**
 * Makes a generator (mulberry32) from a seed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (seed: number): Random => new RandomImpl(seed)

class RandomImpl implements Random {
  private state: number

  constructor(seed: number) {
    // Neighbouring seeds should have nothing in common.
    this.state = Math.imul(seed + 1, 0x9e3779b1)
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<A>(items: ReadonlyArray<A>): A {
    return items[this.below(items.length)]!
  }

  array<A>(length: number, make: (index: number) => A): Array<A> {
    return Array.from({ length }, (_, index) => make(index))
  }

  shuffle<A>(items: ReadonlyArray<A>): Array<A> {
    const result = [...items]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = result[i]!
      result[i] = result[j]!
      result[j] = swapped
    }
    return result
  }
}
