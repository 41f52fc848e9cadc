/**
 * A binary heap of things that end at a known time. Each knows its place in the heap, so that one which ends early
 * leaves nothing behind.
 *
 * @internal
 */
export interface Deadline {
  /** When, in milliseconds of the space's clock. */
  at: number
  /** The place in the heap, or -1 outside it. */
  place: number
  readonly fire: () => void
}

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
    const place = deadline.place
    if (place < 0) {
      return
    }
    deadline.place = -1
    const last = this.heap.pop()!
    if (last !== deadline) {
      this.rise(last, place)
      this.sink(last, last.place)
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
      deadline.place = -1
    }
    this.heap.length = 0
  }

  private rise(deadline: Deadline, place: number): void {
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.heap[parent]!.at <= deadline.at) {
        break
      }
      this.put(this.heap[parent]!, place)
      place = parent
    }
    this.put(deadline, place)
  }

  private sink(deadline: Deadline, place: number): void {
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.heap.length) {
        break
      }
      if (child + 1 < this.heap.length && this.heap[child + 1]!.at < this.heap[child]!.at) {
        child++
      }
      if (this.heap[child]!.at >= deadline.at) {
        break
      }
      this.put(this.heap[child]!, place)
      place = child
    }
    this.put(deadline, place)
  }

  private put(deadline: Deadline, place: number): void {
    this.heap[place] = deadline
    deadline.place = place
  }
}
