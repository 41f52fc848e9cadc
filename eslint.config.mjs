import effect from "@effect/eslint-plugin"
import eslint from "@eslint/js"
import { defineConfig } from "eslint/config"
import { readFileSync } from "node:fs"
import tseslint from "typescript-eslint"

const fromClock = "use the Clock service: a program's time is its own"

const fromRuntime = "only internal/runtime.ts touches Effect's runtime: use a function of it, or add one"

/** What Effect's runtime looks like from inside, which each major version has in another form. */
const runtimeModules = [
  "DefaultServices",
  "FiberId",
  "FiberRef",
  "FiberRefs",
  "FiberStatus",
  "GlobalValue",
  "Runtime",
  "RuntimeFlags",
  "Scheduler",
  "Supervisor"
].map((name) => ({ name: `effect/${name}`, message: fromRuntime }))

const runtimeMembers = [
  // of fibers
  "MemberExpression[property.name=" +
  "/^(addObserver|removeObserver|getFiberRef|currentScheduler|currentSpan|currentContext|currentDefaultServices)$/]",
  "CallExpression[arguments.length=0][callee.property.name='id']",
  "TSQualifiedName[right.name='RuntimeFiber']",
  "MemberExpression[object.name='Fiber'][property.name=" +
  "/^(getCurrentFiber|inheritAll|interruptAs|interruptAsFork|status)$/]",
  // of anything but data
  "MemberExpression[object.name!=/^(Chunk|DateTime)$/][property.name=/^unsafe[A-Z]/]",
  "MemberExpression[object.name='Effect'][property.name=" +
  "/^(async|asyncEffect|withFiberRuntime|locally|locallyWith|runtime|supervised|yieldNow)$/]"
].map((selector) => ({ selector, message: fromRuntime }))

const noBarrel = { name: "effect", message: "inside packages: import * as Effect from \"effect/Effect\"" }

const neverInSource = [
  { selector: "ExportDefaultDeclaration", message: "no default exports" },
  {
    selector: "MemberExpression[object.name='Effect'][property.name=/^run[A-Z]/]",
    message: "a library never runs an Effect"
  },
  {
    selector: "MemberExpression[object.name='Effect'][property.name=/^forkDaemon/]",
    message: "no daemons: lifetimes are by Scope"
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: fromClock }
]

/** @param {string} version */
const numbersOf = (version) => version.split(".").map(Number)

/**
 * A negative number if the one version is older than the other.
 *
 * @param {string} one
 * @param {string} other
 */
const compare = (one, other) => {
  const theirs = numbersOf(other)
  return numbersOf(one).map((number, index) => number - (theirs[index] ?? 0)).find((difference) => difference !== 0) ??
    0
}

/**
 * What a package has now has come with its present version or an earlier one.
 *
 * @type {import("eslint").Rule.RuleModule}
 */
const since = {
  create: (context) => {
    const [root, name] = context.filename.split(/[\\/]packages[\\/]([^\\/]+)[\\/]/)
    const { version } = JSON.parse(readFileSync(`${root}/packages/${name}/package.json`, "utf8"))
    return {
      Program: () => {
        for (const comment of context.sourceCode.getAllComments()) {
          for (const [, claimed = ""] of comment.value.matchAll(/@since (\S*)/g)) {
            if (/^\d+\.\d+\.\d+$/.test(claimed) && compare(claimed, version) <= 0) continue
            context.report({
              loc: comment.loc ?? { line: 1, column: 0 },
              message: `@since ${claimed}: the package has version ${version}`
            })
          }
        }
      }
    }
  }
}

export default defineConfig(
  { ignores: ["**/build/", "**/build-*/", "**/coverage/", "**/dist/", "packages/*/docs/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  eslint.configs.recommended,
  tseslint.configs.recommended,
  effect.configs.dprint,
  {
    rules: {
      "@effect/dprint": ["error", {
        config: {
          indentWidth: 2,
          lineWidth: 120,
          semiColons: "asi",
          quoteStyle: "alwaysDouble",
          trailingCommas: "never",
          operatorPosition: "maintain",
          "arrowFunction.useParentheses": "force"
        }
      }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "object-shorthand": "error",
      eqeqeq: "error",

      // a module and its interface share a name, as everywhere in Effect
      "@typescript-eslint/no-redeclare": "off",
      "@typescript-eslint/no-namespace": "off",
      // interfaces that only extend others, and `{}` for "no requirements", are ordinary in Effect's types
      "@typescript-eslint/no-empty-object-type": "off",
      // generators that only compute are ordinary in Effect.gen
      "require-yield": "off"
    }
  },
  {
    // scripts run on bare Node
    files: ["scripts/**", "benchmarks/**/*.mjs", "packages/cli/**/*.mjs", "*.mjs", ".dependency-cruiser.mjs"],
    languageOptions: {
      globals: { console: "readonly", performance: "readonly", process: "readonly", URL: "readonly" }
    }
  },
  {
    files: ["{packages,examples,benchmarks}/**/*.ts"],
    ignores: ["**/vitest.config.ts"],
    rules: {
      "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "no default exports" }]
    }
  },
  {
    files: ["packages/*/src/**/*.ts"],
    plugins: { effectLinda: { rules: { since } } },
    rules: {
      "effectLinda/since": "error",
      "no-console": "error",
      "no-restricted-imports": ["error", { paths: [noBarrel] }],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: fromClock },
        { object: "Math", property: "random", message: "use the Random service: a program's chance is seeded" }
      ],
      "no-restricted-syntax": ["error", ...neverInSource],
      "no-restricted-globals": ["error", "setTimeout", "setInterval", "setImmediate", "queueMicrotask"]
    }
  },
  {
    // The testkit is about schedulers and fibers, and is written as its users write: it has no such room.
    files: ["packages/*/src/**/*.ts"],
    ignores: ["packages/*/src/internal/runtime.ts", "packages/testkit/**"],
    rules: {
      "no-restricted-imports": ["error", { paths: [noBarrel, ...runtimeModules] }],
      "no-restricted-syntax": ["error", ...neverInSource, ...runtimeMembers]
    }
  },
  {
    // `any` stays out of public signatures; the guts may need it for variance and for speed
    files: ["packages/*/src/internal/**", "**/test/**"],
    rules: { "@typescript-eslint/no-explicit-any": "off" }
  },
  {
    // a type test is made of expressions that nobody uses
    files: ["**/*.tst.ts"],
    rules: { "@typescript-eslint/no-unused-expressions": "off" }
  }
)
