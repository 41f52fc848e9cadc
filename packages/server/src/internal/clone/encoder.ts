/**
 * Values on their way into a frame. What structured clone refuses is refused here, too.
 *
 * @internal
 */
import * as Format from "./format.js"

const text = new TextEncoder()

const lone = /[\ud800-\udfff]/u

/** The buffer is kept from one frame to the next, unless it has grown larger than this. */
const kept = 64 * 1024

const tagOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1)

/** What a frame cannot carry. */
export class Uncarried extends Error {
  override readonly name = "Uncarried"
}

const bytesOfView = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

export class Encoder {
  private bytes = new Uint8Array(1024)
  private data = new DataView(this.bytes.buffer)
  private end = 0
  private readonly numbers = new Map<object, number>()
  private depth = 0
  private limit = 0

  /** Writes a value with so many bytes before it, which are left to the caller. Throws {@link Uncarried}. */
  encode(value: unknown, limit: number, before = 0): Uint8Array {
    this.end = 0
    this.depth = 0
    this.limit = limit
    try {
      this.reserve(before)
      this.bytes.fill(0, 0, before)
      this.end = before
      this.any(value)
      return this.bytes.slice(0, this.end)
    } finally {
      this.numbers.clear()
      if (this.bytes.length > kept) {
        this.bytes = new Uint8Array(1024)
        this.data = new DataView(this.bytes.buffer)
      }
    }
  }

  private reserve(count: number): void {
    const wanted = this.end + count
    if (wanted > this.limit) {
      throw new Uncarried(`it takes more than ${this.limit} bytes, which is the most that a frame may have`)
    }
    if (wanted > this.bytes.length) {
      const grown = new Uint8Array(Math.max(wanted, 2 * this.bytes.length))
      grown.set(this.bytes.subarray(0, this.end))
      this.bytes = grown
      this.data = new DataView(grown.buffer)
    }
  }

