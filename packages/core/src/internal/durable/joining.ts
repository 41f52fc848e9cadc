/**
 * What a join wants: a tuple for each of its patterns, under one assignment of their variables.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { SpaceError } from "../../SpaceError.js"
import { Plan } from "../pattern/plan.js"
import { everything } from "./ahead.js"
import type { Far } from "./ahead.js"
import { claim, claimed } from "./finding.js"
import { Gathering, questionsOf } from "./gathering.js"
import type { Ground } from "./ground.js"
import type { Candidate, Met, Wanted } from "./wanted.js"
import type { Wish } from "./wishes.js"
import { askedBy, described, reading } from "./wishes.js"

/**
 * A tuple for each of the patterns, under one assignment of their variables, to take or to read. Of a join with guards
 * some are only read, and some must not be there.
 */
export const joinOf = ({ reader }: Ground, wish: Wish, as: "join" | "rd"): Wanted => {
  const plan = new Plan(wish.patterns, wish.roles)
  const { absences, patterns } = plan
  const questions = questionsOf(reader, plan)
  const takes = as === "join"
  // One that has nothing to take stands among those who read.
  const role = takes && (plan.takes > 0 || !plan.isGuarded) ? "join" : "rd"
  const absent = absences.map(({ pattern }) => pattern)
  return {
    // Equal patterns are one.
    ...described(reader, wish, Array.from(new Set(patterns), (each) => reader.query(each))),
    patterns,
    as: role,
    exact: false,
    plan,
    absent: absent.length === 0 ? undefined : askedBy(absent, absent.map((pattern) => reader.query(pattern))),
    findings: () => new Gathering(reader, plan, questions),
    attempt: (run, hold, waiter, { from = everything, knows = () => {}, offered, outlook }) => {
      let offer = offered
      const gathering = from.gathering ?? new Gathering(reader, plan, questions)
      const look = Effect.suspend(() => {
        const mine = offer
        const how = {
          // Once the tuple has been accepted, it is late to leave.
          isBounded: from.isBounded && mine === offered,
          stops: outlook === undefined,
          outlook,
          offered: mine?.row
        }
        return Effect.flatMap(gathering.look(run, how), (chosen): Effect.Effect<Met | null, Far | SpaceError> => {
          knows(gathering.witness)
          const found = chosen === undefined ? null : metOf(plan, chosen, takes)
          if (mine === undefined || found === null || found.rows.every(({ id }) => id !== mine.row.id)) {
            return Effect.succeed(found)
          }
          // It is stored from now on, and found there.
          offer = undefined
          return Effect.as(mine.answer, found)
        })
      })
      // There is nothing to take for no patterns.
      return role === "rd" ? reading(run, look, waiter) : Effect.flatMap(
        claimed(look, (rows) => claim(run, hold, rows, waiter, wish.final)),
        (found) =>
          // What it would have read cannot be decoded.
          found?.alsoRead !== undefined && found.rows.length === 0
            ? reading(run, Effect.succeed(found), waiter)
            : Effect.succeed(found)
      )
    }
  }
}

/** The rows of those chosen. One that cannot be decoded ends it: the others stay where they are. */
const metOf = (plan: Plan, chosen: ReadonlyArray<Candidate>, takes: boolean): Met => {
  const unread = chosen.filter(({ unread }) => unread !== undefined)
  const all = unread.length === 0 ? chosen : unread
  const rowsOf = (some: ReadonlyArray<Candidate>) => some.map(({ row }) => row)
  if (!takes || plan.takes === chosen.length) {
    return { index: 0, rows: rowsOf(all) }
  }
  const taken = new Set(plan.takenOf(chosen))
  return {
    index: 0,
    rows: rowsOf(all.filter((each) => taken.has(each))),
    alsoRead: rowsOf(all.filter((each) => !taken.has(each)))
  }
}
