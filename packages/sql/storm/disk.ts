/** A small file system of one's own, which can be full. Only root can have it, where the machine lets root. */
import { spawnSync } from "node:child_process"
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"

export interface Disk {
  readonly folder: string
  /** Writes until nothing more can be written. */
  readonly fill: () => void
  readonly free: () => void
  readonly close: () => void
}

/** Undefined where it cannot be had. */
export const small = (folder: string, megabytes: number): Disk | undefined => {
  mkdirSync(folder)
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return undefined
  }
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "tmpfs", folder]).status !== 0) {
    return undefined
  }
  const filler = join(folder, "filler")
  const close = () => void spawnSync("umount", ["--lazy", folder])
  process.once("exit", close)
  return {
    folder,
    fill: () => {
      const file = openSync(filler, "w")
      // what is left at the end is smaller than a page, which nobody can write either
      for (const size of [2 ** 20, 2 ** 12]) {
        const chunk = Buffer.alloc(size)
        try {
          while (writeSync(file, chunk) === size);
        } catch {
          // it is full
        }
      }
      closeSync(file)
    },
    free: () => rmSync(filler, { force: true }),
    close: () => {
      process.off("exit", close)
      close()
    }
  }
}
