import { expect } from "chai";
import * as batch from "../../src/batch";
import * as bytes from "../../src/bytes";
import * as canonical from "../../src/canonical";
import * as commitment from "../../src/commitment";
import { CreditAnchorError } from "../../src/errors";
import type { Hashes } from "../../src/hashes";
import * as json from "../../src/json";
import * as merkle from "../../src/merkle";
import * as receipt from "../../src/receipt";
import { loadType } from "../../src/types";
import * as verify from "../../src/verify";
import type { Situation } from "../support/forgeries";
import { HOSTILE, HostileError } from "../support/hostile";
import * as sample from "../support/samples";
import { loadVectors } from "../support/vectors";

const { situation } = loadVectors<{ situation: Situation }>("receipts");
const evidence = situation.evidence as unknown as receipt.Evidence;
const type = loadType(sample.TYPE);
const version = sample.versions()[1]!;
const hash = bytes.fromHex(sample.bytesOf("hash"));
const leaves = bytes.concat(...sample.sortedLeaves(5).map((leaf) => bytes.fromHex(leaf)));
const digest = (data: Uint8Array): Uint8Array => new Uint8Array(32).fill(data.length);
/** No hash at all, and fast: nothing here looks at what comes out. */
const cheap: Hashes = {
  keccak256: digest,
  sha256: digest,
  shake256: (_, length) => new Uint8Array(length),
  hmacSha256: digest,
};
const tree = merkle.buildTree(leaves, digest);
const place = { domain: hash, agencyId: 1, typeId: 1 };
const provenance = sample.MANIFEST as unknown as batch.Provenance;
const input: receipt.ReceiptInput = {
  registry: evidence.registry,
  batch: evidence.batch,
  transaction: evidence.transaction,
  type,
  key: bytes.fromHex(evidence.record.key),
  version: 2,
  previous: bytes.fromHex(version.previous),
  index: evidence.record.index,
  values: version.record,
  secret: bytes.fromHex(version.secret),
  proof: evidence.proof.map((each) => bytes.fromHex(each)),
  show: [],
};
const request = { ...situation, types: [type] } as unknown as verify.VerifyRequest;
const seal = commitment.recordSealer(hash, ["a", "b"], cheap);

