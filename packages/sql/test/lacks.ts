/** What spaces on a store do not have, and why. */
export const lacks = {
  transactions: "STM is in the memory of one process; SpaceStore.transaction is tested by itself",
  references: "a store keeps data: functions, symbols and objects without a schema are refused"
}

export const skip = {
  "Q01 a process that sleeps and then waits":
    "whether a fiber that sleeps by a TestClock and has children is blocked, depends on who slept first",
  "S15 K13":
    "tuples in a database live by the clock that its programs share, which is that of the machine or the server",
  "S17 N06 suspend": "a mailbox is its reader's own: an out does not wait for it",
  "S8 S17 suspend": "a mailbox is its reader's own: an out does not wait for it",
  "V08 interests with kind, pattern and age": "what is handed over is consumed before anybody can look"
}
