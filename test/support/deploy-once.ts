/** Deploys once, in a process of its own that a test may kill: `deploy-once.ts URL FOLDER KEY`. */
import { Wallet } from "ethers";

import { connectChain } from "../../src/chain";
import { compiler } from "../../src/deploy/compiler";
import { deployResumably } from "../../src/deploy/resumable";
import { localProfile } from "./deployments";

async function main([url, folder, key]: string[]): Promise<void> {
  const chain = await connectChain({ urls: [url!], pollMs: 10 });
  const signer = new Wallet(key!, chain.provider);
  await deployResumably({
    chain,
    signer,
    folder: folder!,
    profile: localProfile,
    compiler,
    sourceCommit: null,
  });
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
