import { SpaceStore } from "@effect-linda/core"
import * as Conformance from "@effect-linda/testkit/Conformance"
import { Effect } from "effect"

const skip = {
  "S17 N06 suspend": "a mailbox is its reader's own: an out does not wait for it",
  "S8 S17 suspend": "a mailbox is its reader's own: an out does not wait for it",
  "Q01 a process that sleeps and then waits":
    "whether a fiber that sleeps by a TestClock and has children is blocked, depends on who slept first",
  "V08 interests with kind, pattern and age": "what is handed over is consumed before anybody can look"
}

Conformance.suite({
  name: "on a store in memory",
  layer: SpaceStore.layer(Effect.flatMap(SpaceStore.memory, ({ open }) => open("test", { lease: "10000 days" }))),
  time: "test",
  lacks: {
    transactions: "STM is in the memory of one process; SpaceStore.transaction is tested by itself",
    references: "a store keeps data: functions, symbols and objects without a schema are refused"
  },
  skip
})
