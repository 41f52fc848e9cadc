import type { Tuple } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"
import { PCGRandom } from "effect/Utils"
import { Away } from "../../src/internal/memory/away.js"
import { Entry } from "../../src/internal/memory/entry.js"
import { Shelves } from "../../src/internal/memory/shelves.js"
import { find } from "../../src/internal/pattern/join.js"
import { Outlook } from "../../src/internal/pattern/outlook.js"
import type { Pattern } from "../../src/internal/pattern/pattern.js"
import { compile } from "../../src/internal/pattern/pattern.js"
import type { First, Role } from "../../src/internal/pattern/plan.js"
import { Plan } from "../../src/internal/pattern/plan.js"
import { planOf } from "../../src/internal/pattern/semijoin.js"
import type { Bindings } from "../../src/internal/pattern/term.js"
import { same } from "../helpers.js"

const numbers = (size: number) => Array.from({ length: size }, (_, n) => n)

/** Joins in vain. How often an entry is looked at until that is known. */
const looksInVain = (patterns: ReadonlyArray<unknown>, tuples: ReadonlyArray<Tuple.Tuple>): number => {
  const entries = tuples.map((tuple, seq) => ({ tuple, seq, failure: false }))
  let looks = 0
  const first: First<(typeof entries)[number]> = (pattern, test, after = -1) =>
    entries.find((entry) => entry.seq > after && pattern.matches(entry.tuple) && looks++ >= 0 && test(entry))
  const plan = new Plan(patterns.map(compile))
  assert.isUndefined(
    find(plan, {
      first,
      sizeOf: (pattern) => entries.filter(({ tuple }) => pattern.matches(tuple)).length,
      isStored: () => true,
      absent: () => true
    })
  )
  return looks
}

const shelvesOf = (tuples: ReadonlyArray<Tuple.Tuple>): Shelves => {
  const shelves = new Shelves("fifo", new PCGRandom(1))
  tuples.forEach((tuple, seq) => shelves.add(new Entry(tuple, seq, false)))
  return shelves
}

const ordersOf = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length === 0 ? [[]] : items.flatMap((item, index) => {
    const others = items.filter((_, other) => other !== index)
    return ordersOf(others).map((order) => [item, ...order])
  })

/** What a join finds, and how often it looks at an entry, once the indexes are there. */
const joined = (shelves: Shelves, patterns: ReadonlyArray<unknown>) => {
  const plan = new Plan(patterns.map(compile))
  shelves.findJoin(plan)
  const before = shelves.examined
  return { found: shelves.findJoin(plan)?.map(({ tuple }) => tuple), looks: shelves.examined - before }
}

/** S11, by trying all. */
const assign = (
  entries: ReadonlyArray<Entry>,
  [pattern, ...others]: ReadonlyArray<Pattern>,
  bindings?: Bindings
): ReadonlyArray<Entry> | undefined => {
  if (pattern === undefined) {
    return []
  }
  for (const entry of entries) {
    const bound = pattern.bind(entry.tuple, bindings)
    const rest = bound === false ? undefined : assign(entries.filter((other) => other !== entry), others, bound)
    if (rest !== undefined) {
      return [entry, ...rest]
    }
  }
  return undefined
}

/** S18, by trying all: who takes, who reads, and what must not be there, of what is stored and of what is held. */
const assignGuarded = (
  stored: ReadonlyArray<Entry>,
  held: ReadonlyArray<Entry>,
  patterns: ReadonlyArray<Pattern>,
  roles: ReadonlyArray<Role>
): ReadonlyArray<Entry> | undefined => {
  const from = (
    index: number,
    taken: ReadonlyArray<Entry>,
    read: ReadonlyArray<Entry>,
    bindings: Bindings | undefined
  ): ReadonlyArray<Entry> | undefined => {
    const pattern = patterns[index]
    if (pattern === undefined) {
      const isMet = patterns.every((pattern, index) =>
        roles[index] !== "absent" ||
        [...stored, ...held].every((entry) => taken.includes(entry) || pattern.bind(entry.tuple, bindings) === false)
      )
      return isMet ? [] : undefined
    }
    if (roles[index] === "absent") {
      return from(index + 1, taken, read, bindings)
    }
    const takes = roles[index] === "take"
    for (const entry of stored) {
      const bound = taken.includes(entry) || takes && read.includes(entry)
        ? false
        : pattern.bind(entry.tuple, bindings)
      const rest = bound === false
        ? undefined
        : from(index + 1, takes ? [...taken, entry] : taken, takes ? read : [...read, entry], bound)
      if (rest !== undefined) {
        return [entry, ...rest]
      }
    }
    return undefined
  }
  return from(0, [], [], undefined)
}

