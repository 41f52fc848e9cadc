/**
 * A service behind a space: callers put requests and take the replies that bear their number; servers take requests and
 * put replies. Neither knows the other, and how many servers there are is a detail of the layer.
 */
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import type { SpaceError } from "@effect-linda/core"
import { Cause, Console, Context, Duration, Effect, Layer, Ref } from "effect"
import { expectEqual, runIfMain } from "./support/example.js"

type Request = readonly ["request", id: number, text: string]
type Reply = readonly ["reply", id: number, text: string]

/** The protocol. Its space is another implementation away from being on another machine. */
class Exchange extends TupleSpace.Tag("Exchange")<Exchange, Request | Reply>() {}

const patience = Duration.millis(150)

/** What users of the service see: a function. That there is a space behind it, they need not know. */
class Shout extends Context.Tag("Shout")<Shout, {
  readonly shout: (text: string) => Effect.Effect<string, Cause.TimeoutException | SpaceError.SpaceError>
}>() {
  static readonly client = Layer.effect(
    this,
    Effect.gen(function*() {
      const exchange = yield* Exchange
      const ids = yield* Ref.make(0)
      return {
        shout: Effect.fn("shout")(function*(text: string) {
          const id = yield* Ref.updateAndGet(ids, (n) => n + 1)
          // A request that nobody serves vanishes when its caller has given up: no server does work for nothing.
          yield* exchange.out(["request", id, text], { ttl: patience })
          const [, , reply] = yield* exchange.in(["reply", id, P.string], { timeout: patience })
          return reply
        })
      }
    })
  )

  /** So many servers, which live as long as the layer: it closes the space, and that ends them. */
  static readonly servers = (count: number) =>
    Layer.effectDiscard(Effect.gen(function*() {
      const exchange = yield* Exchange
      yield* Effect.replicateEffect(exchange.eval(Effect.forever(serve)), count)
    }))
}

const serve = Effect.gen(function*() {
  const exchange = yield* Exchange
  // Should the server die of a request, then the request is back, for another one.
  yield* exchange.inWith(["request", P.number, P.string], ([, id, text]) =>
    Effect.gen(function*() {
      yield* Effect.sleep(text.length * 10)
      // Nobody may be there any more to take the reply. It does not lie around for ever.
      yield* exchange.out(["reply", id, `${text.toUpperCase()}!`], { ttl: patience })
    }))
})

export const program = Effect.gen(function*() {
  const { shout } = yield* Shout
  const exchange = yield* Exchange

  const words = ["to", "whom", "it", "may", "concern"]
  const shouted = yield* Effect.forEach(words, shout, { concurrency: "unbounded" })
  yield* Console.log(shouted.join(" "))
  yield* expectEqual(shouted, ["TO!", "WHOM!", "IT!", "MAY!", "CONCERN!"])

  const late = yield* Effect.flip(shout("supercalifragilistic"))
  yield* Console.log(`a long word: ${late._tag}`)
  yield* expectEqual(Cause.isTimeoutException(late), true)

  // What is left of it goes by itself.
  yield* Effect.sleep("250 millis")
  const litter = yield* exchange.count([P.oneOf("request", "reply"), P.number, P.string])
  yield* Console.log(`tuples left: ${litter}`)
  yield* expectEqual(litter, 0)
}).pipe(Effect.provide(Layer.mergeAll(Shout.client, Shout.servers(3)).pipe(Layer.provideMerge(Exchange.layer))))

runIfMain(import.meta.url, program)
