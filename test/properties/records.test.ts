import { expect } from "chai";
import fc from "fast-check";
import { buildBatch, type Provenance } from "../../src/batch";
import { concat, fromHex, toHex } from "../../src/bytes";
import { domain, leafHash, recordKey, recordSealer } from "../../src/commitment";
import { loadFastHashes } from "../../src/fast-hashes";
import { portableHashes, type Hashes } from "../../src/hashes";
import type { JsonValue } from "../../src/json";
import { treeProof } from "../../src/merkle";
import {
  isShown,
  leafOf,
  makeReceipt,
  parseEvidence,
  present,
  serialize,
  type Evidence,
} from "../../src/receipt";
import { loadType } from "../../src/types";
import { verify } from "../../src/verify";
import type { Situation } from "../support/forgeries";
import * as oracle from "../support/oracle";
import { RUNS } from "../support/runs";
import * as sample from "../support/samples";
import { loadVectors } from "../support/vectors";

const { situation } = loadVectors<{ situation: Situation }>("receipts");
const base = situation.evidence as unknown as Evidence;
const type = loadType(sample.TYPE);
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const text = fc.string({ unit: "grapheme", minLength: 1 });
const record = fc.record(
  {
    agencyCode: fc.constant(sample.AGENCY_CODE),
    permitNumber: text,
    holderName: text,
    holderNumber: text,
    feeCents: fc.nat(Number.MAX_SAFE_INTEGER),
    conditions: fc.array(text, { maxLength: 4 }),
    remark: text,
    备注: text,
  },
  {
    requiredKeys: ["agencyCode", "permitNumber", "holderName", "holderNumber", "feeCents"],
    noNullPrototype: true,
  },
) as fc.Arbitrary<Record<string, JsonValue>>;

describe("records", () => {
  let fast: Hashes;
  before(async () => (fast = await loadFastHashes()));

  it("have the oracle's commitment, key and leaf, with both kinds of hashes", () => {
    const hash = oracle.typeHash(sample.TYPE);
    fc.assert(
      fc.property(
        record,
        bytes32,
        bytes32,
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        (values, secret, previous, n) => {
          const expected = oracle.seal(hash, sample.NAMES, values as never, toHex(secret), toHex(previous));
          const place = oracle.domain(n, sample.REGISTRY);
          for (const hashes of [fast, portableHashes]) {
            const sealed = recordSealer(fromHex(hash), sample.NAMES, hashes)(values, secret, previous);
            expect(toHex(sealed)).to.equal(expected);
            const leaf = leafHash(
              { domain: domain(n, sample.REGISTRY, hashes), agencyId: n, typeId: n },
              secret,
              n,
              sealed,
              hashes,
            );
            expect(toHex(leaf)).to.equal(oracle.leaf(place, n, n, toHex(secret), n, expected));
          }
        },
      ),
      RUNS,
    );
  });

  it("have the oracle's key", () => {
    const value = fc.oneof(
      text,
      fc.integer().map((n) => n | 0),
      fc.boolean(),
    );
    fc.assert(
      fc.property(bytes32, fc.array(value, { minLength: 1, maxLength: 4 }), (key, values) => {
        fc.pre(values.every((v) => typeof v !== "string" || oracle.keyForm(v) !== ""));
        const ours = recordKey(key, sample.AGENCY_CODE, sample.TYPE_NAME, values, fast);
        expect(toHex(ours)).to.equal(
          oracle.recordKey(toHex(key), sample.AGENCY_CODE, sample.TYPE_NAME, values),
        );
      }),
      RUNS,
    );
  });

  it("go from batch to receipt to presentation to verdict, whatever is in them and whatever is hidden", () => {
    const place = { domain: domain(base.registry.chainId, base.registry.address), agencyId: 3, typeId: 2 };
    const inputs = fc.tuple(
      fc.uniqueArray(fc.tuple(record, bytes32), {
        minLength: 1,
        maxLength: 9,
        selector: ([, secret]) => toHex(secret),
      }),
      fc.nat(),
      fc.subarray(sample.NAMES),
    );
    fc.assert(
      fc.property(inputs, ([records, pick, show]) => {
        const seal = recordSealer(type.typeHash, sample.NAMES, fast);
        const leaves = records.map(([values, secret]) =>
          leafHash(place, secret, 1, seal(values, secret), fast),
        );
        const batch = buildBatch(
          concat(...leaves),
          sample.MANIFEST as unknown as Provenance,
          fromHex(sample.SECRET),
          fast,
        );
        const index = pick % batch.size;
        const [values, secret] = records[batch.order[index]!]!;
        const header = {
          ...base.batch,
          size: batch.size,
          root: toHex(batch.root),
          manifestHash: toHex(batch.manifestHash),
        };
        const receipt = makeReceipt(
          {
            registry: base.registry,
            batch: header,
            transaction: base.transaction,
            type,
            key: secret,
            version: 1,
            index,
            values,
            secret,
            proof: treeProof(batch.tree, index),
            show: sample.NAMES,
          },
          fast,
        );
        const shown = present(receipt, type, show, fast);
        expect(toHex(leafOf(shown))).to.equal(toHex(leaves[batch.order[index]!]!));
        expect(shown.record.fields.filter(isShown).map(({ name }) => name)).to.include.members(show);
        const read = parseEvidence(serialize(shown));
        expect(read.evidence).to.deep.equal(shown);

        const facts = {
          ...situation.facts,
          headerHash: oracle.headerHash(header as never),
          transaction: null,
        };
        const verdict = verify(
          { ...situation, types: [type], evidence: serialize(shown), facts } as never,
          fast,
        );
        expect(verdict.exitStatus).to.equal(show.includes("agencyCode") ? 0 : 2);
      }),
      RUNS,
    );
  });
});
