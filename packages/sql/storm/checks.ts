/** What has to be true when a round is over, whatever happened in it. */
import type { Operation } from "./log.js"
import type { Engine } from "./orders.js"
import { Problem } from "./processes.js"
import { accounts, balance, last, nothing } from "./programs.js"
import * as Windows from "./windows.js"

export interface Evidence {
  readonly engine: Engine
  readonly operations: ReadonlyArray<Operation>
  /** What is in the space at the end, oldest first. */
  readonly tuples: ReadonlyArray<ReadonlyArray<unknown>>
  /** Whether a program had another time than others. */
  readonly hasClocks: boolean
}

/** How much was looked at, by what it was looked at for; and what is wrong. */
export interface Verdict {
  readonly counts: Record<string, number>
  readonly problems: ReadonlyArray<Problem>
}

interface Court extends Evidence {
  readonly named: (...names: ReadonlyArray<string>) => ReadonlyArray<Operation>
  readonly stored: (kind: string) => ReadonlyArray<ReadonlyArray<unknown>>
  readonly count: (what: string, by?: number) => void
  readonly accuse: (what: string, ...about: ReadonlyArray<number | string>) => void
}

const tally = (ids: Iterable<number>): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>()
  for (const id of ids) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

const isOk = ({ outcome }: Operation): boolean => outcome === "ok"

const hasTaken = ({ outcome, value }: Operation): boolean => outcome === "ok" && value !== null

/**
 * Those that may have taken what they do not know of: of who was killed, or interrupted between a batch and its answer;
 * and of whom the server could not be had for longer than its `retry`. What fails for another reason has taken nothing.
 */
const doubtful = ({ engine, operations }: Evidence, takes: ReadonlyArray<Operation>): ReadonlyArray<Operation> => {
  const isShared = engine === "sqlite" || engine === "postgres"
  const cut = new Set(
    engine === "postgres" ? operations.filter(({ outcome }) => outcome === "Unavailable").map(({ who }) => who) : []
  )
  return takes.filter((take) =>
    take.outcome === "none" || isShared && take.outcome === "interrupted" || !isOk(take) && cut.has(take.who)
  )
}

/** What may go wrong, by what goes wrong. */
const outcomes = ({ accuse, count, engine, operations }: Court): void => {
  const usual = ["ok", "timeout", "interrupted", "unlucky", "none"]
  const held = ["use", "lock", "move", "serve", "watch", "saw", "open"]
  const isUsual = ({ name, outcome }: Operation) =>
    usual.includes(outcome) || (engine !== "memory" && outcome === "Unavailable") ||
    (engine !== "memory" && outcome === "Lapsed" && held.includes(name))
  for (const operation of operations) {
    count(`ended: ${operation.outcome}`)
    if (!isUsual(operation)) {
      accuse(`${operation.name} of ${operation.who} ended as ${operation.outcome}: ${operation.value}`)
    }
  }
}

/** What was put and confirmed is somewhere, and nothing is anywhere that was not put. */
const conservation = (court: Court): void => {
  const { accuse, count, named, stored } = court
  const puts = named("put")
  const idsOf = ({ subject }: Operation) => (subject as readonly [string, ReadonlyArray<number>])[1]
  const put = (kind: string, isConfirmed: boolean) =>
    puts.filter(({ outcome, subject }) => (subject as [string])[0] === kind && (!isConfirmed || outcome === "ok"))
      .flatMap(idsOf)
  const of = (kind: string) => {
    const tallied = (length: number) =>
      tally(
        stored(kind).filter((tuple) => tuple.length === length && tuple[1] !== nothing).map(([, id]) => id as number)
      )
    const [left, done] = [tallied(2), tallied(3)]
    const tried = new Set(put(kind, false))
    for (const id of [...left.keys(), ...done.keys()]) {
      if (!tried.has(id)) {
        accuse(`${kind} ${id} is there, and nobody has put it`, id)
      }
    }
    const of = (counts: ReadonlyMap<number, number>) => (id: number) => counts.get(id) ?? 0
    return { tried, confirmed: put(kind, true), left: of(left), done: of(done) }
  }

  const moved = of("moved")
  count("moved exactly once", moved.confirmed.length)
  for (const id of moved.confirmed) {
    if (moved.left(id) + moved.done(id) !== 1) {
      accuse(`moved ${id}: ${moved.left(id)} are left and ${moved.done(id)} were moved`, id)
    }
  }
  for (const id of moved.tried) {
    if (moved.left(id) + moved.done(id) > 1) {
      accuse(`moved ${id}: is there twice`, id)
    }
  }

  const used = of("used")
  count("used at least once", used.confirmed.length)
  for (const id of used.tried) {
    if (used.left(id) > 1) {
      accuse(`used ${id}: is there twice`, id)
    }
  }
  for (const id of used.confirmed) {
    if (used.left(id) + used.done(id) === 0) {
      accuse(`used ${id}: is lost`, id)
    }
  }

  const taken = of("taken")
  const takes = named("take")
  const gone = tally(
    takes.filter(isOk).flatMap(({ value }) => value as ReadonlyArray<number>).filter((id) => id !== nothing)
  )
  count("taken at most once", gone.size)
  for (const id of taken.tried) {
    if (taken.left(id) + (gone.get(id) ?? 0) > 1) {
      accuse(`taken ${id}: ${taken.left(id)} are left and ${gone.get(id) ?? 0} were taken`, id)
    }
  }
  for (const id of gone.keys()) {
    if (!taken.tried.has(id)) {
      accuse(`taken ${id}: nobody has put it`, id)
    }
  }
  const lost = taken.confirmed.filter((id) => taken.left(id) + (gone.get(id) ?? 0) === 0)
  const most = doubtful(court, takes).reduce((sum, take) => sum + Number(take.subject), 0)
  count("taken by who did not live to say so", lost.length)
  if (lost.length > most) {
    accuse(`of taken ${lost.length} are lost, and at most ${most} were taken without a word: ${lost}`, ...lost)
  }
  for (const { value, who } of named("look").filter(isOk)) {
    const seen = (value as ReadonlyArray<number>).filter((id) => id !== nothing)
    count("looks")
    if (new Set(seen).size !== seen.length) {
      accuse(`a look of ${who} has shown a tuple twice: ${seen}`)
    }
  }
}

