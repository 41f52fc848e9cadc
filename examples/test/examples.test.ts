import { afterAll, describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Console, Effect, Exit, Fiber } from "effect"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { inflateSync } from "node:zlib"
import { program as mandelbrot } from "../src/mandelbrot.js"
import { Screen } from "../src/mandelbrot/screen.js"
import type { ScreenShape } from "../src/mandelbrot/screen.js"
import { Studio } from "../src/mandelbrot/studio.js"

const folder = mkdtempSync(join(tmpdir(), "examples-"))
afterAll(() => rmSync(folder, { recursive: true }))
const picture = join(folder, "picture.png")

const src = new URL("../src/", import.meta.url)

/** Every file of src is an example; what they share is in folders. */
const examples = readdirSync(src, { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name }) => name)

const programOf = async (file: string): Promise<unknown> => (await import(new URL(file, src).href)).program

/** Runs an example with a screen and a console that remember what it prints. */
const recording = <A, E, R>(
  example: Effect.Effect<A, E, R>,
  options: { readonly config?: Record<string, string>; readonly screen?: Partial<ScreenShape> } = {}
) => {
  const printed: Array<string> = []
  const print = (text: string) => Effect.sync(() => void printed.push(text))
  const screen: ScreenShape = {
    columns: 48,
    rows: 20,
    isTerminal: false,
    colours: "none",
    write: print,
    ...options.screen
  }
  // small enough for a test, for those that can be told
  const config = { tiles: "12", workers: "2", width: "88", samples: "1", file: picture, ...options.config }
  const run = Console.consoleWith((console) =>
    example.pipe(
      Console.withConsole({ ...console, log: (...args) => print(`${args.join(" ")}\n`) }),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(config)))),
      Effect.provideService(Screen, screen)
    )
  )
  return { run, screen, text: () => printed.join("") }
}

describe("examples", () => {
  it("are there", () => {
    expect(examples).toContain("hello.ts")
    expect(examples).toContain("mandelbrot.ts")
  })

  for (const file of examples) {
    it.live(`${file} does what it says, and shows it`, () =>
      Effect.gen(function*() {
        const program = yield* Effect.promise(() => programOf(file))
        if (!Effect.isEffect(program)) {
          return expect.fail(`${file} has to export an Effect named program`)
        }
        const { run, text } = recording(program as Effect.Effect<unknown, unknown>)
        yield* run
        expect(text()).not.toBe("")
      }))
  }

  it("run by themselves", () => {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ["--import", "tsx", fileURLToPath(new URL("hello.ts", src))],
      { encoding: "utf8" }
    )
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: "Hello, Linda!\n" })
  })
})

/** The chunks of a PNG file. */
const chunksOf = (file: Buffer) => {
  const chunks: Array<{ readonly name: string; readonly data: Buffer }> = []
  for (let at = 8; at < file.length;) {
    const end = at + 8 + file.readUInt32BE(at)
    chunks.push({ name: file.toString("latin1", at + 4, at + 8), data: file.subarray(at + 8, end) })
    at = end + 4
  }
  return chunks
}

describe("mandelbrot", () => {
  const hideCursor = "\x1b[?25l"
  const showCursor = "\x1b[?25h"

  it.live("paints a picture where it cannot draw, and prints plain lines", () =>
    Effect.gen(function*() {
      const { run, text } = recording(mandelbrot)
      yield* run
      expect(text()).toContain("100 %")
      expect(text()).toContain("12 tiles of 88 × 44 pixels")
      expect(text()).toContain("2 threads on")
      expect(text()).not.toContain("\x1b")

      const file = readFileSync(picture)
      expect([...file.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10])
      const [header, data, end] = chunksOf(file)
      expect([header!.name, data!.name, end!.name]).toEqual(["IHDR", "IDAT", "IEND"])
      expect([header!.data.readUInt32BE(0), header!.data.readUInt32BE(4)]).toEqual([88, 44])
      const rows = inflateSync(data!.data)
      expect(rows.length).toBe(44 * (1 + 3 * 88))
      expect(new Set(rows).size).toBeGreaterThan(20)
    }))

  it.live("survives the crash of one worker, who paints alone, on a terminal", () =>
    Effect.gen(function*() {
      const { run, text } = recording(mandelbrot, {
        config: { workers: "1" },
        screen: { isTerminal: true, colours: "truecolor" }
      })
      yield* run
      expect(text()).toContain("came back from a crash")
      expect(text()).toContain("✖1")
      expect(text().startsWith(hideCursor)).toBe(true)
      expect(text().endsWith(showCursor)).toBe(true)
      expect(text()).toContain("12/12")
    }))

  for (const colours of ["none", "256", "truecolor"] as const) {
    it(`shows a sketch, and what is painted over it; colours: ${colours}`, () => {
      const { screen } = recording(Effect.void, { screen: { isTerminal: true, colours } })
      const studio = new Studio(screen, { tiles: 4, workers: 2, width: 88 })
      const figures = { tuples: 0, held: 0, waiting: 0, processes: 0 }
      const frame = () => studio.frame(10_000, 1, figures).join("\n")
      const seen = [frame()]
      for (const size of [studio.sketch, studio.picture]) {
        for (const [index, { bottom, left, right, top }] of studio.fromTheMiddle(size)) {
          const pixels = new Uint8Array(3 * (right - left) * (bottom - top)).fill(200)
          studio.started(index, "murphy", 0)
          if (size === studio.sketch) {
            studio.sketched(index, "murphy", pixels)
          } else {
            studio.finished(index, "murphy", pixels, 0)
          }
        }
        seen.push(frame())
      }
      expect(new Set(seen).size).toBe(3)
      expect(studio.painted).toBe(studio.count)
      expect(studio.canvas.every((byte) => byte === 200)).toBe(true)
    })
  }

  it.live("leaves the terminal as it was when it is interrupted", () =>
    Effect.gen(function*() {
      const { run, text } = recording(mandelbrot, { config: { samples: "60" }, screen: { isTerminal: true } })
      const fiber = yield* Effect.fork(run)
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => text().includes("1 held") })
      const exit = yield* Fiber.interrupt(fiber)
      expect(Exit.isInterrupted(exit)).toBe(true)
      expect(text()).toContain("Interrupted: the space is closed")
      expect(text().endsWith(showCursor)).toBe(true)
    }))

  it.live("refuses settings that make no sense", () =>
    Effect.gen(function*() {
      const { run } = recording(mandelbrot, { config: { workers: "0" } })
      const error = yield* Effect.flip(run)
      expect(String(error)).toContain("workers")
    }))
})
