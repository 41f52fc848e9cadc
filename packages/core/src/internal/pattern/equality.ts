/**
 * The one equality of the library (clause S2).
 *
 * Primitives are compared as `Map` keys are, `Date`s by time, implementors of `Equal` by `Equal.equals`, plain arrays
 * and plain objects by content, views on buffers by kind and bytes, and everything else by reference. Index and scan
 * give the same answer because the index only proposes: what it finds by hash is compared again by {@link equals}.
 *
 * It does not recurse: how deep a value may be must not depend on how much of its stack the caller has used.
 *
 * @internal
 */
import * as Equal from "effect/Equal"
import { SpaceError } from "../../SpaceError.js"
import { bytesOf, isArray, isDate, isPlainObject, viewName } from "../brand.js"
import { contentKeys, contentOf } from "./content.js"

/**
 * Structural, strict equality of two fields (clause S2): cyclic values are compared as the trees they unfold to. A
 * getter, a proxy or an `Equal` that throws is equal to nothing. Throws only where an `Equal` of the user's has no
 * stack left for an answer.
 */
export const equals = (self: unknown, that: unknown): boolean => {
  if (self === that) {
    return true
  }
  if (typeof self !== "object" || typeof that !== "object" || self === null || that === null) {
    return areNaN(self, that)
  }
  try {
    return new Comparison().run(self, that)
  } catch (error) {
    if (isOverflow(error)) {
      throw new SpaceError({
        reason: "InvalidPattern",
        message:
          "the Equal of a value that is compared needs more stack than there is: compare less deeply nested values"
      })
    }
    return false
  }
}

const areNaN = (self: unknown, that: unknown): boolean => self !== self && that !== that

/** How engines say that the stack is used up. */
const isOverflow = (error: unknown): boolean => error instanceof Error && /call stack|recursion/i.test(error.message)

/** So many pairs are compared before they are noted. */
const unnoted = 64

/** The comparison of two objects. What they contain is put off, so that it is a loop and not a recursion. */
class Comparison {
  /** Pairs of objects that are still to be compared: one behind the other. */
  private readonly pending: Array<object> = []
  private steps = 0
  /**
   * The pairs that were met: each is compared once and equal from then on, for any difference ends the whole
   * comparison. Without this, cyclic values would never end, and values that share parts would take exponential time.
   */
  private met: Map<object, object | Set<object>> | undefined = undefined

  run(self: object, that: object): boolean {
    const { pending } = this
    if (!this.compare(self, that)) {
      return false
    }
    while (pending.length > 0) {
      const right = pending.pop()!
      const left = pending.pop()!
      if (!this.isMet(left, right) && !this.compare(left, right)) {
        return false
      }
    }
    return true
  }

  private isMet(self: object, that: object): boolean {
    if (++this.steps <= unnoted) {
      return false
    }
    this.met ??= new Map()
    const partners = this.met.get(self)
    if (partners === undefined) {
      this.met.set(self, that)
    } else if (partners instanceof Set) {
      if (partners.has(that)) {
        return true
      }
      partners.add(that)
    } else {
      if (partners === that) {
        return true
      }
      this.met.set(self, new Set([partners, that]))
    }
    return false
  }

  private member(self: unknown, that: unknown): boolean {
    if (self === that) {
      return true
    }
    if (typeof self !== "object" || typeof that !== "object" || self === null || that === null) {
      return areNaN(self, that)
    }
    this.pending.push(self, that)
    return true
  }

  /** A member of what `Equal` compares, which wants its members to be equal by that as well. */
  private effectMember(self: unknown, that: unknown): boolean {
    if (Equal.isEqual(self) && Equal.isEqual(that) && self !== that) {
      this.pending.push(self, that)
      return true
    }
    return Equal.equals(self, that)
  }

  private compare(self: object, that: object): boolean {
    if (Equal.isEqual(self) || Equal.isEqual(that)) {
      return Equal.isEqual(self) && Equal.isEqual(that) && this.compareEqual(self, that)
    }
    if (isArray(self) || isArray(that)) {
      return isArray(self) && isArray(that) && this.compareArrays(self, that)
    }
    if (isPlainObject(self)) {
      return isPlainObject(that) && this.comparePlain(self, that)
    }
    if (ArrayBuffer.isView(self)) {
      return ArrayBuffer.isView(that) && sameBytes(self, that)
    }
    return isDate(self) && isDate(that) && this.member(self.getTime(), that.getTime())
  }

  private compareEqual(self: Equal.Equal, that: Equal.Equal): boolean {
    const left = contentOf(self)
    const right = left && contentOf(that)
    if (left === undefined || right === undefined) {
      return Equal.equals(self, that)
    }
    return left.kind === right.kind && (
      left.keys === undefined || right.keys === undefined
        ? this.compareMembers(left.members, right.members)
        : this.compareStructs(left.keys, left.members, right.keys, right.members)
    )
  }

  private compareStructs(keys: ReadonlyArray<string>, self: any, others: ReadonlyArray<string>, that: any): boolean {
    return keys.length === others.length && keys.every((key) => key in that && this.effectMember(self[key], that[key]))
  }

  private compareMembers(self: ReadonlyArray<unknown>, that: ReadonlyArray<unknown>): boolean {
    if (self.length !== that.length) {
      return false
    }
    for (let i = 0; i < self.length; i++) {
      if (!this.effectMember(self[i], that[i])) {
        return false
      }
    }
    return true
  }

  private compareArrays(self: ReadonlyArray<unknown>, that: ReadonlyArray<unknown>): boolean {
    if (self.length !== that.length) {
      return false
    }
    for (let i = 0; i < self.length; i++) {
      if (!this.member(self[i], that[i])) {
        return false
      }
    }
    return true
  }

  private comparePlain(self: Record<PropertyKey, unknown>, that: Record<PropertyKey, unknown>): boolean {
    const keys = contentKeys(self)
    return keys.length === contentKeys(that).length &&
      keys.every((key) => Object.prototype.propertyIsEnumerable.call(that, key) && this.member(self[key], that[key]))
  }
}

const sameBytes = (self: ArrayBufferView, that: ArrayBufferView): boolean => {
  if (viewName(self) !== viewName(that) || self.byteLength !== that.byteLength) {
    return false
  }
  const left = bytesOf(self)
  const right = bytesOf(that)
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) {
      return false
    }
  }
  return true
}
