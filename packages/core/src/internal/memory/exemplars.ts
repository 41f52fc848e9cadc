/**
 * A small space that lives as long as the process, and one of each kind of object that operations make and drop.
 *
 * When V8 collects everything, it forgets the layouts of objects that none is left of, and with them the code that it
 * has compiled for them. Whenever nothing was stored and nobody waited at that time, the next operations would take
 * twice as long, for a while.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as STM from "effect/STM"
import { PCGRandom } from "effect/Utils"
import { FormalImpl } from "../pattern/fields.js"
import { compile } from "../pattern/pattern.js"
import { Several } from "../pattern/query.js"
import { any } from "../pattern/term.js"
import type { Memory } from "./engine.js"
import { makeMemory } from "./engine.js"
import type { Served } from "./interest.js"
import { Interest } from "./interest.js"
import { Detour } from "./operation.js"
import * as Put from "./put.js"
import * as Search from "./search.js"
import type { Options } from "./store.js"
import { MISS } from "./store.js"
import { Run } from "./transaction.js"

const exemplars: Array<unknown> = []

/**
 * To be run when a space is made. All of it is one step of a fiber, as if there was nothing to do: the first space of a
 * process is made under the same decisions of a scheduler as any other, so a schedule can be repeated.
 */
export const keepExemplars: STM.STM<void> = STM.suspend(() =>
  exemplars.length > 0 ? STM.void : STM.map(makeMemory("exemplars", options), fill)
)

const options: Options = {
  capacity: Infinity,
  strategy: "suspend",
  selection: "fifo",
  random: new PCGRandom(0),
  clock: Clock.make()
}

const fill = (memory: Memory): void => {
  const { store } = memory
  const tuple = ["exemplar"] as const
  const pattern = compile([...tuple, new FormalImpl(any)])
  // An interest as those of fibers: the time that it is since is what gives an object of the class its layout.
  const interest = new Interest("in", "takers", [pattern], 0, store.now(), undefined, undefined, () => MISS)
  store.run(() => {
    store.putOne(store.entry(tuple, undefined))
    store.register(interest)
  })
  const served: Served = { entries: [], value: tuple }
  exemplars.push(
    memory,
    served,
    Put.out(memory)(tuple),
    Put.outAll(memory)([tuple], 0),
    Search.wait(memory)("in", pattern, Infinity),
    Search.wait(memory)("inAny", new Several("any", [pattern]), Infinity),
    Search.wait(memory)("inAll", new Several("all", [pattern]), Infinity),
    Search.now(memory)("inp", pattern),
    new Detour(Effect.void),
    new Run(new Map())
  )
}
