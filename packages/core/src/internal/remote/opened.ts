/**
 * The streams that a client reads, by the numbers of the requests that opened them.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { invalidOption } from "../arguments.js"
import type { Answered } from "./protocol.js"

interface Open {
  readonly scope: Scope.CloseableScope
  readonly pull: Effect.Effect<Chunk.Chunk<unknown>, Option.Option<unknown>>
  /** Whether somebody reads it. */
  isRead: boolean
}

const nothing: Effect.Effect<Answered<"pull">> = Effect.succeed([])

export class Opened {
  private readonly streams = new Map<number, Open>()

  private opening = 0

  /** How many there are, or are about to be. */
  get size(): number {
    return this.streams.size + this.opening
  }

  /** It is open when this ends. */
  open(
    id: number,
    stream: Effect.Effect<Stream.Stream<unknown, unknown>, unknown, Scope.Scope>
  ): Effect.Effect<void, unknown> {
    return Effect.uninterruptibleMask((restore) => {
      this.opening++
      return Effect.flatMap(
        Scope.make(),
        (scope) =>
          restore(Scope.extend(Effect.flatMap(stream, Stream.toPull), scope)).pipe(
            Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
            Effect.map((pull) => void this.streams.set(id, { scope, pull, isRead: false })),
            Effect.ensuring(Effect.sync(() => this.opening--))
          )
      )
    })
  }

  /** What comes next; nothing, if the stream has ended. */
  pull(id: number): Effect.Effect<Answered<"pull">, unknown> {
    const open = this.streams.get(id)
    if (open === undefined) {
      return nothing
    }
    if (open.isRead) {
      return Effect.fail(invalidOption("pull: a stream is read by one request after the other"))
    }
    open.isRead = true
    return Effect.ensuring(
      Effect.matchEffect(open.pull, {
        onSuccess: (chunk) => Effect.succeed([Chunk.toArray(chunk)]),
        onFailure: Option.match({ onNone: () => nothing, onSome: Effect.fail })
      }),
      Effect.sync(() => {
        open.isRead = false
      })
    )
  }

  close(id: number): Effect.Effect<void> {
    const open = this.streams.get(id)
    this.streams.delete(id)
    return open === undefined ? Effect.void : Scope.close(open.scope, Exit.void)
  }

  readonly closeAll: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(this.streams.values(), ({ scope }) => Scope.close(scope, Exit.void), { discard: true })
  )
}
