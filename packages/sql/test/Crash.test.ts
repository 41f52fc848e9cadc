import { Postgres, Sqlite } from "@effect-linda/sql"
import { afterAll, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundle } from "./bundle.js"
import { absenceStorm, lockStorm, scheduleStorm, storm } from "./crash/storm.js"
import { useServer } from "./postgres/useServer.js"

// Processes of the operating system, killed at random times. LINDA_KILLS=100 for more of it.
const kills = Number(process.env["LINDA_KILLS"] ?? 4)
const patience = 60_000 + kills * 5_000

// inside the package, so that the bundle finds the drivers
const folder = mkdtempSync(join(import.meta.dirname, "..", "build-crash-"))
afterAll(() => rmSync(folder, { recursive: true }))

const server = useServer()
let child: string
let locker: string
let scheduler: string
beforeAll(async () => {
  child = await bundle(folder, new URL("crash/child.ts", import.meta.url))
  locker = await bundle(folder, new URL("crash/lock.ts", import.meta.url))
  scheduler = await bundle(folder, new URL("crash/scheduler.ts", import.meta.url))
}, 60_000)

const lease = 1_000

describe("kill -9", () => {
  it("of processes that share a file: nothing lost, nothing twice", async () => {
    const data = mkdtempSync(join(tmpdir(), "linda-crash-"))
    const sqlite = { filename: join(data, "space.db"), lease }
    console.log(await storm({ child, config: { sqlite }, kills, lease, space: Sqlite.make(sqlite) }))
    rmSync(data, { recursive: true })
  }, patience)

  it("of processes that share a server: nothing lost, nothing twice", async () => {
    const postgres = { connection: server().connection(), space: "clients", lease }
    console.log(await storm({ child, config: { postgres }, kills, lease, space: Postgres.make(postgres) }))
  }, patience)

  it("S8 K22 of a process that has a lock in a file: others get it, and there is one", async () => {
    const data = mkdtempSync(join(tmpdir(), "linda-crash-"))
    const sqlite = { filename: join(data, "space.db"), lease }
    await lockStorm({ child: locker, config: { sqlite }, kills: 2, space: Sqlite.make(sqlite) })
    rmSync(data, { recursive: true })
  }, patience)

  it("S8 K22 of a process that has a lock on a server: others get it, and there is one", async () => {
    const postgres = { connection: server().connection(), space: "lock", lease }
    await lockStorm({ child: locker, config: { postgres }, kills: 2, space: Postgres.make(postgres) })
  }, patience)

  it("S18 of a process that holds the last match in a file: it is back, and not absent", async () => {
    const data = mkdtempSync(join(tmpdir(), "linda-crash-"))
    const sqlite = { filename: join(data, "space.db"), lease }
    await absenceStorm({ child: locker, config: { sqlite }, kills: 2, space: Sqlite.make(sqlite) })
    rmSync(data, { recursive: true })
  }, patience)

  it("S18 of a process that holds the last match on a server: it is back, and not absent", async () => {
    const postgres = { connection: server().connection(), space: "absence", lease }
    await absenceStorm({ child: locker, config: { postgres }, kills: 2, space: Postgres.make(postgres) })
  }, patience)

  it("S20 of processes that put into a file what comes later: it comes once, and not early", async () => {
    const data = mkdtempSync(join(tmpdir(), "linda-crash-"))
    const sqlite = { filename: join(data, "space.db"), lease: "1 hours" } as const
    console.log(await scheduleStorm({ child: scheduler, config: { sqlite }, kills: 2, space: Sqlite.make(sqlite) }))
    rmSync(data, { recursive: true })
  }, patience)

  it("S20 of processes that put on a server what comes later: it comes once, and not early", async () => {
    const postgres = { connection: server().connection(), space: "later", lease: "1 hours" } as const
    const space = Postgres.make(postgres)
    console.log(await scheduleStorm({ child: scheduler, config: { postgres }, kills: 2, space }))
  }, patience)

  it("of the server too", async () => {
    const postgres = { connection: server().connection(), space: "server", lease, retry: "20 seconds" } as const
    console.log(
      await storm({
        child,
        config: { postgres },
        kills,
        lease,
        space: Postgres.make(postgres),
        disturb: () => server().crash()
      })
    )
  }, patience)
})