  private byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.end++] = byte
  }

  private short(head: number, value: number): void {
    this.reserve(3)
    this.bytes[this.end] = head
    this.data.setUint16(this.end + 1, value)
    this.end += 3
  }

  private long(head: number, value: number): void {
    this.reserve(5)
    this.bytes[this.end] = head
    this.data.setUint32(this.end + 1, value)
    this.end += 5
  }

  private put(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.end)
    this.end += bytes.length
  }

  private any(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.string(value)
      case "number":
        return this.number(value)
      case "boolean":
        return this.byte(value ? 0xc3 : 0xc2)
      case "undefined":
        return this.mark(Format.Undefined)
      case "bigint":
        return this.bigint(value)
      case "object":
        return value === null ? this.byte(0xc0) : this.object(value)
      default:
        throw new Uncarried(`a ${typeof value} is no data`)
    }
  }

  private number(value: number): void {
    if (Number.isInteger(value) && value < 0x1_0000_0000 && value >= -0x8000_0000 && !Object.is(value, -0)) {
      return this.integer(value)
    }
    this.reserve(9)
    this.bytes[this.end] = 0xcb
    this.data.setFloat64(this.end + 1, value)
    this.end += 9
  }

  private integer(value: number): void {
    if (value >= 0) {
      return value < 0x80
        ? this.byte(value)
        : value < 0x100
        ? (this.byte(0xcc), this.byte(value))
        : value < 0x1_0000
        ? this.short(0xcd, value)
        : this.long(0xce, value)
    }
    return value >= -0x20
      ? this.byte(value & 0xff)
      : value >= -0x80
      ? (this.byte(0xd0), this.byte(value & 0xff))
      : value >= -0x8000
      ? this.short(0xd1, value & 0xffff)
      : this.long(0xd2, value >>> 0)
  }

  private string(value: string): void {
    const { length } = value
    if (length < 32) {
      // most are short, and of ASCII
      this.reserve(length + 1)
      const { bytes, end } = this
      let at = 0
      for (; at < length; at++) {
        const code = value.charCodeAt(at)
        if (code >= 0x80) break
        bytes[end + 1 + at] = code
      }
      if (at === length) {
        bytes[end] = 0xa0 | length
        this.end = end + 1 + length
        return
      }
    }
    if (lone.test(value)) {
      const units = Uint16Array.from({ length }, (_, index) => value.charCodeAt(index))
      return this.extension(Format.Utf16, bytesOfView(units))
    }
    this.reserve(length)
    const utf8 = text.encode(value)
    this.head(utf8.length, 0xd9, 0xda, 0xdb)
    this.put(utf8)
  }

  /** The head of what has a length, by how many bytes the length takes. */
  private head(length: number, one: number | undefined, two: number, four: number): void {
    if (one !== undefined && length < 0x100) {
      this.byte(one)
      return this.byte(length)
    }
    return length < 0x1_0000 ? this.short(two, length) : this.long(four, length)
  }

  /** An extension that says all by its number. */
  private mark(type: number): void {
    this.reserve(3)
    this.bytes[this.end++] = 0xd4
    this.bytes[this.end++] = type
    this.bytes[this.end++] = 0
  }

  private extension(type: number, ...parts: ReadonlyArray<Uint8Array>): void {
    this.head(parts.reduce((sum, { length }) => sum + length, 0), 0xc7, 0xc8, 0xc9)
    this.byte(type)
    parts.forEach((part) => this.put(part))
  }

  /** An extension that has values in it, whose length is known when they are written. */
  private nested(type: number, write: () => void): void {
    this.long(0xc9, 0)
    this.byte(type)
    const start = this.end
    write()
    this.data.setUint32(start - 5, this.end - start)
  }

  private bigint(value: bigint): void {
    const digits = (value < 0n ? -value : value).toString(16)
    const hex = digits.length % 2 === 0 ? digits : `0${digits}`
    const magnitude = Uint8Array.from({ length: hex.length / 2 }, (_, index) => parseInt(hex.substr(2 * index, 2), 16))
    this.extension(Format.BigInteger, Uint8Array.of(value < 0n ? 1 : 0), magnitude)
  }

  private object(value: object): void {
    const { numbers } = this
    const number = numbers.get(value)
    if (number !== undefined) {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setUint32(0, number)
      return this.extension(Format.Reference, bytes)
    }
    if (numbers.size >= Format.most) {
      throw new Uncarried(`it has more than ${Format.most} objects in it`)
    }
    if (++this.depth > Format.deepest) {
      throw new Uncarried(`it is nested deeper than ${Format.deepest} levels`)
    }
    numbers.set(value, numbers.size)
    this.fresh(value)
    this.depth--
  }

  private fresh(value: object): void {
    if (Array.isArray(value)) {
      return this.array(value)
    }
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) {
      return this.record(value)
    }
    if (ArrayBuffer.isView(value)) {
      return this.view(value)
    }
    const tag = tagOf(value)
    switch (tag) {
      case "Date":
        return this.date(value as Date)
      case "Map":
        return this.nested(Format.Mapping, () => {
          const entries = [...value as Map<unknown, unknown>]
          this.arrayHead(2 * entries.length)
          entries.forEach((entry) => entry.forEach((member) => this.any(member)))
        })
      case "Set":
        return this.nested(Format.Collection, () => this.plain([...value as Set<unknown>]))
      case "RegExp":
        return this.nested(Format.Expression, () => this.plain([(value as RegExp).source, (value as RegExp).flags]))
      case "ArrayBuffer":
        return this.buffer(0, new Uint8Array(value as ArrayBuffer))
      case "Error":
        return this.error(value as Error)
      case "Number":
      case "String":
      case "Boolean":
      case "BigInt":
        return this.nested(Format.Boxed, () => this.any(value.valueOf()))
      case "Object":
      case "Arguments":
        return this.record(value)
      default:
        throw new Uncarried(`a ${tag} is no data`)
    }
  }

  private arrayHead(length: number): void {
    return length < 16 ? this.byte(0x90 | length) : this.head(length, undefined, 0xdc, 0xdd)
  }

  /** An array of this format's own, which is no object of the user's. */
  private plain(members: ReadonlyArray<unknown>): void {
    this.arrayHead(members.length)
    members.forEach((member) => this.any(member))
  }

  private array(value: ReadonlyArray<unknown>): void {
    const { length } = value
    this.arrayHead(length)
    for (let index = 0; index < length; index++) {
      const member = value[index]
      if (member === undefined && !Object.hasOwn(value, index)) {
        this.mark(Format.Hole)
      } else {
        this.any(member)
      }
    }
  }

  private record(value: object): void {
    const keys = Object.keys(value)
    if (keys.length < 16) {
      this.byte(0x80 | keys.length)
    } else {
      this.head(keys.length, undefined, 0xde, 0xdf)
    }
    for (const key of keys) {
      this.string(key)
      this.any((value as Record<string, unknown>)[key])
    }
  }

  private date(value: Date): void {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value.getTime())
    this.extension(Format.Time, bytes)
  }

  private view(value: ArrayBufferView): void {
    const tag = tagOf(value)
    if (tagOf(value.buffer) === "SharedArrayBuffer") {
      throw new Uncarried("memory that threads share cannot leave its process")
    }
    const bytes = bytesOfView(value)
    if (tag === "Uint8Array") {
      this.head(bytes.length, 0xc4, 0xc5, 0xc6)
      return this.put(bytes)
    }
    const kind = Format.views.indexOf(tag as typeof Format.views[number])
    if (kind < 0) {
      throw new Uncarried(`a ${tag} is no data`)
    }
    this.buffer(kind, bytes)
  }

  private buffer(kind: number, bytes: Uint8Array): void {
    this.extension(Format.View, Uint8Array.of(kind), bytes)
  }

  private error(value: Error): void {
    const name = Object.hasOwn(Format.errors, value.name) ? value.name : "Error"
    this.nested(Format.Failure, () =>
      this.plain([
        name,
        String(value.message),
        String(value.stack),
        ...(Object.hasOwn(value, "cause") ? [value.cause] : [])
      ]))
  }
}
