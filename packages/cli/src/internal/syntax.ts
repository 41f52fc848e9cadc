/**
 * Patterns as they are written on a command line: JSON with holes. A recursive-descent parser, which knows the place of
 * what is wrong, and the printer that is its inverse.
 *
 * ```text
 * pattern = array                            at least one field, or ...
 * value   = array | object | string | number | true | false | null | hole
 * hole    = "_" [ ":" type ]  |  "?" name [ ":" type ]
 * array   = "[" [ value { "," value } [ "," "..." ] | "..." ] "]"
 * object  = "{" [ string ":" value { … } [ "," "..." ] | "..." ] "}"
 * ```
 *
 * @internal
 */
import { nearest } from "./nearest.js"

/** What a hole can be said to hold. */
export const types = [
  "any",
  "array",
  "bigint",
  "boolean",
  "date",
  "integer",
  "null",
  "number",
  "object",
  "string"
] as const

export type Type = typeof types[number]

/** A hole matches any value of its type. Holes of one name match equal values. */
export interface Hole {
  readonly kind: "hole"
  readonly name: string | undefined
  readonly type: Type
}

/** An array that has these items, or begins with them. */
export interface List {
  readonly kind: "array"
  readonly items: ReadonlyArray<Node>
  readonly isOpen: boolean
}

/** An object that has these members and no others, or at least these. */
export interface Members {
  readonly kind: "object"
  readonly members: ReadonlyArray<readonly [key: string, node: Node]>
  readonly isOpen: boolean
}

export type Node = { readonly kind: "value"; readonly value: null | boolean | number | string } | Hole | List | Members

/** What is wrong with a text, and where. */
export class Mistake extends Error {
  constructor(
    /** What is wrong, in a sentence. */
    readonly problem: string,
    readonly text: string,
    /** The index of the character at which it is wrong. */
    readonly at: number,
    /** Stands behind the caret: the remedy. */
    readonly hint = ""
  ) {
    super(`${problem}\n${pointing(text, at, hint)}`)
  }
}

/** So many characters are shown before and behind what is wrong. */
const margin = 60

/** The line of a text that has the place, and below it a caret under the place. */
const pointing = (text: string, at: number, hint: string): string => {
  const start = text.lastIndexOf("\n", at - 1) + 1
  const end = text.indexOf("\n", at)
  const from = Math.max(start, at - margin)
  const to = Math.min(end < 0 ? text.length : end, at + margin)
  // a column for each character, whatever stands there
  const before = [...text.slice(from, at)].length + (from > start ? 1 : 0)
  const line = `${from > start ? "…" : ""}${text.slice(from, to)}${to < (end < 0 ? text.length : end) ? "…" : ""}`
  return `  ${line.replaceAll("\t", " ")}\n  ${" ".repeat(before)}^${hint === "" ? "" : ` ${hint}`}`
}

/** What comes from a store is not nested deeper. */
const deepest = 100

class Parser {
  private at = 0

  constructor(private readonly text: string) {}

  /** All of the text. */
  whole(): List {
    this.space()
    if (this.peek() !== "[") {
      throw this.mistake(
        this.at === this.text.length ? "expected a tuple, and there is nothing" : "expected [ here",
        this.at,
        "a tuple is an array in JSON, such as [\"task\", 7]"
      )
    }
    const start = this.at
    const node = this.array(1)
    this.space()
    if (this.at < this.text.length) {
      throw this.mistake("expected the end here", this.at, "each tuple is an argument of its own")
    }
    if (node.items.length === 0 && !node.isOpen) {
      throw this.mistake("a tuple has at least one field", start)
    }
    return node
  }

  private value(depth: number, orElse: string): Node {
    if (depth > deepest) {
      throw this.mistake(`nested more than ${deepest} deep`, this.at)
    }
    const next = this.peek()
    switch (next) {
      case "[":
        return this.array(depth + 1)
      case "{":
        return this.object(depth + 1)
      case "\"":
        return { kind: "value", value: this.string() }
      case "?":
        return this.hole()
    }
    if (next === "-" || next >= "0" && next <= "9") {
      return { kind: "value", value: this.number() }
    }
    return this.word(orElse)
  }

