/**
 * The entry of a worker thread, unless the user has one.
 *
 * @internal
 */
import { serve } from "./runner.js"

serve()
