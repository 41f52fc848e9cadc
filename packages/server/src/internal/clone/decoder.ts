/**
 * Values that come out of a frame, which anybody may have made: no length is believed, and nothing takes much more
 * memory than the frame.
 *
 * @internal
 */
import * as Format from "./format.js"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** What no frame has. */
export class Malformed extends Error {
  override readonly name = "Malformed"
}

const constructors = globalThis as unknown as Record<string, new(buffer: ArrayBuffer) => unknown>

export class Decoder {
  private bytes: Uint8Array = new Uint8Array()
  private data = new DataView(this.bytes.buffer)
  private at = 0
  private depth = 0
  private objects: Array<unknown> = []

  /** Reads one value, from a place on to the end. Throws {@link Malformed}. */
  decode(bytes: Uint8Array, from = 0): unknown {
    this.bytes = bytes
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = from
    this.depth = 0
    this.objects = []
    try {
      const value = this.any()
      if (this.at !== bytes.length) {
        throw new Malformed(`there are ${bytes.length - this.at} bytes behind its end`)
      }
      return value
    } catch (error) {
      throw error instanceof Malformed ? error : new Malformed(String(error))
    } finally {
      this.objects = []
    }
  }

  /** Goes on by so many bytes, and says where they begin. */
  private skip(count: number): number {
    const { at } = this
    if (count > this.bytes.length - at) {
      throw new Malformed("it ends too soon")
    }
    this.at = at + count
    return at
  }

