import { assert, describe, it } from "@effect/vitest"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { storm } from "../storm/storm.js"
import { useLinda } from "./linda.js"

const linda = useLinda()

/** A space with these tuples, and the command for it. */
const withTuples = async (...tuples: ReadonlyArray<ReadonlyArray<unknown>>) => {
  const space = linda.space()
  const run = (...args: ReadonlyArray<string>) => linda.run(args, { env: { LINDA_SPACE: space } })
  assert.strictEqual((await run("out", ...tuples.map((tuple) => JSON.stringify(tuple)))).code, 0)
  return {
    space,
    run,
    start: (...args: ReadonlyArray<string>) => linda.start(args, { env: { LINDA_SPACE: space } }),
    /** What is in the space, without the line that names it and that of the end. */
    all: async () => (await run("export")).out.split("\n").slice(1, -2).map((line) => JSON.parse(line))
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // what has ended and was not waited for is not alive: a zombie of a container without an init
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const task = { tuple: ["task", 7], shape: "sn" }

describe("with", () => {
  it("success consumes; the command has what was found as words and as variables", async () => {
    const { all, run, space } = await withTuples(["task", 7, { why: "b c" }], ["file", "a.ts"])
    const script = "printf '%s\\n' \"$@\" \"$LINDA_ID\" \"$LINDA_HOW\" \"$LINDA_TUPLES\" \"$LINDA_SPACE\""
    const ended = await run(
      "with",
      "[\"task\", ?id, ?how]",
      "[\"file\", ?name]",
      ...["--", "sh", "-c", script, "sh", "{id}", "x-{name}", "{how}", "{other}", "--help", "--version"]
    )
    const tuples = "[[\"task\",7,{\"why\":\"b c\"}],[\"file\",\"a.ts\"]]"
    assert.deepStrictEqual(ended, {
      code: 0,
      out: `7\nx-a.ts\n{"why":"b c"}\n{other}\n--help\n--version\n7\n{"why":"b c"}\n${tuples}\n${space}\n`,
      err: ""
    })
    assert.deepStrictEqual(await all(), [])
  })

  it("what fails is back, with its exit code; a command that there is not is no attempt", async () => {
    const { all, run } = await withTuples(["task", 7])
    const missing = await run("with", "[\"task\", ?id]", "--", "./none")
    assert.deepStrictEqual(missing, { code: 127, out: "", err: "linda: there is no such command: ./none\n" })
    assert.deepStrictEqual(await all(), [task])
    assert.strictEqual((await run("with", "[\"task\", ?id]", "--", "sh", "-c", "exit 42")).code, 42)
    assert.deepStrictEqual(await all(), [{ ...task, attempts: 1 }])
    assert.strictEqual((await run("with", "[\"task\", ?id]", "--", "sh", "-c", "kill -KILL $$")).code, 137)
    assert.deepStrictEqual(await all(), [{ ...task, attempts: 2 }])
  })

  it("after so many failures it is a dead letter, which redrive puts back", async () => {
    const { all, run } = await withTuples(["task", 7], ["file", "a"])
    const attempt = ["with", "[\"task\", ?id]", "[\"file\", _]", "--attempts", "2", "--", "sh", "-c", "exit 3"]
    assert.strictEqual((await run(...attempt)).code, 3)
    assert.strictEqual((await run(...attempt)).code, 3)
    const letters = await run("collect", "[\"dead\", ...]", "--copy")
    assert.strictEqual(letters.out, "[\"dead\",[\"task\",7],\"exit code 3: sh -c exit 3\"]\n")
    assert.strictEqual((await run("redrive", "[\"job\", ...]")).code, 1)
    assert.deepStrictEqual(await run("redrive", "[\"task\", ...]"), { code: 0, out: "1\n", err: "" })
    assert.sameDeepMembers((await all()).map(({ tuple }) => tuple), [["task", 7], ["file", "a"]])
  })

  it("a failure with a backoff keeps it away for a while", async () => {
    const { all, run } = await withTuples(["task", 7])
    assert.strictEqual((await run("with", "[\"task\", _]", "--backoff", "1h", "--", "false")).code, 1)
    const [{ after }] = await all()
    assert.isAbove(after, 50 * 60_000)
  })

  it("waits for all at once, holding none of it", async () => {
    const { run, space, start } = await withTuples(["task", 7, "a"])
    const late = await run("with", "[\"task\", ?id, ?file]", "[\"file\", ?file]", "--wait", "50ms", "--", "true")
    assert.deepStrictEqual(late, { code: 1, out: "", err: "linda: nothing there within 50ms\n" })
    const working = start("with", "[\"task\", ?id, ?file]", "[\"file\", ?file]", "--", "echo", "{id} {file}")
    await linda.waiters(space)
    assert.strictEqual((await run("rdp", "[\"task\", ...]")).code, 0)
    await run("out", "[\"file\", \"b\"]", "[\"file\", \"a\"]")
    assert.deepStrictEqual(await working.ended, { code: 0, out: "7 a\n", err: "" })
    assert.strictEqual((await run("collect")).out, "[\"file\",\"b\"]\n")
  })

  it("a lock is given back, whatever becomes of the command", async () => {
    const { all, run } = await withTuples(["task", 1, "a"], ["file", "a"])
    const both = ["with", "[\"task\", ?id, ?file]", "--lock", "[\"file\", ?file]", "--"]
    const free = "linda count '[\"file\", _]'".replace("linda", `${process.execPath} ${linda.program()}`)
    assert.deepStrictEqual(await run(...both, "sh", "-c", `${free}; exit 4`), { code: 4, out: "0\n", err: "" })
    assert.strictEqual((await all()).length, 2)
    assert.deepStrictEqual(await run(...both, "echo", "{id} {file}"), { code: 0, out: "1 a\n", err: "" })
    assert.deepStrictEqual((await all()).map(({ tuple }) => tuple), [["file", "a"]])
  })

  it("guards are read: while something is there, and while something is not", async () => {
    const { run } = await withTuples(["task", 1, 0], ["task", 2, 9], ["done", 0], ["done", 9], ["paused", 1])
    const ended = await run(
      "with",
      "[\"task\", ?id, ?needs]",
      ...["--if", "[\"done\", ?needs]", "--unless", "[\"paused\", ?id]", "--", "echo", "{id} {needs}"]
    )
    assert.strictEqual(ended.out, "2 9\n")
    assert.strictEqual((await run("count")).out, "4\n")
  })

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`${signal} is passed on, and its end waited for; what was held is back, and this was no attempt`, async () => {
      const { all, start } = await withTuples(["task", 7])
      const trap = `trap 'echo told; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
      const told = start("with", "[\"task\", _]", "--", "sh", "-c", trap)
      assert.strictEqual(await told.line(), "ready")
      told.child.kill(signal)
      assert.deepStrictEqual(await told.ended, { code: 9, out: "ready\ntold\n", err: "" })
      assert.deepStrictEqual(await all(), [task])
      if (signal === "SIGTERM") {
        const killed = start("with", "[\"task\", _]", "--", "sh", "-c", "echo ready; exec sleep 600")
        assert.strictEqual(await killed.line(), "ready")
        killed.child.kill(signal)
        assert.strictEqual((await killed.ended).code, 143)
        assert.deepStrictEqual(await all(), [task])
      }
    })
  }

  it("kill -9: its command is ended, and after the lease the next one gets the tuple", async () => {
    const { run, start } = await withTuples(["task", 7])
    const killed = start("with", "[\"task\", _]", "--lease", "2s", "--", "sh", "-c", "echo $$; exec sleep 600")
    const pid = Number(await killed.line())
    killed.child.kill("SIGKILL")
    await killed.ended
    await until(() => !isAlive(pid))
    assert.strictEqual((await run("in", "[\"task\", _]")).out, "[\"task\",7]\n")
  })

  it("renews its lease while the command runs", async () => {
    const { all, run, start } = await withTuples(["task", 7])
    const file = join(linda.folder, "go")
    const script = `echo ready; until [ -e ${file} ]; do sleep 0.05; done`
    const working = start("with", "[\"task\", _]", "--lease", "3s", "--", "sh", "-c", script)
    assert.strictEqual(await working.line(), "ready")
    assert.strictEqual((await run("in", "[\"task\", _]", "--wait", "7s")).code, 1)
    assert.isFalse(existsSync(file))
    writeFileSync(file, "")
    assert.strictEqual((await working.ended).code, 0)
    assert.deepStrictEqual(await all(), [])
  })

  it("shells that are killed: each task is claimed by one at a time, and done", async () => {
    const folder = join(linda.folder, "storm")
    mkdirSync(folder)
    const report = await storm({ folder, program: linda.program(), shells: 4, tasks: 24, kills: 6, lease: "3s" })
    assert.deepInclude(report, { done: 24, left: 0, overlaps: 0 })
  })
})
