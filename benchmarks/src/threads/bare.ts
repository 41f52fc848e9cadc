/** The floor: a thread and its port, without anything. Counts primes; and makes round trips by a port of its own. */
import type { MessagePort } from "node:worker_threads"
import { parentPort, workerData } from "node:worker_threads"
import { countPrimes } from "./primes.js"

const { port } = workerData as { readonly port: MessagePort }
let left = 0
let start = 0

port.on("message", () => {
  if (left-- > 0) {
    port.postMessage(left)
  } else {
    parentPort!.postMessage(performance.now() - start)
  }
})

parentPort!.on("message", (message: number | readonly [from: number, to: number]) => {
  if (typeof message === "number") {
    left = message - 1
    start = performance.now()
    port.postMessage(left)
  } else {
    parentPort!.postMessage(countPrimes(message[0], message[1]))
  }
})
parentPort!.postMessage("ready")
