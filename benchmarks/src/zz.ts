import { start } from "../../packages/sql/test/postgres/server.js"
import { fork } from "node:child_process"
import { once } from "node:events"
const server = await start()
for (const how of ["bare", "ours", "bare", "ours"]) {
let t = performance.now()
const child = fork(new URL("./durable/echo.ts", import.meta.url), [how, JSON.stringify(server.connection())], { execArgv: ["--import", new URL("../typescript.mjs", import.meta.url).href] })
await once(child, "message")
console.log(how, "start", performance.now() - t); t = performance.now()
const gone = once(child, "exit"); child.disconnect(); await gone
console.log("end", performance.now() - t)
}
await server.stop()
