import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Ended } from "./linda.js"
import { useLinda } from "./linda.js"

const linda = useLinda()

const ends = ({ code, err, out }: Ended, expected: { code?: number; out?: string; err?: string | RegExp }) => {
  assert.strictEqual(code, expected.code ?? 0, out + err)
  assert.strictEqual(out, expected.out ?? "")
  if (expected.err instanceof RegExp) {
    assert.match(err, expected.err)
  } else {
    assert.strictEqual(err, expected.err ?? "")
  }
}

describe("the command", () => {
  it("puts, reads, counts and takes; a line of JSON for each tuple", async () => {
    const env = { LINDA_SPACE: linda.space() }
    const run = (...args: ReadonlyArray<string>) => linda.run(args, { env })
    ends(await run("out", "[\"task\", 7, \"fix login\"]", "[\"task\", 8, {\"a\": [1, null]}]"), {})
    ends(await run("count", "[\"task\", ...]"), { out: "2\n" })
    ends(await run("count"), { out: "2\n" })
    ends(await run("rd", "[\"task\", ?id:number, _]"), { out: "[\"task\",7,\"fix login\"]\n" })
    ends(await run("rdp", "[\"task\", 8, _]"), { out: "[\"task\",8,{\"a\":[1,null]}]\n" })
    ends(await run("in", "[\"task\", ?id:number, _]"), { out: "[\"task\",7,\"fix login\"]\n" })
    ends(await run("inp", "[\"task\", ?id:number, _]"), { out: "[\"task\",8,{\"a\":[1,null]}]\n" })
    ends(await run("inp", "[\"task\", ?id:number, _]"), { code: 1 })
    ends(await run("rdp", "[\"task\", ...]"), { code: 1 })
    ends(await run("count"), { out: "0\n" })
  })

  it("waits as long as it is told; options stand anywhere", async () => {
    const space = linda.space()
    const late = await linda.run(["in", "[\"task\", ?id]", "--wait", "50ms", "-s", space])
    ends(late, { code: 1, err: "linda: nothing there within 50ms\n" })
    const waiting = linda.start(["--space", space, "in", "[\"task\", ?id]", "--wait=10m"])
    const [waiter] = await linda.waiters(space)
    assert.deepInclude(waiter as object, { kind: "in", patterns: ["[\"task\", ref(id)]"] })
    ends(await linda.run(["out", "-s", space, "[\"task\", 1]"]), {})
    ends(await waiting.ended, { out: "[\"task\",1]\n" })
  })

  it("several patterns are found together, with guards; equal names are one variable", async () => {
    const space = linda.space()
    const run = (...args: ReadonlyArray<string>) => linda.run([...args, "-s", space])
    ends(await run("out", "[\"task\", 1, \"a\"]", "[\"task\", 2, \"b\"]", "[\"file\", \"b\"]", "[\"done\", 1]"), {})
    const both = ["[\"task\", ?id, ?file]", "[\"file\", ?file]"]
    ends(await run("rdp", ...both), { out: "[\"task\",2,\"b\"]\n[\"file\",\"b\"]\n" })
    ends(await run("inp", ...both, "--unless", "[\"done\", _]"), { code: 1 })
    ends(await run("inp", ...both, "--if", "[\"done\", 2]"), { code: 1 })
    ends(await run("inp", ...both, "--if", "[\"done\", 1]", "--unless", "[\"done\", ?id]"), {
      out: "[\"task\",2,\"b\"]\n[\"file\",\"b\"]\n[\"done\",1]\n"
    })
    ends(await run("collect"), { out: "[\"task\",1,\"a\"]\n[\"done\",1]\n" })
  })

  it("collects, with a limit, or without taking", async () => {
    const space = linda.space()
    const run = (...args: ReadonlyArray<string>) => linda.run([...args, "-s", space])
    ends(await linda.run(["out", "-s", space], { input: "[1]\n\n[2]\n[3]\n" }), {})
    ends(await run("collect", "[_]", "--copy", "--limit", "2"), { out: "[1]\n[2]\n" })
    ends(await run("collect", "[_]", "--limit", "2"), { out: "[1]\n[2]\n" })
    ends(await run("collect"), { out: "[3]\n" })
    ends(await run("collect"), { code: 1 })
  })

  it("puts with a time to live, later, and by priority", async () => {
    const space = linda.space()
    const run = (...args: ReadonlyArray<string>) => linda.run([...args, "-s", space])
    ends(await run("out", "[\"a\"]", "--ttl", "0ms"), {})
    ends(await run("out", "[\"b\"]", "--after", "1h30m"), {})
    ends(await run("out", "[\"c\"]"), {})
    ends(await run("out", "[\"d\"]", "--priority", "5"), {})
    ends(await run("rdp", "[_]"), { out: "[\"d\"]\n" })
    ends(await run("count"), { out: "2\n" })
    const { scheduled } = JSON.parse((await run("top", "--json")).out)
    assert.strictEqual(scheduled.count, 1)
    assert.isAbove(scheduled.next, 80 * 60_000)
  })

  it("watches, until so many have come", async () => {
    const space = linda.space()
    ends(await linda.run(["out", "[1]", "-s", space]), {})
    const all = linda.start(["watch", "[_:number]", "--all", "--limit", "2", "-s", space])
    assert.strictEqual(await all.line(), "[1]")
    const events = linda.start(["watch", "[_:number]", "--events", "out,in", "--limit", "2", "-s", space])
    await linda.waiters(space, 2)
    ends(await linda.run(["out", "[2]", "[\"x\"]", "-s", space]), {})
    ends(await all.ended, { out: "[1]\n[2]\n" })
    ends(await linda.run(["in", "[2]", "-s", space]), { out: "[2]\n" })
    ends(await events.ended, { out: "{\"event\":\"out\",\"tuple\":[2]}\n{\"event\":\"in\",\"tuple\":[2]}\n" })
  })

  it("exports and imports", async () => {
    const [one, other] = [linda.space(), linda.space()]
    const file = join(linda.folder, "tuples.jsonl")
    ends(await linda.run(["out", "[\"a\", 1]", "-s", one, "--priority", "3"]), {})
    ends(await linda.run(["export", file, "-s", one]), {})
    const text = (await linda.run(["export", "-s", one])).out
    assert.strictEqual(text, readFileSync(file, "utf8"))
    ends(await linda.run(["import", file, "-s", other]), { out: "1\n" })
    ends(await linda.run(["import", "-s", `${other}#second`], { input: text }), { out: "1\n" })
    assert.include((await linda.run(["export", "-s", other])).out, "\"priority\":3")
    ends(await linda.run(["import", "-s", other], { input: text.split("\n").slice(0, 2).join("\n") }), {
      code: 2,
      err: /^linda: after line 2: the lines were cut off: there is no end/
    })
    ends(await linda.run(["import", join(linda.folder, "none"), "-s", other]), {
      code: 2,
      err: /cannot be read: ENOENT/
    })
  })

  it("shows what is going on", async () => {
    const space = linda.space()
    ends(
      await linda.run(["out", "[\"task\", 1]", "[\"task\", 2]", "[\"dead\", [\"task\", 3], \"no\"]", "-s", space]),
      {}
    )
    const top = await linda.run(["top", "-s", space])
    assert.match(top.out, /3 tuples {2}0 held {2}0 waiting\n\nTUPLES {2}OLDEST {2}SHAPE\n {5}2 .*\["task", number\]/)
    const { out } = await linda.run(["explain", "[\"task\", ?id]", "[?id]", "-s", space])
    assert.include(out, "pattern 0: 2 candidates")
    const doctor = await linda.run(["doctor", "-s", space])
    ends(doctor, { out: doctor.out })
    assert.match(doctor.out, /^ok {2}tables +of this version$/m)
    assert.match(doctor.out, /^ok {2}tuples +3 stored, 0 held/m)
    assert.match(doctor.out, /^!! {2}dead letters +1: linda redrive puts them back$/m)
    assert.match(doctor.out, /^ok {2}delivery +a tuple has reached who waited for it in \d+ ms$/m)
    for (const line of (await linda.run(["doctor", "-s", space, "--json"])).out.trim().split("\n")) {
      assert.hasAllKeys(JSON.parse(line), ["check", "state", "text"])
    }
  })

  it("looks at what is not there without making it", async () => {
    const space = linda.space()
    ends(await linda.run(["doctor", "-s", space]), { out: (await linda.run(["doctor", "-s", space])).out })
    const { out } = await linda.run(["migrate", "--dry-run", "-s", space])
    assert.include(out, "CREATE TABLE linda_migrations")
    ends(await linda.run(["in", "[?]", "-s", space]), { code: 2, err: /a hole has a name/ })
    assert.isFalse(existsSync(space))
    ends(await linda.run(["migrate", "-s", space]), { out: "the tables are of this version now\n" })
    ends(await linda.run(["migrate", "--dry-run", "-s", space]), {
      out: "-- nothing to do: the tables are of this version\n"
    })
  })

  it("the space is a file of the working directory by default", async () => {
    ends(await linda.run(["out", "[1]"]), {})
    ends(await linda.run(["count", "-s", join(linda.folder, "linda.db")]), { out: "1\n" })
  })

  for (
    const [name, args, code, err] of [
      ["no command", [], 2, "linda: which command? (linda --help)\n"],
      [
        "a command that there is not",
        ["inn", "[1]"],
        2,
        "linda: there is no command inn; did you mean in? (linda --help)\n"
      ],
      [
        "an option that there is not",
        ["in", "[1]", "--wayt", "1s"],
        2,
        "linda: in has no option --wayt; did you mean --wait? (linda in --help tells all)\n"
      ],
      ["an option of another command", ["count", "--wait", "1s"], 2, /^linda: count has no option --wait/],
      ["an option without its value", ["in", "[1]", "--wait"], 2, "linda: --wait takes a value, and there is none\n"],
      ["a value for none", ["in", "[1]", "--json=yes"], 2, "linda: --json takes no value\n"],
      [
        "a duration without a unit",
        ["in", "[1]", "--wait", "3"],
        2,
        "linda: --wait 3: a duration is a number and a unit, such as 500ms, 10s, 5m, 1h30m or 2d\n"
      ],
      ["a number that is none", ["out", "[1]", "--priority", "high"], 2, /^linda: .*high/],
      ["a priority out of range", ["out", "[1]", "--priority", "5000"], 2, /^linda: .*priority/],
      ["no pattern", ["in"], 2, "linda: Missing argument <pattern>\n"],
      [
        "a mistake in a pattern",
        ["in", "[\"task\", ?id:nmber, _]"],
        2,
        `linda: a hole is of a type that there is
  ["task", ?id:nmber, _]
               ^ no type \`nmber\`; did you mean \`number\`?
`
      ],
      ["a hole in a tuple", ["out", "[1, _]"], 2, /^linda: a tuple has no holes\n {2}\[1, _\]\n {6}\^/],
      ["too many patterns", ["count", "[1]", "[2]"], 2, /^linda: .*\[2\]/],
      ["an event that there is not", ["watch", "--events", "on"], 2, /^linda: --events on: there are out, in/],
      ["an engine that there is not", ["in", "[1]", "-s", "mysql://x"], 2, /^linda: no space is at mysql:/],
      [
        "a served space that is not there",
        ["count", "-s", "tcp://127.0.0.1:1"],
        3,
        /^linda: there is no connection to the /
      ],
      ["a folder that there is not", ["in", "[1]", "-s", "no/x.db"], 3, /^linda: .*the folder no does not exist/],
      [
        "a server that is not there",
        ["in", "[1]", "--wait", "1s", "-s", "postgres://localhost:1/x"],
        3,
        /^linda: PostgreSQL: .*ECONNREFUSED/
      ],
      ["a command to run that is missing", ["with", "[1]"], 2, /^linda: with: which command\? It stands behind --/]
    ] as const
  ) {
    it(`refuses ${name}`, async () => ends(await linda.run(args), { code, err }))
  }

  it("tells what it can, without colours in a pipe", async () => {
    const help = await linda.run(["--help"])
    ends(help, { out: help.out })
    assert.notInclude(help.out, "\u001b")
    assert.match(help.out, /^ {2}with .*exit code 0 consumes it/m)
    const one = await linda.run(["in", "--help"])
    ends(one, { out: one.out })
    assert.include(one.out, "--wait duration")
    assert.notInclude(one.out, "\u001b")
    assert.match((await linda.run(["--version"])).out, /^\d+\.\d+\.\d+\n/)
    for (const shell of ["bash", "zsh", "fish"]) {
      assert.match((await linda.run(["--completions", shell])).out, /collect/)
    }
  })

  it("takes nothing if nobody reads what it writes", async () => {
    const space = linda.space()
    const tuple = JSON.stringify(["task", "x".repeat(200_000)])
    ends(await linda.run(["out", "-s", space], { input: tuple }), {})
    const taking = linda.start(["in", "[\"task\", _]", "-s", space])
    taking.child.stdout!.destroy()
    assert.strictEqual((await taking.ended).code, 128 + 13)
    ends(await linda.run(["count", "-s", space]), { out: "1\n" })
  })

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    it(`${signal} ends a wait, which leaves nothing behind`, async () => {
      const space = linda.space()
      const waiting = linda.start(["in", "[\"task\"]", "-s", space])
      await linda.waiters(space)
      waiting.child.kill(signal)
      ends(await waiting.ended, { code: { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal] })
      ends(await linda.run(["waiters", "-s", space]), {})
      ends(await linda.run(["out", "[\"task\"]", "-s", space]), {})
      ends(await linda.run(["count", "-s", space]), { out: "1\n" })
    })
  }
})
