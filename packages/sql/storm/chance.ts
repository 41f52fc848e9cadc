/** Chance that comes again with its seed. */
export class Chance {
  constructor(private state: number) {}

  /** From 0 to 1, without 1. After T. Ettinger, "mulberry32" (2017). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number. */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  oneOf<A>(choices: ReadonlyArray<A>): A {
    const choice = choices[this.below(choices.length)]
    if (choice === undefined) {
      throw new Error("there is nothing to choose from")
    }
    return choice
  }

  /** One of them, those of more weight more often. */
  weighed<A extends { readonly weight: number }>(choices: ReadonlyArray<A>): A {
    let at = this.next() * choices.reduce((sum, { weight }) => sum + weight, 0)
    return choices.find(({ weight }) => (at -= weight) < 0) ?? this.oneOf(choices)
  }
}

/** A seed for each part of what a seed decides (FNV-1a). */
export const seedOf = (...parts: ReadonlyArray<number>): number =>
  parts.reduce((hash, part) => Math.imul(hash ^ part, 0x01000193), 0x811c9dc5)
