/**
 * Tables and colours, for terminals.
 *
 * @internal
 */

/** Whether a stream wants colours: see no-color.org. */
export const wantsColours = (stream: { readonly isTTY?: boolean | undefined }): boolean =>
  stream.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const

export type Colour = keyof typeof codes

/** Paints a text, or leaves it. */
export type Paint = (colour: Colour, text: string) => string

export const paintOf = (colours: boolean): Paint => (colour, text) =>
  colours ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text

// eslint-disable-next-line no-control-regex -- that is what they are made of
const escapes = /\u001b\[[0-9;]*[A-Za-z]/g

/** A text without colours. */
export const plain = (text: string): string => text.replace(escapes, "")

// eslint-disable-next-line no-control-regex -- what a tuple holds is not to move the cursor
const controls = /[\u0000-\u001f\u007f-\u009f]/g

/** A text that takes one line, whatever is in it. */
export const inert = (text: string): string =>
  text.replace(controls, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`)

export interface Cell {
  readonly text: string
  readonly colour?: Colour | undefined
  /** Numbers stand right. */
  readonly right?: boolean | undefined
}

const width = (text: string): number => [...text].length

const pad = (cell: Cell, to: number, isLast: boolean): string => {
  const space = " ".repeat(Math.max(0, to - width(cell.text)))
  return cell.right === true ? space + cell.text : isLast ? cell.text : cell.text + space
}

/** Rows in columns, each cut to the width of the terminal. */
export const table = (rows: ReadonlyArray<ReadonlyArray<Cell>>, paint: Paint, columns = Infinity): string => {
  const widths: Array<number> = []
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, width(cell.text))))
  }
  return rows.map((row) => {
    let left = columns
    const cells = row.map((cell, index) => {
      const text = pad(cell, widths[index]!, index === row.length - 1)
      const cut = width(text) > left ? [...text].slice(0, Math.max(0, left - 1)).join("") + (left > 0 ? "…" : "") : text
      left -= width(text) + 2
      return cell.colour === undefined || cut === "" ? cut : paint(cell.colour, cut)
    })
    return `${cells.join("  ").trimEnd()}\n`
  }).join("")
}

/** A value of a tuple in a cell. */
export const cellOf = (value: unknown, json: string): Cell => ({
  text: inert(json),
  right: typeof value === "number",
  colour: typeof value === "string"
    ? "green"
    : typeof value === "number" || typeof value === "bigint"
    ? "yellow"
    : typeof value === "boolean"
    ? "magenta"
    : value === null || value === undefined
    ? "dim"
    : "cyan"
})

/** A duration in one or two units. */
export const durationOf = (millis: number): string => {
  const units = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1_000]] as const
  const index = units.findIndex(([, size]) => millis >= size)
  if (index < 0) {
    return `${Math.round(millis)}ms`
  }
  const [unit, size] = units[index]!
  const next = units[index + 1]
  const rest = next === undefined ? 0 : Math.floor(millis % size / next[1])
  return `${Math.floor(millis / size)}${unit}${rest > 0 ? ` ${rest}${next![0]}` : ""}`
}
