import { build } from "esbuild"
import { join } from "node:path"

/** Makes one file of the command, which starts faster, inside the package, so that it finds the drivers. */
export const bundleInto = async (folder: string): Promise<string> => {
  const outfile = join(folder, "linda.mjs")
  await build({
    entryPoints: [join(import.meta.dirname, "program.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["pg", "libsql"],
    // of what is still CommonJS among what it uses
    banner: {
      js: "import { createRequire as requireOf } from \"node:module\"; const require = requireOf(import.meta.url)"
    },
    logLevel: "error"
  })
  return outfile
}
