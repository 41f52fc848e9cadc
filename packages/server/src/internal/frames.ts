/**
 * What the two ends of a connection say to each other: `docs/protocol.md` is the same for authors of other clients.
 *
 * A frame begins with a byte that says what it is. Numbers are unsigned integers of 64 bits, the high byte first;
 * values are coded as `clone/format.ts` says.
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import { Decoder, Malformed } from "./clone/decoder.js"
import { Encoder } from "./clone/encoder.js"

/** Changes whenever frames do. */
export const version = 1

/** From the client, before all else: a value, {@link HelloFrame}. */
export const Hello = 0
/** From the server: a value, {@link WelcomeFrame}. */
export const Welcome = 1
/** The session is over, or does not begin: a value, {@link OverFrame}. Nothing comes after it. */
export const Over = 2
/** Its number, how many have been received, and a value. */
export const Message = 3
/** How many have been received, and a byte: 1 asks for the same from the other end. */
export const Ack = 4
/** The last message: its number, and how many have been received. Everything of the session ends. */
export const Goodbye = 5

/** How many bytes are before the value of a message. */
export const header = 17

/** What a session begins with, or goes on with. */
export interface HelloFrame {
  readonly version: number
  readonly space: string
  readonly token: string | undefined
  readonly schemas: ReadonlyArray<string>
  /** How many bytes a frame to this end may have. */
  readonly frameBytes: number
  /** How many bytes of messages may be on their way to this end. */
  readonly windowBytes: number
  /** The session to go on with. Each connection of a session has a greater epoch. */
  readonly resume:
    | { readonly id: string; readonly secret: string; readonly epoch: number; readonly received: number }
    | undefined
}

export interface WelcomeFrame {
  readonly id: string
  readonly secret: string
  readonly received: number
  readonly frameBytes: number
  readonly windowBytes: number
  /** For how many milliseconds the session lives on without a connection. */
  readonly grace: number
  /** After how many milliseconds without a frame each end sends one. */
  readonly heartbeat: number
}

export interface OverFrame {
  readonly reason: SpaceError["reason"]
  readonly message: string
}

const encoder = new Encoder()
const decoder = new Decoder()

/** A value, and before it room for what its frame begins with. Throws if it cannot be carried. */
export const encode = (kind: number, value: unknown, limit: number, before: number): Uint8Array => {
  const bytes = encoder.encode(value, limit, before)
  bytes[0] = kind
  return bytes
}

/** Throws {@link Malformed}. */
export const decode = (frame: Uint8Array, from: number): unknown => decoder.decode(frame, from)

const view = (frame: Uint8Array) => new DataView(frame.buffer, frame.byteOffset, frame.byteLength)

const two32 = 2 ** 32

export const writeNumber = (frame: Uint8Array, at: number, value: number): void => {
  const data = view(frame)
  data.setUint32(at, Math.floor(value / two32))
  data.setUint32(at + 4, value % two32)
}

export const readNumber = (frame: Uint8Array, at: number): number => {
  if (frame.length < at + 8) {
    throw new Malformed("a frame is too short")
  }
  const data = view(frame)
  return data.getUint32(at) * two32 + data.getUint32(at + 4)
}

const handshakeBytes = 64 * 1024

export const hello = (frame: HelloFrame): Uint8Array => encode(Hello, frame, handshakeBytes, 1)
export const welcome = (frame: WelcomeFrame): Uint8Array => encode(Welcome, frame, handshakeBytes, 1)
export const over = ({ message, reason }: OverFrame): Uint8Array =>
  encode(Over, { reason, message: message.slice(0, 4096) }, handshakeBytes, 1)

export const ack = (received: number, asks: boolean): Uint8Array => {
  const frame = new Uint8Array(10)
  frame[0] = Ack
  writeNumber(frame, 1, received)
  frame[9] = asks ? 1 : 0
  return frame
}

export const goodbye = (): Uint8Array => {
  const frame = new Uint8Array(header)
  frame[0] = Goodbye
  return frame
}

const reasons: ReadonlySet<unknown> = new Set(SpaceError.fields.reason.literals)

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && value as number >= 0

const is = (value: unknown, type: "string" | "undefined"): boolean => typeof value === type

/** What the other end says why it is over. */
export const overOf = (frame: Uint8Array): SpaceError => {
  const said = decode(frame, 1)
  if (!isRecord(said) || !reasons.has(said["reason"])) {
    throw new Malformed("the end of a session gives no reason")
  }
  return new SpaceError({ reason: said["reason"] as SpaceError["reason"], message: String(said["message"]) })
}

/** Its version is looked at first, for in another one all the rest may mean something else. */
export const helloOf = (frame: Uint8Array): HelloFrame | { readonly version: number; readonly isOther: true } => {
  const said = decode(frame, 1)
  if (!isRecord(said) || !isCount(said["version"])) {
    throw new Malformed("a session begins with a version")
  }
  if (said["version"] !== version) {
    return { version: said["version"], isOther: true }
  }
  const { frameBytes, resume, schemas, space, token, windowBytes } = said
  if (
    typeof space === "string" && (is(token, "string") || is(token, "undefined")) && isCount(frameBytes) &&
    isCount(windowBytes) && Array.isArray(schemas) && schemas.every((name) => is(name, "string")) &&
    (resume === undefined ||
      isRecord(resume) && is(resume["id"], "string") && is(resume["secret"], "string") && isCount(resume["epoch"]) &&
        isCount(resume["received"]))
  ) {
    return said as unknown as HelloFrame
  }
  throw new Malformed("a handshake lacks something, or has something of another type")
}

export const welcomeOf = (frame: Uint8Array): WelcomeFrame => {
  const said = decode(frame, 1)
  if (
    isRecord(said) && is(said["id"], "string") && is(said["secret"], "string") &&
    ["received", "frameBytes", "windowBytes", "grace", "heartbeat"].every((key) => isCount(said[key]))
  ) {
    return said as unknown as WelcomeFrame
  }
  throw new Malformed("the answer to a handshake lacks something, or has something of another type")
}

export const malformed = (error: unknown): SpaceError =>
  new SpaceError({
    reason: "Refused",
    message: `a frame is malformed: ${error instanceof Error ? error.message : String(error)}`
  })
