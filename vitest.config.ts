import { defineConfig } from "vitest/config"

// Coverage is a matter of the whole workspace; the projects are in vitest.workspace.ts.
export default defineConfig({
  test: {
    // a worker for each core, where vitest would leave one of them to itself: most of these tests wait for others
    maxWorkers: "100%",
    minWorkers: 1,
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
