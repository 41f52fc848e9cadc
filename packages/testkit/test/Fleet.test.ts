import type { SpaceError, TupleSpace } from "@effect-linda/core"
import { Pattern as P, Query as Q, SpaceStore, Transaction } from "@effect-linda/core"
import { Schedule, Simulation } from "@effect-linda/testkit"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Clock, Effect, Option, Schedule as Repetition, Schema, STM } from "effect"
import { falsified, letOthersRun } from "./simulations.js"

beforeEach(letOthersRun)

type Body = Simulation.Body<unknown, unknown>

/** Checks that a fault is found, and that the report of it is small, says what happened, and can be replayed. */
const finds = (body: Body, problem: RegExp, happened: RegExp, seeds = 200): void => {
  const { message, smallest } = falsified(body, { seeds })
  assert.match(message, problem)
  assert.match(message, happened)
  assert.isAtMost(Option.getOrThrow(smallest.faults).size, 2, message)
  const again = falsified(body, { schedule: String(smallest) })
  assert.match(again.message, problem)
  assert.strictEqual(String(again.found), String(smallest))
}

const passes = (body: Body, seeds = 40): void => Simulation.check(body, { seeds })

const numbers = [1, 2, 3]

/** Work of a second outside of the space, written down when it is done. */
const work = (done: Array<number>, n: number) =>
  Effect.zipRight(Effect.sleep("1 seconds"), Effect.sync(() => void done.push(n)))

/** Programs that do jobs: each is done at least once, and none is left. */
const jobs = (
  faults: ReadonlyArray<Simulation.Fault> | undefined,
  workers: (done: Array<number>) => ReadonlyArray<Simulation.Worker>
): Body =>
(sim) =>
  Effect.gen(function*() {
    const done: Array<number> = []
    const fleet = yield* sim.fleet({ workers: workers(done), faults })
    yield* fleet.space.outAll(numbers.map((n) => ["job", n] as const))
    yield* fleet.quiet
    for (const n of numbers) {
      assert.include(done, n, `job ${n} was never done`)
    }
    assert.strictEqual(yield* fleet.space.count(["job", P.number]), 0, "there are jobs left")
  })

const takesAndWorks = (done: Array<number>): Simulation.Worker => (space) =>
  Effect.forever(Effect.flatMap(space.in(["job", P.number]), ([, n]) => work(done, n)))

const worksAndConfirms = (done: Array<number>): Simulation.Worker => (space) =>
  Effect.forever(space.inWith(["job", P.number], ([, n]) => work(done, n)))

const confirmsAndWorks = (done: Array<number>): Simulation.Worker => (space) =>
  Effect.forever(Effect.flatMap(space.inWith(["job", P.number], Effect.succeed), ([, n]) => work(done, n)))

/** Puts the square of each number, and says how often each is there. */
const squares = (
  faults: ReadonlyArray<Simulation.Fault>,
  put: (space: TupleSpace.TupleSpace<any, SpaceError.SpaceError>, n: number) => Effect.Effect<unknown, unknown>
): Body =>
(sim) =>
  Effect.gen(function*() {
    const fleet = yield* sim.fleet({
      faults,
      programs: 1,
      workers: [(space) => Effect.forEach(numbers, (n) => put(space, n), { discard: true })]
    })
    yield* fleet.quiet
    const found = (yield* fleet.space.copyCollect(["square", P.number])).map(([, n]) => n)
    assert.deepStrictEqual(found.sort((one, other) => one - other), numbers, "each square is there once")
  })

/** A register outside of the space, which two programs change under a lock. */
const register = (isFenced: boolean): Body => (sim) =>
  Effect.gen(function*() {
    const tokens: Array<number> = []
    const fleet = yield* sim.fleet({
      faults: ["stop"],
      workers: [(space) =>
        Effect.replicateEffect(
          Effect.either(space.withPermit(["lock"], (_, { token }) =>
            Effect.zipRight(
              Effect.sleep("1 seconds"),
              Effect.sync(() => {
                if (!isFenced || token >= Math.max(0, ...tokens)) {
                  tokens.push(token)
                }
              })
            ))),
          2
        )]
    })
    yield* fleet.space.out(["lock"])
    yield* fleet.quiet
    assert.deepStrictEqual(tokens, [...tokens].sort((one, other) => one - other), "who came later has written before")
  })

