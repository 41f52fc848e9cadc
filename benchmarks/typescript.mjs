// Runs TypeScript by removing its types and nothing else. Not tsx: it names every function at run time (esbuild's
// `keepNames`), also those that an operation makes at each call, and so slows down the very thing that is measured
// here.
import { readFile } from "node:fs/promises"
import { register } from "node:module"
import { fileURLToPath } from "node:url"
import { isMainThread } from "node:worker_threads"
import ts from "typescript"

// Node runs these hooks in a thread of their own, which loads this file again.
if (isMainThread) {
  register(import.meta.url)
}

/** @type {import("node:module").ResolveHook} */
export const resolve = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context)
  } catch (error) {
    // The file is called .ts; its importers call it what it would be compiled to.
    return specifier.startsWith(".") ? nextResolve(specifier.replace(/\.js$/, ".ts"), context) : Promise.reject(error)
  }
}

/** @type {import("node:module").LoadHook} */
export const load = async (url, context, nextLoad) => {
  if (!url.endsWith(".ts")) {
    return nextLoad(url, context)
  }
  const { outputText } = ts.transpileModule(await readFile(fileURLToPath(url), "utf8"), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      // As in tsconfig.base.json.
      useDefineForClassFields: false,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
      inlineSources: true
    },
    fileName: fileURLToPath(url)
  })
  return { format: "module", source: outputText, shortCircuit: true }
}
