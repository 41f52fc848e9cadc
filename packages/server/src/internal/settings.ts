/**
 * The options of both ends, read.
 *
 * @internal
 */
import type { Reader } from "@effect-linda/core/Options"
import type { Limits } from "./session.js"

const mebibyte = 1024 * 1024

/** Reads what limits the memory of a session. */
export const limitsOf = (reader: Reader): Limits => {
  const frameBytes = reader.integer("frameBytes", 16 * mebibyte, 1024)
  return {
    frameBytes,
    windowBytes: reader.integer("windowBytes", mebibyte, 4096),
    keptBytes: reader.integer("keptBytes", 2 * frameBytes, frameBytes)
  }
}
