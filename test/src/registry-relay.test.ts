import { expect } from "chai";
import { concat } from "ethers";
import { signerOf } from "../../src/home/signer";
import { parseRelayFile, relayFileText } from "../../src/relay-file";
import { describeCall, moveNonce, NO_NONCE, relayDigest, type RelayedCall } from "../../src/registry-relay";
import { failure } from "../support/failure";
import { bytesOf } from "../support/samples";
import { loadVectors } from "../support/vectors";
import { registryInterface } from "../../src/interfaces";

interface Vectors {
  privateKey: string;
  calls: { chainId: number; relay: string; relayed: RelayedCall; digest: string; signature: string }[];
}

describe("signed calls", () => {
  const vectors = loadVectors<Vectors>("relay");

  /** One of the vectors is of a call that is empty: it has a hash, and no relay carries it. */
  const carried = vectors.calls.filter(({ relayed }) => relayed.call !== "0x");

  it("have the hash and the signature of the vectors", async () => {
    const signer = signerOf(vectors.privateKey);
    expect(vectors.calls.length).to.be.greaterThan(1);
    for (const { chainId, relay, relayed, digest, signature } of vectors.calls) {
      expect(relayDigest(chainId, relay, relayed)).to.equal(digest);
      expect(await signer.signDigest(digest)).to.equal(signature);
      expect(signer.address).to.equal(relayed.operator);
    }
  });

  it("are told in words", () => {
    for (const { relayed } of carried) {
      const { agencyId, anchors, what } = describeCall(relayed.call);
      expect(agencyId).to.equal(relayed.agencyId);
      expect(anchors).to.equal(relayed.nonce === NO_NONCE);
      expect(what).to.match(
        anchors ? /^anchor a batch of \d+ records? of type 1 for agency 1/ : / of batch \d+ of agency 1: /,
      );
    }
  });

  it("are nothing that a relay does not carry, nor anything with more behind it", async () => {
    const [{ relayed }] = vectors.calls as [Vectors["calls"][number]];
    for (const call of [
      "0x",
      "0x12345678",
      registryInterface.encodeFunctionData("pause", [1]),
      registryInterface.encodeFunctionData("revokeOperator", [1, bytesOf("a", 20)]),
      concat([relayed.call, "0x00"]),
      relayed.call.slice(0, -2),
    ])
      expect((await failure(() => describeCall(call))).code).to.equal("relay.not-carried");
  });

  it("have one nonce for one move, and another for any other", () => {
    expect(moveNonce(3, "0x1234")).to.equal(moveNonce(3, "0x1234"));
    const others = [moveNonce(3, "0x1234"), moveNonce(4, "0x1234"), moveNonce(3, "0x1235")];
    expect(new Set(others).size).to.equal(3);
  });

  it("come back from their file as they were", () => {
    const transaction = { hash: bytesOf("h"), blockNumber: 7, blockHash: bytesOf("b") };
    const file = {
      chainId: 31337,
      registry: bytesOf("registry", 20),
      relay: vectors.calls[0]!.relay,
      calls: carried.map(({ relayed, signature }, n) => ({
        ...relayed,
        signature,
        ...(n === 0 ? { transaction } : {}),
      })),
    };
    expect(parseRelayFile(relayFileText(file), "x.json")).to.deep.equal(file);
  });
});
