/** What processes are told, and what they answer. */
import type { Tuple } from "@effect-linda/core"
import type { Postgres, Sqlite } from "@effect-linda/sql"

export type Engine = "memory" | "store" | "sqlite" | "postgres"

/** What a process is told when it is started. */
export interface Settings {
  readonly engine: Engine
  readonly sqlite?: Sqlite.Options
  readonly postgres?: Postgres.Options
  /** In milliseconds. */
  readonly lease: number
  /** Which process it is, in which of its lives, and how many there are. */
  readonly slot: number
  readonly slots: number
  readonly life: number
  /** How many programs run in it. */
  readonly programs: number
}

/** What a process is told to do. */
export type Order =
  /** Runs its programs, until they are told that the round is over. */
  | { readonly order: "go"; readonly seed: number; readonly log: string }
  /** Interrupts a program, whatever it does, and runs it anew. Which one: from 0 to 1. */
  | { readonly order: "interrupt"; readonly which: number }
  /** Sets the clock, to so many milliseconds from what it is. */
  | { readonly order: "clock"; readonly offset: number }
  /** Begins nothing new. The answer is who still waits for an answer. */
  | { readonly order: "quiet" }
  /** Waits for those who wait. The answer is what the process has of memory and descriptors then. */
  | { readonly order: "rest" }
  /** Puts tuples. */
  | { readonly order: "put"; readonly tuples: ReadonlyArray<Tuple.Tuple> }
  /** The answer is what is in the space. */
  | { readonly order: "look" }
  /** Takes all that is in the space. The answer is what is there then. */
  | { readonly order: "clear" }

export interface Found {
  /** Oldest first. */
  readonly tuples: ReadonlyArray<ReadonlyArray<unknown>>
  readonly held: number
  readonly waiting: ReadonlyArray<string>
}

export interface Resources {
  /** In megabytes, after a collection of garbage. */
  readonly heap: number
  readonly resident: number
  readonly descriptors: number
}

/** The first that a process says: it knows now what it is told by a signal. */
export const born = -1
/** The second: it has opened its spaces. */
export const up = 0

export interface Answer {
  readonly id: number
  readonly value: unknown
  readonly failure?: string
}
