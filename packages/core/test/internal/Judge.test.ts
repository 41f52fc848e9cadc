import type { SpaceStore } from "@effect-linda/core"
import { describe, it } from "@effect/vitest"
import { Judge } from "../../src/internal/durable/judge.js"
import { same } from "../helpers.js"

/** Clients with a lease of 30, and one who judges them. */
const court = () => {
  const until = new Map<string, number>()
  const tables = {
    lapsed: (now: number) => Array.from(until).filter(([, time]) => time <= now).map(([client]) => client),
    signs: () => Array.from(until, ([client, until]) => ({ client, until, lease: 30 }))
  } as Pick<SpaceStore.Tables, "lapsed" | "signs"> as SpaceStore.Tables
  const judge = new Judge(30)
  return {
    /** At this time, by a clock that is so much ahead, a client gives a sign of life. */
    sign: (client: string, even: number, ahead = 0) => void until.set(client, even + ahead + 30),
    dead: (even: number, ahead = 0) => judge.dead(tables, "own", { now: even + ahead, even })
  }
}

describe("D14 who is taken for dead", () => {
  it("by the clock, as long as nobody has been watched", () => {
    const { dead, sign } = court()
    sign("late", -40)
    sign("living", -10)
    same(dead(0), ["late"])
  })

  it("not one whose clock is behind, as long as it is seen to give signs", () => {
    const { dead, sign } = court()
    same(dead(0), [])
    sign("behind", 5, -3_600)
    same(dead(6), [])
    sign("behind", 15, -3_600)
    same([dead(16), dead(30), dead(44)], [[], [], []])
    same(dead(46), ["behind"])
  })

  it("one that gives none for its lease, also if the clock was set back", () => {
    const { dead, sign } = court()
    sign("silent", 0)
    sign("living", 0)
    same(dead(1), [])
    for (const at of [10, 20, 30]) {
      sign("living", at, -3_600)
      same(dead(at, -3_600), [])
    }
    sign("living", 39, -3_600)
    same(dead(41, -3_600), ["silent"])
  })

  it("nobody for a third of the lease after one could not come itself, or the clock was set forward", () => {
    const { dead, sign } = court()
    sign("living", 0)
    sign("silent", 0)
    same(dead(0), [])
    same(dead(1, 3_600), [])
    sign("living", 9, 3_600)
    same(dead(10, 3_600), [])
    same(dead(32, 3_600), ["silent"])
  })
})
