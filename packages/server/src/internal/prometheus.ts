/**
 * The metrics of a program as text for Prometheus (exposition format 0.0.4).
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as MetricPair from "effect/MetricPair"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"

const nameOf = (name: string): string => name.replace(/[^a-zA-Z0-9_:]/g, "_").replace(/^\d/, "_$&")

const escaped = (text: string): string => text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, "\\\"")

type Labels = ReadonlyArray<readonly [key: string, value: string]>

const labelled = (labels: Labels): string =>
  labels.length === 0
    ? ""
    : `{${labels.map(([key, value]) => `${nameOf(key)}="${escaped(value)}"`).join(",")}}`

const numberOf = (value: number | bigint): string =>
  value === Infinity ? "+Inf" : value === -Infinity ? "-Inf" : String(value)

/** Its type, and its lines: what follows the name, the labels beside its own, the value. */
const linesOf = (
  state: MetricState.MetricState.Untyped
): readonly [type: string, lines: ReadonlyArray<readonly [suffix: string, labels: Labels, value: number | bigint]>] => {
  if (MetricState.isCounterState(state)) {
    return ["counter", [["", [], state.count]]]
  }
  if (MetricState.isGaugeState(state)) {
    return ["gauge", [["", [], state.value]]]
  }
  if (MetricState.isFrequencyState(state)) {
    return ["counter", Array.from(state.occurrences, ([key, count]) => ["", [["key", key]], count] as const)]
  }
  if (MetricState.isHistogramState(state)) {
    const buckets = Array.from(state.buckets, ([end, count]) => ["_bucket", [["le", numberOf(end)]], count] as const)
    const isComplete = buckets.at(-1)?.[1][0]![1] === "+Inf"
    return ["histogram", [
      ...buckets,
      ...(isComplete ? [] : [["_bucket", [["le", "+Inf"]], state.count] as const]),
      ["_sum", [], state.sum],
      ["_count", [], state.count]
    ]]
  }
  if (MetricState.isSummaryState(state)) {
    const quantiles = Array.from(
      state.quantiles,
      ([quantile, value]) => ["", [["quantile", String(quantile)]], Option.getOrElse(value, () => NaN)] as const
    )
    return ["summary", [...quantiles, ["_sum", [], state.sum], ["_count", [], state.count]]]
  }
  return ["untyped", []]
}

const textOf = (pairs: ReadonlyArray<MetricPair.MetricPair.Untyped>): string => {
  const families = new Map<string, { readonly head: string; readonly lines: Array<string> }>()
  for (const { metricKey, metricState } of pairs) {
    const name = nameOf(metricKey.name)
    const [type, lines] = linesOf(metricState)
    const help = Option.match(metricKey.description, {
      onNone: () => "",
      onSome: (text) => `# HELP ${name} ${text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}\n`
    })
    const family = families.get(name) ?? { head: `${help}# TYPE ${name} ${type}\n`, lines: [] }
    families.set(name, family)
    const own: Labels = metricKey.tags.map(({ key, value }) => [key, value])
    for (const [suffix, labels, value] of lines) {
      family.lines.push(`${name}${suffix}${labelled([...own, ...labels])} ${numberOf(value)}\n`)
    }
  }
  return Array.from(families.values(), ({ head, lines }) => head + lines.join("")).join("")
}

/** All that the program has measured. */
export const exposition: Effect.Effect<string> = Effect.map(Metric.snapshot, textOf)
