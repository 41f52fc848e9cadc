// How the scripts run other programs.
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"

/**
 * Runs a program and keeps what it prints.
 *
 * @param {string} command
 * @param {Array<string>} args
 * @param {{ seconds?: number, cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ ok: boolean, output: string, stdout: string }>}
 */
export const run = (command, args, { cwd, env = process.env, seconds = 600 } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: seconds * 1000,
      killSignal: "SIGKILL",
      // npm is a batch file on Windows
      shell: process.platform === "win32" && command === "npm"
    })
    let output = ""
    let stdout = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
      stdout += chunk
    })
    child.stderr.on("data", (chunk) => output += chunk)
    child.on("error", (error) => output += String(error))
    child.on("close", (code, signal) => {
      if (signal !== null) output += `\nended by ${signal}: it has ${seconds} seconds`
      resolve({ ok: code === 0, output, stdout })
    })
  })

/**
 * Does it for each, for as many at a time as there are cores.
 *
 * @template A
 * @param {Iterable<A>} all
 * @param {(each: A) => Promise<void>} body
 */
export const forEach = async (all, body) => {
  const queue = [...all]
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await body(next)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
}
