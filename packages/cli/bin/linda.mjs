#!/usr/bin/env node
// The command linda. Where the package is published, it is one file, which starts four times as fast as its modules.
// In the workspace it is TypeScript, which tsx loads.
if (import.meta.resolve("@effect-linda/cli/Cli").endsWith(".ts")) {
  const tsx = await import("tsx/esm/api")
  tsx.register()
  await import("./run.mjs")
} else {
  // by a name that is not looked up where there is no dist/
  await import(new URL("../dist/linda.mjs", import.meta.url).href)
}
