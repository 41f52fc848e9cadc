import { assert, describe, it } from "@effect/vitest"
import type { BuildOptions } from "esbuild"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { MessageChannel, Worker } from "node:worker_threads"
import { bundle } from "./bundle.js"

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Bundles modules of the folder bundle, each into one file, and runs one of them. */
const bundled = async (
  modules: ReadonlyArray<string>,
  main: string,
  options: BuildOptions,
  folder = tmpdir(),
  execArgv: ReadonlyArray<string> = []
) => {
  const { extension, outdir, remove } = await bundle(modules.map((name) => `bundle/${name}`), folder, options)
  try {
    return spawnSync(process.execPath, [...execArgv, join(outdir, main + extension)], {
      encoding: "utf8",
      timeout: 100_000
    })
  } finally {
    remove()
  }
}

describe("entries of threads", () => {
  it("a program and its worker, each bundled into one file, in a folder with nothing else", async () => {
    // it ends by itself: no thread and no port keeps it alive
    const { status, stderr, stdout } = await bundled(["main", "worker"], "main", { format: "esm" })
    assert.deepStrictEqual([status, stderr], [0, ""])
    assert.strictEqual(
      stdout,
      "42\nthe entry of the thread serves no job called \"unserved\", but \"double\"\n"
    )
  })

  it("I3 the same as CommonJS, where a module has no URL", async () => {
    const { stderr, stdout } = await bundled(["commonjs", "worker"], "commonjs", { format: "cjs" })
    assert.deepStrictEqual([stderr, stdout], ["", "42\n"])
  })

  const option = /SpaceError: entry: in a bundle the threads need an entry of their own: give this option the URL/

  it("I3 a bundle without an entry says which option it lacks", async () => {
    assert.match((await bundled(["bare"], "bare", { format: "esm" })).stderr, option)
    assert.match((await bundled(["bare"], "bare", { format: "cjs" })).stderr, option)
    // as webpack does: the URL is that of the source, on the machine where it was bundled
    const url = "file:///elsewhere/node_modules/@effect-linda/node/dist/internal/entry.js"
    const define = { "import.meta.url": JSON.stringify(url) }
    assert.match((await bundled(["bare"], "bare", { format: "esm", define })).stderr, option)
  })

  it("I3 a bundle that leaves the packages out, and is its own module of jobs, does not run again in each thread", async () => {
    const external = { format: "esm", packages: "external" } as const
    const { status, stderr } = await bundled(["bare"], "bare", external, fileOf("../build"), ["--import", "tsx"])
    assert.strictEqual(status, 1)
    assert.match(
      stderr,
      /none at all: if it is a bundle, give the pool the option "entry"|SpaceError: entry: a thread was to load/
    )
  })

  it("an entry that was built with another version is refused at boot", async () => {
    const { port2 } = new MessageChannel()
    const worker = new Worker(fileOf("../worker.mjs"), {
      workerData: {
        "@effect-linda/node": {
          version: 0,
          entry: new URL("../src/internal/main.ts", import.meta.url).href,
          port: port2
        }
      },
      transferList: [port2]
    })
    const [error] = await once(worker, "error") as [Error]
    assert.match(error.message, /built with another version.* version 1 of the protocol, not 0/)
  })
})
