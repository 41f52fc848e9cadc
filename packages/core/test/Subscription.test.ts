import { SpaceEvent } from "@effect-linda/core"
import { assert, describe, it } from "@effect/vitest"

describe("Subscription: events", () => {
  it("S17 events are data: made, told apart and matched", () => {
    const event = SpaceEvent.Out({ tuple: ["t"] }) as SpaceEvent.SpaceEvent<any>
    assert.isTrue(SpaceEvent.$is("Out")(event))
    assert.strictEqual(
      SpaceEvent.$match(event, {
        Out: ({ tuple }): unknown => tuple[0],
        In: () => 0,
        Requeue: () => 0,
        Expire: () => 0,
        Evict: () => 0,
        Missed: () => 0
      }),
      "t"
    )
  })
})
