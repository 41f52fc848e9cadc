// Imports modules in this thread, those that are written in TypeScript too. Compiled modules need nothing.

/** @param {string} url */
export const isTypeScript = (url) => /\.[cm]?tsx?$/.test(url.replace(/[?#].*/, ""))

/** Bundlers are not to look for it. */
const tsx = "tsx/esm/api"
let registered = false

/** Makes tsx load what is imported from now on, if it is installed. */
const register = async () => {
  if (registered) return true
  const api = await import(/* webpackIgnore: true */ /* @vite-ignore */ tsx).catch(() => undefined)
  if (api === undefined) return false
  api.register()
  return registered = true
}

/** Node from 22.18 on, Bun and Deno run TypeScript by themselves, as far as it is JavaScript with types. */
const { features = {}, versions = {} } = /** @type {any} */ (globalThis).process ?? {}
const runsTypeScript = Boolean(features.typescript || versions.bun || versions.deno)

/**
 * Whether a runtime refuses a module because of what it is written in, before it has run any of it: TypeScript that is
 * not only types, names of files as `tsc` wants them, types that are imported as if they were values.
 *
 * @param {any} cause
 */
const isRefusal = (cause) =>
  cause instanceof SyntaxError || /TYPESCRIPT|TYPE_STRIPPING|UNKNOWN_FILE_EXTENSION/.test(cause?.code) ||
  cause?.code === "ERR_MODULE_NOT_FOUND" && /\.[cm]?jsx?['"]/.test(cause.message)

/** @param {string} url */
export const importModule = async (url) => {
  // What was refused once is refused for ever: a runtime that refuses all of it is not asked first.
  if (!isTypeScript(url) || registered || !runsTypeScript && await register()) {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ url)
  }
  try {
    return await import(/* webpackIgnore: true */ /* @vite-ignore */ url)
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    if (await register()) {
      // under another name, for the same reason
      return await import(/* webpackIgnore: true */ /* @vite-ignore */ `${url}${url.includes("?") ? "&" : "?"}tsx`)
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`this runtime does not run its TypeScript as it is (${reason}): install tsx, or compile it`, {
      cause
    })
  }
}
