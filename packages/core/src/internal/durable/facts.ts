/**
 * What a transaction has been told of what is stored. The store is locked while it runs, so what was told stays true;
 * what has not been told yet has to be asked for.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import type { Command, Query, Reply, Row, Run } from "../../StoreCommand.js"
import { beginning } from "../places.js"
import type { Asked } from "../queries.js"
import type { Found } from "./known.js"
import { page } from "./query.js"
import type { Reading } from "./reader.js"

/** A tuple as a transaction sees it. */
export interface Seen {
  /** Its place. What the transaction has put itself has one that no stored tuple ever gets. */
  readonly id: number
  /** Whether the transaction has put it itself. */
  readonly isOwn: boolean
  readonly row: Row
  readonly reading: Reading
}

/** A tuple that is stored. */
export const storedAs = (row: Row, read: (row: Row) => Reading): Seen => ({
  id: row.id,
  isOwn: false,
  row,
  reading: read(row)
})

interface Fact {
  /** What the store is asked. */
  readonly command: () => Command
  learn(reply: Reply): void
}

interface Lasting extends Fact {
  /** The same, of which nothing is known yet. */
  readonly anew: () => Lasting
}

/** The rows that a query finds, in the order of choice: the first of them, or all. */
export class Rows implements Lasting {
  readonly seen: Array<Seen> = []
  isWhole = false
  private limit: number

  constructor(
    private readonly query: Query,
    private readonly read: (row: Row) => Reading,
    private readonly first: number
  ) {
    this.limit = first
  }

  command(): Command {
    return { op: "scan", query: this.query, after: this.seen[this.seen.length - 1]?.id ?? beginning, limit: this.limit }
  }

  learn(rows: ReadonlyArray<Row>): void {
    this.isWhole = rows.length < this.limit
    // Once the first were not enough.
    this.limit = page
    for (const row of rows) {
      this.seen.push(storedAs(row, this.read))
    }
  }

  anew(): Rows {
    return new Rows(this.query, this.read, Math.max(this.first, this.seen.length))
  }
}

/** How many rows a query finds, whoever can decode them. */
export class Count implements Lasting {
  value: number | undefined = undefined

  constructor(private readonly query: Query) {}

  command(): Command {
    return { op: "count", query: this.query }
  }

  learn(count: number): void {
    this.value = count
  }

  anew(): Count {
    return new Count(this.query)
  }
}

/** All that a query finds of what anybody holds. */
export class HeldRows implements Lasting {
  seen: ReadonlyArray<Seen> | undefined = undefined

  constructor(private readonly query: Query, private readonly read: (row: Row) => Reading) {}

  command(): Command {
    return { op: "held", query: this.query }
  }

  learn(rows: ReadonlyArray<Row>): void {
    this.seen = rows.map((row) => storedAs(row, this.read))
  }

  anew(): HeldRows {
    return new HeldRows(this.query, this.read)
  }
}

/**
 * That a tuple is held, which could end otherwise before the transaction does: each batch ends those whose time is
 * over.
 */
export class Held implements Fact {
  state: "asked" | "gone" | "held" = "asked"

  constructor(readonly hold: number, readonly seen: Seen) {}

  command(): Command {
    return { op: "claim", hold: this.hold, ids: [this.seen.id], waiter: null, final: false }
  }

  learn(rows: ReadonlyArray<Row> | null): void {
    this.state = rows === null ? "gone" : "held"
  }
}

export class Facts {
  private readonly facts = new Map<string, Lasting>()
  /** What the last run has asked for. */
  private readonly asked = new Map<string, Lasting>()
  private readonly lacking = new Set<Fact>()
  private readonly holds = new Map<number, Held>()
  /** What a query finds, before the run has taken or put anything, if that has been looked for. */
  found: { readonly query: Asked; readonly found: Found | undefined } | undefined = undefined

  /** Lacks nothing, or what another run has asked for. */
  constructor(last?: Facts) {
    for (const [key, fact] of last?.asked ?? []) {
      const anew = fact.anew()
      this.facts.set(key, anew)
      this.lacking.add(anew)
    }
  }

  /** Whether a run could not go on for want of facts. */
  get isLacking(): boolean {
    return this.lacking.size > 0
  }

  /** Whether a tuple has ended since it was seen: nothing is certain then. */
  get isStale(): boolean {
    return this.held.some(({ state }) => state === "gone")
  }

  get held(): ReadonlyArray<Held> {
    return Array.from(this.holds.values())
  }

  /** What it holds. */
  get claimed(): ReadonlyArray<Seen> {
    return this.held.map(({ seen }) => seen)
  }

  holdOf(id: number): Held | undefined {
    return this.holds.get(id)
  }

  /** Holds a tuple from the next batch on. */
  hold(seen: Seen, nextId: () => number): Held {
    const held = this.holds.get(seen.id) ?? new Held(nextId(), seen)
    this.holds.set(seen.id, held)
    return held
  }

  rows(query: Query, read: (row: Row) => Reading, first: number): Rows {
    return this.ask("rows", query, () => new Rows(query, read, first))
  }

  heldRows(query: Query, read: (row: Row) => Reading): HeldRows {
    return this.ask("held", query, () => new HeldRows(query, read))
  }

  count(query: Query): Count {
    return this.ask("count", query, () => new Count(query))
  }

  private ask<A extends Lasting>(kind: string, query: Query, make: () => A): A {
    const key = kind + JSON.stringify(query)
    // The kind tells the class.
    const fact = (this.facts.get(key) ?? make()) as A
    this.facts.set(key, fact)
    this.asked.set(key, fact)
    return fact
  }

  /** It is to be asked for, or for more of it. */
  lack(fact: Fact): void {
    this.lacking.add(fact)
  }

  /** A run begins. */
  begin(): void {
    this.asked.clear()
  }

  /** Asks for all that is lacking, in one batch. */
  fetch(run: Run): Effect.Effect<void, SpaceError> {
    return Effect.suspend(() => {
      const lacking = Array.from(this.lacking)
      this.lacking.clear()
      return Effect.map(
        run(lacking.map((fact) => fact.command())),
        ({ replies }) => lacking.forEach((fact, index) => fact.learn(replies[index]))
      )
    })
  }
}
