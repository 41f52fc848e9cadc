/** What is done to processes, connections and stores: one fault each, and the schedule of a round. */
import type { Arena } from "./arena.js"
import { patiently } from "./arena.js"
import type { Chance } from "./chance.js"
import type { Engine } from "./orders.js"
import type { Slot } from "./processes.js"
import { sleep } from "./processes.js"

export interface Fault {
  readonly engines: ReadonlyArray<Engine>
  /** What it is done to: to one, no two at a time. */
  readonly to: "process" | "store"
  /** How often, beside others. */
  readonly weight: number
  /** How long it lasts, in leases: at least, and at most. */
  readonly leases: readonly [least: number, most: number]
  /** Whether it also strikes the first process, which lives as long as the storm: to see what grows. */
  readonly sparesFirst?: boolean
  readonly inject: (arena: Arena, event: Event) => Promise<void>
}

/** A fault at its time. */
export interface Event {
  readonly name: string
  /** In milliseconds since the round has begun. */
  readonly at: number
  readonly slot: number
  /** How long it lasts. */
  readonly millis: number
  /** From 0 to 1: how much, or in which way. */
  readonly degree: number
}

const all: ReadonlyArray<Engine> = ["memory", "store", "sqlite", "postgres"]
const shared: ReadonlyArray<Engine> = ["sqlite", "postgres"]

const slotOf = ({ slots }: Arena, { slot }: Event): Slot => slots[slot]!

const proxyOf = ({ postgres }: Arena, { slot }: Event) => postgres!.proxies[slot]!

/** How long a process may take to end, in leases: what is under way fails at the latest after its `retry`. */
const patience = 40

/** The server says in which words it is to be asked. */
const alter = ({ postgres }: Arena, statement: string): Promise<void> =>
  patiently(() =>
    postgres!.connect(async (client) => {
      await client.query(statement)
      await client.query("SELECT pg_reload_conf()")
    })
  )

/** Runs statements in a transaction of somebody else's, and leaves it open for a while. */
const hold = async (arena: Arena, begin: ReadonlyArray<string>, millis: number): Promise<void> => {
  const { postgres, sqlite } = arena
  if (sqlite === undefined) {
    // the server may be restarted meanwhile
    await postgres!.connect(async (client) => {
      for (const statement of begin) {
        await client.query(statement)
      }
      await sleep(millis)
      await client.query("COMMIT")
    }).catch(() => {})
    return
  }
  const database = sqlite.connect()
  try {
    database.exec("PRAGMA busy_timeout = 0")
    await patiently(() => Promise.resolve().then(() => begin.forEach((statement) => database.exec(statement))))
    await sleep(millis)
    database.exec("COMMIT")
  } finally {
    database.close()
  }
}

