import { assert, describe, it } from "@effect/vitest"
import { build } from "esbuild"
import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { MessageChannel, Worker } from "node:worker_threads"

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

describe("entries of threads", () => {
  it("a program and its worker, each bundled into one file, in a folder with nothing else", async () => {
    const outdir = mkdtempSync(join(tmpdir(), "bundle-"))
    try {
      await build({
        entryPoints: [fileOf("bundle/main.ts"), fileOf("bundle/worker.ts")],
        outdir,
        outExtension: { ".js": ".mjs" },
        bundle: true,
        platform: "node",
        format: "esm",
        target: "node20"
      })
      // it ends by itself: no thread and no port keeps it alive
      const { status, stderr, stdout } = spawnSync(process.execPath, [join(outdir, "main.mjs")], {
        encoding: "utf8",
        timeout: 20_000
      })
      assert.deepStrictEqual([status, stderr], [0, ""])
      assert.strictEqual(
        stdout,
        "42\nthe entry of the thread serves no job called \"unserved\", but \"double\"\n"
      )
    } finally {
      rmSync(outdir, { recursive: true })
    }
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
