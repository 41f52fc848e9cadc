/** Where long use takes place, and what it takes of the machine. */
import { Effect } from "effect"
import Libsql from "libsql"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { start } from "../../../packages/sql/test/postgres/server.js"
import { connected } from "../durable/client.js"
import type { Place } from "../durable/place.js"
import { heapUsed } from "../measure.js"
import type { Bound, Figures } from "./bounds.js"

export type Engine = "postgres" | "sqlite"

export interface Arena {
  readonly engine: Engine
  readonly place: Place
  /** What must not grow, beside what is of this process. */
  readonly bounds: Readonly<Record<string, Bound>>
  /** For so many seconds it may grow: until the server has swept a few times. */
  readonly settling: number
  readonly figures: () => Promise<Figures>
  /** How many rows there are of what is to be gone when it is over, by table. */
  readonly rows: () => Promise<Figures>
  /** How many bytes of rows are kept of batches that are over. */
  readonly kept: () => Promise<number>
  readonly close: () => Promise<void>
}

const tables = ["tuples", "held", "clients", "waiters", "anchors", "mail", "outbox"]

const inMegabytes = (bytes: number): number => bytes / 2 ** 20

const sqlite = (): Arena => {
  const folder = mkdtempSync(join(tmpdir(), "linda-soak-"))
  const filename = join(folder, "space.db")
  let opened: Libsql.Database | undefined
  const first = (sql: string) => {
    opened ??= new Libsql(filename)
    return Object.values(opened.prepare(sql).all()[0] as Record<string, number>)[0]!
  }
  const sizeOf = (path: string): number => inMegabytes(statSync(path, { throwIfNoEntry: false })?.size ?? 0)
  const rows = () =>
    Promise.resolve(
      Object.fromEntries(tables.map((table) => [table, first(`SELECT count(*) FROM linda_${table}`)]))
    )
  return {
    engine: "sqlite",
    place: { filename },
    // A log of 16 MB begins anew, unless somebody reads on for long.
    bounds: {
      "rows": { factor: 1.5, slack: 5_000 },
      "file MB": { factor: 1.5, slack: 4 },
      "log MB": { most: 64 }
    },
    settling: 15,
    figures: async () => ({
      "rows": Object.values(await rows()).reduce((sum, count) => sum + count),
      "file MB": sizeOf(filename),
      "log MB": sizeOf(`${filename}-wal`),
      "free pages": first("PRAGMA freelist_count")
    }),
    rows,
    kept: () => Promise.resolve(0),
    close: () => {
      opened?.close()
      rmSync(folder, { recursive: true })
      return Promise.resolve()
    }
  }
}

const postgres = async (): Promise<Arena> => {
  const server = await start()
  const admin = await connected({ ...server.connection(), application_name: "soak" })
  const first = async (sql: string): Promise<number> => {
    const { rows: [row] } = await admin.query(sql)
    return Number(Object.values(row)[0])
  }
  const sum = (what: string) => first(`SELECT coalesce(sum(${what}), 0) FROM pg_stat_user_tables`)
  const rows = async () => {
    const counts: Record<string, number> = {}
    for (const table of tables) {
      counts[table] = await first(`SELECT count(*) FROM linda.${table}`)
    }
    // A process of the server ends a little after its client.
    counts["connections"] = await connections()
    return counts
  }
  const connections = () =>
    first(`SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'soak'`)
  return {
    engine: "postgres",
    place: { connection: server.connection() },
    bounds: {
      "rows": { factor: 1.5, slack: 5_000 },
      "dead rows": { factor: 1.5, slack: 50_000 },
      "tables MB": { factor: 1.5, slack: 16 },
      // The default of max_wal_size is 1 GB, which the server may exceed a little.
      "log MB": { most: 1_500 },
      "connections": { factor: 1, slack: 0 }
    },
    // It sweeps once a minute.
    settling: 130,
    figures: async () => ({
      "rows": await sum("n_live_tup"),
      "dead rows": await sum("n_dead_tup"),
      "tables MB": inMegabytes(await sum("pg_total_relation_size(relid)")),
      "log MB": inMegabytes(await first("SELECT sum(size) FROM pg_ls_waldir()")),
      "connections": await connections()
    }),
    rows,
    kept: () =>
      first(
        "SELECT coalesce(sum(coalesce(length(even::text), 0) + coalesce(length(odd::text), 0)), 0) " +
          "FROM linda.clients"
      ),
    close: async () => {
      await admin.end()
      await server.stop()
    }
  }
}

export const arena = (engine: Engine): Promise<Arena> => engine === "sqlite" ? Promise.resolve(sqlite()) : postgres()

/** What this process takes. */
export const ofProcess = (): Figures => {
  const heap = inMegabytes(heapUsed())
  return {
    "heap MB": heap,
    "resident MB": inMegabytes(process.memoryUsage().rss),
    ...(process.platform === "linux" && { descriptors: readdirSync("/proc/self/fd").length })
  }
}

export const boundsOfProcess: Readonly<Record<string, Bound>> = {
  "heap MB": { factor: 1, slack: 8 },
  "resident MB": { factor: 1.25, slack: 64 },
  "descriptors": { factor: 1, slack: 4 }
}

/** Waits for what the server does after its clients have gone, and gives what is left over. */
export const leftOver = (arena: Arena): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(async () => {
    for (let tries = 0;; tries++) {
      const left = Object.entries(await arena.rows()).filter(([, count]) => count > 0)
      if (left.length === 0 || tries === 50) {
        return left.map(([what, count]) => `${count} ${what} are left over`)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })
