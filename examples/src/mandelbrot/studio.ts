/**
 * What is to be seen: the canvas, who is at which tile, and how a frame of it looks. It knows nothing of spaces.
 */
import { Array } from "effect"
import type { Size } from "./fractal.js"
import type { Tile, TileOf } from "./painter.js"
import type { Colour, ScreenShape } from "./screen.js"
import { mix, styles } from "./screen.js"

type TileState =
  | { readonly _tag: "Waiting" }
  | { readonly _tag: "Started"; readonly worker: string; readonly since: number }
  | { readonly _tag: "Dropped"; readonly worker: string; readonly since: number }
  | { readonly _tag: "Painted"; readonly worker: string; readonly since: number }

export interface Worker {
  readonly name: string
  readonly colour: Colour
  painted: number
  dropped: number
  /** The tile at which the worker is. */
  at: number | undefined
}

/** What the display is told of the space. */
export interface Figures {
  readonly tuples: number
  readonly held: number
  readonly waiting: number
  readonly processes: number
}

/** So many pixels, and how long they took. */
export interface Phase {
  readonly pixels: number
  readonly seconds: number
}

/** What is told at the end. */
export interface Balance {
  readonly seconds: number
  readonly alone: Phase
  readonly together: Phase
  readonly cores: number
  readonly crashed: number
  readonly ended: number
  readonly file: string
}

const thousands = (count: number): string => `${(count / 1e3).toFixed(0)} k`

const names = ["ada", "alan", "barbara", "donald", "edsger", "grace", "leslie", "niklaus", "robin", "tony"]

const slate: Colour = [15, 17, 28]
const slateToo: Colour = [19, 22, 35]
const slateLine: Colour = [52, 57, 78]
const red: Colour = [214, 40, 57]
const grey: Colour = [120, 126, 148]
const gold: Colour = [255, 196, 84]

/** Colours of the same brightness from all around the wheel. */
const hue = (part: number): Colour => {
  const channel = (shift: number) => 150 + 95 * Math.cos(2 * Math.PI * (part - shift))
  return [channel(0), channel(1 / 3), channel(2 / 3)]
}

/** `count` names; the last one is the one to whom everything happens that can happen. */
const hire = (count: number): ReadonlyArray<Worker> =>
  Array.makeBy(count, (index) => {
    const [name, round] = [names[index % names.length]!, Math.floor(index / names.length)]
    const last = index === count - 1
    return {
      name: last ? "murphy" : round === 0 ? name : `${name} ${round + 1}`,
      colour: last ? red : hue(0.12 + 0.78 * index / count),
      painted: 0,
      dropped: 0,
      at: undefined
    }
  })

/** How wide a worker is in the panel below the picture, and in the table at the end. */
const badgeWidth = 18
const rowWidth = 36

export class Studio {
  /** The picture that is painted. On the screen a cell's half stands for a square of it. */
  readonly picture: Size
  readonly canvas: Uint8Array
  readonly sketch: Size
  private readonly size: Size
  private readonly tiles: ReadonlyArray<Tile>
  readonly workers: ReadonlyArray<Worker>
  news = ""
  private isSketched = false
  private readonly states: globalThis.Array<TileState>
  private readonly pixels: Uint8Array
  private readonly tileOf: Uint16Array
  private readonly style: ReturnType<typeof styles>
  private readonly width: number
  /** The workers as they stand in the lines of the panel, and of the table. */
  private readonly panel: ReadonlyArray<ReadonlyArray<Worker>>
  private readonly rows: ReadonlyArray<ReadonlyArray<Worker>>

