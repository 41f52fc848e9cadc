/**
 * Brings the arguments into the order that @effect/cli reads without doubt: the command, its options, `--`, and what is
 * no option. So options may stand wherever a user types them, and a pattern is never taken for one.
 *
 * @internal
 */
import { nearest } from "./nearest.js"
import { Usage } from "./outcome.js"

/** The options of a command, and whether each takes a value. */
export type Shape = ReadonlyMap<string, boolean>

export interface Arranged {
  readonly args: ReadonlyArray<string>
  /** What stands behind `--`: for `with`, the command that it runs. */
  readonly command: ReadonlyArray<string> | undefined
}

/** Those of @effect/cli, which every command has. */
const builtIn: Shape = new Map([
  ["--help", false],
  ["-h", false],
  ["--version", false],
  ["--wizard", false],
  ["--completions", true],
  ["--log-level", true]
])

/** Arranges arguments. Throws a {@link Usage} if an option is none of the command's. */
export const arrange = (
  args: ReadonlyArray<string>,
  commands: ReadonlyMap<string, Shape>,
  runsOther: string
): Arranged => {
  const end = args.indexOf("--")
  const before = end < 0 ? args : args.slice(0, end)
  const behind = end < 0 ? undefined : args.slice(end + 1)
  // before the command is known, an option of any command can be meant
  const any = new Map([...builtIn, ...[...commands.values()].flatMap((shape) => [...shape])])
  const start = firstWord(before, any)
  const name = start === undefined ? undefined : before[start]
  if (start === undefined || name === undefined || !commands.has(name)) {
    return unknown(before, name, commands)
  }
  const shape = new Map([...builtIn, ...commands.get(name)!])
  const options: Array<string> = []
  const words: Array<string> = []
  const rest = before.filter((_, index) => index !== start)
  for (let index = 0; index < rest.length; index++) {
    const arg = rest[index]!
    if (!isOption(arg)) {
      words.push(arg)
      continue
    }
    const [option, value] = split(arg)
    const takesValue = shape.get(option)
    if (takesValue === undefined) {
      const near = nearest(option, [...shape.keys()])
      throw new Usage({
        message: `${name} has no option ${option}${near === undefined ? "" : `; did you mean ${near}?`}` +
          ` (linda ${name} --help tells all)`
      })
    }
    options.push(option)
    if (takesValue) {
      const next = value ?? rest[++index]
      if (next === undefined) {
        throw new Usage({ message: `${option} takes a value, and there is none` })
      }
      options.push(next)
    } else if (value !== undefined) {
      throw new Usage({ message: `${option} takes no value` })
    }
  }
  return name === runsOther
    ? { args: [name, ...options, "--", ...words], command: behind }
    : { args: [name, ...options, "--", ...words, ...behind ?? []], command: undefined }
}

/** A lone dash is standard input, as everywhere. */
const isOption = (arg: string): boolean => arg.startsWith("-") && arg !== "-"

const split = (arg: string): readonly [option: string, value: string | undefined] => {
  const at = arg.startsWith("--") ? arg.indexOf("=") : -1
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)]
}

/** The index of the first argument that is no option, nor the value of one. */
const firstWord = (args: ReadonlyArray<string>, shape: Shape): number | undefined => {
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!
    if (!isOption(arg)) {
      return index
    }
    const [option, value] = split(arg)
    if (shape.get(option) === true && value === undefined) {
      index++
    }
  }
  return undefined
}

const unknown = (
  args: ReadonlyArray<string>,
  name: string | undefined,
  commands: ReadonlyMap<string, Shape>
): Arranged => {
  if (name !== undefined) {
    const near = nearest(name, [...commands.keys()])
    throw new Usage({
      message: `there is no command ${name}${near === undefined ? "" : `; did you mean ${near}?`} (linda --help)`
    })
  }
  const other = args.map((arg) => split(arg)[0]).find((option) => isOption(option) && !builtIn.has(option))
  if (args.length === 0 || other !== undefined) {
    throw new Usage({
      message: other === undefined ? "which command? (linda --help)" : `${other}: which command? (linda --help)`
    })
  }
  return { args, command: undefined }
}
