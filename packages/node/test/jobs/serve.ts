import type { Job } from "@effect-linda/node"
import * as WorkerMain from "@effect-linda/node/WorkerMain"
import * as jobs from "./jobs.js"

const isJob = (value: unknown): value is Job.Any => typeof value === "object" && value !== null && "effect" in value

WorkerMain.serve(...Object.values<unknown>(jobs).filter(isJob))