describe("A simulated fleet finds", () => {
  it("S8 a job that is lost when a program is killed that has taken it by in", () => {
    finds(jobs(["kill"], (done) => [takesAndWorks(done)]), /job \d was never done/, /program \d is killed .* its take/)
  })

  it("S8 a job that is lost when a program is killed that has confirmed it before it is done", () => {
    finds(jobs(["kill"], (done) => [confirmsAndWorks(done)]), /job \d was never done/, /program \d is killed/)
  })

  it("S8 a job that is lost when a program is told to end that has taken it by in", () => {
    finds(jobs(["end"], (done) => [takesAndWorks(done)]), /job \d was never done/, /program \d is told to end/)
  })

  it("S19 a write of a program that has stood still, and has no lock any more", () => {
    finds(register(false), /who came later has written before/, /program \d stands still .*\n {2}program \d goes on/)
  })

  it("S16 a tuple that is there twice, since its put was tried again", () => {
    finds(
      squares(["lose"], (space, n) => Effect.retry(space.out(["square", n]), Repetition.recurs(3))),
      /each square is there once/,
      /program 1 loses its store .* its put/
    )
  })

  it("S16 a tuple that a new version does not know", () => {
    const body: Body = (sim) =>
      Effect.gen(function*() {
        const done: Array<number> = []
        const fleet = yield* sim.fleet({ workers: [worksAndConfirms(done)], faults: ["kill"] })
        yield* fleet.space.outAll(numbers.map((n) => ["job", n] as const))
        yield* fleet.roll({
          workers: [(space) => Effect.forever(space.inWith(["job", P.number, P.string], ([, n]) => work(done, n)))]
        })
        yield* fleet.quiet
        assert.strictEqual(yield* fleet.space.count(["job", P.number]), 0, "there are jobs left")
      })
    finds(body, /there are jobs left/, /program \d is killed/)
  })
})