/** Money is neither made nor lost, in whichever way a transfer ends. */
const bank = ({ accuse, count, named, stored }: Court): void => {
  const all = stored("account")
  const sum = all.reduce((sum, [, , has]) => sum + (has as number), 0)
  count("transfers", named("transfer").filter(isOk).length)
  if (all.length !== accounts || sum !== accounts * balance) {
    accuse(`there are ${all.length} accounts with ${sum} in all, not ${accounts} with ${accounts * balance}`, "account")
  }
}

/** Who had the lock had it alone; and there is one. */
const lock = ({ accuse, count, named, stored }: Court): void => {
  const spans = named("lock").filter(isOk).map(({ value, who }) => [value as [number, number], who] as const)
    .sort(([[one]], [[other]]) => one - other)
  count("locks", spans.length)
  spans.forEach(([[since], who], index) => {
    const before = spans[index - 1]
    if (before !== undefined && before[0][1] > since) {
      accuse(`${who} and ${before[1]} had the lock at ${since}`, "lock")
    }
  })
  if (stored("lock").length !== 1) {
    accuse(`there are ${stored("lock").length} locks`, "lock")
  }
}

/** What was put by one, one after the other, was moved in this order, whoever moved it; and exactly once. */
const order = ({ accuse, count, named, stored }: Court): void => {
  const produced = named("produce").filter(({ subject }) => (subject as [string])[0] === "order")
  const isCertain = new Map(
    produced.map((operation) => [(operation.subject as Array<unknown>).slice(2).join(), isOk(operation)])
  )
  const latest = new Map<unknown, number>()
  const seen = new Set<string>()
  for (const [, , producer, serial, done] of stored("order")) {
    const key = `${producer},${serial}`
    if (seen.has(key) || !isCertain.has(key)) {
      accuse(`order ${key}: ${seen.has(key) ? "is there twice" : "nobody has put it"}`, producer as number)
    }
    seen.add(key)
    if (done !== undefined && isCertain.get(key) === true) {
      count("moved in order")
      if ((latest.get(producer) ?? 0) > (serial as number)) {
        accuse(`order ${key} came behind ${latest.get(producer)}`, producer as number)
      }
      latest.set(producer, serial as number)
    }
  }
  for (const [key, certain] of isCertain) {
    if (certain && !seen.has(key)) {
      accuse(`order ${key}: is lost`, Number(key.split(",")[0]))
    }
  }
}

/** For how long, in microseconds, the store may still do something for an operation that has ended as too late. */
const late = 6_000_000

/**
 * What one put, one after the other, one took in this order, but for what came back from a take that came to nothing.
 */
