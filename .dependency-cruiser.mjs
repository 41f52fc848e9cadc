// The "Never" arrows: what no file of this repository may import.

const effect = "node_modules/effect/dist/[^/]+"
const stm = `${effect}/(STM|TArray|TDeferred|TMap|TPriorityQueue|TPubSub|TQueue|TRandom|TReentrantLock|TRef|` +
  "TSemaphore|TSet|TSubscriptionRef)[.]"

const memory = "^packages/core/src/internal/memory/"

/** @param {ReadonlyArray<string>} names */
const inMemory = (...names) => `${memory}(${names.join("|")})[.]ts$`

/** What the store in memory is made of, and its rooms from the lowest to the highest, which alone operations see. */
const ground = [
  "away",
  "editions",
  "entry",
  "instant",
  "interest",
  "log",
  "miss",
  "ordered",
  "shelf",
  "shelves",
  "waitingPuts"
]
const rooms = ["state", "events", "delivery", "holds", "looks", "room", "store"]

const values = "^packages/core/src/internal/values/"

/** The rooms of values, and which of them each may call. */
const roomsOfValues = {
  words: [],
  kinds: ["words"],
  encoder: ["words", "kinds"],
  decoder: ["words"],
  errors: ["kinds", "encoder", "decoder"]
}

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "core-imports-only-effect",
      comment: "core depends on effect and on nothing else, so that every engine and every runtime can carry it",
      severity: "error",
      from: { path: "^packages/core/src/" },
      to: { pathNot: ["^packages/core/src/", "node_modules/effect/"] }
    },
    {
      name: "engines-know-only-core",
      comment: "node, sql and server do not import each other: a user takes the one that is needed",
      severity: "error",
      // the tests of server serve spaces of sql
      from: { path: "^packages/(node|sql|server(?=/src/))/" },
      to: { path: "^packages/(node|sql|server)/", pathNot: "^packages/$1/" }
    },
    {
      name: "src-never-imports-testkit",
      comment: "the testkit is for tests; no user of a package installs it unasked",
      severity: "error",
      from: { path: "^packages/[^/]+/src/", pathNot: "^packages/testkit/" },
      to: { path: "^packages/testkit/" }
    },
    {
      name: "vitest-in-the-suite-alone",
      comment:
        "of the testkit, Conformance and what it is made of need vitest, and nothing else: it is an optional peer",
      severity: "error",
      from: {
        path: "^packages/testkit/src/",
        pathNot: "^packages/testkit/src/(Conformance|internal/(suite|properties)/)"
      },
      to: {
        path: [
          "node_modules/(vitest|@effect/vitest)/",
          "^packages/testkit/src/(Conformance|internal/(suite|properties)/)"
        ]
      }
    },
    {
      name: "internal-is-internal",
      comment: "internal/ may change in any release; only its own package imports it",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/[^/]+/(src|dist)/internal/", pathNot: "^packages/$1/" }
    },
    {
      name: "internal-is-internal-outside-packages",
      comment: "as above, for the examples and benchmarks, which show what a user can write",
      severity: "error",
      from: { pathNot: "^packages/" },
      to: { path: "^packages/[^/]+/(src|dist)/internal/" }
    },
    {
      name: "stm-stays-inside",
      comment: "STM is imported in core's internal/ and Transaction.ts alone; its traps are dealt with there",
      severity: "error",
      from: {
        path: "^packages/[^/]+/src/",
        pathNot: [
          "^packages/core/src/internal/",
          "^packages/core/src/(Transaction|TupleSpace)[.]ts$",
          // the suite is a user of transactions
          "^packages/testkit/src/internal/"
        ]
      },
      to: { path: stm }
    },
    {
      name: "stm-in-tuple-space-is-a-type",
      comment: "TupleSpace.ts names the type STM in the signature of transact, and no more",
      severity: "error",
      from: { path: "^packages/core/src/TupleSpace[.]ts$" },
      to: { path: stm, dependencyTypesNot: ["type-only"] }
    },
    {
      name: "no-cycles-in-memory",
      comment: "the engine in memory can be read from the ground up",
      severity: "error",
      from: { path: memory },
      to: { circular: true, viaOnly: { path: memory } }
    },
    {
      name: "the-ground-knows-no-room",
      comment: "what the rooms of the store are made of knows nothing of them",
      severity: "error",
      from: { path: inMemory(...ground) },
      to: { path: memory, pathNot: inMemory(...ground) }
    },
    ...rooms.map((room, floor) => ({
      name: `rooms-call-downwards-${room}`,
      comment: "a room of the store in memory knows those below it; turns are the affair of the store",
      severity: /** @type {const} */ ("error"),
      from: { path: inMemory(room) },
      to: {
        path: memory,
        pathNot: inMemory(...ground, ...rooms.slice(0, floor), ...(room === "store" ? ["turns"] : []))
      }
    })),
    {
      name: "turns-alone",
      comment: "fairness needs to know how much there is, and nothing else of a space",
      severity: "error",
      from: { path: inMemory("turns") },
      to: { path: memory }
    },
    {
      name: "the-store-is-the-door",
      comment: "operations, and whoever else looks at a space in memory, see the store and not its rooms",
      severity: "error",
      from: { pathNot: inMemory(...ground, ...rooms) },
      to: { path: inMemory("miss", "turns", ...rooms.slice(0, -1)) }
    },
    {
      name: "no-barrel-of-effect",
      comment: "packages import effect/Effect and not effect: the barrel would hide an STM, and hinders tree shaking",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: `${effect}/index[.]` }
    },
    {
      name: "engines-do-not-know-each-other",
      comment: "an engine is what it does for the verbs of internal/verbs.ts, and needs no other engine for that",
      severity: "error",
      from: {
        path: "^packages/core/src/internal/(memory|durable|remote|sharded|viewed)/"
      },
      to: {
        path: "^packages/core/src/internal/(memory|durable|remote|sharded|viewed)/",
        pathNot: "^packages/core/src/internal/$1/"
      }
    },
    {
      name: "the-runtime-is-the-ground",
      comment: "what touches Effect's runtime knows nothing of the library: all rooms stand on it",
      severity: "error",
      from: { path: "^packages/[^/]+/src/internal/runtime[.]ts$" },
      to: { path: "^packages/" }
    },
    {
      name: "shared-rooms-know-no-engine",
      comment: "what all engines are made of, the assembly and the verbs among it, imports none of them",
      severity: "error",
      from: {
        path: "^packages/core/src/internal/",
        pathNot: "^packages/core/src/internal/(memory|durable|remote|sharded|viewed)/"
      },
      to: { path: "^packages/core/src/internal/(memory|durable|remote|sharded|viewed)/" }
    },
    {
      name: "only-engines-are-assembled",
      comment: "engines hand their verbs to internal/space.ts; no shared room below it imports it",
      severity: "error",
      from: {
        path: "^packages/core/src/internal/",
        pathNot: "^packages/core/src/internal/(memory|durable|remote|sharded|viewed)/"
      },
      to: { path: "^packages/core/src/internal/space[.]ts$" }
    },
    ...Object.entries(roomsOfValues).map(([room, below]) => ({
      name: `values-call-downwards-${room}`,
      comment: "a room of values knows those below it, and not the class that joins them",
      severity: /** @type {const} */ ("error"),
      from: { path: `${values}${room}[.]ts$` },
      to: {
        path: "^packages/core/src/internal/values([.]ts$|/)",
        pathNot: `${values}(${[room, ...below].join("|")})[.]ts$`
      }
    })),
    {
      name: "values-is-the-door",
      comment: "whoever sends or stores values sees values.ts, and not its rooms",
      severity: "error",
      from: { pathNot: "^packages/core/src/internal/values([.]ts$|/)" },
      to: { path: values }
    },
    {
      name: "not-unresolvable",
      comment: "a module that is not there, or that its package keeps closed (internal/)",
      severity: "error",
      from: {},
      to: { couldNotResolve: true }
    }
  ],
  options: {
    // type imports are arrows too
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(packages/[^/]+|benchmarks)/(build|coverage|dist|docs)/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"]
    }
  }
}
