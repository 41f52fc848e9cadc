import type { Remote } from "@effect-linda/core"
import type { MessagePort } from "node:worker_threads"

/** A link through a port. */
export const linkOf = (port: MessagePort): Remote.Link => ({
  send: (message) => port.postMessage(message),
  listen: (onMessage, onEnd) => {
    port.on("message", onMessage)
    port.on("close", onEnd)
    return () => port.close()
  }
})
