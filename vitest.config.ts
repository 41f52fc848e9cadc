import { defineConfig } from "vitest/config"

// Coverage is a matter of the whole workspace; the projects are in vitest.workspace.ts.
export default defineConfig({
  test: {
    // what a test that passes prints is of no interest: the examples print a lot
    silent: "passed-only",
    coverage: {
      provider: "v8",
      include: ["packages/core/src/**/*.ts", "packages/testkit/src/*.ts"],
      reporter: ["text", "html"],
      thresholds: { lines: 95 }
    }
  }
})
