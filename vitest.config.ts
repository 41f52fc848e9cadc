import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

// Coverage is a matter of the whole workspace; the projects are in vitest.workspace.ts.
export default defineConfig({
  test: {
    // more workers than cores, where vitest would leave one of these to itself: many tests wait for something most of
    // the time
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
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