const placesOf = (entries: ReadonlyArray<Entry> | undefined) => entries?.map(({ seq }) => seq)

/** Most are of one kind, and most values are the same one: there are many candidates for some, and few for others. */
const skewed = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 3 }) }
)
const kindOf = (n: number) => ["a", "b", "c", "d"][n]!
const tuples = fc.array(
  fc.tuple(
    skewed.map(kindOf),
    skewed,
    skewed,
    skewed.chain((v) => fc.constantFrom<unknown>({ v }, { v }, [v], [], [v, v]))
  ),
  { maxLength: 40, size: "max" }
)
const variable = fc.constantFrom("x", "y", "z").map((name) => P.ref(name))
const field = fc.oneof<Array<fc.Arbitrary<unknown>>>(variable, variable, fc.constant(P.any), skewed)
const member = fc.tuple(
  fc.oneof<Array<fc.Arbitrary<unknown>>>(fc.integer({ min: 0, max: 3 }).map(kindOf), fc.constant(P.any)),
  field,
  field,
  fc.oneof<Array<fc.Arbitrary<unknown>>>(
    fc.constant(P.any),
    variable.map((v) => ({ v })),
    variable.map((v) => [P.rest(v)])
  )
)
const members = fc.array(fc.tuple(member, fc.integer({ min: 1, max: 10 })), { minLength: 1, maxLength: 3 }).map(
  // One in ten stands there twice.
  (some) => some.flatMap(([pattern, n]) => n === 10 ? [pattern, pattern] : [pattern]).slice(0, 4)
)