  private array(depth: number): List {
    const open = this.at++
    const items: Array<Node> = []
    for (this.space(); this.peek() !== "]"; this.space()) {
      if (items.length > 0) {
        this.comma("]", open)
      }
      if (this.rest()) {
        this.space()
        this.close("]", open, "... stands for the rest, and is the last field")
        return { kind: "array", items, isOpen: true }
      }
      items.push(this.value(depth, items.length > 0 ? "" : " or ]"))
    }
    this.at++
    return { kind: "array", items, isOpen: false }
  }

  private object(depth: number): Members {
    const open = this.at++
    const members = new Map<string, Node>()
    for (this.space(); this.peek() !== "}"; this.space()) {
      if (members.size > 0) {
        this.comma("}", open)
      }
      if (this.rest()) {
        this.space()
        this.close("}", open, "... stands for the rest, and comes last")
        return { kind: "object", members: [...members], isOpen: true }
      }
      const start = this.at
      if (this.peek() !== "\"") {
        this.unclosed("}", open)
        throw this.mistake("expected a key here", start, this.hintOfKey())
      }
      const key = this.string()
      this.space()
      if (this.peek() !== ":") {
        throw this.mistake("expected : here", this.at, `the value of ${JSON.stringify(key)} is missing`)
      }
      this.at++
      this.space()
      // as in JSON, the last one of a key counts
      members.delete(key)
      members.set(key, this.value(depth, ""))
    }
    this.at++
    return { kind: "object", members: [...members], isOpen: false }
  }

  private hintOfKey(): string {
    const [word] = /^[\w-]+/.exec(this.text.slice(this.at)) ?? []
    return word === undefined ? "keys are in double quotes" : `keys are in double quotes: "${word}"`
  }

  private rest(): boolean {
    if (!this.text.startsWith("...", this.at)) {
      return false
    }
    this.at += 3
    return true
  }

  private comma(bracket: string, open: number): void {
    this.close(",", open, "", bracket)
    this.space()
    if (this.peek() === bracket) {
      throw this.mistake("expected a value here", this.at, `no comma comes before ${bracket}`)
    }
  }

  /** Reads a sign that has to be there. */
  private close(sign: string, open: number, hint: string, bracket = sign): void {
    if (this.peek() !== sign) {
      this.unclosed(bracket, open)
      throw this.mistake(`expected ${sign === bracket ? sign : `${sign} or ${bracket}`} here`, this.at, hint)
    }
    this.at++
  }

  private unclosed(bracket: string, open: number): void {
    if (this.at >= this.text.length) {
      throw this.mistake(`expected ${bracket} at the end`, open, `this ${this.text[open]} is not closed`)
    }
  }

  private hole(): Hole {
    const start = this.at++
    const name = this.identifier()
    if (name === undefined) {
      throw this.mistake("a hole has a name", this.at, "such as ?id; _ is a hole without one")
    }
    if (reserved.has(name.toLowerCase())) {
      throw this.mistake(
        `a hole cannot be named ${name}`,
        start + 1,
        `LINDA_${name.toUpperCase()} means something else`
      )
    }
    return { kind: "hole", name, type: this.type() }
  }

  private identifier(): string | undefined {
    const [name] = /^[A-Za-z_]\w*/.exec(this.text.slice(this.at, this.at + 200)) ?? []
    this.at += name?.length ?? 0
    return name
  }

