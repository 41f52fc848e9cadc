import { TupleSpace } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { assert } from "@effect/vitest"
import { afterAll } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { atTheOtherEnd, farSkip } from "./links.js"
import type { Proxy } from "./proxy.js"
import { proxied } from "./proxy.js"

let seed = 10
const all: Array<Proxy> = []

Conformance.suite({
  name: "over TCP that breaks again and again: a space in memory",
  layer: atTheOtherEnd(
    "tcp",
    TupleSpace.layer,
    (address) =>
      Effect.map(proxied(address, { seed: ++seed, bytes: [200, 500_000], late: 1 }), (proxy) => {
        all.push(proxy)
        return proxy.address
      }),
    { reconnect: Schedule.spaced("2 millis") }
  ),
  time: "live",
  patience: "30 millis",
  lacks: Conformance.onLink.lacks,
  skip: { ...Conformance.onLink.skip, ...farSkip }
})

afterAll(() => {
  const cuts = all.reduce((sum, proxy) => sum + proxy.cuts(), 0)
  console.log(`${cuts} connections were cut`)
  assert.isAbove(cuts, 100)
})
