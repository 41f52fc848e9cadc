/**
 * The options of the commands, each once.
 *
 * @internal
 */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { defaultAddress } from "./address.js"

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Reads a duration, such as `90s` or `1h30m`. */
export const durationOf = (text: string): Duration.Duration | undefined => {
  let millis = 0
  const rest = text.replace(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g, (_, number: string, unit: keyof typeof units) => {
    millis += Number(number) * units[unit]
    return ""
  })
  return rest === "" && text !== "" ? Duration.millis(millis) : undefined
}

const refuse = (message: string) => Effect.fail(ValidationError.invalidValue(HelpDoc.p(message)))

const duration = (name: string, description: string): Options.Options<Option.Option<Duration.Duration>> =>
  Options.text(name).pipe(
    Options.withPseudoName("duration"),
    Options.withDescription(description),
    Options.mapEffect((text) => {
      const duration = durationOf(text)
      return duration === undefined
        ? refuse(`--${name} ${text}: a duration is a number and a unit, such as 500ms, 10s, 5m, 1h30m or 2d`)
        : Effect.succeed(duration)
    }),
    Options.optional
  )

const integer = (name: string, least: number, description: string): Options.Options<Option.Option<number>> =>
  Options.integer(name).pipe(
    Options.withDescription(description),
    Options.mapEffect((number) =>
      number < least ? refuse(`--${name} ${number}: it is at least ${least}`) : Effect.succeed(number)
    ),
    Options.optional
  )

/** Where the space is. */
export const space = Options.text("space").pipe(
  Options.withAlias("s"),
  Options.withPseudoName("address"),
  Options.withDescription(
    `Where the space is: a file, postgres://…, ws://…, tcp://… or unix:…; #name at its end names one of several there. By default what ` +
      `LINDA_SPACE says, and without it the file ${defaultAddress} in the working directory`
  ),
  Options.withFallbackConfig(Config.string("LINDA_SPACE")),
  Options.withDefault(defaultAddress)
)

export const json = Options.boolean("json").pipe(
  Options.withDescription("Writes JSON in a terminal too, as it does into a pipe")
)

export const ttl = duration("ttl", "How long the tuple lives once it has come; for ever by default")

export const after = duration("after", "The tuple comes so much later")

export const priority = Options.integer("priority").pipe(
  Options.withDescription("From -1000 to 1000: of stored tuples those of the highest priority are taken first"),
  Options.withDefault(0)
)

export const wait = duration("wait", "How long to wait before giving up with exit code 1; for ever by default")

export const lease = duration("lease", "How long this program can be silent before others get what it holds; 30s")

export const attempts = integer(
  "attempts",
  1,
  "How often the command may fail before the tuple is a dead letter; any number of times by default"
)

export const backoff = duration("backoff", "How long a tuple is away after a failure: then twice as long, and so on")

export const limit = integer("limit", 1, "At most so many tuples")

export const every = duration("every", "How often to look; each second by default")

const patterns = (name: string, description: string): Options.Options<ReadonlyArray<string>> =>
  Options.repeated(
    Options.text(name).pipe(
      Options.withPseudoName("pattern"),
      Options.withDescription(description)
    )
  )

export const given = patterns("if", "Only while there is such a tuple, which stays; can be repeated")

export const unless = patterns("unless", "Only while there is no such tuple; can be repeated")

export const lock = patterns("lock", "Also needed, and given back whatever becomes of the command; can be repeated")

export const copy = Options.boolean("copy").pipe(Options.withDescription("Reads them, and leaves them there"))

export const readOnly = Options.boolean("read-only").pipe(
  Options.withDescription("Clients may read, and neither put nor take")
)

export const grace = duration("grace", "For how long a client may be without a connection and keep what it holds; 30s")

export const existing = Options.boolean("all").pipe(
  Options.withDescription("Begins with the tuples that are there already")
)

export const events = Options.text("events").pipe(
  Options.withPseudoName("kinds"),
  Options.withDescription("What to see, with commas between: out (the default), in, requeue, expire, evict, or all"),
  Options.optional
)

export const dryRun = Options.boolean("dry-run").pipe(
  Options.withDescription("Changes nothing, and prints the statements that it would run")
)
