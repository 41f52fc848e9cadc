import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { Pattern as P } from "@effect-linda/core"
import { assert } from "@effect/vitest"
import type { Scope } from "effect"
import { Effect, Fiber, Option } from "effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { within } from "../kit.js"
import type { Config } from "./child.js"

const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** What the children have said. */
class Record {
  readonly tried = new Set<string>()
  readonly put = new Set<string>()
  readonly took: Array<number> = []

  hear(line: string): void {
    const [what, kind, n] = line.split(" ")
    if (what === "try") {
      this.tried.add(`${kind} ${n}`)
    } else if (what === "put") {
      this.put.add(`${kind} ${n}`)
    } else if (what === "took") {
      this.took.push(Number(kind))
    }
  }
}

/** Kills a process, and waits until it is gone. */
export const kill = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, "close")
  child.kill("SIGKILL")
  await gone
}

/**
 * Kills processes in the midst of their work, again and again, and then looks where everything is.
 *
 * Returns a line that says what happened.
 */
export const storm = async (options: {
  readonly child: string
  readonly config: Omit<Config, "first">
  readonly kills: number
  readonly lease: number
  readonly space: Effect.Effect<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>, unknown, Scope.Scope>
  /** What else to do amidst it, now and then. */
  readonly disturb?: () => Promise<void>
}): Promise<string> => {
  const record = new Record()
  const errors: Array<string> = []
  let first = 0
  const start = async (): Promise<ChildProcess> => {
    const config = { ...options.config, first: first += 1_000_000 }
    const child = spawn(process.execPath, [options.child, JSON.stringify(config)], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    let rest = ""
    child.stdout.on("data", (chunk) => {
      const lines = `${rest}${chunk}`.split("\n")
      rest = lines.pop()!
      lines.forEach((line) => record.hear(line))
    })
    child.stderr.on("data", (chunk) => errors.push(String(chunk)))
    await once(child.stdout, "data")
    return child
  }
  const children = [await start(), await start()]
  for (let round = 0; round < options.kills; round++) {
    await sleep(100 + Math.random() * 300)
    if (options.disturb !== undefined && round % 10 === 5) {
      await options.disturb()
    }
    await kill(children[round % 2]!)
    children[round % 2] = await start()
  }
  await sleep(200)
  await Promise.all(children.map(kill))
  await sleep(options.lease * 1.5)

  const { held, left, waiting } = await Effect.runPromise(
    Effect.scoped(Effect.gen(function*() {
      const space = yield* Effect.orDie(options.space)
      yield* space.out(["wake"])
      const left = yield* space.copyCollect([P.string, P.number])
      const done = yield* space.copyCollect([P.string, P.number, "done"])
      const { held, interests } = yield* space.inspect
      return { held, left: [...left, ...done], waiting: interests.length }
    }))
  )
  const done = new Map<string, number>()
  const stored = new Map<string, number>()
  for (const [kind, n, isDone] of left) {
    const counts = isDone === undefined ? stored : done
    counts.set(`${kind} ${n}`, (counts.get(`${kind} ${n}`) ?? 0) + 1)
  }
  const took = new Set(record.took)
  assert.deepStrictEqual(errors, [])
  assert.strictEqual(held, 0, "nothing is held by the dead")
  assert.strictEqual(waiting, 0, "none of the dead waits")
  assert.strictEqual(took.size, record.took.length, "no tuple is taken twice")
  let unreported = 0
  for (const put of record.put) {
    const [kind, n] = put.split(" ") as [string, string]
    const inSpace = stored.get(put) ?? 0
    const finished = done.get(put) ?? 0
    if (kind === "moved") {
      assert.strictEqual(inSpace + finished, 1, `${put}: exactly once`)
    } else if (kind === "used") {
      assert.isAtLeast(inSpace + finished, 1, `${put}: not lost`)
      assert.isAtMost(inSpace, 1, `${put}: not twice`)
    } else {
      assert.isAtMost(inSpace + (took.has(Number(n)) ? 1 : 0), 1, `${put}: not twice`)
      unreported += inSpace === 0 && !took.has(Number(n)) ? 1 : 0
    }
  }
  for (const there of stored.keys()) {
    assert.isTrue(record.tried.has(there), `${there}: somebody put it`)
  }
  // A child that was killed between its take and its word can have taken one in each of its two fibers.
  assert.isAtMost(unreported, 2 * (options.kills + 2), "taken without a word")
  return `${options.kills} kills, ${record.put.size} tuples put, ${done.size} moved or used, ${took.size} taken, ` +
    `${unreported} taken by a child that did not live to say so`
}

/** Kills a process that has a lock: the lock is back, once, and others get it, with a greater number each time. */
export const lockStorm = (options: {
  readonly child: string
  readonly config: Omit<Config, "first">
  readonly kills: number
  readonly space: Effect.Effect<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>, unknown, Scope.Scope>
}): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const space = yield* Effect.orDie(options.space)
    yield* space.out(["lock"])
    let last = 0
    const isNext = (token: number) => {
      assert.isAbove(token, last, "S19 a token is greater than those before")
      last = token
    }
    for (let round = 0; round < options.kills; round++) {
      const child = spawn(process.execPath, [options.child, JSON.stringify(options.config)], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const said = yield* Effect.promise(() => once(child.stdout, "data"))
      const [word, token] = String(said[0]).split(" ")
      assert.strictEqual(word, "locked")
      isNext(Number(token))
      assert.strictEqual(yield* space.count(["lock"]), 0, "the child has it")
      assert.strictEqual((yield* space.inspect).held, 1)
      yield* Effect.promise(() => kill(child))
      const [tuple, next] = yield* space.withPermit(
        ["lock"],
        (tuple, { token }) => Effect.succeed([tuple, token] as const),
        { timeout: "20 seconds" }
      )
      assert.deepStrictEqual(tuple, ["lock"])
      isNext(next)
      assert.strictEqual(yield* space.count(["lock"]), 1, "one lock, and no second one")
    }
  })))

