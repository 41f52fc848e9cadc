/**
 * The processes of a client, by the numbers by which the space knows them.
 *
 * @internal
 */
import type { AnyFiber } from "../runtime.js"
import { interruptLater, isOver } from "../runtime.js"

export class Running {
  private readonly fibers = new Map<number, AnyFiber>()
  /** Those that the space has, and that do not run here yet; whether they are to end then. */
  private readonly starting = new Map<number, boolean>()

  /** The space has it. */
  readonly expect = (id: number): void => void this.starting.set(id, false)

  /** It runs here. Says whether it has been told to end before. */
  started(id: number, fiber: AnyFiber): boolean {
    const isToEnd = this.starting.get(id) === true
    this.starting.delete(id)
    if (!isOver(fiber)) {
      this.fibers.set(id, fiber)
    }
    return isToEnd
  }

  ended(id: number): void {
    this.fibers.delete(id)
  }

  stop(id: number): void {
    const fiber = this.fibers.get(id)
    if (fiber !== undefined) {
      interruptLater(fiber)
    }
    if (this.starting.has(id)) {
      this.starting.set(id, true)
    }
  }

  stopAll(isSpared: (id: number) => boolean): void {
    for (const [id, fiber] of this.fibers) {
      if (!isSpared(id)) {
        interruptLater(fiber)
      }
    }
  }
}
