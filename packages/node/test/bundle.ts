import type { BuildOptions } from "esbuild"
import { build } from "esbuild"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** Bundles modules of this folder, each into one file with all that it imports. Gives the folder of these. */
export const bundle = async (
  modules: ReadonlyArray<string>,
  folder: string,
  options: BuildOptions = { format: "esm" }
): Promise<{ readonly outdir: string; readonly extension: string; readonly remove: () => void }> => {
  mkdirSync(folder, { recursive: true })
  const outdir = mkdtempSync(join(folder, "bundle-"))
  const extension = options.format === "cjs" ? ".cjs" : ".mjs"
  const remove = () => rmSync(outdir, { recursive: true })
  try {
    await build({
      entryPoints: modules.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
      outdir,
      outExtension: { ".js": extension },
      bundle: true,
      platform: "node",
      target: "node20",
      logLevel: "error",
      ...options
    })
    return { outdir, extension, remove }
  } catch (error) {
    remove()
    throw error
  }
}
