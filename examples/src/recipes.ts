/**
 * The recipes of docs/recipes.md, which shows the functions of this file, and a demonstration of each that runs on a
 * space of any engine.
 */
import type { SpaceError, Tuple } from "@effect-linda/core"
import { Pattern as P, Query as Q, Transaction, TupleSpace } from "@effect-linda/core"
import { Cause, Clock, Console, Duration, Effect, Fiber, Option, Ref, Schedule, STM } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

type Work<A, E = never> = (value: A) => Effect.Effect<void, E>

export const later = (space: Space, job: string, after: Duration.DurationInput) => space.out(["job", job], { after })

export const urgent = (space: Space, job: string, priority: number) => space.out(["job", job], { priority })

export const attempt = (space: Space, work: Work<string, string>) =>
  space.inWith(["job", P.string], ([, job]) => work(job), {
    retry: Schedule.intersect(Schedule.exponential("10 millis"), Schedule.recurs(2)),
    deadLetter: ([, job], cause) => ["dead", job, String(Cause.squash(cause))]
  })

export const redrive = (space: Space) =>
  Effect.repeat(space.replace(["dead", P.string, P.string], ([, job]) => ["job", job]), { while: Option.isSome })

export const sendAll = (space: Space, send: Work<string, string>) =>
  space.inWith(
    Q.batch(["mail", P.string], { max: 100, linger: "5 millis" }),
    (mails, hold) => Effect.forEach(mails, (mail) => Effect.catchAll(send(mail[1]), (error) => hold.fail(mail, error))),
    { maxAttempts: 3, deadLetter: ([, to]) => ["bounced", to] }
  )

export const limited = (space: Space, work: Work<string>) =>
  space.inWith(
    Q.all({ job: ["job", P.ref("tenant", P.string), P.string], slot: ["slot", P.ref("tenant", P.string)] }),
    ({ job, slot }, hold) => Effect.zipRight(work(job[2]), hold.giveBack(slot))
  )

export const fair = (space: Space, work: Work<string>) =>
  space.inWith(
    Q.all({ turn: ["turn", P.ref("tenant", P.string)], job: ["job", P.ref("tenant", P.string), P.string] }),
    ({ job, turn }, hold) => Effect.zipRight(work(job[2]), hold.giveBack(turn)),
    { requeue: "back" }
  )

export const rated = (space: Space, period: Duration.DurationInput) =>
  space.inWith(["token"], () => space.out(["token"], { after: period }))

export const once = (space: Space, id: string, ttl: Duration.DurationInput) =>
  space.withPermit(["gate"], () =>
    Effect.gen(function*() {
      if (Option.isSome(yield* space.rdp(["seen", id]))) return false
      yield* space.out(["job", id])
      yield* space.out(["seen", id], { ttl })
      return true
    }))

export const task = (space: Space, name: string, needs: ReadonlyArray<string>, work: Work<string>) =>
  Effect.forEach(needs, (need) => space.rd(["done", need])).pipe(
    Effect.zipRight(work(name)),
    Effect.zipRight(space.out(["done", name]))
  )

export const tick = (space: Space, millis: number, work: Work<number>) =>
  space.inWith(
    ["cron", P.number],
    ([, time]) => Effect.zipRight(work(time), space.out(["cron", time + millis], { at: time + millis }))
  )

export const unlessPaused = (space: Space, work: Work<string>) =>
  space.inWith(Q.all({ job: ["job", P.string], go: Q.absent(["paused"]) }), ({ job }) => work(job[1]))

export const locked = <A, E>(space: Space, name: string, work: Effect.Effect<A, E>) =>
  space.withPermit(["lock", name], () => work)

const writes = (name: string) => Q.absent(["writes", name])
const reads = (name: string) => Q.absent(["reads", name])

export const reading = <A, E>(space: Space, name: string, work: Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    space.exchange(Q.all([writes(name)]), () => [["reads", name]]),
    () => work,
    () => Effect.orDie(space.in(["reads", name]))
  )

export const writing = <A, E>(space: Space, name: string, work: Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    space.exchange(Q.all([writes(name), reads(name)]), () => [["writes", name]]),
    () => work,
    () => Effect.orDie(space.in(["writes", name]))
  )

export const barrier = (space: Space, name: string, count: number) =>
  Effect.zipRight(
    space.out(["here", name]),
    space.rd(Q.all(Array.from({ length: count }, () => ["here", P.string] as const)))
  )

export const lead = (space: Space, reign: Work<number>) => space.withPermit(["leader"], (_, { token }) => reign(token))

export const reign = <A, E>(space: Space, name: string, work: Effect.Effect<A, E>, ttl: Duration.DurationInput) =>
  Effect.acquireUseRelease(
    Effect.flatten(space.outIfAbsent(["king", P.string], ["king", name], { ttl })),
    (lease) => {
      const renewal = Effect.delay(lease.renew(ttl), Duration.times(ttl, 1 / 3))
      return Effect.raceFirst(work, Effect.repeat(renewal, { while: (isThere) => isThere }))
    },
    (lease) => Effect.ignore(lease.cancel)
  )

export const cached = (space: Space, key: string, compute: Effect.Effect<number>, ttl: Duration.DurationInput) =>
  Effect.flatMap(
    space.rdp(["cache", key, P.number]),
    Option.match({
      onSome: ([, , value]) => Effect.succeed(value),
      onNone: () => Effect.tap(compute, (value) => space.out(["cache", key, value], { ttl }))
    })
  )

export const ask = (space: Space, id: string, question: string, timeout: Duration.DurationInput) =>
  Effect.zipRight(
    space.out(["ask", id, question], { ttl: timeout }),
    space.in(["reply", id, P.string], { timeout })
  )

export const answer = (space: Space, reply: (question: string) => string) =>
  space.inWith(
    ["ask", P.string, P.string],
    ([, id, question]) => space.out(["reply", id, reply(question)], { ttl: "1 minute" })
  )

export const vote = (space: Space, id: string, voter: string) =>
  space.outIfAbsent(["vote", id, voter], ["vote", id, voter])

export const quorum = (space: Space, id: string, count: number) =>
  space.rd(Q.all(Array.from({ length: count }, () => ["vote", id, P.string] as const)))

export const eat = (space: Space, seat: number, seats: number, meal: Effect.Effect<void>) =>
  space.withPermit(Q.all([["fork", seat], ["fork", (seat + 1) % seats]]), () => meal)

export const greatest = (space: Space) =>
  Effect.forever(
    space.exchange(
      Q.all([["n", P.number], ["n", P.number]]),
      ([[, one], [, other]]) => [["n", Math.max(one, other)]]
    )
  )

export const sieve = (space: Space, n: number) =>
  Effect.forever(space.exchange(["n", (m: unknown) => typeof m === "number" && m > n && m % n === 0], () => []))

/** Goes on when so many tuples are left that match. */
const left = (space: Space, pattern: readonly ["n", typeof P.number], few: number) =>
  space.transact(Transaction.check(STM.map(Transaction.count(space, pattern), (count) => count === few)))

/** Notes what is worked on, in order. */
const notebook = Effect.map(Ref.make<ReadonlyArray<string>>([]), (ref) => ({
  note: (text: string) => Ref.update(ref, (texts) => [...texts, text]),
  notes: Ref.get(ref)
}))

/** Counts how many run at the same time, and keeps the most. */
const crowd = Effect.map(Ref.make({ now: 0, most: 0 }), (ref) => ({
  work: Effect.acquireUseRelease(
    Ref.update(ref, ({ most, now }) => ({ now: now + 1, most: Math.max(most, now + 1) })),
    () => Effect.sleep("2 millis"),
    () => Ref.update(ref, ({ most, now }) => ({ now: now - 1, most }))
  ),
  most: Effect.map(Ref.get(ref), ({ most }) => most)
}))

const together = { concurrency: "unbounded", discard: true } as const

type Demonstration = (space: Space) => Effect.Effect<void, unknown>

