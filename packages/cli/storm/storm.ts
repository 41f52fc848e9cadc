import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface Options {
  /** Where the space is, and what the tasks write. */
  readonly folder: string
  /** The file of the command. */
  readonly program: string
  readonly shells: number
  readonly tasks: number
  /** How many of the shells, of `linda`, and of the commands that it runs are killed. */
  readonly kills: number
  readonly lease: string
}

export interface Report {
  /** How many tasks were done. */
  readonly done: number
  /** How many tasks are still in the space. */
  readonly left: number
  /** How often a task was begun while another had it. */
  readonly overlaps: number
  /** How often a task was done that was done before: its `linda` was killed between the two. */
  readonly again: number
  /** The exit codes that were neither 0 nor 1, and what was said. */
  readonly codes: ReadonlyArray<string>
  readonly errors: ReadonlyArray<string>
  readonly killed: Readonly<Record<"shell" | "linda" | "command", number>>
  readonly seconds: number
}

/**
 * Begins a task by a directory that only one can make, and is gone when it ends in whatever way but a kill; whoever
 * finds the process of a directory alive has met another one at the task.
 */
const work = `
id=$1
if ! mkdir "busy/$id" 2>/dev/null; then
  read -r pid _ 2>/dev/null < "busy/$id/pid"
  if [ -n "$pid" ] && [ "$pid" != $$ ] && kill -0 "$pid" 2>/dev/null; then echo "$id" >> overlaps; fi
fi
echo "$$ $PPID" > "busy/$id/pid"
sleep 0.1
mkdir "done/$id" 2>/dev/null || echo "$id" >> again
rm -rf "busy/$id"
`

const shellOf = (program: string, lease: string): string => `
while :; do
  node ${program} with '["task", ?id]' --lease ${lease} --wait 15s -- sh work.sh {id} 2>> errors
  code=$?
  [ $code -eq 1 ] && exit 0
  [ $code -eq 0 ] || echo $code >> codes
done
`

const linesOf = (path: string): ReadonlyArray<string> =>
  existsSync(path) ? readFileSync(path, "utf8").split("\n").filter((line) => line !== "") : []

const kill = (pid: number): boolean => {
  try {
    return process.kill(pid, "SIGKILL")
  } catch {
    return false
  }
}

/** Many shells claim tasks from one file, and are killed at random, as are their commands. */
export const storm = async ({ folder, kills, lease, program, shells, tasks }: Options): Promise<Report> => {
  const start = performance.now()
  const env = { ...process.env, LINDA_SPACE: join(folder, "storm.db") }
  for (const name of ["busy", "done"]) {
    mkdirSync(join(folder, name))
  }
  writeFileSync(join(folder, "work.sh"), work)
  const all = Array.from({ length: tasks }, (_, id) => JSON.stringify(["task", id])).join("\n")
  const put = spawnSync(process.execPath, [program, "out"], { cwd: folder, env, input: all, encoding: "utf8" })
  if (put.status !== 0) {
    throw new Error(put.stderr)
  }
  const running = new Map<number, Promise<void>>()
  const begin = (): void => {
    const shell = spawn("sh", ["-c", shellOf(program, lease)], { cwd: folder, env, stdio: "ignore" })
    running.set(
      shell.pid!,
      new Promise((resolve) =>
        shell.on("exit", () => {
          running.delete(shell.pid!)
          resolve()
        })
      )
    )
  }
  Array.from({ length: shells }, begin)
  const done = () => readdirSync(join(folder, "done")).length
  const killed = { shell: 0, linda: 0, command: 0 }
  /** Kills one that is at a task, and says whether there was one. */
  const strike = (what: keyof typeof killed): boolean => {
    if (what === "shell") {
      // Its linda goes on with the task that it has, and claims no other.
      const pids = [...running.keys()]
      const shell = pids[Math.floor(Math.random() * pids.length)]
      return shell !== undefined && kill(shell) && (begin(), true)
    }
    const busy = readdirSync(join(folder, "busy"))
    const [line = ""] = linesOf(join(folder, "busy", busy[Math.floor(Math.random() * busy.length)] ?? "none", "pid"))
    const [command, linda] = line.split(" ").map(Number)
    return command !== undefined && linda !== undefined && kill(what === "linda" ? linda : command)
  }
  const kinds = ["linda", "command", "shell"] as const
  let struck = 0
  while (running.size > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    // spread over the tasks
    if (struck < kills && done() * kills >= struck * tasks) {
      const what = kinds[struck % kinds.length]!
      if (strike(what)) {
        killed[what]++
        struck++
      }
    }
  }
  await Promise.all(running.values())
  const left = spawnSync(process.execPath, [program, "count"], { cwd: folder, env, encoding: "utf8" })
  return {
    done: done(),
    left: Number(left.stdout),
    overlaps: linesOf(join(folder, "overlaps")).length,
    again: linesOf(join(folder, "again")).length,
    codes: linesOf(join(folder, "codes")),
    errors: [...new Set(linesOf(join(folder, "errors")))],
    killed,
    seconds: Math.round((performance.now() - start) / 100) / 10
  }
}
