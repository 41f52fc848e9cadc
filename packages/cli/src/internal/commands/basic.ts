/**
 * The commands that put, take, read and count.
 *
 * @internal
 */
import * as Query from "@effect-linda/core/Query"
import * as Args from "@effect/cli/Args"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Space } from "../address.js"
import { define } from "../define.js"
import type { Wanted } from "../given.js"
import { giveBack, orNothing, queryOf, readAll, readWanted, soon, timeoutOf, tuplesOf, withSpace } from "../given.js"
import { linesOfInput } from "../input.js"
import * as options from "../options.js"
import { Nothing, Usage } from "../outcome.js"
import { write, writeTuples } from "../output.js"
import { patternOf, tupleOf } from "../pattern.js"
import { parse, parseTuple } from "../syntax.js"

/** As many tuples of the input are put in one step. */
const batch = 256

const tuples = Args.text({ name: "tuple" }).pipe(
  Args.withDescription("A tuple in JSON, such as '[\"task\", 7]'; without any, the lines of standard input"),
  Args.repeated
)

export const out = define("out", "Puts tuples", {
  space: options.space,
  ttl: options.ttl,
  after: options.after,
  priority: options.priority,
  tuples
}, ({ after, priority, space, tuples, ttl }) => {
  const put = (space: Space, texts: Iterable<string>) =>
    Effect.flatMap(readAll(texts, parseTuple), (nodes) => {
      const all = nodes.map(tupleOf)
      return Option.isNone(ttl) && Option.isNone(after)
        ? space.outAll(all, { priority })
        : Effect.forEach(all, (tuple) =>
          space.out(tuple, { priority, ttl: Option.getOrUndefined(ttl), after: Option.getOrUndefined(after) }), {
          discard: true
        })
    })
  return tuples.length > 0 && !(tuples.length === 1 && tuples[0] === "-")
    // read before the space is opened: a mistake makes no file
    ? Effect.zipRight(readAll(tuples, parseTuple), withSpace({ space, ...soon }, (space) => put(space, tuples)))
    : process.stdin.isTTY && tuples.length === 0
    ? Effect.fail(new Usage({ message: "out: which tuple? Give one, or a line of JSON for each on standard input" }))
    : withSpace(
      { space },
      (space) =>
        Stream.runForEach(Stream.grouped(linesOfInput, batch), (lines) => put(space, Chunk.toReadonlyArray(lines)))
    )
})

const patterns = Args.text({ name: "pattern" }).pipe(
  Args.withDescription(
    "JSON with holes: _ for any value, ?name, ?name:type, ... for the rest; several are found together"
  ),
  Args.atLeast(1)
)

const pattern = Args.text({ name: "pattern" }).pipe(
  Args.withDescription("JSON with holes: _ for any value, ?name, ?name:type, ... for the rest"),
  Args.withDefault("[...]")
)

const looking = {
  space: options.space,
  json: options.json,
  given: options.given,
  unless: options.unless,
  patterns
}

interface Looking {
  readonly space: string
  readonly json: boolean
  readonly given: ReadonlyArray<string>
  readonly unless: ReadonlyArray<string>
  readonly patterns: ReadonlyArray<string>
}

const writeFound = (wanted: Wanted, found: unknown, json: boolean) => writeTuples(tuplesOf(wanted, found), json)

/** What is taken is written first, and consumed then: whoever reads no more, or is interrupted, has taken nothing. */
const taking = (config: Looking, wait: Option.Option<Duration.Duration>, now = false) =>
  Effect.flatMap(
    readWanted(config),
    (wanted) =>
      withSpace({ space: config.space, ...(now ? soon : {}) }, (space) =>
        space.inWith(
          queryOf(wanted),
          (found: unknown, hold) =>
            Effect.tapError(
              writeFound(wanted, found, config.json),
              () => giveBack(wanted, tuplesOf(wanted, found), hold)
            ),
          now ? atOnce : timeoutOf(wait)
        ))
  ).pipe(orNothing(wait))

const atOnce = { timeout: 0 }

export const in_ = define(
  "in",
  "Takes a tuple, waiting until there is one",
  { ...looking, wait: options.wait },
  (config) => taking(config, config.wait)
)

export const inp = define(
  "inp",
  "Takes a tuple, if there is one now",
  looking,
  (config) => taking(config, Option.none(), true)
)

const reading = (config: Looking, wait: Option.Option<Duration.Duration>, now = false) =>
  Effect.flatMap(
    readWanted(config),
    (wanted) =>
      withSpace({ space: config.space, ...(now ? soon : {}) }, (space) =>
        Effect.flatMap(
          space.rd(queryOf(wanted), now ? atOnce : timeoutOf(wait)),
          (found) => writeFound(wanted, found, config.json)
        ))
  ).pipe(orNothing(wait))

export const rd = define(
  "rd",
  "Reads a tuple, waiting until there is one",
  { ...looking, wait: options.wait },
  (config) => reading(config, config.wait)
)

export const rdp = define(
  "rdp",
  "Reads a tuple, if there is one now",
  looking,
  (config) => reading(config, Option.none(), true)
)

export const count = define("count", "Says how many tuples match now; without a pattern, how many there are", {
  space: options.space,
  pattern
}, ({ pattern, space }) =>
  Effect.flatMap(readAll([pattern], parse), ([node]) =>
    withSpace(
      { space, ...soon },
      (space) => Effect.flatMap(space.count(patternOf(node!)), (count) => write(`${count}\n`))
    )))

export const collect = define(
  "collect",
  "Takes all tuples that match now",
  { space: options.space, json: options.json, limit: options.limit, copy: options.copy, pattern },
  ({ copy, json, limit, pattern, space }) =>
    Effect.flatMap(readAll([pattern], parse), ([node]) =>
      withSpace({ space, ...soon }, (space) => {
        const max = Option.getOrElse(limit, () => Infinity)
        const pattern = patternOf(node!)
        return copy
          ? Effect.flatMap(
            Effect.filterOrFail(space.copyCollect(pattern), (tuples) =>
              tuples.length > 0, () =>
              new Nothing({ message: "" })),
            (tuples) =>
              writeTuples(tuples.slice(0, max), json)
          )
          : orNothing(Option.none())(space.inWith(
            Query.batch(pattern, { max }),
            (tuples: ReadonlyArray<any>) => writeTuples(tuples, json),
            atOnce
          ))
      }))
)
