/**
 * What the properties of the suite are made of.
 *
 * @internal
 */
import type { Body } from "../../Simulation.js"

export interface Property {
  readonly group: string
  readonly name: string
  readonly body: Body<unknown, unknown>
  /** Schedules under which it once failed. */
  readonly schedules: ReadonlyArray<string>
}

/** A group of properties, each a program that has to succeed under every schedule. */
export const properties = (
  group: string,
  define: (
    property: (name: string, body: Body<unknown, unknown>, schedules?: ReadonlyArray<string>) => void
  ) => void
): ReadonlyArray<Property> => {
  const defined: Array<Property> = []
  define((name, body, schedules = []) => void defined.push({ group, name, body, schedules }))
  return defined
}
