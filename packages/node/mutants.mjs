// Deliberate faults in processes on threads, each of which some test has to find: see scripts/mutants.mjs.

/** @type {ReadonlyArray<import("../core/mutants.mjs").Mutant>} */
export const mutants = [
  {
    name: "a thread takes more jobs than it may",
    clause: "S13",
    file: "internal/pool.ts",
    find: "slot.jobs < options.concurrency",
    replace: "slot.jobs < Infinity"
  },
  {
    name: "a thread that has died is given jobs",
    clause: "S13",
    file: "internal/pool.ts",
    find: "slot.thread?.isLost !== true && ",
    replace: ""
  },
  {
    name: "who waits for a thread is not given one that becomes free",
    clause: "S13",
    file: "internal/pool.ts",
    find: "const slot = turn === undefined || isClosed ? undefined : take()",
    replace: "const slot = turn === undefined || !isClosed ? undefined : take()"
  },
  {
    name: "who is interrupted while it is given a thread takes that along",
    clause: "S13",
    file: "internal/pool.ts",
    find: "waiting.delete(turn) ? Effect.void : Effect.flatMap(Deferred.await(turn), release)",
    replace: "Effect.sync(() => waiting.delete(turn))"
  },
  {
    name: "a thread that has nothing to do never ends",
    clause: "S13",
    file: "internal/pool.ts",
    find: "} while (rest > 0)",
    replace: "} while (rest > -Infinity)"
  },
  {
    name: "a pool that closes does not interrupt those who use it",
    clause: "S12",
    file: "internal/pool.ts",
    find: "Effect.zipRight(Fiber.interruptAll(users), Scope.close(scope, exit))",
    replace: "Scope.close(scope, exit)"
  },
  {
    name: "what a thread had ends only with the space when it dies",
    clause: "S13",
    file: "internal/thread.ts",
    find: "complete(died, Exit.fail(error))\n      sessions.endAll()",
    replace: "complete(died, Exit.fail(error))"
  },
  {
    name: "a job that does not end after its interruption keeps its thread",
    clause: "S13",
    file: "internal/thread.ts",
    find: "inThread(Effect.timeoutOption(end, options.grace))",
    replace: "inThread(Effect.asSome(end))"
  },
  {
    name: "a job is not told that it is interrupted",
    clause: "S13",
    file: "internal/thread.ts",
    find: "Effect.sync(() => sessions.interrupt(session)),",
    replace: "Effect.sync(() => session),"
  },
  {
    name: "a thread that does not start is waited for",
    clause: "S13",
    file: "internal/thread.ts",
    find: "duration: options.startTimeout,",
    replace: "duration: Infinity,"
  },
  {
    name: "jobs do not keep the program up",
    clause: "S13",
    file: "internal/thread.ts",
    find: "if (jobs++ === 0) {",
    replace: "if (jobs++ < 0) {"
  },
  {
    name: "threads without a job keep the program up",
    clause: "S13",
    file: "internal/thread.ts",
    find: "if (--jobs === 0) {\n              native.unref()",
    replace: "if (--jobs === 0) {\n              native.ref()"
  },
  {
    name: "what a job has printed is not waited for",
    clause: "S13",
    file: "internal/thread.ts",
    find: "if (stream.readableEnded || stream.destroyed) {",
    replace: "if (stream !== undefined) {"
  },
  {
    name: "a result of another type than the job's is believed",
    clause: "S13",
    file: "internal/thread.ts",
    find: "Effect.matchEffect(Schema.decodeUnknown(job.exit)(job.codec.decode(outcome[1])), {",
    replace: "Effect.matchEffect(Effect.sync(() => job.codec.decode(outcome[1]) as never), {"
  },
  {
    name: "a job that is interrupted in its thread succeeds with nothing",
    clause: "S13",
    file: "internal/thread.ts",
    find: "return Effect.interrupt\n  }",
    replace: "return Effect.succeed(undefined as never)\n  }"
  }
]
