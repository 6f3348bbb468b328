import { expect } from "chai";
import { confirmWithdrawn } from "../../src/cli/withdraw";
import type { CreditAnchorError } from "../../src/errors";
import type { Registry } from "../../src/registry-views";

describe("withdraw, when the move is over", () => {
  /** A registry that has this status for leaf 33 of any batch. */
  function registryWith(status: number): Registry {
    const answer = `0x${(BigInt(status) << 8n).toString(16).padStart(64, "0")}`;
    const chain = { call: async () => answer };
    return { address: `0x${"ab".repeat(20)}`, chain } as unknown as Registry;
  }
  const place = { agencyId: 1, sequence: 2, index: 33 };

  for (const status of [2, 2 + 8, 2 + 16])
    it(`believes status ${status} on the chain`, () => confirmWithdrawn(registryWith(status), place, "it"));

  for (const [status, now] of [
    [0, "Active"],
    [1, "Superseded"],
    [3, "Repaired"],
    [8, "Active, erased"],
    [7, "unknown"],
  ] as const)
    it(`says that it is not withdrawn when the chain has ${now}`, async () => {
      const error = await confirmWithdrawn(registryWith(status), place, "record 33").then(
        () => undefined,
        (thrown: CreditAnchorError) => thrown,
      );
      expect(error).to.include({ code: "withdraw.overtaken", exitStatus: 70 });
      expect(error!.message).to.contain(`record 33 is not withdrawn: its status on the chain is ${now}`);
    });
});
