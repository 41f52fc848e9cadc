/**
 * The picture: where to look, and how a point becomes a colour. Who computes it, and when, is none of its business.
 */

/** Red, green and blue, each from 0 to 1, in proportion to the light: only so do colours mix as light does. */
type Light = readonly [red: number, green: number, blue: number]

/** A part of the complex plane: what is in the middle, and how much around it has to fit. */
export interface View {
  readonly centre: readonly [re: number, im: number]
  readonly width: number
  readonly height: number
  /** After so many steps a point that has not fled is taken for one that never will. */
  readonly iterations: number
  /** How far the palette turns whenever the number of steps doubles, and where it begins. */
  readonly turns: number
  readonly phase: number
}

export const views = {
  whole: { centre: [-0.72, 0], width: 3.2, height: 2.35, iterations: 500, turns: 0.15, phase: -0.12 },
  satellite: { centre: [-1.7642, 0], width: 0.12, height: 0.05, iterations: 1500, turns: 0.19, phase: 0.05 },
  spirals: {
    centre: [-0.745428, 0.113009],
    width: 0.00018,
    height: 0.00012,
    iterations: 3000,
    turns: 0.3,
    phase: 0.1
  }
} satisfies Record<string, View>

const toLight = (byte: number): number => Math.pow(byte / 255, 2.2)

const toByte = (light: number): number => Math.round(255 * Math.pow(Math.min(1, light), 1 / 2.2))

/** Midnight, water, foam, sand, embers, and midnight again: the palette is a circle. */
const stops = [
  { at: 0, colour: [4, 10, 62] },
  { at: 0.16, colour: [28, 96, 196] },
  { at: 0.38, colour: [226, 250, 255] },
  { at: 0.6, colour: [255, 178, 36] },
  { at: 0.78, colour: [146, 28, 24] },
  { at: 0.9, colour: [34, 6, 44] },
  { at: 1, colour: [4, 10, 62] }
] as const

const palette = Array.from({ length: 2048 }, (_, index): Light => {
  const at = index / 2048
  const next = stops.findIndex((stop) => stop.at > at)
  const [from, to] = [stops[next - 1]!, stops[next]!]
  const linear = (at - from.at) / (to.at - from.at)
  const eased = linear * linear * (3 - 2 * linear)
  const mix = (a: number, b: number) => toLight(a) * (1 - eased) + toLight(b) * eased
  return [
    mix(from.colour[0], to.colour[0]),
    mix(from.colour[1], to.colour[1]),
    mix(from.colour[2], to.colour[2])
  ]
})

/** The inside of the set: not quite black, so that it stands out from a black terminal. */
const inside: Light = [0.0012, 0.0008, 0.003]

/** A lamp in the upper left shines on the slopes that rise towards the set. */
const lamp = { x: -Math.SQRT1_2, y: Math.SQRT1_2, height: 1.4 }

/** The light of one point: iterates z² + c, and colours by how soon it flees. */
const lightAt = (re: number, im: number, view: View): Light => {
  const q = (re - 0.25) ** 2 + im ** 2
  if (q * (q + re - 0.25) <= 0.25 * im ** 2 || (re + 1) ** 2 + im ** 2 <= 0.0625) {
    return inside // the heart, and the disc at its left: known without iterating
  }
  let [x, y, dx, dy] = [0, 0, 0, 0]
  for (let step = 0; step < view.iterations; step++) {
    const nextDx = 2 * (x * dx - y * dy) + 1
    dy = 2 * (x * dy + y * dx)
    dx = nextDx
    const nextX = x * x - y * y + re
    y = 2 * x * y + im
    x = nextX
    const size = x * x + y * y
    if (size > 1e6) {
      const smooth = step + 2 - Math.log2(Math.log(size) / 2) // no steps of colour between steps of iteration
      const turn = view.phase + view.turns * Math.log2(Math.max(1, smooth))
      const [red, green, blue] = palette[Math.floor((turn - Math.floor(turn)) * palette.length)]!
      const [up, left] = [x * dx + y * dy, y * dx - x * dy] // z / z′ points uphill
      const facing = (up * lamp.x + left * lamp.y) / Math.hypot(up, left)
      const shade = 0.35 + 0.9 * Math.max(0, (facing + lamp.height) / (1 + lamp.height))
      return [red * shade, green * shade, blue * shade]
    }
  }
  return inside
}

/** So many square pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/**
 * Computes the pixels from `left` up to `right` in a row of the picture, three bytes each, of `samples`² points each.
 */
export const paintRow = (options: {
  readonly view: View
  readonly size: Size
  readonly row: number
  readonly left: number
  readonly right: number
  readonly samples: number
}): Uint8Array => {
  const { left, right, row, samples, size, view } = options
  const pixel = Math.max(view.height / size.height, view.width / size.width)
  const bytes = new Uint8Array((right - left) * 3)
  for (let column = left; column < right; column++) {
    let [red, green, blue] = [0, 0, 0]
    for (let sample = 0; sample < samples ** 2; sample++) {
      const x = column + (sample % samples + 0.5) / samples
      const y = row + (Math.floor(sample / samples) + 0.5) / samples
      const light = lightAt(
        view.centre[0] + (x - size.width / 2) * pixel,
        view.centre[1] - (y - size.height / 2) * pixel,
        view
      )
      red += light[0] / samples ** 2
      green += light[1] / samples ** 2
      blue += light[2] / samples ** 2
    }
    bytes.set([toByte(red), toByte(green), toByte(blue)], (column - left) * 3)
  }
  return bytes
}
