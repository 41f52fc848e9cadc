/**
 * What a store is told, and what it answers: for whoever writes a store, or something that stands between one and its
 * spaces.
 *
 * A store is told *commands*, plain data in *batches*. Each command has its reply, by type: {@link Replies}.
 * `SpaceStore` says what a store is; docs/engines.md how to write one.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { SpaceError } from "./SpaceError.js"

// ---------------------------------------------------------------------------------------------------------------------
// Tuples and queries as a store sees them
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A tuple on its way into a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewRow {
  /** The encodings of the fields: equal fields have equal encodings. */
  readonly fields: ReadonlyArray<string>
  /** A letter for the type of each field, from `"a"` to `"z"`. */
  readonly shape: string
  /** How many fields; negative for the failure of a process, which only queries for failures find. */
  readonly arity: number
  /**
   * Hashes of the first eight fields with their positions: 53-bit integers. Equal fields have equal keys, others may
   * too.
   */
  readonly keys: ReadonlyArray<number>
  /** Milliseconds to live, from the instant at which it is put. `null` for ever. */
  readonly ttl: number | null
  /** Whether somebody may renew or cancel it, by the number that `put` answers. */
  readonly leased: boolean
  /** Whatever has to come back with the tuple. */
  readonly meta: string | null
  /** How often a use of it has failed, in the space that it comes from. */
  readonly attempts?: number | undefined
  /**
   * How urgent it is (S21): an integer from -1000 to 1000, 0 if it is not said. It comes only to a store that
   * `prioritizes`.
   */
  readonly priority?: number | undefined
  /** Those of this client's lines of waiters that are not exact which accept the tuple. */
  readonly accepted: ReadonlyArray<number>
}

/**
 * A tuple in a store.
 *
 * @since 0.1.0
 * @category models
 */
export interface Row {
  /**
   * Its place: the order of choice. Of tuples without a priority that is the order of age; a priority puts it so many
   * times `SpaceStore.arrivals` before or behind that.
   */
  readonly id: number
  readonly fields: ReadonlyArray<string>
  readonly shape: string
  readonly arity: number
  readonly keys: ReadonlyArray<number>
  /** When its life ends, by the store's clock, in milliseconds. */
  readonly expires: number | null
  /** The number by which it can be renewed and cancelled. It keeps that when its place changes. */
  readonly lease: number | null
  readonly meta: string | null
  /** How often a use of it has failed. */
  readonly attempts: number
  /**
   * Of a tuple that is held from now on, and not taken for good: a number greater than all that the store has given to
   * a hold of this space before, whatever has become of them. Only where a `take` or a `claim` is answered, or the mail
   * of a waiter that was `"served"`. A store that gives none has no fencing tokens.
   */
  readonly token?: number | undefined
}

/**
 * A tuple on its way into a store that comes later (S20).
 *
 * @since 0.1.0
 * @category models
 */
export interface NewScheduled extends NewRow {
  /** In how many milliseconds it comes; that of its `ttl` begin then. */
  readonly after: number
  /** When it comes, by the store's clock, in milliseconds: this goes before `after`. */
  readonly at: number | null
}

/**
 * A tuple in a store that is still to come. It has no place yet, and no query finds it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScheduledRow extends Omit<Row, "expires" | "id" | "lease" | "token"> {
  /** As of a new row. */
  readonly priority?: number | undefined
  /** When it comes, by the store's clock, in milliseconds. */
  readonly due: number
  /** Milliseconds to live, from when it comes. `null` for ever. */
  readonly ttl: number | null
  /** The number by which it can be renewed, cancelled and rescheduled. It keeps that when it comes. */
  readonly lease: number
}

/**
 * Which tuples are meant: a tuple matches if all of this holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Query {
  /** As in a row. */
  readonly arity: number
  /** Whether more fields may follow. */
  readonly open: boolean
  /** A letter for the type of each field, or `"_"` for any. */
  readonly shape: string
  /** Fields that must have this encoding, and so this key. */
  readonly literals: ReadonlyArray<Literal>
}