export const faults: Readonly<Record<string, Fault>> = {
  kill: {
    engines: shared,
    to: "process",
    weight: 4,
    leases: [0, 1.5],
    sparesFirst: true,
    inject: async (arena, event) => {
      const slot = slotOf(arena, event)
      await slot.kill()
      await sleep(event.millis)
      slot.start()
    }
  },
  end: {
    engines: shared,
    to: "process",
    weight: 1,
    leases: [0, 0.5],
    sparesFirst: true,
    inject: async (arena, event) => {
      const slot = slotOf(arena, event)
      await slot.end(patience * arena.lease)
      await sleep(event.millis)
      slot.start()
    }
  },
  stop: {
    engines: all,
    to: "process",
    weight: 3,
    leases: [0.3, 2.5],
    inject: async (arena, event) => {
      const slot = slotOf(arena, event)
      slot.signal("SIGSTOP")
      await sleep(event.millis)
      slot.signal("SIGCONT")
    }
  },
  interrupt: {
    engines: all,
    to: "process",
    weight: 3,
    leases: [0, 0],
    inject: async (arena, event) => {
      await slotOf(arena, event).ask({ order: "interrupt", which: event.degree })
    }
  },
  clock: {
    engines: all,
    to: "process",
    weight: 2,
    leases: [0.2, 2],
    inject: async (arena, event) => {
      const slot = slotOf(arena, event)
      // an hour back, to an hour on
      await slot.ask({ order: "clock", offset: Math.round((event.degree - 0.5) * 7_200_000) })
      await sleep(event.millis)
      await slot.ask({ order: "clock", offset: 0 })
    }
  },
  cut: {
    engines: ["postgres"],
    to: "process",
    weight: 3,
    leases: [0, 0],
    inject: (arena, event) => Promise.resolve(proxyOf(arena, event).cut())
  },
  refuse: {
    engines: ["postgres"],
    to: "process",
    weight: 1,
    leases: [0.2, 4],
    inject: async (arena, event) => {
      const proxy = proxyOf(arena, event)
      proxy.refuse(true)
      proxy.cut()
      await sleep(event.millis)
      proxy.refuse(false)
    }
  },
  delay: {
    engines: ["postgres"],
    to: "process",
    weight: 2,
    leases: [0.5, 2],
    inject: async (arena, event) => {
      const proxy = proxyOf(arena, event)
      proxy.delay(event.degree * 400)
      await sleep(event.millis)
      proxy.delay(0)
    }
  },
  swallow: {
    engines: ["postgres"],
    to: "process",
    weight: 2,
    leases: [0, 0],
    inject: (arena, event) => Promise.resolve(proxyOf(arena, event).swallow())
  },
  terminate: {
    engines: ["postgres"],
    to: "store",
    weight: 1,
    leases: [0, 0],
    inject: (arena) =>
      patiently(() =>
        arena.postgres!.connect(async (client) => {
          await client.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE backend_type = 'client backend' AND application_name <> 'storm' ORDER BY random() LIMIT 1`
          )
        })
      )
  },
  readonly: {
    engines: ["postgres"],
    to: "store",
    weight: 1,
    leases: [0.3, 1.5],
    inject: async (arena, event) => {
      await alter(arena, "ALTER SYSTEM SET default_transaction_read_only = on")
      await sleep(event.millis)
      await alter(arena, "ALTER SYSTEM RESET default_transaction_read_only")
    }
  },
  restart: {
    engines: ["postgres"],
    to: "store",
    weight: 0.5,
    leases: [0, 0],
    inject: (arena) => arena.postgres!.server.crash()
  },
  /** Somebody else has all of it. */
  lock: {
    engines: shared,
    to: "store",
    weight: 1,
    leases: [0.1, 1],
    inject: (arena, { millis }) =>
      hold(
        arena,
        arena.engine === "sqlite" ? ["BEGIN IMMEDIATE"] : ["BEGIN", "LOCK TABLE linda.tuples IN ACCESS EXCLUSIVE MODE"],
        millis
      )
  },
  /** Somebody else reads, and keeps what is dead from being cleared away. */
  long: {
    engines: shared,
    to: "store",
    weight: 1,
    leases: [1, 5],
    inject: (arena, { millis }) =>
      hold(
        arena,
        arena.engine === "sqlite"
          ? ["BEGIN", "SELECT count(*) FROM linda_tuples"]
          : ["BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM linda.tuples"],
        millis
      )
  },
  full: {
    engines: shared,
    to: "store",
    weight: 1,
    leases: [0.3, 1.5],
    inject: async ({ disk }, { millis }) => {
      disk?.fill()
      await sleep(millis)
      disk?.free()
    }
  }
}

/** Which faults there can be, of those that are asked for. */
export const possible = (engine: Engine, names: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  Object.keys(faults).filter((name) => faults[name]!.engines.includes(engine) && names?.includes(name) !== false)

/** When what happens to whom in a round, all by chance: about one a second. */
export const schedule = (
  names: ReadonlyArray<string>,
  { chance, lease, millis, processes }: {
    readonly chance: Chance
    readonly lease: number
    readonly millis: number
    readonly processes: number
  }
): ReadonlyArray<Event> => {
  const choices = names.map((name) => ({ name, ...faults[name]! }))
  const events: Array<Event> = []
  for (let at = 300; choices.length > 0; at += chance.between(100, 1_500)) {
    if (at > millis) {
      break
    }
    const { leases: [least, most], name, sparesFirst } = chance.weighed(choices)
    const first = sparesFirst === true ? 1 : 0
    const slot = first + chance.below(Math.max(1, processes - first))
    events.push({ name, at, slot, millis: chance.between(least, most) * lease, degree: chance.next() })
  }
  return events
}
