/**
 * `linda watch`: what happens to the tuples of a pattern, as it happens.
 *
 * @internal
 */
import type { Kind, SpaceEvent } from "@effect-linda/core/SpaceEvent"
import type { Tuple } from "@effect-linda/core/Tuple"
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { define } from "../define.js"
import { readAll, withSpace } from "../given.js"
import * as options from "../options.js"
import { Usage } from "../outcome.js"
import { isTerminal, paint, write, writeTuples } from "../output.js"
import { patternOf } from "../pattern.js"
import { parse } from "../syntax.js"
import type { Colour } from "../table.js"
import { inert } from "../table.js"
import { jsonOf } from "../values.js"

const kinds: ReadonlyArray<Kind> = ["Out", "In", "Requeue", "Expire", "Evict"]

const colours: Record<SpaceEvent<unknown>["_tag"], Colour> = {
  Out: "green",
  In: "blue",
  Requeue: "yellow",
  Expire: "magenta",
  Evict: "magenta",
  Missed: "red"
}

const readKinds = (text: string): Effect.Effect<ReadonlyArray<Kind>, Usage> => {
  const words = text.toLowerCase().split(",").map((word) => word.trim())
  if (words.includes("all")) {
    return Effect.succeed(kinds)
  }
  return Effect.forEach(words, (word) => {
    const kind = kinds.find((kind) => kind.toLowerCase() === word)
    return kind === undefined
      ? new Usage({ message: `--events ${text}: there are ${kinds.join(", ").toLowerCase()}, or all` })
      : Effect.succeed(kind)
  })
}

const writeEvent = (event: SpaceEvent<Tuple>, json: boolean) =>
  event._tag === "Missed"
    ? write(`${jsonOf({ event: "missed", count: event.count })}\n`)
    : json || !isTerminal()
    ? write(`${jsonOf({ event: event._tag.toLowerCase(), tuple: event.tuple })}\n`)
    : write(`${paint(colours[event._tag], event._tag.toLowerCase().padEnd(7))}  ${inert(jsonOf(event.tuple))}\n`)

export const watch = define(
  "watch",
  "Shows what happens to the tuples of a pattern, until it is stopped",
  {
    space: options.space,
    json: options.json,
    all: options.existing,
    events: options.events,
    limit: options.limit,
    pattern: Args.text({ name: "pattern" }).pipe(
      Args.withDescription("Of which tuples; of all by default"),
      Args.withDefault("[...]")
    )
  },
  ({ all, events, json, limit, pattern, space }) =>
    Effect.gen(function*() {
      const [node] = yield* readAll([pattern], parse)
      const kinds = Option.isSome(events) ? yield* readKinds(events.value) : undefined
      if (all && kinds !== undefined) {
        return yield* new Usage({ message: "--all shows tuples, and --events what happens to them: not both" })
      }
      const most = Option.getOrElse(limit, () => Infinity)
      yield* withSpace({ space }, (space) => {
        const wanted = patternOf(node!)
        return all
          ? Stream.runForEach(Stream.take(space.stream(wanted), most), (tuple) => writeTuples([tuple], json))
          : Stream.runForEach(Stream.take(space.subscribe(wanted, { events: kinds }), most), (event) =>
            kinds === undefined && event._tag === "Out"
              ? writeTuples([event.tuple], json)
              : writeEvent(event, json))
      })
    })
)
