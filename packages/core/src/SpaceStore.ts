/**
 * What an engine of durable or distributed spaces has to do, and a space made of one.
 *
 * A store keeps tuples as encoded fields, decides which match by comparing encodings, and remembers who waits. It does
 * what it is told in *batches*: lists of plain commands that happen one after the other, as one atomic and durable
 * step, one batch at a time in each space. Everything else lives above it, once: encoding, predicates, joins,
 * coalescing, timeouts, renewal, interruption. The commands and their replies are in `StoreCommand`.
 *
 * @since 0.1.0
 */

/* eslint-disable @typescript-eslint/no-explicit-any -- schemas of any types */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
// eslint-disable-next-line no-restricted-imports -- the type of what users set
import type * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as classes from "./internal/classes.js"
import * as embedded from "./internal/durable/embedded.js"
import * as space from "./internal/durable/engine.js"
import * as lapse from "./internal/durable/lapse.js"
import * as memoryStore from "./internal/durable/memory.js"
import * as query from "./internal/durable/query.js"
import * as row from "./internal/durable/row.js"
import * as encoding from "./internal/encoding.js"
import * as places from "./internal/places.js"
import * as queues from "./internal/queue.js"
import * as timekeeper from "./internal/timekeeper.js"
import type { Reader } from "./Options.js"
import type { SpaceError } from "./SpaceError.js"
import type { Inspected, Mail, NewRow, Query, Row, Run, ScheduledRow, Waiter } from "./StoreCommand.js"
import type { Tuple } from "./Tuple.js"
import type { Failures, OutOptions } from "./TupleSpace.js"
import { TupleSpace } from "./TupleSpace.js"

// ---------------------------------------------------------------------------------------------------------------------
// What a store is told, and what it answers
// ---------------------------------------------------------------------------------------------------------------------

export type {
  /**
   * A command of a batch.
   *
   * @since 0.1.0
   * @category models
   */
  Command,
  /**
   * What a watcher can be told of.
   *
   * @since 0.1.0
   * @category models
   */
  EventKind,
  /**
   * Tuples that were found, by which of several queries.
   *
   * @since 0.1.0
   * @category models
   */
  Found,
  /**
   * What a space holds.
   *
   * @since 0.1.0
   * @category models
   */
  Inspected,
  /**
   * A field that is given by its value.
   *
   * @since 0.1.0
   * @category models
   */
  Literal,
  /**
   * News for a waiter.
   *
   * @since 0.1.0
   * @category models
   */
  Mail,
  /**
   * A tuple on its way into a store.
   *
   * @since 0.1.0
   * @category models
   */
  NewRow,
  /**
   * What a batch comes to.
   *
   * @since 0.1.0
   * @category models
   */
  Outcome,
  /**
   * Which tuples are meant.
   *
   * @since 0.1.0
   * @category models
   */
  Query,
  /**
   * What a command is answered with.
   *
   * @since 0.1.0
   * @category models
   */
  Reply,
  /**
   * A tuple in a store.
   *
   * @since 0.1.0
   * @category models
   */
  Row,
  /**
   * A tuple in a store that is still to come.
   *
   * @since 0.1.0
   * @category models
   */
  ScheduledRow,
  /**
   * Somebody who waits, or wants to be told.
   *
   * @since 0.1.0
   * @category models
   */
  Waiter
} from "./StoreCommand.js"

// ---------------------------------------------------------------------------------------------------------------------
// Stores
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes an effect a part of a transaction that is undone alone if it fails, dies or is interrupted.
 *
 * @since 0.1.0
 * @category models
 */
export type Savepoint = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SpaceError, R>

/**
 * Makes an effect interruptible where some caller is, as `Effect.uninterruptibleMask` hands it out.
 *
 * @since 0.1.0
 * @category models
 */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * How somebody waits for a turn.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiting<E = never> {
  /** How many of the permits it needs: by default all of them. */
  readonly permits?: number | undefined
  /** Makes the wait interruptible: by default it is where the effect is. */
  readonly restore?: Restore | undefined
  /** Begins to measure the time, and returns how to end that. The wait fails with what `late` is told. */
  readonly patience?: ((late: (error: E) => void) => () => void) | undefined
}

