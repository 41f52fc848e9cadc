/**
 * Where a thread begins: which file of this package it is started with, if this package has files.
 *
 * In a bundle it has none. What stands here then has the URL of the bundle, or that of a source file of another machine
 * (webpack), or none at all (CommonJS).
 *
 * @internal
 */
import { SpaceError } from "@effect-linda/core/SpaceError"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { isTypeScript } from "../../typescript.mjs"
import { globalValue } from "./runtime.js"

/** Not written as `new URL("…", import.meta.url)`, which bundlers take for a file that they are to bundle. */
const here: string | undefined = import.meta.url

/** A file of this package, if this module has its place in it. */
const fileOf = (path: string): URL | undefined => {
  if (here === undefined || !/^file:.*\/internal\/entry\.[jt]s$/.test(here)) {
    return undefined
  }
  const url = new URL(path, here)
  return existsSync(fileURLToPath(url)) ? url : undefined
}

const invalid = (message: string): SpaceError =>
  new SpaceError({ reason: "InvalidOption", message: `entry: ${message}` })

/** How many modules of jobs this thread is loading. For all copies of this module: a bundle may bring its own. */
const loading = globalValue("@effect-linda/node/loading", () => ({ modules: 0 }))

/**
 * Loads a module of jobs. A pool that is made meanwhile is one of a whole program, which would run again in every
 * thread.
 */
export const whileLoading = async <A>(load: () => Promise<A>): Promise<A> => {
  loading.modules++
  try {
    return await load()
  } finally {
    loading.modules--
  }
}

/** The URL of the entry of a pool's threads. */
export const make = (given: URL | undefined): Effect.Effect<string, SpaceError> =>
  Effect.suspend(() => {
    if (loading.modules > 0) {
      return Effect.fail(invalid(
        "a thread was to load a module of jobs, and has loaded a program that makes a pool: a bundle, perhaps, in " +
          "which import.meta.url is that of the program. Give this option, or put the jobs into a module of their own"
      ))
    }
    // The runner beside this file: TypeScript in src, JavaScript in dist.
    const entry = given ?? fileOf(`./main.${here?.endsWith(".ts") === true ? "ts" : "js"}`)
    return entry === undefined
      ? Effect.fail(invalid(
        "in a bundle the threads need an entry of their own: " +
          "give this option the URL of a module that calls WorkerMain.serve"
      ))
      : Effect.succeed(entry.href)
  })

/**
 * What a thread is started with: the entry, or, since a thread cannot start from TypeScript, what loads it:
 * `worker.mjs` at the root of the package, two folders up from here, in src as in dist.
 */
export const start = (entry: string): URL =>
  (isTypeScript(entry) ? fileOf("../../worker.mjs") : undefined) ?? new URL(entry)
