/**
 * The puts that cannot be made now, in order of arrival.
 *
 * What they wait for differs: room in the space, for which nobody overtakes anybody; or room in the mailbox of a
 * subscription, which holds up only those that it concerns.
 *
 * @internal
 */
import type { Interest } from "./interest.js"

export class WaitingPuts {
  private interests = new Set<Interest>()
  private last = -1

  get size(): number {
    return this.interests.size
  }

  [Symbol.iterator](): Iterator<Interest> {
    return this.interests[Symbol.iterator]()
  }

  add(interest: Interest): void {
    interest.live = true
    this.interests.add(interest)
    if (interest.seq < this.last) {
      // One that has been here before returns to its place.
      this.interests = new Set(Array.from(this.interests).sort((self, that) => self.seq - that.seq))
    } else {
      this.last = interest.seq
    }
  }

  remove(interest: Interest): void {
    interest.live = false
    this.interests.delete(interest)
    if (this.interests.size === 0) {
      this.last = -1
    }
  }

  /** Whether somebody before this place waits for room in the space. */
  isAwaited(place: number): boolean {
    for (const interest of this.interests) {
      if (interest.seq >= place) {
        return false
      }
      if (interest.needs === "room") {
        return true
      }
    }
    return false
  }
}
