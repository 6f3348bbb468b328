// Coverage compiles the contracts once more, instrumented. The typings of that build must not replace the committed
// ones, so they go where nobody looks.
module.exports = {
  skipFiles: ["mocks", "interfaces"],
  istanbulReporter: ["json", "text"],
  istanbulFolder: "./coverage",
  configureYulOptimizer: true,
  // Instrumented contracts run traced: ten times slower, and more on a busy machine.
  mocha: { timeout: 600_000 },
};
