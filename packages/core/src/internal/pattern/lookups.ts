/**
 * A list in which patterns look up what has their literals: in a table for each set of positions, which is made when it
 * is first asked for.
 *
 * @internal
 */
import type { Key } from "./hash.js"
import type { Pattern } from "./pattern.js"

export class Lookups<A extends { readonly tuple: ReadonlyArray<unknown> }> {
  /** By the positions of literals. */
  private readonly tables = new Map<number, ReadonlyMap<Key, ReadonlyArray<A>>>()

  constructor(
    private readonly all: ReadonlyArray<A>,
    /** The key of what is at these positions. */
    private readonly keyAt: (each: A, positions: ReadonlyArray<number>) => Key
  ) {}

  /** What has the literals of the pattern, in the order of the list. */
  of({ key, literals, mask }: Pattern): ReadonlyArray<A> {
    if (mask === 0 || this.all.length === 0) {
      return this.all
    }
    let table = this.tables.get(mask)
    if (table === undefined) {
      this.tables.set(mask, table = this.tableFor(literals))
    }
    return table.get(key) ?? []
  }

  private tableFor(positions: ReadonlyArray<number>): ReadonlyMap<Key, ReadonlyArray<A>> {
    const table = new Map<Key, Array<A>>()
    const last = positions[positions.length - 1]!
    for (const each of this.all) {
      if (each.tuple.length > last) {
        const key = this.keyAt(each, positions)
        const list = table.get(key)
        if (list === undefined) {
          table.set(key, [each])
        } else {
          list.push(each)
        }
      }
    }
    return table
  }
}