describe("A simulated fleet has nothing to say against", () => {
  it("S8 inWith, whatever happens", () => {
    passes(jobs(undefined, (done) => [worksAndConfirms(done)]), 200)
  })

  it("S8 a taker by in to which nothing happens, or its connection is lost", () => {
    passes(jobs([], (done) => [takesAndWorks(done)]), 30)
    passes(jobs(["resend"], (done) => [takesAndWorks(done)]))
  })

  it("S19 a register that knows the last token", () => {
    passes(register(true))
  })

  it("S1 an out that is sent twice", () => {
    passes(squares(["resend"], (space, n) => space.out(["square", n])))
  })

  it("S7 an outIfAbsent that is tried again", () => {
    passes(squares(
      ["lose", "resend"],
      (space, n) => Effect.retry(space.outIfAbsent(["square", n], ["square", n]), Repetition.recurs(5))
    ))
  })

  const ways: Readonly<Record<string, Simulation.Worker>> = {
    "SpaceStore.transaction": (space) =>
      Effect.forever(
        SpaceStore.transaction(space)(Effect.gen(function*() {
          const [, n] = yield* space.in(["from", P.number])
          yield* Effect.sleep("1 seconds")
          yield* space.out(["to", n])
        }))
      ),
    transact: (space) =>
      Effect.forever(space.transact(STM.gen(function*() {
        const [, n] = yield* Transaction.in(space, ["from", P.number])
        yield* Transaction.out(space, ["to", n])
      })))
  }
  for (const [name, worker] of Object.entries(ways)) {
    it(`S10 ${name}: none is done by halves, and none that is left open keeps others waiting`, () => {
      passes((sim) =>
        Effect.gen(function*() {
          const fleet = yield* sim.fleet({ workers: [worker] })
          yield* fleet.space.outAll(numbers.map((n) => ["from", n] as const))
          yield* fleet.quiet
          const moved = (yield* fleet.space.copyCollect([P.string, P.number])).map(([word, n]) => `${word} ${n}`)
          assert.deepStrictEqual(moved.sort(), ["to 1", "to 2", "to 3"])
        })
      )
    })
  }

  it("S18 guards: who waits until no job is left goes on when the last is done, whoever does it and whatever happens", () => {
    const job = ["job", P.number] as const
    passes((sim) =>
      Effect.gen(function*() {
        const done: Array<number> = []
        const early: Array<ReadonlyArray<number>> = []
        const fleet = yield* sim.fleet({
          workers: [
            (space) =>
              Effect.forever(space.inWith(
                Q.all({ config: Q.read(["config"]), job, go: Q.absent(["paused"]) }),
                ({ job: [, n] }) => work(done, n)
              )),
            (space) =>
              Effect.gen(function*() {
                yield* space.rd(["config"])
                yield* space.awaitNone(job)
                if (numbers.some((n) => !done.includes(n))) {
                  early.push([...done])
                }
              })
          ]
        })
        yield* fleet.space.outAll([["paused"], ...numbers.map((n) => ["job", n] as const)])
        yield* fleet.space.out(["config"])
        yield* Effect.sleep("2 seconds")
        assert.deepStrictEqual(done, [], "what is paused is not begun")
        yield* fleet.space.in(["paused"])
        yield* fleet.quiet
        // Those who were killed have lapsed by then, and what they had is done.
        yield* Effect.sleep("35 seconds")
        yield* fleet.quiet
        assert.deepStrictEqual(early, [], "some were not done yet")
        assert.deepStrictEqual(yield* fleet.space.copyCollect([P.rest(P.any)]), [["config"]])
        const { interests } = yield* fleet.space.inspect
        assert.deepStrictEqual(
          interests.filter(({ kind, patterns }) => kind === "rdAll" && patterns.join().includes("job")),
          [],
          "somebody still waits until no job is left"
        )
      }), 200)
  })

  it("S16 a new version that knows the tuples of the old one", () => {
    class Old extends Schema.Class<Old>("Job")({ n: Schema.Number }) {}
    class New extends Schema.Class<New>("Task")({ n: Schema.Number }) {}
    const rolled = (schema: Schema.Schema<any, any>): Body => (sim) =>
      Effect.gen(function*() {
        const fleet = yield* sim.fleet({ workers: [() => Effect.void], space: { schemas: [Old] } })
        yield* fleet.space.outAll(numbers.map((n) => ["job", new Old({ n })] as const))
        yield* fleet.roll({
          workers: [(space) => Effect.forever(space.inWith(["job", P.any], () => Effect.sleep("1 seconds")))],
          space: { schemas: [schema] }
        })
        yield* fleet.quiet
        assert.strictEqual(yield* fleet.space.count(["job", P.any]), 0, "there are jobs left")
      })
    passes(rolled(SpaceStore.renamed("Job", New)), 30)
    const { message } = falsified(rolled(New))
    assert.match(message, /there are jobs left.*\n(.*\n)* {2}program \d+ fails: .*Job/)
  })
})

