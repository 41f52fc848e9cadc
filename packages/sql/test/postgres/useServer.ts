import { afterAll, beforeAll } from "@effect/vitest"
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
    server = await start()
  }, 60_000)
  afterAll(() => server.stop())
  return () => server
}
