/**
 * Whether what has come is a frame of a client. Who serves a space believes nothing else of who is at the other end:
 * what is no frame ends the link, before anything is done about it.
 *
 * What stands for values in a frame is left to those who decode it: what they do not know fails its request.
 *
 * @internal
 */
import { isPriority } from "../places.js"
import { show } from "../print.js"
import * as Protocol from "./protocol.js"

type Is = (value: unknown) => boolean

const anything: Is = () => true
const text: Is = (value) => typeof value === "string"
const flag: Is = (value) => typeof value === "boolean"
const number: Is = (value) => typeof value === "number" && !Number.isNaN(value)
const natural: Is = (value) => Number.isSafeInteger(value) && (value as number) >= 0
/** So long, or so many; without end, perhaps. */
const amount: Is = (value) => number(value) && (value as number) >= 0
const record: Is = (value) => typeof value === "object" && value !== null && !Array.isArray(value)
const optional = (is: Is): Is => (value) => value === undefined || is(value)
const list = (is: Is): Is => (value) => Array.isArray(value) && value.every((member) => is(member))
const some = (is: Is): Is => (value) => list(is)(value) && (value as ReadonlyArray<unknown>).length > 0
const one = (...values: ReadonlyArray<unknown>): Is => (value) => values.includes(value)

const numbers = list(natural)

/** The fields of a tuple; or of that of a failure. */
const tuple: Is = (value) => {
  if (Array.isArray(value)) {
    return value.length > 0
  }
  const failure = record(value) ? (value as { readonly failure?: unknown }).failure : undefined
  return Array.isArray(failure) && failure.length === 3 && record(failure[0]) && text(failure[1]) && text(failure[2])
}

/** No pattern of anybody's is so deep: whoever reads one recurs. */
const deepest = 100

/** What a formal is made of: how many values and terms, or how they belong together. */
const formals: Readonly<Record<string, (values: ReadonlyArray<unknown>, terms: ReadonlyArray<unknown>) => boolean>> = {
  any: (values, terms) => values.length === 0 && terms.length === 0,
  type: (values, terms) => values.length === 1 && text(values[0]) && terms.length === 0,
  date: (values, terms) => values.length === 0 && terms.length === 0,
  between: (values, terms) => values.length === 2 && terms.length === 0,
  matching: (values, terms) => values.length === 2 && terms.length === 0,
  oneOf: (values) => values.length === 0,
  not: (values, terms) => values.length === 0 && terms.length === 1,
  ref: (values, terms) => values.length === 1 && terms.length === 1,
  rest: (values, terms) => values.length === 0 && terms.length === 1,
  array: (values) => values.length === 0,
  record: (values, terms) => values.length === terms.length && values.every(text),
  partial: (values, terms) => values.length === terms.length && values.every(text)
}

const term = (value: unknown, depth: number): boolean => {
  if (!Array.isArray(value) || depth > deepest) {
    return false
  }
  const [mark, first, second] = value
  switch (mark) {
    case 0:
      return value.length === 2
    case 1:
      return value.length === 3 && natural(first) && text(second)
    default:
      return value.length === 3 && Object.hasOwn(formals, mark) && Array.isArray(first) && Array.isArray(second) &&
        formals[mark as string]!(first, second) && second.every((each) => term(each, depth + 1))
  }
}

const patternAt = (depth: number): Is => (value) => {
  if (!Array.isArray(value) || value.length < 3 || depth > deepest) {
    return false
  }
  const [failure, within, ...terms] = value
  return flag(failure) && optional(list(list(patternAt(depth + 1))))(within) && terms.every((each) => term(each, 0)) &&
    // Failures are looked up as what they are.
    (failure === false || terms.length === 3)
}

const pattern = patternAt(0)

/** Whether a query, and its patterns, belong together. */
const query = (wire: unknown, patterns: unknown, forms: ReadonlyArray<string>): boolean => {
  if (!Array.isArray(wire) || wire.length > 3 || !list(pattern)(patterns)) {
    return false
  }
  const [form, roles, prefer] = wire
  const { length } = patterns as ReadonlyArray<unknown>
  return forms.includes(form) && optional(one("first"))(prefer) &&
    (form === "all" || (form === "any" ? length > 0 : length === 1)) &&
    (roles === undefined ||
      form === "all" && list(one("take", "read", "absent"))(roles) && roles.length === length)
}

const asked = ["one", "any", "all"]