/**
 * A space's store, as one client of it sees it. A batch is one atomic step that is durable when it is answered, and any
 * two batches of a space happen one after the other. It cannot be interrupted. One that fails as `Refused` has not
 * happened; of one that fails as `Unavailable` nobody knows. In each batch, before its commands, the store
 *
 * - lets the client live for another `lease`,
 * - ends the life of tuples whose time is over,
 * - has tuples come whose time has come, when it has ended clients,
 * - ends clients whose lease is over: their waiters are gone, what they held is back. If it has not heard of this
 *   client for longer than its lease, it may have heard of nobody, and gives the others time for a sign of life.
 *
 * @since 0.1.0
 * @category models
 */
export interface SpaceStore {
  /** The name of the space. */
  readonly name: string
  readonly run: Run
  /**
   * Several batches as one: nobody comes between them, and if the body fails, none has happened. They are answered with
   * mail as any other; if the body fails, what had come before comes again.
   *
   * Who waits for its turn may leave, by `restore`: nothing of it has happened then.
   */
  readonly transaction: <A, E, R>(
    body: (run: Run, savepoint: Savepoint) => Effect.Effect<A, E, R>,
    restore?: Restore
  ) => Effect.Effect<A, E | SpaceError, R>
  /** Calls back whenever mail may have come, which others' batches have caused. Lives in the scope. */
  readonly onMail: (notify: () => void) => Effect.Effect<void, SpaceError, Scope.Scope>
  /** How many batches to give it at a time: it does them in their order. By default 1. */
  readonly depth?: number | undefined
  /**
   * Whether nothing has happened of a batch that has failed, for whatever reason. By default nobody knows: what was to
   * go back by it may be back and taken again, and so is not put back once more.
   */
  readonly undoes?: boolean | undefined
  /** Whether it heeds the priorities of new rows. By default not. */
  readonly prioritizes?: boolean | undefined
  /** Whether it has tuples come later, by the commands `schedule`, `reschedule` and `scheduled`. By default not. */
  readonly schedules?: boolean | undefined
  /**
   * For how long the client lives without a sign of life, in milliseconds. It gives one three times as often, by the
   * `Clock`. Give it thousands of days in tests that let a `TestClock` go far: with a short one they do not come to an
   * end with all those signs.
   */
  readonly lease: number
}

/**
 * One who stands in a line of waiters that a tuple matches.
 *
 * @since 0.1.0
 * @category tables
 */
export interface Standing extends Omit<Waiter, "label"> {
  readonly client: string
  /** The number by which it has arrived: younger ones have greater ones. */
  readonly seq: number
  /** The name of its line, by which the store finds those behind it. */
  readonly name: string
  /** The first of its queries that matches the tuple. */
  readonly index: number
}

/**
 * A name for the line in which a waiter stands: those who are exact stand in one with all who have the same queries,
 * whichever client they belong to; the others with those of their client of which that says so.
 *
 * @since 0.1.0
 * @category tables
 */
export const lineOf: (client: string, waiter: Pick<Waiter, "exact" | "kind" | "line" | "queries">) => string =
  query.lineOf

/**
 * The tables of tuples that are still to come. All functions are synchronous.
 *
 * @since 0.1.0
 * @category tables
 */
export interface ScheduledTables {
  /** When the next of them comes. Asked in every batch. */
  readonly next: () => number | null
  /** Adds one, and returns its number: none that a tuple has ever had, or will have, as its lease. */
  readonly add: (row: Omit<ScheduledRow, "lease">) => number
  /**
   * Removes and returns those that have come by this time, in order of their times, and of those at the same time in
   * the order in which they were added. What is too much for one batch may stay for the next.
   */
  readonly take: (now: number) => ReadonlyArray<ScheduledRow>
  /** Changes when one comes, or how long it will live then. Whether it is there. */
  readonly set: (lease: number, change: { readonly due: number } | { readonly ttl: number | null }) => boolean
  /** Removes one. Whether it was there. */
  readonly remove: (lease: number) => boolean
  /** All of them, in the order in which they come. */
  readonly all: () => ReadonlyArray<ScheduledRow>
  /** The other clients in whose name somebody waits. */
  readonly others: (client: string) => ReadonlyArray<string>
}

/**
 * The tables of a store that can look at its own data in no time: in this process. {@link fromTables} does the commands
 * with them, one batch at a time. All functions are synchronous.
 *
 * @since 0.1.0
 * @category tables
 */
