/**
 * What is to be done by the store, in the order in which it was asked for.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Reply, Run } from "../../StoreCommand.js"
import type { Accepts } from "./offers.js"

/** A command, or how to make it when it is sent. */
export type Making<C extends Command = Command> = C | ((accepts: Accepts) => C)

/** Something to be done by the store. */
export interface Item<C extends Command = Command> {
  readonly make: Making<C>
  /** A method, so that one for the reply of its command can stand among others: it is given no other reply. */
  done(exit: Exit.Exit<Reply<C>, SpaceError>): void
  /** Whether it is done also if the space closes meanwhile: something is given back. */
  readonly must: boolean
  /** Whether it goes as a batch of its own: the store has refused one that it was in. */
  alone?: boolean
}

/** Something that takes several looks at the store, with nobody coming in between. */
export interface Exclusive {
  readonly body: (run: Run, accepts: Accepts) => Effect.Effect<any, any>
  readonly done: (exit: Exit.Exit<any, any>) => void
}

export type Work = Item | Exclusive

export class Agenda {
  private work: Array<Work> = []
  /** How many items at the front are there again. */
  private resent = 0

  get size(): number {
    return this.work.length
  }

  add(work: Work): void {
    this.work.push(work)
  }

  /** Before all that is there. */
  addFirst(work: ReadonlyArray<Work>): void {
    this.work = [...work, ...this.work]
  }

  /**
   * What was sent and not done, because the client was taken for dead. `isFirst`, if no other batch has learned of it
   * before.
   */
  addAgain(items: ReadonlyArray<Item>, isFirst: boolean): void {
    this.resent = isFirst ? 0 : Math.min(this.resent, this.work.length)
    this.work = [...this.work.slice(0, this.resent), ...items, ...this.work.slice(this.resent)]
    this.resent += items.length
  }

  /** Takes back what has not been begun. */
  withdraw(work: Work): boolean {
    const index = this.work.indexOf(work)
    if (index >= 0) {
      this.work.splice(index, 1)
    }
    return index >= 0
  }

  /**
   * What comes next: as many commands as follow each other, of which `share` says how many to take, or something that
   * has to be alone.
   */
  next(share: (ready: number) => number): ReadonlyArray<Item> | Exclusive {
    this.resent = 0
    const [first] = this.work
    if (first !== undefined && "body" in first) {
      this.work.shift()
      return first
    }
    if (first?.alone === true) {
      return this.work.splice(0, 1) as ReadonlyArray<Item>
    }
    const end = this.work.findIndex((each) => "body" in each || each.alone === true)
    return this.work.splice(0, share(end < 0 ? this.work.length : end)) as ReadonlyArray<Item>
  }

  /** Leaves nothing. Returns all that was there. */
  clear(): ReadonlyArray<Work> {
    return this.work.splice(0)
  }

  /** Leaves what must be done. Returns the rest. */
  drop(): ReadonlyArray<Work> {
    const { work } = this
    this.work = work.filter(isMust)
    return work.filter((each) => !isMust(each))
  }
}

export const isMust = (work: Work): boolean =>
  "must" in work && (work.must || typeof work.make === "object" && work.make.op === "settle")
