/**
 * A program to watch: painters on all cores paint the Mandelbrot set through a tuple space.
 *
 *   npm start -- --view spirals --tiles 200 --workers 4 --width 2400
 *
 * The master puts a tuple for each tile of the picture. A painter, a process on a thread of its own, holds one with
 * `inWith` while it paints, and puts what it has painted. The thread of one of them crashes in the middle of its third
 * tile: that is back in the space at once, somebody else takes it, and the master learns of it by the failure tuple
 * that every process leaves which fails, and starts the painter anew. No painter knows of any other.
 *
 * First one of them makes a sketch, alone, and then all paint the picture: so the closing table can say how much faster
 * all cores are than one.
 */
import { Pattern as P, Process } from "@effect-linda/core"
import { WorkerError, Workers } from "@effect-linda/node"
import { Clock, Config, ConfigProvider, Effect, Exit, Layer, Schedule } from "effect"
import { writeFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { resolve } from "node:path"
import type { Size, views } from "./mandelbrot/fractal.js"
import { Easel, painter } from "./mandelbrot/painter.js"
import { png } from "./mandelbrot/png.js"
import { canvas, Screen } from "./mandelbrot/screen.js"
import type { Phase } from "./mandelbrot/studio.js"
import { Studio } from "./mandelbrot/studio.js"
import { expectEqual, runIfMain } from "./support/example.js"

// ---------------------------------------------------------------------------------------------------------------------
// The master
// ---------------------------------------------------------------------------------------------------------------------

interface Job {
  readonly studio: Studio
  readonly view: keyof typeof views
  readonly samples: number
}

const start = ({ samples, view }: Job, name: string, crashesAt: number) =>
  Workers.eval(painter, { name, crashesAt, view, samples }, { name })

/**
 * Starts the painters, and replaces the one that crashes, until the picture is done. Returns all that were started, and
 * how fast they were.
 */
const master = Effect.fnUntraced(function*(job: Job) {
  const easel = yield* Easel
  const { studio } = job
  const names = studio.workers.map(({ name }) => name)

  // Who makes the sketch is not to crash before the picture.
  const third = names.length === 1 ? studio.count + 3 : 3
  const processes = yield* Effect.forEach(names, (name) => start(job, name, name === "murphy" ? third : 0))
  for (const [index, { join }] of processes.entries()) {
    // ready, or the reason why it never will be
    yield* Effect.raceFirst(easel.in(["ready", names[index]!]), join)
  }

  /** Puts the tiles of the picture or of the sketch, and waits until they are painted. */
  const paint = Effect.fnUntraced(function*(size: Size) {
    const tiles = studio.fromTheMiddle(size)
    const begin = yield* Clock.currentTimeMillis
    let [left, now] = [tiles.length, begin]
    yield* easel.outAll(tiles.map(([index, tile]) => ["tile", index, tile]))
    while (left > 0) {
      // Whatever comes first. `next` is a union with a member for each key, whose tuple has the type of the key's
      // pattern.
      const next = yield* easel.inAny({
        started: ["started", P.number, P.string],
        painted: ["painted", P.number, P.string, P.any],
        failed: Process.failure()
      })
      now = yield* Clock.currentTimeMillis
      switch (next.key) {
        case "started": {
          const [, index, name] = next.tuple
          studio.started(index, name, now)
          break
        }
        case "painted": {
          const [, index, name, pixels] = next.tuple
          if (size === studio.sketch) {
            studio.sketched(index, name, pixels)
          } else {
            studio.finished(index, name, pixels, now)
          }
          left--
          break
        }
        case "failed": {
          const [error, trace, name] = next.tuple
          if (!(error instanceof WorkerError.WorkerError && error.reason === "Crashed")) {
            return yield* Effect.dieMessage(`${name} failed for no good reason: ${trace}`)
          }
          studio.crashed(name, now)
          processes.push(yield* start(job, name, 0)) // on a thread that is new, and wiser
        }
      }
    }
    const phase: Phase = { pixels: size.width * size.height, seconds: (now - begin) / 1000 }
    return phase
  })

  yield* easel.out(["go", names[0]!])
  const alone = yield* paint(studio.sketch)
  yield* easel.outAll(names.slice(1).map((name) => ["go", name]))
  const together = yield* paint(studio.picture)
  return { processes, alone, together }
})

// ---------------------------------------------------------------------------------------------------------------------
// The display
// ---------------------------------------------------------------------------------------------------------------------

/** Shows the work for as long as the scope lasts. `draw` shows it once more. */
const display = Effect.fnUntraced(
  function*({ studio }: Job, show: (lines: ReadonlyArray<string>) => Effect.Effect<void>) {
    const easel = yield* Easel
    const begin = yield* Clock.currentTimeMillis

    const figures = Effect.map(easel.inspect, ({ held, interests, processes, tuples }) => ({
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
      const now = Math.floor(10 * studio.painted / studio.count)
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
  Config.integer(name).pipe(
    Config.validate({ message: `should be at least ${minimum}`, validation: (n) => n >= minimum }),
    Config.withDefault(fallback)
  )

const options = Config.all({
  view: Config.literal("whole", "satellite", "spirals")("view").pipe(Config.withDefault("whole")),
  tiles: atLeast(1, "tiles", 96),
  workers: atLeast(1, "workers", Math.max(2, availableParallelism())),
  width: atLeast(1, "width", 1600),
  samples: atLeast(1, "samples", 4),
  file: Config.nonEmptyString("file").pipe(Config.withDefault("mandelbrot.png"))
})

export const program = Effect.gen(function*() {
  const { file, samples, tiles, view, width, workers } = yield* options
  const screen = yield* Screen
  const studio = new Studio(screen, { tiles, workers, width })
  const show = yield* canvas
  const begin = yield* Clock.currentTimeMillis

  const { alone, processes, together } = yield* Effect.gen(function*() {
    const job = { studio, view, samples }
    const { draw } = yield* display(job, show)
    const done = yield* master(job)
    yield* Effect.sleep(screen.isTerminal ? "600 millis" : 0) // the paint dries
    yield* draw
    return done
  }).pipe(
    // The scopes close, and the space and its threads with them: painters that wait for another tile wait no longer.
    Effect.scoped,
    Effect.provide(Layer.merge(Easel.layer, Workers.layerWith({ size: workers, concurrency: 1 }))),
    Effect.onInterrupt(() => screen.write("\n  Interrupted: the space is closed, and all its workers have ended.\n"))
  )
  const seconds = ((yield* Clock.currentTimeMillis) - begin) / 1000

  yield* Effect.tryPromise(() => writeFile(file, png(studio.canvas, studio.picture)))
  const exits = yield* Effect.forEach(processes, (process) => process.await) // they all have ended: this does not wait
  const ended = exits.filter(Exit.isInterrupted).length
  const crashed = exits.length - ended
  yield* show(
    studio.closing({ seconds, alone, together, cores: availableParallelism(), crashed, ended, file: resolve(file) })
  )

  const total = (of: "painted" | "dropped") => studio.workers.reduce((sum, each) => sum + each[of], 0)
  yield* expectEqual(total("painted"), studio.count) // each tile once
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
