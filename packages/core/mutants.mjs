// Deliberate faults in the space in memory, each of which some test has to find: see scripts/mutants.mjs.

/**
 * @typedef {object} Mutant
 * @property {string} name What is wrong then.
 * @property {string} clause The clause of the semantics that it breaks.
 * @property {string} file Relative to `src`.
 * @property {string} find What is replaced. It stands there once.
 * @property {string} replace
 */

/** @type {ReadonlyArray<Mutant>} */
export const mutants = [
  // S1, S2: tuples and their equality
  {
    name: "a hole of a tuple stays a hole",
    clause: "S2",
    file: "internal/brand.ts",
    find: "members[i] = undefined\n",
    replace: "members.length\n"
  },
  {
    name: "plain objects of another realm are none",
    clause: "S2",
    file: "internal/brand.ts",
    find: "prototype !== UNREADABLE && isRoot(prototype)",
    replace: "prototype !== UNREADABLE && prototype === isRoot"
  },
  {
    name: "a hash looks only three levels deep",
    clause: "S2",
    file: "internal/pattern/hash.ts",
    find: "this.objects !== undefined; level++",
    replace: "this.objects !== undefined && level < 3; level++"
  },
  {
    name: "Effect's data is compared by its own Equal, which recurses",
    clause: "S2",
    file: "internal/pattern/equality.ts",
    find: "if (left === undefined || right === undefined) {\n      return Equal.equals(self, that)",
    replace: "if (left !== undefined || right === undefined) {\n      return Equal.equals(self, that)"
  },
  {
    name: "symbols that are not registered share their hash",
    clause: "S2",
    file: "internal/pattern/hash.ts",
    find: "number = mix(++numbered ^ seed)",
    replace: "number = mix(numbered ^ seed)"
  },
  {
    name: "a Date in a pattern is shared",
    clause: "S1",
    file: "internal/pattern/term.ts",
    find: "isDate(value) ? new Date(value.getTime()) : value",
    replace: "value"
  },
  {
    name: "a member that throws when it is read kills who looks at it",
    clause: "S3",
    file: "internal/pattern/fields.ts",
    find: "  const member = read(value, key)\n  return member !== UNREADABLE && term.test(member)",
    replace: "  const member = (value as any)[key]\n  return member !== UNREADABLE && term.test(member)"
  },
  {
    name: "an asynchronous predicate is taken for one that holds",
    clause: "S3",
    file: "internal/pattern/code.ts",
    find: "unanswering.has(nameOf(kind))",
    replace: "unanswering.has(kind)"
  },
  {
    name: "a promise that a predicate returns is taken for yes",
    clause: "S3",
    file: "internal/pattern/code.ts",
    find: "typeof read(said, \"then\") === \"function\"",
    replace: "typeof read(said, \"then\") === \"promise\""
  },
  {
    name: "a failure that Effect cannot print leaves no failure tuple",
    clause: "S13",
    file: "internal/print.ts",
    find: "    Reflect.set(Error, \"stackTraceLimit\", limit)\n    return undefined",
    replace: "    throw limit"
  },
  {
    name: "no events are asked for, and the subscription waits for ever",
    clause: "S16",
    file: "internal/arguments.ts",
    find: "if (!isArray(events) || events.length === 0) {",
    replace: "if (!isArray(events)) {"
  },
  {
    name: "a formal of another version is a literal that nothing equals",
    clause: "S16",
    file: "internal/pattern/fields.ts",
    find: "if (made !== undefined || looksSo) {",
    replace: "if (made === true) {"
  },
  {
    name: "a tuple is not copied: the caller's own array is stored",
    clause: "S1",
    file: "internal/arguments.ts",
    find: "Object.freeze(membersOf(tuple))",
    replace: "Object.freeze(tuple)"
  },
  {
    name: "a tuple is not frozen",
    clause: "S1",
    file: "internal/arguments.ts",
    find: "Object.freeze(membersOf(tuple))",
    replace: "membersOf(tuple)"
  },
  {
    name: "NaN does not equal NaN",
    clause: "S2",
    file: "internal/pattern/equality.ts",
    find: "boolean => self !== self && that !== that",
    replace: "boolean => self !== self && that === self"
  },
  {
    name: "the index has another equality than the scan: -0 is hashed unlike 0",
    clause: "S2",
    file: "internal/pattern/hash.ts",
    find: "if ((value | 0) === value) {",
    replace: "if (Object.is(value | 0, value)) {"
  },
  {
    name: "the index has another equality than the scan: a Date is hashed by reference",
    clause: "S2",
    file: "internal/pattern/hash.ts",
    find: "isDate(value) ? hashNumber(value.getTime()) : Hash.hash(value)",
    replace: "Hash.random(value)"
  },
  {
    name: "the index has another equality than the scan: the hash depends on the order of keys",
    clause: "S2",
    file: "internal/pattern/hash.ts",
    find: "this.member(pathTo(path, hash(key)), members[key])",
    replace: "this.member(pathTo(path, hash(key) ^ this.sum), members[key])"
  },
  {
    name: "an object equals one that has more keys",
    clause: "S2",
    file: "internal/pattern/equality.ts",
    find: "return keys.length === contentKeys(that).length &&\n      keys.every(",
    replace: "return keys.every("
  },
  {
    name: "an index does not see the tuples that come after it was built",
    clause: "S2",
    file: "internal/memory/shelf.ts",
    find: `      this.fresh.push(entry)
`,
    replace: ""
  },
  {
    name: "a tuple that is not in the index yet is found before an older one that is",
    clause: "S5",
    file: "internal/memory/shelf.ts",
    find: "if (table.get(pattern.key) === undefined) {",
    replace: "if (this.fresh.length > 0) {"
  },
  {
    name: "of two tuples that are not in the index yet the younger may be found",
    clause: "S5",
    file: "internal/memory/shelf.ts",
    find: "return others.length === 0 ? found : undefined",
    replace: "return found"
  },
  {
    name: "a long text has another key in a tuple than in a pattern",
    clause: "S2",
    file: "internal/memory/entry.ts",
    find: ": Hash.key(field)",
    replace: ": Hash.hash(field)"
  },
  {
    name: "a tuple that is taken before it is in an index gets into it",
    clause: "S2",
    file: "internal/memory/shelf.ts",
    find: `    if (index >= 0) {
      const last = this.fresh.pop()!
      if (last !== entry) {
        this.fresh[index] = last
      }
    } else {`,
    replace: "    if (index < 0) {"
  },
  {
    name: "an index that has just been dropped for its cost is built again at once",
    clause: "S2",
    file: "internal/memory/shelf.ts",
    find: "if (cold.owed > 0) {",
    replace: "if (cold.owed === Infinity) {"
  },
  {
    name: "an index forgets a key while one tuple is left under it",
    clause: "S2",
    file: "internal/memory/ordered.ts",
    find: "present instanceof Ordered && present.size > 1",
    replace: "present instanceof Ordered && present.size > 2"
  },

  // S3: matching
  {
    name: "a variable that is bound matches anything",
    clause: "S3",
    file: "internal/pattern/fields.ts",
    find: "known !== undefined && !equals(known.value, value)",
    replace: "known !== undefined && !equals(known.value, known.value)"
  },
  {
    name: "a record in a pattern matches objects with more keys",
    clause: "S3",
    file: "internal/pattern/fields.ts",
    find: "isPlainObject(value) && contentKeys(value).length === keys.length",
    replace: "isPlainObject(value)"
  },
  {
    name: "a predicate that throws makes the out fail that it was tried on",
    clause: "S3",
    file: "internal/memory/interest.ts",
    find: "defect = { error }\n",
    replace: "throw error\n"
  },
  {
    name: "a predicate that throws at what a transaction passes on is the end of that transaction",
    clause: "S3",
    file: "internal/memory/interest.ts",
    find: "      return this.patterns.some((pattern) => pattern.admits(entry))\n    } catch {\n      return false",
    replace:
      "      return this.patterns.some((pattern) => pattern.admits(entry))\n    } catch (error) {\n      throw error"
  },

  // S4: whom a tuple goes to
  {
    name: "takers are served before readers, who then do not see the tuple",
    clause: "S4",
    file: "internal/memory/delivery.ts",
    find: `    if (this.readers.size > 0) {
      this.serve(this.readers, entry, -1)
    }
    if (this.takers.size === 0 || !this.serve(this.takers, entry, -1)) {
      this.insert(entry)
      this.changed(entry)
    }`,
    replace: `    if (this.takers.size === 0 || !this.serve(this.takers, entry, -1)) {
      this.serve(this.readers, entry, -1)
      this.insert(entry)
      this.changed(entry)
    }`
  },
  {
    name: "two takers get one tuple",
    clause: "S4",
    file: "internal/memory/delivery.ts",
    find: `        this.tell("In", entry)
        return true`,
    replace: `        this.tell("In", entry)
        const second = interests.next(entry, cursor)
        if (second !== undefined && second.kind === "in") {
          this.offer(second, entry, interests.index)
        }
        return true`
  },
  {
    name: "only one of the readers that wait is served",
    clause: "S4",
    file: "internal/memory/delivery.ts",
    find: "return outcome.entries.includes(entry)",
    replace: "return outcome.entries.length === 0 || outcome.entries.includes(entry)"
  },
  {
    name: "a replace whose function throws has taken the tuple",
    clause: "S4",
    file: "internal/memory/put.ts",
    find: `      const tuple = f(entry.tuple)
      link(span, [entry])
      store.takeOne(entry)`,
    replace: `      store.takeOne(entry)
      const tuple = f(entry.tuple)
      link(span, [entry])`
  },

  // S5: order
  {
    name: "the newest tuple is taken first",
    clause: "S5",
    file: "internal/memory/shelves.ts",
    find: `    if (!(items instanceof Ordered) || this.selection === "fifo") {
      return next(items, beginning, test)
    }
    const end = endOfChoice(items, test)
    if (this.selection === "lifo") {`,
    replace: `    if (!(items instanceof Ordered)) {
      return next(items, beginning, test)
    }
    const end = endOfChoice(items, test)
    if (this.selection !== "random") {`
  },
  {
    name: "who has come last is served first",
    clause: "S5",
    file: "internal/memory/state.ts",
    find: "return this.interests++",
    replace: "return 1_000_000_000 - this.interests++"
  },
  {
    name: "those who wait with one set of literals are served before all others",
    clause: "S5",
    file: "internal/memory/interest.ts",
    find: "if (found === undefined || best !== undefined && found.seq >= best.seq) {",
    replace: "if (found === undefined || best !== undefined) {"
  },
  {
    name: "who waits for tuples of any length is served behind all others",
    clause: "S5",
    file: "internal/memory/interest.ts",
    find: "return others === undefined ? first : this.nextOf(others, entry, seq, first)",
    replace: "return others === undefined || first !== undefined ? first : this.nextOf(others, entry, seq, first)"
  },
  {
    name: "the first to wake takes all that is left of a burst",
    clause: "S5",
    file: "internal/memory/operation.ts",
    find: "if (!isTurn && store.isContended",
    replace: "if (isTurn === null && store.isContended"
  },
  {
    name: "whose turn comes takes all that is there",
    clause: "S5",
    file: "internal/memory/turns.ts",
    find: "this.share = Math.floor(Math.min(this.stock.count, longestRun) / line.length)",
    replace: "this.share = this.stock.count"
  },

  // S6, S7: looking
  {
    name: "a rd takes",
    clause: "S6",
    file: "internal/memory/search.ts",
    find: "searchFor(memory, name, query, !isReading(name), timeout)",
    replace: "searchFor(memory, name, query, true, timeout)"
  },
  {
    name: "an inp that finds nothing leaves somebody who waits",
    clause: "S7",
    file: "internal/memory/search.ts",
    find: `class Now implements Operation<Option.Option<any>, never> {
  constructor(private readonly store: Store, private readonly takes: boolean, private readonly pattern: Pattern) {}
  step(span: Span): Option.Option<any> {
    return this.takes ? takeNow(this.store, this.pattern, span) : readNow(this.store, this.pattern)
`,
    replace: `import * as Fiber from "effect/Fiber"
import { interestOf } from "./wait.js"
class Now implements Operation<Option.Option<any>, never> {
  constructor(private readonly store: Store, private readonly takes: boolean, private readonly pattern: Pattern) {}
  step(span: Span): Option.Option<any> {
    const found = this.takes ? takeNow(this.store, this.pattern, span) : readNow(this.store, this.pattern)
    const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
    if (this.takes && Option.isNone(found) && fiber !== undefined) {
      const search = new Single({ store: this.store } as any, "in", this.pattern, Infinity)
      this.store.register(interestOf(this.store, search, fiber))
    }
    return found
`
  },

  // S8: interruption, and taking for a while
  {
    name: "an interrupted taker does not put its tuple back",
    clause: "S8",
    file: "internal/memory/store.ts",
    find: "this.giveBack(interest.entries)",
    replace: "this.consume(interest.entries)"
  },
  {
    name: "a taker that is interrupted after its wait, before its last step, keeps the tuple",
    clause: "S8",
    file: "internal/handOver.ts",
    find: "  onEnd(fiber, end)",
    replace: "  offEnd(fiber, end)"
  },
  {
    name: "a taker whose finalizer waits again keeps the tuple of its first wait meanwhile",
    clause: "S8",
    file: "internal/memory/wait.ts",
    find: "    store.leaving.get(fiber)?.()\n",
    replace: ""
  },
  {
    name: "an interrupted wait is still served",
    clause: "S8",
    file: "internal/memory/wait.ts",
    find: "      onFailure: (cause) => {\n        store.abandon(interest)\n",
    replace: "      onFailure: (cause) => {\n"
  },
  {
    name: "a tuple that comes back goes behind all others",
    clause: "S8",
    file: "internal/memory/holds.ts",
    find: "place: \"place\" | \"back\" = \"place\"",
    replace: "place: \"place\" | \"back\" = \"back\""
  },
  {
    name: "requeue: \"back\" is not heeded",
    clause: "S8",
    file: "internal/hold.ts",
    find: "{ how: options.requeue, failed: true }",
    replace: "{ how: \"place\", failed: true }"
  },
  {
    name: "withPermit: requeue: \"back\" is not heeded",
    clause: "S8",
    file: "internal/hold.ts",
    find: "this.all((left) => this.end(this.back, left))",
    replace: "this.all((left) => this.end({ how: \"place\", failed: false }, left))"
  },
  {
    name: "withPermit consumes its tuple",
    clause: "S8",
    file: "internal/hold.ts",
    find: "this.all((left) => this.end(this.back, left))",
    replace: "this.all((left) => this.end(consumed, left))"
  },
  {
    name: "withPermit keeps its tuple if the use fails",
    clause: "S8",
    file: "internal/hold.ts",
    find: "name === \"withPermit\" ? rest.giveBack()",
    replace: "name === \"withPermit\" ? Exit.isSuccess(exit) ? rest.giveBack() : Effect.void"
  },
  {
    name: "a token is given twice",
    clause: "S19",
    file: "internal/memory/state.ts",
    find: "return ++this.tokens",
    replace: "return 1 + this.tokens"
  },
  {
    name: "who gives up is tried again",
    clause: "S19",
    file: "internal/hold.ts",
    find: "this.rest.isLast = true\n",
    replace: "\n"
  },
  {
    name: "a hold that may be undone with its transaction has a token",
    clause: "S19",
    file: "internal/durable/ending.ts",
    find: "access.isTransaction ? \"transaction\" : rows[0]",
    replace: "rows[0]"
  },
  {
    name: "withPermit puts up with options that would drop the tuple",
    clause: "S16",
    file: "internal/arguments.ts",
    find: "if (name === \"withPermit\") {",
    replace: "if (name === \"withPermit\" && false) {"
  },
  {
    name: "a tuple that comes back is not offered to those who wait",
    clause: "S8",
    file: "internal/memory/holds.ts",
    find: "this.offerOrStore(place === \"place\" ? entry : this.renumber(entry), \"Requeue\")",
    replace: "this.insert(place === \"place\" ? entry : this.renumber(entry))"
  },
  {
    name: "an inWith that succeeds puts its tuple back",
    clause: "S8",
    file: "internal/hold.ts",
    find: "return this.end(consumed, those)",
    replace: "return this.end({ how: \"place\", failed: false }, those)"
  },
  {
    name: "an inWith that fails consumes its tuple",
    clause: "S8",
    file: "internal/hold.ts",
    find: "if (Exit.isSuccess(exit)) {",
    replace: "if (Exit.isSuccess(exit) || !Cause.isInterruptedOnly(exit.cause)) {"
  },
  {
    name: "an inWith that is interrupted consumes its tuple",
    clause: "S8",
    file: "internal/hold.ts",
    find: "if (Exit.isSuccess(exit)) {",
    replace: "if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) {"
  },
  {
    name: "one more use may fail than maxAttempts says",
    clause: "S8",
    file: "internal/hold.ts",
    find: "attempts + 1 >= maxAttempts",
    replace: "attempts >= maxAttempts"
  },
  {
    name: "interruptions count as attempts",
    clause: "S8",
    file: "internal/hold.ts",
    find: "return Cause.isInterruptedOnly(cause) ? this.end",
    replace: "return cause._tag === \"Empty\" ? this.end"
  },
  {
    name: "a tuple forgets its failed attempts as it goes to the back",
    clause: "S8",
    file: "internal/memory/holds.ts",
    find: "const youngest = this.entry(entry.tuple, entry.extra, ",
    replace: "const youngest = this.entry(entry.tuple, entry.extra && { ...entry.extra, attempts: 0 }, "
  },

  // S9: timeouts
  {
    name: "a wait that has timed out stays in the table of those who wait",
    clause: "S9",
    file: "internal/memory/interest.ts",
    find: "for (const { group, key } of interest.buckets) {",
    replace: "for (const { group, key } of interest.timeout === undefined ? interest.buckets : []) {"
  },
  {
    name: "a wait that was served leaves its timer",
    clause: "S9",
    file: "internal/memory/state.ts",
    find: `    if (interest.timeout !== undefined) {
      this.deadlines.remove(interest.timeout)
    }`,
    replace: ""
  },
  {
    name: "a wait times out one millisecond late",
    clause: "S9",
    file: "internal/memory/wait.ts",
    find: "store.timeoutAt(interest, interest.since + request.timeout,",
    replace: "store.timeoutAt(interest, interest.since + request.timeout + 1,"
  },
  {
    name: "what is due is ended after the step, and not before",
    clause: "S9",
    file: "internal/memory/store.ts",
    find: `      this.sweep()
      return step(one, other)`,
    replace: `      const result = step(one, other)
      this.sweep()
      return result`
  },
  {
    name: "the heap of deadlines loses its order",
    clause: "S9",
    file: "internal/deadlines.ts",
    find: "isBefore(this.heap[child + 1]!, this.heap[child]!)",
    replace: "isBefore(this.heap[child]!, this.heap[child + 1]!)"
  },

  {
    name: "the timeout of an inWith is that of an in",
    clause: "S9",
    file: "internal/memory/search.ts",
    find: "name: operation, timeout } = this",
    replace: "kind: operation, timeout } = this"
  },
  {
    name: "any TimeoutException is taken for one of the space",
    clause: "S9",
    file: "internal/timeout.ts",
    find: "Cause.isTimeoutException(u) && \"space\" in u && \"operation\" in u && \"patterns\" in u",
    replace: "Cause.isTimeoutException(u)"
  },

  // S10: transactions
  {
    name: "a put is not undone",
    clause: "S10",
    file: "internal/memory/state.ts",
    find: "this.log.add(() => this.remove(entry))",
    replace: "this.log.add(() => {})"
  },
  {
    name: "a take is not undone",
    clause: "S10",
    file: "internal/memory/state.ts",
    find: "this.log.add(() => this.insert(entry))",
    replace: "this.log.add(() => {})"
  },
  {
    name: "a waiter that was served does not wait again after a rollback",
    clause: "S10",
    file: "internal/memory/state.ts",
    find: "this.log.add(() => this.enter(interest))",
    replace: "this.log.add(() => {})"
  },
  {
    name: "a waiter is woken although what served it was rolled back",
    clause: "S10",
    file: "internal/memory/state.ts",
    find: "this.log.add(() => this.outbox.pop())",
    replace: "this.log.add(() => {})"
  },
  {
    name: "a waiter that was served gives back a tuple that was never put, if it is interrupted after a rollback",
    clause: "S10",
    file: "internal/memory/delivery.ts",
    find: "    interest.exit = exit\n    if (this.log.recording) {",
    replace: "    interest.exit = exit\n    if (false) {"
  },
  {
    name: "a tuple that was handed over counts as held after a rollback",
    clause: "S10",
    file: "internal/memory/state.ts",
    find: "this.log.add(() => this.held.delete(entry))",
    replace: "this.log.add(() => {})"
  },
  {
    name: "an event of what was rolled back stays in the mailbox",
    clause: "S10",
    file: "internal/memory/events.ts",
    find: "        watcher.buffer.pop()\n",
    replace: ""
  },
  {
    name: "the second branch of an orElse sees what the first has done",
    clause: "S10",
    file: "internal/memory/store.ts",
    find: "    } else {\n      this.log.rewind(savepoint)\n    }",
    replace: "    }"
  },
  {
    name: "what a branch has done that was left at the end is committed",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: `      store.log.rewind(savepoint)
      reached.push([store, savepoint])`,
    replace: "      reached.push([store, store.log.mark(savepoint)])"
  },
  {
    name: "changes are undone oldest first",
    clause: "S10",
    file: "internal/memory/log.ts",
    find: "this.inverses.pop()!()",
    replace: "this.inverses.splice(length, 1)[0]!()"
  },
  {
    name: "what a failed transaction has done stays until the next transaction",
    clause: "S10",
    file: "internal/memory/store.ts",
    find: "    this.begin()\n    this.rollBack()\n    this.busy = true\n    try {\n      this.measure",
    replace: "    this.begin()\n    this.busy = true\n    try {\n      this.measure"
  },
  {
    name: "a transaction that leaves a tuple does not pass it on",
    clause: "S10",
    file: "internal/memory/looks.ts",
    find: "      if (!entry.live) {\n        continue\n      }\n      const other",
    replace: "      if (interest.seq >= 0) {\n        continue\n      }\n      const other"
  },
  {
    name: "a transaction is woken by tuples that it did not miss",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: "if (isMiss(stepped[0]) && !isCondition) {",
    replace: "if (isMiss(stepped[0]) && !isCondition || missed !== \"room\") {"
  },
  {
    name: "a transaction loses its place among those who wait each time it runs",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: "const place = places.get(store) ?? store.nextInterest()",
    replace: "const place = store.nextInterest()"
  },
  {
    name: "a taker that comes anew has the tuple before the transaction that was woken for it",
    clause: "S10",
    file: "internal/memory/search.ts",
    find: "return this.store.shelves.find(this.query, except)",
    replace: "return this.store.shelves.find(this.query)"
  },

  // S11: joins and choices
  {
    name: "inAll takes one tuple for two patterns",
    clause: "S11",
    file: "internal/pattern/matching.ts",
    find: "while (next < candidates.length && this.owners.has(candidates[next]!)) {",
    replace: "while (next < 0) {"
  },
  {
    name: "inAll takes one tuple for two patterns that share a variable",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "const bound = isFree(entry, asked) && pattern.bind",
    replace: "const bound = pattern.bind"
  },
  {
    name: "inAll does not make way: no pattern changes its tuple for another's sake",
    clause: "S11",
    file: "internal/pattern/matching.ts",
    find: "if (owner !== undefined && !asked.has(owner) && !inVain.has(owner)) {",
    replace: "if (owner !== undefined && asked.size < 0) {"
  },
  {
    name: "inAll lets make way who comes first",
    clause: "S11",
    file: "internal/pattern/matching.ts",
    find: "(owners.get(entry) === demand || exchange(demand, entry))",
    replace: "owners.get(entry) === demand"
  },
  {
    name: "inAll does not go back where a variable was bound in vain",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "    } else if (chosen.length === 0) {",
    replace: "    } else if (chosen.length >= 0) {"
  },
  {
    name: "an inAll that waits holds what is there already",
    clause: "S11",
    file: "internal/memory/search.ts",
    find: "    return this.served(this.findFor(interest))\n",
    replace: `    if (this.kind === "inAll" && this.findFree() === undefined) {
      this.store.takeHeld(Array.from(new Set(this.patterns.flatMap((pattern) => this.store.shelves.find(pattern) ?? []))))
    }
    return this.served(this.findFor(interest))
`
  },
  {
    name: "inAny tells the last of the patterns that match, not the first",
    clause: "S11",
    file: "internal/memory/shelves.ts",
    find: "patterns.findIndex((pattern) => pattern.admits(entry))",
    replace: "patterns.findLastIndex((pattern) => pattern.admits(entry))"
  },
  {
    name: "an inAny that waits tells the last of the patterns that match, not the first",
    clause: "S11",
    file: "internal/memory/interest.ts",
    find: "        return index\n      }\n    }\n    return -1",
    replace: "        return patterns.findLastIndex((pattern) => pattern.admits(entry))\n      }\n    }\n    return -1"
  },
  {
    name: "inAny takes for its first pattern, though another has an older tuple",
    clause: "S11",
    file: "internal/memory/shelves.ts",
    find: "this.choose(Array.from(new Set(found)).sort(byPlace))",
    replace: "this.choose(Array.from(new Set(found)))"
  },

  // S12: close
  {
    name: "closing a space leaves those who wait for tuples",
    clause: "S12",
    file: "internal/memory/store.ts",
    find: "for (const interest of this.waiting()) {",
    replace:
      "for (const interest of this.waiting().filter(({ table }) => table !== \"takers\" && table !== \"readers\")) {"
  },
  {
    name: "closing a space leaves those who wait for room",
    clause: "S12",
    file: "internal/memory/store.ts",
    find: "for (const interest of this.waiting()) {",
    replace: "for (const interest of this.waiting().filter(({ table }) => table !== \"puts\")) {"
  },

  // S13: processes
  {
    name: "the interruption of a process makes a failure tuple",
    clause: "S13",
    file: "internal/process.ts",
    find: "Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) || ",
    replace: "Exit.isSuccess(exit) || "
  },
  {
    name: "a failure tuple is matched by a wildcard",
    clause: "S13",
    file: "internal/memory/shelves.ts",
    find: ": Array.from(this.byArity).filter(",
    replace: ": [...this.byArity, [3, this.failures] as const].filter("
  },
  {
    name: "a failure tuple is an ordinary tuple",
    clause: "S13",
    file: "internal/memory/verbs.ts",
    find: "store.entry(failure, extra, true)",
    replace: "store.entry(failure, extra)"
  },
  {
    name: "the fields of a live tuple are evaluated one after the other",
    clause: "S13",
    file: "internal/space.ts",
    find: "{ concurrency: \"unbounded\" }",
    replace: "{ concurrency: 1 }"
  },

  {
    name: "a failure that is joined leaves a tuple",
    clause: "S13",
    file: "internal/process.ts",
    find: "isObserved || joiners > 0) {",
    replace: "isObserved) {"
  },
  {
    name: "who joins late leaves the failure tuple",
    clause: "S13",
    file: "internal/process.ts",
    find: "joiners++\n        kept?.withdraw()",
    replace: "joiners++"
  },
  {
    name: "whose join was interrupted has the failure all the same",
    clause: "S13",
    file: "internal/process.ts",
    find: "        joiners--\n",
    replace: ""
  },
  {
    name: "failure tuples pile up without end",
    clause: "S13",
    file: "internal/memory/room.ts",
    find: "while (this.shelves.failures.all.size > limit) {",
    replace: "while (this.shelves.failures.all.size > limit * Infinity) {"
  },
  {
    name: "a failure that nobody sees is not logged",
    clause: "S13",
    file: "internal/process.ts",
    find: "return kept.isSeen ? Effect.void : ",
    replace: "return kept.isSeen || exit._tag === \"Failure\" ? Effect.void : "
  },
  {
    name: "a queue forgets what its subscription has failed with",
    clause: "S10",
    file: "internal/stm/dequeue.ts",
    find: "          failures.set(queue, Cause.squash(exit.cause))\n",
    replace: ""
  },
  {
    name: "inspect shows nobody who waits only for a condition",
    clause: "S10",
    file: "internal/memory/inspect.ts",
    find: "Array.from(store.parked, (each)",
    replace: "Array.from(store.parked).slice(0, 0).map((each)"
  },
  {
    name: "inspect shows a transaction that waits for a tuple or a condition twice",
    clause: "S10",
    file: "internal/memory/inspect.ts",
    find: "!fibers.has(fiber)",
    replace: "fiber !== undefined"
  },

  // S14: capacity
  {
    name: "one tuple more than the capacity is let in",
    clause: "S14",
    file: "internal/memory/room.ts",
    find: "const limit = isBehind ? base : Math.max(capacity, base)",
    replace: "const limit = isBehind ? base : Math.max(capacity + 1, base)"
  },
  {
    name: "a put overtakes those that wait for room",
    clause: "S14",
    file: "internal/memory/room.ts",
    find: "this.puts.isAwaited(place) : this.admitting === \"hand-over\"",
    replace: "false : this.admitting === \"hand-over\""
  },
  {
    name: "a put behind others waits for room though a taker has come for its tuple",
    clause: "S14",
    file: "internal/memory/room.ts",
    find: "      this.taker = true\n      this.vacate()",
    replace: "      this.vacate()"
  },
  {
    name: "readers see a tuple that was dropped",
    clause: "S14",
    file: "internal/memory/room.ts",
    find: "        this.log.undo(before)\n        dropped?.add(entry)",
    replace: "        this.remove(entry)\n        dropped?.add(entry)"
  },
  {
    name: "\"sliding\" drops the newest tuple",
    clause: "S14",
    file: "internal/memory/shelves.ts",
    find: "all.next(endOf(priority + 1), always)",
    replace: "all.last(always)"
  },
  {
    name: "a transaction that makes room does not let puts in",
    clause: "S14",
    file: "internal/memory/store.ts",
    find:
      "    if (this.puts.size > 0 || this.departed.length > 0) {\n      this.run(() => this.vacate())\n    } else {\n      this.flush()",
    replace:
      "    if (this.departed.length > 0) {\n      this.run(() => this.vacate())\n    } else {\n      this.flush()"
  },
  {
    name: "what has expired before a step that throws makes no room",
    clause: "S14",
    file: "internal/memory/store.ts",
    find: "      this.rollBack()\n      throw error\n",
    replace: "      this.rollBack()\n      this.measure()\n      throw error\n"
  },
  {
    name: "collectInto is not one step: others see the tuples in neither space",
    clause: "S14",
    file: "internal/memory/put.ts",
    find: "if (destination !== undefined) {",
    replace: "if (destination === null) {"
  },
  {
    name: "a move that is interrupted as it arrives does not know that it has arrived",
    clause: "S14",
    file: "internal/destination.ts",
    find: "      arrived = indices\n",
    replace: "      arrived = indices.slice(0, 0)\n"
  },
  {
    name: "outIfAbsent into a full dropping space says that it has put what was dropped",
    clause: "S14",
    file: "internal/memory/room.ts",
    find: "strategy === \"dropping\" ? \"exceed\" : strategy",
    replace: "strategy"
  },
  {
    name: "collectInto takes what has not arrived",
    clause: "S14",
    file: "internal/memory/put.ts",
    find: "yield* take(arrived.map((index) => entries[index]!))",
    replace: "yield* take(entries)"
  },
  {
    name: "collectInto counts what has not arrived",
    clause: "S14",
    file: "internal/memory/put.ts",
    find: "return arrived.length",
    replace: "return entries.length"
  },
  {
    name: "collectInto a sliding space evicts",
    clause: "S14",
    file: "internal/memory/room.ts",
    find: "strategy === \"suspend\" ? strategy : \"dropping\", left)",
    replace: "strategy, left)"
  },

  // S15: time to live
  {
    name: "a tuple lives one millisecond too long",
    clause: "S15",
    file: "internal/memory/put.ts",
    find: "store.expireAt(extra, now + ttl)",
    replace: "store.expireAt(extra, now + ttl + 1)"
  },
  {
    name: "a lease is renewed after its end",
    clause: "S15",
    file: "internal/memory/holds.ts",
    find: "entry === undefined || !this.has(entry)",
    replace: "entry === undefined"
  },
  {
    name: "a tuple comes back from a holder after its time",
    clause: "S15",
    file: "internal/memory/holds.ts",
    find: "expiry !== undefined && expiry.at <= this.now()",
    replace: "expiry !== undefined && expiry.at < 0"
  },
  {
    name: "a tuple that was taken leaves its timer",
    clause: "S15",
    file: "internal/memory/state.ts",
    find: "      this.deadlines.remove(expiry)\n",
    replace: ""
  },

  // S16: bad input
  {
    name: "an option that nobody has read is believed to be heeded",
    clause: "S16",
    file: "internal/arguments.ts",
    find: "  reader.end()\n",
    replace: ""
  },
  {
    name: "options whose names cannot be read are said to be patterns",
    clause: "S16",
    file: "internal/arguments.ts",
    find: "invalidOption(`the options cannot be read: ${messageOf(error)}`)",
    replace: "new SpaceError({ reason: \"InvalidPattern\", message: messageOf(error) })"
  },
  {
    name: "the options of a space on a store may be misspelt",
    clause: "S16",
    file: "internal/durable/row.ts",
    find: "  onlyOptions(options, names)\n",
    replace: ""
  },
  {
    name: "a predicate can use the space that matches with it",
    clause: "S16",
    file: "internal/memory/store.ts",
    find: "    if (this.busy) {",
    replace: "    if (this.busy && this.closed) {"
  },

  // S17: subscriptions
  {
    name: "a subscription misses tuples that are taken at once",
    clause: "S17",
    file: "internal/memory/delivery.ts",
    find: `    this.tell(event, entry)
    if (this.readers.size > 0) {
      this.serve(this.readers, entry, -1)
    }
    if (this.takers.size === 0 || !this.serve(this.takers, entry, -1)) {
      this.insert(entry)`,
    replace: `    if (this.readers.size > 0) {
      this.serve(this.readers, entry, -1)
    }
    if (this.takers.size === 0 || !this.serve(this.takers, entry, -1)) {
      this.tell(event, entry)
      this.insert(entry)`
  },
  {
    name: "a stream shows a tuple again that comes back",
    clause: "S17",
    file: "internal/memory/events.ts",
    find: "watcher.unseen?.has(entry) === true",
    replace: "watcher.unseen !== undefined"
  },
  {
    name: "a stream misses what was held when it started",
    clause: "S17",
    file: "internal/memory/subscription.ts",
    find: "new WeakSet(Array.from(store.held).filter((entry) => pattern.admits(entry)))",
    replace: "new WeakSet()"
  },
  {
    name: "a stream misses what was held when it started and goes to the back",
    clause: "S17",
    file: "internal/memory/events.ts",
    find: "        interest.watcher!.unseen.add(youngest)\n",
    replace: ""
  },
  {
    name: "a full mailbox does not let puts wait",
    clause: "S17",
    file: "internal/memory/events.ts",
    find: "this.overflows += overflow",
    replace: "this.overflows += 0"
  },
  {
    name: "a full mailbox forgets how much it dropped",
    clause: "S17",
    file: "internal/memory/events.ts",
    find: "      watcher.missed++\n",
    replace: "      watcher.missed = 1\n"
  },
  {
    name: "a subscription that ends stays",
    clause: "S17",
    file: "internal/memory/subscription.ts",
    find: "        store.abandon(interest)\n",
    replace: ""
  },
  {
    name: "a scoped stream does not end with its scope",
    clause: "S17",
    file: "internal/memory/subscription.ts",
    find: "        watcher.close()\n",
    replace: ""
  },
  {
    name: "a scoped subscription opens when its stream runs",
    clause: "S17",
    file: "internal/space.ts",
    find: "return isScoped(options) ? opened : Stream",
    replace: "return isScoped(options) ? Effect.succeed(Stream.unwrapScoped(opened)) : Stream"
  },
  // Time
  {
    name: "durations go by the clock that the machine shows",
    clause: "S9",
    file: "internal/timekeeper.ts",
    find: "Number(nanosOf(clock) / 1000n) / 1000",
    replace: "clock.unsafeCurrentTimeMillis()"
  },
  {
    name: "a sleep that no timer can hold is left to the clock alone",
    clause: "S9",
    file: "internal/timekeeper.ts",
    find: "millis <= longestTimer",
    replace: "millis <= Infinity"
  },
  {
    name: "a deadline that is far away is slept for in steps",
    clause: "S9",
    file: "internal/timekeeper.ts",
    find: "const sleep = (millis: number): Effect.Effect<void> =>",
    replace: "const sleep = (far: number, millis = Math.min(far, longestTimer)): Effect.Effect<void> =>"
  },
  // Quiescence
  {
    name: "awaitQuiescent does not look again whether something has moved when it comes to wait",
    clause: "K2",
    file: "internal/insight.ts",
    find: "if (store.closed || store.moves !== moves) {",
    replace: "if (store.closed) {"
  },
  {
    name: "awaitQuiescent does not look again whether the space is closed when it comes to wait",
    clause: "S12",
    file: "internal/insight.ts",
    find: "if (store.closed || store.moves !== moves) {",
    replace: "if (store.moves !== moves) {"
  },
  // Joins that wait
  {
    name: "a join searches with every put",
    clause: "S11",
    file: "internal/pattern/outlook.ts",
    find: "return this.short.size === 0",
    replace: "return true"
  },
  {
    name: "equal patterns of a join are looked for one by one",
    clause: "S11",
    file: "internal/pattern/plan.ts",
    find: "if (distinct[bucket[i]!]!.isLike(pattern)) {",
    replace: "if (distinct[bucket[i]!] === pattern) {"
  },
  {
    name: "patterns of a join are equal if their formals have the same name",
    clause: "S11",
    file: "internal/pattern/pattern.ts",
    find: "parts.name === others.name && equals(parts.values, others.values) && ",
    replace: "parts.name === others.name && "
  },
  {
    name: "patterns of a join are equal whatever their predicates are",
    clause: "S11",
    file: "internal/pattern/pattern.ts",
    find: "one.code !== undefined && one.code === other.code && one.text() === other.text()",
    replace: "true"
  },
  {
    name: "a join remembers what it lacked in a transaction that was undone",
    clause: "S10",
    file: "internal/memory/looks.ts",
    find: "        interest.outlook = undefined\n      })",
    replace: "      })"
  },
  {
    name: "who asked about a tuple leaves it to a transaction that has waited for less long",
    clause: "S4",
    file: "internal/memory/looks.ts",
    find: "offeredBefore({ live, seq }: Interest): ReadonlySet<Entry> {\n    return live",
    replace: "offeredBefore({ live, seq }: Interest): ReadonlySet<Entry> {\n    return live && seq < 0"
  },
  {
    name: "a join with variables takes the first combination that it finds, not the oldest",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "best === undefined || comesBefore(found, best)",
    replace: "best === undefined"
  },

  // Values that leave the process
  {
    name: "an instance of a class that extends another is stored as one of that",
    clause: "S1",
    file: "internal/classes.ts",
    find: "classes.find((known) => known.prototype === prototype) ??",
    replace: "classes.find((known) => known.is(value)) ??"
  },
  {
    name: "two schemas with one identifier are not told apart",
    clause: "S16",
    file: "internal/classes.ts",
    find: "before.schema !== schema || before.listed && renaming === undefined",
    replace: "before.listed && renaming === undefined && before.schema === schema"
  },
  {
    name: "a literal of a class that is renamed does not find what has the former identifier",
    clause: "S2",
    file: "internal/durable/query.ts",
    find: "if (values.isAmbiguous(text)) {",
    replace: "if (text === \"\" && values.isAmbiguous(text)) {"
  },
  {
    name: "equal maps have texts in the order in which they were filled",
    clause: "S2",
    file: "internal/coders.ts",
    find: "one < other ? -1 : one > other ? 1 : 0",
    replace: "one === other ? 0 : 0"
  },
  {
    name: "a secret is written into a store",
    clause: "S1",
    file: "internal/values/encoder.ts",
    find: "if (Redacted.isRedacted(value)) {",
    replace: "if (Redacted.isRedacted(value) && depth > 0) {"
  },
  {
    name: "keys of its own that an array has are lost without a word",
    clause: "S1",
    file: "internal/values/kinds.ts",
    find: "if (own !== undefined) {",
    replace: "if (typeof own === \"symbol\") {"
  },
  {
    name: "an error loses its fields on the way",
    clause: "S1",
    file: "internal/coders.ts",
    find: "return [[key, descriptor?.enumerable === true, coded]]",
    replace: "return descriptor?.enumerable === true ? [] : [[key, false, coded]]"
  },
  // Processes that close their own space
  {
    name: "a space that closes waits for the process that closes it",
    clause: "S12",
    file: "internal/process.ts",
    find: "} else if (fiber !== self && (",
    replace: "} else if ((self !== undefined) && ("
  },
  {
    name: "a space that closes waits for the process whose fiber closes it",
    clause: "S12",
    file: "internal/process.ts",
    find: "if (started.has(self)) {",
    replace: "if (started.size < 0) {"
  },
  {
    name: "a process goes on when a fiber that it has started has closed the space",
    clause: "S12",
    file: "internal/process.ts",
    find: "onEnd(self, () => fiber !== undefined && interruptLater(fiber, self))",
    replace: ""
  },
  {
    name: "a space that closes waits for the process behind a link that closes it",
    clause: "S12",
    file: "internal/process.ts",
    find: "afar.get(name)?.(self) !== true",
    replace: "afar.size >= 0"
  },
  {
    name: "a process that waits for its own end waits for ever",
    clause: "S13",
    file: "internal/process.ts",
    find: "nameOf(wholeOf(self)) === nameOf(fiber) ? ofItself : ofOthers",
    replace: "nameOf(self) === \"\" ? ofItself : ofOthers"
  },
  // Transactions that wait for state of STM
  {
    name: "a change of the user's own state wakes no transaction",
    clause: "S10",
    file: "internal/stm/parking.ts",
    find: "isParked ? STM.sync(() => this.finish(Effect.void))",
    replace: "isParked ? STM.retry"
  },
  {
    name: "a transaction that waits is parked with what it has written",
    clause: "S10",
    file: "internal/stm/run.ts",
    find: "      STM.orElse(\n        STM.map(noted",
    replace: "      STM.orTry(\n        STM.map(noted"
  },
  {
    name: "a first run that misses wakes all who wait for what it has read",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: "              isOver = true\n              return STM.retry",
    replace: "              isOver = true\n              return STM.fail(vain) as never"
  },
  {
    name: "take removes the element though the transaction comes to nothing",
    clause: "S10",
    file: "internal/stm/run.ts",
    find: "TQueue.takeUpTo(queue, 1)",
    replace:
      "STM.flatMap(TQueue.isEmpty(queue), (no) => no ? STM.succeed([]) : STM.map(TQueue.take(queue), (one) => [one]))"
  },
  {
    name: "a condition may take",
    clause: "S10",
    file: "internal/stm/run.ts",
    find: "isAsking() && !looks.has(name)",
    replace: "isAsking() && looks.size === 0"
  },
  {
    name: "what a condition misses is waited for as a tuple too",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: "isMiss(stepped[0]) && !isCondition",
    replace: "isMiss(stepped[0])"
  },
  {
    name: "a condition that retries is a retry of the transaction",
    clause: "S10",
    file: "internal/stm/run.ts",
    find: "STM.orTry(answer, () => STM.succeed(false))",
    replace: "answer"
  },
  {
    name: "a condition is parked without its services",
    clause: "S10",
    file: "internal/stm/run.ts",
    find: "missing(STM.provideContext(condition, context))",
    replace: "missing(context === undefined ? STM.succeed(true) : condition as never)"
  },
  {
    name: "no condition hears of a change of a space",
    clause: "S10",
    file: "internal/memory/state.ts",
    find: "if (this.onlookers > 0) {",
    replace: "if (this.onlookers < 0) {"
  },
  {
    name: "a condition does not hear of what is put",
    clause: "S10",
    file: "internal/memory/delivery.ts",
    find: "      this.insert(entry)\n      this.changed(entry)\n",
    replace: "      this.insert(entry)\n"
  },
  {
    name: "a condition does not hear of what is taken",
    clause: "S10",
    file: "internal/memory/state.ts",
    find: "    this.changed(entry)\n    if (this.absentees",
    replace: "    if (this.absentees"
  },
  {
    name: "a condition does not hear of what expires",
    clause: "S15",
    file: "internal/memory/events.ts",
    find: "    this.departs(entry)\n    this.tell(event, entry)",
    replace: "    if (event !== \"Expire\") this.departs(entry)\n    this.tell(event, entry)"
  },
  {
    name: "a condition does not hear of what is evicted",
    clause: "S14",
    file: "internal/memory/events.ts",
    find: "    this.departs(entry)\n    this.tell(event, entry)",
    replace: "    if (event !== \"Evict\") this.departs(entry)\n    this.tell(event, entry)"
  },
  {
    name: "a condition does not hear of what a transaction leaves to the next taker",
    clause: "S10",
    file: "internal/memory/looks.ts",
    find: "if (this.serve(this.takers, entry, seq)) {\n          this.changed(entry)",
    replace: "if (this.serve(this.takers, entry, seq)) {\n          this.rollBack()"
  },
  {
    name: "an open pattern hears of changes of its own length only",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: "shelf < 0 ? store.editions.readAll : ",
    replace: ""
  },
  {
    name: "who waits for a condition is not told that a space has closed",
    clause: "S12",
    file: "internal/memory/store.ts",
    find: "      parking.finish(Effect.void)",
    replace: "      parking.resume = undefined"
  },
  {
    name: "a condition that dies while it waits is asked again and again",
    clause: "S10",
    file: "internal/stm/parking.ts",
    find: "Effect.void : Effect.failCause(exit.cause)",
    replace: "Effect.void : Effect.never"
  },
  // Tracers
  {
    name: "what a tracer throws is thrown on",
    clause: "S8",
    file: "internal/tracing.ts",
    find: "  } catch {\n    return undefined\n  }",
    replace: "  } catch (error) {\n    throw error\n  }"
  },
  {
    name: "a tracer that makes no span makes the operation die",
    clause: "S8",
    file: "internal/tracing.ts",
    find: "    () => Effect.succeed(undefined)\n",
    replace: "    (defect) => Effect.die(defect)\n"
  },
  {
    name: "the failure of a use is not counted",
    clause: "S8",
    file: "internal/memory/hold.ts",
    find: "if (ending.failed) {",
    replace: "if (ending.how === \"dead\") {"
  },
  {
    name: "a subclass without a schema that calls itself as its base is taken for it",
    clause: "S16",
    file: "internal/classes.ts",
    find: "parent === null || isA(value, prototype!) ||",
    replace: "parent === null ||"
  },
  {
    name: "a subclass of the same base is taken for the class, loaded a second time",
    clause: "S16",
    file: "internal/classes.ts",
    find: "theirs.made !== ours.made && ",
    replace: ""
  },
  {
    name: "a key that the schema of a class does not declare is lost without a word",
    clause: "S16",
    file: "internal/values/encoder.ts",
    find: "if (!isKnown || explains && !isOfClass) {",
    replace: "if (!isKnown && !isOfClass) {"
  },
  {
    name: "the cause of an error with a schema is lost",
    clause: "S16",
    file: "internal/values/encoder.ts",
    find: "return own.length === 0 ? code : { ...code, own }",
    replace: "return own.length < 9 ? code : { ...code, own }"
  },
  {
    name: "a use succeeds though the link was lost meanwhile",
    clause: "S8",
    file: "internal/remote/taking.ts",
    find: "Effect.void : Effect.fail(cutOff)",
    replace: "Effect.void : Effect.void"
  },
  {
    name: "code that throws when it is asked by which pattern a tuple came stops a space on a store",
    clause: "S3",
    file: "internal/durable/waiter.ts",
    find: "      return Exit.die(error)\n",
    replace: "      throw error\n"
  },
  {
    name: "a tuple is lost whose taker's code throws when it is asked by which pattern it came",
    clause: "S3",
    file: "internal/durable/waiter.ts",
    find: "    } catch (error) {\n      if (this.takes) {",
    replace: "    } catch (error) {\n      if (false) {"
  },
  {
    name: "a wait over a link is not told of answers that come later, on a store",
    clause: "S3",
    file: "internal/durable/waiter.ts",
    find: "answers?.follow(() => this.lookAgain(), (defect) => this.die(defect))",
    replace: "answers?.follow(() => {}, (defect) => this.die(defect))"
  },
  {
    name: "an answer that comes during the first look is forgotten, on a store",
    clause: "S3",
    file: "internal/durable/waiter.ts",
    find: "this.isAnswered = this.state === \"asked\"",
    replace: "this.isAnswered = false"
  },
  {
    name: "what several parts find at the same time is kept by all of them",
    clause: "S11",
    file: "internal/sharded/waiting.ts",
    find: "(isFirst) => isFirst ? undefined : giveBack(value))",
    replace: "() => undefined)"
  },
  {
    name: "who holds longest in a split space is sought in each part alone",
    clause: "N11",
    file: "internal/sharded/engine.ts",
    find: "(parts) => longestFirst(parts.flat())",
    replace: "(parts) => parts.flat()"
  },
  {
    name: "a shape is counted once for each part of a split space",
    clause: "N11",
    file: "internal/sharded/engine.ts",
    find: "      tuples: shapes.tuples,",
    replace: "      tuples: all.flatMap(({ tuples }) => tuples),"
  },
  {
    name: "what a part has when another fails is not given back",
    clause: "S8",
    file: "internal/sharded/engine.ts",
    find: "() => Effect.sync(() => holds.forEach((held) => held.giveBack()))",
    replace: "() => Effect.void"
  },
  {
    name: "of what is held together the rest is not given back",
    clause: "S8",
    file: "internal/destination.ts",
    find: "held.end({ how: \"place\", failed: false })",
    replace: "Effect.void"
  },
  {
    name: "a use that gives no Effect is run all the same",
    clause: "S16",
    file: "internal/arguments.ts",
    find: "if (isEffect(given)) {",
    replace: "if (isEffect(given) || given !== found) {"
  },
  {
    name: "a join that waits does not see that one that has enough can make way for another",
    clause: "S11",
    file: "internal/pattern/outlook.ts",
    find: "if (this.short.has(next)) {",
    replace: "if (this.short.has(-1 - next)) {"
  },
  {
    name: "a join that waits counts a tuple that comes back as another",
    clause: "S11",
    file: "internal/pattern/outlook.ts",
    find: "if (this.short.size > 0 && !this.owners.has(entry)) {",
    replace: "if (this.short.size > 0) {"
  },
  {
    name: "a join that waits counts what is gone for ever",
    clause: "S11",
    file: "internal/pattern/outlook.ts",
    find: "      if (!isStored(entry)) {",
    replace: "      if (isStored(entry) === undefined) {"
  },
  {
    name: "a join that waits takes no notice of what is stored when it comes",
    clause: "S11",
    file: "internal/pattern/outlook.ts",
    find: "this.lacks(demand, missing - matching.fill(demand, missing, inVain))",
    replace: "this.lacks(demand, missing)"
  },
  {
    name: "a join that waits believes for ever that more does not help one that had enough",
    clause: "S11",
    file: "internal/pattern/outlook.ts",
    find: "    this.sated.clear()\n",
    replace: ""
  },
  {
    name: "a join with variables searches before there could be enough, whatever they are",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "refresh(candidatesOf, isStored, outlook !== undefined) || due",
    replace: "refresh(candidatesOf, isStored, outlook !== undefined) && plan.isPlain || due"
  },
  {
    name: "a join tries all combinations of what no variable connects",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "return isFeasible(plan, source, new Set()) ? ",
    replace: "return plan.isPlain === false ? "
  },
  {
    name: "a join tries the same tuples of equal patterns in every order",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "      after = last < 0 ? beginning : chosen[last]!.seq",
    replace: "      after = beginning"
  },
  {
    name: "a join does not see that what has been bound leaves too little to the others",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "!users.get(binding.name)!.every((demand) => hasEnough(demand, bound))",
    replace: "users.size < 0"
  },
  {
    name: "a join looks at the many one by one, though another pattern has few",
    clause: "S11",
    file: "internal/pattern/semijoin.ts",
    find: "if (this.looks >= this.patience) {",
    replace: "if (this.looks < 0) {"
  },
  {
    name: "a join gathers the few however many they are",
    clause: "S11",
    file: "internal/pattern/semijoin.ts",
    find: "Math.max(few, looks)",
    replace: "Infinity"
  },
  {
    name: "a join begins with any pattern, and not with that of which there are fewest",
    clause: "S11",
    file: "internal/pattern/semijoin.ts",
    find: "if (size < fewest) {",
    replace: "if (size < fewest && best === undefined) {"
  },
  {
    name: "a join tries what it has found through others in the order in which it was found",
    clause: "S11",
    file: "internal/pattern/semijoin.ts",
    find: "Array.from(found).sort(byAge)",
    replace: "Array.from(found)"
  },
  {
    name: "a join takes what has no value for a variable to agree with nothing",
    clause: "S11",
    file: "internal/pattern/semijoin.ts",
    find: "members.\n      return undefined",
    replace: "members.\n      continue"
  },
  {
    name: "a join of two patterns that share a variable takes one tuple for both",
    clause: "S11",
    file: "internal/pattern/join.ts",
    find: "each !== entry && other.bind",
    replace: "other.bind"
  },
  {
    name: "on a store a join reads all of the many, though another pattern has few",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "if (lookup !== undefined) {",
    replace: "if (lookup !== lookup) {"
  },
  {
    name: "on a store a join looks the many up by the values of what it has read only a part of",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "const values = this.found.has(through)",
    replace: "const values = this.found.size >= 0"
  },
  {
    name: "on a store a join searches among the first page of the many",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "      yield* this.completes(limits)\n",
    replace: ""
  },
  {
    name: "a join of many and many keeps the store for itself",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "isBounded && rows >= most",
    replace: "rows < 0"
  },
  {
    name: "a join takes what was there when it looked ahead, and is gone",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "if (answers[index]![0]?.id === place) {",
    replace: "if (place === place) {"
  },
  {
    name: "what a join only reads may be gone by its last look",
    clause: "S18",
    file: "internal/durable/gathering.ts",
    find: "this.looksAt(chosen)",
    replace: "this.looksAt(this.plan.takenOf(chosen))"
  },
  {
    name: "a join does not hear of what comes while it looks ahead",
    clause: "S5",
    file: "internal/durable/gathering.ts",
    find: "    this.come.push(row)\n",
    replace: ""
  },
  {
    name: "a join does not hear of what comes back while it looks ahead",
    clause: "S8",
    file: "internal/durable/gathering.ts",
    find: "events = [\"Out\", \"Requeue\"] as const",
    replace: "events = [\"Out\"] as const"
  },
  {
    name: "a join looks at one after the other of many that are gone",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "id >= place && id <= last",
    replace: "id === place && id <= last"
  },
  {
    name: "a join counts what has come behind before it knows what is between",
    clause: "S5",
    file: "internal/durable/gathering.ts",
    find: "missing -= seq <= place ? 1 : 0",
    replace: "missing -= seq <= place || seq > place ? 1 : 0"
  },
  {
    name: "a join that has looked ahead does not look up what has come to agree with others",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "      yield* this.lookUp(lookup)\n    }\n",
    replace: "    }\n"
  },
  {
    name: "a join that is offered a tuple keeps the store for all that it has to read",
    clause: "S11",
    file: "internal/durable/waiter.ts",
    find: "from: firstPages",
    replace: "from: { ...firstPages, isBounded: false }"
  },
  {
    name: "a join that has let a tuple go because it would have to look far does not look for it",
    clause: "S11",
    file: "internal/durable/waiter.ts",
    find: "            lookLater()\n            return",
    replace: "            return"
  },
  {
    name: "an exchange of many and many keeps the store for itself",
    clause: "S22",
    file: "internal/durable/engine.ts",
    find: "limit, findingOf(reader, query))",
    replace: "limit, undefined)"
  },
  {
    name: "a join that has found one gone does not read on",
    clause: "S11",
    file: "internal/durable/gathering.ts",
    find: "areThere ? Effect.succeed(chosen) : choose",
    replace: "areThere ? Effect.succeed(chosen) : Effect.succeed(undefined)"
  },
  // Effect's runtime
  {
    name: "a fiber that is started now yields as others do",
    clause: "S10",
    file: "internal/runtime.ts",
    find: "effect, { scheduler: atOnce }",
    replace: "effect"
  },
  {
    name: "a fiber in a region where it cannot end does not know that it has been told to",
    clause: "S8",
    file: "internal/runtime.ts",
    find: "!Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause))",
    replace: "fiber.getFiberRef(FiberRef.interruptedCause) === undefined"
  },
  {
    name: "nobody knows what a fiber waits for",
    clause: "K2",
    file: "internal/runtime.ts",
    find: "status._tag === \"Suspended\" ? Array.from",
    replace: "status._tag === \"Done\" ? Array.from"
  },
  {
    name: "spans are made where they are switched off",
    clause: "S20",
    file: "internal/runtime.ts",
    find: " && fiber.getFiberRef(FiberRef.currentTracerEnabled)",
    replace: ""
  },
  // Transactions on a store
  {
    name: "a part that is interrupted is not undone",
    clause: "S10",
    file: "internal/durable/undoing.ts",
    find: "Exit.isSuccess(exit) ? ",
    replace: "Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? "
  },
  {
    name: "a hold of a part that was undone is ended nevertheless",
    clause: "S8",
    file: "internal/durable/access.ts",
    find: "isPartUndone = true",
    replace: "isPartUndone = false"
  },
  {
    name: "a transaction on a store does not find what it has put",
    clause: "S10",
    file: "internal/durable/known.ts",
    find: "[...stored, ...this.own(pattern)].sort(byPlace)",
    replace: "[...stored].sort(byPlace)"
  },
  {
    name: "a transaction on a store takes a tuple twice",
    clause: "S10",
    file: "internal/durable/known.ts",
    find: "if (!HashSet.has(this.done.taken, seen.id) && isWanted(seen)) {",
    replace: "if (isWanted(seen)) {"
  },
  {
    name: "count in a transaction on a store counts what that has taken",
    clause: "S10",
    file: "internal/durable/known.ts",
    find: "return stored.value - fewer + more",
    replace: "return stored.value + more + 0 * fewer"
  },
  {
    name: "a transaction on a store looks at the first page alone",
    clause: "S10",
    file: "internal/durable/facts.ts",
    find: "this.isWhole = rows.length < this.limit",
    replace: "this.isWhole = rows.length <= this.limit"
  },
  {
    name: "a transaction on a store that runs again asks for one fact after the other",
    clause: "S10",
    file: "internal/durable/transact.ts",
    find: "new Facts(decided === undefined ? last : undefined)",
    replace: "new Facts()"
  },
  {
    name: "a transaction on a store believes a failure for want of facts",
    clause: "S10",
    file: "internal/durable/deciding.ts",
    find: "(error) => facts.isLacking ? STM.retry : STM.fail(error)",
    replace: "(error) => STM.fail(error)"
  },
  {
    name: "a transaction on a store believes a result for want of facts",
    clause: "S10",
    file: "internal/durable/deciding.ts",
    find: "          facts.isLacking ? STM.retry : STM.map(TRef.get(done)",
    replace: "          STM.map(TRef.get(done)"
  },
  {
    name: "a transaction on a store is decided again when the store begins anew",
    clause: "S10",
    file: "internal/durable/transact.ts",
    find: "decided === undefined ? go : write(decided)",
    replace: "go"
  },
  {
    name: "a transaction on a store does not notice that what it took is gone",
    clause: "S10",
    file: "internal/durable/transact.ts",
    find: "replies.includes(null) ? Effect.fail(tooLate)",
    replace: "replies.length < 0 ? Effect.fail(tooLate)"
  },
  {
    name: "a transaction on a store is parked though it lacks facts about its conditions",
    clause: "S10",
    file: "internal/durable/deciding.ts",
    find: "return facts.isLacking ? \"lacks\" : {",
    replace: "return {"
  },
  {
    name: "a condition on a store hears only of what is put",
    clause: "S10",
    file: "internal/durable/retrying.ts",
    find: "[\"Out\", \"In\", \"Requeue\", \"Expire\"]",
    replace: "[\"Out\"]"
  },
  {
    name: "an attempt does not count if a transaction on a store cannot decode what it takes",
    clause: "S10",
    file: "internal/durable/transact.ts",
    find: "defect.seen.isOwn ? Effect.void : afterwards(attempted(session, [defect.seen.id]))",
    replace: "Effect.void"
  },
  {
    name: "those who wait on a store with one predicate are each asked about a tuple",
    clause: "S4",
    file: "internal/durable/offers.ts",
    find: "line.isLike(member)",
    replace: "line === member"
  },
  {
    name: "all that wait on a store for the same queries stand in one line, whatever their predicates are",
    clause: "S4",
    file: "internal/durable/offers.ts",
    find: "line.isLike(member)",
    replace: "line !== undefined"
  },
  {
    name: "a hint for one who has got another tuple is lost to those of its line",
    clause: "S4",
    file: "internal/durable/waiter.ts",
    find: "this.isThere || this.line?.hint(hint)",
    replace: "this.isThere"
  },
  {
    name: "of a line on a store one reader is served",
    clause: "S4",
    file: "internal/durable/delivery.ts",
    find: "this.tables.waitersIn(first, 0, unlimited)",
    replace: "[first]"
  },
  {
    name: "a look ahead does not hear of what comes back to its old place",
    clause: "S5",
    file: "internal/durable/passed.ts",
    find: "this.back[number] = Math.min(this.back[number]!, row.id - 1)",
    replace: "this.back[number] = this.back[number]!"
  },
  {
    name: "who looks for what is far keeps the store for itself",
    clause: "S7",
    file: "internal/durable/ahead.ts",
    find: "isBounded: this.round < rounds",
    replace: "isBounded: this.round < 0"
  },
  {
    name: "a look ahead leaves its watcher behind",
    clause: "S8",
    file: "internal/durable/ahead.ts",
    find: "    this.session.giveBack({ op: \"cancel\", waiters: [this.id] })\n",
    replace: ""
  },
  {
    name: "what has expired before it is taken from a store ends the look for more",
    clause: "S15",
    file: "internal/durable/finding.ts",
    find: "rows: taken }) : claimed(look, take, rows)",
    replace: "rows: taken }) : Effect.succeed(null)"
  },
  {
    name: "what has expired before it is taken from a store is returned all the same",
    clause: "S15",
    file: "internal/durable/finding.ts",
    find: "taken !== null ? Effect.succeed({ ...found, rows: taken }) : claimed(look, take, rows)",
    replace: "Effect.succeed(found)"
  },
  {
    name: "replace on a store puts though its tuple has expired",
    clause: "S15",
    file: "internal/durable/engine.ts",
    find: "if (expires === null) {",
    replace: "if (id >= 0) {"
  },
  {
    name: "a letter that is refused at the other end of a link leaves its tuple held",
    clause: "S8",
    file: "internal/remote/held.ts",
    find: "Effect.zipRight(held.end(refused, own), Effect.die(defect))",
    replace: "Effect.die(defect)"
  },
  {
    name: "a use over a link fails though its hold has ended",
    clause: "S8",
    file: "internal/remote/taking.ts",
    find: "over === undefined || Exit.isSuccess(exit)",
    replace: "over === undefined"
  },
  {
    name: "a move forgets what has arrived when the rest fails",
    clause: "S14",
    file: "internal/destination.ts",
    find: "    onArrival?.(arrived)\n",
    replace: ""
  },
  {
    name: "a choice over several parts asks again which pattern it was",
    clause: "S3",
    file: "internal/sharded/engine.ts",
    find: "pattern === found || matches(pattern, tuple)",
    replace: "(pattern === found && false) || matches(pattern, tuple)"
  },
  {
    name: "a store keeps one failure more than the limit",
    clause: "S13",
    file: "internal/durable/failures.ts",
    find: "count <= limit ?",
    replace: "count <= limit + 1 ?"
  },
  {
    name: "a transaction that waits for conditions on a store is not shown",
    clause: "S10",
    file: "internal/durable/retrying.ts",
    find: "index === 0 ? fiber : undefined",
    replace: "index === 0 && events === undefined ? fiber : undefined"
  },
  {
    name: "a transaction on a store that waits for both is shown twice",
    clause: "S10",
    file: "internal/durable/retrying.ts",
    find: "index === 0 ? fiber : undefined",
    replace: "fiber"
  },
  {
    name: "the end of a link is told when the link has ended",
    clause: "S12",
    file: "internal/remote/server.ts",
    find: "      this.outbox.flush()\n      this.outbox.close()\n      this.unlisten()\n",
    replace: "      this.unlisten()\n      this.outbox.flush()\n      this.outbox.close()\n"
  },
  {
    name: "a space whose link was lost is not closed with its scope",
    clause: "S12",
    file: "internal/remote/connection.ts",
    find: "this.isScopeClosed ? interrupted : this.over",
    replace: "this.over"
  },
  {
    name: "a transaction on a store that closes its space waits for itself",
    clause: "S12",
    file: "internal/durable/session.ts",
    find: "session === this && abandon()",
    replace: "session !== this && abandon()"
  },
  {
    name: "a transaction on a store takes a tuple whose time may be over before it commits",
    clause: "S15",
    file: "internal/durable/run.ts",
    find: "if (seen.row.expires === null) {",
    replace: "if (seen.row.expires === null || seen.id > 0) {"
  },
  {
    name: "a transaction on a store keeps what a branch has held that was left",
    clause: "S10",
    file: "internal/durable/deciding.ts",
    find: "return [...released(facts.held.filter((held) => !gone.has(held))), ...commands]",
    replace: "return commands"
  },
  {
    name: "over a link nobody is told that what replace made of a tuple was refused",
    clause: "S4",
    file: "internal/remote/connection.ts",
    find: "(cause) => this.unanswered(id, question, Protocol.uncarried(cause))",
    replace: "() => {}"
  },
  {
    name: "replace over a link goes on with no answer if its tuple cannot be told",
    clause: "S4",
    file: "internal/remote/server.ts",
    find: "number === Replacement && new Unaskable(Protocol.uncarried(cause))",
    replace: "number === Replacement && new Unaskable(Protocol.uncarried(cause)).error === undefined"
  },
  {
    name: "a letter that the link refuses leaves its tuple held",
    clause: "S8",
    file: "internal/remote/taking.ts",
    find: ", { refused: Exit.die }",
    replace: ""
  },
  {
    name: "the space is not told that a process has ended whose error the link refuses",
    clause: "S13",
    file: "internal/remote/starting.ts",
    find: "() => say(values.encodeCausePlainly(exit.cause))",
    replace: "() => Effect.void"
  },
  {
    name: "an error that the link refuses is told to nobody",
    clause: "S16",
    file: "internal/remote/server.ts",
    find: "() => this.outbox.send([Protocol.Failed, id, this.values.encodeCausePlainly(cause)])",
    replace: "() => {}"
  },
  {
    name: "a client goes on over a link that carries nothing any more",
    clause: "S12",
    file: "internal/remote/connection.ts",
    find: "(cause) => this.breakOff(cause)",
    replace: "() => {}"
  },
  {
    name: "a server goes on over a link that carries nothing any more",
    clause: "S12",
    file: "internal/remote/server.ts",
    find: "(cause) => this.close(`",
    replace: "(cause) => String(`"
  },
  {
    name: "a server does what an end of another version says after its version",
    clause: "S12",
    file: "internal/remote/server.ts",
    find: "      if (this.isClosed) {\n        return\n",
    replace: "      if (this.isClosed && frame.length < 0) {\n        return\n"
  },
  {
    name: "the link to an end of another version is kept if it spoke before anybody listened",
    clause: "S12",
    file: "internal/remote/server.ts",
    find: "    if (this.isClosed) {\n      // By what",
    replace: "    if (this.isClosed && this.running.size < 0) {\n      // By what"
  },
  {
    name: "a question over a link is waited for that was answered before the fiber could wait",
    clause: "S3",
    file: "internal/remote/asking.ts",
    find: "      if (this.open.size === 0) {\n        return resume",
    replace: "      if (this.open.size < 0) {\n        return resume"
  },
  {
    name: "what moves to a space is neither copied nor checked",
    clause: "S1",
    file: "internal/space.ts",
    find: "verbs.outFitting(tuples.map(own), onArrival, priorities)",
    replace: "verbs.outFitting(tuples, onArrival, priorities)"
  },
  {
    name: "what a store refuses of a batch fails all that were in it",
    clause: "S16",
    file: "internal/durable/session.ts",
    find: "if (made.length > 1) {",
    replace: "if (made.length > Infinity) {"
  },
  {
    name: "what a store has refused goes again together",
    clause: "S16",
    file: "internal/durable/agenda.ts",
    find: "if (first?.alone === true) {",
    replace: "if (first === null) {"
  },
  {
    name: "a batch has no end",
    clause: "S16",
    file: "internal/durable/session.ts",
    find: "if (made.length > 0 && size > room) {",
    replace: "if (made.length > 0 && size > Infinity) {"
  },
  {
    name: "what the tables of a store throw is taken for its loss",
    clause: "S16",
    file: "internal/durable/embedded.ts",
    find: "failed = (cause) => failure(\"Refused\", cause)",
    replace: "failed = (cause) => failure(\"Unavailable\", cause)"
  },
  {
    name: "who leaves in the instant in which its turn comes takes the turn along",
    clause: "S9",
    file: "internal/queue.ts",
    find: "this.give(place.isIn ? permits : 0)",
    replace: "this.give(0)"
  },
  {
    name: "a transaction that waits for its turn cannot leave",
    clause: "S9",
    file: "internal/durable/embedded.ts",
    find: "waiting ?? restore",
    replace: "waiting === undefined ? restore : identity"
  },
  {
    name: "who is seen to live is taken for dead if its clock is behind",
    clause: "S8",
    file: "internal/durable/judge.ts",
    find: "until <= now && !isNews",
    replace: "until <= now"
  },
  {
    name: "who has been silent for its lease lives until the time it has named",
    clause: "S8",
    file: "internal/durable/judge.ts",
    find: "even - since >= lease || until",
    replace: "until"
  },
  {
    name: "a store that fails is asked without a pause while its space closes",
    clause: "S12",
    file: "internal/durable/session.ts",
    find: "Duration.millis(Math.min(5 * 2 ** failures, 1_000))",
    replace: "Duration.millis(0 * failures)"
  },
  {
    name: "a space that closes does not ask again a store that has failed",
    clause: "S12",
    file: "internal/durable/session.ts",
    find: "const mostFailures = 10",
    replace: "const mostFailures = 1"
  },
  {
    name: "what has been ended in a transaction is not ended when it runs again",
    clause: "S15",
    file: "internal/durable/transaction.ts",
    find: "isUndone ? Effect.sync(() => own.giveBack(back)) : end(own)",
    replace: "isUndone ? Effect.sync(() => own.giveBack(back)) : Effect.void"
  },
  {
    name: "what a transaction has ended stays held if it fails",
    clause: "S15",
    file: "internal/durable/transaction.ts",
    find: "lasting.ended.forEach(({ back }) => session.giveBack(back))",
    replace: "lasting.ended.forEach(() => {})"
  },
  {
    name: "what a part of a transaction has ended stays held if that fails",
    clause: "S15",
    file: "internal/durable/access.ts",
    find: "undone(lasting.ended.slice(ended))",
    replace: "undone([])"
  },
  {
    name: "a part of a transaction that fails stands",
    clause: "S15",
    file: "internal/durable/access.ts",
    find: "undoing(savepoint(body), (cause) =>",
    replace: "undoing(body, (cause) =>"
  },
  {
    name: "parts of a transaction that begin at the same time undo each other",
    clause: "S10",
    file: "internal/durable/access.ts",
    find: "const turns = new Queue(1)",
    replace: "const turns = new Queue(9)"
  },
  {
    name: "what a part of a transaction has brought is heard though it was undone",
    clause: "S15",
    file: "internal/durable/session.ts",
    find: "void (outcomes.length = length)",
    replace: "void length"
  },
  {
    name: "what a fiber does as a transaction commits is done within it",
    clause: "S15",
    file: "internal/durable/transaction.ts",
    find: "void (ofThisRun.state = \"ending\")",
    replace: "void ofThisRun"
  },
  {
    name: "who leaves waits for a store that is busy",
    clause: "S9",
    file: "internal/durable/session.ts",
    find: "const patience = 100",
    replace: "const patience = 1e9"
  },
  {
    name: "what an operation takes after it was left stays taken",
    clause: "S9",
    file: "internal/durable/session.ts",
    find: "Exit.isSuccess(exit) && undo(exit.value)",
    replace: "Exit.isSuccess(exit) && undo === null"
  },
  {
    name: "a use on a store goes on though its lease is over",
    clause: "S8",
    file: "internal/durable/ending.ts",
    find: "watch: access.isTransaction ? undefined :",
    replace: "guarded: access.isTransaction || !access.isTransaction ? undefined :"
  },
  {
    name: "an rd on a store that looks again leaves its waiter",
    clause: "S3",
    file: "internal/durable/wishes.ts",
    find: "waiter === null ? look :",
    replace: "waiter === null || waiter >= 0 ? look :"
  },
  {
    name: "a tuple that a join could not take after all is not offered on",
    clause: "S11",
    file: "internal/durable/commands.ts",
    find: "row === undefined ? tables.get(id) : tables.insert(row)",
    replace: "row === undefined ? undefined : tables.insert(row)"
  },
  {
    name: "a tuple whose letter a store refuses stays held",
    clause: "S8",
    file: "internal/durable/session.ts",
    find: "command.holds.forEach((hold) => this.giveBack({ ...settling(hold, {}, true), ids: command.ids }))",
    replace: "command.holds.forEach(() => {})"
  },
  {
    name: "a hold that could not be ended in a transaction stays held",
    clause: "S15",
    file: "internal/durable/access.ts",
    find: "Effect.sync(() => undone([ended]))",
    replace: "Effect.void"
  },
  {
    name: "a batch of a store does its commands before what was left in the outbox",
    clause: "O1",
    file: "internal/durable/interpreter.ts",
    find:
      "  receive(space, tables.outbox?.() ?? [])\n  const replies = commands.map((command) => perform(space, command))",
    replace:
      "  const replies = commands.map((command) => perform(space, command))\n  receive(space, tables.outbox?.() ?? [])"
  },
  {
    name: "who moves an outbox is not told of what only it can decide about",
    clause: "O1",
    file: "internal/durable/commands.ts",
    find: "put(space, rows.map((row) => ({ ...row, accepted: undefined })))",
    replace: "put(space, rows)"
  },
  {
    name: "an outbox puts what the protocol of its space refuses",
    clause: "O7",
    file: "internal/durable/row.ts",
    find: "  reader.check(tuple)\n",
    replace: "  reader.known\n"
  },
  // What can be seen, and lines
  {
    name: "ages are as good as if they were nothing",
    clause: "Insight",
    file: "internal/ages.ts",
    find: "const precision = 1 / 100",
    replace: "const precision = 1"
  },
  {
    name: "the time of a tuple is asked for once, and never again",
    clause: "Insight",
    file: "internal/ages.ts",
    find: "this.isFresh = false\n      })",
    replace: "this.isFresh = true\n      })"
  },
  {
    name: "a batch of a store gives places at no time",
    clause: "Insight",
    file: "internal/durable/delivery.ts",
    find: "this.tables.mark?.(arrivalOf(id), at)",
    replace: "this.tables.mark"
  },
  // S18, S19: queries, and what they hold
  {
    name: "a failure of the use is an attempt of all that a join has taken",
    clause: "S19",
    file: "internal/hold.ts",
    find: "form === \"batch\" || index === 0",
    replace: "true"
  },
  {
    name: "a failure of the use is an attempt of the first tuple of a batch alone",
    clause: "S19",
    file: "internal/hold.ts",
    find: "form === \"batch\" || index === 0",
    replace: "index === 0"
  },
  {
    name: "a tuple that was settled by itself ends again with the use",
    clause: "S19",
    file: "internal/hold.ts",
    find: "this.left = this.left.filter((other) => other !== index)",
    replace: "void 0"
  },
  {
    name: "a batch that is interrupted while it lingers keeps what it has",
    clause: "S18",
    file: "internal/batch.ts",
    find: "() => Effect.sync(() => holds.forEach((held) => held.giveBack()))",
    replace: "() => Effect.void"
  },
  {
    name: "a batch does not linger",
    clause: "S18",
    file: "internal/batch.ts",
    find: "(taking.name === \"inp\" ? 0 : linger)",
    replace: "0"
  },
  {
    name: "a batch without time goes on while others put",
    clause: "S18",
    file: "internal/batch.ts",
    find: "isAll && left <= 0",
    replace: "false"
  },
  {
    name: "a use of a batch goes on though one of its parts is lost",
    clause: "S19",
    file: "internal/joint.ts",
    find: "all.map((watch) => watch(end))",
    replace: "all.slice(0, 1).map((watch) => watch(end))"
  },
  {
    name: "who reads a join on a store is told as who reads one tuple",
    clause: "S18",
    file: "internal/durable/waiter.ts",
    find: "as === \"rd\" && plan !== undefined ? \"look\" : as",
    replace: "as"
  },
  {
    name: "a store tells nobody of what has left for good",
    clause: "S18",
    file: "internal/durable/delivery.ts",
    find: "rows.forEach((row) => this.tell(\"Gone\", row))",
    replace: "void rows"
  },
  {
    name: "on a store what expires has not left for good",
    clause: "S18",
    file: "internal/durable/delivery.ts",
    find: "    this.tell(\"Expire\", row, from)\n    this.leave([row])",
    replace: "    this.tell(\"Expire\", row, from)"
  },
  {
    name: "on a store what a whole hold has consumed has not left for good",
    clause: "S18",
    file: "internal/durable/delivery.ts",
    find: "      this.leave(rows)\n",
    replace: ""
  },
  {
    name: "on a store what is consumed by itself has not left for good",
    clause: "S18",
    file: "internal/durable/commands.ts",
    find: "        space.leave(rows)\n",
    replace: ""
  },
  {
    name: "on a store what is taken for good has not left",
    clause: "S18",
    file: "internal/durable/commands.ts",
    find: "space.leave(taken.map(([, row]) => row))",
    replace: "void 0"
  },
  {
    name: "a client of a store is not told of what it has itself fetched for good",
    clause: "S18",
    file: "internal/durable/interpreter.ts",
    find: "space.isWatched ? tables.fetch(client) : []",
    replace: "false ? tables.fetch(client) : []"
  },
  {
    name: "a store in memory does not know that somebody watches for what leaves",
    clause: "S18",
    file: "internal/durable/memory.ts",
    find: "state.watching += watchesLeaving(waiter) ? 1 : 0",
    replace: "void 0"
  },
  {
    name: "on a store what somebody holds is absent",
    clause: "S18",
    file: "internal/durable/absent.ts",
    find: "held!.some((row) => row.id !== offered?.id && ",
    replace: "held!.some((row) => row.id < 0 && "
  },
  {
    name: "on a store what a join is offered keeps it from being absent",
    clause: "S18",
    file: "internal/durable/absent.ts",
    find: "row.id !== offered?.id && ",
    replace: ""
  },
  {
    name: "on a store a join does not know of a younger tuple that it has to take",
    clause: "S18",
    file: "internal/durable/absent.ts",
    find: "        this.gathered.add(pattern, row, reading)\n",
    replace: ""
  },
  {
    name: "on a store only the first page of what must be absent is read",
    clause: "S18",
    file: "internal/durable/absent.ts",
    find: "rest(query, stored[index]![page - 1]?.id)",
    replace: "rest(query, undefined)"
  },
  {
    name: "on a store who waits for absence goes on waiting for what has another place by now",
    clause: "S18",
    file: "internal/durable/vigil.ts",
    find: "this.witness === from ? row.id : this.witness",
    replace: "this.witness"
  },
  {
    name: "on a store nobody looks again when the last match has left",
    clause: "S18",
    file: "internal/durable/vigil.ts",
    find: "      this.owner.wake()\n",
    replace: ""
  },
  {
    name: "on a store what leaves in a transaction has left before that is committed",
    clause: "S18",
    file: "internal/durable/vigil.ts",
    find: "return left.has(this.id)",
    replace: "return left.size < 0"
  },
  {
    name: "a join on a store whose mail is in doubt gives back what a look has found meanwhile",
    clause: "S8",
    file: "internal/durable/waiter.ts",
    find: "if (!this.hasFound) {",
    replace: "if (true) {"
  },
  {
    name: "on a store a wait for absence leaves a watcher behind",
    clause: "S18",
    file: "internal/durable/waiter.ts",
    find: "      this.vigil?.close()\n",
    replace: ""
  },
  {
    name: "on a store a wait for absence that asks again is there twice",
    clause: "S18",
    file: "internal/durable/waiter.ts",
    find: "[this.id, this.vigil.id] }",
    replace: "[this.id] }"
  },
  {
    name: "on a store a tuple that a join only reads is kept from those behind",
    clause: "S18",
    file: "internal/durable/joining.ts",
    find: "rows: rowsOf(all.filter((each) => taken.has(each))),",
    replace: "rows: rowsOf(all),"
  },
  {
    name: "on a store a join with a read member reads all that there is to take",
    clause: "S18",
    file: "internal/durable/gathering.ts",
    find: "!this.found.has(asker.pattern) && !this.plan.isLoose(asker)",
    replace: "!this.found.has(asker.pattern)"
  },
  {
    name: "on a store equal patterns with a variable are content with the oldest tuples",
    clause: "S18",
    file: "internal/pattern/plan.ts",
    find: "count === 1 && users.get(name)!.length",
    replace: "users.get(name)!.length"
  },
  {
    name: "on a store a transaction is not woken when the last match has left",
    clause: "S18",
    file: "internal/durable/retrying.ts",
    find: "const leaving: ReadonlyArray<EventKind> = [\"Gone\"]",
    replace: "const leaving: ReadonlyArray<EventKind> = []"
  },
  {
    name: "on a store a choice by preference takes the oldest",
    clause: "S18",
    file: "internal/durable/wishes.ts",
    find: "exact: wish.prefer === undefined && ",
    replace: "exact: "
  },
  {
    name: "to settle one tuple of a hold ends all of it",
    clause: "S19",
    file: "internal/durable/commands.ts",
    find: "(ids ?? [null])",
    replace: "[null]"
  },
  {
    name: "the other end of a link forgets a hold of which something is left",
    clause: "S19",
    file: "internal/remote/held.ts",
    find: "those === undefined || hold?.left.size === 0",
    replace: "true"
  },
  {
    name: "who has held a tuple is told for ever",
    clause: "Insight",
    file: "internal/memory/hold.ts",
    find: "    this.leave(meant)\n    store.run(() => {",
    replace: "    store.run(() => {"
  },
  {
    name: "a tuple that leaves with its time to live goes on being counted",
    clause: "Insight",
    file: "internal/memory/state.ts",
    find: "this.expiring -= ends(expiry)",
    replace: "this.expiring -= 0"
  },
  {
    name: "what is held in memory is not exported",
    clause: "Lines",
    file: "internal/memory/dump.ts",
    find: "Array.from(store.held).filter(({ seq }) => seq > after)",
    replace: "Array.from(store.held).filter(({ seq }) => seq > Infinity * (2 + after))"
  },
  {
    name: "an export of a space in memory ends with its first page",
    clause: "Lines",
    file: "internal/memory/dump.ts",
    find: "const isLast = entries.length < page",
    replace: "const isLast = entries.length <= page"
  },
  {
    name: "what is held in a store is not exported",
    clause: "Lines",
    file: "internal/durable/dump.ts",
    find: "held.filter(({ id }) => id > after)",
    replace: "held.filter(({ id }) => id > Infinity)"
  },
  {
    name: "pages of a store are not in order of age",
    clause: "Lines",
    file: "internal/durable/dump.ts",
    find: ".sort((one, other) => one.id - other.id)",
    replace: ""
  },
  {
    name: "an export of a store forgets times to live",
    clause: "Lines",
    file: "internal/durable/dump.ts",
    find: "row.expires === null ? null : row.expires - now, 0",
    replace: "row.expires === null || now >= 0 ? null : row.expires - now, 0"
  },
  {
    name: "an import into memory forgets failed attempts",
    clause: "Lines",
    file: "internal/memory/put.ts",
    find: "extra.attempts = dumped.attempts",
    replace: "extra.attempts = 0"
  },
  {
    name: "lines that were cut off are taken for the whole",
    clause: "Lines",
    file: "internal/lines.ts",
    find: "if (this.stage !== \"over\") {",
    replace: "if (this.stage === \"first\") {"
  },
  {
    name: "bytes are made into text one character after the other",
    clause: "S1",
    file: "internal/base64.ts",
    find: "String.fromCharCode(...codes)",
    replace: "codes.reduce((text, code) => text + String.fromCharCode(code), \"\")"
  },
  {
    name: "the letters of a line are believed",
    clause: "Lines",
    file: "internal/texts.ts",
    find: "dumped.failure && position === 0 ? dumped.shape[0] : letterOf(field)",
    replace: "field === dumped ? letterOf(field) : dumped.shape[position]"
  },
  {
    name: "keys of a line keep the order that JSON gives them",
    clause: "Lines",
    file: "internal/encoding.ts",
    find: "Object.entries(json).sort(([one], [other]) => one < other ? -1 : 1)",
    replace: "Object.entries(json)"
  },
  {
    name: "a hold whose end the store has failed is not ended by the next run of the transaction",
    clause: "S8",
    file: "internal/durable/access.ts",
    find: "each.isUndone ||= !isLost",
    replace: "each.isUndone = true"
  },
  {
    name: "what was to go back to a store that has failed is lost",
    clause: "S9",
    file: "internal/durable/session.ts",
    find: "op === \"restore\" && this.store.undoes",
    replace: "op === \"restore\" && this.store.undoes === false"
  },

  // S20: tuples that come later
  {
    name: "a wait that is over when a tuple comes may get it",
    clause: "S20",
    file: "internal/deadlines.ts",
    find: "(one.rank ?? 0) < (other.rank ?? 0)",
    replace: "(one.rank ?? 0) > (other.rank ?? 0)"
  },
  {
    name: "a tuple that comes late lives as long as one that does not",
    clause: "S20",
    file: "internal/memory/holds.ts",
    find: "this.expireAt(extra, at + ttl)",
    replace: "this.expireAt(extra, this.now() + ttl)"
  },
  {
    name: "a tuple that was cancelled before it comes does come",
    clause: "S20",
    file: "internal/memory/holds.ts",
    find: "      if (ttl < 0) {\n        this.removeScheduled(scheduled)\n      }\n",
    replace: ""
  },
  {
    name: "an export of a space in memory lacks what is to come",
    clause: "S20",
    file: "internal/memory/dump.ts",
    find: "isLast ? [...found, ...toCome(store, now)] : found",
    replace: "found"
  },
  {
    name: "who waits on a store does not hear that a tuple comes sooner",
    clause: "S20",
    file: "internal/durable/interpreter.ts",
    find: "  space.wakeOthers()\n",
    replace: ""
  },
  {
    name: "what comes by itself on a store lives from when it was seen to come",
    clause: "S20",
    file: "internal/durable/delivery.ts",
    find: "const expires = ttl === null ? null : due + ttl",
    replace: "const expires = ttl === null ? null : this.now + ttl"
  },
  {
    name: "the lease of a tuple that is to come is over when its time to live is, at the other end of a link",
    clause: "S20",
    file: "internal/verbs.ts",
    find: "at === undefined ? now() + after : Infinity",
    replace: "now()"
  },
  {
    name: "each failure is the first step of the schedule of retries",
    clause: "S19",
    file: "internal/backoff.ts",
    find: "step(now, schedule.initial, attempts)",
    replace: "step(now, schedule.initial, 0)"
  },
  {
    name: "a schedule of retries that is done has the tuple back at once",
    clause: "S19",
    file: "internal/backoff.ts",
    find: "return Effect.succeed(undefined)",
    replace: "return Effect.succeed(0)"
  },
  {
    name: "the life of a tuple begins anew when it is tried again",
    clause: "S19",
    file: "internal/memory/holds.ts",
    find: "extra.expiry === undefined ? Infinity : extra.expiry.at - at",
    replace: "Infinity"
  },
  {
    name: "a failure that is tried again later does not count, on a store",
    clause: "S19",
    file: "internal/durable/commands.ts",
    find: "each.attempts + (failed ? 1 : 0)",
    replace: "each.attempts + (failed && how !== \"later\" ? 1 : 0)"
  },
  {
    name: "what is tried again later is lost on a store",
    clause: "S19",
    file: "internal/durable/commands.ts",
    find: "            space.putOff(row, after)\n",
    replace: "            space.leave([row])\n"
  },
  // S18: guards of queries
  {
    name: "a query takes what it reads",
    clause: "S18",
    file: "internal/pattern/join.ts",
    find: "!taken.has(entry) && (reads || !readers.has(entry))",
    replace: "!taken.has(entry)"
  },
  {
    name: "two members cannot read the same tuple",
    clause: "S18",
    file: "internal/pattern/join.ts",
    find: "!taken.has(entry) && (reads || !readers.has(entry))",
    replace: "!taken.has(entry) && !readers.has(entry)"
  },
  {
    name: "what is read is taken as well",
    clause: "S18",
    file: "internal/memory/search.ts",
    find: "    return this.plan.takenOf(found)",
    replace: "    return found"
  },
  {
    name: "what is held is absent",
    clause: "S18",
    file: "internal/memory/away.ts",
    find: "    return this.listed.of(pattern).some(",
    replace: "    return pattern.arity < 0 && this.listed.of(pattern).some("
  },
  {
    name: "what is held is looked for under the literals of others",
    clause: "S18",
    file: "internal/pattern/lookups.ts",
    find: "    if (mask === 0 || this",
    replace: "    if (mask > 0 || this"
  },
  {
    name: "what a query takes counts against its absences",
    clause: "S18",
    file: "internal/pattern/absences.ts",
    find: "due.push(entry) <= most && isStored(entry)",
    replace: "due.push(entry) < 0 && isStored(entry)"
  },
  {
    name: "a query that has to take something to be rid of it leaves it",
    clause: "S18",
    file: "internal/pattern/absences.ts",
    find: "    return due.length <= most\n",
    replace: "    return due.length <= most + 1\n"
  },
  {
    name: "an absence is asked before its variables are bound",
    clause: "S18",
    file: "internal/pattern/absences.ts",
    find: "      names.every((name) => bound.has(name) || lookup(bindings, name) !== undefined)",
    replace: "      names.length === 0 || bindings !== undefined || bound.size >= 0"
  },
  {
    name: "what is absent has a place in the result",
    clause: "S18",
    file: "internal/pattern/query.ts",
    find: "return roles === undefined ? each : each.filter((_, index) => roles[index] !== \"absent\")",
    replace: "return each"
  },
  {
    name: "who waits for absence is not looked at when the last match has left",
    clause: "S18",
    file: "internal/memory/store.ts",
    find: "      while (this.departed.length > 0) {",
    replace: "      while (this.departed.length > 1e9) {"
  },
  {
    name: "who waits for absence is not looked at when what was held is kept",
    clause: "S18",
    file: "internal/memory/store.ts",
    find: "    if (!this.closed && (this.departed.length > 0 || this.outbox.length > 0)) {",
    replace: "    if (!this.closed && this.outbox.length > 0) {"
  },
  {
    name: "who waits for absence is not looked at when a transaction is committed",
    clause: "S18",
    file: "internal/memory/store.ts",
    find: "if (this.puts.size > 0 || this.departed.length > 0) {",
    replace: "if (this.puts.size > 0) {"
  },
  {
    name: "what leaves in a transaction is absent before that is committed",
    clause: "S18",
    file: "internal/memory/looks.ts",
    find: "this.inTransaction ? this.departed : []",
    replace: "[]"
  },
  {
    name: "what has expired is not known to have left",
    clause: "S18",
    file: "internal/memory/events.ts",
    find: "    this.departs(entry)\n    this.tell(event, entry)",
    replace: "    this.tell(event, entry)"
  },
  {
    name: "what was taken for good is not known to have left",
    clause: "S18",
    file: "internal/memory/events.ts",
    find: "    this.departs(entry)\n    this.tell(\"In\", entry)",
    replace: "    this.tell(\"In\", entry)"
  },
  {
    name: "what has expired in somebody's hands is not known to have left",
    clause: "S18",
    file: "internal/memory/holds.ts",
    find: "        entry.extra!.entry = undefined\n        this.departs(entry)",
    replace: "        entry.extra!.entry = undefined"
  },
  {
    name: "what was consumed is not known to have left",
    clause: "S18",
    file: "internal/memory/holds.ts",
    find: "      this.departs(entry)\n      if (entry.extra",
    replace: "      if (entry.extra"
  },
  {
    name: "who has come last is rid of its absence first",
    clause: "S18",
    file: "internal/memory/looks.ts",
    find: "one.seq - other.seq)) {\n      if (interest.state",
    replace: "other.seq - one.seq)) {\n      if (interest.state"
  },
  {
    name: "a wait for absence that is over stays in its table",
    clause: "S18",
    file: "internal/memory/state.ts",
    find: "      this.absentees.remove(interest.absentee)\n",
    replace: "      void interest.absentee\n"
  },
  {
    name: "who waits for nothing but absence is not seen, nor ended with the space",
    clause: "S18",
    file: "internal/memory/state.ts",
    find: "      ...this.absentees.toArray().map(({ owner }) => owner)\n",
    replace: ""
  },
  {
    name: "code of an absence that throws is the end of who takes the tuple",
    clause: "S18",
    file: "internal/memory/looks.ts",
    find: "        this.fail(absentee.owner, Effect.die(defect.error))",
    replace: "        throw defect.error"
  },
  {
    name: "a choice by preference takes the oldest",
    clause: "S18",
    file: "internal/memory/shelves.ts",
    find: "    if (prefer === \"first\") {",
    replace: "    if (prefer === \"first\" && patterns.length > 9) {"
  },
  {
    name: "a preference is of several parts, each of which has its own",
    clause: "S18",
    file: "internal/sharded/engine.ts",
    find: "query.form === \"all\" || query.form === \"any\" && query.prefer !== undefined",
    replace: "query.form === \"all\""
  },
  {
    name: "what was read is lost on its way over a link",
    clause: "S18",
    file: "internal/remote/held.ts",
    find: "      : [...taken, read.map(encode)]",
    replace: "      : taken"
  },
  {
    name: "what is absent is known over a link before its code has answered",
    clause: "S18",
    file: "internal/remote/sent.ts",
    find: "roles?.[index] === \"absent\" && widened",
    replace: "index < 0 && widened"
  },
  // S10, S18: queries in transactions
  {
    name: "a batch in a transaction is complete with one tuple",
    clause: "S10",
    file: "internal/memory/search.ts",
    find: "entries.length < batch.min",
    replace: "entries.length < 1"
  },
  {
    name: "a transaction that misses a query waits for its first pattern alone",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: "misses.patterns.push(...presentIn(missed))",
    replace: "misses.patterns.push(...presentIn(missed).slice(0, 1))"
  },
  {
    name: "a condition that asks by a query hears of its first pattern alone",
    clause: "S10",
    file: "internal/memory/transaction.ts",
    find: "const read = patterns.map((pattern) => {",
    replace: "const read = patterns.slice(0, 1).map((pattern) => {"
  },
  {
    name: "a transaction on a store that misses a query waits for its first pattern alone",
    clause: "S10",
    file: "internal/durable/party.ts",
    find: "presentIn(awaited).forEach((pattern) => run.missed.add(pattern))",
    replace: "presentIn(awaited).slice(0, 1).forEach((pattern) => run.missed.add(pattern))"
  },
  {
    name: "what a transaction on a store has put is older than all else in a join",
    clause: "S10",
    file: "internal/durable/known.ts",
    find: "firstOwn = endOf(0) - 2 ** 32",
    replace: "firstOwn = -(2 ** 32)"
  },
  {
    name: "a join in a transaction on a store takes the first page of candidates for all of them",
    clause: "S10",
    file: "internal/durable/known.ts",
    find: "      return rows.isWhole\n    })",
    replace: "      return rows.seen.length > 0 || rows.isWhole\n    })"
  },
  {
    name: "a batch in a transaction may linger",
    clause: "S10",
    file: "internal/queries.ts",
    find: "asked.form === \"batch\" && asked.linger > 0",
    replace: "false"
  },

  // S22: exchange
  {
    name: "an exchange in memory has no timeout",
    clause: "S22",
    file: "internal/memory/transaction.ts",
    find: "if (end !== undefined && end.at < Infinity) {",
    replace: "if (end !== undefined && end.at < 0) {"
  },
  {
    name: "the time of an exchange in memory begins anew whenever it is woken",
    clause: "S22",
    file: "internal/memory/transaction.ts",
    find: "const interests = enlist(run, fiber, places, end)",
    replace: "const interests = enlist(run, fiber, places, end && { ...end, at: end.at + 1e3 * places.size })"
  },
  {
    name: "an exchange on a store has no timeout",
    clause: "S22",
    file: "internal/durable/retrying.ts",
    find: "if (limit !== undefined && limit.timeout < Infinity) {",
    replace: "if (limit !== undefined && limit.timeout < 0) {"
  },
  {
    name: "the time of an exchange on a store begins anew whenever it is woken",
    clause: "S22",
    file: "internal/durable/retrying.ts",
    find: "end ??= endOf(",
    replace: "end = endOf("
  },
  {
    name: "an exchange on a store that is not to wait waits",
    clause: "S22",
    file: "internal/durable/transact.ts",
    find: "limit?.timeout === 0",
    replace: "limit?.timeout === -1"
  },
  {
    name: "a split space puts what belongs to another part",
    clause: "S22",
    file: "internal/sharded/engine.ts",
    find: "make(found).map((tuple) => owned(\"exchange\", part, tuple))",
    replace: "make(found)"
  },

  // S4: outIfAbsent and replace with options
  {
    name: "what outIfAbsent puts on a store with options has no lease",
    clause: "S4",
    file: "internal/durable/engine.ts",
    find: "terms?.ttl, terms !== undefined, ",
    replace: "terms?.ttl, false, "
  },
  {
    name: "what replace puts with options lives for ever",
    clause: "S4",
    file: "internal/memory/put.ts",
    find: "putOn(store, tuple, extra!, { ...terms, after",
    replace: "putOn(store, tuple, extra!, { ...terms, ttl: Infinity, after"
  },
  {
    name: "the other end of a link forgets the lease of what outIfAbsent has put",
    clause: "S4",
    file: "internal/remote/operations.ts",
    find: "    if (leased !== undefined) {\n      leases.set(id, leased)\n    }\n",
    replace: ""
  },

  // S21: priority
  {
    name: "the lowest priority is chosen first",
    clause: "S21",
    file: "internal/places.ts",
    find: "arrival - priority * step",
    replace: "arrival + priority * step"
  },
  {
    name: "what goes behind all others loses its priority, in memory",
    clause: "S21",
    file: "internal/memory/holds.ts",
    find: "entry.failure, priorityOf(entry.seq))",
    replace: "entry.failure)"
  },
  {
    name: "what comes later loses its priority, in memory",
    clause: "S21",
    file: "internal/memory/holds.ts",
    find: "this.entry(tuple, extra, failure, priority, at)",
    replace: "this.entry(tuple, extra, failure, 0, at)"
  },
  {
    name: "a full sliding space drops the oldest, whatever its priority",
    clause: "S21",
    file: "internal/memory/room.ts",
    find: "this.shelves.least()!",
    replace: "this.shelves.oldest()!"
  },
  {
    name: "lifo and random choose among all priorities",
    clause: "S21",
    file: "internal/memory/shelves.ts",
    find: "return first === undefined ? beginning : endOf(priorityOf(first.seq))",
    replace: "return Infinity"
  },
  {
    name: "lifo and random choose among the priorities of all arities",
    clause: "S21",
    file: "internal/memory/shelves.ts",
    find: "entries.filter(({ seq }) => seq <= end)",
    replace: "entries.filter(({ seq }) => seq <= end || true)"
  },
  {
    name: "ages are those of places",
    clause: "S21",
    file: "internal/memory/state.ts",
    find: "this.ages.of(arrivalOf(seq))",
    replace: "this.ages.of(Math.abs(seq))"
  },
  {
    name: "the oldest of a shape is looked for in its highest priority",
    clause: "S21",
    file: "internal/memory/inspect.ts",
    find: "        aged.clear()\n",
    replace: ""
  },
  {
    name: "a join looks only from priority 0 on",
    clause: "S21",
    file: "internal/pattern/join.ts",
    find: "  }, beginning)",
    replace: "  }, -1)"
  },
  {
    name: "an export begins with priority 0",
    clause: "S21",
    file: "internal/memory/dump.ts",
    find: "    beginning,\n    (after)",
    replace: "    -1,\n    (after)"
  },
  {
    name: "a priority is any integer",
    clause: "S21",
    file: "internal/places.ts",
    find: "Math.abs(value as number) <= mostPriority",
    replace: "Math.abs(value as number) < Infinity"
  },
  {
    name: "what moves to another space in memory loses its priority",
    clause: "S21",
    file: "internal/memory/put.ts",
    find: "entry.failure, priorityOf(entry.seq))",
    replace: "entry.failure)"
  },
  {
    name: "what moves to another space loses its priority on the way",
    clause: "S21",
    file: "internal/destination.ts",
    find: "held.tuples, onArrival, held.priorities",
    replace: "held.tuples, onArrival"
  },
  {
    name: "what a transaction on a store has put comes behind all that is stored",
    clause: "S21",
    file: "internal/durable/known.ts",
    find: ".sort(byPlace).slice(0, limit)",
    replace: ".slice(0, limit)"
  },
  {
    name: "what goes behind all others on a store loses its priority",
    clause: "S21",
    file: "internal/durable/delivery.ts",
    find: "id, priority: priorityOf(row.id), accepted",
    replace: "id, accepted"
  },
  {
    name: "ages on a store are those of places",
    clause: "S21",
    file: "internal/durable/delivery.ts",
    find: "this.tables.mark?.(arrivalOf(id), at)",
    replace: "this.tables.mark?.(id, at)"
  },
  {
    name: "a store that knows no priorities forgets them",
    clause: "S21",
    file: "internal/durable/ground.ts",
    find: "if (priority !== 0 && !this.prioritizes) {",
    replace: "if (priority !== priority) {"
  },
  {
    name: "a look ahead does not look at what has come before what it has passed",
    clause: "S21",
    file: "internal/durable/passed.ts",
    find: "[{ after, upTo: place - 1 }]",
    replace: "[]"
  },
  {
    name: "a look ahead looks only before all that it has passed",
    clause: "S21",
    file: "internal/durable/passed.ts",
    find: "after > beginning && priorityOf(after) === priorityOf(place)",
    replace: "after > beginning"
  },
  {
    name: "the last look goes on behind a gap with what it meets there twice",
    clause: "S21",
    file: "internal/durable/finding.ts",
    find: "row.id > upTo || visit(",
    replace: "visit("
  },
  {
    name: "the other end of a link forgets the priorities of what moves there",
    clause: "S21",
    file: "internal/remote/operations.ts",
    find: "values.decodeTuple(tuple)), undefined, priorities)",
    replace: "values.decodeTuple(tuple)), undefined)"
  },
  {
    name: "what moves to a split space loses its priority",
    clause: "S21",
    file: "internal/sharded/engine.ts",
    find: "priorities && own.map((index) => priorities[index]!)",
    replace: "undefined"
  },
  {
    name: "what is tried again later loses its priority, in memory",
    clause: "S21",
    file: "internal/memory/holds.ts",
    find: "entry.failure, priorityOf(entry.seq), at, ttl)",
    replace: "entry.failure, 0, at, ttl)"
  },
  {
    name: "what is tried again later loses its priority, on a store",
    clause: "S21",
    file: "internal/durable/delivery.ts",
    find: "priority: priorityOf(id), due, ttl",
    replace: "priority: 0, due, ttl"
  },
  {
    name: "what is absent is looked for from priority 0 on, in memory",
    clause: "S21",
    file: "internal/memory/shelves.ts",
    find: "this.first(pattern, beginning, test)",
    replace: "this.first(pattern, -1, test)"
  },
  {
    name: "what is absent is looked for from priority 0 on, on a store",
    clause: "S21",
    file: "internal/durable/absent.ts",
    find: "after: beginning",
    replace: "after: 0"
  },
  {
    name: "what replace puts with options has no priority, in memory",
    clause: "S21",
    file: "internal/memory/put.ts",
    find: "putOn(store, tuple, extra!, { ...terms, after",
    replace: "putOn(store, tuple, extra!, { ...terms, priority: 0, after"
  },
  {
    name: "what outIfAbsent puts on a store with options has no priority",
    clause: "S21",
    file: "internal/durable/engine.ts",
    find: "terms !== undefined, terms?.priority)",
    replace: "terms !== undefined)"
  },
  {
    name: "what outIfAbsent puts over a link with options has no priority",
    clause: "S21",
    file: "internal/remote/protocol.ts",
    find: "at === undefined ? { ttl, priority, after } : { ttl, priority, at }",
    replace: "at === undefined ? { ttl, priority: 0, after } : { ttl, priority: 0, at }"
  },
  {
    name: "a pattern is forbidden only for its literals",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "return kind === undefined || another === undefined || kind === another",
    replace: "return true"
  },
  {
    name: "a variable behind a rest is as free as what it stands for",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "kind === \"rest\" ? [...names, ...names] : names",
    replace: "names"
  },
  {
    name: "a pattern with a variable twice is as one with two",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "pattern.failure === other.failure && other.within === undefined && isFree(other.terms) &&",
    replace: "pattern.failure === other.failure && other.within === undefined &&"
  },
  {
    name: "code sees what a view does not show, if its pattern is within",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "if (!asks && some.some(",
    replace: "if (some.some("
  },
  {
    name: "code sees what a view does not show, if its pattern is narrowed",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "isExact && !asks ? undefined : some",
    replace: "isExact ? undefined : some"
  },
  {
    name: "a wider pattern is taken for one that is within",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "isExact &&= canReplace",
    replace: "isExact &&= true"
  },
  {
    name: "a range is within one that it only meets",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "from <= low && high <= to",
    replace: "from <= high && low <= to"
  },
  {
    name: "a record is within one with fewer members",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "(whole.name === \"partial\" || parts.values.length === whole.values.length)",
    replace: "true"
  },
  {
    name: "all that begins alike is within a pattern that ends",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "reaches(others, terms) && others.fixed.length <= terms.fixed.length",
    replace: "others.fixed.length <= terms.fixed.length"
  },
  {
    name: "failures are within the pattern of everything",
    clause: "S23",
    file: "internal/pattern/within.ts",
    find: "isAll(other) && !pattern.failure ||",
    replace: "isAll(other) ||"
  },
  {
    name: "what a pattern is narrowed to is not asked",
    clause: "S23",
    file: "internal/pattern/pattern.ts",
    find: "return this.within === undefined || this.within.every(",
    replace: "return this.within === undefined || this.within.some("
  },
  {
    name: "what a pattern with variables is narrowed to is not asked",
    clause: "S23",
    file: "internal/pattern/pattern.ts",
    find: "return this.fits(tuple.length) && this.isOpenTo(tuple)\n      ? bindFields",
    replace: "return this.fits(tuple.length)\n      ? bindFields"
  },
  {
    name: "a pattern whose variables are bound is narrowed no more",
    clause: "S23",
    file: "internal/pattern/pattern.ts",
    find: "return new Pattern(terms, this.failure, this.answers, this.within)",
    replace: "return new Pattern(terms, this.failure, this.answers)"
  },
  {
    name: "patterns are alike though they are narrowed differently",
    clause: "S11",
    file: "internal/pattern/pattern.ts",
    find: "areAllLike(this.within, that.within)",
    replace: "true"
  },
  {
    name: "a store decides about a pattern that is narrowed",
    clause: "S23",
    file: "internal/durable/query.ts",
    find: "pattern.names.size === 0 && pattern.within === undefined",
    replace: "pattern.names.size === 0"
  },
  {
    name: "over a link a pattern is narrowed no more",
    clause: "S23",
    file: "internal/remote/patterns.ts",
    find: "pattern.within?.map((some) => some.map((each) => encodePattern(each, values, opaque))),",
    replace: "undefined,"
  },
  {
    name: "a view puts all of outAll",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "verbs.outAll(tuples.map(put), priority)",
    replace: "verbs.outAll(tuples, priority)"
  },
  {
    name: "what moves into a view is not looked at",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "verbs.outFitting(tuples.map(put), onArrival, priorities)",
    replace: "verbs.outFitting(tuples, onArrival, priorities)"
  },
  {
    name: "a view puts whatever replace makes",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "(tuple) => rights.put(f(tuple))",
    replace: "f"
  },
  {
    name: "a view puts whatever exchange makes",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "(found) => make(found).map(rights.put)",
    replace: "make"
  },
  {
    name: "outIfAbsent of a view passes over what it does not show",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "verbs.outIfAbsent(rights.absent(pattern)",
    replace: "verbs.outIfAbsent(rights.read(pattern)"
  },
  {
    name: "a view puts whatever letter",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "rights.putsAll ? held : new Bounded",
    replace: "true ? held : new Bounded"
  },
  {
    name: "a transaction puts whatever it likes into a view",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "party.out(rights.put(tuple))",
    replace: "party.out(tuple)"
  },
  {
    name: "a view takes what it may only read",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "rights.query(query, !isReading(name))",
    replace: "rights.query(query, false)"
  },
  {
    name: "inp of a view takes what it may only read",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "rights.query(query, name === \"inp\")",
    replace: "rights.query(query, false)"
  },
  {
    name: "a view moves what it may only read",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "name === \"collectInto\" ? rights.taken(pattern) : rights.read(pattern)",
    replace: "rights.read(pattern)"
  },
  {
    name: "inUpTo of a view takes what it may only read",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "verbs.takeUpTo(name, rights.taken(pattern), limit)",
    replace: "verbs.takeUpTo(name, rights.read(pattern), limit)"
  },
  {
    name: "a batch of a view has what it may only read",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "pattern: rights.taken(taking.pattern)",
    replace: "pattern: rights.read(taking.pattern)"
  },
  {
    name: "a subscription of a view shows everything",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "verbs.watch(kind, rights.read(pattern), mailbox)",
    replace: "verbs.watch(kind, pattern, mailbox)"
  },
  {
    name: "every view starts processes",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "      rights.evaluate()\n",
    replace: ""
  },
  {
    name: "an export of a view has everything",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "return tuple !== undefined && rights.shows(tuple)",
    replace: "return tuple !== undefined"
  },
  {
    name: "an import into a view puts everything",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "if (!rights.putsAll) {",
    replace: "if (rights.evaluates && !rights.putsAll) {"
  },
  {
    name: "every view tells of the whole space",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "      rights.all(name)\n",
    replace: ""
  },
  {
    name: "bad input of a view in memory is a defect",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "isSpaceError(defect) ? Cause.fail(defect) : Cause.die(defect)",
    replace: "Cause.die(defect)"
  },
  {
    name: "what is wrong in a use is a failure of a view",
    clause: "S23",
    file: "internal/viewed/engine.ts",
    find: "Cause.isDie(cause) && isOurs()",
    replace: "Cause.isDie(cause)"
  },
  {
    name: "what may be taken may not be read",
    clause: "S23",
    file: "internal/viewed/rights.ts",
    find: "[...this.takes, ...reads]",
    replace: "reads"
  },
  {
    name: "a guard that reads has to be one that may be taken",
    clause: "S23",
    file: "internal/viewed/rights.ts",
    find: "read: this.read, absent",
    replace: "read: among, absent"
  },
  {
    name: "what a view does not show is absent",
    clause: "S23",
    file: "internal/viewed/rights.ts",
    find: "absent: this.absent }",
    replace: "absent: this.read }"
  },
  {
    name: "failures are exported as all others",
    clause: "S23",
    file: "internal/viewed/rights.ts",
    find: "failure: isFailure(tuple) }",
    replace: "failure: false }"
  },
  {
    name: "a link believes that a query belongs to its patterns",
    clause: "S16",
    file: "internal/remote/frames.ts",
    find: "list(one(\"take\", \"read\", \"absent\"))(roles) && roles.length === length",
    replace: "list(one(\"take\", \"read\", \"absent\"))(roles)"
  },
  {
    name: "a link believes whatever tuple",
    clause: "S16",
    file: "internal/remote/frames.ts",
    find: "return value.length > 0",
    replace: "return true"
  },
  {
    name: "a link believes whatever formal",
    clause: "S16",
    file: "internal/remote/frames.ts",
    find: "formals[mark as string]!(first, second) &&",
    replace: "true &&"
  },
  {
    name: "a link hears a number twice",
    clause: "S16",
    file: "internal/remote/server.ts",
    find: "return frame[1] > last ? undefined",
    replace: "return frame[1] >= last ? undefined"
  },
  {
    name: "a link hears who has not said its version",
    clause: "S16",
    file: "internal/remote/server.ts",
    find: "return \"it has not said its version\"",
    replace: "return undefined"
  },
  {
    name: "what has ended over a link ends again",
    clause: "S8",
    file: "internal/remote/held.ts",
    find: "left?.has(index) === true && those.indexOf(index) === at",
    replace: "true"
  },
  {
    name: "a stream over a link is read twice at a time",
    clause: "S17",
    file: "internal/remote/opened.ts",
    find: "    open.isRead = true\n",
    replace: ""
  },
  {
    name: "over a link holds have no limit",
    clause: "S23",
    file: "internal/remote/held.ts",
    find: "if (!isFinal && refusal !== undefined) {",
    replace: "if (refusal !== undefined && isFinal) {"
  },
  {
    name: "what was taken for good is forgotten among those who wait",
    clause: "S23",
    file: "internal/remote/server.ts",
    find: "this.waiting + holds.leaving >= limits.waiters",
    replace: "this.waiting >= limits.waiters"
  },
  {
    name: "who has waited over a link counts for ever",
    clause: "S23",
    file: "internal/remote/server.ts",
    find: "        this.waiting -= weight\n",
    replace: ""
  },
  {
    name: "a question too many is asked all the same",
    clause: "S23",
    file: "internal/remote/asking.ts",
    find: "if (this.asked >= this.limit) {",
    replace: "if (this.asked > this.limit + 100) {"
  },
  {
    name: "more tuples are taken over a link than are allowed",
    clause: "S23",
    file: "internal/remote/operations.ts",
    find: "if (held.tuples.length > limits.tuples) {",
    replace: "if (held.tuples.length > limits.tuples + 1) {"
  },
  {
    name: "processes over a link have no limit",
    clause: "S23",
    file: "internal/remote/server.ts",
    find: "stubs.size >= limits.processes",
    replace: "stubs.size > limits.processes"
  },
  {
    name: "streams over a link have no limit",
    clause: "S23",
    file: "internal/remote/server.ts",
    find: "opened.size >= limits.subscriptions",
    replace: "opened.size > limits.subscriptions"
  }
]
