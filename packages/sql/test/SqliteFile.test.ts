import type { SpaceError } from "@effect-linda/core"
import { Pattern as P, SpaceStore } from "@effect-linda/core"
import { Sqlite } from "@effect-linda/sql"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, FiberId, Option } from "effect"
import Libsql from "libsql"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { existsSync, renameSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { Look } from "../src/internal/sqlite/look.js"
import { clockSet, fresh, same, watched, within } from "./kit.js"
import { useFolder } from "./useFolder.js"

const folder = useFolder("file")

const newFile = () => join(folder, `${fresh()}.db`)

const errorOf = <A, R>(effect: Effect.Effect<A, SpaceError.SpaceError, R>) => within(Effect.flip(effect), "the failure")

/** The longest time in which nothing else of this program could run, meanwhile, in milliseconds. */
const longestStandstill = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    let last = performance.now()
    let longest = 0
    const look = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }
    const timer = setInterval(look, 5)
    return Effect.map(Effect.ensuring(effect, Effect.sync(() => clearInterval(timer))), () => {
      look()
      return longest
    })
  })

/** A program of its own, which has said so many lines. */
const program = (source: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source, ...args], {
        cwd: import.meta.dirname,
        stdio: ["pipe", "pipe", "inherit"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** The next that a program says. */
const said = (child: ChildProcess) =>
  Effect.async<string>((resume) => {
    child.stdout!.once("data", (text) => resume(Effect.succeed(String(text).trim())))
  })

/** Has the write lock until it is told to end. */
const holder = `
import Libsql from "libsql"
const database = new Libsql(process.argv[1])
database.exec("PRAGMA busy_timeout = 10000")
database.exec("BEGIN IMMEDIATE")
console.log("locked")
process.stdin.once("data", () => {
  database.exec("COMMIT")
  console.log("free")
})`

/** Another process takes the write lock; the effect that comes back has it end. */
const lockedBy = (filename: string) =>
  Effect.gen(function*() {
    const child = yield* program(holder, filename)
    same(yield* said(child), "locked")
    return Effect.sync(() => void child.stdin.write("end\n"))
  })

describe("a file of SQLite", () => {
  it.scopedLive("D1 a transaction that takes its time holds up no other space of the file, and not the program", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const [one, other] = [yield* Sqlite.make({ filename, space: "one" }), yield* Sqlite.make({ filename })]
      const begun = yield* Deferred.make<void>()
      const transaction = yield* Effect.fork(
        SpaceStore.transaction(one)(Effect.gen(function*() {
          yield* one.out(["x", 1])
          yield* Deferred.succeed(begun, undefined)
          yield* Effect.sleep("3 seconds")
          yield* one.out(["x", 2])
        }))
      )
      yield* Deferred.await(begun)
      const longest = yield* longestStandstill(within(other.out(["y"]), "the put"))
      assert.isBelow(longest, 2_000)
      same(yield* Fiber.await(transaction), Exit.void)
      same([yield* one.count(["x", P.number]), yield* other.count(["y"])], [2, 1])
    }))

  it.scopedLive("D10 a transaction that waits for the file ends when it is too late, and nothing of it happens", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const [one, other] = [yield* Sqlite.make({ filename, space: "one" }), yield* Sqlite.make({ filename })]
      yield* one.out(["t"])
      const late = Effect.suspend(() => Effect.timeout(SpaceStore.transaction(one)(one.in(["t"])), "200 millis"))
      const isLate = (what: string) =>
        Effect.gen(function*() {
          const [took, exit] = yield* Effect.timed(Effect.exit(within(late, what)))
          assert.isTrue(Exit.isFailure(exit))
          assert.isBelow(Duration.toMillis(took), 12_000)
        })
      const free = yield* lockedBy(filename)
      yield* isLate("one who waits for another program")
      yield* free
      const begun = yield* Deferred.make<void>()
      const transaction = yield* Effect.fork(
        SpaceStore.transaction(other)(Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      )
      yield* Deferred.await(begun)
      yield* isLate("one who waits for another transaction")
      yield* Fiber.interrupt(transaction)
      same(yield* within(SpaceStore.transaction(one)(one.in(["t"])), "the next"), ["t"])
    }))

  it.scopedLive("D1 an operation on another space within a transaction does not wait for ever, and says why", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const options = { filename, retry: "300 millis" } as const
      const [one, other] = [yield* Sqlite.make({ ...options, space: "one" }), yield* Sqlite.make(options)]
      const error = yield* errorOf(SpaceStore.transaction(one)(Effect.zipRight(one.out(["x"]), other.out(["y"]))))
      assert.strictEqual(error.reason, "Unavailable")
      assert.match(
        error.message,
        /^SQLite: another transaction of this program has held the write lock of .*\.db for 300ms: /
      )
      assert.match(error.message, /use no other space of the file within it, or give a longer "retry"$/)
      // Both are of use.
      yield* within(Effect.zipRight(one.out(["z"]), other.out(["z"])), "the puts")
      same([yield* one.count(["x"]), yield* other.count(["y"])], [0, 0])
    }))

  it.scopedLive(
    "D2 another process that has the lock holds nobody up for longer, and blocks nothing",
    () =>
      Effect.gen(function*() {
        const filename = newFile()
        const space = yield* Sqlite.make({ filename })
        const free = yield* lockedBy(filename)
        const put = yield* Effect.fork(space.out(["t"]))
        const longest = yield* longestStandstill(Effect.sleep("3 seconds"))
        assert.isBelow(longest, 2_000)
        assert.isNull(put.unsafePoll())
        yield* free
        yield* within(Fiber.join(put), "the put")
        same(yield* space.count(["t"]), 1)
      }),
    60_000
  )

  it.scopedLive(
    "D2 an operation fails when the lock does not come for so long, and the next one succeeds",
    () =>
      Effect.gen(function*() {
        const filename = newFile()
        const space = yield* Sqlite.make({ filename, retry: "200 millis" })
        const free = yield* lockedBy(filename)
        const error = yield* errorOf(space.out(["t"]))
        assert.strictEqual(error.reason, "Unavailable")
        assert.match(error.message, /^SQLite: another process has held the write lock of .*\.db for 200ms: let it end /)
        assert.match(error.message, /or give a longer "retry"$/)
        yield* free
        yield* Effect.retry(space.out(["u"]), { times: 20 })
        same([yield* space.count(["t"]), yield* space.count(["u"])], [0, 1])
      }),
    60_000
  )

  it.scopedLive(
    "D2 D14 how long an operation waits for the lock is not by a clock that somebody sets meanwhile",
    () =>
      Effect.gen(function*() {
        const filename = newFile()
        const space = yield* Sqlite.make({ filename })
        const free = yield* lockedBy(filename)
        const put = yield* Effect.fork(space.out(["t"]))
        yield* Effect.sleep("50 millis")
        yield* clockSet(3_600_000)
        yield* Effect.sleep("200 millis")
        yield* free
        yield* within(Fiber.join(put), "the put")
      }),
    60_000
  )

  it.scopedLive(
    "D2 clients that could give no sign of life because of a lock do not take each other for dead",
    () =>
      Effect.gen(function*() {
        const options = { filename: newFile(), lease: "600 millis", retry: "20 seconds" } as const
        const spaces = [yield* Sqlite.make(options), yield* Sqlite.make(options)]
        yield* spaces[0]!.outAll([["t", 0], ["t", 1]])
        const go = yield* Deferred.make<void>()
        const uses = yield* Effect.forEach(
          spaces,
          (space, n) => Effect.fork(space.inWith(["t", n], () => Deferred.await(go)))
        )
        yield* Effect.sleep("100 millis")
        const free = yield* lockedBy(options.filename)
        yield* Effect.sleep("1500 millis")
        yield* free
        yield* spaces[0]!.count(["t", P.number])
        yield* Effect.sleep("300 millis")
        yield* Deferred.succeed(go, undefined)
        same(yield* within(Effect.forEach(uses, Fiber.await), "the uses"), [Exit.void, Exit.void])
      }),
    60_000
  )

  it.scopedLive("D2 a space is opened, and closes, beside a process that has the lock", () =>
    Effect.gen(function*() {
      const filename = newFile()
      yield* Effect.scoped(Sqlite.make({ filename }))
      const free = yield* lockedBy(filename)
      const error = yield* errorOf(Effect.scoped(Sqlite.make({ filename, retry: "50 millis", space: "other" })))
      assert.match(error.message, /another process has held the write lock/)
      const opened = yield* Effect.fork(Effect.scoped(
        Effect.flatMap(Sqlite.make({ filename, space: "new" }), (space) => space.out(["t"]))
      ))
      yield* Effect.sleep("100 millis")
      assert.isNull(opened.unsafePoll())
      yield* free
      yield* within(Fiber.join(opened), "the space")
    }), 60_000)

  it.scopedLive("D2 who leaves the opening of a space as it gets the write lock keeps it from nobody", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const other = yield* Sqlite.make({ filename, retry: "1 seconds" })
      let isIn = false
      const opening = yield* Effect.fork(Effect.exit(Sqlite.make({
        filename,
        open: (filename) =>
          watched(new Libsql(filename), {
            done: (text) => {
              if (text === "BEGIN IMMEDIATE" && !isIn) {
                isIn = true
                opening.unsafeInterruptAsFork(FiberId.none)
              }
            }
          })
      })))
      yield* within(Fiber.await(opening), "the opening")
      assert.isTrue(isIn)
      yield* within(other.out(["t"]), "another space")
    }))

  it.scopedLive("D2 an opening that SQLite has undone itself fails with the reason", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(Sqlite.make({
        filename: newFile(),
        open: (filename) => {
          const database = new Libsql(filename)
          return {
            ...watched(database, {}),
            exec: (text) => {
              if (!text.includes("CREATE TABLE linda_spaces")) {
                return database.exec(text)
              }
              // As SQLite does where there is no room.
              database.exec("ROLLBACK")
              throw new Error("database or disk is full")
            }
          }
        }
      }))
      assert.include(error.message, "disk is full")
    }))

  it.scopedLive("D2 processes that make one file at the same time do not fail", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const opener = `
        import { Effect } from "effect"
        import { Sqlite } from "@effect-linda/sql"
        console.log("ready")
        process.stdin.once("data", () =>
          Effect.runPromise(Effect.scoped(Effect.flatMap(
            Sqlite.make({ filename: process.argv[1] }),
            (space) => space.out(["here", process.pid])
          ))).then(() => console.log("done"), (error) => console.log(String(error))))`
      const children = yield* Effect.all(Array.from({ length: 3 }, () => Effect.tap(program(opener, filename), said)), {
        concurrency: "unbounded"
      })
      const results = yield* Effect.all(
        children.map((child) => Effect.zipRight(Effect.sync(() => child.stdin.write("go\n")), said(child))),
        { concurrency: "unbounded" }
      )
      same(results, ["done", "done", "done"])
      const space = yield* Sqlite.make({ filename })
      same(yield* space.count(["here", P.number]), 3)
    }), 60_000)

  it.scopedLive("D15 what another process puts wakes who waits here", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const spaces = yield* Effect.forEach(["a", "b"], (space) => Sqlite.make({ filename, space }))
      const takers = yield* Effect.forEach(spaces, (space) => Effect.fork(space.in(["t", P.number])))
      yield* Effect.sleep("500 millis")
      const putter = `
        import { Effect } from "effect"
        import { Sqlite } from "@effect-linda/sql"
        for (const space of ["a", "b"]) {
          await Effect.runPromise(Effect.scoped(Effect.flatMap(
            Sqlite.make({ filename: process.argv[1], space }),
            (space) => space.out(["t", process.pid])
          )))
        }
        console.log("done")`
      const child = yield* program(putter, filename)
      same(yield* said(child), "done")
      same((yield* within(Fiber.join(Fiber.all(takers)), "the tuples")).map(([, pid]) => pid), [child.pid, child.pid])
    }), 60_000)

  it.scopedLive("D15 a program that is idle looks at a file now and then, once for all its spaces", () =>
    Effect.gen(function*() {
      const filename = newFile()
      let looks = 0
      const ran = (sql: string) => {
        looks += sql === "PRAGMA data_version" ? 1 : 0
      }
      const open = (filename: string) => watched(new Libsql(filename), { ran })
      const spaces = yield* Effect.forEach(
        ["a", "b", "c", "d"],
        (space) => Sqlite.make({ filename, open, space, lease: "1 hour" })
      )
      const takers = yield* Effect.forEach(spaces, (space) => Effect.fork(space.in(["t"])))
      yield* Effect.sleep("1 seconds")
      looks = 0
      yield* Effect.sleep("1 seconds")
      assert.isBelow(looks, 12)
      // In the program itself nobody waits for a look.
      const other = yield* Sqlite.make({ filename, space: "a" })
      yield* other.out(["t"])
      same(yield* within(Fiber.join(takers[0]!), "the tuple"), ["t"])
    }))

  it.live("D15 where the system does not tell of changes, it is looked as often as is said", () =>
    Effect.gen(function*() {
      const look = new Look({ path: join(folder, "nothing.db"), isThere: () => true })
      let looks = 0
      let told = 0
      const member = {
        tables: "linda_",
        client: () => "1",
        notify: () => void told++,
        hasMail: () => true,
        version: () => Math.floor(++looks / 4),
        poll: 2
      }
      look.add(member)
      yield* Effect.sleep("300 millis")
      look.delete(member)
      const before = looks
      assert.isAbove(before, 8)
      assert.isAtLeast(told, 2)
      assert.isBelow(told, before)
      yield* Effect.sleep("20 millis")
      assert.strictEqual(looks, before)
    }))

  it.live("D15 what a look fails at is looked at again", () =>
    Effect.gen(function*() {
      const look = new Look({ path: join(folder, "nothing.db"), isThere: () => true })
      let looks = 0
      const told = yield* Deferred.make<void>()
      const member = {
        tables: "linda_",
        client: () => "1",
        notify: () => Deferred.unsafeDone(told, Exit.void),
        hasMail: () => true,
        version: () => {
          if (++looks <= 2) {
            throw new Error("database is locked")
          }
          return looks
        },
        poll: 2
      }
      look.add(member)
      yield* within(Deferred.await(told), "the third look")
      look.delete(member)
    }))

  it.scopedLive("S16 a value that SQLite refuses is refused, alone, and the space goes on", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const space = yield* Sqlite.make({ filename })
      const database = new Libsql(filename)
      database.exec(
        `CREATE TRIGGER no BEFORE INSERT ON linda_tuples WHEN NEW.fields LIKE '%bad%'
          BEGIN SELECT RAISE(ABORT, 'not this one'); END`
      )
      database.close()
      const [bad, good] = yield* Effect.all([Effect.flip(space.out(["bad"])), Effect.exit(space.out(["good"]))], {
        concurrency: "unbounded"
      })
      same([bad.reason, good], ["Refused", Exit.void])
      assert.match(bad.message, /^SQLite: .*not this one/)
      same(yield* space.collect([P.string]), [["good"]])
    }))

  for (
    const [what, change] of [
      ["deleted", (filename: string) => rmSync(filename)],
      ["replaced", (filename: string) => {
        const other = new Libsql(`${filename}-other`)
        other.exec("CREATE TABLE t (a)")
        other.close()
        renameSync(`${filename}-other`, filename)
      }]
    ] as const
  ) {
    it.scopedLive(`D17 what is put into a file that was ${what} fails, and the file that is there then is another one`, () =>
      Effect.gen(function*() {
        const filename = newFile()
        const one = yield* Sqlite.make({ filename })
        yield* one.out(["t"])
        change(filename)
        yield* Effect.sleep("60 millis")
        for (const operation of [one.out(["t"]), one.inp(["t"]), one.count(["t"])]) {
          const error = yield* errorOf<unknown, never>(operation)
          assert.strictEqual(error.reason, "Unavailable")
          assert.isTrue(
            error.message.startsWith(`SQLite: ${filename} has been deleted, moved or replaced while it was open`)
          )
        }
        for (const suffix of ["-wal", "-shm"]) {
          rmSync(filename + suffix, { force: true })
        }
        const other = yield* Sqlite.make({ filename })
        yield* other.out(["u"])
        same(yield* other.inp(["t"]), Option.none())
      }))
  }

  it.scopedLive("D21 the log of a file that others have read for long is cut", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const space = yield* Sqlite.make({ filename, synchronous: "normal" })
      yield* space.out(["t", ""])
      const reader = new Libsql(filename)
      reader.exec("BEGIN")
      reader.prepare("SELECT count(*) FROM linda_tuples").all()
      const text = "x".repeat(2 ** 20)
      yield* Effect.repeatN(space.out(["t", text]), 24)
      assert.isAbove(statSync(`${filename}-wal`).size, 2 ** 24)
      reader.exec("COMMIT")
      reader.close()
      yield* Effect.repeatN(space.out(["t", text]), 12)
      assert.isAtMost(statSync(`${filename}-wal`).size, 2 ** 24)
    }))

  it.scopedLive("D21 a copy that is made beside a program that writes has whole batches, as the guide says", () =>
    Effect.gen(function*() {
      const filename = newFile()
      const space = yield* Sqlite.make({ filename, synchronous: "normal" })
      const writer = yield* Effect.fork(Effect.forever(Effect.zipRight(
        space.outAll([["a"], ["b"]]),
        Effect.sleep("1 millis")
      )))
      yield* Effect.sleep("100 millis")
      const connection = new Libsql(filename)
      connection.exec(`VACUUM INTO '${filename}-copy'`)
      connection.close()
      yield* Fiber.interrupt(writer)
      const copy = yield* Sqlite.make({ filename: `${filename}-copy` })
      const [a, b] = [yield* copy.count(["a"]), yield* copy.count(["b"])]
      assert.isAbove(a, 0)
      assert.strictEqual(a, b)
    }))

  it.skipIf(!existsSync("/proc/self/fd"))(
    "D21 a space that is closed keeps nothing of its file from the collector",
    () =>
      Effect.runPromise(Effect.scoped(Effect.gen(function*() {
        const closer = `
        import { Effect } from "effect"
        import { Sqlite } from "@effect-linda/sql"
        import { readdirSync, readlinkSync } from "node:fs"
        import { setFlagsFromString } from "node:v8"
        import { runInNewContext } from "node:vm"
        setFlagsFromString("--expose-gc")
        const gc = runInNewContext("gc")
        const filename = process.argv[1]
        const opened = () => readdirSync("/proc/self/fd").filter((fd) => {
          try {
            return readlinkSync("/proc/self/fd/" + fd).startsWith(filename)
          } catch {
            return false
          }
        }).length
        for (let i = 0; i < 5; i++) {
          await Effect.runPromise(Effect.scoped(Effect.flatMap(
            Sqlite.make({ filename }),
            (space) => Effect.zipRight(space.out(["t", i]), space.inp(["t", i]))
          )))
        }
        for (let i = 0; i < 20 && opened() > 0; i++) {
          gc()
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        console.log("open: " + opened())`
        const child = yield* program(closer, newFile())
        same(yield* said(child), "open: 0")
      }))),
    60_000
  )
})