  constructor(
    readonly screen: ScreenShape,
    options: { readonly tiles: number; readonly workers: number; readonly width: number }
  ) {
    this.style = styles(screen)
    this.width = Math.min(160, Math.max(16, screen.columns - 4))
    this.workers = hire(options.workers)

    const inLinesOf = (width: number) => Array.chunksOf(this.workers, Math.max(1, Math.floor(this.width / width)))
    this.rows = inLinesOf(rowWidth)
    // The frame must not be higher than the screen. Around the picture there are six lines, and the cursor is in
    // another.
    const room = Math.max(6, screen.rows - 7 - Math.min(this.rows.length, Math.floor(screen.rows / 5)))
    const lines = Math.min(room, Math.max(6, Math.round(this.width * 0.36)))
    this.panel = inLinesOf(badgeWidth).slice(0, Math.max(0, screen.rows - 7 - lines))
    this.size = { width: this.width, height: 2 * lines }
    const scale = Math.max(1, Math.round(options.width / this.width))
    const scaled = (scale: number) => ({ width: scale * this.size.width, height: scale * this.size.height })
    this.picture = scaled(scale)
    this.sketch = scaled(Math.max(1, Math.round(scale / 2)))
    this.canvas = new Uint8Array(3 * this.picture.width * this.picture.height)

    // As many tiles as were asked for, or nearly so, about as wide as they are high; a line of text is never divided.
    const down = Math.min(lines, Math.max(1, Math.round(Math.sqrt(options.tiles * this.size.height / this.size.width))))
    const across = Math.min(this.width, Math.max(1, Math.round(options.tiles / down)))
    const cut = (whole: number, parts: number, part: number) => Math.floor(whole * part / parts)
    this.tiles = Array.makeBy(down * across, (index): Tile => {
      const [x, y] = [index % across, Math.floor(index / across)]
      return {
        left: cut(this.width, across, x),
        right: cut(this.width, across, x + 1),
        top: 2 * cut(lines, down, y),
        bottom: 2 * cut(lines, down, y + 1)
      }
    })
    this.states = this.tiles.map(() => ({ _tag: "Waiting" }))
    this.pixels = new Uint8Array(3 * this.size.width * this.size.height)
    this.tileOf = new Uint16Array(this.width * lines)
    this.tiles.forEach((tile, index) => {
      for (let line = tile.top / 2; line < tile.bottom / 2; line++) {
        this.tileOf.fill(index, line * this.width + tile.left, line * this.width + tile.right)
      }
    })
  }

  get count(): number {
    return this.tiles.length
  }

  /** The tiles of the picture, or of its sketch, by number, from the middle outwards. */
  fromTheMiddle(size: Size): ReadonlyArray<readonly [index: number, tile: TileOf]> {
    const scale = size.width / this.width
    const distance = ({ bottom, left, right, top }: Tile) =>
      Math.hypot(left + right - this.size.width, top + bottom - this.size.height)
    const scaled = ({ bottom, left, right, top }: Tile): TileOf => ({
      left: scale * left,
      right: scale * right,
      top: scale * top,
      bottom: scale * bottom,
      size
    })
    return this.tiles
      .map((tile, index) => ({ index, tile }))
      .sort((a, b) => distance(a.tile) - distance(b.tile))
      .map(({ index, tile }) => [index, scaled(tile)])
  }

  get painted(): number {
    return this.states.filter(({ _tag }) => _tag === "Painted").length
  }

  private worker(name: string): Worker {
    return this.workers.find((worker) => worker.name === name)!
  }

  started(tile: number, worker: string, now: number): void {
    const before = this.states[tile]!
    if (before._tag === "Dropped") {
      this.news = `tile ${tile}, dropped by ${before.worker}, is in the hands of ${worker}`
    }
    this.states[tile] = { _tag: "Started", worker, since: now }
    this.worker(worker).at = tile
  }

  /** A tile of the sketch is there: it shows through until the tile is painted. */
  sketched(index: number, worker: string, pixels: Uint8Array): void {
    this.show(index, pixels, this.sketch)
    this.isSketched = true
    this.states[index] = { _tag: "Waiting" }
    this.worker(worker).at = undefined
  }

