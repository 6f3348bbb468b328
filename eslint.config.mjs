import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    ignores: [
      "node_modules/",
      "dist/",
      "artifacts/",
      "cache/",
      "coverage/",
      "typechain-types/",
      "demo-output/",
      "sandbox-homes/",
    ],
  },
  ...tseslint.configs.strict,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    files: ["**/*.ts", "**/*.tsx", "**/*.mts"],
    rules: {
      // A promise nobody waits for hides the error that matters.
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      eqeqeq: "error",
      // Indexing typed arrays inside checked bounds is everyday work here.
      "@typescript-eslint/no-non-null-assertion": "off",
      // Hardhat and CommonJS-only packages.
      "@typescript-eslint/no-require-imports": "off",
    },
  },
  {
    // CommonJS, because TypeScript is not at hand where they run.
    files: ["**/*.cjs"],
    rules: { "@typescript-eslint/no-require-imports": "off" },
    languageOptions: { globals: { require: "readonly", module: "writable", __dirname: "readonly" } },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      // chai's `expect(x).to.be.true` is an expression.
      "@typescript-eslint/no-unused-expressions": "off",
    },
  },
  {
    // The command line and scripts are where printing belongs.
    files: ["src/**/*.ts", "app/**/*.ts", "app/**/*.tsx"],
    ignores: ["src/cli/**"],
    rules: { "no-console": "error" },
  },
);
