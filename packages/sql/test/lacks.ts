import * as Conformance from "@effect-linda/testkit/Conformance"

/** What spaces in a database do not have, and why. */
export const lacks = Conformance.onStore.lacks

export const skip = {
  ...Conformance.onStore.skip,
  "S15 K13":
    "tuples in a database live by the clock that its programs share, which is that of the machine or the server"
}
