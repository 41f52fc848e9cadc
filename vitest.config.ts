import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import type { TestSpecification } from "vitest/node"
import { BaseSequencer } from "vitest/node"

/** The files that take longest, in this order: what is begun last should not be what all others wait for. */
const long = [
  "server/test/Conformance",
  "sql/test/Postgres",
  "sql/test/Thread",
  "sql/test/PostgresThread",
  "cli/test/Commands",
  "core/test/Properties",
  "sql/test/Sqlite",
  "core/test/SpaceStore",
  "core/test/Remote",
  "node/test/Conformance",
  "core/test/Sharded",
  "cli/test/With",
  "server/test/Hostile",
  "node/test/Workers",
  "examples/test/examples",
  "core/test/Conformance",
  "testkit/test/Fleet",
  "sql/test/Crash",
  "core/test/Links",
  "sql/test/Memory",
  "server/test/Kill",
  "sql/test/SqliteFile",
  "benchmarks/test/smoke",
  "sql/test/PostgresServer",
  "core/test/StoreJoins",
  "sql/test/Storm",
  "sql/test/Guards",
  "sql/test/Outbox",
  "core/test/StoreScale",
  "sql/test/PostgresPooler",
  "cli/test/Postgres",
  "sql/test/Operation",
  "examples/test/agents"
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
