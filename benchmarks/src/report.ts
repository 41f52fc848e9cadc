/** What a workload reports, and how that is judged and printed. */

/** A bound on a ratio, or on the figure itself where there is no floor. */
export type Limit = readonly ["at most" | "at least", number]

export interface Row {
  readonly workload: string
  readonly what: string
  readonly unit: string
  readonly ours: number
  /** What ours is compared with; without one, the limits are for the figure itself. */
  readonly floor?: { readonly name: string; readonly value: number }
  /** The target, and the target beyond the target. */
  readonly must?: Limit
  readonly go?: Limit
}

const round = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(value < 0.1 ? 1 : 3)

/** What the limits apply to. */
export const judged = (row: Row): number => row.floor === undefined ? row.ours : row.ours / row.floor.value

const meets = (row: Row, [bound, limit]: Limit): boolean =>
  bound === "at most" ? judged(row) <= limit : judged(row) >= limit

export const verdict = (row: Row): "short" | "ok" | "go" | "" => {
  if (row.must !== undefined && !meets(row, row.must)) {
    return "short"
  }
  if (row.go !== undefined && meets(row, row.go)) {
    return "go"
  }
  return row.must === undefined ? "" : "ok"
}

const target = ({ go, must }: Row): string => {
  const limit = ([bound, value]: Limit) => `${bound === "at most" ? "≤" : "≥"} ${value.toLocaleString("en-US")}`
  return [must && limit(must), go && `(${limit(go)})`].filter(Boolean).join(" ")
}

export const table = (rows: ReadonlyArray<Row>): string => {
  const lines = [
    ["", "what", "ratio", "ours", "floor", "", "target (go for it)", ""],
    ...rows.map((row) => [
      row.workload,
      row.what,
      row.floor === undefined ? "" : judged(row).toFixed(2),
      `${round(row.ours)} ${row.unit}`,
      row.floor === undefined ? "" : round(row.floor.value),
      row.floor?.name ?? "",
      target(row),
      verdict(row)
    ])
  ]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const rightAligned = new Set([2, 3, 4])
  const print = (line: ReadonlyArray<string>) =>
    line.map((cell, column) => rightAligned.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))
      .join("  ").trimEnd()
  return lines.map(print).join("\n")
}
