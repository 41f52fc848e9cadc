/**
 * What runs on the threads: who paints. Both sides import this module, the main thread to start painters, the others to
 * be them.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Job, Workers } from "@effect-linda/node"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Size } from "./fractal.js"
import { paintRow, views } from "./fractal.js"

/** A rectangle of pixels, right and bottom excluded. */
export interface Tile {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** A tile of a picture of that size. */
export interface TileOf extends Tile {
  readonly size: Size
}

type Ready = readonly ["ready", painter: string]
/** Who is to begin: a tuple that is read and stays. */
type Go = readonly ["go", painter: string]
type ToPaint = readonly ["tile", index: number, tile: TileOf]
type Started = readonly ["started", index: number, painter: string]
type Painted = readonly ["painted", index: number, painter: string, pixels: Uint8Array]

export class Easel extends TupleSpace.Tag("Easel")<Easel, Ready | Go | ToPaint | Started | Painted>() {}

const Painter = Schema.Struct({
  name: Schema.String,
  /** In the middle of which of its tiles its thread dies: the how-manieth, or 0 for none. */
  crashesAt: Schema.Number,
  view: Schema.Literal("whole", "satellite", "spirals"),
  samples: Schema.Number
})

/** Paints a tile row by row. */
const paint = Effect.fnUntraced(function*({ samples, view }: typeof Painter.Type, tile: TileOf, crashes: boolean) {
  const { bottom, left, right, size, top } = tile
  const pixels = new Uint8Array(3 * (right - left) * (bottom - top))
  for (let row = top; row < bottom; row++) {
    // A thread that computes hears nothing. Now and then this lets through that it should end.
    if (row % 4 === 0) {
      yield* Workers.checkpoint
    }
    if (crashes && row >= (top + bottom) / 2) {
      process.exit(1)
    }
    pixels.set(paintRow({ view: views[view], size, row, left, right, samples }), 3 * (right - left) * (row - top))
  }
  return pixels
})

/** Paints tile after tile, until it is interrupted. */
export const painter = Job.make(
  import.meta.url,
  "painter",
  { input: Painter, space: Easel },
  (self) =>
    Effect.gen(function*() {
      const easel = yield* Easel
      // The compiler warms up.
      const size = { width: 160, height: 120 }
      yield* paint({ ...self, samples: 3 }, { left: 0, right: 160, top: 0, bottom: 120, size }, false)
      yield* easel.out(["ready", self.name])
      yield* easel.rd(["go", self.name])
      for (let nth = 1;; nth++) {
        // Nobody else sees the tile while it is held. If what follows fails, or this thread dies, the tile is back in
        // its old place, which makes it the next to be taken: the oldest match comes first.
        yield* easel.inWith(["tile", P.number, P.any], ([, index, tile]) =>
          Effect.gen(function*() {
            yield* easel.out(["started", index, self.name])
            const pixels = yield* paint(self, tile, nth === self.crashesAt)
            yield* easel.out(["painted", index, self.name, pixels])
          }))
      }
    }).pipe(Effect.orDie)
)
