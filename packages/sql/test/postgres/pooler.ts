import { once } from "node:events"
import type { Socket } from "node:net"
import { connect, createServer } from "node:net"

/** A pooler that shares a few connections among its clients, and gives each transaction whichever is free. */
export interface Pooler {
  readonly port: number
  /** How many transactions have gone by each of the connections. */
  readonly transactions: ReadonlyArray<number>
  /** Ends the connections of its clients, as a restart does. */
  readonly drop: () => void
  readonly stop: () => void
}

const message = (letter: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(letter.length + 4)
  head.write(letter, 0, "latin1")
  head.writeInt32BE(body.length + 4, letter.length)
  return Buffer.concat([head, body])
}

/** Cuts what comes into messages of the protocol; the first of a client has no letter. */
const cut = (onMessage: (letter: string, whole: Buffer) => void, hasStart: boolean) => {
  let rest = Buffer.alloc(0)
  let isStart = hasStart
  return (chunk: Buffer): void => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const at = isStart ? 0 : 1
      if (rest.length < at + 4 || rest.length < at + rest.readInt32BE(at)) {
        return
      }
      const whole = rest.subarray(0, at + rest.readInt32BE(at))
      rest = rest.subarray(whole.length)
      const letter = isStart ? "" : whole.toString("latin1", 0, 1)
      isStart = false
      onMessage(letter, whole)
    }
  }
}

interface Backend {
  readonly socket: Socket
  readonly index: number
  user: Client | undefined
}

interface Client {
  readonly socket: Socket
  backend: Backend | undefined
  /** What it has said while it had no connection. */
  said: Array<Buffer>
}

/** A server without passwords. What it sends by itself, such as notifications, reaches nobody. */
export const pooler = async (
  { database, port, size, user }: {
    readonly port: number
    readonly user: string
    readonly database: string
    readonly size: number
  }
): Promise<Pooler> => {
  const transactions = Array.from({ length: size }, () => 0)
  const waiting: Array<Client> = []
  const clients = new Set<Client>()
  let last = 0

  const start = Buffer.concat([
    Buffer.from([0, 3, 0, 0]),
    Buffer.from(`user\0${user}\0database\0${database}\0client_encoding\0UTF8\0\0`)
  ])

  const give = (backend: Backend): void => {
    const next = waiting.shift()
    backend.user = next
    if (next !== undefined) {
      next.backend = backend
      transactions[backend.index]!++
      next.said.splice(0).forEach((said) => backend.socket.write(said))
    }
  }

  const open = async (index: number): Promise<Backend> => {
    const socket = connect(port, "127.0.0.1").setNoDelay(true)
    const backend: Backend = { socket, index, user: undefined }
    let ready: () => void
    const isReady = new Promise<void>((resolve) => (ready = resolve))
    let isStarting = true
    socket.on(
      "data",
      cut((letter, whole) => {
        if (!isStarting) {
          backend.user?.socket.write(whole)
        }
        if (letter === "Z" && whole.toString("latin1", 5) === "I") {
          if (isStarting) {
            isStarting = false
            ready()
          } else if (backend.user !== undefined) {
            backend.user.backend = undefined
            give(backend)
          }
        }
      }, false)
    )
    socket.on("error", () => {})
    socket.write(message("", start))
    await isReady
    return backend
  }
  const backends = await Promise.all(transactions.map((_, index) => open(index)))

  const ask = (client: Client, whole: Buffer): void => {
    if (client.backend !== undefined) {
      client.backend.socket.write(whole)
      return
    }
    client.said.push(whole)
    if (!waiting.includes(client)) {
      waiting.push(client)
      // Not the one that it had before, if any other is free.
      const free = backends.map((_, offset) => backends[(last + 1 + offset) % size]!)
        .find((backend) => backend.user === undefined)
      if (free !== undefined) {
        last = free.index
        give(free)
      }
    }
  }

  const server = createServer((socket) => {
    const client: Client = { socket, backend: undefined, said: [] }
    clients.add(client)
    socket.setNoDelay(true)
    socket.on(
      "data",
      cut((letter, whole) => {
        if (letter === "") {
          const number = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])
          socket.write(Buffer.concat([
            message("R", Buffer.alloc(4)),
            message("S", Buffer.from("server_encoding\0UTF8\0")),
            message("S", Buffer.from("client_encoding\0UTF8\0")),
            message("K", number),
            message("Z", Buffer.from("I"))
          ]))
        } else if (letter !== "X") {
          ask(client, whole)
        }
      }, true)
    )
    socket.on("error", () => {})
    socket.on("close", () => {
      clients.delete(client)
      const index = waiting.indexOf(client)
      if (index >= 0) {
        waiting.splice(index, 1)
      }
      const { backend } = client
      if (backend !== undefined) {
        // Nobody knows how far it has come.
        backend.socket.destroy()
        void open(backend.index).then((fresh) => {
          backends[fresh.index] = fresh
          give(fresh)
        }, () => {})
      }
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as { readonly port: number }).port,
    transactions,
    drop: () => clients.forEach(({ socket }) => socket.destroy()),
    stop: () => {
      server.close()
      clients.forEach(({ socket }) => socket.destroy())
      backends.forEach(({ socket }) => socket.destroy())
    }
  }
}
