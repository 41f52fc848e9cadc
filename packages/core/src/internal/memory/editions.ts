/**
 * Editions: how a transaction that is parked in STM learns that a space has changed.
 *
 * Each arity has an edition, which counts the steps that have changed what is stored there. A condition reads it
 * *through the map*, so that an arity which has no edition yet can be waited for as well. A step writes it *by its own
 * ref*: a write through the map, or even a look into it, would wake everybody who has read the map (F5, F14). Nobody
 * writes editions while no transaction waits on a condition that looks at the space.
 *
 * @internal
 */
import * as STM from "effect/STM"
import * as TMap from "effect/TMap"
import * as TRef from "effect/TRef"
import { commitNow } from "./instant.js"

/**
 * The edition of one shelf, as an addressee of the store's outbox: it is written when the step that changed the shelf
 * is final.
 */
export class Edition {
  private ref: TRef.TRef<number> | undefined = undefined

  constructor(private readonly shelf: number, private readonly refs: TMap.TMap<number, TRef.TRef<number>>) {}

  wake(): void {
    if (this.ref === undefined) {
      this.ref = commitNow(STM.tap(TRef.make(1), (ref) => TMap.set(this.refs, this.shelf, ref)))
    } else {
      commitNow(TRef.update(this.ref, (edition) => edition + 1))
    }
  }
}

export class Editions {
  private readonly refs = commitNow(TMap.empty<number, TRef.TRef<number>>())
  private readonly known = new Map<number, Edition>()

  /** The edition of an arity, or of the failures. */
  of(shelf: number): Edition {
    let edition = this.known.get(shelf)
    if (edition === undefined) {
      this.known.set(shelf, edition = new Edition(shelf, this.refs))
    }
    return edition
  }

  /** Reads an edition. Nothing is written, so this can be parked (F3). */
  read(shelf: number): STM.STM<void> {
    return STM.flatMap(
      TMap.get(this.refs, shelf),
      (ref) => ref._tag === "Some" ? STM.asVoid(TRef.get(ref.value)) : STM.void
    )
  }

  /** Reads all editions, and by the map those yet to come. */
  readonly readAll: STM.STM<void> = STM.flatMap(
    TMap.values(this.refs),
    (refs) => STM.forEach(refs, (ref) => TRef.get(ref), { discard: true })
  )
}
