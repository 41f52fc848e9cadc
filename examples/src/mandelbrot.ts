/**
 * A program to watch: a crowd of workers paints the Mandelbrot set through a tuple space.
 *
 *   npm start -- --view spirals --tiles 200 --workers 12 --seconds 15
 *
 * The master puts a tuple for each tile of the picture. A worker holds one with `inWith` while it paints, and puts what it has
 * painted. One of the workers crashes now and then: its tile is back in the space at once, somebody else takes it, and the master
 * learns of it by the failure tuple that every process leaves which fails. No worker knows of any other.
 *
 * The workers are fibers of one thread. That is concurrency and not parallelism: they wait at the same time, but compute in
 * turns.
 */
import { Pattern as P, Process, TupleSpace } from "@effect-linda/core"
import { Clock, Config, ConfigProvider, Data, Duration, Effect, Exit, Random, Schedule } from "effect"
import { paintRow, views } from "./mandelbrot/fractal.js"
import type { View } from "./mandelbrot/fractal.js"
import { canvas, Screen } from "./mandelbrot/screen.js"
import { Studio } from "./mandelbrot/studio.js"
import { expectEqual, runIfMain } from "./support/example.js"

// ---------------------------------------------------------------------------------------------------------------------
// The protocol
// ---------------------------------------------------------------------------------------------------------------------

type ToPaint = readonly ["tile", tile: number]
type Started = readonly ["started", tile: number, worker: string]
type Painted = readonly ["painted", tile: number, worker: string, rows: ReadonlyArray<Uint8Array>]

type Protocol = ToPaint | Started | Painted
type Space = TupleSpace.TupleSpace<Protocol>

class Crash extends Data.TaggedError("Crash")<{ readonly tile: number }> {}

// ---------------------------------------------------------------------------------------------------------------------
// Workers
// ---------------------------------------------------------------------------------------------------------------------

interface Job {
  readonly space: Space
  readonly studio: Studio
  readonly view: View
  /** Milliseconds that a row of a tile takes, on average. */
  readonly pace: number
}

/**
 * Paints one tile row by row, and crashes in the middle of it if told to.
 *
 * A picture this small is computed in a blink, so a pause in each row stands for real work. It would have to be there anyhow, if
 * only of zero length: a fiber that sleeps lets timers and Ctrl-C have their turn, which one that merely yields to others may not.
 */
const paint = Effect.fnUntraced(function*(job: Job, tile: number, crashes: boolean) {
  const { bottom, left, right, top } = job.studio.tiles[tile]!
  const pause = job.pace * (yield* Random.nextRange(0.4, 1.6))
  const rows: Array<Uint8Array> = []
  for (let row = top; row < bottom; row++) {
    yield* Effect.sleep(pause)
    if (crashes && row >= (top + bottom) / 2) {
      return yield* new Crash({ tile })
    }
    rows.push(paintRow({ view: job.view, size: job.studio.size, row, left, right, samples: 4 }))
  }
  return rows
})

/** Paints tile after tile, until the space closes. Who is clumsy does not survive the third. */
const worker = Effect.fnUntraced(function*(job: Job, name: string, clumsy: boolean) {
  for (let nth = 1;; nth++) {
    // Nobody else sees the tile while it is held. If what follows fails, the tile is back in its old place, which makes it
    // the next to be taken: the oldest match comes first.
    yield* job.space.inWith(["tile", P.number], ([, tile]) =>
      Effect.gen(function*() {
        yield* job.space.out(["started", tile, name])
        const rows = yield* paint(job, tile, clumsy && nth === 3)
        yield* job.space.out(["painted", tile, name, rows])
      }))
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// The master
// ---------------------------------------------------------------------------------------------------------------------

/** Puts the tiles, starts the workers, replaces those that crash, until the picture is done. Returns all that were started. */
const master = Effect.fnUntraced(function*(job: Job) {
  const { space, studio } = job
  const start = (name: string, rest = 0) =>
    space.eval(Effect.delay(worker(job, name, name === "murphy"), rest), { name })

  yield* space.outAll(studio.fromTheMiddle.map((tile) => ["tile", tile] as const))
  const processes = yield* Effect.forEach(studio.workers, ({ name }) => start(name))

  while (studio.painted < studio.tiles.length) {
    // Whatever comes first. `next` is a union with a member for each key, whose tuple has the type of the key's pattern.
    const next = yield* space.inAny({
      started: ["started", P.number, P.string],
      painted: ["painted", P.number, P.string, P.any],
      failed: Process.failure()
    })
    const now = yield* Clock.currentTimeMillis
    switch (next.key) {
      case "started": {
        const [, tile, name] = next.tuple
        studio.started(tile, name, now)
        break
      }
      case "painted": {
        const [, tile, name, rows] = next.tuple
        studio.finished(tile, name, rows, now)
        break
      }
      case "failed": {
        const [error, trace, name] = next.tuple
        if (!(error instanceof Crash)) {
          return yield* Effect.dieMessage(`${name} failed for no good reason: ${trace}`)
        }
        studio.dropped(error.tile, name, now)
        processes.push(yield* start(name, 12 * job.pace)) // after a rest
      }
    }
  }
  return processes
})

// ---------------------------------------------------------------------------------------------------------------------
// The display
// ---------------------------------------------------------------------------------------------------------------------

/** Shows the work for as long as the scope lasts. `draw` shows it once more. */
const display = Effect.fnUntraced(
  function*({ space, studio }: Job, show: (lines: ReadonlyArray<string>) => Effect.Effect<void>) {
    const begin = yield* Clock.currentTimeMillis

    const figures = Effect.map(space.inspect, ({ held, interests, processes, tuples }) => ({
      tuples: tuples.reduce((sum, { count }) => sum + count, 0),
      held,
      waiting: interests.length,
      processes: processes.length
    }))

    const frame = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      yield* show(studio.frame(now, (now - begin) / 1000, yield* figures))
    })

    // Where nothing can be drawn over, a line for each tenth of the work has to do.
    let tenths = -1
    const line = Effect.gen(function*() {
      const now = Math.floor(10 * studio.painted / studio.tiles.length)
      if (now !== tenths) {
        tenths = now
        yield* show([studio.line(yield* figures)])
      }
    })

    const draw = studio.screen.isTerminal ? frame : line
    yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("50 millis")))
    return { draw }
  }
)