const sizes = (form: unknown, value: unknown): boolean => {
  if (form !== "batch") {
    return value === undefined
  }
  const [min, max] = Array.isArray(value) && value.length === 2 ? value : []
  return natural(min) && min >= 1 && amount(max) && max >= min
}

const dumped: Is = (value) => {
  if (!record(value)) {
    return false
  }
  const { after, attempts, failure, fields, priority, shape, ttl } = value as Record<string, unknown>
  return some(text)(fields) && text(shape) && flag(failure) && (ttl === null || amount(ttl)) && amount(after) &&
    natural(attempts) && isPriority(priority)
}

/** The arguments of a request, each; and whether they belong together. */
type Arguments = readonly [each: ReadonlyArray<Is>, together?: (args: ReadonlyArray<any>) => boolean]

const requests: { readonly [N in Protocol.Name]: Arguments } = {
  out: [[tuple, optional(record)]],
  outAll: [[list(tuple), number]],
  outFitting: [
    [list(tuple), optional(list(isPriority))],
    ([tuples, priorities]) => priorities === undefined || priorities.length === tuples.length
  ],
  renew: [[natural, optional(amount)]],
  reschedule: [[natural, amount]],
  outIfAbsent: [[pattern, flag, tuple, optional(record)]],
  replace: [[pattern, optional(record)]],
  exchange: [
    [anything, anything, anything, amount],
    ([wire, patterns, size]) => query(wire, patterns, [...asked, "batch"]) && sizes(wire[0], size)
  ],
  read: [
    [one("rd", "rdAny", "rdp", "awaitNone"), anything, anything, flag, amount],
    ([, wire, patterns]) => query(wire, patterns, asked)
  ],
  rdp: [[pattern, flag]],
  copyCollect: [[pattern, amount]],
  count: [[pattern]],
  explain: [[pattern]],
  inspect: [[]],
  awaitQuiescent: [[]],
  take: [
    [
      one("in", "inAny", "inAll", "inp", "inWith", "inScoped", "withPermit"),
      anything,
      anything,
      flag,
      amount,
      flag
    ],
    ([, wire, patterns]) => query(wire, patterns, asked)
  ],
  takeNow: [[one("inp", "inUpTo", "collect", "collectInto"), pattern, flag, amount, flag, flag]],
  end: [
    [natural, one("consumed", "dead", "place", "back", "later"), flag, amount, optional(tuple), optional(numbers)],
    ([, , , after]) => after < Infinity
  ],
  open: [[one("subscribe", "stream"), pattern, record]],
  pull: [[natural]],
  close: [[natural]],
  dump: [[]],
  load: [[list(dumped)]],
  eval: [[optional(text), anything, number]],
  ended: [[natural, optional(list(anything)), flag]]
}

/** The members of each frame behind its kind, but for the arguments of a request. */
const frames: Readonly<Record<number, ReadonlyArray<Is>>> = {
  [Protocol.Hello]: [anything],
  [Protocol.Interrupt]: [natural],
  [Protocol.Kept]: [natural],
  [Protocol.Told]: [natural, natural, anything, optional(flag)],
  [Protocol.Joined]: [natural],
  [Protocol.Unwanted]: [natural]
}

/** What is left out at the end is as what is `undefined`. */
const are = (members: ReadonlyArray<unknown>, each: ReadonlyArray<Is>): boolean =>
  members.length <= each.length && each.every((is, index) => is(members[index]))

/** What is wrong with a frame, if something is. */
export const wrongIn = (frame: unknown): string | undefined => {
  if (!Array.isArray(frame)) {
    return `${show(frame)} is no frame`
  }
  const [kind, id, process, name, ...args] = frame
  if (kind !== Protocol.Request) {
    const known = Object.hasOwn(frames, kind) ? frames[kind as number]! : undefined
    return known === undefined
      ? `there is no frame of the kind ${show(kind)}`
      : are(frame.slice(1), known)
      ? undefined
      : `there is something wrong with a frame of the kind ${show(kind)}`
  }
  if (!natural(id) || !optional(natural)(process) || !text(name)) {
    return "there is something wrong with the number or the name of a request"
  }
  const known = Object.hasOwn(requests, name) ? requests[name as Protocol.Name] : undefined
  // What there is not is refused by itself.
  const [each, together = () => true] = known ?? [args.map(() => anything)]
  return are(args, each) && together(args) ? undefined : `there is something wrong with what is given to ${name}`
}
