import { Job } from "@effect-linda/node"
import { Effect } from "effect"

export const unreachable = Job.make(import.meta.url, "unreachable", {}, () => Effect.void)

if (!import.meta.url.includes("?here")) {
  throw new Error("this module cannot be loaded")
}
