// What a worker thread starts with: plain JavaScript, since Node 20 cannot start a thread from TypeScript, whatever
// loaders the main thread has. It loads the runner, which loads the modules of the jobs.
import { workerData } from "node:worker_threads"
import { importModule } from "./typescript.mjs"

await importModule(workerData["@effect-linda/node"].entry)
