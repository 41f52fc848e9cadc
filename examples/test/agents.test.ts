import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { ChildProcess } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../../packages/cli/bundle.mjs"

// inside the package of the command, so that it finds the driver
const built = mkdtempSync(fileURLToPath(new URL("../../packages/cli/build-agents-", import.meta.url)))
const folder = mkdtempSync(join(tmpdir(), "linda-agents-"))
const started = new Set<ChildProcess>()
afterAll(() => {
  started.forEach((child) => child.kill("SIGKILL"))
  rmSync(built, { recursive: true })
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

beforeAll(async () => {
  await bundle(join(built, "command.mjs"))
  writeFileSync(join(built, "linda"), `#!/bin/sh\nexec "${process.execPath}" "${join(built, "command.mjs")}" "$@"\n`)
  chmodSync(join(built, "linda"), 0o755)
  cpSync(fileURLToPath(new URL("../agents", import.meta.url)), folder, { recursive: true })
})

const { LINDA_SPACE: _, ...inherited } = process.env
const env = { ...inherited, PATH: `${built}${delimiter}${process.env["PATH"]}`, PATIENCE: "4s", LEASE: "3s" }

const run = (command: string, ...args: ReadonlyArray<string>): string => {
  const { status, stderr, stdout } = spawnSync(command, args, { cwd: folder, env, encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
  return stdout
}

/** Starts an agent, and gives what it prints, once it has ended or has printed this. */
const start = (agent: string, variables: Readonly<Record<string, string>> = {}) => {
  const child = spawn("sh", ["agent.sh", agent], {
    cwd: folder,
    env: { ...env, ...variables },
    stdio: ["ignore", "pipe", "inherit"]
  })
  started.add(child)
  let printed = ""
  const until = (text: string) =>
    new Promise<string>((resolve) => {
      child.stdout.on("data", () => printed.includes(text) && resolve(printed))
      child.on("close", () => resolve(printed))
    })
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text))
  return { child, until, ended: new Promise<string>((resolve) => child.on("close", () => resolve(printed))) }
}

/** The processes below one, the deepest last. */
const below = (pid: number): ReadonlyArray<number> =>
  spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" }).stdout.split("\n")
    .map(Number)
    .filter((pid) => pid > 0)
    .flatMap((pid) => [pid, ...below(pid)])

describe("agents", () => {
  it("claim tasks and files together, in the order of what depends on what; who dies leaves the work to others", async () => {
    run("sh", "plan.sh")
    const doomed = start("Ada", { EFFORT: "600" })
    assert.include(await doomed.until("begins"), "Ada begins session")
    // the shell, its linda, and what that runs
    for (const pid of [doomed.child.pid!, ...below(doomed.child.pid!)]) {
      process.kill(pid, "SIGKILL")
    }
    const printed = await Promise.all([start("Bob").ended, start("Eve").ended])
    assert.strictEqual(printed.join("").match(/begins/g)?.length, 5)
    assert.strictEqual(readFileSync(join(folder, "login.txt"), "utf8"), "session\nform\n")
    assert.deepStrictEqual(readFileSync(join(folder, "tests.txt"), "utf8").trim().split("\n"), [
      "cases",
      "fixtures",
      "review"
    ])
    assert.strictEqual(run("linda", "count", "[\"task\", ...]"), "0\n")
    assert.strictEqual(run("linda", "count", "[\"file\", _]"), "2\n")
  })
})
