/**
 * What a batch does, by the tables of a store that is in this process. Stores elsewhere say the same in their own
 * language.
 *
 * @internal
 */
import type { Tables } from "../../SpaceStore.js"
import type { Command, Outcome } from "../../StoreCommand.js"
import { perform, receive } from "./commands.js"
import { Delivery } from "./delivery.js"
import { lapsed } from "./lapse.js"

export const interpret = ({ client, commands, dead, lease, now, tables }: {
  readonly tables: Tables
  readonly client: string
  readonly lease: number
  readonly now: number
  /** Which other clients are taken for dead, once this one has given its sign of life: they are ended. */
  readonly dead: () => ReadonlyArray<string>
  readonly commands: ReadonlyArray<Command>
}): Outcome => {
  if (!tables.touch(client, now + lease)) {
    throw lapsed
  }
  const space = new Delivery(tables, client, now)
  space.expire()
  for (const other of dead()) {
    for (const row of tables.end(other)) {
      space.giveBack(row, undefined, true)
    }
  }
  space.come()
  receive(space, tables.outbox?.() ?? [])
  const replies = commands.map((command) => perform(space, command))
  space.wakeOthers()
  const mail = tables.fetch(client)
  const consumed = mail.filter(({ final, kind }) => final && kind === "served").map(({ waiter }) => waiter)
  if (consumed.length > 0) {
    space.consume(consumed)
  }
  // What this client watches for may have happened by that.
  const told = consumed.length > 0 && space.isWatched ? tables.fetch(client) : []
  return { replies, mail: [...mail, ...told], next: space.next() }
}
