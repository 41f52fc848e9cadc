import type { ViteUserConfig } from "vitest/config"

/** What every project of the workspace has in common. */
const config: ViteUserConfig = {
  test: {
    include: ["test/**/*.test.ts"],
    // CI machines are slow; a test that needs seconds on a laptop is still wrong
    testTimeout: 120_000,
    hookTimeout: 120_000
  }
}

export default config
