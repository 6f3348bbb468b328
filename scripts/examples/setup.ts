import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEther, Wallet } from "ethers";
import hre from "hardhat";

import { toHex } from "../../src/bytes";
import { deployRegistry } from "../../src/deployment";
import { createHome, type Home, type HomeSigner } from "../../src/home";
import { admitAgency, admitType, setOperator } from "../../src/registry-admin";
import { openRegistry, type Registry } from "../../src/registry-views";
import { operatorPermission } from "../../src/roles";
import { sampleAgencyCode } from "../../src/samples";
import { type RecordType, shippedTypes } from "../../src/types";
import { complain } from "../support/complain";
import { connectNetwork } from "../support/network";

/** What an agency has before it anchors its first record. */
export interface Example {
  readonly registry: Registry;
  readonly home: Home;
  readonly signer: HomeSigner;
  readonly agencyId: number;
  readonly agencyCode: string;
  readonly type: RecordType;
  readonly typeId: number;
  /** For files of the example; removed at the end. */
  readonly folder: string;
}

/**
 * Deploys a registry to the network of `--network` (default: the chain inside Hardhat), admits the type `cn.licence` and
 * an agency, and runs an example there. One new key does everything; the network's first account pays for it.
 */
export async function runExample(example: (world: Example) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "credit-anchor-example-"));
  const network = await connectNetwork(hre);
  try {
    const key = Wallet.createRandom(network.chain.provider);
    const payer = await network.signer();
    await (await payer.sendTransaction({ to: key.address, value: parseEther("1") })).wait();
    const deployed = await deployRegistry(key, { grants: { registrar: [key.address] } });
    const registry = await openRegistry(network.chain, await deployed.registry.getAddress());
    await example(await admit(registry, key.privateKey, folder));
  } catch (error) {
    process.exitCode = complain(error);
  } finally {
    await network.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function admit(registry: Registry, privateKey: string, folder: string): Promise<Example> {
  const agencyCode = sampleAgencyCode(1);
  const settings = { agency: { code: agencyCode } };
  const home = await createHome(join(folder, "home"), { trial: true, privateKey, settings });
  const signer = await home.signer();
  const actor = { registry, signer };
  const type = shippedTypes().get("cn.licence")!;
  const typeHash = toHex(type.typeHash);
  const { typeId } = await admitType(actor, { typeHash, name: type.name, personal: type.personal === true });
  const keyCommitment = home.settings.agency!.keyCommitment!;
  const agency = { code: agencyCode, administrator: signer.address, keyCommitment };
  const { agencyId } = await admitAgency(actor, agency);
  const validUntil = (await registry.chain.block("latest"))!.time + 365 * 86_400;
  const permissions = operatorPermission.anchor | operatorPermission.status;
  await setOperator(actor, { agencyId, account: signer.address, permissions, validFrom: 0, validUntil });
  return { registry, home, signer, agencyId, agencyCode, type, typeId, folder };
}