export interface Tables {
  /**
   * Stores a tuple; in a new place, behind all others without a priority, if it has none yet. Returns it with its
   * place. A tuple that comes with `lease: 0` is to have a lease: its number is the place that the tuple gets, and
   * comes back as its `lease`.
   */
  readonly insert: (row: Omit<Row, "id"> & { readonly id: number | null }) => Row
  /**
   * Stores tuples behind all others without a priority, in their order, and returns their places. None of them is to
   * have a lease.
   */
  readonly insertAll: (rows: ReadonlyArray<Omit<Row, "id">>) => ReadonlyArray<number>
  /** A tuple that is stored. */
  readonly get: (id: number) => Row | undefined
  readonly remove: (ids: ReadonlyArray<number>) => void
  /** Stored tuples that match and are behind this place, in the order of places. Before all of them is -(2 ** 53). */
  readonly find: (query: Query, after: number, limit: number) => ReadonlyArray<Row>
  readonly count: (query: Query) => number
  /** Stored tuples whose life is over at this time. */
  readonly due: (now: number) => ReadonlyArray<Row>
  /** When the next tuple's life ends. */
  readonly nextExpiry: () => number | null
  /** Changes when the life ends of a tuple, stored or held. */
  readonly renew: (lease: number, expires: number | null) => boolean

  /**
   * Remembers that a tuple arrived under this number at this time, for the ages that `inspect` tells. Is told the first
   * that a batch puts. The number is that of its place: {@link arrivalOf}. Without it there are no ages.
   */
  readonly mark?: ((arrival: number, now: number) => void) | undefined
  /**
   * For priorities, which are a part of the place: the number of the next tuple in the order of arrival, of those by
   * which `insert` and `insertAll` make new places. `insert` is then told the place that is made of it, which may be
   * negative, or greater than {@link arrivals}. Without it the store knows no priorities.
   */
  readonly arrive?: (() => number) | undefined

  /** Moves stored tuples to holds. */
  readonly hold: (client: string, held: ReadonlyArray<readonly [hold: number, id: number]>, now: number) => void
  /**
   * The number of the next hold: an integer greater than all those that were given in a transaction that has been
   * committed. Without it holds have no numbers.
   */
  readonly token?: (() => number) | undefined
  /** Removes and returns what is held under a number, or of that one tuple. */
  readonly unhold: (client: string, hold: number, id: number | null) => ReadonlyArray<Row>
  /** Removes what is held under these numbers, and returns those under which there was something. */
  readonly drop: (client: string, holds: ReadonlyArray<number>) => ReadonlySet<number>
  readonly held: (query: Query) => ReadonlyArray<Row>

  /** Whether anybody waits, for whatever: most often nobody does. */
  readonly isWaitedFor: () => boolean
  /**
   * Whether anybody watches for `"Gone"`, whatever the tuple is. Asked where somebody waits, before tuples are looked
   * up that leave for good. By default somebody may.
   */
  readonly isWatched?: (() => boolean) | undefined
  /** Adds a waiter, behind all others. */
  readonly addWaiter: (client: string, waiter: Waiter, since: number) => void
  readonly removeWaiter: (client: string, waiter: number) => boolean
  /** Of those who wait for such a tuple the first of each line, in order of arrival. */
  readonly waitersFor: (row: Pick<Row, "arity" | "fields" | "keys" | "shape">) => ReadonlyArray<Standing>
  /** Up to so many of the line of that one who have come after this number, in order of arrival. */
  readonly waitersIn: (first: Standing, after: number, limit: number) => ReadonlyArray<Standing>

  readonly post: (client: string, mail: Mail) => void
  /** Removes and returns the mail of a client, in order. */
  readonly fetch: (client: string) => ReadonlyArray<Mail>

  /**
   * Removes and returns what transactions past the space have committed for it, in order: it is put before the commands
   * of the batch. What is too much for one batch stays for the next, for which `onMail` calls back. By default there is
   * no such thing.
   */
  readonly outbox?: (() => ReadonlyArray<NewRow>) | undefined
  /** For tuples that come later. Without it the store has none. */
  readonly scheduled?: ScheduledTables | undefined

  /** Lets a client live until then. `false` if it had been ended. */
  readonly touch: (client: string, until: number) => boolean
  /** Clients whose life is over. */
  readonly lapsed: (now: number) => ReadonlyArray<string>
  /**
   * What each client has said last. Needed by tables that several programs share, whose clocks somebody may set: a
   * client is then judged by what it is seen to say.
   */
  readonly signs?: (() => ReadonlyArray<Sign>) | undefined
  /** Removes a client with its waiters and its mail. Returns what it held, oldest first. */
  readonly end: (client: string) => ReadonlyArray<Row>
  readonly inspect: (now: number) => Inspected
}

/**
 * A sign of life: a client lives until then, by the clock, and says so again well within its lease. In milliseconds.
 *
 * @since 0.1.0
 * @category tables
 */