  private any(): unknown {
    const head = this.bytes[this.skip(1)]!
    if (head < 0x80) return head
    if (head < 0x90) return this.record(head & 0x0f)
    if (head < 0xa0) return this.array(head & 0x0f)
    if (head < 0xc0) return this.string(head & 0x1f)
    if (head >= 0xe0) return head - 0x100
    const { data } = this
    switch (head) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.keep(this.take(this.unsigned(1 << (head - 0xc4))))
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.extension(this.unsigned(1 << (head - 0xc7)))
      case 0xca:
        return data.getFloat32(this.skip(4))
      case 0xcb:
        return data.getFloat64(this.skip(8))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.unsigned(1 << (head - 0xcc))
      case 0xcf:
        return Number(data.getBigUint64(this.skip(8)))
      case 0xd0:
        return data.getInt8(this.skip(1))
      case 0xd1:
        return data.getInt16(this.skip(2))
      case 0xd2:
        return data.getInt32(this.skip(4))
      case 0xd3:
        return Number(data.getBigInt64(this.skip(8)))
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.extension(1 << (head - 0xd4))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.string(this.unsigned(1 << (head - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.array(this.unsigned(2 << (head - 0xdc)))
      case 0xde:
      case 0xdf:
        return this.record(this.unsigned(2 << (head - 0xde)))
    }
    throw new Malformed(`no value begins with the byte ${head}`)
  }

  private unsigned(size: number): number {
    const at = this.skip(size)
    return size === 1 ? this.bytes[at]! : size === 2 ? this.data.getUint16(at) : this.data.getUint32(at)
  }

  /** A copy, which has a buffer of its own. */
  private take(count: number): Uint8Array {
    const at = this.skip(count)
    const copy = new Uint8Array(count)
    copy.set(this.bytes.subarray(at, at + count))
    return copy
  }

  /** Gives an object its number. */
  private keep<A>(object: A): A {
    if (this.objects.length >= Format.most) {
      throw new Malformed(`it has more than ${Format.most} objects in it`)
    }
    this.objects.push(object)
    return object
  }

  /** Something of so many members, each of which takes a byte at least. */
  private within<A>(count: number, read: () => A): A {
    if (count > this.bytes.length - this.at) {
      throw new Malformed("it ends too soon")
    }
    if (++this.depth > Format.deepest) {
      throw new Malformed(`it is nested deeper than ${Format.deepest} levels`)
    }
    const value = read()
    this.depth--
    return value
  }

  private string(length: number): string {
    const at = this.skip(length)
    if (length < 16) {
      let text = ""
      for (let index = at; index < at + length; index++) {
        const byte = this.bytes[index]!
        if (byte >= 0x80) return this.longString(at, length)
        text += String.fromCharCode(byte)
      }
      return text
    }
    return this.longString(at, length)
  }

  private longString(at: number, length: number): string {
    return utf8.decode(this.bytes.subarray(at, at + length))
  }

  private array(length: number): ReadonlyArray<unknown> {
    const array: Array<unknown> = this.keep([])
    return this.within(length, () => {
      for (let index = 0; index < length; index++) {
        if (this.isHole()) {
          array.length = index + 1
        } else {
          array.push(this.any())
        }
      }
      return array
    })
  }

  private isHole(): boolean {
    const { at, bytes } = this
    const is = bytes[at] === 0xd4 && bytes[at + 1] === Format.Hole
    if (is) {
      this.skip(3)
    }
    return is
  }

  private record(size: number): object {
    const record: Record<string, unknown> = this.keep({})
    return this.within(2 * size, () => {
      for (let left = size; left > 0; left--) {
        const key = this.any()
        if (typeof key !== "string") {
          throw new Malformed("the key of an object is no string")
        }
        if (key === "__proto__") {
          Object.defineProperty(record, key, {
            value: this.any(),
            configurable: true,
            enumerable: true,
            writable: true
          })
        } else {
          record[key] = this.any()
        }
      }
      return record
    })
  }

  private extension(length: number): unknown {
    const type = this.bytes[this.skip(1)]!
    const end = this.at + length
    if (end > this.bytes.length) {
      throw new Malformed("it ends too soon")
    }
    const value = this.within(0, () => this.extended(type, length))
    if (this.at !== end) {
      throw new Malformed(`an extension of type ${type} has another length than it says`)
    }
    return value
  }

  private extended(type: number, length: number): unknown {
    switch (type) {
      case Format.Undefined:
        return void this.skip(length)
      case Format.BigInteger:
        return this.bigint(length)
      case Format.Time:
        return this.keep(new Date(this.data.getFloat64(this.skip(8))))
      case Format.Mapping: {
        const map = this.keep(new Map<unknown, unknown>())
        for (let left = this.arrayLength() / 2; left > 0; left--) {
          const key = this.any()
          map.set(key, this.any())
        }
        return map
      }
      case Format.Collection: {
        const set = this.keep(new Set<unknown>())
        for (let left = this.arrayLength(); left > 0; left--) {
          set.add(this.any())
        }
        return set
      }
      case Format.Expression: {
        // its place is kept before its members, which are no objects
        const [source, flags] = this.plain()
        return this.keep(new RegExp(String(source), String(flags)))
      }
      case Format.View:
        return this.view(length)
      case Format.Failure:
        return this.error()
      case Format.Reference: {
        const number = this.data.getUint32(this.skip(4))
        if (number >= this.objects.length) {
          throw new Malformed("it refers to what has not come yet")
        }
        return this.objects[number]
      }
      case Format.Utf16: {
        return this.utf16(length)
      }
      case Format.Boxed:
        return this.keep(Object(this.any()))
    }
    throw new Malformed(`there is no extension of type ${type}`)
  }

  private arrayLength(): number {
    const head = this.bytes[this.skip(1)]!
    const length = head >= 0x90 && head < 0xa0
      ? head & 0x0f
      : head === 0xdc
      ? this.unsigned(2)
      : head === 0xdd
      ? this.unsigned(4)
      : NaN
    if (!(length <= this.bytes.length - this.at)) {
      throw new Malformed("an extension has no array in it, or it ends too soon")
    }
    return length
  }

  private plain(): ReadonlyArray<unknown> {
    return Array.from({ length: this.arrayLength() }, () => this.any())
  }

  private bigint(length: number): bigint {
    const [start, sign] = [this.skip(length) + 1, length === 0 ? 0 : this.bytes[this.at - length]]
    let digits = "0x0"
    for (let index = start; index < this.at; index++) {
      digits += this.bytes[index]!.toString(16).padStart(2, "0")
    }
    const value = BigInt(digits)
    return sign === 1 ? -value : value
  }

  private utf16(length: number): string {
    const units = new Uint16Array(this.take(length).buffer as ArrayBuffer)
    let text = ""
    for (let index = 0; index < units.length; index += 4096) {
      text += String.fromCharCode(...units.subarray(index, index + 4096))
    }
    return text
  }

  private view(length: number): unknown {
    const kind = Format.views[this.bytes[this.skip(1)]!]
    const { buffer } = this.take(length - 1)
    if (kind === undefined) {
      throw new Malformed("there is no such kind of bytes")
    }
    return this.keep(kind === "ArrayBuffer" ? buffer : new constructors[kind]!(buffer as ArrayBuffer))
  }

  /** An error is there before its cause, which may have it in it. */
  private error(): Error {
    const length = this.arrayLength()
    const place = this.objects.length
    this.keep(undefined)
    const [name, message, stack] = [this.any(), this.any(), this.any()].map(String)
    const error = new (Format.errors[name as keyof typeof Format.errors] ?? Error)(message)
    this.objects[place] = error
    Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true })
    if (length === 4) {
      Object.defineProperty(error, "cause", { value: this.any(), configurable: true, writable: true })
    }
    return error
  }
}
