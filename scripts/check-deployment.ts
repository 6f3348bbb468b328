/**
 * Compares what deployments/NAME/ records with the chain: `npx hardhat run scripts/check-deployment.ts --network NAME`.
 *
 * Holders of roles are compared with the reviewed profile that NAME_PROFILE names, else with the one that was deployed.
 * Prints every comparison; exits 1 when one differs, 64 or 70 when it could not compare. Sends nothing, needs no key.
 */
import { join } from "node:path";
import hre from "hardhat";

import { compiler } from "../src/deploy/compiler";
import { checkDeployment } from "../src/deploy/check";
import { readRecords } from "../src/deploy/record";
import { complain } from "./support/complain";
import { commitHasOurCode, connectNetwork, deploymentsFolder, reviewedProfile } from "./support/network";

async function main(): Promise<number> {
  const records = readRecords(join(deploymentsFolder(hre), hre.network.name));
  const network = await connectNetwork(hre);
  try {
    const profile = reviewedProfile(hre);
    const checks = await checkDeployment(network.chain, records, {
      compiler,
      ...(profile === undefined ? {} : { profile }),
      commitHasOurCode: (commit) => commitHasOurCode(hre.config.paths.root, commit),
    });
    console.log(
      profile === undefined
        ? `who holds which role: as it was deployed, with profile ${records.manager.governance?.name}`
        : `who holds which role: as the reviewed profile ${profile.name} says`,
    );
    const width = Math.max(...checks.map((check) => check.name.length));
    for (const { name, holds, expected, found } of checks) {
      const word = { true: "ok     ", false: "DIFFERS", undefined: "-      " }[`${holds}`];
      const detail = holds === false ? `expected ${expected}, found ${found}` : found;
      console.log(`${word} ${name.padEnd(width)}  ${detail}`);
    }
    const count = (value: boolean | undefined): number =>
      checks.filter((check) => check.holds === value).length;
    console.log(`${count(true)} agree, ${count(false)} differ, ${count(undefined)} could not be compared`);
    return count(false) === 0 ? 0 : 1;
  } finally {
    await network.close();
  }
}

main().then(
  (status) => (process.exitCode = status),
  (error: unknown) => (process.exitCode = complain(error)),
);
