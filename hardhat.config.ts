import "@nomicfoundation/hardhat-chai-matchers";
import "@nomicfoundation/hardhat-ethers";
import "@typechain/hardhat";
import { config as loadEnv } from "dotenv";
import { availableParallelism } from "node:os";
import {
  TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD,
  TASK_TEST_GET_TEST_FILES,
} from "hardhat/builtin-tasks/task-names";
import { subtask, type HardhatUserConfig } from "hardhat/config";
import "solidity-coverage";
import { compiler } from "./src/deploy/compiler";
import { complain } from "./scripts/support/complain";
import { chosenNetwork, hardhatNetworks } from "./src/networks";

loadEnv({ quiet: true });

/**
 * The compiler is the npm package `solc`, pinned in package.json: compiling touches no network.
 * Another version in this file is an error, because Hardhat would otherwise download it.
 */
subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async (args: { solcVersion: string }) => {
  const version = (require("solc/package.json") as { version: string }).version;
  if (args.solcVersion !== version)
    throw new Error(
      `hardhat.config.ts asks for solc ${args.solcVersion}, package.json installs ${version}: make them equal`,
    );
  const longVersion = (require("solc") as { version(): string }).version();
  return { compilerPath: require.resolve("solc/soljson.js"), isSolcJs: true, version, longVersion };
});

/** Tests are the files that say so; beside them lie the programs that tests start and kill. */
subtask(TASK_TEST_GET_TEST_FILES, async (args, _hre, runSuper) =>
  ((await runSuper(args)) as string[]).filter((file) => file.endsWith(".test.ts")),
);

/** The networks of the environment; words instead of a stack when the chosen one is described badly. */
function networks(): ReturnType<typeof hardhatNetworks> {
  try {
    return hardhatNetworks(process.env, chosenNetwork(process.argv, process.env));
  } catch (error) {
    process.exit(complain(error));
  }
}

const config: HardhatUserConfig = {
  solidity: { version: compiler.version, settings: { ...compiler.settings } },
  networks: {
    // An opcode or a gas rule newer than London fails the tests.
    hardhat: { hardfork: "london", blockGasLimit: 100_000_000 },
    localhost: { url: process.env.LOCALHOST_RPC_URL || "http://127.0.0.1:8545" },
    ...networks(),
  },
  // Generous: tests that start, kill and wait for processes must not fail because a machine is busy. Files run side by
  // side (`npm test`), on a machine with few processors too: most tests wait for a process that they started.
  mocha: { timeout: 180_000, jobs: Math.max(2, availableParallelism()) },
  typechain: { outDir: "typechain-types", target: "ethers-v6" },
};

export default config;
