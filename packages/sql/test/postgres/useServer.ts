import { afterAll, beforeAll } from "@effect/vitest"
import pg from "pg"
import type { Server } from "./server.js"
import { start } from "./server.js"

/**
 * A server for all tests of a file.
 *
 * It is not in the module of `start`, which benchmarks use too: where Vitest does not run, it cannot be imported.
 */
export const useServer = (): () => Server => {
  let server: Server
  beforeAll(async () => {
    // The machine goes on when a server is killed, and has all that this has written.
    server = await start({ fsync: "off", full_page_writes: "off" })
  }, 120_000)
  afterAll(() => server.stop())
  return () => server
}

/** A connection to a server, for all tests of a file, and what is done by it before them. */
export const useAdmin = (server: () => Server, ...statements: ReadonlyArray<string>): () => pg.Client => {
  let admin: pg.Client
  beforeAll(async () => {
    admin = new pg.Client(server().connection())
    await admin.connect()
    for (const statement of statements) {
      await admin.query(statement)
    }
  })
  afterAll(() => admin.end())
  return () => admin
}