/** Each needs an empty space. */
export const demonstrations: Readonly<Record<string, Demonstration>> = {
  "delayed job": Effect.fnUntraced(function*(space) {
    const cancelled = yield* later(space, "never", "1 hour")
    yield* expectEqual(yield* space.count(["job", P.string]), 0)
    yield* expectEqual(yield* cancelled.cancel, true)
    yield* later(space, "soon", "20 millis")
    yield* expectEqual(yield* space.in(["job", P.string]), ["job", "soon"])
  }),
  "priority queue": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    yield* space.out(["job", "report"])
    yield* urgent(space, "cleanup", -1)
    yield* urgent(space, "payment", 10)
    const worker = (fails: boolean) =>
      Effect.exit(space.inWith(["job", P.string], ([, job]) => fails ? Effect.fail("no luck") : note(job)))
    yield* worker(true)
    yield* Effect.repeatN(worker(false), 2)
    yield* expectEqual(yield* notes, ["payment", "report", "cleanup"])
  }),
  "retry, dead letters, redrive": Effect.fnUntraced(function*(space) {
    yield* space.out(["job", "a"])
    yield* Effect.repeatN(Effect.ignore(attempt(space, () => Effect.fail("no luck"))), 2)
    yield* expectEqual(yield* space.copyCollect(["dead", P.string, P.string]), [["dead", "a", "no luck"]])
    yield* redrive(space)
    yield* expectEqual(yield* space.in(["job", P.string]), ["job", "a"])
  }),
  "batch with one bad member": Effect.fnUntraced(function*(space) {
    yield* space.outAll([["mail", "ann"], ["mail", "nobody"], ["mail", "bob"]])
    const send = sendAll(space, (to) => to === "nobody" ? Effect.fail("no such user") : Effect.void)
    yield* send
    yield* expectEqual(yield* space.copyCollect(["mail", P.string]), [["mail", "nobody"]])
    yield* Effect.repeatN(send, 1)
    yield* expectEqual(yield* space.copyCollect([P.rest(P.any)]), [["bounced", "nobody"]])
  }),
  "at most n for each tenant": Effect.fnUntraced(function*(space) {
    const { most, work } = yield* crowd
    yield* space.outAll([["slot", "ann"], ["slot", "ann"]])
    yield* space.outAll(["1", "2", "3", "4", "5"].map((id) => ["job", "ann", id]))
    yield* Effect.forEach([1, 2, 3, 4, 5], () => limited(space, () => work), together)
    yield* expectEqual(yield* most, 2)
    yield* expectEqual(yield* space.count(["slot", "ann"]), 2)
  }),
  "first in, first out for each key": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    const slow: Work<string> = (job) => Effect.zipRight(Effect.sleep(job === "1" ? "4 millis" : 0), note(job))
    yield* space.outAll([["slot", "ann"], ["job", "ann", "1"], ["job", "ann", "2"], ["job", "ann", "3"]])
    yield* Effect.forEach([1, 2, 3], () => limited(space, slow), together)
    yield* expectEqual(yield* notes, ["1", "2", "3"])
  }),
  "fair among tenants": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    yield* space.outAll([["turn", "ann"], ["turn", "bob"]])
    yield* space.outAll([["job", "ann", "a1"], ["job", "ann", "a2"], ["job", "ann", "a3"], ["job", "bob", "b1"]])
    yield* Effect.repeatN(fair(space, note), 3)
    yield* expectEqual(yield* notes, ["a1", "b1", "a2", "a3"])
  }),
  "rate limit": Effect.fnUntraced(function*(space) {
    yield* space.outAll([["token"], ["token"]])
    const start = yield* Clock.currentTimeMillis
    yield* Effect.repeatN(rated(space, "20 millis"), 3)
    // two at once, and each comes back once; clocks of two kinds may differ by a part of a millisecond
    yield* expectEqual((yield* Clock.currentTimeMillis) - start >= 18, true)
  }),
  "deduplication": Effect.fnUntraced(function*(space) {
    yield* space.out(["gate"])
    const tries = yield* Effect.forEach([1, 2, 3], () => once(space, "a", "1 hour"), { concurrency: 3 })
    yield* expectEqual(tries.filter((isFirst) => isFirst), [true])
    yield* expectEqual(yield* space.count(["job", "a"]), 1)
  }),
  "tasks with dependencies": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    const tasks = [["test", ["build"]], ["release", ["test", "docs"]], ["docs", ["build"]], ["build", []]] as const
    yield* Effect.forEach(tasks, ([name, needs]) => task(space, name, needs, note), together)
    const order = yield* notes
    yield* expectEqual([order[0], order[3]], ["build", "release"])
  }),
  "cron": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    yield* space.out(["cron", 0])
    yield* Effect.repeatN(tick(space, 1_000, (time) => note(String(time))), 2)
    yield* expectEqual(yield* notes, ["0", "1000", "2000"])
  }),
  "pause and resume": Effect.fnUntraced(function*(space) {
    yield* space.outAll([["paused"], ["job", "a"]])
    const { note, notes } = yield* notebook
    const fiber = yield* Effect.fork(unlessPaused(space, note))
    yield* Effect.sleep("5 millis")
    yield* expectEqual(yield* space.count(["job", P.string]), 1)
    yield* space.in(["paused"])
    yield* Fiber.join(fiber)
    yield* expectEqual(yield* notes, ["a"])
  }),
  "lock and semaphore": Effect.fnUntraced(function*(space) {
    for (const permits of [1, 3]) {
      const { most, work } = yield* crowd
      const name = `of ${permits}`
      yield* space.outAll(Array.from({ length: permits }, () => ["lock", name]))
      yield* Effect.forEach([1, 2, 3, 4, 5], () => locked(space, name, work), together)
      yield* expectEqual((yield* most) <= permits, true)
      yield* expectEqual(yield* space.count(["lock", name]), permits)
    }
  }),
  "readers and writers": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    const work = (name: string) =>
      note(`${name} in`).pipe(Effect.zipRight(Effect.yieldNow()), Effect.zipRight(note(`${name} out`)))
    yield* Effect.forEach(
      [1, 2, 3, 4, 5, 6],
      (n) => n % 3 === 0 ? writing(space, "page", work("w")) : reading(space, "page", work("r")),
      together
    )
    let [readers, writers] = [0, 0]
    for (const text of yield* notes) {
      readers += text === "r in" ? 1 : text === "r out" ? -1 : 0
      writers += text === "w in" ? 1 : text === "w out" ? -1 : 0
      yield* expectEqual(writers === 0 || writers === 1 && readers === 0, true)
    }
    yield* expectEqual([readers, writers], [0, 0])
    yield* expectEqual(yield* space.count([P.string, "page"]), 0)
  }),
  "barrier": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    const arrive = (name: string) =>
      note("before").pipe(Effect.zipRight(barrier(space, name, 3)), Effect.zipRight(note("after")))
    yield* Effect.forEach(["ann", "bob", "cyd"], arrive, together)
    yield* expectEqual(yield* notes, ["before", "before", "before", "after", "after", "after"])
  }),
  "leader with a fencing token": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    yield* space.out(["leader"])
    yield* Effect.forEach([1, 2, 3], () => lead(space, (token) => note(String(token))), together)
    const tokens = (yield* notes).map(Number)
    yield* expectEqual(tokens.every((token, index) => index === 0 || token > tokens[index - 1]!), true)
  }),
  "leader with a lease": Effect.fnUntraced(function*(space) {
    const follow = Effect.merge(reign(space, "bob", Effect.succeed("bob leads"), "1 hour"))
    yield* expectEqual(yield* reign(space, "ann", follow, "1 hour"), ["king", "ann"])
    yield* expectEqual(yield* follow, "bob leads")
    yield* space.out(["king", "dead"], { ttl: "5 millis" })
    yield* Effect.sleep("10 millis")
    yield* expectEqual(yield* reign(space, "cyd", Effect.sleep("10 millis"), "1 minute"), undefined)
    yield* expectEqual(yield* space.count(["king", P.string]), 0)
    const dethroned = Effect.zipRight(space.in(["king", "cyd"]), Effect.never)
    yield* expectEqual(yield* reign(space, "cyd", dethroned, "6 millis"), false)
  }),
  "cache": Effect.fnUntraced(function*(space) {
    const { note, notes } = yield* notebook
    const get = cached(space, "answer", Effect.as(note("computed"), 42), "1 hour")
    yield* expectEqual([yield* get, yield* get], [42, 42])
    yield* expectEqual(yield* notes, ["computed"])
  }),
  "request and reply": Effect.fnUntraced(function*(space) {
    const late = yield* Effect.flip(ask(space, "1", "anybody?", "5 millis"))
    yield* expectEqual(TupleSpace.isTimeout(late), true)
    yield* Effect.fork(Effect.forever(answer(space, (question) => question.toUpperCase())))
    yield* expectEqual(yield* ask(space, "2", "who?", "1 minute"), ["reply", "2", "WHO?"])
  }),
  "quorum": Effect.fnUntraced(function*(space) {
    const fiber = yield* Effect.fork(quorum(space, "plan", 2))
    yield* Effect.forEach(["ann", "ann", "bob"], (voter) => vote(space, "plan", voter), together)
    yield* expectEqual((yield* Fiber.join(fiber)).map(([, , voter]) => voter).sort(), ["ann", "bob"])
  }),
  "philosophers": Effect.fnUntraced(function*(space) {
    const { most, work } = yield* crowd
    const seats = [0, 1, 2, 3, 4]
    yield* space.outAll(seats.map((seat) => ["fork", seat]))
    yield* Effect.forEach(seats, (seat) => eat(space, seat, seats.length, work), together)
    yield* expectEqual((yield* most) <= 2, true)
    yield* expectEqual(yield* space.count(["fork", P.number]), 5)
  }),
  "rules": Effect.fnUntraced(function*(space) {
    const numbers = Array.from({ length: 29 }, (_, index) => index + 2)
    const pattern = ["n", P.number] as const
    yield* space.outAll(numbers.map((n) => ["n", n]))
    const sieves = yield* Effect.fork(Effect.forEach([2, 3, 4, 5], (n) => sieve(space, n), together))
    yield* left(space, pattern, 10)
    yield* Fiber.interrupt(sieves)
    const primes = yield* space.copyCollect(pattern)
    yield* expectEqual(primes.map(([, n]) => n), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29])
    const rule = yield* Effect.fork(greatest(space))
    yield* left(space, pattern, 1)
    yield* Fiber.interrupt(rule)
    yield* expectEqual(yield* space.collect(pattern), [["n", 29]])
  })
}

export const program = Effect.forEach(
  Object.entries(demonstrations),
  ([name, demonstration]) =>
    Effect.gen(function*() {
      yield* demonstration(yield* TupleSpace.make())
      yield* Console.log(name)
    }).pipe(Effect.scoped),
  { discard: true }
)

runIfMain(import.meta.url, program)
