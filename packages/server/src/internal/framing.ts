/**
 * Frames in what a connection carries: on a stream of bytes each has its length before it, in four bytes, the high one
 * first; on a WebSocket each is a binary message.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"

/** `"stream"`: TCP, Unix sockets. `"messages"`: WebSocket. */
export type Framing = "stream" | "messages"

const tooLarge = (bytes: number, limit: number) =>
  new SpaceError({
    reason: "Refused",
    message: `a frame of ${bytes} bytes is too large: ${limit} are allowed. Send less at a time`
  })

/** Takes chunks, and gives the frames in them. Throws a `SpaceError` at a frame that is too large. */
export interface Deframer {
  limit: number
  readonly feed: (chunk: Uint8Array) => ReadonlyArray<Uint8Array>
}

class Messages implements Deframer {
  constructor(public limit: number) {}

  feed(chunk: Uint8Array): ReadonlyArray<Uint8Array> {
    if (chunk.length > this.limit) {
      throw tooLarge(chunk.length, this.limit)
    }
    return [chunk]
  }
}

class Bytes implements Deframer {
  /** What has come of a frame, its length included. */
  private chunks: Array<Uint8Array> = []
  private size = 0

  constructor(public limit: number) {}

  feed(chunk: Uint8Array): ReadonlyArray<Uint8Array> {
    this.chunks.push(chunk)
    this.size += chunk.length
    const frames: Array<Uint8Array> = []
    while (this.size >= 4) {
      const length = this.length()
      if (length > this.limit) {
        throw tooLarge(length, this.limit)
      }
      if (this.size < 4 + length) break
      const all = this.join()
      frames.push(all.subarray(4, 4 + length))
      this.size = all.length - 4 - length
      this.chunks = this.size === 0 ? [] : [all.subarray(4 + length)]
    }
    return frames
  }

  private length(): number {
    if (this.chunks[0]!.length < 4) {
      this.join()
    }
    const [{ buffer, byteLength, byteOffset }] = this.chunks as [Uint8Array]
    return new DataView(buffer, byteOffset, byteLength).getUint32(0)
  }

  private join(): Uint8Array {
    if (this.chunks.length > 1) {
      this.chunks = [concat(this.chunks, this.size)]
    }
    return this.chunks[0]!
  }
}

const concat = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

export const deframer = (framing: Framing, limit: number): Deframer =>
  framing === "stream" ? new Bytes(limit) : new Messages(limit)

/** What is written for these frames: a chunk for each message, or one for all. */
export const enframe = (framing: Framing, frames: ReadonlyArray<Uint8Array>): ReadonlyArray<Uint8Array> => {
  if (framing === "messages") {
    return frames
  }
  const parts = frames.flatMap((frame) => {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, frame.length)
    return [length, frame]
  })
  return [concat(parts, parts.reduce((sum, { length }) => sum + length, 0))]
}
