import { afterAll } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A folder for what the tests of a file write. */
export const useFolder = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `linda-${name}-`))
  afterAll(() => rmSync(folder, { recursive: true }))
  return folder
}
