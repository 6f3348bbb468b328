import { expect } from "chai";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import { setCode, time } from "@nomicfoundation/hardhat-network-helpers";
import { ethers } from "hardhat";
import type { Relay } from "../../typechain-types";
import {
  AGENCY,
  EVIDENCE,
  FAR_FUTURE,
  MANIFEST,
  OTHER_AGENCY,
  Permission,
  REASON,
  Status,
  TYPE,
  ZERO,
  anchorBatch,
  batchIdOf,
  headerOf,
  nextEntry,
  previousOf,
  spans,
  testRecord,
  useWorld,
} from "../support/registry";
import type { OracleHeader, OracleRelayedCall } from "../support/oracle";
import { deploySafe } from "../support/safe";
import { loadVectors } from "../support/vectors";

interface Relayed {
  operator: string;
  agencyId: number;
  call: string;
  nonce: string;
  deadline: number;
}

const types = {
  RelayedCall: [
    { name: "operator", type: "address" },
    { name: "agencyId", type: "uint32" },
    { name: "call", type: "bytes" },
    { name: "nonce", type: "bytes32" },
    { name: "deadline", type: "uint64" },
  ],
};
const NONCE = ethers.id("nonce");

describe("the relay", () => {
  const world = useWorld();
  let relay: Relay;
  let header: OracleHeader;

  beforeEach(async () => {
    const { registry, stranger } = world();
    relay = (await ethers.getContractAt("Relay", await registry.relay(), stranger)) as unknown as Relay;
    ({ header } = await anchorBatch(world(), 40));
  });

  async function domainOf(changes: object = {}): Promise<object> {
    const { chainId } = await ethers.provider.getNetwork();
    return {
      name: "credit-anchor relay",
      version: "1",
      chainId,
      verifyingContract: await relay.getAddress(),
      ...changes,
    };
  }

  async function sign(
    signer: HardhatEthersSigner,
    relayed: Relayed,
    domainChanges: object = {},
  ): Promise<string> {
    return signer.signTypedData(await domainOf(domainChanges), types, relayed);
  }

  function withdrawal(changes: Partial<Relayed> = {}, index = 0): Relayed {
    const { registry, operator } = world();
    const call = registry.interface.encodeFunctionData("withdraw", [header, spans(index), REASON, EVIDENCE]);
    return {
      operator: operator.address,
      agencyId: AGENCY,
      call,
      nonce: NONCE,
      deadline: FAR_FUTURE,
      ...changes,
    };
  }

  async function anchoring(changes: Partial<Relayed> = {}): Promise<Relayed> {
    const { registry, operator, domain } = world();
    const { leaf } = testRecord(domain, "relayed");
    const previous = await previousOf(registry);
    const call = registry.interface.encodeFunctionData("anchorRoot", [
      AGENCY,
      TYPE,
      previous,
      1,
      leaf,
      MANIFEST,
    ]);
    return {
      operator: operator.address,
      agencyId: AGENCY,
      call,
      nonce: ZERO,
      deadline: FAR_FUTURE,
      ...changes,
    };
  }

  it("belongs to its registry and was made by it", async () => {
    const { registry } = world();
    expect(await relay.registry()).to.equal(await registry.getAddress());
    expect(await relay.getAddress()).to.equal(
      ethers.getCreateAddress({ from: await registry.getAddress(), nonce: 1 }),
    );
  });

  it("hashes what is signed as EIP-712 says", async () => {
    const call = withdrawal();
    expect(await relay.digestOf(call)).to.equal(ethers.TypedDataEncoder.hash(await domainOf(), types, call));
  });

  it("hashes the vectors as they say, at the addresses that they name", async () => {
    const here = Number((await ethers.provider.getNetwork()).chainId);
    const { calls } = loadVectors<{
      calls: {
        chainId: number;
        relay: string;
        relayed: OracleRelayedCall;
        digest: string;
        signature: string;
      }[];
    }>("relay");
    expect(new Set(calls.map(({ digest }) => digest))).to.have.property("size", calls.length);
    const code = await ethers.provider.getCode(relay);
    for (const { chainId, relay: address, relayed, digest, signature } of calls) {
      expect(ethers.recoverAddress(digest, signature).toLowerCase()).to.equal(relayed.operator);
      await setCode(address, code);
      const there = (await ethers.getContractAt("Relay", address)) as unknown as Relay;
      if (chainId === here) expect(await there.digestOf(relayed)).to.equal(digest);
      else expect(await there.digestOf(relayed), "of another chain").not.to.equal(digest);
    }
  });

  it("is no relay anywhere else: the registry takes a copy of it for any other caller", async () => {
    const { registry, operator, stranger } = world();
    const copy = ethers.Wallet.createRandom().address;
    await setCode(copy, await ethers.provider.getCode(relay));
    const call = withdrawal();
    const signature = await sign(operator, call, { verifyingContract: copy });
    const there = (await ethers.getContractAt("Relay", copy, stranger)) as unknown as Relay;
    await expect(there.relay(call, signature))
      .to.be.revertedWithCustomError(registry, "NotOperator")
      .withArgs(AGENCY, copy);
  });

  it("anchors for the operator who signed, whoever sends it", async () => {
    const { registry, operator, stranger } = world();
    const call = await anchoring();
    const sent = relay.relay(call, await sign(operator, call));
    await expect(sent).to.emit(relay, "Relayed").withArgs(operator.address, stranger.address, ZERO);
    const anchored = await headerOf(registry, sent);
    expect(anchored).to.include({ sequence: 1, operator: operator.address });
  });

  it("anchors by leaves and directly", async () => {
    const { registry, operator, domain } = world();
    const { key, commitment, leaf } = testRecord(domain, "direct");
    const leaves = registry.interface.encodeFunctionData("anchorLeaves", [
      AGENCY,
      TYPE,
      await previousOf(registry),
      [leaf],
      MANIFEST,
    ]);
    const first = await anchoring({ call: leaves });
    await relay.relay(first, await sign(operator, first));
    const direct = registry.interface.encodeFunctionData("anchorRecord", [
      AGENCY,
      TYPE,
      await previousOf(registry),
      key,
      1,
      commitment,
      MANIFEST,
    ]);
    const second = await anchoring({ call: direct });
    await relay.relay(second, await sign(operator, second));
    expect((await registry.latest(AGENCY, key)).version).to.equal(1);
  });

  it("carries every move of an operator, in its name", async () => {
    const { registry, operator, colleague } = world();
    const rest = [REASON, EVIDENCE] as const;
    const moves: [string, unknown[], HardhatEthersSigner, number, number][] = [
      ["withdraw", [spans(0), ...rest], operator, 0, Status.Withdrawn],
      ["repair", [spans(1), ...rest], operator, 1, Status.Repaired],
      ["revokeRepair", [spans(1), ...rest], operator, 1, Status.Active],
      ["supersede", [spans(2), [ethers.id("successor")], ...rest], operator, 2, Status.Superseded],
      ["setMarks", [spans(3), 16, ...rest], operator, 3, 16],
      ["clearMarks", [spans(3), 16, ...rest], operator, 3, 0],
      ["proposeErasure", [spans(4), ...rest], operator, 4, 0],
      ["confirmErasure", [spans(4), ...rest], colleague, 4, 8],
    ];
    for (const [name, args, signer, index, status] of moves) {
      const call = withdrawal({
        operator: signer.address,
        call: registry.interface.encodeFunctionData(name as "withdraw", [header, ...args] as never),
        nonce: ethers.id(name),
      });
      const receipt = (await (await relay.relay(call, await sign(signer, call))).wait())!;
      const log = receipt.logs.find((each) => each.address === registry.target)!;
      const event = registry.interface.parseLog(log)!;
      expect(event.args.getValue("actor"), name).to.equal(signer.address);
      expect(await registry.statusOf(batchIdOf(header), index), name).to.equal(status);
    }
  });

  it("returns what the registry returned", async () => {
    const { operator } = world();
    const call = await anchoring();
    const answer = await relay.relay.staticCall(call, await sign(operator, call));
    expect(BigInt(answer)).to.equal((BigInt(AGENCY) << 32n) + 1n);
  });

  describe("refuses", () => {
    async function expectInvalid(call: Relayed, signature: string): Promise<void> {
      await expect(relay.relay(call, signature))
        .to.be.revertedWithCustomError(relay, "InvalidSignature")
        .withArgs(call.operator);
    }

    it("a replay: a move by its nonce, an anchoring by what it builds on", async () => {
      const { registry, operator } = world();
      const move = withdrawal();
      const signature = await sign(operator, move);
      await relay.relay(move, signature);
      await expect(relay.relay(move, signature))
        .to.be.revertedWithCustomError(relay, "NonceUsed")
        .withArgs(operator.address, NONCE);
      const anchor = await anchoring();
      const signed = await sign(operator, anchor);
      const previous = await previousOf(registry);
      await relay.relay(anchor, signed);
      await expect(relay.relay(anchor, signed))
        .to.be.revertedWithCustomError(registry, "StalePrevious")
        .withArgs(AGENCY, await previousOf(registry), previous);
    });

    it("what was signed for another chain, another contract, or another version of the domain", async () => {
      const { operator, registry } = world();
      const call = withdrawal();
      for (const change of [
        { chainId: 1 },
        { verifyingContract: await registry.getAddress() },
        { name: "credit-anchor" },
        { version: "2" },
      ])
        await expectInvalid(call, await sign(operator, call, change));
    });

    it("what is late", async () => {
      const { operator } = world();
      const deadline = (await time.latest()) + 100;
      const call = withdrawal({ deadline });
      const signature = await sign(operator, call);
      await time.setNextBlockTimestamp(deadline + 1);
      await expect(relay.relay(call, signature))
        .to.be.revertedWithCustomError(relay, "DeadlinePassed")
        .withArgs(deadline, deadline + 1);
    });

    it("nothing in the last second of its time", async () => {
      const { operator } = world();
      const deadline = (await time.latest()) + 100;
      const call = withdrawal({ deadline });
      await time.setNextBlockTimestamp(deadline);
      await relay.relay(call, await sign(operator, call));
    });

    it("a call with any part altered after it was signed", async () => {
      const { operator, colleague, registry } = world();
      const call = withdrawal();
      const signature = await sign(operator, call);
      const other = withdrawal({}, 1).call;
      for (const change of [{ call: other }, { nonce: ethers.id("another") }, { deadline: FAR_FUTURE - 1 }])
        await expectInvalid({ ...call, ...change }, signature);
      await expectInvalid({ ...call, operator: colleague.address }, signature);
      await expect(relay.relay({ ...call, agencyId: OTHER_AGENCY }, signature))
        .to.be.revertedWithCustomError(relay, "AgencyMismatch")
        .withArgs(OTHER_AGENCY, AGENCY);
      expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(0);
    });

    it("a signature that is malformed, by somebody else, or the other of the two that an account could make", async () => {
      const { operator, stranger } = world();
      const call = withdrawal();
      const good = await sign(operator, call);
      const { r, s, v } = ethers.Signature.from(good);
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      const high = ethers.concat([r, ethers.toBeHex(order - BigInt(s), 32), v === 27 ? "0x1c" : "0x1b"]);
      for (const signature of [
        "0x",
        "0x00",
        good.slice(0, -2),
        `${good}00`,
        high,
        await sign(stranger, call),
      ])
        await expectInvalid(call, signature);
    });

    it("the zero account, which no signature recovers to", async () => {
      await expectInvalid(withdrawal({ operator: ethers.ZeroAddress }), `0x${"00".repeat(65)}`);
    });

    it("before the first second of a key's validity and from its end on, and uses nothing up by refusing", async () => {
      const { registry, administrator, stranger } = world();
      const from = (await time.latest()) + 1000;
      const until = from + 100;
      await registry
        .connect(administrator)
        .setOperator(AGENCY, stranger.address, Permission.both, from, until);
      const first = withdrawal({ operator: stranger.address });
      const signature = await sign(stranger, first);
      await time.setNextBlockTimestamp(from - 1);
      await expect(relay.relay(first, signature))
        .to.be.revertedWithCustomError(registry, "OperatorNotYetValid")
        .withArgs(AGENCY, stranger.address, from);
      expect(await relay.nonceUsed(stranger.address, NONCE)).to.equal(false);
      await time.setNextBlockTimestamp(from);
      await relay.relay(first, signature);
      expect(await relay.nonceUsed(stranger.address, NONCE)).to.equal(true);
      const [second, third] = [1, 2].map((index) =>
        withdrawal({ operator: stranger.address, nonce: ethers.id(`nonce ${index}`) }, index),
      ) as [Relayed, Relayed];
      await time.setNextBlockTimestamp(until - 1);
      await relay.relay(second, await sign(stranger, second));
      await time.setNextBlockTimestamp(until);
      await expect(relay.relay(third, await sign(stranger, third)))
        .to.be.revertedWithCustomError(registry, "OperatorExpired")
        .withArgs(AGENCY, stranger.address, until);
    });

    it("a key that was revoked, by the registry's own error, and keeps the nonce unused", async () => {
      const { registry, administrator, operator } = world();
      const call = withdrawal();
      const signature = await sign(operator, call);
      await registry.connect(administrator).revokeOperator(AGENCY, operator.address);
      await expect(relay.relay(call, signature))
        .to.be.revertedWithCustomError(registry, "OperatorIsRevoked")
        .withArgs(AGENCY, operator.address);
      expect(await relay.nonceUsed(operator.address, NONCE)).to.equal(false);
    });

    it("calls that are not an operator's: of administrators, of roles, views, and what is no call", async () => {
      const { registry, administrator, stranger } = world();
      const encode = (name: string, args: unknown[]): string =>
        registry.interface.encodeFunctionData(name as "pause", args as never);
      const calls = [
        encode("setOperator", [AGENCY, stranger.address, 3, 0, FAR_FUTURE]),
        encode("nameAdministrator", [AGENCY, stranger.address]),
        encode("declareCompromised", [AGENCY, stranger.address, 1]),
        encode("suspendAgency", [AGENCY, REASON]),
        encode("arbiterSetMarks", [header, spans(0), 16, REASON, EVIDENCE]),
        encode("agency", [AGENCY]),
        withdrawal().call.slice(0, 2 + 2 * 67),
        withdrawal().call.slice(0, 8),
        "0x",
      ];
      for (const call of calls) {
        const relayed = withdrawal({ operator: administrator.address, call });
        await expect(relay.relay(relayed, await sign(administrator, relayed)), call)
          .to.be.revertedWithCustomError(relay, "CallNotRelayed")
          .withArgs(`${call.slice(0, 10)}${"0".repeat(Math.max(0, 10 - call.length))}`);
      }
    });

    it("a nonce where none belongs, and none where one does", async () => {
      const { operator } = world();
      const anchor = await anchoring({ nonce: NONCE });
      await expect(relay.relay(anchor, await sign(operator, anchor)))
        .to.be.revertedWithCustomError(relay, "UnexpectedNonce")
        .withArgs(NONCE);
      const move = withdrawal({ nonce: ZERO });
      await expect(relay.relay(move, await sign(operator, move))).to.be.revertedWithCustomError(
        relay,
        "MissingNonce",
      );
    });

    it("everything while the registry is paused, withdrawals too, which the operator sends itself", async () => {
      const { registry, guardian, unpauser, operator } = world();
      const call = withdrawal();
      const signature = await sign(operator, call);
      await registry.connect(guardian).pause(REASON);
      await expect(relay.relay(call, signature)).to.be.revertedWithCustomError(relay, "RelayPaused");
      await registry.connect(operator).withdraw(header, spans(1), REASON, EVIDENCE);
      expect(await registry.statusOf(batchIdOf(header), 1)).to.equal(Status.Withdrawn);
      // What was signed is not lost by the pause.
      await registry.connect(unpauser).unpause(REASON);
      await relay.relay(call, signature);
      expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Status.Withdrawn);
    });

    it("what the operator took back", async () => {
      const { operator } = world();
      const call = withdrawal();
      const signature = await sign(operator, call);
      await expect(relay.connect(operator).cancelNonce(NONCE))
        .to.emit(relay, "NonceCancelled")
        .withArgs(operator.address, NONCE);
      expect(await relay.nonceUsed(operator.address, NONCE)).to.equal(true);
      await expect(relay.relay(call, signature))
        .to.be.revertedWithCustomError(relay, "NonceUsed")
        .withArgs(operator.address, NONCE);
      await expect(relay.connect(operator).cancelNonce(NONCE)).to.be.revertedWithCustomError(
        relay,
        "NonceUsed",
      );
      await expect(relay.connect(operator).cancelNonce(ZERO)).to.be.revertedWithCustomError(
        relay,
        "MissingNonce",
      );
      // One operator's nonces are not another's.
      const { colleague } = world();
      const own = withdrawal({ operator: colleague.address });
      await relay.relay(own, await sign(colleague, own));
    });
  });

  it("carries for the successor of an agency, and no more for the agency's own operators", async () => {
    const { registry, registrar, administrator, otherAdministrator, operator, otherOperator } = world();
    await registry.connect(administrator).nameSuccessor(AGENCY, OTHER_AGENCY);
    await registry.connect(otherAdministrator).acceptSuccession(AGENCY, OTHER_AGENCY);
    await registry.connect(registrar).succeedAgency(AGENCY, OTHER_AGENCY, REASON);
    const old = withdrawal();
    await expect(relay.relay(old, await sign(operator, old)))
      .to.be.revertedWithCustomError(registry, "NotOperator")
      .withArgs(OTHER_AGENCY, operator.address);
    const own = withdrawal({ operator: otherOperator.address });
    await relay.relay(own, await sign(otherOperator, own));
    expect(await registry.statusOf(batchIdOf(header), 0)).to.equal(Status.Withdrawn);
  });

  it("is the only one whose word on who acts counts", async () => {
    const { registry, operator, stranger } = world();
    const data = ethers.concat([withdrawal().call, operator.address]);
    await expect(stranger.sendTransaction({ to: await registry.getAddress(), data }))
      .to.be.revertedWithCustomError(registry, "NotOperator")
      .withArgs(AGENCY, stranger.address);
  });

  describe("for a contract wallet", () => {
    async function wallet(owner: HardhatEthersSigner): Promise<string> {
      const { registry, administrator } = world();
      const deployed = await ethers.deployContract("WalletMock", [owner.address]);
      const address = await deployed.getAddress();
      await registry.connect(administrator).setOperator(AGENCY, address, Permission.both, 0, FAR_FUTURE);
      return address;
    }

    it("asks the wallet by ERC-1271, and acts in its name", async () => {
      const { registry, stranger } = world();
      const operator = await wallet(stranger);
      const call = withdrawal({ operator });
      const entry = await nextEntry(registry);
      await expect(relay.relay(call, await sign(stranger, call)))
        .to.emit(registry, "StatusChanged")
        .withArgs(batchIdOf(header), Status.Withdrawn, operator, spans(0), REASON, EVIDENCE, entry);
    });

    it("takes a multisig at its word: two of three sign, one does not do", async () => {
      const { registry, administrator, stranger, clerk, anchorer } = world();
      const owners = [stranger, clerk, anchorer];
      const safe = await deploySafe(owners, 2);
      const { address: operator } = safe;
      await registry.connect(administrator).setOperator(AGENCY, operator, Permission.both, 0, FAR_FUTURE);
      const call = withdrawal({ operator });
      const digest = await relay.digestOf(call);
      for (const signature of [
        await safe.sign(digest, [stranger]),
        await safe.sign(digest, [stranger, administrator]),
        await safe.sign(await relay.digestOf({ ...call, deadline: FAR_FUTURE - 1 }), [stranger, clerk]),
        // An empty one would mean: already approved inside the multisig. It was not.
        "0x",
      ])
        await expect(relay.relay(call, signature))
          .to.be.revertedWithCustomError(relay, "InvalidSignature")
          .withArgs(operator);
      const entry = await nextEntry(registry);
      await expect(relay.relay(call, await safe.sign(digest, [clerk, anchorer])))
        .to.emit(registry, "StatusChanged")
        .withArgs(batchIdOf(header), Status.Withdrawn, operator, spans(0), REASON, EVIDENCE, entry);
      const anchor = await anchoring({ operator });
      const signature = await safe.sign(await relay.digestOf(anchor), [stranger, anchorer]);
      expect(await headerOf(registry, relay.relay(anchor, signature))).to.include({ sequence: 1, operator });
    });

    it("refuses what the wallet refuses, and a wallet that reverts, answers nothing or something else", async () => {
      const { administrator, stranger, registry } = world();
      const operator = await wallet(stranger);
      const call = withdrawal({ operator });
      await expect(relay.relay(call, await sign(administrator, call)))
        .to.be.revertedWithCustomError(relay, "InvalidSignature")
        .withArgs(operator);
      // The registry is a contract without isValidSignature: it reverts.
      const nobody = withdrawal({ operator: await registry.getAddress() });
      await expect(relay.relay(nobody, await sign(stranger, nobody)))
        .to.be.revertedWithCustomError(relay, "InvalidSignature")
        .withArgs(nobody.operator);
      const mock = await ethers.getContractAt("WalletMock", operator);
      for (const mode of [1, 2]) {
        await mock.setMode(mode);
        await expect(relay.relay(call, await sign(stranger, call)), `mode ${mode}`)
          .to.be.revertedWithCustomError(relay, "InvalidSignature")
          .withArgs(operator);
      }
    });
  });
});
