/**
 * Tuples that are not stored, and yet not absent: they are held, or on their way to somebody, and may come back.
 *
 * Made for one search, which asks it as often as it has absences to ask for: they are listed by their literals when
 * that is first asked for.
 *
 * @internal
 */
import type { Key } from "../pattern/hash.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Entry } from "./entry.js"

export class Away {
  /** By the positions of literals. */
  private readonly tables = new Map<number, ReadonlyMap<Key, ReadonlyArray<Entry>>>()

  /** Made when it is asked for. */
  private listed: ReadonlyArray<Entry> | undefined = undefined

  constructor(private readonly held: Iterable<Entry>, private readonly leaving: Iterable<Entry> = []) {}

  private get entries(): ReadonlyArray<Entry> {
    return this.listed ??= [...this.held, ...this.leaving]
  }

  /** Whether one passes the test of those that have the literals of the pattern. */
  some(pattern: Pattern, test: (entry: Entry) => boolean): boolean {
    return this.candidates(pattern).some((entry) => entry.failure === pattern.failure && test(entry))
  }

  private candidates(pattern: Pattern): ReadonlyArray<Entry> {
    const { mask } = pattern
    if (mask === 0 || this.entries.length === 0) {
      return this.entries
    }
    let table = this.tables.get(mask)
    if (table === undefined) {
      this.tables.set(mask, table = this.tableFor(pattern.literals))
    }
    return table.get(pattern.key) ?? []
  }

  private tableFor(literals: ReadonlyArray<number>): ReadonlyMap<Key, ReadonlyArray<Entry>> {
    const table = new Map<Key, Array<Entry>>()
    const last = literals[literals.length - 1]!
    for (const entry of this.entries) {
      if (entry.tuple.length > last) {
        const key = entry.keyAt(literals)
        const list = table.get(key)
        if (list === undefined) {
          table.set(key, [entry])
        } else {
          list.push(entry)
        }
      }
    }
    return table
  }
}
