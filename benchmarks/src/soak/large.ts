/**
 * A tuple with a very large field: it is put, read and taken by another client, also by one that waits; or it is
 * refused with an error that says so, and nothing of it stays.
 */
import type { SpaceError } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { Cause, Effect, Exit, Fiber } from "effect"
import type { Space } from "../durable/place.js"
import { openAt } from "../durable/place.js"
import type { Arena } from "./arena.js"

const megabyte = 2 ** 20

const sizeOf = (field: unknown): number => field instanceof Uint8Array ? field.length : (field as string).length

const large = ["large", P.any] as const

/** How many bytes of a batch that is over may be kept. */
const little = megabyte

/** What it came to. */
const outcomeOf = (here: Space, there: Space, field: unknown) =>
  Effect.gen(function*() {
    const begun = performance.now()
    const put = yield* Effect.exit(here.out(["large", field]))
    if (Exit.isFailure(put)) {
      const { message, reason } = Cause.squash(put.cause) as SpaceError.SpaceError
      const isTyped = reason === "Refused" || reason === "InvalidTuple"
      return { text: `${reason}: ${message.split("\n")[0]}`, problems: isTyped ? [] : [`it failed as ${reason}`] }
    }
    const read = yield* there.rd(large)
    const taken = yield* there.in(large)
    const stored = Math.round(performance.now() - begun)
    const waiter = yield* Effect.fork(there.in(large))
    yield* Effect.sleep(500)
    yield* here.out(["large", field])
    const delivered = yield* Fiber.join(waiter)
    const total = Math.round(performance.now() - begun)
    return {
      text: `put, read and taken in ${stored} ms, put and taken by one who waited in ${total - stored - 500} ms`,
      problems: [read, taken, delivered].every(([, back]) => sizeOf(back) === sizeOf(field))
        ? []
        : ["it came back otherwise"]
    }
  })

const one = (arena: Arena, what: string, field: unknown) =>
  Effect.gen(function*() {
    const [here, there] = [yield* openAt(arena.place), yield* openAt(arena.place)]
    const { problems, text } = yield* outcomeOf(here, there, field)
    console.log(`${what}: ${text}`)
    const left = yield* there.count(large)
    // The replies to the last two batches are kept, should they have to be sent again.
    yield* Effect.forEach([here, there, here, there], (space) =>
      space.out(["small"]).pipe(Effect.zipRight(space.in(["small"]))))
    const kept = yield* Effect.promise(() =>
      arena.kept()
    )
    return {
      text,
      problems: [
        ...problems,
        ...(left > 0 ? [`${left} tuples are left`] : []),
        ...(kept > little ? [`${kept} bytes of batches are kept`] : [])
      ].map((problem) => `${what}: ${problem}`)
    }
  }).pipe(Effect.scoped)

export const largest = (arena: Arena) =>
  Effect.gen(function*() {
    const fields: Readonly<Record<string, () => unknown>> = {
      "a text of 100 MB": () => "x".repeat(100 * megabyte),
      "bytes, 100 MB of them": () => new Uint8Array(100 * megabyte).fill(7),
      "a text of 300 MB": () => "x".repeat(300 * megabyte),
      "a text of 500 MB that is 1 GB once it is quoted": () => "\"".repeat(500 * megabyte)
    }
    const outcomes: Record<string, string> = {}
    const problems: Array<string> = []
    for (const [what, field] of Object.entries(fields)) {
      const outcome = yield* one(arena, what, field())
      outcomes[what] = outcome.text
      problems.push(...outcome.problems)
    }
    return { report: { outcomes }, problems }
  })