describe("A join with variables", () => {
  it.prop(
    "S11 takes for each pattern the oldest that leaves enough to those after it, in whatever order they are given",
    [tuples, members],
    ([tuples, members]) => {
      const shelves = shelvesOf(tuples)
      const entries = shelves.byArity.get(4)?.all.toArray() ?? []
      for (const patterns of ordersOf(members.map(compile))) {
        same(placesOf(shelves.findJoin(new Plan(patterns))), placesOf(assign(entries, patterns)))
      }
    },
    { fastCheck: { numRuns: 500 } }
  )

  it.prop(
    "S11 takes the same if it has waited for one that comes",
    [tuples, members, fc.nat()],
    ([tuples, members, position]) => {
      const shelves = shelvesOf(tuples)
      const entries = shelves.byArity.get(4)?.all.toArray() ?? []
      const last = entries[position % entries.length]
      if (last === undefined) {
        return
      }
      const others = entries.filter((entry) => entry !== last)
      for (const patterns of ordersOf(members.map(compile))) {
        if (assign(others, patterns) === undefined) {
          same(placesOf(shelves.findJoinWith(new Plan(patterns), last)), placesOf(assign(entries, patterns)))
        }
      }
    },
    { fastCheck: { numRuns: 500 } }
  )

  const guarded = fc.tuple(
    fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }).map(kindOf), skewed, skewed, fc.constant({})), { maxLength: 12 }),
    fc.array(
      fc.tuple(
        fc.oneof<Array<fc.Arbitrary<unknown>>>(fc.integer({ min: 0, max: 3 }).map(kindOf), fc.constant(P.any)),
        field,
        field,
        fc.constant(P.any)
      ),
      { minLength: 1, maxLength: 4 }
    ),
    fc.array(fc.constantFrom<Role>("take", "take", "read", "absent"), { minLength: 4, maxLength: 4 }),
    fc.array(fc.nat(11), { maxLength: 2 })
  ).map(([tuples, patterns, roles, held]) => ({ tuples, patterns: patterns.map(compile), roles, held: new Set(held) }))

  it.prop(
    "S18 of its members some are read, and some absent",
    [guarded, fc.boolean()],
    ([{ held, patterns, roles, tuples }, isKept]) => {
      const shelves = shelvesOf(tuples)
      const all = shelves.byArity.get(4)?.all.toArray() ?? []
      const [stored, away] = [all.filter(({ seq }) => !held.has(seq)), all.filter(({ seq }) => held.has(seq))]
      away.forEach((entry) => shelves.remove(entry))
      const plan = new Plan(patterns, roles.slice(0, patterns.length))
      const outlook = isKept ? new Outlook<Entry>(plan) : undefined
      same(
        placesOf(shelves.findJoin(plan, undefined, outlook, new Away(away, []))),
        placesOf(assignGuarded(stored, away, patterns, roles))
      )
    },
    { fastCheck: { numRuns: 1000 } }
  )

  it.prop(
    "S18 it takes and reads the same if it has waited for one that comes",
    [guarded, fc.nat()],
    ([{ held, patterns, roles, tuples }, position]) => {
      const shelves = shelvesOf(tuples)
      const all = shelves.byArity.get(4)?.all.toArray() ?? []
      const [stored, away] = [all.filter(({ seq }) => !held.has(seq)), all.filter(({ seq }) => held.has(seq))]
      away.forEach((entry) => shelves.remove(entry))
      const last = stored[position % stored.length]
      if (last === undefined || !patterns.some((pattern, index) => roles[index] !== "absent" && pattern.admits(last))) {
        return
      }
      const plan = new Plan(patterns, roles.slice(0, patterns.length))
      const outlook = new Outlook<Entry>(plan)
      shelves.remove(last)
      const before = shelves.findJoin(plan, undefined, outlook, new Away(away, []))
      if (before === undefined) {
        const isHopeless = !outlook.comes(last)
        shelves.add(last)
        const expected = assignGuarded(stored, away, patterns, roles)
        assert.isTrue(!isHopeless || expected === undefined)
        same(placesOf(shelves.findJoinWith(plan, last, outlook, new Away(away, []))), placesOf(expected))
      }
    },
    { fastCheck: { numRuns: 1000 } }
  )

  const job = ["job", P.ref("tenant"), P.number]
  const slot = ["slot", P.ref("tenant")]
  const jobs = numbers(5000).map((n): Tuple.Tuple => ["job", "theirs", n])

  for (const [order, patterns] of [["the many first", [job, slot]], ["the few first", [slot, job]]] as const) {
    it(`S11 K3 finds the one of many that agrees with the few without a look at the others: ${order}`, () => {
      const shelves = shelvesOf([...jobs, ["slot", "mine"]])
      const inVain = joined(shelves, patterns)
      assert.isUndefined(inVain.found)
      assert.isBelow(inVain.looks, 10)
      shelves.add(new Entry(["job", "mine", 0], 6000, false))
      const { found, looks } = joined(shelves, patterns)
      same(found, patterns.map((pattern) => pattern === job ? ["job", "mine", 0] : ["slot", "mine"]))
      assert.isBelow(looks, 20)
    })
  }

  it("S11 K3 goes from the few to the many by way of others, in whatever order they are given", () => {
    const patterns = [["a", P.ref("x")], ["b", P.ref("x"), P.ref("y")], ["c", P.ref("y"), P.ref("z")], [
      "d",
      P.ref("z")
    ]]
    const many = numbers(1000).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", n], ["b", n, n], ["c", n, n]])
    const found = [["a", 700], ["b", 700, 700], ["c", 700, 700], ["d", 700]]
    const shelves = shelvesOf([...many, ["d", 700]])
    for (const order of ordersOf([0, 1, 2, 3])) {
      const { found: tuples, looks } = joined(shelves, order.map((index) => patterns[index]))
      same(tuples, order.map((index) => found[index]))
      assert.isBelow(looks, 150)
    }
  })

  it("S11 K3 goes through the few also where all of the many get by the first look", () => {
    // Each has a partner, which has none.
    const patterns = [["a", P.ref("x")], ["b", P.ref("x"), P.ref("y")], ["c", P.ref("y")]]
    const tuples = numbers(1000).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", n], ["b", n, n]])
    const { found, looks } = joined(shelvesOf([...tuples, ["c", -1]]), patterns)
    assert.isUndefined(found)
    assert.isBelow(looks, 50)
  })

  it("S11 K3 goes through those of which there are fewest", () => {
    const patterns = [["a", P.ref("x")], ["b", P.ref("x")], ["c", P.ref("x")]]
    const [less, more] = [numbers(900), numbers(1000)]
    const shelves = shelvesOf([...more.map((n) => ["a", n] as const), ...less.map((n) => ["b", n] as const), [
      "c",
      800
    ]])
    for (const order of ordersOf([0, 1, 2])) {
      const { found, looks } = joined(shelves, order.map((index) => patterns[index]))
      same(found, order.map((index) => [["a", "b", "c"][index], 800]))
      assert.isBelow(looks, 50)
    }
  })

  it("S11 takes the oldest of what it has found through others", () => {
    const shelves = shelvesOf([...jobs, ["job", "first", 0], ["job", "second", 0], ["slot", "second"], [
      "slot",
      "first"
    ]])
    same(joined(shelves, [job, slot]).found, [["job", "first", 0], ["slot", "first"]])
    same(joined(shelves, [slot, job]).found, [["slot", "second"], ["job", "second", 0]])
  })

  it("S11 K3 does not look through the few while one of the first of the many will do", () => {
    const others = numbers(1000).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["job", n, n], ["job", n, n], ["slot", n]])
    const tuples: ReadonlyArray<Tuple.Tuple> = [["job", "theirs", 0], ["job", "theirs", 1], ...others]
    for (const patterns of [[job, slot], [slot, job]]) {
      const { found, looks } = joined(shelvesOf(tuples), patterns)
      assert.strictEqual(found?.length, 2)
      assert.isBelow(looks, 20)
    }
  })

  it("S11 K3 looks through as many of the few as of the many in vain, and no more", () => {
    // 500 tenants have a slot and no job.
    const slots = numbers(500).map((n): Tuple.Tuple => ["slot", n])
    const shelves = shelvesOf([...jobs, ...slots, ["slot", "mine"], ["job", "mine", 0]])
    const [first, second] = [joined(shelves, [job, slot]), joined(shelves, [slot, job])]
    assert.strictEqual(first.found?.length, 2)
    assert.isBelow(first.looks, 4000)
    assert.isBelow(second.looks, 4000)
  })

  it("S11 an entry without a value for a variable agrees with all", () => {
    // A list of no tenants, which is the only one at first: any slot agrees with it.
    const lists = ["list", [P.rest(P.ref("tenant"))]]
    const slots = numbers(20).map((n): Tuple.Tuple => ["slot", n])
    const { found } = joined(shelvesOf([...slots, ["list", []], ["list", [7]]]), [slot, slot, lists, lists])
    assert.isUndefined(found)
    same(joined(shelvesOf([...slots, ["list", []]]), [slot, lists]).found, [["slot", 0], ["list", []]])
    same(joined(shelvesOf([...slots, ["list", [7]]]), [slot, lists]).found, [["slot", 7], ["list", [7]]])
  })
})

