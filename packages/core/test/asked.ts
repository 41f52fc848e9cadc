/**
 * Clients of a space on a store in memory, for tests that look at what they ask the store for.
 */
import type { SpaceError, Tuple, TupleSpace } from "@effect-linda/core"
import { SpaceStore } from "@effect-linda/core"
import { Effect } from "effect"

export type Space = TupleSpace.TupleSpace<Tuple.Tuple, SpaceError.SpaceError>

/** What a client asks its store for: by itself, or within a transaction, while nobody else can. */
export interface Asked {
  readonly commands: ReadonlyArray<SpaceStore.Command>
  readonly isAlone: boolean
  /** The number of the transaction. */
  readonly turn: number
}

type Seen = (asked: Asked) => Effect.Effect<unknown, SpaceError.SpaceError>

/** Opens clients of one space; `seen` is told of what they ask before it is done, and `done` after that. */
export const clients = Effect.map(SpaceStore.memory, ({ open }) => {
  const raw = open("jobs", { lease: "10000 days" })
  let turns = 0
  const client = (seen: Seen = () => Effect.void, done: Seen = () => Effect.void) =>
    Effect.map(
      Effect.flatMap(raw, (store) =>
        SpaceStore.make({
          ...store,
          run: (commands) =>
            Effect.zipLeft(
              Effect.zipRight(Effect.suspend(() => seen({ commands, isAlone: false, turn: 0 })), store.run(commands)),
              Effect.suspend(() => done({ commands, isAlone: false, turn: 0 }))
            ),
          transaction: (body) =>
            store.transaction((run, savepoint) => {
              const turn = ++turns
              return body(
                (commands) =>
                  Effect.zipRight(Effect.suspend(() => seen({ commands, isAlone: true, turn })), run(commands)),
                savepoint
              )
            })
        })),
      (space): Space => space
    )
  return Object.assign(client, { raw })
})

export const scansIn = ({ commands }: Asked): number => commands.filter(({ op }) => op === "scan").length
