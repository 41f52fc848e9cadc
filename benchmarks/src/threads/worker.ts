/** What a thread starts with: one file, once it is bundled. */
import * as WorkerMain from "@effect-linda/node/WorkerMain"
import { clock, counter, nothing, pipelined, roundTrips } from "./jobs.js"

WorkerMain.serve(clock, nothing, roundTrips, pipelined, counter)
