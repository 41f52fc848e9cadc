/**
 * What the two ends of a link say to each other. A message is an array of frames; a frame is an array, its first member
 * says what it is.
 *
 * Every request has a number and is answered exactly once. A request that takes is answered while its tuples are only
 * *held*: the client then says, exactly once, what has become of them. It says {@link Kept} or {@link Unwanted}, and
 * hears no more of it; or it makes a request of it, where it has to know whether the hold could be ended so. Whatever
 * is still held when the link ends is back in its place.
 *
 * @internal
 */
import type { Link } from "../../Remote.js"

/** Changes whenever the frames do, or the coding of values in them: ends of different versions do not talk. */
export const version = 5

/** From the client. */
export const Hello = 0
export const Request = 1
export const Interrupt = 2
/** What was taken stays taken; or it was taken for nobody, and goes back. */
export const Kept = 3
export const Unwanted = 6
/** Answers to what the server asked: of predicates, and of the function of `replace`. */
export const Told = 4
/** The failure of a process of the client's that had ended already has been joined. */
export const Joined = 5

/** From the server. */
export const Done = 10
export const Failed = 11
/** Of what the client's own code threw. */
export const Died = 15
export const Ask = 12
/** The process with this number should end. */
export const Stop = 13
/** The space is closed. */
export const Closed = 14

/** In the place of an answer that the client's code did not give: it threw. */
export const Threw = "threw"

export type Frame = ReadonlyArray<any>

/**
 * Sends the frames of one turn of the event loop as one message. If that cannot be cloned, sends them one by one, and
 * says which could not.
 */
export class Outbox {
  private frames: Array<Frame> = []
  private scheduled = false

  constructor(private readonly link: Link, private readonly onRefused: (frame: Frame, cause: unknown) => void) {}

  /** Sends it before the next one, if there is one. */
  prepare(frame: Frame): void {
    this.frames.push(frame)
  }

  send(frame: Frame): void {
    this.frames.push(frame)
    if (!this.scheduled) {
      this.scheduled = true
      void Promise.resolve().then(() => this.flush())
    }
  }

  flush(): void {
    if (!this.scheduled) {
      return
    }
    this.scheduled = false
    const { frames } = this
    this.frames = []
    try {
      this.link.send(frames)
    } catch {
      for (const frame of frames) {
        try {
          this.link.send([frame])
        } catch (cause) {
          this.onRefused(frame, cause)
        }
      }
    }
  }
}
