/**
 * A picture that is painted by processes which are killed, and goes on where it stopped: the space is in a file.
 *
 *   npx tsx examples/src/kill-and-resume.ts
 *
 * Each line of the picture is a tuple. A painter takes one and puts what it has painted, as one transaction of the
 * file; twice it is killed with `kill -9` in the midst of it, and another process goes on. Each line is painted once:
 * what was under way is as if nobody had begun.
 */
import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import { Console, Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expectEqual, runIfMain } from "./support/example.js"

const [width, height] = [78, 24]

type Line = readonly ["line", y: number]
type Painted = readonly ["painted", y: number, text: string, by: number]

const easel = (filename: string) => Sqlite.make<Line | Painted>({ filename, space: "easel", lease: "1 second" })

const lineAt = (y: number): string =>
  Array.from({ length: width }, (_, x) => {
    const [re, im] = [3.2 * (x / width) - 2.3, 2.4 * (y / (height - 1)) - 1.2]
    let [a, b, n] = [0, 0, 0]
    while (n < 60 && a * a + b * b < 4) {
      ;[a, b, n] = [a * a - b * b + re, 2 * a * b + im, n + 1]
    }
    return " .:-=+*#%@"[Math.floor(n / 6.1)]
  }).join("")

/** What a process does that paints, until there is nothing left to paint. */
const painter = (filename: string) =>
  Effect.gen(function*() {
    const space = yield* easel(filename)
    const paintOne = SpaceStore.transaction(space)(Effect.gen(function*() {
      const [, y] = yield* space.in(["line", P.number], { timeout: 0 })
      yield* space.out(["painted", y, lineAt(y), process.pid])
    }))
    return yield* Effect.forever(Effect.zipRight(paintOne, Effect.sleep("20 millis")))
  }).pipe(Effect.scoped, Effect.ignore)

/** A process of the operating system that paints. */
const startPainter = (filename: string) =>
  Effect.sync(() => {
    const script = fileURLToPath(import.meta.url)
    return spawn(process.execPath, ["--import", "tsx", script, "paint", filename], { stdio: "inherit" })
  })

export const program = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "easel-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )
  const filename = join(folder, "easel.db")
  const space = yield* easel(filename)
  yield* space.outAll(Array.from({ length: height }, (_, y) => ["line", y] as const))

  for (const share of [1 / 3, 2 / 3, 1]) {
    const painter = yield* startPainter(filename)
    const gone = once(painter, "exit")
    // The space is told of what other processes put.
    for (let y = yield* space.count(["painted", P.number, P.string, P.number]); y < Math.floor(height * share); y++) {
      yield* space.rd(["painted", y, P.string, P.number])
    }
    painter.kill("SIGKILL")
    yield* Effect.promise(() => gone)
    const painted = yield* space.count(["painted", P.number, P.string, P.number])
    yield* Console.log(share < 1 ? `painter ${painter.pid} is killed: ${painted} of ${height} lines are there` : "")
  }

  const painted = yield* space.collect(["painted", P.number, P.string, P.number])
  const lines = [...painted].sort(([, one], [, other]) => one - other)
  yield* Console.log(lines.map(([, , text]) => text).join("\n"))
  const painters = new Set(lines.map(([, , , by]) => by))
  yield* Console.log(`${lines.length} lines by ${painters.size} processes, each line once`)
  yield* expectEqual(lines.map(([, y]) => y), Array.from({ length: height }, (_, y) => y))
  yield* expectEqual(painters.size, 3)
}).pipe(Effect.scoped)

const [, , role, filename] = process.argv
runIfMain(import.meta.url, role === "paint" ? painter(filename!) : program)
