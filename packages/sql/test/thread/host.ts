/** A thread that has spaces. Each is served through a port of its own. */
import { Remote, SpaceStore } from "@effect-linda/core"
import { Postgres, Sqlite } from "@effect-linda/sql"
import { Effect, Exit, Scope } from "effect"
import type { MessagePort } from "node:worker_threads"
import { parentPort } from "node:worker_threads"
import { linkOf } from "./link.js"

/** The engine of a space. */
export type Engine =
  | { readonly kind: "store" }
  | { readonly kind: "sqlite" }
  | { readonly kind: "postgres"; readonly options: Postgres.Options }

/** To open a space, or to close it again. */
export type Order =
  | { readonly id: number; readonly engine: Engine; readonly port: MessagePort }
  | { readonly id: number; readonly engine?: undefined }

const open = (engine: Engine) => {
  switch (engine.kind) {
    case "store":
      return Effect.flatMap(SpaceStore.memory, ({ open }) => Effect.flatMap(open("test"), SpaceStore.make))
    case "sqlite":
      return Sqlite.make({ filename: ":memory:" })
    case "postgres":
      return Postgres.make(engine.options)
  }
}

const scopes = new Map<number, Scope.CloseableScope>()

parentPort!.on("message", (order: Order) => {
  const { id } = order
  const obey = order.engine === undefined
    ? Effect.suspend(() => Scope.close(scopes.get(id)!, Exit.void))
    : Effect.gen(function*() {
      const [scope, inner] = [yield* Scope.make(), yield* Scope.make()]
      scopes.set(id, scope)
      const space = yield* Scope.extend(open(order.engine), inner)
      yield* Effect.forkIn(Remote.serve(space, linkOf(order.port)), scope)
      // the space closes first, and both ends of the link see it
      yield* Scope.addFinalizer(scope, Scope.close(inner, Exit.void))
    })
  void Effect.runPromise(obey).then(() => parentPort!.postMessage(id))
})