/**
 * Kills processes that hold a tuple, while somebody waits until nothing like it is there: what they held is back, and
 * that wait goes on until it is taken for good.
 */
export const absenceStorm = (options: {
  readonly child: string
  readonly config: Omit<Config, "first">
  readonly kills: number
  readonly space: Effect.Effect<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>, unknown, Scope.Scope>
}): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const [space, other] = [yield* Effect.orDie(options.space), yield* Effect.orDie(options.space)]
    for (let round = 0; round < options.kills; round++) {
      yield* space.out(["lock"])
      const child = spawn(process.execPath, [options.child, JSON.stringify(options.config)], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const waiter = yield* Effect.forkScoped(
        Effect.zipRight(Effect.promise(() => once(child.stdout, "data")), space.awaitNone(["lock"]))
      )
      yield* Effect.repeat(other.inspect, { until: ({ interests }) => interests.length === 1 })
      assert.strictEqual(yield* other.count(["lock"]), 0, "the child has it")
      yield* Effect.promise(() => kill(child))
      yield* other.rd(["lock"], { timeout: "20 seconds" })
      assert.isNull(yield* Effect.map(waiter.poll, Option.getOrNull), "it is back, and so it is there")
      yield* other.inWith(["lock"], () => Effect.void)
      yield* within(Fiber.join(waiter), "who waits for absence")
    }
  })))

/**
 * Kills processes that put tuples which come later: each tuple comes once and not early, to one who only waits. The
 * lease has to be so long that no sign of life is given meanwhile: then nothing but the times has anybody look.
 */
export const scheduleStorm = (options: {
  readonly child: string
  readonly config: Omit<Config, "first">
  readonly kills: number
  readonly space: Effect.Effect<TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>, unknown, Scope.Scope>
}): Promise<string> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const space = yield* Effect.orDie(options.space)
    const came: Array<number> = []
    const late: Array<number> = []
    const take = Effect.map(space.in(["late", P.number, P.number]), ([, n, at]) => {
      came.push(n)
      late.push(Date.now() - at)
    })
    yield* Effect.forkScoped(Effect.forever(take))
    const said = { try: new Set<number>(), put: new Set<number>() }
    for (let round = 1; round <= options.kills; round++) {
      const config: Config = { ...options.config, first: round * 1_000_000 }
      const child = spawn(process.execPath, [options.child, JSON.stringify(config)], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      let text = ""
      child.stdout.on("data", (chunk) => void (text += chunk))
      const hasPut = () => (text.match(/^put /gm) ?? []).length > 1
      yield* Effect.repeat(Effect.promise(() => once(child.stdout, "data")), { until: hasPut })
      yield* Effect.promise(() => sleep(100 + Math.random() * 200))
      yield* Effect.promise(() => kill(child))
      for (const [, word, n] of text.matchAll(/^(try|put) (\d+)$/gm)) {
        said[word as "put" | "try"].add(Number(n))
      }
      // Nothing is asked of the space meanwhile: what has come has done so by itself.
      const missing = () => Array.from(said.put).filter((n) => !came.includes(n))
      yield* Effect.repeat(Effect.promise(() => sleep(50)), { until: () => missing().length === 0, times: 1_000 })
      assert.deepStrictEqual(missing(), [], "what was put has come")
      // One that the child did not live to say it has put comes as well.
      yield* Effect.promise(() => sleep(1_500))
    }
    // On a busy machine what the last child did not live to say may take longer.
    yield* Effect.repeat(Effect.zipRight(Effect.promise(() => sleep(50)), space.inspect), {
      until: ({ scheduled }) => scheduled?.count === 0,
      times: 400
    })
    const { scheduled } = yield* space.inspect
    assert.strictEqual(scheduled?.count, 0, "nothing is still to come")
    assert.isAbove(said.put.size, options.kills, "the children have put something")
    assert.strictEqual(new Set(came).size, came.length, "nothing comes twice")
    assert.deepStrictEqual(came.filter((n) => !said.try.has(n)), [], "somebody put it")
    assert.isAtLeast(Math.min(...late), -1, "nothing is early")
    return `${options.kills} kills, ${came.length} tuples came, the latest ${Math.round(Math.max(...late))} ms late`
  })))