const queues = (court: Court): void => {
  const { accuse, count, named, stored } = court
  const consumed = named("consume")
  const put = new Map(
    named("produce").filter((operation) => isOk(operation) && (operation.subject as [string])[0] === "queue")
      .map(({ start, subject }) => [(subject as Array<unknown>).slice(2).join(), start])
  )
  for (const queue of new Set(consumed.map(({ subject }) => subject))) {
    const all = consumed.filter(({ subject }) => subject === queue)
    const vain = all.filter((operation) => !isOk(operation))
    const took = all.filter(hasTaken).sort((one, other) => one.end - other.end)
    const latest = new Map<unknown, number>()
    const once = new Set<string>()
    for (const { end, value } of took) {
      const [producer, serial] = value as readonly [number, number]
      const key = `${producer},${serial}`
      const since = put.get(key)
      if (once.has(key)) {
        accuse(`queue ${queue}: ${key} was taken twice`, producer)
      }
      once.add(key)
      if (since === undefined) {
        continue
      }
      count("taken in order")
      if ((latest.get(producer) ?? 0) > serial) {
        if (vain.some((operation) => operation.start < end && operation.end + late > since)) {
          count("taken late, having come back")
        } else {
          accuse(`queue ${queue}: ${key} was taken behind ${latest.get(producer)}`, producer)
        }
      }
      latest.set(producer, Math.max(serial, latest.get(producer) ?? 0))
    }
  }
  const there = new Set([
    ...stored("queue").map((tuple) => tuple.slice(2).join()),
    ...consumed.filter(hasTaken).map(({ value }) => (value as ReadonlyArray<number>).join())
  ])
  const lost = [...put.keys()].filter((key) => !there.has(key))
  const most = doubtful(court, consumed).length
  if (lost.length > most) {
    accuse(
      `of queues ${lost.length} are lost, and at most ${most} were taken without a word: ${lost.join(" ")}`,
      ...lost.map((key) => Number(key.split(",")[0]))
    )
  }
}

/** A subscription shows all that was put between its opening and the last that it has shown, once, and in order. */
const feeds = ({ accuse, count, named }: Court): void => {
  const produced = named("produce").filter(({ outcome, subject }) =>
    (subject as [string])[0] === "feed" && outcome === "ok"
  ).map(({ end, start, subject }) => {
    const [, , producer, serial] = subject as [string, number, number, number]
    return { start, end, key: `${producer},${serial}` }
  })
  const starts = new Map(produced.map(({ key, start }) => [key, start]))
  const saws = named("saw").filter(isOk)
  for (const { end, subject, who } of named("open").filter(isOk)) {
    const shown = saws.filter((saw) => saw.subject === subject)
    const keys = shown.map(({ value }) => (value as [number, number]).join())
    const seen = new Set(keys)
    const latest = new Map<number, number>()
    for (const { value } of shown) {
      const [producer, serial] = value as [number, number]
      if (serial !== last && (latest.get(producer) ?? 0) >= serial) {
        accuse(`a subscription of ${who} has shown ${producer},${serial} behind ${latest.get(producer)}`, producer)
      }
      latest.set(producer, serial)
    }
    // what was certainly there before something that was shown
    const known = Math.max(0, ...keys.map((key) => starts.get(key) ?? 0))
    for (const put of produced) {
      if (put.start > end && put.end < known) {
        count("seen by subscriptions")
        if (!seen.has(put.key)) {
          accuse(`a subscription of ${who} has not shown ${put.key}`, Number(put.key.split(",")[0]))
        }
      }
    }
  }
}

const windows = ({ accuse, count, named, stored }: Court): void => {
  const { checked, tooLarge, wrong } = Windows.check(named("window"), stored("window"))
  count("histories", checked)
  count("histories too large to be looked at", tooLarge)
  for (const { text, window } of wrong) {
    accuse(`what was done in window ${window} is not linearizable:\n${text}`, window)
  }
}

/** Nothing lives longer than it was to live: where all have one clock, that is. */
const brief = ({ accuse, count, engine, hasClocks, named, stored }: Court): void => {
  count("expired", named("brief").filter(isOk).length)
  const left = stored("brief")
  if (left.length > 0 && (!hasClocks || engine === "postgres")) {
    accuse(`${left.length} tuples have outlived their time`, left[0]![1] as number)
  }
}

export const judge = (evidence: Evidence): Verdict => {
  const counts: Record<string, number> = {}
  const problems: Array<Problem> = []
  const court: Court = {
    ...evidence,
    named: (...names) => evidence.operations.filter(({ name }) => names.includes(name)),
    stored: (kind) => evidence.tuples.filter(([first]) => first === kind),
    count: (what, by = 1) => {
      counts[what] = (counts[what] ?? 0) + by
    },
    accuse: (what, ...about) => void problems.push(new Problem(what, about))
  }
  for (const check of [outcomes, conservation, bank, lock, order, queues, feeds, windows, brief]) {
    check(court)
  }
  return { counts, problems }
}
