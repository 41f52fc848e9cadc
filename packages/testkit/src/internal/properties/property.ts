/**
 * What the properties of the suite are made of.
 *
 * @internal
 */
import type { Capability } from "../../Conformance.js"
import type { Body } from "../../Simulation.js"

export interface Property {
  readonly group: string
  readonly name: string
  readonly needs: ReadonlyArray<Capability>
  readonly body: Body<unknown, unknown>
  /** Schedules under which it once failed. */
  readonly schedules: ReadonlyArray<string>
}

/** Defines a property. */
export interface Define {
  (name: string, body: Body<unknown, unknown>, schedules?: ReadonlyArray<string>): void
  /** For properties that only engines with all these capabilities can have. */
  readonly needing: (...capabilities: ReadonlyArray<Capability>) => Define
}

/** A group of properties, each a program that has to succeed under every schedule. */
export const properties = (
  group: string,
  define: (property: Define) => void
): ReadonlyArray<Property> => {
  const defined: Array<Property> = []
  const needing = (needs: ReadonlyArray<Capability>): Define =>
    Object.assign(
      (name: string, body: Body<unknown, unknown>, schedules: ReadonlyArray<string> = []) =>
        void defined.push({ group, name, needs, body, schedules }),
      { needing: (...more: ReadonlyArray<Capability>) => needing([...needs, ...more]) }
    )
  define(needing([]))
  return defined
}
