// Fifty shells claim a thousand tasks from one file, and are killed meanwhile: npx tsx packages/cli/storm/main.ts
// LINDA_SHELLS, LINDA_TASKS, LINDA_KILLS and LINDA_LEASE change the figures.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundle } from "../bundle.mjs"
import { storm } from "./storm.js"

const number = (name: string, otherwise: number): number => Number(process.env[`LINDA_${name}`] ?? otherwise)

const built = mkdtempSync(join(import.meta.dirname, "..", "build-storm-"))
const folder = mkdtempSync(join(tmpdir(), "linda-storm-"))
const program = join(built, "linda.mjs")
try {
  await bundle(program)
  const report = await storm({
    folder,
    program,
    shells: number("SHELLS", 50),
    tasks: number("TASKS", 1_000),
    kills: number("KILLS", 60),
    lease: process.env["LINDA_LEASE"] ?? "30s"
  })
  console.log(report)
  process.exitCode = report.left === 0 && report.overlaps === 0 ? 0 : 1
} finally {
  rmSync(built, { recursive: true })
  rmSync(folder, { recursive: true, force: true })
}