export interface Sign {
  readonly client: string
  readonly until: number
  readonly lease: number
}

/**
 * What a store in this process is made of.
 *
 * @since 0.1.0
 * @category tables
 */
export interface TablesOptions {
  readonly name: string
  /** In milliseconds. */
  readonly lease: number
  readonly tables: Tables
  /**
   * Runs one effect at a time of all those that would meet in the tables: of one connection, of one file. Who asks
   * first should come first, and who waits may leave by `restore`. Of a {@link queue} it is
   * `(effect, restore) => queue.inTurn(effect, { restore })`. It may fail if the turn does not come.
   */
  readonly lock: <A, E, R>(effect: Effect.Effect<A, E, R>, restore: Restore) => Effect.Effect<A, E | SpaceError, R>
  /**
   * Begins a transaction that excludes all others. What is not excluded by the lock, such as other programs, it waits
   * for without blocking this one, as long as it has patience; the time of leases is read when it has succeeded.
   */
  readonly begin: Effect.Effect<void, unknown>
  readonly commit: () => void
  /** Undoes the transaction that is under way, if there is one: `begin` may have been interrupted. */
  readonly rollback: () => void
  /** What it means that one of the tables throws: by default that it refuses what was asked for. */
  readonly failed?: ((error: unknown) => SpaceError) | undefined
  /** Remembers how things are in the transaction that is under way, and returns how to go back to that. */
  readonly savepoint: () => () => void
  /** Makes a new client that lives until then, and has this lease, and returns its name. In a transaction. */
  readonly enter: (until: number, lease: number) => string
  /** Calls back whenever there may be mail for a client from others. Lives in the scope. */
  readonly onMail: (client: () => string, notify: () => void) => Effect.Effect<void, never, Scope.Scope>
  /**
   * Succeeds in the next turn of the event loop, as Node's `setImmediate` calls back. Tables answer without one, and so
   * a busy space waits for a turn every 10 ms, in which timers, sockets and signals are served. By default a timer,
   * which takes a millisecond.
   */
  readonly nextTurn?: Effect.Effect<void> | undefined
}

/**
 * Makes a store of tables in this process. Time is Effect's `Clock`.
 *
 * @since 0.1.0
 * @category tables
 */
export const fromTables: (options: TablesOptions) => Effect.Effect<SpaceStore, SpaceError, Scope.Scope> =
  embedded.fromTables

/**
 * Turns of what not all can have at a time, by permits: who asks first comes first. Who waits may leave, and harms
 * nobody by it, as somebody who waits for a semaphore of Effect may.
 *
 * @since 0.1.0
 * @category stores
 */
export interface Queue {
  /** Runs an effect when its turn has come. */
  readonly inTurn: <A, E, R, E2 = never>(
    effect: Effect.Effect<A, E, R>,
    waiting?: Waiting<E2>
  ) => Effect.Effect<A, E | E2, R>
}

/**
 * Makes a {@link Queue} of so many permits: 1 for one at a time.
 *
 * @since 0.1.0
 * @category stores
 */
export const queue = (permits: number): Queue => new queues.Queue(permits)

/**
 * So many tuples are put into a space at most, and so many places are of each priority. The place of a tuple is its
 * number in the order of arrival, less its priority times this.
 *
 * @since 0.1.0
 * @category tables
 */
export const arrivals: number = places.step

/**
 * The number of a tuple in the order of arrival, by its place.
 *
 * @since 0.1.0
 * @category tables
 */
export const arrivalOf: (place: number) => number = places.arrivalOf

/**
 * Whether a tuple matches a query: what every store has to agree with.
 *
 * @since 0.1.0
 * @category tables
 */
export const matches: (query: Query, row: Pick<Row, "arity" | "fields" | "shape">) => boolean = query.matches

/**
 * What a client fails with that was taken for dead, because it gave no sign of life for longer than its lease. The
 * space then asks the store again, which makes it a new client.
 *
 * @since 0.1.0
 * @category stores
 */
export const lapsed: SpaceError = lapse.lapsed

/**
 * A store in memory, for tests: of what is written against a store, and as the example of one. It opens as many clients
 * of its spaces as are asked for. Time is Effect's `Clock`.
 *
 * @since 0.1.0
 * @category stores
 */
export const memory: Effect.Effect<{
  readonly open: (
    name: string,
    options?: { readonly lease?: Duration.DurationInput | undefined }
  ) => Effect.Effect<SpaceStore, SpaceError, Scope.Scope>
}> = memoryStore.make

