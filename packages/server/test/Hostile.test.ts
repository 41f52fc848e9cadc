import { TupleSpace } from "@effect-linda/core"
import type { Server } from "@effect-linda/server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref, Schedule } from "effect"
import * as Frames from "../src/internal/frames.js"
import { dialled, served } from "./links.js"
import type { Raw } from "./raw.js"
import { greeting, hello, message, raw } from "./raw.js"

const until = <A, E, R>(effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.repeat(effect, { until: holds, schedule: Schedule.spaced("5 millis") }).pipe(
    Effect.timeoutFail({ duration: "60 seconds", onTimeout: () => new Error("it does not come to hold") })
  )

/** What a hostile client does, while an honest one works; at the end the server has only that one left. */
const beside = <E>(
  name: string,
  options: Server.Options,
  hostile: (client: Raw) => Effect.Effect<void, E>
) =>
  it.scopedLive(name, () =>
    Effect.gen(function*() {
      const space = yield* TupleSpace.make()
      const { address, server } = yield* served("tcp", () => Effect.succeed(space), options)
      const honest = yield* dialled("tcp", address)
      const rounds = yield* Ref.make(0)
      const working = yield* Effect.forever(
        Effect.zipRight(honest.out(["mine"]), Effect.zipRight(honest.in(["mine"]), Ref.update(rounds, (n) => n + 1)))
      ).pipe(Effect.fork)
      yield* hostile(yield* raw(address))
      yield* until(server.sizes, ({ connections, sessions }) => connections === 1 && sessions === 1)
      // and the honest one goes on
      const so = yield* Ref.get(rounds)
      yield* until(Ref.get(rounds), (now) => now > so + 10)
      yield* Fiber.interrupt(working)
    }))

/** Has got in. */
const inside = (client: Raw) =>
  Effect.gen(function*() {
    client.send(Frames.hello(hello))
    const frame = yield* client.next
    assert.strictEqual(frame?.[0], Frames.Welcome)
  })

const out = (number: number, tuple: ReadonlyArray<unknown>) => message(number, [[1, number, undefined, "out", tuple]])

describe("Server: hostile clients", () => {
  beside(
    "says nothing",
    { handshakeTimeout: "100 millis" },
    (client) =>
      Effect.map(client.over, (why) => assert.match(why!, /^Refused: the handshake has taken more than 100 ms/))
  )

  beside("speaks another version", {}, (client) => {
    client.send(Frames.encode(Frames.Hello, { version: 99, whatever: true }, 1000, 1))
    return Effect.map(
      client.over,
      (why) => assert.match(why!, /^Unsupported: the server speaks version 1 of the protocol, not 99: have both ends/)
    )
  })

  beside("speaks another protocol", {}, (client) => {
    client.bytes(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"))
    return Effect.map(client.over, (why) => assert.match(why!, /^Refused: a frame of \d+ bytes is too large/))
  })

  beside("shakes hands with something else", {}, (client) => {
    client.send(Frames.encode(Frames.Hello, { version: Frames.version, space: 1 }, 1000, 1))
    return Effect.map(client.over, (why) => assert.match(why!, /^Refused: a frame is malformed: a handshake lacks/))
  })

  beside("does not shake hands", {}, (client) => {
    client.send(out(1, ["x"]))
    return Effect.map(client.over, (why) => assert.match(why!, /^Refused: a connection begins with a handshake/))
  })

  beside("goes on with a session that is not its own", {}, (client) => {
    client.send(Frames.hello({ ...hello, resume: { id: "a", secret: "b", epoch: 1, received: 0 } }))
    return Effect.map(client.over, (why) => assert.match(why!, /^Lapsed: the session is not known/))
  })

  beside("sends a huge frame", { frameBytes: 10_000 }, (client) =>
    Effect.gen(function*() {
      yield* inside(client)
      client.send(out(1, ["x", "y".repeat(20_000)]))
      assert.match((yield* client.over)!, /^Refused: a frame of \d+ bytes is too large: \d+ are allowed/)
    }))

  beside("sends what is no message", {}, (client) =>
    Effect.gen(function*() {
      yield* inside(client)
      client.send(Uint8Array.of(Frames.Message, ...new Array(7).fill(0), 1, ...new Array(8).fill(0), 0xc1))
      assert.match((yield* client.over)!, /^Refused: a frame is malformed: no value begins with the byte 193/)
    }))

  beside("sends a message that is no request", { heartbeat: "100 millis" }, (client) =>
    Effect.gen(function*() {
      yield* inside(client)
      client.send(message(1, { a: 1 }))
      assert.match((yield* client.over)!, /^Refused: /)
    }))

  beside("leaves out a message", {}, (client) =>
    Effect.gen(function*() {
      yield* inside(client)
      client.send(out(2, ["x"]))
      assert.match((yield* client.over)!, /its number is 2, and 1 is next/)
    }))

  beside("has received what was not sent", {}, (client) =>
    Effect.gen(function*() {
      yield* inside(client)
      client.send(Frames.ack(1000, false))
      assert.match((yield* client.over)!, /it has received 1000 messages, and \d+ were sent/)
    }))

  beside(
    "is half open: it gives no sign of life",
    { heartbeat: "50 millis", grace: "50 millis" },
    (client) =>
      Effect.gen(function*() {
        yield* inside(client)
        yield* client.over
      })
  )

  beside(
    "asks for nothing for too long",
    { idle: "2 seconds", grace: "50 millis" },
    (client) =>
      Effect.gen(function*() {
        yield* inside(client)
        assert.match((yield* client.over)!, /^Refused: nothing was asked for 2000 ms/)
      })
  )

  // what comes at once is done at once, so its answers are kept up to a limit
  beside(
    "asks for a lot, and reads nothing",
    { keptBytes: 200_000, frameBytes: 200_000, heartbeat: "1 second", grace: "50 millis" },
    (client) =>
      Effect.gen(function*() {
        yield* inside(client)
        client.pause()
        const all = Array.from({ length: 3000 }, (_, id) => [1, id, undefined, "inspect"])
        client.send(message(1, [greeting, ...all]))
      })
  )

  // what is not taken is not added to for long: the server reads no more, or has too much of it already
  beside(
    "sends more than may be on its way",
    { windowBytes: 4096, frameBytes: 4096, keptBytes: 100_000, heartbeat: "1 second", grace: "50 millis" },
    (client) =>
      Effect.gen(function*() {
        yield* inside(client)
        client.send(message(1, [greeting]))
        for (let number = 2; number <= 3000; number++) {
          client.send(message(number, [[1, number, undefined, "inspect"]]))
        }
        assert.match(
          (yield* client.over)!,
          /^Refused: (more than the window of 4096 bytes came at once|\d+ bytes wait for the other end)/
        )
      })
  )
})
