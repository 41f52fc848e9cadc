/**
 * What equality and hash look at in an object: the content of plain objects and of Effect's own data.
 *
 * @internal
 */
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as List from "effect/List"
import * as Option from "effect/Option"

/** The own enumerable keys of a plain object, symbols included: the keys that make up its content. */
export const contentKeys = (value: object): ReadonlyArray<PropertyKey> => {
  const keys: Array<PropertyKey> = Object.keys(value)
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
      keys.push(symbol)
    }
  }
  return keys
}

/**
 * What `Equal` compares of Effect's own data, which is told by its `Equal`: the members of a list, or by their keys.
 */
export interface Content {
  readonly kind: string
  readonly keys: ReadonlyArray<string> | undefined
  readonly members: any
}

const listed = (kind: string, members: ReadonlyArray<unknown>): Content => ({ kind, keys: undefined, members })

const equalOf = (value: object): unknown => (value as { readonly [Equal.symbol]?: unknown })[Equal.symbol]

const contents: ReadonlyMap<unknown, (value: any) => Content> = new Map<unknown, (value: any) => Content>([
  [equalOf(Data.struct({})), (value) => ({ kind: "struct", keys: Object.keys(value), members: value })],
  [equalOf(Data.array([])), (value) => listed("array", value)],
  [equalOf(Option.some(0)), ({ value }) => listed("some", [value])],
  [equalOf(Option.none()), () => listed("none", [])],
  [equalOf(Either.right(0)), ({ right }) => listed("right", [right])],
  [equalOf(Either.left(0)), ({ left }) => listed("left", [left])],
  [equalOf(Chunk.empty()), (value) => listed("chunk", Chunk.toReadonlyArray(value))],
  [equalOf(List.make(0)), (value) => listed("list", List.toArray(value))]
])

/** Nothing for an `Equal` that is not of Effect's data. */
export const contentOf = (value: object): Content | undefined => contents.get(equalOf(value))?.(value)
