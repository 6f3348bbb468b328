import type { CompilerInfo } from "./record";

/** How the contracts are compiled: hardhat.config.ts takes it from here, deployment records say it. */
export const compiler: CompilerInfo = {
  version: "0.8.30",
  settings: {
    // The oldest level we promise to run on: Besu, GoQuorum and FISCO BCOS all execute it.
    evmVersion: "paris",
    viaIR: true,
    optimizer: { enabled: true, runs: 200 },
  },
};
