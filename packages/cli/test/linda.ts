import { afterAll, beforeAll } from "@effect/vitest"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { bundle } from "../bundle.mjs"

/** How a command has ended, and what it has said. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** The next line of its output. */
  readonly line: () => Promise<string>
}

export interface Options {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** Starts a program, and listens to it. */
export const startProgram = (command: string, args: ReadonlyArray<string>, options: Options = {}): Running => {
  const { LINDA_SPACE: _, NO_COLOR: __, ...inherited } = process.env
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...inherited, ...options.env },
    stdio: ["pipe", "pipe", "pipe"]
  })
  child.stdin.on("error", () => {})
  child.stdin.end(options.input ?? "")
  let [out, err] = ["", ""]
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, out, err }))
  })
  return {
    child,
    ended,
    line: async () => {
      const { done, value } = await lines.next()
      if (done === true) {
        throw new Error(`it has ended: ${out}${err}`)
      }
      return value
    }
  }
}

/** The command, for the tests of a file, each in a folder of its own. */
export const useLinda = () => {
  const built = mkdtempSync(join(import.meta.dirname, "..", "build-test-"))
  const folder = mkdtempSync(join(tmpdir(), "linda-cli-"))
  const running = new Set<ChildProcess>()
  let program: string
  beforeAll(async () => {
    program = join(built, "linda.mjs")
    await bundle(program)
  })
  afterAll(() => {
    running.forEach((child) => child.kill("SIGKILL"))
    rmSync(built, { recursive: true })
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })
  let spaces = 0
  /** Looks until somebody, or so many, wait in a space, and gives what is said of them. */
  const waiters = async (space: string, count = 1): Promise<ReadonlyArray<unknown>> => {
    const { code, err, out } = await start(["waiters", "-s", space]).ended
    if (code !== 0) {
      throw new Error(err)
    }
    const all = out.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
    return all.length >= count ? all : waiters(space, count)
  }
  const start = (args: ReadonlyArray<string>, options: Options = {}): Running => {
    const started = startProgram(process.execPath, [program, ...args], { cwd: folder, ...options })
    running.add(started.child)
    void started.ended.then(() => running.delete(started.child))
    return started
  }
  return {
    folder,
    /** The file of the command. */
    program: () => program,
    /** A new file. */
    space: () => join(folder, `space-${++spaces}.db`),
    start,
    waiters,
    run: (args: ReadonlyArray<string>, options: Options = {}): Promise<Ended> => start(args, options).ended
  }
}
