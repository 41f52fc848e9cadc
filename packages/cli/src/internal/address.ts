/**
 * Where a space is, and how it is opened: the one place that knows which engines there are. Each is loaded when it is
 * asked for, so that a file does not cost the time of PostgreSQL.
 *
 * ```text
 * tasks.db                          a file
 * postgres://user@host/database     a database
 * ws://host:7340/linda              a server: of linda serve, or of a program
 * tasks.db#night                    of several spaces that are there the one of this name
 * ```
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import type { Tuple } from "@effect-linda/core/Tuple"
import type { TupleSpace } from "@effect-linda/core/TupleSpace"
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { existsSync, statSync } from "node:fs"
import { resolve } from "node:path"

/** The file in the working directory that is the space if nothing else is said. */
export const defaultAddress = "linda.db"

export type Space = TupleSpace<Tuple, SpaceError>

export type Address =
  | { readonly kind: "file"; readonly filename: string; readonly space: string | undefined }
  | { readonly kind: "postgres"; readonly url: string; readonly space: string | undefined }
  | { readonly kind: "served"; readonly url: string; readonly space: string | undefined }

/** What an engine is told beside the address. */
export interface Opening {
  /** For how long a program can be silent before others take it for dead. */
  readonly lease?: Duration.Duration | undefined
  /** For how long to try again if the engine cannot be reached. */
  readonly retry?: Duration.DurationInput | undefined
}

/** Reads an address. Throws a `SpaceError` if no engine is behind it. */
export const addressOf = (text: string): Address => {
  const [, before = "", name] = /^([^#]*)(?:#(.*))?$/s.exec(text) ?? []
  const space = name === undefined || name === "" ? undefined : name
  // one letter is a drive of Windows
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(before) ?? []
  switch (scheme?.toLowerCase()) {
    case undefined:
    case "file":
      if (before === "") {
        throw new SpaceError({ reason: "InvalidOption", message: "--space is empty: give a file or an address" })
      }
      return { kind: "file", filename: before, space }
    case "postgres":
    case "postgresql":
      return { kind: "postgres", url: before, space }
    case "ws":
    case "wss":
    case "tcp":
    case "unix":
      return { kind: "served", url: before, space }
    default:
      throw new SpaceError({
        reason: "InvalidOption",
        message: `no space is at ${scheme}: a space is a file, or has an address that begins with postgres:, ws:, ` +
          "tcp: or unix:"
      })
  }
}

/** The same address for a program that runs elsewhere: files by their whole path. */
export const absolute = (text: string): string => {
  const address = addressOf(text)
  return address.kind === "file" && !address.filename.startsWith("file:") && address.filename !== ":memory:"
    ? resolve(address.filename) + (address.space === undefined ? "" : `#${address.space}`)
    : text
}

/** As it is shown: without a password. */
export const shown = (address: Address): string => {
  const named = address.space === undefined ? "" : `#${address.space}`
  return address.kind === "file"
    ? `${address.filename}${named}`
    : `${address.url.replace(/^([^:]*:\/\/[^:@/]*):[^@]*@/, "$1:***@")}${named}`
}

const sqlite = Effect.promise(() => import("@effect-linda/sql/Sqlite"))
const postgres = Effect.promise(() => import("@effect-linda/sql/Postgres"))

const connectionOf = (url: string) => ({ connectionString: Redacted.make(url) })

const client = Effect.promise(() => import("@effect-linda/server/NodeClient"))

/** What proves to a server who somebody is. It is never an argument: all users of a machine can see those. */
export const tokenOfEnvironment: Effect.Effect<Option.Option<Redacted.Redacted>> = Effect.orDie(
  Config.option(Config.redacted("LINDA_TOKEN"))
)

/** The space of this name beside the one of an address: that itself, if a client names none. */
export const named = (address: Address, name: string): Address =>
  name === "default" ? address : { ...address, space: name }

/** Where a server listens. */
export type Listening =
  | { readonly kind: "http" | "tcp" | "ws"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }

/** Where a server listens if nothing else is said: for programs of this machine alone. */
export const defaultListening = "http://127.0.0.1:7340"

/** Reads where to listen. Throws a `SpaceError` if that is nowhere. */
export const listeningOf = (text: string): Listening => {
  const [, path] = /^unix:(.+)$/.exec(text) ?? []
  if (path !== undefined) {
    return { kind: "unix", path }
  }
  const [, kind, host, port] = /^(http|ws|tcp):\/\/(\[[^\]]+\]|[^:/]+):(\d{1,5})\/?$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new SpaceError({
      reason: "InvalidOption",
      message: `cannot listen at ${text}: give http://host:port, ws://host:port, tcp://host:port or unix:/path`
    })
  }
  return { kind: kind as "http" | "tcp" | "ws", host: host.replace(/[[\]]/g, ""), port: Number(port) }
}

/** Of many programs that write to one file each may have to wait for long, and has something to lose. */
const patience = "5 minutes"

/** Opens the space at an address, for as long as the scope is open. */
export const open = (
  address: Address,
  { lease, retry }: Opening = {}
): Effect.Effect<Space, SpaceError, Scope.Scope> => {
  switch (address.kind) {
    case "file": {
      const { filename, space } = address
      return Effect.flatMap(sqlite, (Sqlite) => Sqlite.make({ filename, space, lease, retry: retry ?? patience }))
    }
    case "postgres": {
      const { space, url } = address
      return Effect.flatMap(
        postgres,
        (Postgres) => Postgres.make({ connection: connectionOf(url), space, lease, retry })
      )
    }
    case "served":
      return Effect.flatMap(
        Effect.zip(client, tokenOfEnvironment),
        ([NodeClient, token]) =>
          NodeClient.make(address.url, {
            space: address.space,
            token: Option.getOrUndefined(token),
            connectTimeout: retry
          })
      )
  }
}

/** The statements that would bring the tables at an address to this version: none, if they are of it. */
export const migrationScript = (address: Address): Effect.Effect<string, SpaceError> => {
  switch (address.kind) {
    case "file":
      return Effect.flatMap(sqlite, (Sqlite) => Sqlite.migrationScript({ filename: address.filename }))
    case "postgres":
      return Effect.flatMap(
        postgres,
        (Postgres) => Postgres.migrationScript({ connection: connectionOf(address.url), retry: "5 seconds" })
      )
    case "served":
      return Effect.fail(
        new SpaceError({
          reason: "Unsupported",
          message: `${address.url}: the tables are those of the server; migrate them where it runs`
        })
      )
  }
}

/** What is known of a file before it is opened: it is not made for that. */
export const sizesOf = (filename: string): { readonly file: number; readonly wal: number } | undefined =>
  existsSync(filename)
    ? { file: statSync(filename).size, wal: statSync(`${filename}-wal`, { throwIfNoEntry: false })?.size ?? 0 }
    : undefined
