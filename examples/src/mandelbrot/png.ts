/**
 * A picture as a PNG file: the signature and three chunks, each with its length, its name and its checksum.
 *
 * W3C, "Portable Network Graphics (PNG) Specification" (third edition, 2025), 5 and 11.
 */
import { deflateSync } from "node:zlib"
import type { Size } from "./fractal.js"

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) {
    value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  }
  return value
})

const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8)
  }
  return (crc ^ 0xffffffff) >>> 0
}

const chunk = (name: string, data: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  bytes.set([...name].map((letter) => letter.charCodeAt(0)), 4)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)))
  return bytes
}

/** Encodes pixels of three bytes each, row by row. */
export const png = (pixels: Uint8Array, { height, width }: Size): Uint8Array => {
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header.set([8, 2, 0, 0, 0], 8) // eight bits for each of red, green and blue
  const rows = new Uint8Array(height * (1 + 3 * width))
  for (let row = 0; row < height; row++) {
    // The first byte of a row names its filter: none.
    rows.set(pixels.subarray(3 * row * width, 3 * (row + 1) * width), row * (1 + 3 * width) + 1)
  }
  const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10)
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", new Uint8Array())
  ])
}
