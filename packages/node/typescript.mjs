// Lets this thread import a module that is written in TypeScript. Compiled modules need nothing.

/** @param {string} url */
export const isTypeScript = (url) => /\.[cm]?tsx?$/.test(url.replace(/[?#].*/, ""))

/** Bundlers are not to look for it. */
const tsx = "tsx/esm/api"
let registered = false

/** @param {string} url */
export const loadTypeScript = async (url) => {
  if (registered || !isTypeScript(url)) return
  const { register } = await import(tsx).catch((cause) => {
    throw new Error(`${url} is TypeScript: install tsx to run it as it is, or compile it`, { cause })
  })
  register()
  registered = true
}
