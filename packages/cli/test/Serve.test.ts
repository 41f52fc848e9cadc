import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { useLinda } from "./linda.js"

const linda = useLinda()

/** A server, and the addresses at which it listens. */
const served = async (
  listen: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  ...more: ReadonlyArray<string>
) => {
  const server = linda.start(["serve", ...listen, "-s", linda.space(), ...more], { env })
  const addresses: Array<string> = []
  for (const _ of listen) {
    addresses.push(await server.line())
  }
  const stop = async () => {
    server.child.kill("SIGTERM")
    return (await server.ended).code
  }
  return { addresses, stop }
}

const got = (tuple: unknown) => ({ code: 0, out: `${JSON.stringify(tuple)}\n`, err: "" })

describe("linda serve", () => {
  it("serves a space, and those beside it, at several addresses, until it is stopped", async () => {
    const socket = `unix:${join(linda.folder, "s")}`
    const { addresses: [http, ws, tcp, unix], stop } = await served(
      ["http://127.0.0.1:0", "ws://127.0.0.1:0", "tcp://127.0.0.1:0", socket]
    )
    assert.strictEqual(unix, socket)
    const waiting = linda.start(["in", "[\"task\", ?id]", "-s", tcp!])
    await linda.waiters(ws!)
    await linda.run(["out", "[\"task\", 7]", "-s", `${http!.replace("http", "ws")}/linda`])
    assert.deepStrictEqual(await waiting.ended, got(["task", 7]))
    await linda.run(["out", "[\"task\", 8]", "-s", `${unix}#night`])
    assert.deepStrictEqual(await linda.run(["inp", "[\"task\", _]", "-s", unix!]), { code: 1, out: "", err: "" })
    const body = JSON.stringify({ pattern: ["task", { "?": "number" }] })
    const headers = { "content-type": "application/json" }
    const held = await (await fetch(`${http}/spaces/night/in`, { method: "POST", headers, body })).json() as object
    assert.deepInclude(held, { tuple: ["task", 8], attempts: 0 })
    assert.strictEqual(
      (await linda.run(["with", "[\"task\", 8]", "-s", `${unix}#night`, "--wait", "1ms", "--", "true"])).code,
      1
    )
    assert.strictEqual(await stop(), 128 + 15)
  })

  it("with a token lets in who has it; read-only it lets nobody put or take", async () => {
    const { addresses: [tcp], stop } = await served(["tcp://127.0.0.1:0"], { LINDA_TOKEN: "sesame" }, "--read-only")
    const run = (args: ReadonlyArray<string>, token: string) =>
      linda.run([...args, "-s", tcp!], { env: { LINDA_TOKEN: token } })
    const refused = await run(["count"], "please")
    assert.deepStrictEqual([refused.code, refused.out], [3, ""])
    assert.match(refused.err, /the server wants its token: put that into LINDA_TOKEN/)
    assert.strictEqual((await run(["count"], "sesame")).out, "0\n")
    assert.match((await run(["out", "[1]"], "sesame")).err, /does not allow|view/)
    await stop()
  })

  it("says where it cannot listen", async () => {
    const wrong = await linda.run(["serve", "ftp://here", "-s", linda.space()])
    assert.strictEqual(wrong.code, 2)
    assert.match(wrong.err, /cannot listen at ftp:\/\/here: give http:\/\/host:port/)
    const { addresses: [tcp], stop } = await served(["tcp://127.0.0.1:0"])
    const taken = await linda.run(["serve", tcp!, "-s", linda.space()])
    assert.strictEqual(taken.code, 3)
    assert.match(taken.err, /cannot listen at 127\.0\.0\.1:\d+: .*EADDRINUSE/)
    await stop()
  })
})
