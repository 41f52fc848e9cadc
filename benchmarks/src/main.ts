/**
 * Runs workloads and prints one table: those that are named, or else all but D…, which take as long again. Each runs in
 * a process of its own, so that the heap of one, and what the compiler has learned from it, is nothing to the next.
 */
import { Effect } from "effect"
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Row } from "./report.js"
import { table } from "./report.js"
import { writeResults } from "./results.js"
import { workloads } from "./workloads.js"

const inProcess = (name: string): Promise<ReadonlyArray<Row>> =>
  new Promise((resolve, reject) => {
    let rows: ReadonlyArray<Row> | undefined
    const child = fork(fileURLToPath(import.meta.url), [name], { env: { ...process.env, BENCHMARK_CHILD: "1" } })
    child.on("message", (message) => rows = message as ReadonlyArray<Row>)
    child.on("exit", (code) => rows === undefined ? reject(new Error(`${name} ended with ${code}`)) : resolve(rows))
  })

const main = async (names: ReadonlyArray<string>): Promise<void> => {
  const unknown = names.filter((name) => workloads[name] === undefined)
  if (unknown.length > 0) {
    throw new Error(`no such workload: ${unknown.join(", ")}. There are ${Object.keys(workloads).join(", ")}`)
  }
  const rows: Array<Row> = []
  for (const name of names) {
    const start = performance.now()
    process.stderr.write(`${name} `)
    rows.push(...await inProcess(name))
    process.stderr.write(`${Math.round((performance.now() - start) / 1000)} s\n`)
    // A run that is broken off has what it has measured.
    writeResults("latest", { rows })
  }
  console.log(table(rows))
}

const names = process.argv.slice(2)
if (process.env.BENCHMARK_CHILD === undefined) {
  await main(names.length > 0 ? names : Object.keys(workloads).filter((name) => !name.startsWith("D")))
} else {
  // As in any program of Effect, there is a main fiber, with a scope, for as long as it runs.
  const rows = await Effect.runPromise(Effect.scoped(Effect.promise(() => workloads[names[0]!]!.measure("full"))))
  if (process.send === undefined) {
    // started by hand, under a profiler
    console.log(table(rows))
  } else {
    process.send(rows)
    process.disconnect()
  }
}
