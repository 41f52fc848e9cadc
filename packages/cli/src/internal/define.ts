/**
 * A command, and what of it has to be known before its arguments are read.
 *
 * @internal
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Shape } from "./arrange.js"

/** One letter for those that are typed most. */
const aliases: ReadonlyMap<string, string> = new Map([["--space", "-s"]])

const shapeOf = (config: Command.Command.Config): Shape =>
  new Map(
    Object.values(config).flatMap((entry) => {
      if (!Options.isOptions(entry)) {
        return []
      }
      const name = Option.getOrThrow(Options.getIdentifier(entry))
      const takesValue = !Options.isBool(entry)
      const alias = aliases.get(name)
      return [[name, takesValue] as const, ...(alias === undefined ? [] : [[alias, takesValue] as const])]
    })
  )

/** Defines a command. */
export const define = <Name extends string, const Config extends Command.Command.Config, R, E>(
  name: Name,
  description: string,
  config: Config,
  handler: (config: Command.Command.ParseConfig<Config>) => Effect.Effect<void, E, R>
) => ({
  name,
  description,
  shape: shapeOf(config),
  command: Command.make(name, config, handler as any).pipe(Command.withDescription(description)) as Command.Command<
    Name,
    R,
    E,
    Command.Command.ParseConfig<Config>
  >
})