  finished(index: number, worker: string, pixels: Uint8Array, now: number): void {
    const { bottom, left, right, top } = this.tiles[index]!
    const scale = this.picture.width / this.width
    const width = 3 * scale * (right - left)
    for (let row = 0; row < scale * (bottom - top); row++) {
      const at = 3 * ((scale * top + row) * this.picture.width + scale * left)
      this.canvas.set(pixels.subarray(row * width, (row + 1) * width), at)
    }
    this.show(index, pixels, this.picture)
    this.states[index] = { _tag: "Painted", worker, since: now }
    const painter = this.worker(worker)
    painter.painted++
    painter.at = undefined
  }

  /** Of a tile of a picture of that size, what the screen shows: each of its pixels is the mean of a square. */
  private show(index: number, pixels: Uint8Array, size: Size): void {
    const { bottom, left, right, top } = this.tiles[index]!
    const scale = size.width / this.width
    for (let row = 0; row < bottom - top; row++) {
      for (let column = 0; column < right - left; column++) {
        const sum: [number, number, number] = [0, 0, 0]
        for (let y = scale * row; y < scale * (row + 1); y++) {
          for (let x = scale * column; x < scale * (column + 1); x++) {
            const at = 3 * (y * scale * (right - left) + x)
            sum[0] += pixels[at]!
            sum[1] += pixels[at + 1]!
            sum[2] += pixels[at + 2]!
          }
        }
        this.pixels.set(sum.map((bytes) => bytes / scale ** 2), 3 * ((top + row) * this.width + left + column))
      }
    }
  }

  /** The thread of a worker has died. */
  crashed(name: string, now: number): void {
    const clumsy = this.worker(name)
    const tile = clumsy.at
    clumsy.dropped++
    clumsy.at = undefined
    if (tile === undefined) {
      return
    }
    // The tile goes back before the failure is known: somebody else may have started it again by now.
    const state = this.states[tile]!
    if (state._tag === "Started" && state.worker === name) {
      this.states[tile] = { _tag: "Dropped", worker: name, since: now }
    }
    this.news = `the thread of ${name} has crashed: tile ${tile} is back in the space`
  }

  /**
   * The colour of a pixel while its tile is on its way: waiting, in somebody's hands, or just painted and still wet.
   */
  private look(column: number, row: number, now: number): Colour {
    const index = this.tileOf[(row >> 1) * this.width + column]!
    const state = this.states[index]!
    const { left, top } = this.tiles[index]!
    const at = 3 * (row * this.width + column)
    const paint: Colour = [this.pixels[at]!, this.pixels[at + 1]!, this.pixels[at + 2]!]
    const empty = ((left + column) ^ (top + row)) & 1 ? slate : slateToo
    const board = this.isSketched ? mix(empty, paint, 0.3) : empty
    if (state._tag === "Waiting") {
      return board
    }
    const elapsed = (now - state.since) / 1000
    const hand = this.worker(state.worker).colour
    switch (state._tag) {
      case "Started": {
        const wave = Math.sin((column - left) / 2 + (row - top) / 3 - 7 * elapsed)
        return mix(board, hand, 0.34 + 0.14 * wave)
      }
      case "Dropped":
        return mix(red, board, Math.min(0.8, elapsed))
      case "Painted":
        return elapsed < 0.5 ? mix(mix(hand, [255, 255, 255], 0.4), paint, Math.sqrt(2 * elapsed)) : paint
    }
  }

  private lines(now: number): ReadonlyArray<string> {
    const marks = new Map(this.tiles.flatMap(({ bottom, left, right, top }, index) => {
      const state = this.states[index]!
      const mark = state._tag === "Started" ? state.worker[0]! : state._tag === "Dropped" ? "✖" : undefined
      const middle = Math.floor((top + bottom) / 4) * this.width + Math.floor((left + right) / 2)
      return mark === undefined ? [] : [[middle, mark] as const]
    }))
    return Array.makeBy(this.size.height / 2, (line) => {
      const cells = Array.makeBy(this.width, (column) =>
        [
          this.look(column, 2 * line, now),
          this.look(column, 2 * line + 1, now),
          marks.get(line * this.width + column)
        ] as const)
      return `  ${this.style.cells(cells)}`
    })
  }