  private type(): Type {
    if (this.peek() !== ":") {
      return "any"
    }
    const start = ++this.at
    const name = this.identifier() ?? ""
    const type = types.find((type) => type === name)
    if (type === undefined) {
      const near = nearest(name, types)
      throw this.mistake(
        "a hole is of a type that there is",
        start,
        `no type \`${name}\`${near === undefined ? `: there are ${types.join(", ")}` : `; did you mean \`${near}\`?`}`
      )
    }
    return type
  }

  private word(orElse: string): Node {
    const start = this.at
    const name = this.identifier()
    switch (name) {
      case "_":
        return { kind: "hole", name: undefined, type: this.type() }
      case "true":
      case "false":
        return { kind: "value", value: name === "true" }
      case "null":
        return { kind: "value", value: null }
    }
    this.at = start
    const expected = `expected a value, a hole (_ or ?name)${orElse} here`
    if (name !== undefined) {
      throw this.mistake(expected, start, `a text is in double quotes: "${name}"; a hole has a question mark: ?${name}`)
    }
    if (start >= this.text.length) {
      throw this.mistake(expected, start, "the pattern ends in the middle")
    }
    throw this.mistake(expected, start, this.peek() === "'" ? "a text is in double quotes" : "")
  }

  private number(): number {
    const [digits] = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.text.slice(this.at)) ?? []
    const behind = digits === undefined ? "" : this.text[this.at + digits.length] ?? ""
    if (digits === undefined || /[\w.]/.test(behind)) {
      throw this.mistake("expected a number as JSON has it", this.at)
    }
    const number = Number(digits)
    if (!Number.isFinite(number)) {
      throw this.mistake("this number is too large", this.at)
    }
    this.at += digits.length
    return number
  }

  private string(): string {
    const start = this.at
    let end = start + 1
    while (end < this.text.length && this.text[end] !== "\"") {
      end += this.text[end] === "\\" ? 2 : 1
    }
    if (end >= this.text.length) {
      throw this.mistake("expected \" at the end", start, "this text is not closed")
    }
    this.at = end + 1
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string
    } catch {
      throw this.mistake("this is no text as JSON has it", start, "look for a backslash or a line break")
    }
  }

  private space(): void {
    while (/^[ \t\n\r]$/.test(this.peek())) {
      this.at++
    }
  }

  /** The next character, or nothing at the end. */
  private peek(): string {
    return this.text.charAt(this.at)
  }

  private mistake(problem: string, at: number, hint = ""): Mistake {
    return new Mistake(problem, this.text, at, hint)
  }
}

/** What `linda with` tells its command by such a variable is not what a hole has found. */
const reserved: ReadonlySet<string> = new Set(["space", "tuples"])

/** Reads a pattern. Throws a {@link Mistake}. */
export const parse = (text: string): List => new Parser(text).whole()

/** The holes of a node, in their order. */
export const holesOf = (node: Node): ReadonlyArray<Hole> => {
  switch (node.kind) {
    case "value":
      return []
    case "hole":
      return [node]
    case "array":
      return node.items.flatMap(holesOf)
    case "object":
      return node.members.flatMap(([, member]) => holesOf(member))
  }
}

/** Whether it stands for one value only. */
export const isClosed = (node: Node): boolean => {
  switch (node.kind) {
    case "value":
      return true
    case "hole":
      return false
    case "array":
      return !node.isOpen && node.items.every(isClosed)
    case "object":
      return !node.isOpen && node.members.every(([, member]) => isClosed(member))
  }
}

/** Reads a tuple, which has no holes. Throws a {@link Mistake}. */
export const parseTuple = (text: string): List => {
  const node = parse(text)
  if (!isClosed(node)) {
    const at = firstHole(text)
    throw new Mistake("a tuple has no holes", text, at, "a value stands here")
  }
  return node
}

/** Where the first hole of a text is that has one: what stands in quotes is none. */
const firstHole = (text: string): number => /^(?:"(?:\\.|[^"\\])*"|(?!\?|_|\.\.\.)[^])*/.exec(text)![0].length

/** Writes a node as it is read. */
export const print = (node: Node): string => {
  switch (node.kind) {
    case "value":
      return Object.is(node.value, -0) ? "-0" : JSON.stringify(node.value)
    case "hole":
      return `${node.name === undefined ? "_" : `?${node.name}`}${node.type === "any" ? "" : `:${node.type}`}`
    case "array":
      return `[${[...node.items.map(print), ...(node.isOpen ? ["..."] : [])].join(", ")}]`
    case "object": {
      const members = node.members.map(([key, member]) => `${JSON.stringify(key)}: ${print(member)}`)
      return `{${[...members, ...(node.isOpen ? ["..."] : [])].join(", ")}}`
    }
  }
}
