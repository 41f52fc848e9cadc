/**
 * The words of what leaves the process: where it goes, how its codes are marked, and what is said of what cannot go.
 *
 * @internal
 */
import { SpaceError } from "../../SpaceError.js"

/** Where values go. */
export type Medium = "link" | "store"

/** What to say of what cannot go there. */
export const words = {
  link: {
    cannot: "cannot leave its thread",
    symbols: "its keys that are symbols cannot leave their thread",
    secret: "a Redacted is a secret, which does not leave its thread",
    who: "both ends"
  },
  store: {
    cannot: "cannot be stored",
    symbols: "its keys that are symbols cannot be stored",
    secret: "a Redacted is a secret, which is never written into a store",
    who: "every program that uses the space"
  }
} as const

/** The key of an object that stands for something else. */
export const coded = "@effect-linda/core/coded"

/** Before the identifier of a class of the user's: Effect's own data have names without it. */
export const classPrefix = "class:"

/** The name of a class in the format before this one. */
export const byPosition = /^schema \d+$/

/** The place in something cyclic is long. */
export const brief = (where: string): string =>
  where.length < 200 ? where : `${where.slice(0, 100)}…${where.slice(-40)}`

export const refusal = (where: string, why: string): SpaceError =>
  new SpaceError({ reason: "InvalidTuple", message: `${brief(where)}: ${why}` })
