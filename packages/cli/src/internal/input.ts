/**
 * What comes by standard input, or stands in a file.
 *
 * @internal
 */
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import type { Readable } from "node:stream"
import { Usage } from "./outcome.js"

const linesOf = (open: () => Readable, name: string): Stream.Stream<string, Usage> =>
  Stream.suspend(() =>
    Stream.fromAsyncIterable(
      open().setEncoding("utf8") as AsyncIterable<string>,
      (error) => new Usage({ message: `${name} cannot be read: ${error instanceof Error ? error.message : error}` })
    )
  ).pipe(Stream.splitLines, Stream.filter((line) => line.trim() !== ""))

/** The lines of standard input that are not empty. */
export const linesOfInput: Stream.Stream<string, Usage> = linesOf(() => process.stdin, "standard input")

/** The lines of a file; a dash is standard input. */
export const linesOfFile = (path: string): Stream.Stream<string, Usage> =>
  path === "-" ? linesOfInput : linesOf(() => createReadStream(path), path)
