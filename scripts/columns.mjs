// Whether a line is longer than 120 columns, in code or prose. Tables, headings, addresses and what stands in a fence
// are as long as they are.
//
//   node scripts/columns.mjs            says which lines are
//   node scripts/columns.mjs --write    fills anew the paragraphs and list items that have such lines
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"

const root = fileURLToPath(new URL("../", import.meta.url))
const width = 120
const isWriting = process.argv[2] === "--write"

/** @param {string} path */
const isMarkdown = (path) => path.endsWith(".md")

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8"
})
  .split("\n")
  .filter((path) => /\.(md|ts|mts|mjs)$/.test(path) && !path.endsWith("docs/mutants.md") && existsSync(root + path))

/** A line that cannot be broken: of a table, a heading, a reference, or one word. @param {string} line */
const isWhole = (line) =>
  /^\s*(\||#|\[[^\]]+\]: )/.test(line) || !/\S\s+\S/.test(line.replace(/^\s*(?:[-*]|\d+\.|>|\/\/|\*)?\s*/, ""))

/** Splits text at blanks, but for those in code and links. @param {string} text */
const words = (text) => text.match(/(?:`[^`]*`|!?\[[^\]]*\]\([^)]*\)|\S)+/g) ?? []

/**
 * @param {string} first What the first line begins with.
 * @param {string} next What the others begin with.
 * @param {string} text
 * @param {number} columns
 */
const fill = (first, next, text, columns) => {
  /** @type {Array<string>} */
  const lines = []
  let line = first
  for (const word of words(text)) {
    const isStart = line === first && lines.length === 0 || line === next
    // A word that would begin a list, a heading or a quote stays behind the one before it.
    if (!isStart && line.length + 1 + word.length > columns && !/^([-+*>#]+|\d+[.)])$/.test(word)) {
      lines.push(line)
      line = next + word
    } else {
      line += (isStart ? "" : " ") + word
    }
  }
  return [...lines, line]
}

/**
 * Fills what is too wide.
 *
 * @param {string} text
 * @param {number} columns
 */
const filled = (text, columns = width) => {
  const lines = text.split("\n")
  /** @type {Array<string>} */
  const out = []
  let fence = ""
  for (let i = 0; i < lines.length;) {
    const line = lines[i] ?? ""
    const mark = /^\s*(```|~~~)/.exec(line)?.[1] ?? ""
    if (mark !== "" && (fence === "" || fence === mark)) {
      fence = fence === "" ? mark : ""
    }
    if (fence !== "" || mark !== "" || line.trim() === "" || isWhole(line) || /^\s*</.test(line)) {
      out.push(line)
      i++
      continue
    }
    // A paragraph or list item: up to an empty line, another item, or what cannot be filled.
    const first = /^\s*(?:(?:[-*+]|\d+[.)])\s+|>\s?)?/.exec(line)?.[0] ?? ""
    const next = /^\s*>/.test(first) ? first : " ".repeat(first.length)
    let end = i + 1
    const isOther = /^\s*(?:@|[-*+]\s|\d+[.)]\s|>|\||#|```|~~~|<|\[[^\]]+\]: )/
    while (
      end < lines.length && (lines[end] ?? "").trim() !== "" &&
      (first.startsWith(">") || !isOther.test(lines[end] ?? ""))
    ) {
      end++
    }
    const own = lines.slice(i, end)
    const breaks = own.some((each) => /(\s\s|\\)$/.test(each))
    const content = own.map((each, index) => index === 0 ? each.slice(first.length) : each.replace(/^\s*(?:>\s?)?/, ""))
    out.push(
      ...(breaks || own.every((each) => each.length <= columns) ? own : fill(first, next, content.join(" "), columns))
    )
    i = end
  }
  return out.join("\n")
}

/** The same for the comments of a program. @param {string} text */
const filledComments = (text) =>
  text
    .replace(/^([ ]*)\/\*\* (.*) \*\/$/gm, (all, indent, inner) =>
      all.length <= width ? all : `${indent}/**\n${indent} * ${inner}\n${indent} */`)
    .replace(/^([ ]*)\/\*\*\n((?:[ ]*\*(?: .*)?\n)+?)[ ]*\*\/$/gm, (_, indent, inner) => {
      const lines = inner.split("\n").slice(0, -1).map((/** @type {string} */ line) =>
        line.replace(/^ *\* ?/, "")
      )
      const body = filled(lines.join("\n"), width - indent.length - 3).split("\n")
      return `${indent}/**\n${
        body.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}`).join("\n")
      }\n${indent} */`
    })
    .replace(/(?:^[ ]*\/\/ .*\n)+/gm, (all) => {
      const lines = all.split("\n").slice(0, -1)
      const indent = /^ */.exec(lines[0] ?? "")?.[0] ?? ""
      if (
        lines.every((line) => line.length <= width) ||
        lines.some((line) => !line.startsWith(`${indent}// `) || /\/\/ (eslint|@ts|dprint)-/.test(line))
      ) {
        return all
      }
      const body = filled(lines.map((line) => line.slice(indent.length + 3)).join("\n"), width - indent.length - 3)
      return `${body.split("\n").map((line) => `${indent}// ${line}`).join("\n")}\n`
    })

/**
 * The lines, by their indices, in which a text or a regular expression stands: it cannot be broken.
 *
 * @param {string} path
 * @param {string} text
 */
const linesOfLiterals = (path, text) => {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  /** @type {Set<number>} */
  const lines = new Set()
  /** @param {import("typescript").Node} node */
  const visit = (node) => {
    if (ts.isStringLiteral(node) || ts.isRegularExpressionLiteral(node) || ts.isTemplateLiteralToken(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line
      for (let line = first; line <= last; line++) {
        lines.add(line)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return lines
}

/** The lines of a file that are too wide. @param {string} path @param {string} text */
const wide = (path, text) => {
  let isFenced = false
  /** @type {Set<number> | undefined} */
  let literals
  /** Most files have no such line, and need not be parsed. @param {number} index */
  const isLiteral = (index) => !isMarkdown(path) && (literals ??= linesOfLiterals(path, text)).has(index)
  return text.split("\n").flatMap((line, index) => {
    if (isMarkdown(path) && /^\s*(```|~~~)/.test(line)) {
      isFenced = !isFenced
    }
    return line.length <= width || isFenced || /https?:\/\/\S{40,}/.test(line) || isWhole(line) || isLiteral(index)
      ? []
      : [`${path}:${index + 1}`]
  })
}

const problems = files.flatMap((path) => {
  const text = readFileSync(root + path, "utf8")
  if (!isWriting) {
    return wide(path, text)
  }
  const better = isMarkdown(path) ? filled(text) : filledComments(text)
  if (better !== text) {
    writeFileSync(root + path, better)
  }
  return wide(path, better)
})
if (problems.length > 0) {
  console.error(`${problems.length} lines are longer than ${width} columns:\n${problems.join("\n")}`)
  process.exit(1)
}