/**
 * A field that is given by its value. Only the first eight positions have a key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Literal {
  readonly position: number
  readonly text: string
  readonly key: number | null
}

// ---------------------------------------------------------------------------------------------------------------------
// Commands
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Somebody who waits, or wants to be told.
 *
 * Those who wait for the same stand in a *line*, in order of arrival. A store looks at each line once, however many
 * stand in it: see `SpaceStore.lineOf`.
 *
 * - `"in"` is served with the first tuple that matches and that no waiter before it gets; the tuple is then held, under
 *   the waiter's number. `"rd"` is served with a copy of it. Both are over then.
 * - `"join"` is offered, in its turn among the takers, each tuple that matches and that the client says it accepts. The
 *   tuple is held for it until the client `answer`s, in the same transaction. A tuple of which the client says nothing
 *   is a hint.
 * - `"look"` is told of each tuple that comes to be stored.
 * - `"watch"` is told of each of its `events`, with the tuple.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiter {
  /** A number of the client's. No waiter and no hold of the client has the same. */
  readonly waiter: number
  readonly kind: "in" | "join" | "look" | "rd" | "watch"
  /** Any of these. */
  readonly queries: ReadonlyArray<Query>
  /**
   * Whether the queries say all. Otherwise only the client can tell whether a tuple matches: it is served if the client
   * says so beforehand (`accepted`), and its line given a hint if somebody else puts the tuple.
   */
  readonly exact: boolean
  /**
   * For one that is not exact: a number of the client's, as those of waiters are. Those of the same kind (`"in"` or
   * `"rd"`) share one that have the same queries and accept the same tuples; all others have their own.
   */
  readonly line: number
  readonly events: ReadonlyArray<EventKind>
  /** Whether what it is served with is held only until its mail is fetched. */
  readonly final: boolean
  /** For `inspect`: whatever describes it. */
  readonly label: string
}

/**
 * What a watcher can be told of.
 *
 * - `"Out"`: a tuple has been put; `"In"`: it has been taken; `"Requeue"`: it is back; `"Expire"`: its life is over.
 * - `"Gone"`: a tuple has left the space for good, and nobody holds it any more: it was taken for good, what was held
 *   has been consumed, or its life is over. One that a `final` waiter was served with is gone when its mail is fetched.
 *   Who waits until nothing matches is told by this when to look again.
 *
 * @since 0.1.0
 * @category models
 */
export type EventKind = "Out" | "In" | "Requeue" | "Expire" | "Gone"

/**
 * Puts tuples: each goes to every reader and watcher that matches, then to the first taker, or is stored. Answered with
 * their ids.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Put {
  readonly op: "put"
  readonly rows: ReadonlyArray<NewRow>
}

/**
 * Takes, for each hold in turn, the `limit` oldest tuples that match any of the queries, and holds them under that
 * number; or, if `final`, removes them. For a hold that gets none, and if `wait` says so, a waiter is left behind.
 * Answered, for each hold, with what was found, or `null`.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Take {
  readonly op: "take"
  readonly holds: ReadonlyArray<number>
  readonly queries: ReadonlyArray<Query>
  readonly limit: number
  readonly final: boolean
  /** The label of the waiter. */
  readonly wait: string | null
}

/**
 * Reads the oldest tuple that matches any of the queries, or leaves a waiter. Answered with what was found, or `null`.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Read {
  readonly op: "read"
  readonly waiter: number
  readonly queries: ReadonlyArray<Query>
  /** The label of the waiter. */
  readonly wait: string | null
}

/**
 * Reads up to `limit` tuples that match, in the order of places, that are behind `after`. Before all places is
 * -(2 ** 53). Answered with them.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Scan {
  readonly op: "scan"
  readonly query: Query
  readonly after: number
  readonly limit: number
}

/**
 * Reads those held by anybody that match. Answered with them.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Held {
  readonly op: "held"
  readonly query: Query
}

/**
 * Counts the stored tuples that match. Answered with their number.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Count {
  readonly op: "count"
  readonly query: Query
}

/**
 * Takes these tuples in the name of a waiter, if there is one: that is over then. Takes none if any of these is not
 * there. Answered with the tuples, or `null`.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Claim {
  readonly op: "claim"
  readonly hold: number
  readonly ids: ReadonlyArray<number>
  readonly waiter: number | null
  readonly final: boolean
}

/**
 * Leaves a waiter. Answered with `null`.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Wait extends Waiter {
  readonly op: "wait"
}

/**
 * Says of the tuple that a join was offered: it goes on to those who wait behind the join; or it is stored, to be
 * claimed at once. If that comes to nothing, a second answer has it go on all the same. Answered with `null`.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Answer {
  readonly op: "answer"
  readonly waiter: number
  readonly id: number
  readonly take: boolean
  /** `null` if the client cannot tell any more. */
  readonly accepted: ReadonlyArray<number> | null
}

