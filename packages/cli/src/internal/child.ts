/**
 * Another program, which runs while this one holds tuples for it.
 *
 * It gets the signals that this one gets. If this one is killed, a guard ends it: a shell that reads a pipe of this
 * one, which breaks then, whatever this one has died of.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { callback } from "./runtime.js"
import type { Signal } from "./signals.js"
import { codeOf, Signals } from "./signals.js"

/** How the other program has ended. */
export interface Ended {
  /** As a shell says it. */
  readonly code: number
  /** In words, unless it was successful. */
  readonly how: string
  /** It did what it was to do, or failed at that; or it has not begun, or was told to end by a signal to this one. */
  readonly was: "successful" | "failed" | "unstarted" | "stopped"
}

/** In seconds: how long a program that is told to end has before it is made to. */
const grace = 5

/** What a shell says of a command that it does not find, and of one that it cannot run. */
const codes = { notFound: 127, notExecutable: 126 } as const

const guard = `trap "" HUP INT TERM; read -r end; [ "$end" ] || { kill -TERM $1 && sleep ${grace} && kill -KILL $1; }`

/**
 * Ends a program when this one dies. Where there is no shell there is no guard. What says that all is well is a line
 * in the pipe.
 */
const guarding = (pid: number): () => void => {
  if (process.platform === "win32") {
    return () => {}
  }
  const shell = spawn("/bin/sh", ["-c", guard, "linda-guard", String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true
  })
  shell.on("error", () => {})
  shell.stdin.on("error", () => {})
  shell.unref()
  return () => void shell.stdin.end("end\n")
}

/** Starts a program with the terminal, the pipes and the environment of this one, and these variables. */
const start = (command: ReadonlyArray<string>, env: Readonly<Record<string, string>>): ChildProcess =>
  spawn(command[0]!, command.slice(1), { stdio: "inherit", env: { ...process.env, ...env } })

/** Whether the terminal tells the other program of Ctrl-C by itself: it is of the same group. */
const isToldByTerminal = (signal: Signal): boolean =>
  signal === "SIGINT" && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY)

/** Runs a program to its end. If this is interrupted, the program is ended first. */
export const run = (
  command: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
): Effect.Effect<Ended, never, Signals> =>
  Effect.scoped(Effect.gen(function*() {
    const signals = yield* Signals
    let isTold = false
    let child: ChildProcess | undefined
    yield* signals.handOn((signal) => {
      isTold = true
      if (!isToldByTerminal(signal)) {
        child?.kill(signal)
      }
    })
    return yield* callback<Ended>((resume) => {
      let release = () => {}
      const end = (ended: Ended) => {
        release()
        resume(Effect.succeed(ended))
      }
      child = start(command, env)
      child.on("error", (error: NodeJS.ErrnoException) => {
        // Also told when a signal cannot be sent.
        if (child?.pid === undefined) {
          const isMissing = error.code === "ENOENT"
          end({
            code: isMissing ? codes.notFound : codes.notExecutable,
            how: isMissing ? "there is no such command" : error.message,
            was: "unstarted"
          })
        }
      })
      child.on("exit", (exitCode, signal) => {
        const code = signal === null ? exitCode ?? 0 : codeOf(signal)
        end({
          code,
          how: signal ?? `exit code ${code}`,
          was: code === 0 ? "successful" : isTold ? "stopped" : "failed"
        })
      })
      if (child.pid !== undefined) {
        release = guarding(child.pid)
      }
      return Effect.andThen(
        Effect.sync(() => child?.kill("SIGTERM")),
        Effect.race(
          callback<void>((resume) => {
            if (child?.exitCode !== null || child.signalCode !== null) {
              return resume(Effect.void)
            }
            child.once("exit", () => resume(Effect.void))
          }),
          Effect.zipRight(Effect.sleep(`${grace} seconds`), Effect.sync(() => void child?.kill("SIGKILL")))
        )
      )
    })
  }))
