/**
 * A space at the other end of a link that carries messages: a worker thread, a child process, a socket.
 *
 * @since 0.1.0
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- schemas of any types */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { checkLink, dying, failing, onlyOptions, schemasOf } from "./internal/arguments.js"
import * as client from "./internal/remote/client.js"
import { limitsOf } from "./internal/remote/limits.js"
import * as server from "./internal/remote/server.js"
import { Values } from "./internal/values.js"
import type { SpaceError } from "./SpaceError.js"
import type { Tuple } from "./Tuple.js"
import type { TupleSpace } from "./TupleSpace.js"

/**
 * One end of a link: carries messages to the other end, in order, none twice.
 *
 * @since 0.1.0
 * @category models
 */
export interface Link {
  /**
   * Sends what the structured clone algorithm can carry. Throws, and has sent nothing, if it cannot. A link that
   * refuses a message without values of yours in it, such as the end of a hold, counts as one that has ended.
   */
  readonly send: (message: unknown) => void
  /**
   * Calls back with every message that arrives, and with those that have arrived already; then once, when nothing more
   * will come. Is called once. Returns what ends the link: nothing is sent
   * after that.
   */
  readonly listen: (onMessage: (message: unknown) => void, onEnd: () => void) => () => void
}

/**
 * Options of both ends.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Schemas of classes (`Schema.Class`, `Schema.TaggedError`, …) whose instances cross the link as such. Both ends need
   * the same ones, in any order: a class is known by the identifier of its schema, which no other has.
   */
  readonly schemas?: ReadonlyArray<Schema.Schema<any, any>> | undefined
}

/**
 * How much one client may have, and ask for, at a time. Past a limit the request fails as `Refused`, with the name of
 * the limit and its value; nothing of it has happened, and neither what the client has nor anybody else suffers. What
 * is not given has no limit.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limits {
  /**
   * Requests without an answer: those that wait for a tuple, and all others while they are on their way. A tuple that
   * was taken for good counts too, until the client has said that it has it.
   */
  readonly waiters?: number | undefined
  /** Holds: of `inWith`, `inScoped`, `withPermit`, and of what moves to another space. */
  readonly holds?: number | undefined
  /** Open subscriptions, streams and exports. */
  readonly subscriptions?: number | undefined
  /** Tuples that one request puts, takes or reads, and patterns that it looks for. */
  readonly tuples?: number | undefined
  /** Values that the client is asked about for one request whose pattern has predicates, schemas or the like. */
  readonly candidates?: number | undefined
  /** Processes that run. */
  readonly processes?: number | undefined
}

/**
 * Limits for clients that nobody knows: more than a program of good will comes near, and little for the server.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultLimits: { readonly [Name in keyof Limits]-?: number } = {
  waiters: 10_000,
  holds: 1_000,
  subscriptions: 100,
  tuples: 10_000,
  candidates: 100_000,
  processes: 1_000
}

/**
 * Options of the end at which the space is.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServeOptions extends Options {
  /** How much the client may have and ask for. No limits, if none are given: see {@link defaultLimits}. */
  readonly limits?: Limits | undefined
}

const valuesOfOptions = (options: unknown, ...others: ReadonlyArray<string>): Values => {
  const schemas = schemasOf(options)
  onlyOptions(options, ["schemas", ...others])
  return new Values(schemas)
}

/** What a link carries values by. Throws a `SpaceError` if that, or the link, is none. */
const valuesOf = (link: unknown, options: unknown, ...others: ReadonlyArray<string>): Values => {
  checkLink(link)
  return valuesOfOptions(options, ...others)
}

/**
 * Serves a space to the other end, until the link ends or the scope closes. Then whatever the other end waited for is
 * interrupted, and whatever it held, or was on its way to it, is back in its place. A space of any engine can be
 * served, but for one that is itself at the other end of a link: that fails at once as `Unsupported`, at both ends. If
 * the other end is of a version of this library that talks otherwise, this ends at once, and its operations fail as
 * `Unavailable`.
 *
 * Nothing that the other end sends is believed: what is no message of the protocol ends the link, and its operations
 * fail as `Refused`. No code of the other end runs here, and no regular expression: it is asked. What it may see, take
 * and put is what the space allows: serve a view (`TupleSpace.view`) to who should not have everything.
 *
 * @since 0.1.0
 * @category links
 */
export const serve: <T extends Tuple, E>(
  space: TupleSpace<T, E>,
  link: Link,
  options?: ServeOptions
) => Effect.Effect<void, E> = (space, link, options) =>
  Effect.suspend(() => failing(() => server.serve(space, link, valuesOf(link, options, "limits"), limitsOf(options))))

/**
 * Fails as `Unsupported` if a space cannot be served: one that is itself at the other end of a link.
 *
 * @since 0.1.0
 * @category links
 */
export const servable = <T extends Tuple, E>(space: TupleSpace<T, E>): Effect.Effect<void, SpaceError> =>
  Effect.suspend(() => {
    const refusal = server.refusalOf(space)
    return refusal === undefined ? Effect.void : Effect.fail(refusal)
  })

/**
 * The space that the other end serves. Lives in the scope; when the link ends, operations fail as `Unavailable`.
 *
 * @since 0.1.0
 * @category links
 */
export const connect: <T extends Tuple = Tuple>(
  link: Link,
  options?: Options
) => Effect.Effect<TupleSpace<T, SpaceError>, never, Scope.Scope> = (link, options) =>
  Effect.suspend(() => dying(() => client.connect(link, valuesOf(link, options))))

/**
 * How values cross a link: what structured clone carries faithfully, as it is; Effect's data and instances of classes
 * that have a schema, coded; nothing else.
 *
 * @since 0.1.0
 * @category values
 */
export interface Codec {
  /** What to send for a value. The error names the place in it that cannot cross, in a whole called `name`. */
  readonly encode: (value: unknown, name: string) => Either.Either<unknown, SpaceError>
  /**
   * The value for what has come. Changes it in place. Throws a `SpaceError` of reason `Undecodable` if this end does
   * not know it.
   */
  readonly decode: (coded: unknown) => unknown
}

/**
 * How values cross a link beside the tuples. Both ends need the same schemas. Throws a `SpaceError` if these cannot be
 * told apart.
 *
 * @since 0.1.0
 * @category values
 */
export const codec = (options?: Options): Codec => {
  const values = valuesOfOptions(options)
  return {
    encode: (value, name) =>
      Either.try({ try: () => values.encode(value, name), catch: (refusal) => refusal as SpaceError }),
    decode: (coded) => values.decode(coded)
  }
}