/**
 * Ends waiters. Answered, for each, with whether it was there; if not, it has been served, and its mail says with what.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Cancel {
  readonly op: "cancel"
  readonly waiters: ReadonlyArray<number>
}

/**
 * Ends holds: the tuples are gone, or back in their old places, or back behind all others; or `"later"`, if the store
 * `schedules`: each comes in so many milliseconds as one that is scheduled now, without its lease and for the rest of
 * its life, or has expired if that is shorter. Whoever waits is offered what comes back. `put` goes in with it, as one
 * step. Answered, for each hold, with whether it was there; if not, its lease had lapsed.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Settle {
  readonly op: "settle"
  readonly holds: ReadonlyArray<number>
  /** Which of the tuples that are held, by their ids; the others are held on. `null` for all. */
  readonly ids: ReadonlyArray<number> | null
  readonly how: "gone" | "place" | "back" | "later"
  readonly failed: boolean
  /** As for a new row, by the id of each tuple that comes back. Not known for one that is not in it. */
  readonly accepted: Readonly<Record<number, ReadonlyArray<number>>>
  readonly put: ReadonlyArray<NewRow>
  /** Of `"later"`: in how many milliseconds. */
  readonly after?: number | undefined
}

/**
 * Puts back, in their old places, tuples that were gone. Answered with `null`.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Restore {
  readonly op: "restore"
  readonly rows: ReadonlyArray<Row & { readonly accepted: ReadonlyArray<number> | null }>
}

/**
 * Has tuples come later: each before the commands of the first batch after its time, in the order of these times, and
 * of those at the same time in the order in which they are put here. Each then goes to whoever waits, as that of a
 * client that says of nobody whether it accepts it, or is stored behind all others; its life begins at its time. One
 * whose time has come is put now. Answered with the numbers by which they can be renewed, cancelled and rescheduled.
 *
 * Other clients in whose name somebody waits have to hear of a time that is sooner than all before: by any mail, after
 * which they ask, and are told `next`.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Schedule {
  readonly op: "schedule"
  readonly rows: ReadonlyArray<NewScheduled>
}

/**
 * Has a tuple that is still to come do so in so many milliseconds from now. Answered with whether it was to come.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Reschedule {
  readonly op: "reschedule"
  readonly lease: number
  readonly after: number
}

/**
 * Looks at all that is still to come. Answered with it, in the order in which it comes.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Scheduled {
  readonly op: "scheduled"
}

/**
 * Gives a tuple so many milliseconds to live from now on, be it stored or held, or from when it comes; `null` for ever.
 * One that is still to come does not if they are negative. Answered with whether the tuple was there, or to come.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Renew {
  readonly op: "renew"
  readonly lease: number
  readonly ttl: number | null
}

/**
 * Looks at the space as a whole. Answered with what it holds.
 *
 * @since 0.1.0
 * @category commands
 */
export interface Inspect {
  readonly op: "inspect"
}

/**
 * A command of a batch.
 *
 * @since 0.1.0
 * @category commands
 */
export type Command =
  | Put
  | Take
  | Read
  | Scan
  | Held
  | Count
  | Claim
  | Wait
  | Answer
  | Cancel
  | Settle
  | Restore
  | Renew
  | Schedule
  | Reschedule
  | Scheduled
  | Inspect

// ---------------------------------------------------------------------------------------------------------------------
// Replies
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What each command is answered with.
 *
 * @since 0.1.0
 * @category replies
 */
export interface Replies {
  readonly put: ReadonlyArray<number>
  readonly take: ReadonlyArray<Found | null>
  readonly read: Found | null
  readonly scan: ReadonlyArray<Row>
  readonly held: ReadonlyArray<Row>
  readonly count: number
  readonly claim: ReadonlyArray<Row> | null
  readonly wait: null
  readonly answer: null
  readonly cancel: ReadonlyArray<boolean>
  readonly settle: ReadonlyArray<boolean>
  readonly restore: null
  readonly renew: boolean
  readonly schedule: ReadonlyArray<number>
  readonly reschedule: boolean
  readonly scheduled: ReadonlyArray<ScheduledRow>
  readonly inspect: Inspected
}

/**
 * What a command is answered with.
 *
 * @since 0.1.0
 * @category replies
 * @example
 * ```ts
 * import type { StoreCommand } from "@effect-linda/core"
 *
 * const count: StoreCommand.Reply<StoreCommand.Count> = 3
 * // @ts-expect-error -- a scan is answered with rows
 * const scan: StoreCommand.Reply<StoreCommand.Scan> = 3
 * ```
 */
