/**
 * What moves to a thread instead of being copied, and why something cannot be sent. Of some of this Node says nothing
 * until the thread cannot read what has come, and of the rest it does not say where it is.
 *
 * @internal
 */
import { types } from "node:util"

/** What of a list of things to transfer cannot be, and why; nothing, if Node is to say. */
export const refusalOf = (transfer: ReadonlyArray<unknown>): string | undefined => {
  for (const [index, each] of transfer.entries()) {
    const why = transfer.indexOf(each) < index ? "is listed twice" : reasonOf(each)
    if (why !== undefined) {
      return `transfer[${index}] ${why}`
    }
  }
  return undefined
}

const reasonOf = (each: unknown): string | undefined =>
  ArrayBuffer.isView(each)
    ? "is a view: list its buffer"
    : types.isSharedArrayBuffer(each)
    ? "is shared by all threads, and does not move: leave it out"
    : types.isArrayBuffer(each) && isDetached(each)
    ? "was transferred to somewhere else, and is empty here"
    : typeof each !== "object" || each === null
    ? `is ${String(each)}, and no buffer`
    : undefined

const isDetached = (buffer: ArrayBuffer): boolean => buffer.byteLength === 0 && throws(() => new Uint8Array(buffer))

const throws = (f: () => unknown): boolean => {
  try {
    f()
    return false
  } catch {
    return true
  }
}

/** The place of what cannot be cloned, in a value that cannot; what is in the list need not be. */
export const placeOf = (value: unknown, transfer: ReadonlyArray<unknown>, where: string): string | undefined => {
  if (transfer.includes(value) || !throws(() => structuredClone(value))) {
    return undefined
  }
  const members = membersOf(value)
  for (const [name, member] of members) {
    const place = placeOf(member, transfer, where + name)
    if (place !== undefined) {
      return place
    }
  }
  return members.length === 0 ? where : undefined
}

const membersOf = (value: unknown): ReadonlyArray<readonly [name: string, member: unknown]> =>
  Array.isArray(value)
    ? value.map((member, index) => [`[${index}]`, member])
    : value instanceof Map
    ? Array.from(value, (entry, index) => [`, entry ${index}`, entry])
    : value instanceof Set
    ? Array.from(value, (member, index) => [`, member ${index}`, member])
    : typeof value === "object" && value !== null
    ? Object.entries(value).map(([key, member]) => [`.${key}`, member])
    : []
