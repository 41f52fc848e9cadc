import { assert, describe, it } from "@effect/vitest"
import { useServer } from "../../sql/test/postgres/useServer.js"
import { useLinda } from "./linda.js"

const linda = useLinda()
const server = useServer()

const urlOf = (space: string): string => {
  const { database, host, port, user } = server().connection()
  return `postgres://${user}@${host}:${port}/${database}#${space}`
}

describe("the command, in PostgreSQL", () => {
  it("puts, reads, counts, takes, and waits", async () => {
    const space = urlOf("basic")
    const run = (...args: ReadonlyArray<string>) => linda.run([...args, "-s", space])
    const waiting = linda.start(["in", "[\"task\", ?id:number]", "-s", space])
    await linda.waiters(space)
    assert.deepStrictEqual(await run("out", "[\"task\", 1]", "[\"task\", 2]"), { code: 0, out: "", err: "" })
    assert.deepStrictEqual(await waiting.ended, { code: 0, out: "[\"task\",1]\n", err: "" })
    assert.strictEqual((await run("rdp", "[\"task\", _]")).out, "[\"task\",2]\n")
    assert.strictEqual((await run("count")).out, "1\n")
    assert.strictEqual((await linda.run(["count", "-s", urlOf("other")])).out, "0\n")
    assert.strictEqual((await run("inp", "[\"task\", _]")).out, "[\"task\",2]\n")
    assert.deepStrictEqual(await run("inp", "[\"task\", _]"), { code: 1, out: "", err: "" })
  })

  it("runs a command while it holds what that needs", async () => {
    const space = urlOf("with")
    const run = (...args: ReadonlyArray<string>) => linda.run(args, { env: { LINDA_SPACE: space } })
    await run("out", "[\"task\", 1, \"a\"]", "[\"file\", \"a\"]")
    const both = ["[\"task\", ?id, ?file]", "[\"file\", ?file]"]
    assert.strictEqual((await run("with", ...both, "--", "sh", "-c", "exit 5")).code, 5)
    assert.deepStrictEqual(await run("with", ...both, "--", "echo", "{id}"), { code: 0, out: "1\n", err: "" })
    const killed = linda.start([
      "with",
      "[\"lock\"]",
      "--lease",
      "2s",
      "-s",
      space,
      "--",
      "sh",
      "-c",
      "echo ready; sleep 9"
    ])
    await run("out", "[\"lock\"]")
    assert.strictEqual(await killed.line(), "ready")
    killed.child.kill("SIGKILL")
    await killed.ended
    assert.strictEqual((await run("in", "[\"lock\"]")).out, "[\"lock\"]\n")
  })

  it("is looked at by the doctor, without its password", async () => {
    const space = urlOf("doctor")
    const doctor = await linda.run(["doctor", "-s", space.replace("@", ":secret@")])
    assert.strictEqual(doctor.code, 0, doctor.out + doctor.err)
    assert.notInclude(doctor.out, "secret")
    assert.match(doctor.out, /^ok {2}delivery +a tuple has reached/m)
    assert.match(doctor.out, /^ok {2}clock +this machine and the space agree$/m)
    assert.match((await linda.run(["migrate", "--dry-run", "-s", space])).out, /^-- nothing to do/)
  })
})
