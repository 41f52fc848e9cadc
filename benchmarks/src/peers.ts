/** What others have, and what people write by hand. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Fields } from "./subjects.js"

type Test = (tuple: Fields) => boolean

interface Waiter {
  readonly test: Test
  readonly resolve: (tuple: Fields) => void
}

/** What people write who need one: tuples and waiters in arrays, looked through from the front, and promises. */
export class HandSpace {
  private readonly tuples: Array<Fields> = []
  private readonly waiters: Array<Waiter> = []

  out(tuple: Fields): void {
    const index = this.waiters.findIndex(({ test }) => test(tuple))
    if (index >= 0) {
      this.waiters.splice(index, 1)[0]!.resolve(tuple)
    } else {
      this.tuples.push(tuple)
    }
  }

  in(test: Test): Promise<Fields> {
    const index = this.tuples.findIndex(test)
    return index >= 0
      ? Promise.resolve(this.tuples.splice(index, 1)[0]!)
      : new Promise((resolve) => this.waiters.push({ test, resolve }))
  }
}

/** As much of `linda` as the workloads use: tuples and patterns are objects, and callbacks come by `setImmediate`. */
interface LindaSpace {
  readonly write: (tuple: object) => void
  readonly take: (pattern: object, callback: (error: unknown, tuple: unknown) => void) => void
}

const build = fileURLToPath(new URL("../build/peers", import.meta.url))

/**
 * The space in the memory of `linda` 1.2.2, without its server: that depends on two hundred packages, so only its own
 * files are fetched. Nothing, where they cannot be.
 */
export const lindaSpace = (): (() => LindaSpace) | undefined => {
  const file = join(build, "package", "lib", "tuplespace.js")
  try {
    if (!existsSync(file)) {
      mkdirSync(build, { recursive: true })
      // Whoever is offline is not to wait for each of the times that npm tries.
      const quietly = { cwd: build, stdio: "ignore", timeout: 30_000 } as const
      execFileSync("npm", ["pack", "linda@1.2.2", "--silent", "--fetch-retries=0"], quietly)
      execFileSync("tar", ["xzf", "linda-1.2.2.tgz"], quietly)
    }
    const LindaSpace = createRequire(import.meta.url)(file)
    return () => new LindaSpace()
  } catch {
    process.stderr.write("linda cannot be fetched from npm: its rows are left out. ")
    return undefined
  }
}

/** Takes as a promise, which is how it is awaited. */
export const taken = (space: LindaSpace, pattern: object): Promise<unknown> =>
  new Promise((resolve) => space.take(pattern, (_, tuple) => resolve(tuple)))
