import type { ContractRunner } from "ethers";
import { isCodeOf } from "../../src/deploy/code";
import type { SignOffsPlace } from "../../src/audit/sign-offs";
import {
  SignOffs__factory,
  type CreditRegistry,
  type ISignOffs,
  type RegistryAuthority,
  type SignOffs,
} from "../../typechain-types";

export const REPORT_HASH = `0x${"5e".repeat(32)}`;

/** A contract for sign-offs of a registry, made by whoever its runner is. */
export async function deploySignOffs(registry: CreditRegistry): Promise<SignOffs> {
  const made = await new SignOffs__factory(registry.runner as never).deploy(await registry.getAddress());
  return made.waitForDeployment();
}

/** What an auditor states that looked at the latest block, or lies about it. */
export async function statementNow(
  registry: CreditRegistry,
  authority: RegistryAuthority,
  lies: Partial<ISignOffs.StatementStruct> = {},
): Promise<ISignOffs.StatementStruct> {
  const block = (await (registry.runner as ContractRunner).provider!.getBlock("latest"))!;
  const at = { blockTag: block.number };
  const [journal, roles] = [await registry.journal(at), await authority.journal(at)];
  return {
    journalLength: journal[0],
    journalHead: journal[1],
    rolesLength: roles[0],
    rolesHead: roles[1],
    blockNumber: block.number,
    blockHash: block.hash!,
    reportHash: REPORT_HASH,
    outcome: 0,
    ...lies,
  };
}

/** As an audit is told of it. */
export async function placeOf(
  signOffs: SignOffs,
  registry: CreditRegistry,
  chainId: number,
): Promise<SignOffsPlace> {
  const address = (await signOffs.getAddress()).toLowerCase();
  const placed = {
    contract: "SignOffs",
    chainId,
    address,
    arguments: [(await registry.getAddress()).toLowerCase()],
  } as const;
  return { address, isCode: (code) => isCodeOf(placed, code) };
}
