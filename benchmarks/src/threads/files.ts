/** What threads start with: a file for each, made of its sources by esbuild. */
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const names = ["bare", "platform", "task", "worker"] as const

const out = new URL("../../build/threads/", import.meta.url)

export type Files = { readonly [_ in typeof names[number]]: URL }

export const bundled = async (): Promise<Files> => {
  await build({
    entryPoints: names.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
    outdir: fileURLToPath(out),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20"
  })
  return Object.fromEntries(names.map((name) => [name, new URL(`${name}.mjs`, out)])) as Files
}
