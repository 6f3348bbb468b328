/**
 * Deploys the registry and hands out its roles: `npx hardhat run scripts/deploy.ts --network NAME`.
 *
 * NAME is `hardhat`, `localhost` or a network described in .env (see .env.example). Run it again after anything went
 * wrong: it continues where it stopped, and does nothing when everything is as it should be. What was deployed is
 * recorded in deployments/NAME/ and should be committed.
 */
import { counted } from "../src/counted";
import { join } from "node:path";
import hre from "hardhat";

import { compiler } from "../src/deploy/compiler";
import { checkDeployment } from "../src/deploy/check";
import { readProfile } from "../src/deploy/profile";
import { deployResumably } from "../src/deploy/resumable";
import { complain } from "./support/complain";
import { commitHasOurCode, connectNetwork, deploymentsFolder, sourceCommit } from "./support/network";

async function main(): Promise<number> {
  const network = await connectNetwork(hre);
  try {
    const { root } = hre.config.paths;
    const profile = readProfile(join(deploymentsFolder(hre), "profiles", `${network.settings.profile}.json`));
    const { sent, ...records } = await deployResumably({
      chain: network.chain,
      signer: await network.signer(),
      folder: join(deploymentsFolder(hre), network.name),
      profile,
      compiler,
      sourceCommit: sourceCommit(root),
      fees: network.settings.gas,
      startOver: network.throwAway,
      log: (line) => console.log(line),
    });
    const checks = await checkDeployment(network.chain, records, {
      profile,
      commitHasOurCode: (commit) => commitHasOurCode(root, commit),
    });
    const differences = checks.filter((check) => check.holds === false);
    for (const { name, expected, found } of differences)
      console.error(`${name}: expected ${expected}, found ${found}`);
    console.log(
      sent === 0 ? "everything was there already, nothing sent" : `${counted(sent, "transaction")} sent`,
    );
    console.log(
      `registry ${records.registry.address} on chain ${network.chain.chainId}, recorded in deployments/${network.name}`,
    );
    return differences.length === 0 ? 0 : 1;
  } finally {
    await network.close();
  }
}

main().then(
  (status) => (process.exitCode = status),
  (error: unknown) => (process.exitCode = complain(error)),
);
