/**
 * How much one client may have and ask for at a time. Past that it is refused, and nobody else notices.
 *
 * @internal
 */
import type { Limits as Given } from "../../Remote.js"
import { SpaceError } from "../../SpaceError.js"
import { natural, onlyOptions, option } from "../arguments.js"

export type Limits = { readonly [Name in keyof Given]-?: number }

/** What each limit is about, as it is said to who has reached it. */
const words: { readonly [Name in keyof Limits]: string } = {
  waiters: "requests without an answer at a time",
  holds: "holds at a time",
  subscriptions: "subscriptions at a time",
  tuples: "tuples, or patterns, in one request",
  candidates: "values that one request is asked about",
  processes: "processes at a time"
}

const names = Object.keys(words) as ReadonlyArray<keyof Limits>

/** The option `limits`: what is not given there has no limit. */
export const limitsOf = (options: unknown): Limits => {
  const limits = option(options, "limits")
  const read = (name: keyof Limits) => natural(`limits.${name}`, option(limits, name), 0)
  onlyOptions(limits, names, "limits.")
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Limits
}

/** What is said to who asks for more. */
export const past = (name: keyof Limits, limit: number): SpaceError =>
  new SpaceError({ reason: "Refused", message: `${name}: this client may have no more than ${limit} ${words[name]}` })
