import { expect, it } from "vitest"
import { table, verdict } from "../src/report.js"
import { workloads } from "../src/workloads.js"

// Whether the workloads run, at a size at which their figures mean nothing.
it.each(Object.keys(workloads))("%s runs and reports", async (name) => {
  const rows = await workloads[name]!.measure("tiny")
  expect(rows.length).toBeGreaterThan(0)
  for (const row of rows) {
    expect(row.workload).toBe(name)
    expect(row.ours).not.toBeNaN()
    expect(row.floor?.value).not.toBe(0)
  }
  expect(table(rows).split("\n")).toHaveLength(rows.length + 1)
})

it("judges by the ratio where there is a floor, and by the figure where there is none", () => {
  const row = { workload: "W", what: "", unit: "", ours: 3, must: ["at most", 2], go: ["at most", 1] } as const
  expect(verdict(row)).toBe("short")
  expect(verdict({ ...row, floor: { name: "F", value: 2 } })).toBe("ok")
  expect(verdict({ ...row, floor: { name: "F", value: 3 } })).toBe("go")
  expect(verdict({ workload: "W", what: "", unit: "", ours: 3 })).toBe("")
})
