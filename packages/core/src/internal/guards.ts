/**
 * Refuses queries with guards, for an engine that knows none.
 *
 * @internal
 */
import { unsupported } from "./arguments.js"
import type { Query } from "./pattern/query.js"
import type { Verbs } from "./verbs.js"

/** The verbs that are given queries. */
type Asked<E> = Pick<Verbs<E>, "now" | "take" | "wait">

/** The same verbs, of an engine that knows no guards and no preferences. `what` it is, for the error. */
export const refusingGuards = <E, V extends Asked<E> & Pick<Verbs<E>, "refuse">>(what: string, verbs: V): V => {
  const { now, refuse, take, wait } = verbs
  const refusal = (query: Query) =>
    query.form === "one" || !query.isGuarded
      ? undefined
      : refuse(unsupported(`Query.read, Query.absent and "prefer" are not known to ${what} yet`))
  const asked: Asked<E> = {
    now: (name, query) => refusal(query) ?? now(name, query),
    wait: (name, query, timeout) => refusal(query) ?? wait(name, query, timeout),
    take: (taking, use) => refusal(taking.query) ?? take(taking, use)
  }
  return { ...verbs, ...asked }
}
