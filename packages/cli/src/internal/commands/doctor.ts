/**
 * `linda doctor`: what could be wrong with a space.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import type { Inspection } from "@effect-linda/core/TupleSpace"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Address, Space } from "../address.js"
import { migrationScript, open, shown, sizesOf } from "../address.js"
import { define } from "../define.js"
import { readAddress, soon } from "../given.js"
import * as options from "../options.js"
import { codes, ExitCode, outcomeOfCause } from "../outcome.js"
import { paint, write } from "../output.js"
import { version } from "../package.js"
import type { Colour } from "../table.js"
import { durationOf, inert } from "../table.js"
import { jsonOf } from "../values.js"

/** What was looked at, and what was found. */
interface Finding {
  readonly check: string
  readonly state: "ok" | "warning" | "failed"
  readonly text: string
}

const finding = (check: string, text: string, state: Finding["state"] = "ok"): Finding => ({ check, state, text })

/** Of an effect that can fail, what it says then. */
const attempt = (check: string, effect: Effect.Effect<ReadonlyArray<Finding>, any>) =>
  Effect.map(Effect.exit(effect), (exit): ReadonlyArray<Finding> =>
    Exit.isSuccess(exit)
      ? exit.value
      : [finding(check, outcomeOfCause(exit.cause).message ?? "failed", "failed")])

const bytes = (size: number): string =>
  size < 2 ** 20 ? `${Math.ceil(size / 2 ** 10)} KiB` : `${(size / 2 ** 20).toFixed(1)} MiB`

/** A log of this size is larger than SQLite makes it by itself: somebody has been reading for very long. */
const largeLog = 2 ** 26

const ofFile = (address: Address): ReadonlyArray<Finding> => {
  if (address.kind !== "file" || address.filename === ":memory:") {
    return []
  }
  const sizes = sizesOf(address.filename)
  return sizes === undefined
    ? [finding("file", "there is none yet: the first command that puts something makes it")]
    : [
      finding("file", bytes(sizes.file)),
      sizes.wal > largeLog
        ? finding("log", `${bytes(sizes.wal)}: a program has been reading for very long; end it`, "warning")
        : finding("log", bytes(sizes.wal))
    ]
}

const ofTables = (address: Address) =>
  attempt(
    "tables",
    Effect.map(migrationScript(address), (script) => [
      script === ""
        ? finding("tables", "of this version")
        : finding("tables", "not of this version yet: linda migrate --dry-run shows what is missing", "warning")
    ])
  )

const far = 5 * 60_000

const ofInspection = (
  { expiring, failures, held, holders = [], interests, oldest = [], scheduled, tuples }: Inspection
): ReadonlyArray<Finding> => {
  const [first] = oldest
  const total = tuples.reduce((sum, { count }) => sum + count, 0)
  const late = holders.filter(({ lapses }) => lapses !== undefined && lapses <= 0)
  const long = interests.filter(({ age }) => age > far)
  return [
    finding(
      "tuples",
      `${total} stored, ${held} held, ${scheduled?.count ?? 0} to come, ${expiring?.count ?? 0} with a ttl`
    ),
    ...(first === undefined ? [] : [finding("oldest", `${durationOf(first.age)}: ${first.shape}`)]),
    late.length > 0
      ? finding("leases", `${late.length} of ${holders.length} holders have given no sign of life in time`, "warning")
      : finding("leases", `${holders.length} holders, all alive`),
    finding("waiting", `${interests.length}${long.length > 0 ? `, ${long.length} for more than 5 minutes` : ""}`),
    ...(failures > 0 ? [finding("failures", `${failures} processes have failed: linda rdp shows one`, "warning")] : [])
  ]
}

const ofDeadLetters = (space: Space) =>
  Effect.map(space.count(["dead", P.any, P.string]), (count) => [
    count === 0
      ? finding("dead letters", "none")
      : finding("dead letters", `${count}: linda redrive puts them back`, "warning")
  ])

/** Puts a tuple and has it come back by a wait, as all commands do that wait: by notifications, or by looks. */
const ofDelivery = (space: Space) =>
  Effect.gen(function*() {
    const probe = ["linda doctor", process.pid, process.hrtime.bigint().toString()] as const
    const start = yield* Clock.currentTimeMillis
    const taker = yield* Effect.fork(space.in(probe, { timeout: Duration.seconds(10) }))
    yield* space.out(probe, { ttl: "1 minutes" })
    yield* taker
    const millis = (yield* Clock.currentTimeMillis) - start
    return [finding("delivery", `a tuple has reached who waited for it in ${millis} ms`)]
  })

/** When a tuple comes by the clock of the space that comes after a second by the clock here. */
const ofClock = (space: Space) =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const probe = ["linda doctor", "clock", process.hrtime.bigint().toString()] as const
    const lease = yield* space.out(probe, { at: now + 3_600_000, ttl: "1 minutes" })
    const { scheduled } = yield* space.inspect
    yield* lease.cancel
    const next = scheduled?.next
    // another tuple that comes sooner hides this one
    const skew = next === undefined || scheduled?.count !== 1 ? undefined : next - 3_600_000
    return [
      skew === undefined
        ? finding("clock", "cannot be told while tuples are to come")
        : Math.abs(skew) > 2_000
        ? finding("clock", `this machine and the space differ by ${durationOf(Math.abs(skew))}`, "warning")
        : finding("clock", "this machine and the space agree")
    ]
  })

const ofSpace = (address: Address) =>
  attempt(
    "open",
    Effect.scoped(Effect.gen(function*() {
      const space = yield* open(address, soon)
      const seen = yield* space.inspect
      return [
        finding("open", `the space ${space.name} can be opened`),
        ...ofInspection(seen),
        ...(yield* ofDeadLetters(space)),
        ...(yield* attempt("delivery", ofDelivery(space))),
        ...(address.kind === "file" ? [] : yield* attempt("clock", ofClock(space)))
      ]
    }))
  )

const marks = { ok: ["ok", "green"], warning: ["!!", "yellow"], failed: ["no", "red"] } as const satisfies Record<
  Finding["state"],
  readonly [string, Colour]
>

export const doctor = define(
  "doctor",
  "Looks for what could be wrong with a space",
  { space: options.space, json: options.json },
  ({ json, space }) =>
    Effect.gen(function*() {
      const address = yield* readAddress(space)
      const file = ofFile(address)
      const isThere = !(address.kind === "file" && sizesOf(address.filename) === undefined)
      const findings = [
        finding("linda", `${version} on Node ${process.versions.node}`),
        finding("space", shown(address)),
        ...file,
        // what is not there is not made
        ...(isThere ? [...address.kind === "served" ? [] : yield* ofTables(address), ...yield* ofSpace(address)] : [])
      ]
      yield* write(
        findings.map((finding) => {
          const [mark, colour] = marks[finding.state]
          return json
            ? `${jsonOf(finding)}\n`
            : `${paint(colour, mark)}  ${finding.check.padEnd(12)}  ${inert(finding.text)}\n`
        }).join("")
      )
      if (findings.some(({ state }) => state === "failed")) {
        return yield* new ExitCode({ code: codes.engine })
      }
    })
)
