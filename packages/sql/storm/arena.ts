/** Where a storm takes place: the file or the server, and what it takes of the machine. */
import Libsql from "libsql"
import { chmodSync, chownSync, mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import pg from "pg"
import type { Proxy } from "../test/postgres/proxy.js"
import { proxy } from "../test/postgres/proxy.js"
import type { Server } from "../test/postgres/server.js"
import { start } from "../test/postgres/server.js"
import type { Disk } from "./disk.js"
import { small } from "./disk.js"
import type { Engine, Settings } from "./orders.js"
import type { Slot } from "./processes.js"
import { sleep } from "./processes.js"

/** What a process is told of where it is. */
export type Place = Pick<Settings, "postgres" | "sqlite">

export interface Arena {
  readonly engine: Engine
  /** In milliseconds. */
  readonly lease: number
  readonly slots: Array<Slot>
  readonly placeOf: (slot: number) => Place
  /** The one who only looks is not disturbed on its way. */
  readonly watchplace: Place
  readonly disk: Disk | undefined
  readonly sqlite?: {
    readonly filename: string
    /** A connection of somebody else's. */
    readonly connect: () => InstanceType<typeof Libsql>
    /** Ends clients that say that they live for longer than any lease. */
    readonly endThoseAhead: () => void
  }
  readonly postgres?: {
    readonly server: Server
    readonly proxies: ReadonlyArray<Proxy>
    readonly connect: <A>(use: (client: pg.Client) => Promise<A>) => Promise<A>
  }
  /** How large the data is, in megabytes, and how many backends there are. */
  readonly sizes: () => Promise<{ readonly data: number; readonly backends: number }>
  readonly close: () => Promise<void>
}

/** Megabytes. The server's own catalogs take ten of it. */
const diskSize = 160

export const lease = 1_500
/** For how long an outage may last before operations fail: few last longer. */
const retry = 5_000

export const open = async (options: {
  readonly engine: Engine
  readonly folder: string
  readonly processes: number
  /** Whether the disk is to be full now and then. */
  readonly hasDisk: boolean
}): Promise<Arena> => {
  const { engine, folder, hasDisk, processes } = options
  const common = { engine, lease, slots: [] }
  if (engine === "memory" || engine === "store") {
    return {
      ...common,
      placeOf: () => ({}),
      watchplace: {},
      disk: undefined,
      sizes: () => Promise.resolve({ data: 0, backends: 0 }),
      close: () => Promise.resolve()
    }
  }
  // the server runs as somebody else
  chmodSync(folder, 0o755)
  const disk = hasDisk ? small(join(folder, "disk"), diskSize) : undefined
  if (engine === "sqlite") {
    const filename = join(disk?.folder ?? folder, "space.db")
    const place: Place = { sqlite: { filename, lease, retry } }
    const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    return {
      ...common,
      placeOf: () => place,
      watchplace: place,
      disk,
      sqlite: {
        filename,
        connect: () => new Libsql(filename),
        endThoseAhead: () => {
          const database = new Libsql(filename)
          database.exec("PRAGMA busy_timeout = 10000")
          database.prepare("UPDATE linda_clients SET until = 0 WHERE until > ?").run(Date.now() + 10 * lease)
          database.close()
        }
      },
      sizes: () => Promise.resolve({ data: (sizeOf(filename) + sizeOf(`${filename}-wal`)) / 2 ** 20, backends: 0 }),
      close: () => Promise.resolve(disk?.close())
    }
  }
  // no power is lost here: what the server has written is there when it comes back
  const server = await start({ fsync: "off" })
  const proxies = await Promise.all(Array.from({ length: processes }, () => proxy(server.port)))
  const database = "storm"
  const connect = async <A>(use: (client: pg.Client) => Promise<A>): Promise<A> => {
    const client = new pg.Client({ ...server.connection(database), application_name: "storm" })
    client.on("error", () => {})
    await client.connect()
    try {
      return await use(client)
    } finally {
      await client.end().catch(() => {})
    }
  }
  await create(server, disk, database)
  const place = (port: number): Place => ({
    postgres: { connection: { ...server.connection(database), port }, lease, retry }
  })
  return {
    ...common,
    placeOf: (slot) => place(proxies[slot]!.port),
    watchplace: place(server.port),
    disk,
    postgres: { server, proxies, connect },
    sizes: () =>
      connect(async (client) => {
        const { rows: [{ size }] } = await client.query("SELECT pg_database_size(current_database())::float8 AS size")
        const { rows: [{ backends }] } = await client.query(
          `SELECT count(*)::int AS backends FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND application_name <> 'storm'`
        )
        return { data: size / 2 ** 20, backends }
      }),
    close: async () => {
      proxies.forEach((proxy) => proxy.stop())
      await server.stop()
      disk?.close()
    }
  }
}

/** A database of its own, on the small disk if there is one: the log of the server is elsewhere, and is never full. */
const create = async (server: Server, disk: Disk | undefined, database: string): Promise<void> => {
  const client = new pg.Client(server.connection())
  await client.connect()
  if (disk === undefined) {
    await client.query(`CREATE DATABASE ${database}`)
  } else {
    const path = join(disk.folder, "tablespace")
    mkdirSync(path)
    chownSync(path, 65534, 65534)
    chmodSync(path, 0o700)
    await client.query(`CREATE TABLESPACE small LOCATION '${path}'`)
    await client.query(`CREATE DATABASE ${database} TABLESPACE small`)
  }
  await client.end()
}

/** Does something with the server again until it is there. */
export const patiently = async <A>(body: () => Promise<A>, tries = 100): Promise<A> => {
  for (let left = tries;; left--) {
    try {
      return await body()
    } catch (error) {
      if (left === 0) {
        throw error
      }
      await sleep(200)
    }
  }
}
