/**
 * What a server reports of itself.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

const sessions = Metric.gauge("linda_server_sessions", { description: "Sessions of clients" })

const resumed = Metric.counter("linda_server_resumed", {
  description: "Sessions that went on over another connection",
  incremental: true
})

const refused = Metric.counter("linda_server_refused", {
  description: "Connections that were refused, by why",
  incremental: true
})

export const report = {
  sessions: (count: number): Effect.Effect<void> => Metric.set(sessions, count),
  resumed: Metric.increment(resumed),
  refused: (reason: string): Effect.Effect<void> => Metric.increment(Metric.tagged(refused, "reason", reason))
}
