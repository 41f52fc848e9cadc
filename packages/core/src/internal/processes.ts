/**
 * The processes that a space runs itself (S13): in its scope, with numbers and names, and known to who looks.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Tuple } from "../Tuple.js"
import type { FailurePolicy } from "./arguments.js"
import { markFailure } from "./failure.js"
import * as Process from "./process.js"
import type { AnyFiber } from "./runtime.js"
import type { Verbs } from "./verbs.js"

/** The space, as its processes see it. */
export interface Home {
  readonly closed: boolean
  /** The time in milliseconds. */
  readonly now: () => number
  /** Called when a fiber of a process has run and waits, or has ended. */
  readonly moved: (fiber: AnyFiber | undefined) => void
}

export interface Processes extends Pick<Verbs<never>, "start"> {
  readonly records: ReadonlyMap<number, Process.ProcessRecord>
}

/** `keep` stores the tuple of a failure, for so long and among so many as the policy says. */
export const processesOf = (
  space: string,
  home: Home,
  ofSpace: FailurePolicy,
  keep: (failure: Tuple, policy: FailurePolicy) => Process.Kept
): Effect.Effect<Processes, never, Scope.Scope> =>
  Effect.map(Process.group, (group): Processes => {
    const records = new Map<number, Process.ProcessRecord>()
    let ids = 0
    return {
      records,
      start: (effect, { failures = ofSpace, name }) =>
        Effect.suspend(() => {
          if (home.closed) {
            return Effect.interrupt
          }
          const id = ids++
          return Process.start({
            effect,
            id,
            name: name ?? `process-${id}`,
            since: home.now(),
            group,
            records,
            onMoved: (fiber) => home.moved(fiber),
            space,
            onFailure: (failure) => keep(markFailure(Object.freeze(failure)), failures)
          })
        })
    }
  })
