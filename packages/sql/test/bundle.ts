import { build } from "esbuild"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

/** A program as one file, which starts faster. */
export const bundle = async (folder: string, program: URL): Promise<string> => {
  const path = fileURLToPath(program)
  const outfile = join(folder, `${basename(path, ".ts")}.mjs`)
  await build({
    entryPoints: [path],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["pg", "libsql"],
    logLevel: "error"
  })
  return outfile
}
