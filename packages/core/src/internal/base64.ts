/**
 * Bytes as text, and back. Not by the encoder of Effect: it appends one character after the other, and until somebody
 * reads such a text V8 keeps an object for each of them, which takes thirty times as much memory as the bytes.
 *
 * @internal
 */
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"

const alphabet = Array.from(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  (character) => character.charCodeAt(0)
)
const padding = "=".charCodeAt(0)

/** So many bytes are made into text at a time: a multiple of three, and few enough for the arguments of a function. */
const chunk = 3 * 2 ** 12

const encodeChunk = (bytes: Uint8Array): string => {
  const { length } = bytes
  const codes = new Uint8Array(4 * Math.ceil(length / 3))
  for (let i = 0, j = 0; i < length; i += 3) {
    const three = bytes[i]! << 16 | (bytes[i + 1] ?? 0) << 8 | (bytes[i + 2] ?? 0)
    codes[j++] = alphabet[three >> 18]!
    codes[j++] = alphabet[three >> 12 & 63]!
    codes[j++] = i + 1 < length ? alphabet[three >> 6 & 63]! : padding
    codes[j++] = i + 2 < length ? alphabet[three & 63]! : padding
  }
  return String.fromCharCode(...codes)
}

export const encode = (bytes: Uint8Array): string => {
  const parts: Array<string> = []
  for (let from = 0; from < bytes.length; from += chunk) {
    parts.push(encodeChunk(bytes.subarray(from, from + chunk)))
  }
  return parts.join("")
}

/** Throws if it is no such text. */
export const decode = (text: string): ArrayBuffer =>
  new Uint8Array(Either.getOrThrow(Encoding.decodeBase64(text))).buffer
