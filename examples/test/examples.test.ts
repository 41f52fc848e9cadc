import { describe, expect, it } from "@effect/vitest"
import { ConfigProvider, Console, Effect, Exit, Fiber } from "effect"
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { program as mandelbrot } from "../src/mandelbrot.js"
import { Screen } from "../src/mandelbrot/screen.js"
import type { ScreenShape } from "../src/mandelbrot/screen.js"

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
  const config = { tiles: "12", workers: "3", seconds: "0", ...options.config }
  const run = Console.consoleWith((console) =>
    example.pipe(
      Console.withConsole({ ...console, log: (...args) => print(`${args.join(" ")}\n`) }),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(config)))),
      Effect.provideService(Screen, screen)
    )
  )
  return { run, text: () => printed.join("") }
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

describe("mandelbrot", () => {
  const hideCursor = "\x1b[?25l"
  const showCursor = "\x1b[?25h"

  it.live("prints plain lines where it cannot draw", () =>
    Effect.gen(function*() {
      const { run, text } = recording(mandelbrot)
      yield* run
      expect(text()).toContain("100 %")
      expect(text()).toContain("12 tiles")
      expect(text()).not.toContain("\x1b")
    }))

  it.live("survives the crashes of one worker, who paints alone", () =>
    Effect.gen(function*() {
      const { run, text } = recording(mandelbrot, { config: { workers: "1" } })
      yield* run
      // the third tile of every life is one too many, so the twelve of them take six
      expect(text()).toContain("5 came back from a crash")
    }))

  for (const colours of ["none", "256", "truecolor"] as const) {
    it.live(`draws on a terminal, colours: ${colours}`, () =>
      Effect.gen(function*() {
        const { run, text } = recording(mandelbrot, { screen: { isTerminal: true, colours } })
        yield* run
        expect(text().startsWith(hideCursor)).toBe(true)
        expect(text().endsWith(showCursor)).toBe(true)
        expect(text()).toContain("12/12")
      }))
  }

  it.live("leaves the terminal as it was when it is interrupted", () =>
    Effect.gen(function*() {
      const { run, text } = recording(mandelbrot, { config: { seconds: "60" }, screen: { isTerminal: true } })
      const fiber = yield* Effect.fork(run)
      yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => text().includes("1 waiting") })
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
