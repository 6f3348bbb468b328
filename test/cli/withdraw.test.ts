import { expect } from "chai";
import { confirmMoved } from "../../src/cli/move";
import type { CreditAnchorError } from "../../src/errors";
import type { Registry } from "../../src/registry-views";
import type { Plan, VaultReader } from "../../src/vault/vault";

describe("withdraw, when the move is over", () => {
  /** A registry that has this status for leaf 33 of any batch. */
  function registryWith(status: number): Registry {
    const answer = `0x${(BigInt(status) << 8n).toString(16).padStart(64, "0")}`;
    const chain = { call: async () => answer };
    return { address: `0x${"ab".repeat(20)}`, chain } as unknown as Registry;
  }
  const header = { agencyId: 1, sequence: 2 };
  const plan = { number: 5, agencyId: 1, slot: { sequence: 2 }, header } as unknown as Plan;
  const vault: Pick<VaultReader, "plan"> = { plan: () => plan };
  const withdraw = { verb: "withdraw", moves: [{ kind: "withdraw" as const }] };
  const confirm = (status: number) =>
    confirmMoved(registryWith(status), vault, withdraw, [{ plan: 5, index: 33 }]);

  for (const status of [2, 2 + 8, 2 + 16])
    it(`believes status ${status} on the chain`, () => confirm(status));

  for (const [status, now] of [
    [0, "Active"],
    [1, "Superseded"],
    [3, "Repaired"],
    [8, "Erased"],
    [7, "unknown"],
  ] as const)
    it(`says that it is not withdrawn when the chain has ${now}`, async () => {
      const error = await confirm(status).then(
        () => undefined,
        (thrown: CreditAnchorError) => thrown,
      );
      expect(error).to.include({ code: "move.overtaken", exitStatus: 70 });
      expect(error!.message).to.contain(`record 33 of batch 4294967298 is ${now} on the chain`);
    });
});
