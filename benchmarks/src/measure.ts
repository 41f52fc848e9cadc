/** How things are measured: interleaved, each sample after a full collection, and the median counts. */
import type { Scope } from "effect"
import { Effect } from "effect"

/** Sizes as in the table of targets, or so small that a test can run them. */
export type Size = "full" | "tiny"

export const sized = (size: Size, full: number): number => size === "full" ? full : Math.min(full, 64)

/** The collector, where Node was started so that it can be asked to run. */
export const collect = (): void => {
  ;(globalThis as { readonly gc?: () => void }).gc?.()
}

export const heapUsed = (): number => {
  // Twice: finalizers and weak references of the first time free more.
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

export const quantile = (values: Iterable<number>, share: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}

export const median = (values: Iterable<number>): number => quantile(values, 0.5)

type Samples<K extends string> = { readonly [_ in K]: () => number | Promise<number> }

/**
 * The medians of several ways to do the same. They take turns, so that whatever else the machine does hits all alike;
 * the first `warmUp` turns of each do not count, and the next `runs` do.
 */
export const compare = async <K extends string>(
  size: Size,
  samples: Samples<K>,
  warmUp = 1,
  runs = 5
): Promise<Record<K, number>> => {
  const taken = {} as Record<K, Array<number>>
  const names = Object.keys(samples) as Array<K>
  const rounds = size === "full" ? warmUp + runs : 1
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      collect()
      const value = await samples[name]()
      taken[name] = round <= warmUp ? [value] : [...taken[name], value]
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(taken[name])])) as Record<K, number>
}

export const run = <A>(effect: Effect.Effect<A, never, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect))

/** The milliseconds that an effect takes. */
export const timed = <A, R>(effect: Effect.Effect<A, never, R>): Effect.Effect<number, never, R> =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(effect, () => performance.now() - start)
  })

/** The milliseconds that a function takes. */
export const clocked = (f: () => void): number => {
  const start = performance.now()
  f()
  return performance.now() - start
}

/** Runs an effect for each number below `n`: the cheapest loop there is. */
export const each = <R>(
  n: number,
  body: (i: number) => Effect.Effect<unknown, never, R>
): Effect.Effect<void, never, R> =>
  Effect.suspend(() => {
    let i = 0
    return Effect.whileLoop({ while: () => i < n, body: () => body(i++), step: () => {} })
  })

/** One turn of the event loop. */
export const turn: Effect.Effect<void> = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** The numbers below `n` in an order that looks random and is always the same. */
export const shuffled = (n: number): Uint32Array => {
  const numbers = Uint32Array.from({ length: n }, (_, i) => i)
  let state = 0x9e3779b9
  for (let i = n - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const j = Math.floor((state / 2 ** 32) * (i + 1))
    const swapped = numbers[i]!
    numbers[i] = numbers[j]!
    numbers[j] = swapped
  }
  return numbers
}
