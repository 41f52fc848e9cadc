/**
 * Draws what `results/` has into `docs/plots/`: the rows of the last table that have a floor and a target, and the
 * curves of `scale.json`, if there are any. The same figures give the same bytes.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { parse, View } from "vega"
import { compile } from "vega-lite"
import type { TopLevelSpec } from "vega-lite"
import type { Row } from "./report.js"
import { judged, verdict } from "./report.js"
import { readResults } from "./results.js"

/** What an operation of ours costs, at several sizes of something. */
interface Curve {
  readonly name: string
  readonly unit: "µs"
  /** What `n` counts. */
  readonly x: string
  readonly points: ReadonlyArray<{ readonly n: number; readonly value: number }>
}

const plots = new URL("../../docs/plots/", import.meta.url)

/** White behind it: on a dark page the text has to be read too. */
const config: TopLevelSpec["config"] = {
  aria: false,
  background: "white",
  font: "sans-serif",
  view: { stroke: null },
  axis: {
    gridColor: "#e5e5e5",
    domain: false,
    ticks: false,
    labelColor: "#222",
    labelPadding: 6,
    titleFontWeight: "normal"
  },
  title: { color: "#222", anchor: "start", frame: "group" }
}

/** Told apart without red and green. */
const colors = { go: "#0072b2", ok: "#56b4e9", short: "#d55e00", none: "#999999" }

const floors = (rows: ReadonlyArray<Row>): TopLevelSpec => {
  const values = rows.flatMap((row) => {
    const limit = row.must ?? row.go
    if (row.floor === undefined || limit === undefined) {
      return []
    }
    const better = (ratio: number) => limit[0] === "at most" ? 1 / ratio : ratio
    return [{
      label: `${row.workload} ${row.what.replaceAll("`", "")} vs ${row.floor.name}`,
      ratio: better(judged(row)),
      target: better(limit[1]),
      verdict: verdict(row) || "none"
    }]
  })
  const longest = Math.max(0, ...values.map(({ label }) => label.length))
  return {
    config,
    title: "Ours against the floors",
    // Without a browser there is nobody to measure a text: Vega takes it to be longer than it is, and would leave as
    // much room.
    autosize: "none",
    padding: { left: 20 + 6 * longest, right: 80, top: 30, bottom: 45 },
    width: 420,
    height: 18 * values.length,
    data: { values },
    encoding: {
      y: {
        field: "label",
        type: "nominal",
        sort: null,
        axis: { title: null, grid: true, labelFontSize: 11, labelLimit: 0 }
      }
    },
    layer: [
      {
        mark: { type: "tick", color: "#222", thickness: 2, size: 14 },
        encoding: { x: { field: "target", type: "quantitative" } }
      },
      {
        mark: { type: "circle", size: 70, opacity: 1 },
        encoding: {
          x: {
            field: "ratio",
            type: "quantitative",
            scale: { type: "log", nice: false, padding: 12 },
            axis: {
              title: "times as good as the floor (tick: the target)",
              values: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500],
              format: "~r",
              gridColor: { condition: { test: "datum.value === 1", value: "#777" }, value: "#e5e5e5" }
            }
          },
          color: {
            field: "verdict",
            type: "nominal",
            scale: { domain: Object.keys(colors), range: Object.values(colors) },
            legend: { title: null }
          }
        }
      }
    ]
  }
}

const scale = (curves: ReadonlyArray<Curve>): TopLevelSpec => ({
  config,
  columns: 3,
  concat: curves.map(({ name, points, unit, x }) => ({
    title: { text: name, fontSize: 12 },
    width: 200,
    height: 130,
    data: { values: [...points] },
    mark: { type: "line", color: colors.go, point: { color: colors.go, size: 40 } },
    encoding: {
      x: {
        field: "n",
        type: "quantitative",
        scale: { type: "log", nice: false },
        axis: { title: x, values: points.map(({ n }) => n), format: ".3~s", labelFlush: false, grid: false }
      },
      y: {
        field: "value",
        type: "quantitative",
        scale: { zero: true, nice: 4 },
        axis: { title: `${unit} per operation`, tickCount: 4 }
      }
    }
  }))
})

const draw = async (name: string, spec: TopLevelSpec): Promise<void> => {
  const view = new View(parse(compile(spec).spec), { renderer: "none" })
  writeFileSync(new URL(name, plots), `${await view.toSVG()}\n`)
  view.finalize()
  console.log(`docs/plots/${name}`)
}

const latest = readResults<{ readonly rows: ReadonlyArray<Row> }>("latest")
if (latest === undefined) {
  throw new Error("no results to draw: npm run bench")
}
mkdirSync(plots, { recursive: true })
await draw("floors.svg", floors(latest.rows))
const curves = readResults<{ readonly curves: ReadonlyArray<Curve> }>("scale")?.curves
if (curves !== undefined) {
  await draw("scale.svg", scale(curves))
}
