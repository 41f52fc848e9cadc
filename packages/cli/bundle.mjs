// Makes one file of the command: for dist/, and for tests.
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

/** @param {string} outfile */
export const bundle = (outfile) =>
  build({
    entryPoints: [fileURLToPath(new URL("bin/run.mjs", import.meta.url))],
    outfile,
    bundle: true,
    minify: true,
    // names of classes are in messages
    keepNames: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // they have binaries, or are loaded only by who needs them
    external: ["libsql", "pg", "pg-native"],
    // for what is still CommonJS among what it uses
    banner: {
      js: "import { createRequire as requireOf } from \"node:module\"; const require = requireOf(import.meta.url)"
    },
    logLevel: "error"
  })
