/**
 * Tuples that are not stored, and yet not absent: they are held, or on their way to somebody, and may come back.
 *
 * Made for one search, and listed when that first asks.
 *
 * @internal
 */
import { Lookups } from "../pattern/lookups.js"
import type { Pattern } from "../pattern/pattern.js"
import type { Entry } from "./entry.js"

export class Away {
  private listed: Lookups<Entry> | undefined = undefined

  constructor(private readonly held: Iterable<Entry>, private readonly leaving: Iterable<Entry>) {}

  /** Whether one passes the test of those that have the literals of the pattern. */
  some(pattern: Pattern, test: (entry: Entry) => boolean): boolean {
    const { held, leaving } = this
    this.listed ??= new Lookups([...held, ...leaving], (entry, positions) => entry.keyAt(positions))
    return this.listed.of(pattern).some((entry) => entry.failure === pattern.failure && test(entry))
  }
}
