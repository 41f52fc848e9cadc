/**
 * What the package is called, and of which version it is.
 *
 * @internal
 */
import { createRequire } from "node:module"

/** The version of this package. */
export const version: string = createRequire(import.meta.url)("@effect-linda/cli/package.json").version
