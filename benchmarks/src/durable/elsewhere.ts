/** Other processes of this machine. */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { ChildProcess } from "node:child_process"
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { bundle } from "../../../packages/sql/test/bundle.js"

/** A program of this folder as one file, which starts in a tenth of the time, and is gone with the scope. */
export const programOf = (name: string): Effect.Effect<string, never, Scope.Scope> => {
  // Within the package, so that the bundle finds the drivers.
  const build = fileURLToPath(new URL("../../build/", import.meta.url))
  return Effect.acquireRelease(
    Effect.sync(() => {
      mkdirSync(build, { recursive: true })
      return mkdtempSync(join(build, "elsewhere-"))
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  ).pipe(
    Effect.flatMap((folder) => Effect.promise(() => bundle(folder, new URL(name, import.meta.url))))
  )
}

/** Starts such a program, which says a first word; at the end of the scope it is disconnected, and ends. */
export const elsewhere = (
  program: string,
  ...args: ReadonlyArray<string>
): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = fork(program, args, { execArgv: [] })
      await said(child)
      return child
    }),
    (child) => Effect.promise(() => ended(child))
  )

/** The next that a process says. */
export const said = <A>(child: ChildProcess): Promise<A> =>
  new Promise((resolve, reject) => {
    const gone = (code: number | null, signal: string | null) => reject(new Error(`it ended with ${code ?? signal}`))
    child.once("exit", gone)
    child.once("message", (word: A) => {
      child.off("exit", gone)
      resolve(word)
    })
  })

/** Disconnects a process, and gives the code with which it ends. */
export const ended = async (child: ChildProcess): Promise<number | null> => {
  if (!child.connected) {
    return child.exitCode
  }
  const gone = once(child, "exit")
  child.disconnect()
  const [code] = await gone
  return code
}
