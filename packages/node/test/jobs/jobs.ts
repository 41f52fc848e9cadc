/** What the tests run on threads. */
// @effect-diagnostics lazyPromiseInEffectSync:off -- what never returns is no promise
import { Pattern as P, TupleSpace } from "@effect-linda/core"
import { Job } from "@effect-linda/node"
import { Effect, Schema, Stream } from "effect"
import { MessageChannel, parentPort } from "node:worker_threads"

export class Overheated extends Schema.TaggedError<Overheated>()("Overheated", { degrees: Schema.Number }) {}
export class Point extends Schema.Class<Point>("Point")({ x: Schema.Number }) {}

export const double = Job.make(
  import.meta.url,
  "double",
  { input: Schema.Number, success: Schema.Number },
  (n) => Effect.succeed(n * 2)
)

export const nothing = Job.make(import.meta.url, "nothing", {}, () => Effect.void)

/** Takes numbers and puts their squares, for ever. */
export const squares = Job.make(import.meta.url, "squares", {}, () =>
  Effect.forever(
    TupleSpace.inWith(["n", P.number], ([, n]) => TupleSpace.out(["squared", n, n * n]))
  ).pipe(Effect.orDie))

/** Uses every kind of operation once. */
export const everything = Job.make(
  import.meta.url,
  "everything",
  { success: Schema.Array(Schema.Unknown) },
  () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      yield* TupleSpace.outAll([["a", 1], ["a", 2], ["b", 3]])
      seen.push(yield* TupleSpace.rd(["a", P.number]))
      seen.push(yield* TupleSpace.in(["a", (n: number) => n > 1]))
      seen.push((yield* TupleSpace.inAny({ z: ["z"], b: ["b", P.any] })).key)
      seen.push(yield* TupleSpace.inWith(["a", 1], () => TupleSpace.count(["a", P.any])))
      seen.push((yield* Effect.flip(TupleSpace.in(["never"], { timeout: 5 })))._tag)
      yield* TupleSpace.outAll([["s", 1], ["s", 2]])
      seen.push(
        yield* TupleSpace.stream(["s", P.number]).pipe(Stream.take(2), Stream.runCollect, Effect.map((c) => [...c]))
      )
      seen.push(yield* TupleSpace.inAll([["s", 2], ["s", P.any]]))
      const process = yield* TupleSpace.eval(Effect.succeed("child"))
      seen.push(yield* process.join)
      return seen
    }).pipe(Effect.orDie)
)

export const fails = Job.make(
  import.meta.url,
  "fails",
  { error: Overheated },
  () => Effect.fail(new Overheated({ degrees: 451 }))
)

export const dies = Job.make(import.meta.url, "dies", {}, () =>
  Effect.sync(() => {
    throw new RangeError("out of range")
  }))

export const exits = Job.make(
  import.meta.url,
  "exits",
  {},
  () => Effect.zipRight(Effect.sync(() => process.exit(3)), Effect.never)
)

export const throwsLater = Job.make(import.meta.url, "throwsLater", {}, () =>
  Effect.zipRight(
    Effect.sync(() =>
      setTimeout(() => {
        throw new Error("in a timer")
      }, 1)
    ),
    Effect.never
  ))

export const rejects = Job.make(
  import.meta.url,
  "rejects",
  {},
  () => Effect.zipRight(Effect.sync(() => void Promise.reject(new Error("nobody caught"))), Effect.never)
)

export const eatsMemory = Job.make(import.meta.url, "eatsMemory", {}, () =>
  Effect.sync(() => {
    const all: Array<unknown> = []
    for (;;) {
      all.push(new Array(10_000).fill(all.length))
    }
  }))

/** Never lets go of its thread. */
export const loops = Job.make(import.meta.url, "loops", {}, () =>
  Effect.zipRight(
    Effect.orDie(TupleSpace.out(["looping"])),
    Effect.sync(() => {
      for (;;);
    })
  ))