describe("The plan of a join", () => {
  const planned = (patterns: ReadonlyArray<unknown>, tuples: ReadonlyArray<Tuple.Tuple>) => {
    const shelves = shelvesOf(tuples)
    const plan = planOf(new Plan(patterns.map(compile)), (pattern) => shelves.explain(pattern).candidates)
    same(Array.from(shelves.byArity.values()).flatMap(({ indexed }) => indexed), [])
    return plan
  }
  const many = (kind: string) => numbers(20).map((n): Tuple.Tuple => [kind, n, n])

  it("S11 begins with the few, whatever the order of the patterns", () => {
    const [job, slot] = [["job", P.ref("k"), P.any], ["slot", P.ref("k"), P.any]]
    const tuples = [...many("job"), ["slot", 3, 0]] as const
    same(planned([job, slot], tuples), [
      { index: 1, candidates: 1, by: [] },
      { index: 0, candidates: 20, by: ["k"] }
    ])
    same(planned([slot, job], tuples), [
      { index: 0, candidates: 1, by: [] },
      { index: 1, candidates: 20, by: ["k"] }
    ])
  })

  it("S11 names all patterns between the few and the many, and all variables that are known", () => {
    const patterns = [["a", P.ref("x"), P.any], ["b", P.ref("x"), P.ref("y")], ["c", P.ref("y"), P.ref("x")], ["go"]]
    same(planned(patterns, [...many("a"), ...many("b"), ["c", 1, 1], ["go"]]), [
      { index: 2, candidates: 1, by: [] },
      { index: 0, candidates: 20, by: ["x"] },
      { index: 1, candidates: 20, by: ["x", "y"] },
      { index: 3, candidates: 1, by: [] }
    ])
  })

  it("S11 keeps the order of the patterns where no index helps, and names equal ones one by one", () => {
    const [job, slot] = [["job", { k: P.ref("k") }, P.any], ["slot", P.ref("k"), P.any]]
    same(planned([job, job, slot], [...many("job"), ["slot", 3, 0]]), [
      { index: 0, candidates: 20, by: [] },
      { index: 1, candidates: 20, by: [] },
      { index: 2, candidates: 1, by: ["k"] }
    ])
  })
})

