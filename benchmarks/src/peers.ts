/** What people write who need one: tuples and waiters in arrays, looked through from the front, and promises. */
import type { Fields } from "./subjects.js"

type Test = (tuple: Fields) => boolean

interface Waiter {
  readonly test: Test
  readonly resolve: (tuple: Fields) => void
}

export class HandSpace {
  private readonly tuples: Array<Fields> = []
  private readonly waiters: Array<Waiter> = []

  out(tuple: Fields): void {
    const index = this.waiters.findIndex(({ test }) => test(tuple))
    if (index >= 0) {
      this.waiters.splice(index, 1)[0]!.resolve(tuple)
    } else {
      this.tuples.push(tuple)
    }
  }

  in(test: Test): Promise<Fields> {
    const index = this.tuples.findIndex(test)
    return index >= 0
      ? Promise.resolve(this.tuples.splice(index, 1)[0]!)
      : new Promise((resolve) => this.waiters.push({ test, resolve }))
  }
}