/**
 * Whether a fiber sleeps only to give a sign of life after. A clock for tests may look at it, as that of the testkit's
 * simulation does: for such a sleep nobody waits.
 *
 * @since 0.1.0
 * @category stores
 */
export const signOfLife: FiberRef.FiberRef<boolean> = timekeeper.signOfLife

// ---------------------------------------------------------------------------------------------------------------------
// Spaces
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Options of a space on a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options<T extends Tuple = any> {
  /**
   * Schemas of classes (`Schema.Class`, `Schema.TaggedError`, …) whose instances are stored as such, in any order: a
   * class is stored under the identifier of its schema, which no other has. See {@link renamed} for a class with
   * another identifier than before.
   */
  readonly schemas?: ReadonlyArray<Schema.Schema<any, any>> | undefined
  /**
   * What tuples of this space are: a union of `Schema.Tuple`s. A tuple that is put has to be of its type, and what
   * comes out is: any other tuple of the store cannot be decoded. Encodes nothing: that is for `schemas`.
   */
  readonly protocol?: Schema.Schema<T, any> | undefined
  /**
   * What happens when a tuple that this program cannot decode matches by types and literals: an operation that would
   * take or read it fails as `Undecodable`, and leaves it there (`"fail"`, the default); or the program passes over it,
   * at the price of looking at each tuple itself (`"skip"`).
   */
  readonly undecodable?: "fail" | "skip" | undefined
  /** As for a space in memory: what becomes of the failures of processes, which are stored. */
  readonly failures?: Failures | undefined
  /** As for a space in memory; the gauges are sampled by `inspect`. */
  readonly metrics?: Duration.DurationInput | undefined
}

/**
 * Reads the options of a space among those of a store which is opened together with it: to be given to {@link make}.
 *
 * @since 0.1.0
 * @category stores
 */
export const optionsOf = (reader: Reader): Options => reader.pick(...space.optionNames)

/**
 * The number of the format in which fields are stored. It grows with each version that writes what the version before
 * cannot read. A store keeps it beside its data, and refuses to open data of a later format.
 *
 * @since 0.1.0
 * @category stores
 */
export const format: number = encoding.format

/**
 * A schema whose identifier was another one before: for the option `schemas`, here and of links and jobs. Instances
 * that were stored under the former identifier are read as instances of this schema; those that are put have the new
 * identifier.
 *
 * @since 0.1.0
 * @category schemas
 */
export const renamed: <A, I, R>(former: string, schema: Schema.Schema<A, I, R>) => Schema.Schema<A, I, R> =
  classes.renamed

/**
 * Makes the rows that a space of this name puts into its store: for what puts tuples there past the space, such as an
 * outbox. Options are as for {@link make}. Fails with the `SpaceError` with which an `out` or `outAll` would.
 *
 * @since 0.1.0
 * @category stores
 */
export const encoder: <T extends Tuple = Tuple>(
  name: string,
  options?: Pick<Options<T>, "protocol" | "schemas">
) => Effect.Effect<
  (
    tuples: Iterable<T>,
    options?: Pick<OutOptions, "priority" | "ttl">
  ) => Effect.Effect<ReadonlyArray<NewRow>, SpaceError>,
  SpaceError
> = row.encoder

/**
 * Makes a space of a store.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: <T extends Tuple = Tuple>(
  store: SpaceStore,
  options?: Options<T>
) => Effect.Effect<TupleSpace<T, SpaceError>, SpaceError, Scope.Scope> = space.make

/**
 * Provides a space of a store.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <E, R>(
  store: Effect.Effect<SpaceStore, E, R>,
  options?: Options
): Layer.Layer<TupleSpace<Tuple, SpaceError>, E | SpaceError, Exclude<R, Scope.Scope>> =>
  Layer.scoped(TupleSpace, Effect.flatMap(store, (store) => make<Tuple>(store, options)))

/**
 * Several operations of a space as one transaction of its store: all of them happen or, if the effect fails, none.
 * Nobody sees or does anything in between.
 *
 * An `in`, `rd` or join that finds nothing undoes all, waits for tuples that might change that, and runs the effect
 * again, as `STM.retry` does. So let it do nothing else that cannot be done twice. A `transact` on the same space is a
 * part of it. An effect that closes the space is undone, and interrupted.
 *
 * @since 0.1.0
 * @category transactions
 */
export const transaction: <T extends Tuple>(
  space: TupleSpace<T, SpaceError>
) => <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SpaceError, R> = space.transaction
