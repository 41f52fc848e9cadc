/**
 * The whole command: its arguments, what it comes to, and what it says of that.
 *
 * @internal
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { defaultAddress } from "./address.js"
import type { Arranged } from "./arrange.js"
import { arrange } from "./arrange.js"
import * as basic from "./commands/basic.js"
import { doctor } from "./commands/doctor.js"
import * as insight from "./commands/insight.js"
import { migrate } from "./commands/migrate.js"
import { serve } from "./commands/serve.js"
import * as transfer from "./commands/transfer.js"
import { watch } from "./commands/watch.js"
import { Behind, with_ } from "./commands/with.js"
import type { Failure, Outcome, Usage } from "./outcome.js"
import { codes, outcomeOfCause } from "./outcome.js"
import { write } from "./output.js"
import { version } from "./package.js"
import type { Signals } from "./signals.js"
import { codeOf, withSignals } from "./signals.js"
import { plain, wantsColours } from "./table.js"

const commands = [
  basic.out,
  basic.in_,
  basic.rd,
  basic.inp,
  basic.rdp,
  basic.count,
  basic.collect,
  with_,
  watch,
  transfer.export_,
  transfer.import_,
  transfer.redrive,
  insight.top,
  insight.waiters,
  insight.explain,
  doctor,
  migrate,
  serve
] as const

const linda = Command.make("linda").pipe(
  Command.withDescription("Tuple spaces in files, PostgreSQL and on servers"),
  Command.withSubcommands(Arr.map(commands, ({ command }) => command as AnyCommand))
)

/** What all of them can need, and fail with: each has types of its own. */
type AnyCommand = Command.Command<string, Signals | "Behind", Failure, unknown>

const shapes = new Map(commands.map(({ name, shape }) => [name as string, shape]))

const say = (message: string): void => void process.stderr.write(`linda: ${message}\n`)

/** What @effect/cli prints: help to whoever asked for it, and what is wrong with the arguments. */
const console = (inner: Console.Console): Console.Console => ({
  ...inner,
  log: (...args) =>
    inner.log(...args.map((arg) => typeof arg === "string" && !wantsColours(process.stdout) ? plain(arg) : arg)),
  error: (...args) => Effect.sync(() => say(plain(args.join(" ")).trim()))
})

/** Warnings of the library are no output of the command. */
const logger = Logger.make(({ cause, message }) => {
  const words = Array.isArray(message) ? message : [message]
  say([...words.map(String), ...(Cause.isEmpty(cause) ? [] : [Cause.pretty(cause)])].join(" "))
})

const services = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  NodeTerminal.layer,
  CliConfig.layer({ isCaseSensitive: true }),
  Logger.replace(Logger.defaultLogger, logger),
  Logger.minimumLogLevel(LogLevel.Warning)
)

const cli = Command.run(linda, { name: "linda", version })

const perform = ({ args, command }: Arranged) =>
  cli(["node", "linda", ...args]).pipe(
    Effect.provideService(Behind, command),
    Effect.provide(services),
    (program) => Console.consoleWith((inner) => Console.withConsole(program, console(inner)))
  ) as Effect.Effect<void, Failure>

/** What there is. @effect/cli would say it in lines of two hundred columns. */
const help = (): string => {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return `linda ${version}: tuple spaces in files, in PostgreSQL and on servers, from the shell

  linda out '["task", 7, "fix login"]'
  linda in '["task", ?id:number, _]' --wait 10m
  linda with '["task", ?id, _]' '["file", "src/login.ts"]' -- ./work.sh {id}

Commands (linda COMMAND --help tells the options of each):

${commands.map(({ description, name }) => `  ${name.padEnd(width)}  ${description}\n`).join("")}
Patterns are JSON with holes: _ is any value, ?name and ?name:type have a name, ... is the rest.
The space is --space or -s, else LINDA_SPACE, else the file ${defaultAddress} of the working directory.
Exit codes: 0 got it, 1 nothing there or not in time, 2 wrong arguments, 3 the engine failed.
Completions: linda --completions bash, zsh or fish.
`
}

const asksForHelp = ({ args }: Arranged): boolean => args.length === 1 && ["--help", "-h"].includes(args[0]!)

/** Runs it, and gives its exit code. */
export const run = (args: ReadonlyArray<string>): Effect.Effect<number> =>
  Effect.try({
    try: () => arrange(args, shapes, with_.name),
    catch: (error) => error as Usage
  }).pipe(
    Effect.flatMap((arranged) => asksForHelp(arranged) ? write(help()) : perform(arranged)),
    Effect.as<Outcome>({ code: codes.success }),
    (program) => withSignals(program, (signal): Outcome => ({ code: codeOf(signal) })),
    Effect.catchAllCause((cause) => Effect.succeed(outcomeOfCause(cause))),
    Effect.map(({ code, message }) => {
      if (message !== undefined) {
        say(message)
      }
      return code
    })
  )