describe("A simulated fleet", () => {
  /** What the programs of a run do, and when. */
  const trace = (schedule: Schedule.Schedule): string =>
    Simulation.simulate(schedule, (sim) =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const fleet = yield* sim.fleet({
          workers: [(space, program) =>
            Effect.forever(space.inWith(["job", P.number], ([, n], { token }) =>
              Effect.flatMap(
                Effect.delay(Clock.currentTimeMillis, "1 seconds"),
                (now) => Effect.sync(() => seen.push(`${program} does ${n} at ${now} as ${token}`))
              )))]
        })
        yield* fleet.space.outAll(numbers.map((n) => ["job", n] as const))
        yield* fleet.quiet
        return [...seen, yield* Clock.currentTimeMillis].join()
      }))

  it("does the same under the same schedule, and other things under others", () => {
    const schedules = Array.from({ length: 40 }, (_, seed) => Schedule.fromSeed(seed))
    const traces = schedules.map(trace)
    assert.deepStrictEqual(schedules.map(({ seed }) => trace(Schedule.fromSeed(seed))), traces)
    assert.isAbove(new Set(traces).size, 20)
  })

  it("does as a schedule says that is written down", () => {
    const ordinary = trace(Schedule.parse("1:"))
    assert.strictEqual(trace(Schedule.parse("2:")), ordinary)
    const killed = Schedule.parse("1:kill1.0=0")
    assert.deepStrictEqual(Option.getOrThrow(killed.faults), new Map([["kill1.0", 0]]))
    assert.strictEqual(String(killed), "1:kill1.0=0")
    assert.include(ordinary, "1 does 1")
    assert.notInclude(trace(killed), "1 does")
  })

  it("S8 kills a program without a finalizer, and stops it without an instruction", () => {
    Simulation.check((sim) =>
      Effect.gen(function*() {
        const died = new Set<number>()
        let finalized = 0
        const fleet = yield* sim.fleet({
          programs: 1,
          faults: ["kill"],
          workers: [(space, program) => {
            const isAlive = Effect.sync(() => assert.isFalse(died.has(program), "a killed program does something"))
            return Effect.addFinalizer(() => Effect.zipRight(isAlive, Effect.sync(() => finalized++))).pipe(
              // a new one takes the place of one that was killed
              Effect.zipRight(Effect.sync(() => {
                for (let before = 1; before < program; before++) {
                  died.add(before)
                }
              })),
              Effect.zipRight(Effect.forever(space.inWith(["job", P.number], () =>
                Effect.repeatN(Effect.zipRight(Effect.sleep("10 seconds"), isAlive), 5))))
            )
          }]
        })
        yield* fleet.space.outAll(numbers.map((n) =>
          ["job", n] as const
        ))
        yield* fleet.quiet
        assert.strictEqual(finalized, 0)
      }), { seeds: 100 })
  })

  it("S16 begins a worker anew that fails, and not for ever", () => {
    const begun = Simulation.simulate(Schedule.fromDeviations(1), (sim) =>
      Effect.gen(function*() {
        const begun: Array<number> = []
        const fleet = yield* sim.fleet({
          programs: 1,
          workers: [(_, program) => Effect.zipRight(Effect.sync(() => begun.push(program)), Effect.fail("no"))]
        })
        yield* fleet.quiet
        return begun
      }))
    assert.deepStrictEqual(begun, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it("S16 fails with what a worker dies with", () => {
    const { message } = falsified((sim) =>
      Effect.gen(function*() {
        const fleet = yield* sim.fleet({ workers: [() => Effect.dieMessage("I saw what must not be")] })
        yield* fleet.quiet
      })
    )
    assert.match(message, /^I saw what must not be\n/)
  })

  it("leaves nothing behind, though a program waits for ever when it is killed", () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length
    const before = timers()
    Simulation.check((sim) =>
      Effect.gen(function*() {
        const fleet = yield* sim.fleet({
          faults: ["kill", "stop"],
          workers: [(space) => Effect.zipRight(Effect.fork(space.in(["job"])), Effect.never)]
        })
        yield* fleet.space.out(["job"])
        yield* fleet.quiet
      }), { seeds: 30 })
    assert.strictEqual(timers(), before)
  })

  it("S16 has spaces of a protocol, and refuses options that make no sense", () => {
    type Job = readonly ["job", n: number]
    const errorOf = (options: Simulation.FleetOptions) =>
      Simulation.simulate(Schedule.fromDeviations(1), (sim) => Effect.flip(sim.fleet(options))).message
    assert.match(errorOf({} as never), /^workers: there have to be some/)
    assert.match(errorOf({ workers: [3] } as never), /^workers: .* is no list of functions/)
    assert.match(errorOf({ workers: [() => Effect.void], programs: 0 }), /^programs: /)
    assert.match(errorOf({ workers: [() => Effect.void], faults: ["flood"] } as never), /^faults: .* kill, stop, end/)
    assert.match(errorOf({ workers: [() => Effect.void], lease: "soon" as never }), /^lease: /)
    Simulation.simulate(Schedule.fromDeviations(1), (sim) =>
      Effect.gen(function*() {
        const fleet = yield* sim.fleet<Job>({ workers: [(space) => Effect.asVoid(space.in(["job", P.number]))] })
        // @ts-expect-error -- no tuple of the protocol
        const wrong = () => fleet.space.out(["task", 1])
        assert.isFunction(wrong)
        yield* fleet.space.out(["job", 1])
        yield* fleet.quiet
        const error = yield* Effect.flip(fleet.roll({ workers: [() => Effect.void, () => Effect.void] }))
        assert.match(error.message, /^workers: there have to be 1, and there are 2/)
      }))
  })
})
