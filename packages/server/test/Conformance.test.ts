import { TupleSpace } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { assert, describe, it } from "@effect/vitest"
import { afterAll } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import type { Kind } from "./links.js"
import { atTheOtherEnd, farSkip } from "./links.js"
import type { Proxy } from "./proxy.js"
import { proxied } from "./proxy.js"

/** All engines over all connections take minutes: they are asked for. */
const isLong = process.env["LINDA_LINKS"] === "all"

let seed = 0
const proxies: Array<Proxy> = []

const memory = { layer: TupleSpace.layer, skip: {} }
const sqlite = { layer: Sqlite.layer({ filename: ":memory:" }), skip: Conformance.onStore.skip }

const overLinks = (name: string, kind: Kind, { layer, skip }: typeof memory | typeof sqlite, breaks: boolean) =>
  Conformance.suite({
    name,
    layer: breaks
      ? atTheOtherEnd(
        kind,
        layer,
        (address) =>
          Effect.map(proxied(address, { seed: ++seed, bytes: [200, 500_000], late: 1 }), (proxy) => {
            proxies.push(proxy)
            return proxy.address
          }),
        { reconnect: Schedule.spaced("2 millis") }
      )
      : atTheOtherEnd(kind, layer),
    time: "live",
    patience: "30 millis",
    lacks: { ...Conformance.onLink.lacks, ...(skip === memory.skip ? {} : Conformance.onStore.lacks) },
    skip: { ...skip, ...Conformance.onLink.skip, ...farSkip }
  })

overLinks("over TCP that breaks again and again: a space in memory", "tcp", memory, true)

if (isLong) {
  overLinks("over TCP: a space in memory", "tcp", memory, false)
  overLinks("over WebSocket: a space in memory", "websocket", memory, false)
  overLinks("over a Unix socket: a space in SQLite", "unix", sqlite, false)
  overLinks("over a Unix socket that breaks again and again: a space in SQLite", "unix", sqlite, true)
} else {
  describe("other engines and connections", () => {
    it.skip("(skipped: run them with LINDA_LINKS=all)", () => {})
  })
}

afterAll(() => {
  const cuts = proxies.reduce((sum, proxy) => sum + proxy.cuts(), 0)
  assert.isAbove(cuts, 50)
})
