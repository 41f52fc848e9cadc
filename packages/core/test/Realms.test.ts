import { Pattern as P, Remote, SpaceStore, TupleSpace } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import * as vm from "node:vm"
import { MessageChannel } from "node:worker_threads"
import { equals } from "../src/internal/pattern/equality.js"
import { hash } from "../src/internal/pattern/hash.js"
import { show } from "../src/internal/print.js"
import { linkOf } from "./links.js"

// Values of other realms: of jest's and vitest's vmThreads, of iframes, of node:vm.

const foreign = (code: string): any => vm.runInNewContext(`(${code})`)

const engines = {
  "in memory": TupleSpace.make(),
  "through a port": Effect.gen(function*() {
    const { port1, port2 } = new MessageChannel()
    yield* Effect.forkScoped(Remote.serve(yield* TupleSpace.make(), linkOf(port1)))
    return yield* Remote.connect(linkOf(port2))
  }),
  "on a store": Effect.gen(function*() {
    const { open } = yield* SpaceStore.memory
    return yield* SpaceStore.make(yield* open("realms"))
  })
}

/** Data by its text. */
const data = [
  "{ x: 1, y: [2, { z: null }] }",
  "[1, [2], { a: undefined }]",
  "Object.assign(Object.create(null), { a: 1 })",
  "new Date(5)",
  "new Uint8Array([1, 2])",
  "new Float64Array([1.5])",
  "new DataView(new ArrayBuffer(4))",
  "{ d: new Date(5), l: [new Uint8Array(3)] }",
  "structuredClone !== undefined && { x: 1 }"
].map((code) => code.startsWith("structuredClone") ? "{ x: 1 }" : code)

describe("Realms", () => {
  it("S2 K12 data of another realm is equal to that of this one, has its hash, and is shown as such", () => {
    for (const code of data) {
      const here = (0, eval)(`(${code})`)
      assert.isTrue(equals(here, foreign(code)), code)
      assert.isTrue(equals(foreign(code), here), code)
      assert.strictEqual(hash(here), hash(foreign(code)), code)
      assert.strictEqual(show(here), show(foreign(code)))
    }
    for (const code of ["new Map()", "new Set()", "/a/", "new Error()", "new (class A {})()", "Object(1)"]) {
      assert.isFalse(equals((0, eval)(`(${code})`), foreign(code)), code)
    }
    assert.isFalse(equals(foreign("new (class A { x = 1 })()"), { x: 1 }))
  })

  it("S3 K12 formals know values of other realms, and take them as their operands", () => {
    assert.isTrue(P.matches([P.date])([foreign("new Date(5)")]))
    assert.isTrue(P.matches([P.between(new Date(0), new Date(9))])([foreign("new Date(5)")]))
    assert.isTrue(P.matches([P.between(foreign("new Date(0)"), new Date(9))])([new Date(5)]))
    assert.isTrue(P.matches([P.matching(foreign("/^a/g"))])(["ab"]))
    assert.isTrue(P.matches(foreign("['a', { x: 1 }]"))(["a", { x: 1 }]))
    assert.isTrue(P.matches([[P.number], { x: P.number }])([foreign("[1]"), foreign("{ x: 1 }")]))
    assert.isTrue(P.matches([P.partial(foreign("{ x: 1 }"))])([{ x: 1, y: 2 }]))
    assert.isFalse(P.matches([P.instanceOf(Map)])([foreign("new Map()")]))
    assert.throws(() => P.matches(["a", foreign("async () => true")] as any), /has to answer at once/)
  })

  for (const [name, make] of Object.entries(engines)) {
    it.scopedLive(`S2 K12 ${name}: values of another realm can be put, found by equal ones and taken`, () =>
      Effect.gen(function*() {
        const space = yield* (make as Effect.Effect<TupleSpace.TupleSpace, any, any>)
        for (const code of data) {
          const here = (0, eval)(`(${code})`)
          const waiter = yield* Effect.fork(space.rd(["v", P.literal(here)]))
          yield* space.out(["v", foreign(code)])
          assert.deepStrictEqual(JSON.stringify((yield* Fiber.join(waiter))[1]), JSON.stringify(here))
          assert.isTrue(Option.isSome(yield* space.inp(["v", P.literal(foreign(code))])), code)
        }
        for (
          const code of ["new Map([[1, { x: 1 }]])", "new Set([1])", "/a/g", "new TypeError('t')", "new ArrayBuffer(2)"]
        ) {
          yield* space.out(["w", foreign(code)])
          assert.isTrue(Option.isSome(yield* space.inp(["w", P.any])), code)
        }
        yield* space.out(foreign("['whole', 1]"))
        assert.deepStrictEqual(yield* space.in(foreign("['whole', 1]")), ["whole", 1])
        assert.deepStrictEqual(yield* space.inAll(foreign("[]")).pipe(Effect.exit, Effect.as(0)), 0)
      }) as Effect.Effect<void, any, any>)
  }
})
