/**
 * What several parts hold.
 *
 * @internal
 */
import type { SpaceError } from "../../SpaceError.js"
import type { Held } from "../hold.js"
import { JointHold } from "../joint.js"

/** What one part holds, which was found by one of several patterns. */
export class Chosen extends JointHold<SpaceError> {
  constructor(held: Held<SpaceError>, override readonly index: number) {
    super([held])
  }
}