// ---------------------------------------------------------------------------------------------------------------------
// All of it
// ---------------------------------------------------------------------------------------------------------------------

const atLeast = (minimum: number, name: string, fallback: number) =>
  Config.number(name).pipe(
    Config.validate({ message: `should be at least ${minimum}`, validation: (n) => n >= minimum }),
    Config.withDefault(fallback)
  )

const options = Config.all({
  view: Config.literal("whole", "satellite", "spirals")("view").pipe(Config.withDefault("whole")),
  tiles: atLeast(1, "tiles", 96),
  workers: atLeast(1, "workers", 8),
  seconds: atLeast(0, "seconds", 8)
})

export const program = Effect.gen(function*() {
  const { seconds, tiles, view, workers } = yield* options
  const screen = yield* Screen
  const studio = new Studio(screen, { tiles, workers: Math.round(workers) })
  const rows = studio.tiles.reduce((sum, { bottom, top }) => sum + bottom - top, 0)
  const show = yield* canvas

  const [elapsed, processes] = yield* Effect.gen(function*() {
    const space = yield* TupleSpace.make<Protocol>({ name: "mandelbrot" })
    const job = { space, studio, view: views[view], pace: 1000 * seconds * studio.workers.length / rows }
    const { draw } = yield* display(job, show)
    const done = yield* Effect.timed(master(job))
    yield* Effect.sleep(screen.isTerminal ? "600 millis" : 0) // the paint dries
    yield* draw
    return done
  }).pipe(
    // The scope closes, and the space with it: workers that wait for another tile wait no longer.
    Effect.scoped,
    Effect.onInterrupt(() => screen.write("\n  Interrupted: the space is closed, and all its workers have ended.\n"))
  )

  const exits = yield* Effect.forEach(processes, (process) => process.await) // they all have ended: this does not wait
  const ended = exits.filter(Exit.isInterrupted).length
  const crashed = exits.length - ended
  yield* show(studio.closing({ seconds: Duration.toSeconds(elapsed), crashed, ended }))

  const total = (of: "painted" | "dropped") => studio.workers.reduce((sum, each) => sum + each[of], 0)
  yield* expectEqual(total("painted"), studio.tiles.length) // each tile once
  yield* expectEqual(total("dropped"), crashed)
  yield* expectEqual(ended, studio.workers.length)
}).pipe(Effect.scoped)

/** `--tiles 200` or `--tiles=200`, or `MANDELBROT_TILES=200` in the environment. */
const fromArguments = ConfigProvider.fromMap(
  new Map(
    Array.from(process.argv.slice(2).join(" ").matchAll(/--(\w+)[ =](\S+)/g), ([, name, value]) => [name!, value!])
  )
)
const fromEnvironment = ConfigProvider.fromEnv().pipe(ConfigProvider.nested("mandelbrot"), ConfigProvider.constantCase)

runIfMain(
  import.meta.url,
  Effect.withConfigProvider(program, ConfigProvider.orElse(fromArguments, () => fromEnvironment))
)
