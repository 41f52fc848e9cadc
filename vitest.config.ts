import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import type { TestSpecification } from "vitest/node"
import { BaseSequencer } from "vitest/node"

/** The files that take longest, in this order: what is begun last should not be what all others wait for. */
const long = [
  "core/test/Properties",
  "sql/test/Postgres",
  "server/test/Conformance",
  "node/test/Workers",
  "sql/test/Thread",
  "sql/test/PostgresThread",
  "test/SpaceStore",
  "test/Sharded",
  "sql/test/Sqlite",
  "test/Conformance",
  "test/examples",
  "test/Remote",
  "sql/test/Memory",
  "sql/test/PostgresServer",
  "cli/test/Commands",
  "cli/test/With",
  "test/Links",
  "sql/test/Crash",
  "test/smoke",
  "sql/test/Storm"
]

const rank = ({ moduleId }: TestSpecification): number => {
  const index = long.findIndex((name) => moduleId.endsWith(`${name}.test.ts`))
  return index < 0 ? long.length : index
}

/** Vitest knows how long files take from the run before; a fresh clone has none. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}

// Coverage is a matter of the whole workspace; the projects are in vitest.workspace.ts.
export default defineConfig({
  test: {
    // more workers than cores, where vitest would leave one of these to itself: many tests wait for something most of
    // the time
    maxWorkers: 2 * availableParallelism(),
    minWorkers: 1,
    sequence: { sequencer: LongestFirst },
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
