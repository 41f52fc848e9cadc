import { once } from "node:events"
import type { Socket } from "node:net"
import { connect, createServer } from "node:net"

/** What stands between a program and a server: lets all through, or nothing any more, without a word to either. */
export interface Proxy {
  readonly port: number
  /** Ends the connections that there are. */
  readonly cut: () => void
  /** Ends new connections at once, or lets them through again. */
  readonly refuse: (isRefusing: boolean) => void
  /** What is sent from now on, by either, comes so many milliseconds later. */
  readonly delay: (millis: number) => void
  /** The server hears that those whose words are lost have gone. */
  readonly mend: () => void
  /** What is sent from now on by connections that there are is lost. New ones go through. */
  readonly swallow: () => void
  /** Nothing is read any more of what the server sends on connections that there are. */
  readonly pause: () => void
  readonly stop: () => void
}

/** A message of the protocol: its letter and what follows its length. */
export type Edit = (letter: string, body: Buffer) => Buffer | undefined

const whole = (letter: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5)
  head.write(letter, 0, "latin1")
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Cuts what a server sends into messages, of which each is edited, or dropped. */
const editor = (edit: Edit) => {
  let rest = Buffer.alloc(0)
  return (chunk: Buffer): Buffer => {
    rest = Buffer.concat([rest, chunk])
    const edited: Array<Buffer> = []
    while (rest.length >= 5 && rest.length >= rest.readInt32BE(1) + 1) {
      const end = rest.readInt32BE(1) + 1
      const letter = rest.toString("latin1", 0, 1)
      const body = edit(letter, rest.subarray(5, end))
      if (body !== undefined) {
        edited.push(whole(letter, body))
      }
      rest = rest.subarray(end)
    }
    return Buffer.concat(edited)
  }
}

export const proxy = async (port: number, edit?: Edit): Promise<Proxy> => {
  const pairs = new Set<{ isDead: boolean; readonly near: Socket; readonly far: Socket }>()
  let isRefusing = false
  let late = 0
  const server = createServer((near) => {
    if (isRefusing) {
      near.destroy()
      return
    }
    const far = connect(port, "127.0.0.1")
    const pair = { isDead: false, near, far }
    pairs.add(pair)
    const edited = edit === undefined ? (chunk: Buffer) => chunk : editor(edit)
    /** Nothing overtakes what is late. */
    const lane = () => {
      const waiting: Array<{ readonly at: number; readonly pass: () => void }> = []
      const next = () => {
        const [first] = waiting
        if (first !== undefined) {
          setTimeout(() => {
            waiting.shift()
            first.pass()
            next()
          }, first.at - performance.now())
        }
      }
      return (pass: () => void) => {
        if (late === 0 && waiting.length === 0) {
          pass()
        } else if (waiting.push({ at: performance.now() + late, pass }) === 1) {
          next()
        }
      }
    }
    const [there, back] = [lane(), lane()]
    near.on("data", (chunk) => there(() => pair.isDead || far.write(chunk)))
    far.on("data", (chunk) => back(() => pair.isDead || near.write(edited(chunk as Buffer))))
    const forget = () => near.destroyed && far.destroyed && pairs.delete(pair)
    near.on("close", () => {
      forget()
      return pair.isDead || far.destroy()
    })
    far.on("close", () => {
      forget()
      return pair.isDead || near.destroy()
    })
    near.on("error", () => {})
    far.on("error", () => {})
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port: own } = server.address() as { readonly port: number }
  return {
    port: own,
    cut: () =>
      pairs.forEach(({ far, near }) => {
        near.destroy()
        far.destroy()
      }),
    refuse: (now) => {
      isRefusing = now
    },
    delay: (millis) => {
      late = millis
    },
    mend: () => pairs.forEach(({ far, near }) => near.destroyed && far.destroy()),
    swallow: () => pairs.forEach((pair) => (pair.isDead = true)),
    pause: () =>
      pairs.forEach((pair) => {
        pair.isDead = true
        pair.far.pause()
      }),
    stop: () => {
      server.close()
      pairs.forEach(({ far, near }) => {
        near.destroy()
        far.destroy()
      })
    }
  }
}