/** Function, and arguments with which it works. Each argument in turn is replaced by each hostile value. */
type Call = [string, (...args: never[]) => unknown, unknown[]];
const CALLS: Call[] = [
  ["toHex", bytes.toHex, [hash]],
  ["fromHex", bytes.fromHex, [sample.bytesOf("x")]],
  ["isHex", bytes.isHex, [sample.bytesOf("x")]],
  ["isInteger", (value: unknown) => bytes.isInteger(value, 0, 10), [1]],
  ["utf8", bytes.utf8, ["x"]],
  ["concat", bytes.concat, [hash, hash]],
  ["compareBytes", bytes.compareBytes, [hash, hash]],
  ["equalBytes", bytes.equalBytes, [hash, hash]],
  ["parseJson", json.parseJson, ["1"]],
  ["isObject", json.isObject, [{}]],
  ["canonical", (value: unknown) => canonical.canonical(value), [1]],
  ["canonical of a member", (value: unknown) => canonical.canonical({ a: [value] }), [1]],
  ["typeHash", (value: never) => commitment.typeHash(value, cheap), [sample.TYPE]],
  ["recordSalts", (a: never, b: never) => commitment.recordSalts(a, b, cheap), [hash, 1]],
  [
    "fieldDigest",
    (a: never, b: never, c: never) => commitment.fieldDigest(a, b, c, cheap),
    [hash.slice(0, 16), "a", 1],
  ],
  ["commitment", (a: never, b: never, c: never) => commitment.commitment(a, b, c, cheap), [hash, hash, hash]],
  ["recordSealer", (a: never, b: never) => commitment.recordSealer(a, b, cheap), [hash, ["a"]]],
  ["seal", seal, [{ a: 1 }, hash, hash]],
  ["seal a value", (value: never) => seal({ a: value }, hash), [1]],
  [
    "recordKey",
    (a: never, b: never, c: never, d: never) => commitment.recordKey(a, b, c, d, cheap),
    [hash, "A", "t", ["x"]],
  ],
  ["recordKey of a value", (value: never) => commitment.recordKey(hash, "A", "t", [value], cheap), ["x"]],
  ["keyForm", (text: never) => commitment.keyForm(text), ["x"]],
  ["domain", (a: never, b: never) => commitment.domain(a, b, cheap), [1, sample.REGISTRY]],
  [
    "leafHash",
    (a: never, b: never, c: never, d: never) => commitment.leafHash(a, b, c, d, cheap),
    [place, hash, 1, hash],
  ],
  ["manifestHash", (value: never) => commitment.manifestHash(value, cheap), [sample.MANIFEST]],
  ["keyCommitment", (value: never) => commitment.keyCommitment(value, cheap), [hash]],
  ["evidenceHash", (a: never, b: never) => commitment.evidenceHash(a, b, cheap), [hash, hash]],
  ["headerHash", (value: never) => commitment.headerHash(value, cheap), [evidence.batch]],
  ...members("headerHash", evidence.batch, (header) => commitment.headerHash(header as never)),
  ["batchId", commitment.batchId, [1, 0]],
  ["parseBatchId", commitment.parseBatchId, ["4294967296"]],
  ["buildTree", (value: never) => merkle.buildTree(value, digest), [leaves]],
  ["treeLeaf", (index: never) => merkle.treeLeaf(tree, index), [0]],
  ["treeProof", (index: never) => merkle.treeProof(tree, index), [0]],
  [
    "verifyProof",
    (a: never, b: never, c: never, d: never, e: never) => merkle.verifyProof(a, b, c, d, e, digest),
    [hash, 0, 2, [hash], hash],
  ],
  ["verifyProof of a hash", (value: never) => merkle.verifyProof(hash, 0, 2, [value], hash, digest), [hash]],
  ["proofLength", merkle.proofLength, [0, 2]],
  ["firstOutOfOrder", merkle.firstOutOfOrder, [leaves]],
  ["sortLeaves", batch.sortLeaves, [leaves]],
  [
    "buildBatch",
    (a: never, b: never, c: never) => batch.buildBatch(a, b, c, cheap),
    [leaves, provenance, hash],
  ],
  ["makeManifest", batch.makeManifest, [provenance, 1, hash]],
  ...members("makeManifest", provenance, (changed) => batch.makeManifest(changed as never, 1, hash)),
  ...members("makeReceipt", { ...input, type: undefined }, (changed) =>
    receipt.makeReceipt({ ...(changed as unknown as receipt.ReceiptInput), type }, cheap),
  ),
  ["parseEvidence", receipt.parseEvidence, [JSON.stringify(evidence)]],
  ["readEvidence", receipt.readEvidence, [evidence]],
  ...members("readEvidence", evidence, receipt.readEvidence),
  ...members("readEvidence record", evidence.record, (record) =>
    receipt.readEvidence({ ...evidence, record }),
  ),
  ["serialize", receipt.serialize, [evidence]],
  ["present", (a: never, b: never) => receipt.present(a, type, b), [evidence, ["feeCents"]]],
  ["present a field", (name: never) => receipt.present(evidence, type, [name]), ["feeCents"]],
  ["verify", (value: never) => verify.verify(value), [request]],
  ...members("verify", { ...request, types: [] }, (changed) => verify.verify(changed as never)),
  ["verify a value", verifyValue, [1]],
  ["dateInChina", verify.dateInChina, [0]],
  ["parseStatus", verify.parseStatus, [0]],
];

/** A call for each member of an object that a function takes. */
function members(name: string, object: object, call: (changed: object) => unknown): Call[] {
  return Object.entries(object).map(([member, value]): Call => {
    return [`${name} ${member}`, (hostile: never) => call({ ...object, [member]: hostile }), [value]];
  });
}

/** A field of every kind of value inside a receipt that is otherwise whole. */
function verifyValue(value: unknown): unknown {
  const fields = evidence.record.fields.map((field) =>
    field.name === "feeCents" ? { ...field, value } : field,
  );
  return verify.verify({
    ...request,
    evidence: { ...evidence, record: { ...evidence.record, fields } },
  } as never);
}

describe("hostile values", () => {
  for (const [name, call, valid] of CALLS)
    it(`meet ${name}, and get a coded refusal or a valid answer`, () => {
      for (let position = 0; position < valid.length; position++)
        for (const [label, make] of HOSTILE) {
          const args = valid.with(position, make());
          try {
            call(...(args as never[]));
          } catch (error) {
            if (error instanceof HostileError) continue;
            expect(error, `${label} as argument ${position}: ${String(error)}`).to.be.instanceOf(
              CreditAnchorError,
            );
            expect((error as CreditAnchorError).code).to.match(/^[a-z]+\.[a-z-]+$/);
          }
        }
    });

  it("never make a verdict of success", () => {
    for (const [label, make] of HOSTILE) {
      expect(verify.verify({ ...request, evidence: make() }).exitStatus, label).to.equal(1);
      const verdict = verifyValue(make()) as verify.Verdict;
      expect(verdict.exitStatus, label).to.equal(1);
    }
  });

  it("meet readers of files that never throw", () => {
    for (const [label, make] of HOSTILE) {
      for (const read of [receipt.parseEvidence, receipt.readEvidence]) {
        const result = read(make() as string);
        expect(result.evidence, label).to.equal(undefined);
        expect(result.faults, label).not.to.deep.equal([]);
      }
    }
  });

  it("leave the prototypes of everybody else alone", () => {
    for (const name of ["format", "polluted", "a"]) expect(name in {}).to.equal(false);
  });
});
