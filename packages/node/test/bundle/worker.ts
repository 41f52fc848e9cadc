import * as WorkerMain from "@effect-linda/node/WorkerMain"
import { double } from "./jobs.js"

WorkerMain.serve(double)
