// What the scripts that run the documentation have in common: where it is, its blocks, and what they say that they
// print.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))

/**
 * The paths of the files of a folder, without those below it.
 *
 * @param {string} folder
 * @param {string} extension
 */
export const filesOf = (folder, extension) =>
  existsSync(`${root}${folder}`)
    ? readdirSync(`${root}${folder}`).filter((name) => name.endsWith(extension)).map((name) =>
      folder === "." ? name : `${folder}/${name}`
    )
    : []

export const packages = readdirSync(`${root}packages`)

/** Every document, with its text. */
export const documents = [".", "docs", "examples", ...packages.map((name) => `packages/${name}`)]
  .flatMap((folder) => filesOf(folder, ".md"))
  .map((file) => ({ file, text: readFileSync(`${root}${file}`, "utf8") }))

/**
 * @typedef {object} Block
 * @property {number} line where it begins
 * @property {string} language
 * @property {Array<string>} marks
 * @property {string | undefined} name of the module that it is: `file=jobs.ts`
 * @property {Array<string>} code
 */

/**
 * The fenced blocks of a text.
 *
 * @param {string} text
 */
export const blocksOf = (text) => {
  /** @type {Array<Block>} */
  const blocks = []
  /** @type {Block & { indent: string, fence: string } | undefined} */
  let open = undefined
  for (const [index, line] of text.split("\n").entries()) {
    if (open === undefined) {
      const [, indent, fence, info] = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line) ?? []
      if (indent === undefined || fence === undefined || info === undefined) continue
      const [language = "", ...marks] = info.trim().split(/\s+/)
      const name = marks.find((mark) => mark.startsWith("file="))?.slice(5)
      open = { indent, fence, line: index + 1, language, marks, name, code: [] }
    } else if (line.trim().startsWith(open.fence) && /^(`+|~+)$/.test(line.trim())) {
      blocks.push(open)
      open = undefined
    } else {
      open.code.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    }
  }
  return blocks
}

/** @param {Block} block */
export const isExample = ({ language, marks }) =>
  (language === "ts" || language === "typescript") && !marks.includes("ignore")

/** @param {string} code */
export const isTest = (code) => /from "(@effect\/)?vitest"|testkit\/Conformance"/.test(code)

/** The server that examples connect to. */
const placeholder = "postgres://user:password@host/database"

/** @param {string} code */
export const needsPostgres = (code) => code.includes(placeholder)

/**
 * @param {string} code
 * @param {string} url
 */
export const onServer = (code, url) => code.replaceAll(placeholder, url)

/**
 * Starts the server of the tests.
 *
 * @returns {Promise<{ url: string, stop: () => Promise<void> }>}
 */
export const startPostgres = async () => {
  const { tsImport } = await import("tsx/esm/api")
  const { start } = await tsImport("../packages/sql/test/postgres/server.ts", import.meta.url)
  const server = await start()
  const { database, host, port, user } = server.connection()
  return { url: `postgres://${user}@${host}:${port}/${database}`, stop: server.stop }
}

/** @param {string} text */
const squeeze = (text) => text.replaceAll(/\s/g, "").replaceAll("'", "\"")

/**
 * What an example says that it prints, and has not printed: the comments behind `console.log`, or below it.
 *
 * @param {string} code
 * @param {string} output
 */
export const missingIn = (code, output) => {
  const lines = code.split("\n")
  const printed = squeeze(output)
  return lines.flatMap((line, index) => {
    if (!line.includes("console.log")) return []
    const behind = /console\.log.*\)\s*\/\/ (.*)$/.exec(line)?.[1]
    if (behind !== undefined) return [behind]
    const below = lines.slice(index + 1)
    const end = below.findIndex((next) => !next.startsWith("// "))
    return below.slice(0, end === -1 ? undefined : end).map((comment) => comment.slice(3))
  }).filter((expected) => !printed.includes(squeeze(expected)))
}
