/**
 * Properties: operations that do not wait.
 *
 * @internal
 */
import * as P from "@effect-linda/core/Pattern"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { expect } from "vitest"
import type { Random } from "../../Random.js"
import { properties } from "./property.js"

type Item = readonly [kind: string, id: number]

/** A space as an array: so simple that it can only be right. */
class Model {
  items: Array<Item> = []

  constructor(readonly selection: "fifo" | "lifo") {}

  all(kind: string): Array<Item> {
    return this.items.filter(([each]) => each === kind)
  }
  find(kind: string): Option.Option<Item> {
    const found = this.selection === "fifo" ? this.all(kind)[0] : this.all(kind).at(-1)
    return Option.fromNullable(found)
  }
  take(taken: Iterable<Item>): void {
    const gone = new Set(taken)
    this.items = this.items.filter((item) => !gone.has(item))
  }
}

const steps = (random: Random, selection: "fifo" | "lifo") => {
  const model = new Model(selection)
  let id = 0
  const kind = () => random.pick(["a", "b", "c"])
  const item = (): Item => [kind(), id++]
  return { model, kind, item }
}

export const model = properties("Operations that do not wait", (property) => {
  for (const selection of ["fifo", "lifo"] as const) {
    const define = selection === "fifo" ? property : property.needing("options")
    define(
      `S1-S8 operations that do not wait do what an array would do (${selection})`,
      (sim) =>
        Effect.gen(function*() {
          const { random } = sim
          const space = yield* sim.space({ selection })
          const { item, kind, model } = steps(random, selection)
          for (let step = random.between(1, 60); step > 0; step--) {
            const wanted = kind()
            const pattern = [wanted, P.number] as const
            const found = model.find(wanted)
            switch (random.below(12)) {
              case 0:
              case 1: {
                const put = item()
                yield* space.out(put)
                model.items.push(put)
                break
              }
              case 2: {
                const put = random.array(random.below(12), item)
                yield* space.outAll(put)
                model.items.push(...put)
                break
              }
              case 3:
                expect(yield* space.inp(pattern)).toEqual(found)
                model.take(Option.toArray(found))
                break
              case 4:
                expect(yield* space.rdp(pattern)).toEqual(found)
                break
              case 5:
                if (random.chance(0.3)) {
                  expect(yield* space.collect(pattern)).toEqual(model.all(wanted))
                  model.take(model.all(wanted))
                } else {
                  expect(yield* space.copyCollect(pattern)).toEqual(model.all(wanted))
                }
                break
              case 6: {
                // oldest first, whatever the selection
                const n = random.below(4)
                expect(yield* space.inUpTo(pattern, n)).toEqual(model.all(wanted).slice(0, n))
                model.take(model.all(wanted).slice(0, n))
                break
              }
              case 7:
                expect(yield* space.count(pattern)).toBe(model.all(wanted).length)
                break
              case 8: {
                const put = item()
                expect(yield* space.outIfAbsent(pattern, put)).toEqual(found)
                if (Option.isNone(found)) {
                  model.items.push(put)
                }
                break
              }
              case 9: {
                const put = item()
                expect(yield* space.replace(pattern, () => put)).toEqual(found)
                if (Option.isSome(found)) {
                  model.take([found.value])
                  model.items.push(put)
                }
                break
              }
              case 10:
                if (Option.isSome(found)) {
                  const fails = random.chance(0.5)
                  const requeue = random.pick(["place", "back"] as const)
                  const use = () => fails ? Effect.fail("no") : Effect.succeed("yes")
                  const result = yield* Effect.either(space.inWith(pattern, use, { requeue }))
                  expect(result._tag).toBe(fails ? "Left" : "Right")
                  if (!fails) {
                    model.take([found.value])
                  } else if (requeue === "back") {
                    model.take([found.value])
                    model.items.push(found.value)
                  }
                }
                break
              default: {
                const either = yield* space.inAny([pattern, [P.string, P.number]], { timeout: 0 }).pipe(Effect.option)
                const any = Option.fromNullable(selection === "fifo" ? model.items[0] : model.items.at(-1))
                const index = Option.exists(any, ([each]) => each === wanted) ? 0 : 1
                expect(either).toEqual(Option.map(any, (tuple) => ({ index, tuple })))
                model.take(Option.toArray(any))
              }
            }
          }
          const left = yield* space.copyCollect([P.string, P.number])
          expect(left).toEqual(model.items)
        })
    )
  }
})
