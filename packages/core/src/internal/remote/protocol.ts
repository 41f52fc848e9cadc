/**
 * What the two ends of a link say to each other. A message is an array of frames; a frame is an array, and its first
 * member says what it is: see {@link FromClient} and {@link FromServer}.
 *
 * Every request has a number and is answered exactly once. A request that takes is answered while its tuples are only
 * *held*: the client then says, exactly once, what has become of them. It says {@link Kept} or {@link Unwanted}, and
 * hears no more of it; or it makes a request of it, where it has to know whether the hold could be ended so. Whatever
 * is still held when the link ends is back in its place.
 *
 * A link may refuse what users have in a frame. Whoever sends one with values in it says what is done then, so that the
 * other end does not wait for it. A frame of numbers is refused only by a link that carries nothing any more: it has
 * ended.
 *
 * {@link Hello} and {@link Closed} are the same in every version, for ends of different versions part by them: the
 * client says its own, and the server says no more than why it closes.
 *
 * @internal
 */
import type { Link } from "../../Remote.js"
import { SpaceError } from "../../SpaceError.js"
import type { Explanation, Failures, Inspection, Quiescence } from "../../TupleSpace.js"
import type { Mailbox, Terms } from "../arguments.js"
import type { Ending, NoToken, TakingFirst, TakingNow } from "../hold.js"
import type { Role } from "../pattern/plan.js"
import type { Query } from "../pattern/query.js"
import { messageOf } from "../print.js"
import type { Asked } from "../queries.js"
import type { Dumped } from "../texts.js"
import type { ReadName } from "../verbs.js"

/** Changes whenever the frames do, or the coding of values in them: ends of different versions do not talk. */
export const version = 9

// From the client
export const Hello = 0
export const Request = 1
export const Interrupt = 2
export const Kept = 3
export const Told = 4
export const Joined = 5
export const Unwanted = 6

// From the server
export const Done = 10
export const Failed = 11
export const Ask = 12
export const Stop = 13
export const Closed = 14
export const Died = 15

/** In the place of an answer that the client's code did not give: it threw. */
export const Threw = "threw"

/** What a client says. `id` is the number of a request: a hold, a stream, a lease, a process has that which made it. */
export type FromClient =
  /** Before all else. */
  | readonly [kind: typeof Hello, version: number]
  /** Asks for an operation: see {@link Requests}. `process` is the client's that wants it, if one does. */
  | readonly [
    kind: typeof Request,
    id: number,
    process: number | undefined,
    name: Name,
    ...args: ReadonlyArray<unknown>
  ]
  /** Nobody wants it any more. It is answered nevertheless. */
  | readonly [kind: typeof Interrupt, id: number]
  /** What was taken stays taken. */
  | readonly [kind: typeof Kept, id: number]
  /** What was taken was taken for nobody, and goes back. */
  | readonly [kind: typeof Unwanted, id: number]
  /**
   * Answers a question: what a predicate says, what is put in the place of what was found, or {@link Threw}.
   * `isUnread`: it could not decode what it was asked about.
   */
  | readonly [kind: typeof Told, id: number, question: number, answer: unknown, isUnread?: boolean]
  /** The failure of a process that had ended already has been joined. */
  | readonly [kind: typeof Joined, id: number]

type Wires = ReadonlyArray<unknown>

/** The terms of a lease: what is put on such has one, of the number of the request. */
type TermsWire = Pick<Terms, "after" | "priority" | "ttl"> | Pick<Terms, "at" | "priority" | "ttl">

export const wireOf = ({ after, at, priority, ttl }: Terms): TermsWire =>
  at === undefined ? { ttl, priority, after } : { ttl, priority, at }

/** What the question is about what an exchange puts. It is answered with tuples. */
export type Exchanged = readonly [index: number, tuples: Wires]

/** A query, but for its patterns: its form, what each of these is for if not all are taken, and what goes before. */
export type QueryWire<Form = Query["form"]> = readonly [
  form: Form,
  roles?: ReadonlyArray<Role> | undefined,
  prefer?: "first" | undefined
]

/**
 * What is held: by which pattern of a choice it was found, the tuples, how often a use of each has failed, the number
 * of the hold or why it has none, why the tuple cannot be decoded, if it cannot, what was only read, and the priorities
 * of those that have some.
 */
type Held = [
  index: number,
  tuples: Wires,
  attempts: ReadonlyArray<number>,
  token: number | NoToken,
  unread: unknown,
  read?: Wires,
  priorities?: ReadonlyArray<number>
]

/**
 * What a client can ask for: the arguments of each request, and what it is answered. Tuples, patterns and errors are as
 * `Values` and `patterns.ts` encode them. `asks` says that the patterns have code in them. Times are milliseconds.
 */