  private title(seconds: number): string {
    const [title, clock] = ["Mandelbrot through a tuple space".slice(0, this.width - 8), `${seconds.toFixed(1)} s`]
    const gap = " ".repeat(this.width - title.length - clock.length)
    return `  ${this.style.bold(title)}${gap}${this.style.colour(gold, clock)}`
  }

  /** What is to be seen while the work goes on. */
  frame(now: number, seconds: number, figures: Figures): ReadonlyArray<string> {
    const { bold, colour } = this.style
    const counter = `${this.painted}/${this.tiles.length}`
    const length = Math.max(0, this.width - counter.length - 1)
    const full = Math.floor(length * this.painted / this.tiles.length)
    const bar = colour(gold, "━".repeat(full)) + colour(slateLine, "━".repeat(length - full))
    const facts = Object.entries(figures).map(([name, figure]) => `${bold(String(figure))} ${colour(grey, name)}`)
    return [
      this.title(seconds),
      "",
      ...this.lines(now),
      "",
      `  ${bar} ${bold(counter)}`,
      `  ${facts.join(colour(grey, "  ·  "))}`,
      ...this.panel.map((workers) => `  ${workers.map((worker) => this.badge(worker, now)).join("")}`),
      `  ${colour(this.news.includes("crashed") ? red : grey, this.news.slice(0, this.width))}`
    ]
  }

  private badge({ at, colour: hand, dropped, name, painted }: Worker, now: number): string {
    const sign = at === undefined ? "·" : "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[(Math.floor(now / 80) + at) % 10]!
    const losses = dropped === 0 ? "" : ` ✖${dropped}`
    const text = ` ${name.padEnd(8)}${String(painted).padStart(3)}`
    return this.style.colour(hand, sign) + text + this.style.colour(red, losses.padEnd(badgeWidth - 1 - text.length))
  }

  /** One line of progress, for where nothing can be drawn over. */
  line(figures: Figures): string {
    const percent = Math.floor(100 * this.painted / this.tiles.length)
    const facts = Object.entries(figures).map(([name, figure]) => `${figure} ${name}`)
    return `  ${String(percent).padStart(3)} %  ${facts.join(", ")}`
  }

  /** The picture and the balance. */
  closing(balance: Balance): ReadonlyArray<string> {
    const { bold, colour } = this.style
    const { height, width } = this.picture
    const rate = ({ pixels, seconds }: Phase) => pixels / seconds
    const facts: ReadonlyArray<readonly [figure: string, text: string]> = [
      [`${balance.seconds.toFixed(1)} s`, `for ${this.tiles.length} tiles of ${width} × ${height} pixels`],
      [thousands(rate(balance.alone)), "pixels a second: one thread alone, at a sketch"],
      [thousands(rate(balance.together)), `pixels a second: ${this.workers.length} threads on ${balance.cores} cores`],
      [`${(rate(balance.together) / rate(balance.alone)).toFixed(2)} ×`, "speed-up over one thread"],
      [String(balance.crashed), "came back from a crash: others painted them"],
      [String(balance.ended), "workers have ended: the space is closed"]
    ]
    return [
      this.title(balance.seconds),
      "",
      ...this.lines(Infinity),
      "",
      ...this.rows.map((workers) => `  ${workers.map((worker) => this.row(worker)).join("")}`),
      "",
      ...facts.map(([figure, text]) => `  ${bold(figure.padStart(9))}  ${colour(grey, text)}`),
      "",
      `  The picture is in ${balance.file}`
    ]
  }

  private row({ colour: hand, dropped, name, painted }: Worker): string {
    const most = Math.max(1, ...this.workers.map((worker) => worker.painted))
    const bar = "━".repeat(Math.ceil(15 * painted / most))
    const losses = dropped === 0 ? "" : ` ✖${dropped}`
    const text = ` ${painted}`
    return name.padEnd(9) + this.style.colour(hand, bar) + this.style.bold(text) +
      this.style.colour(red, losses.padEnd(Math.max(0, rowWidth - 9 - bar.length - text.length)))
  }
}
