// Lets this thread import a module that is written in TypeScript. Compiled modules need nothing.

let registered = false

/** @param {string} url */
export const loadTypeScript = async (url) => {
  if (registered || !/\.[cm]?tsx?$/.test(url)) return
  const { register } = await import("tsx/esm/api").catch((cause) => {
    throw new Error(`${url} is TypeScript: install tsx to run it as it is, or compile it`, { cause })
  })
  register()
  registered = true
}