export interface Requests {
  /** With the terms of a lease, if it is to have one. */
  readonly out: (tuple: unknown, terms?: TermsWire) => []
  readonly outAll: (tuples: Wires, priority: number) => []
  readonly outFitting: (tuples: Wires, priorities?: ReadonlyArray<number>) => [arrived: ReadonlyArray<number>]
  /** Without a time, the lease ends. */
  readonly renew: (lease: number, ttl?: number) => [was: boolean]
  readonly reschedule: (lease: number, after: number) => [was: boolean]
  readonly outIfAbsent: (
    pattern: Wires,
    asks: boolean,
    tuple: unknown,
    terms: TermsWire | undefined
  ) => [present?: unknown]
  readonly replace: (pattern: Wires, terms: TermsWire | undefined) => [replaced?: unknown]
  /** Of a batch with its least and greatest size. */
  readonly exchange: (
    query: QueryWire<Asked["form"]>,
    patterns: ReadonlyArray<Wires>,
    sizes: readonly [min: number, max: number] | undefined,
    timeout: number
  ) => [index: number, tuples: Wires]
  readonly read: (
    name: ReadName,
    query: QueryWire,
    patterns: ReadonlyArray<Wires>,
    asks: boolean,
    timeout: number
  ) => [index: number, tuples: Wires]
  readonly rdp: (pattern: Wires, asks: boolean) => [tuple?: unknown]
  readonly copyCollect: (pattern: Wires, limit: number) => [tuples: Wires]
  readonly count: (pattern: Wires) => [count: number]
  readonly explain: (pattern: Wires) => [explanation: Explanation]
  readonly inspect: () => [inspection: Inspection]
  readonly awaitQuiescent: () => [report: Quiescence]
  readonly take: (
    name: TakingFirst["name"],
    query: QueryWire,
    patterns: ReadonlyArray<Wires>,
    asks: boolean,
    timeout: number,
    isFinal: boolean
  ) => Held
  readonly takeNow: (
    name: TakingNow["name"],
    pattern: Wires,
    asks: boolean,
    limit: number,
    isFinal: boolean,
    isTrial: boolean
  ) => Held
  /** Ends a hold: of all that is left of it, or of those at these indices. */
  readonly end: (
    hold: number,
    how: Ending["how"],
    failed: boolean,
    after: number,
    letter: unknown,
    those: ReadonlyArray<number> | undefined
  ) => []
  readonly open: (kind: "subscribe" | "stream", pattern: Wires, mailbox: Mailbox) => []
  /** Nothing, if the stream has ended. */
  readonly pull: (stream: number) => [chunk?: Wires]
  readonly close: (stream: number) => []
  /** Opens a stream of all tuples, as they are written down. */
  readonly dump: () => []
  readonly load: (all: ReadonlyArray<Dumped>) => []
  readonly eval: (
    name: string | undefined,
    failures: Failures | undefined,
    origin: number
  ) => [process: number, name: string, isToEnd: boolean]
  /** A process of the client's has ended. `isJoined` says that somebody there has its failure. */
  readonly ended: (process: number, cause: Wires | undefined, isJoined: boolean) => []
}

export type Name = keyof Requests

export type Args<N extends Name> = Readonly<Parameters<Requests[N]>>

/** What a request is answered, beside its number. */
export type Answered<N extends Name> = Readonly<ReturnType<Requests[N]>>

/** What a server says. `id` is the number of the request that it is about. */
export type FromServer =
  | readonly [kind: typeof Done, id: number, ...values: ReadonlyArray<unknown>]
  | readonly [kind: typeof Failed, id: number, cause: ReadonlyArray<unknown>]
  /** Of what the client's own code threw. */
  | readonly [kind: typeof Died, id: number]
  /** Asks what the predicate with this number says of a value, or what is put in the place of what was found. */
  | readonly [kind: typeof Ask, id: number, question: number, number: number, subject: unknown]
  /** The process that this request started should end. */
  | readonly [kind: typeof Stop, id: number]
  /** Nothing more is done. Without a word of why, the space is closed. */
  | readonly [kind: typeof Closed, why: string | undefined, reason?: SpaceError["reason"]]

/** What cannot be sent after all. */
export const uncarried = (cause: unknown): SpaceError =>
  new SpaceError({ reason: "InvalidTuple", message: `it cannot leave its thread: ${messageOf(cause)}` })

/** What is done about a frame that the link has refused. */
export type OnRefused = (cause: unknown) => void

/**
 * Sends the frames of one turn of the event loop as one message. If that cannot be cloned, sends them one by one: then
 * it is known which could not.
 */
export class Outbox<F extends FromClient | FromServer> {
  private frames: Array<F> = []
  /** What is done about each. */
  private refusals: Array<OnRefused> = []
  private isScheduled = false
  private isClosed = false

  /** `onBroken` is told if the link refuses a frame of which nobody has said what is to be done then. */
  constructor(private readonly link: Link, private readonly onBroken: OnRefused) {}

  /** Sends it before the next one, if there is one. */
  prepare(frame: F): void {
    this.push(frame, this.onBroken)
  }

  send(frame: F, onRefused: OnRefused = this.onBroken): void {
    this.push(frame, onRefused)
    if (!this.isScheduled) {
      this.isScheduled = true
      void Promise.resolve().then(() => this.flush())
    }
  }

  private push(frame: F, onRefused: OnRefused): void {
    if (!this.isClosed) {
      this.frames.push(frame)
      this.refusals.push(onRefused)
    }
  }

  flush(): void {
    if (!this.isScheduled || this.isClosed) {
      return
    }
    this.isScheduled = false
    const { frames, refusals } = this
    this.frames = []
    this.refusals = []
    try {
      this.link.send(frames)
    } catch {
      for (const [index, frame] of frames.entries()) {
        if (!this.isClosed) {
          this.sendAlone(frame, refusals[index]!)
        }
      }
    }
  }

  private sendAlone(frame: F, onRefused: OnRefused): void {
    try {
      this.link.send([frame])
    } catch (cause) {
      onRefused(cause)
    }
  }

  /** Nothing is sent any more. */
  close(): void {
    this.isClosed = true
    this.frames = []
    this.refusals = []
  }
}
