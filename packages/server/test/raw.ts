/** A client that says whatever it likes. */
import type { SocketServer } from "@effect/platform"
import type { Scope } from "effect"
import { Effect } from "effect"
import { once } from "node:events"
import { connect } from "node:net"
import * as Frames from "../src/internal/frames.js"
import { deframer, enframe } from "../src/internal/framing.js"

const large = 64 * 1024 * 1024

/** An honest handshake. */
export const hello: Frames.HelloFrame = {
  version: Frames.version,
  space: "default",
  token: undefined,
  schemas: [],
  frameBytes: 1024 * 1024,
  windowBytes: 1024 * 1024,
  resume: undefined
}

/** The message of a request, by the protocol of `Remote`. */
export const message = (number: number, value: unknown): Uint8Array => {
  const frame = Frames.encode(Frames.Message, value, large, Frames.header)
  Frames.writeNumber(frame, 1, number)
  return frame
}

/** The first request of a client, by the protocol of `Remote`: its version. */
export const greeting = [0, 9]

/** Why `Remote` closes, if a message says that it does. */
const closedOf = (value: unknown): string | undefined => {
  const [kind, message, reason] = (value as ReadonlyArray<ReadonlyArray<unknown>>)[0]!
  return kind === 14 ? `${reason}: ${message}` : undefined
}

export interface Raw {
  readonly bytes: (bytes: Uint8Array) => void
  readonly send: (frame: Uint8Array) => void
  readonly pause: () => void
  /** The next frame, or nothing when the connection has ended. */
  readonly next: Effect.Effect<Uint8Array | undefined>
  /** Waits for the end of the connection, and gives the reason that was said. */
  readonly over: Effect.Effect<string | undefined>
}

export const raw = (address: SocketServer.Address): Effect.Effect<Raw, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(opened(address), ({ socket }) => Effect.sync(() => socket.destroy())),
    ({ raw }) => raw
  )

const opened = (address: SocketServer.Address) =>
  Effect.promise(async () => {
    const { hostname: host, port } = address as SocketServer.TcpAddress
    const socket = connect({ host, port })
    const parse = deframer("stream", large)
    const frames: Array<Uint8Array> = []
    let wake = () => {}
    let isOver = false
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      frames.push(...parse.feed(chunk))
      wake()
    })
    socket.on("close", () => {
      isOver = true
      wake()
    })
    await once(socket, "connect")
    const next = async (): Promise<Uint8Array | undefined> => {
      while (frames.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return frames.shift()
    }
    const over = async () => {
      let reason: string | undefined
      for (let frame = await next(); frame !== undefined; frame = await next()) {
        if (frame[0] === Frames.Over) {
          const { message, reason: why } = Frames.overOf(frame)
          reason = `${why}: ${message}`
        } else if (frame[0] === Frames.Message) {
          reason = closedOf(Frames.decode(frame, Frames.header)) ?? reason
        }
      }
      return reason
    }
    const raw: Raw = {
      bytes: (bytes) => void socket.write(bytes),
      send: (frame) => enframe("stream", [frame]).forEach((chunk) => socket.write(chunk)),
      pause: () => void socket.pause(),
      next: Effect.promise(next),
      over: Effect.promise(over)
    }
    return { raw, socket }
  })
