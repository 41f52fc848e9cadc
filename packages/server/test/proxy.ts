/** A proxy between the two ends: delays what it forwards, and cuts connections anywhere in a frame. */
import { Random } from "@effect-linda/testkit"
import type { SocketServer } from "@effect/platform"
import { Effect } from "effect"
import { once } from "node:events"
import { rmSync } from "node:fs"
import type { AddressInfo, Server, Socket } from "node:net"
import { connect, createServer } from "node:net"

export interface Options {
  readonly seed: number
  /**
   * How many bytes a connection carries at least and at most until it is cut, any order of magnitude as often as any
   * other. Without, it is only cut by order.
   */
  readonly bytes?: readonly [least: number, most: number] | undefined
  /** How many milliseconds a chunk is late at most. */
  readonly late?: number | undefined
}

export interface Proxy {
  readonly address: SocketServer.Address
  /** How many connections were cut. */
  readonly cuts: () => number
  /** How many connections there are. */
  readonly size: () => number
  /** Cuts the connections that there are. */
  readonly cut: () => void
  /** Cuts new connections at once, or lets them through again. */
  readonly refuse: (isRefusing: boolean) => void
  /** Of connections that there are, nothing is forwarded any more, and neither end is told. */
  readonly swallow: () => void
}

interface Pair {
  readonly near: Socket
  readonly far: Socket
  isDead: boolean
}

const destination = (address: SocketServer.Address) =>
  address._tag === "UnixAddress" ? { path: address.path } : { host: address.hostname, port: address.port }

const listen = async (server: Server, like: SocketServer.Address): Promise<SocketServer.Address> => {
  if (like._tag === "UnixAddress") {
    const path = `${like.path}-proxy`
    server.listen({ path })
    await once(server, "listening")
    return { _tag: "UnixAddress", path }
  }
  server.listen({ host: "127.0.0.1", port: 0 })
  await once(server, "listening")
  return { _tag: "TcpAddress", hostname: "127.0.0.1", port: (server.address() as AddressInfo).port }
}

export const proxied = (to: SocketServer.Address, { bytes, late = 0, seed }: Options) =>
  Effect.gen(function*() {
    const random = Random.make(seed)
    const pairs = new Set<Pair>()
    let [cuts, isRefusing] = [0, false]
    const cut = (pair: Pair): void => {
      if (pairs.delete(pair)) {
        cuts++
        pair.near.destroy()
        pair.far.destroy()
      }
    }
    const server = createServer((near) => {
      near.on("error", () => {})
      if (isRefusing) {
        near.destroy()
        return
      }
      const far = connect(destination(to))
      const pair: Pair = { near, far, isDead: false }
      pairs.add(pair)
      let left = bytes === undefined ? Infinity : Math.ceil(bytes[0] * (bytes[1] / bytes[0]) ** random.next())
      const forward = (from: Socket, other: Socket) => {
        let before = Promise.resolve()
        from.on("data", (chunk) => {
          before = before.then(async () => {
            if (late > 0) {
              await new Promise((resolve) => setTimeout(resolve, random.below(late + 1)))
            }
            if (pair.isDead || !pairs.has(pair)) return
            const part = chunk.subarray(0, left)
            left -= part.length
            if (left > 0) {
              other.write(part)
            } else {
              other.write(part, () => cut(pair))
            }
          })
        })
        from.on("error", () => {})
        from.on("close", () => {
          if (!pair.isDead) {
            void before.then(() => {
              pairs.delete(pair)
              other.end()
            })
          }
        })
      }
      forward(near, far)
      forward(far, near)
    })
    const address = yield* Effect.acquireRelease(
      Effect.promise(() => listen(server, to)),
      (address) =>
        Effect.promise(async () => {
          pairs.forEach(({ far, near }) => [near, far].forEach((socket) => socket.destroy()))
          await new Promise((resolve) => server.close(resolve))
          if (address._tag === "UnixAddress") rmSync(address.path, { force: true })
        })
    )
    const proxy: Proxy = {
      address,
      cuts: () => cuts,
      size: () => pairs.size,
      cut: () => pairs.forEach(cut),
      refuse: (now) => {
        isRefusing = now
      },
      swallow: () =>
        pairs.forEach((pair) => {
          pair.isDead = true
        })
    }
    return proxy
  })
