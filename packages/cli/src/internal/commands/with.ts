/**
 * `linda with`: runs a command while it holds tuples for it.
 *
 * @internal
 */
import type { Tuple } from "@effect-linda/core/Tuple"
import * as Args from "@effect/cli/Args"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { absolute } from "../address.js"
import type { Ended } from "../child.js"
import { run } from "../child.js"
import { define } from "../define.js"
import { giveBack, orNothing, queryOf, readWanted, timeoutOf, tuplesOf, withSpace } from "../given.js"
import * as options from "../options.js"
import { ExitCode, Usage } from "../outcome.js"
import { namesIn } from "../pattern.js"
import { jsonOf, wordOf } from "../values.js"

/** What stands behind `--`. */
export const Behind = Context.GenericTag<"Behind", ReadonlyArray<string> | undefined>("@effect-linda/cli/Behind")

/** The command was not successful. */
class Failed extends Data.TaggedError("Failed")<{ readonly ended: Ended; readonly command: string }> {
  override get message(): string {
    return `${this.ended.how}: ${this.command}`
  }
}

/** What a tuple becomes whose command has failed too often: `redrive` brings it back. */
const deadLetter = (tuple: Tuple, cause: Cause.Cause<unknown>): Tuple => {
  const error = Cause.squash(cause)
  return ["dead", tuple, error instanceof Error ? error.message : String(error)]
}

/** Replaces `{name}` where there is such a name. */
const filled = (words: ReadonlyArray<string>, names: ReadonlyMap<string, unknown>): ReadonlyArray<string> =>
  words.map((word) =>
    word.replace(/\{([A-Za-z_]\w*)\}/g, (all, name: string) => names.has(name) ? wordOf(names.get(name)) : all)
  )

const variables = (names: ReadonlyMap<string, unknown>, tuples: ReadonlyArray<Tuple>, space: string) => ({
  ...Object.fromEntries([...names].map(([name, value]) => [`LINDA_${name.toUpperCase()}`, wordOf(value)])),
  LINDA_TUPLES: jsonOf(tuples),
  LINDA_SPACE: space
})

const patterns = Args.text({ name: "pattern" }).pipe(
  Args.withDescription(
    "What the command needs, all of it at once; what holes have found replaces {name} in the command behind --"
  ),
  Args.atLeast(1)
)

export const with_ = define(
  "with",
  "Runs a command while it holds what the command needs: exit code 0 consumes it, anything else gives it back",
  {
    space: options.space,
    wait: options.wait,
    lease: options.lease,
    attempts: options.attempts,
    backoff: options.backoff,
    lock: options.lock,
    given: options.given,
    unless: options.unless,
    patterns
  },
  (config) =>
    Effect.gen(function*() {
      const command = yield* Behind
      if (command === undefined || command.length === 0) {
        return yield* new Usage({ message: "with: which command? It stands behind --, such as -- ./work.sh {id}" })
      }
      const wanted = yield* readWanted({ ...config, patterns: [...config.patterns, ...config.lock] })
      const address = absolute(config.space)
      return yield* withSpace({ space: address, lease: Option.getOrUndefined(config.lease) }, (space) =>
        space.inWith(
          queryOf(wanted),
          (found: unknown, hold) => {
            const tuples = tuplesOf(wanted, found)
            const names = namesIn([...wanted.takes, ...wanted.given], tuples)
            const words = filled(command, names)
            return Effect.flatMap(run(words, variables(names, tuples, address)), (ended) => {
              const failed = new Failed({ ended, command: words.join(" ") })
              return ended.was === "successful"
                ? Effect.forEach(tuples.slice(config.patterns.length, wanted.takes.length), hold.giveBack, {
                  discard: true
                })
                : ended.was === "failed"
                ? Effect.fail(failed)
                // What has not begun, or was told to end, has not failed: it is no attempt.
                : Effect.zipRight(giveBack(wanted, tuples, hold), Effect.fail(failed))
            })
          },
          {
            ...timeoutOf(config.wait),
            maxAttempts: Option.getOrUndefined(config.attempts),
            deadLetter,
            retry: Option.getOrUndefined(Option.map(config.backoff, (delay) => Schedule.exponential(delay)))
          }
        ).pipe(
          orNothing(config.wait),
          Effect.catchTag(
            "Failed",
            ({ command, ended: { code, how, was } }) =>
              Effect.fail(new ExitCode({ code, reason: was === "unstarted" ? `${how}: ${command}` : undefined }))
          )
        ))
    })
)
