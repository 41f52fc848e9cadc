/**
 * The terminal: how wide it is, how many colours it has, and how text reaches it. A service with a default, so that a
 * test can put another one in its place.
 */
import { Context, Effect } from "effect"
import { env, stdout } from "node:process"

export interface ScreenShape {
  readonly columns: number
  readonly rows: number
  /** Whether a frame can be drawn over the one before. */
  readonly isTerminal: boolean
  readonly colours: "none" | "256" | "truecolor"
  readonly write: (text: string) => Effect.Effect<void>
}

export class Screen extends Context.Reference<Screen>()("examples/Screen", {
  defaultValue: (): ScreenShape => {
    const depth = stdout.isTTY ? stdout.getColorDepth() : 1 // 1 also if NO_COLOR is set
    // Node takes tmux for a terminal of 256 colours; what it is in has told better.
    const isTrue = depth >= 24 || depth >= 8 && /^(truecolor|24bit)$/.test(env["COLORTERM"] ?? "")
    return {
      // if it is no terminal, the size of a page
      columns: stdout.columns ?? 80,
      rows: stdout.rows ?? 40,
      isTerminal: stdout.isTTY === true && env["TERM"] !== "dumb" && stdout.rows >= 14,
      colours: isTrue ? "truecolor" : depth >= 8 ? "256" : "none",
      write: (text) => Effect.sync(() => void stdout.write(text))
    }
  }
}) {}

/** Red, green and blue, each from 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number]

export const mix = (a: Colour, b: Colour, part: number): Colour => [
  a[0] + (b[0] - a[0]) * part,
  a[1] + (b[1] - a[1]) * part,
  a[2] + (b[2] - a[2]) * part
]

const reset = "\x1b[0m"

/** The colours of the palette of 256 that every terminal has the same: a cube of 216, and 24 greys. */
const levels = [0, 95, 135, 175, 215, 255]
const palette: ReadonlyArray<Colour> = [
  ...levels.flatMap((red) => levels.flatMap((green) => levels.map((blue): Colour => [red, green, blue]))),
  ...Array.from({ length: 24 }, (_, step): Colour => [8 + 10 * step, 8 + 10 * step, 8 + 10 * step])
]

/**
 * OKLab: the distance in this space is the difference that the eye sees; in that of red, green and blue, blue turns
 * into teal.
 */
const toLab = (colour: Colour): Colour => {
  const [r, g, b] = colour.map((byte) => Math.pow(byte / 255, 2.2)) as [number, number, number]
  const l = Math.cbrt(0.4122 * r + 0.5363 * g + 0.0514 * b)
  const m = Math.cbrt(0.2119 * r + 0.6807 * g + 0.1074 * b)
  const s = Math.cbrt(0.0883 * r + 0.2817 * g + 0.63 * b)
  return [
    0.2105 * l + 0.7936 * m - 0.0041 * s,
    1.978 * l - 2.4286 * m + 0.4506 * s,
    0.0259 * l + 0.7828 * m - 0.8087 * s
  ]
}

const labs = palette.map(toLab)
const known = new Map<number, number>()

/** The number of the colour of that palette that looks most alike. */
const nearest256 = (colour: Colour): number => {
  const key = (colour[0] << 16) | (colour[1] << 8) | colour[2]
  const number = known.get(key)
  if (number !== undefined) {
    return number
  }
  const lab = toLab(colour)
  let [nearest, least] = [0, Infinity]
  labs.forEach((other, index) => {
    const distance = (lab[0] - other[0]) ** 2 + (lab[1] - other[1]) ** 2 + (lab[2] - other[2]) ** 2
    if (distance < least) {
      least = distance
      nearest = index
    }
  })
  known.set(key, 16 + nearest)
  return 16 + nearest
}

/** What styles text as far as the screen can. */
export const styles = ({ colours }: ScreenShape) => {
  const select = (layer: 38 | 48, colour: Colour): string =>
    colours === "truecolor"
      ? `\x1b[${layer};2;${colour.map(Math.round).join(";")}m`
      : `\x1b[${layer};5;${nearest256(colour)}m`
  const wrap = (before: string, text: string) => colours === "none" ? text : `${before}${text}${reset}`

  /** A line of a picture: each cell is an upper and a lower pixel, or a character in the colour of the upper one. */
  const cells = (
    line: ReadonlyArray<readonly [upper: Colour, lower: Colour, char: string | undefined]>
  ): string => {
    if (colours === "none") {
      return line.map(([upper, lower, char]) => char ?? shade(mix(upper, lower, 0.5))).join("")
    }
    let [text, front, back] = ["", "", ""]
    for (const [upper, lower, char] of line) {
      const nextFront = select(38, char === undefined ? upper : white)
      const nextBack = select(48, char === undefined ? lower : upper)
      // most neighbours are alike, and a frame should be small
      text += (nextFront === front ? "" : nextFront) + (nextBack === back ? "" : nextBack) + (char ?? "▀")
      front = nextFront
      back = nextBack
    }
    return text + reset
  }

  return {
    cells,
    colour: (colour: Colour, text: string) => wrap(select(38, colour), text),
    bold: (text: string) => wrap("\x1b[1m", text)
  }
}

const white: Colour = [255, 255, 255]

const shade = (colour: Colour): string => {
  const brightness = (0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2]) / 256
  return " .:-=+*#%@"[Math.floor(brightness * 10)]!
}

/**
 * Shows frames, on a terminal each over the one before, otherwise one after the other. Within the scope the terminal's
 * cursor is hidden; however the scope ends, by Ctrl-C for one, it is there again. The last frame stays.
 */
export const canvas = Effect.gen(function*() {
  const { isTerminal, write } = yield* Screen
  if (!isTerminal) {
    return (lines: ReadonlyArray<string>) => write(lines.map((line) => `${line}\n`).join(""))
  }
  let height = 0
  yield* Effect.acquireRelease(
    write("\x1b[?25l\x1b[?7l"), // no cursor; and a line that is too long is cut off, not folded
    () => write("\x1b[?7h\x1b[?25h")
  )
  return (lines: ReadonlyArray<string>) =>
    Effect.suspend(() => {
      const back = height === 0 ? "" : `\x1b[${height}A\r`
      height = lines.length
      // Terminals that know ?2026 show the frame at once. J erases what an earlier, longer frame has left below.
      return write(`\x1b[?2026h${back}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J\x1b[?2026l`)
    })
})
