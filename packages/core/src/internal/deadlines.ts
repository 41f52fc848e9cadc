/**
 * A binary heap of things that end at a known time. Each knows its index there, so that one which ends early leaves
 * nothing behind.
 *
 * @internal
 */
export interface Deadline {
  /** When, in milliseconds of the space's clock. */
  at: number
  /** Where it is in the heap, or -1 outside it. */
  index: number
  readonly fire: () => void
  /** Of those at the same time the lowest comes first. By default 0. */
  readonly rank?: number
}

/** Whether the one is before the other. */
const isBefore = (one: Deadline, other: Deadline): boolean =>
  one.at < other.at || one.at === other.at && (one.rank ?? 0) < (other.rank ?? 0)

export class Deadlines {
  private readonly heap: Array<Deadline> = []

  get size(): number {
    return this.heap.length
  }

  /** The earliest time, or infinity. */
  get earliest(): number {
    return this.heap.length === 0 ? Infinity : this.heap[0]!.at
  }

  add(deadline: Deadline): void {
    this.heap.push(deadline)
    this.rise(deadline, this.heap.length - 1)
  }

  remove(deadline: Deadline): void {
    const index = deadline.index
    if (index < 0) {
      return
    }
    deadline.index = -1
    const last = this.heap.pop()!
    if (last !== deadline) {
      this.rise(last, index)
      this.sink(last, last.index)
    }
  }

  /** Removes and returns the earliest deadline if it is due. */
  due(now: number): Deadline | undefined {
    const first = this.heap[0]
    if (first === undefined || first.at > now) {
      return undefined
    }
    this.remove(first)
    return first
  }

  clear(): void {
    for (const deadline of this.heap) {
      deadline.index = -1
    }
    this.heap.length = 0
  }

  private rise(deadline: Deadline, index: number): void {
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(deadline, this.heap[parent]!)) {
        break
      }
      this.put(this.heap[parent]!, index)
      index = parent
    }
    this.put(deadline, index)
  }

  private sink(deadline: Deadline, index: number): void {
    for (;;) {
      let child = 2 * index + 1
      if (child >= this.heap.length) {
        break
      }
      if (child + 1 < this.heap.length && isBefore(this.heap[child + 1]!, this.heap[child]!)) {
        child++
      }
      if (!isBefore(this.heap[child]!, deadline)) {
        break
      }
      this.put(this.heap[child]!, index)
      index = child
    }
    this.put(deadline, index)
  }

  private put(deadline: Deadline, index: number): void {
    this.heap[index] = deadline
    deadline.index = index
  }
}