export type Reply<C extends Command = Command> = Replies[C["op"]]

/**
 * What the commands of a batch are answered with, each in its place.
 *
 * @since 0.1.0
 * @category replies
 */
export type RepliesTo<Cs extends ReadonlyArray<Command>> = { readonly [K in keyof Cs]: Reply<Cs[K]> }

/**
 * Tuples that were found, by which of several queries.
 *
 * @since 0.1.0
 * @category replies
 */
export interface Found {
  readonly index: number
  readonly rows: ReadonlyArray<Row>
}

/**
 * What a space holds.
 *
 * @since 0.1.0
 * @category replies
 */
export interface Inspected {
  /** How many tuples there are of each shape; `first` is the encoding of the first field, if its letter is `"s"`. */
  readonly tuples: ReadonlyArray<{
    readonly arity: number
    readonly shape: string
    readonly first: string | null
    readonly count: number
    /** How many milliseconds ago the oldest of them was put, if the store knows. */
    readonly age?: number | null | undefined
  }>
  readonly held: number
  /** Clients that hold tuples. Not there, if the store does not tell them apart. */
  readonly holders?: ReadonlyArray<InspectedHolder> | undefined
  /** How many stored tuples have a time to live, and in how many milliseconds the first of these ends. */
  readonly expiring?: { readonly count: number; readonly next: number | null } | undefined
  /** How many tuples are still to come, and in how many milliseconds the first of them does. */
  readonly scheduled?: { readonly count: number; readonly next: number | null } | undefined
  /** The store's time in milliseconds, by which `expires` of a row is. */
  readonly now?: number | undefined
  /** Those who wait, in order of arrival, whichever client they belong to. */
  readonly waiters: ReadonlyArray<{ readonly label: string; readonly age: number }>
}

/**
 * A client that holds tuples.
 *
 * @since 0.1.0
 * @category replies
 */
export interface InspectedHolder {
  readonly client: string
  /** How many tuples. */
  readonly count: number
  /** How many milliseconds ago it took the first of them, if the store knows. */
  readonly age: number | null
  /** In how many milliseconds its lease is over, unless it gives a sign of life. */
  readonly lapses: number
}

/**
 * News for a waiter.
 *
 * - `"served"`: it has this tuple, and is over.
 * - `"offer"`: this tuple is held for it, a join, which has to answer.
 * - `"hint"`: this tuple is stored and may be for those in this line; for a `"look"`, for this waiter.
 * - `"event"`: what has happened to this tuple.
 *
 * @since 0.1.0
 * @category replies
 */
export interface Mail {
  /** For a hint the number of the line. One for 0, which is nobody, only has the client ask when something is due. */
  readonly waiter: number
  readonly kind: "event" | "hint" | "offer" | "served"
  /** Which of the waiter's queries it was. */
  readonly index: number
  readonly row: Row
  /** As the waiter's: the tuple is not held any more. */
  readonly final: boolean
  readonly event: EventKind | null
  /** For `Requeue`: the place that the tuple had before. */
  readonly from: number | null
}

/**
 * What a batch comes to.
 *
 * @since 0.1.0
 * @category replies
 */
export interface Outcome<Cs extends ReadonlyArray<Command> = ReadonlyArray<Command>> {
  readonly replies: RepliesTo<Cs>
  /** What has come for this client since it was last asked, in order. */
  readonly mail: ReadonlyArray<Mail>
  /** In how many milliseconds the next tuple's life ends, or the next tuple comes; `null` if none does. */
  readonly next: number | null
}

/**
 * Does a batch. A list of commands that is written out is answered by a list of their replies: `[Count, Scan]` by
 * `[number, ReadonlyArray<Row>]`.
 *
 * @since 0.1.0
 * @category batches
 */
export type Run = <const Cs extends ReadonlyArray<Command>>(commands: Cs) => Effect.Effect<Outcome<Cs>, SpaceError>

/**
 * Makes a {@link Run} of what does any list of commands: for stores, in which replies are data that have come from
 * somewhere. It is believed that there is a reply to each command, in its place, and of its type.
 *
 * @since 0.1.0
 * @category batches
 */
export const run = (perform: (commands: ReadonlyArray<Command>) => Effect.Effect<Outcome, SpaceError>): Run =>
  perform as Run