/** Holds a tuple for as long as it runs, and says when it ends. */
export const holds = Job.make(
  import.meta.url,
  "holds",
  { input: Schema.Literal("wait", "exit", "loop") },
  (how) =>
    TupleSpace.inWith(["held"], () =>
      Effect.zipRight(
        TupleSpace.out(["holding"]),
        how === "wait"
          ? Effect.never
          : how === "exit"
          ? Effect.sync(() => process.exit(1))
          : Effect.sync(() => {
            for (;;);
          })
      )).pipe(
        Effect.ensuring(Effect.ignore(Effect.zipRight(Effect.sleep(20), TupleSpace.out(["finalized"])))),
        Effect.orDie
      )
)

export const takes = Job.make(
  import.meta.url,
  "takes",
  { input: Schema.Number },
  (round) =>
    Effect.orDie(
      Effect.uninterruptibleMask((restore) =>
        Effect.zipRight(restore(TupleSpace.in(["t", round])), TupleSpace.out(["took", round]))
      )
    )
)

export const moves = Job.make(
  import.meta.url,
  "moves",
  { schemas: [Point] },
  () =>
    Effect.orDie(Effect.gen(function*() {
      const [, point] = yield* TupleSpace.in(["point", P.instanceOf(Point)])
      yield* TupleSpace.out(["moved", new Point({ x: point.x + 1 })])
    }))
)

export const putsFunction = Job.make(
  import.meta.url,
  "putsFunction",
  {},
  () => Effect.orDie(TupleSpace.out(["f", () => 1]))
)

export const bytes = Job.make(
  import.meta.url,
  "bytes",
  { input: Schema.declare((u): u is Uint8Array => u instanceof Uint8Array), success: Schema.Number },
  (buffer) => Effect.succeed(buffer.byteLength)
)

/** Says that it has begun, and waits until it may go on. */
export const queues = Job.make(
  import.meta.url,
  "queues",
  { input: Schema.Number },
  (n) => Effect.orDie(Effect.zipRight(TupleSpace.out(["began", n]), Effect.asVoid(TupleSpace.in(["go", n]))))
)

/** What structured clone would strip without a word. */
class Plain {
  readonly x = 1
}

export const returnsInstance = Job.make(
  import.meta.url,
  "returnsInstance",
  { success: Schema.Unknown },
  () => Effect.succeed({ items: [new Plain()] })
)

/** Gives back what it is given, and says whether it is what it was. */
export const mirrors = Job.make(
  import.meta.url,
  "mirrors",
  { input: Schema.Unknown, success: Schema.Unknown, schemas: [Point] },
  (value) => Effect.succeed(value)
)

/** Prints numbered lines, to both streams. */
export const prints = Job.make(import.meta.url, "prints", { input: Schema.Number }, (lines) =>
  Effect.sync(() => {
    for (let i = 0; i < lines; i++) {
      process.stdout.write(`out ${i}\n`)
      process.stderr.write(`err ${i}\n`)
    }
  }))

/** As if something had come that cannot be read. */
export const getsRubbish = Job.make(
  import.meta.url,
  "getsRubbish",
  {},
  () => Effect.zipRight(Effect.sync(() => parentPort!.emit("messageerror", new Error("rubbish"))), Effect.never)
)

/** What cannot be sent, though nothing of it would be lost. */
export const returnsPort = Job.make(
  import.meta.url,
  "returnsPort",
  { success: Schema.Unknown },
  () => Effect.sync(() => new MessageChannel().port1)
)

export const returnsEmptied = Job.make(
  import.meta.url,
  "returnsEmptied",
  { success: Schema.Unknown },
  () =>
    Effect.sync(() => {
      const bytes = new Uint8Array(8)
      structuredClone(bytes, { transfer: [bytes.buffer] })
      return { bytes }
    })
)

/** Writes to the memory that it is given. */
export const marks = Job.make(import.meta.url, "marks", { input: Schema.Unknown }, (view) =>
  Effect.sync(() => {
    const { buffer, byteOffset } = view as Uint8Array
    new Uint8Array(buffer, byteOffset, 1)[0] = 42
  }))

export const diesOfObject = Job.make(
  import.meta.url,
  "diesOfObject",
  {},
  () => Effect.die({ code: 7, run: () => 1 })
)
