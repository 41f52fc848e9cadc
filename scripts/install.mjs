// Installs what package-lock.json asks for, unless it is there already. Runs before `npm start` and `npm test`, on bare
// Node: it may import nothing that would have to be installed first.
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

const root = new URL("../", import.meta.url)

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
const packagesOf = (file) => {
  try {
    return JSON.parse(readFileSync(new URL(file, root), "utf8")).packages
  } catch {
    return {}
  }
}

const installed = packagesOf("node_modules/.package-lock.json")

// optional packages are, for the most part, those of other platforms
const missing = Object.entries(packagesOf("package-lock.json")).filter(([path, wanted]) =>
  path.startsWith("node_modules/") && wanted.optional !== true &&
  (installed[path] === undefined || installed[path].version !== wanted.version)
)

if (missing.length > 0) {
  console.log(`${missing.length} packages to install: npm ci`)
  const { status } = spawnSync("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
    // npm is a batch file on Windows
    shell: process.platform === "win32"
  })
  process.exitCode = status ?? 1
}