describe("A join that cannot be complete", () => {
  it("S11 K3 does not search while there is too little, whatever its variables are", () => {
    const patterns = [["a", P.ref("x")], ["b", P.ref("x")], ["c", P.ref("y")], ["d", P.ref("y")], ["none"]]
    const tuples = numbers(50).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", n], ["b", n], ["c", n], ["d", n]])
    assert.isBelow(looksInVain(patterns, tuples), 200)
  })

  it("S11 K3 does not try all combinations of what no variable connects", () => {
    const patterns = [["a", P.ref("x")], ["b", P.ref("x")], ["c", P.ref("y")], ["d", P.ref("y")]]
    const tuples = numbers(50).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", n], ["b", n], ["c", n], ["d", -1 - n]])
    assert.isBelow(looksInVain(patterns, tuples), 500)
  })

  it("S11 K3 does not try the tuples of equal patterns in every order", () => {
    // Five of eight can be chosen in 56 ways, and in 6,720 orders.
    const five = numbers(5).map(() => ["a", P.ref("x")])
    const patterns = [...five, ["b", P.ref("x"), P.ref("y")], ["c", P.ref("y")]]
    const tuples: ReadonlyArray<Tuple.Tuple> = [...numbers(8).map((): Tuple.Tuple => ["a", 1]), ["b", 1, 1], ["c", 2]]
    assert.isBelow(looksInVain(patterns, tuples), 2_000)
  })

  it("S11 K3 does not look through many that no index finds while there is none of the others", () => {
    const tuples = numbers(500).map((n): Tuple.Tuple => ["job", { tenant: n }])
    assert.isBelow(looksInVain([["job", { tenant: P.ref("x") }], ["slot", P.ref("x")]], tuples), 10)
  })

  it("S11 K3 sees at once that what has been bound leaves too little to the others", () => {
    const patterns = [["a", P.ref("y"), P.ref("x")], ["b", P.ref("y")], ["c", P.ref("x")]]
    const tuples = numbers(50).flatMap((n): ReadonlyArray<Tuple.Tuple> => [["a", 1, n], ["b", 1], ["c", -1 - n]])
    assert.isBelow(looksInVain(patterns, tuples), 500)
  })
})
