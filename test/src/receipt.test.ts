import { expect } from "chai";
import { concat, fromHex, toHex } from "../../src/bytes";
import type { Header } from "../../src/commitment";
import type { CreditAnchorError } from "../../src/errors";
import type { JsonValue } from "../../src/json";
import {
  defaultShow,
  isShown,
  leafOf,
  makeReceipt,
  parseEvidence,
  present,
  readEvidence,
  serialize,
  type Evidence,
  type ReceiptInput,
} from "../../src/receipt";
import { portableHashes } from "../../src/hashes";
import { loadType } from "../../src/types";
import { verify, type VerifyRequest } from "../../src/verify";
import type { Situation } from "../support/forgeries";
import * as sample from "../support/samples";
import { loadVectors, withChange } from "../support/vectors";

const { situation } = loadVectors<{ situation: Situation }>("receipts");
const evidence = situation.evidence as unknown as Evidence;
const type = loadType(sample.TYPE);
const { record, secret, previous } = sample.versions()[1]!;

/** What a vault would hold for the receipt of the corpus. */
function input(changes: Partial<ReceiptInput> = {}): ReceiptInput {
  return {
    registry: evidence.registry,
    batch: evidence.batch,
    transaction: evidence.transaction,
    type,
    key: fromHex(evidence.record.key),
    version: 2,
    previous: fromHex(previous),
    index: evidence.record.index,
    values: record,
    secret: fromHex(secret),
    proof: evidence.proof.map((hash) => fromHex(hash)),
    show: defaultShow(type, false),
    ...changes,
  };
}

const shownIn = ({ record }: Evidence): string[] => record.fields.filter(isShown).map(({ name }) => name);
const request = (changed: unknown): VerifyRequest =>
  ({ ...situation, evidence: changed, types: [type] }) as unknown as VerifyRequest;
function refusalOf(call: () => unknown): CreditAnchorError {
  try {
    call();
  } catch (error) {
    return error as CreditAnchorError;
  }
  throw new Error("accepted");
}

describe("makeReceipt", () => {
  it("makes the receipt of the corpus", () => {
    expect(makeReceipt(input())).to.deep.equal(evidence);
    expect(verify(request(makeReceipt(input()))).exitStatus).to.equal(0);
  });

  it("shows P0 and P1 by default, P1 not of natural persons, and what the type always shows", () => {
    const everywhere = ["agencyCode", "conditions", "feeCents", "permitNumber", "validUntil", "备注"];
    expect(shownIn(makeReceipt(input()))).to.have.members([...everywhere, "holderName"]);
    expect(shownIn(makeReceipt(input({ show: defaultShow(type, true) })))).to.have.members(everywhere);
    expect(shownIn(makeReceipt(input({ show: [] })))).to.deep.equal(["validUntil"]);
    expect(shownIn(makeReceipt(input({ show: sample.NAMES })))).to.deep.equal(sample.NAMES);
  });

  it("verifies with any selection of fields shown that the issuer's check allows", () => {
    for (const show of [["agencyCode"], ["agencyCode", "holderNumber"], sample.NAMES])
      expect(verify(request(makeReceipt(input({ show })))).exitStatus).to.equal(0);
    expect(verify(request(makeReceipt(input({ show: [] })))).exitStatus, "issuer hidden").to.equal(2);
  });

  it("carries the type's document if asked", () => {
    const receipt = makeReceipt(input({ embedType: true }));
    expect(receipt.record.typeDocument).to.deep.equal(sample.TYPE);
    expect(verify({ ...request(receipt), types: [] }).exitStatus).to.equal(0);
  });

  it("refuses fields that the type does not have, and lists those it has", () => {
    const error = refusalOf(() => makeReceipt(input({ show: ["fee"] })));
    expect(error.code).to.equal("receipt.unknown-field");
    for (const name of sample.NAMES) expect(error.message).to.include(name);
    expect(refusalOf(() => makeReceipt(input({ values: { ...record, x: 1 } }))).code).to.equal(
      "receipt.unknown-field",
    );
  });

  it("hands out nothing that does not lead to the anchored root", () => {
    const wrong: Partial<ReceiptInput>[] = [
      { values: { ...record, feeCents: 1 } },
      { secret: fromHex(sample.bytesOf("another")) },
      { key: fromHex(sample.bytesOf("another")) },
      { version: 3 },
      { previous: fromHex(sample.bytesOf("another")) },
      { index: evidence.record.index ^ 1 },
      { proof: [] },
      { batch: { ...evidence.batch, root: sample.bytesOf("another") } },
      { batch: { ...evidence.batch, agencyId: 9 } },
      { registry: { ...evidence.registry, chainId: 9 } },
    ];
    for (const changes of wrong) {
      const error = refusalOf(() => makeReceipt(input(changes)));
      expect(error.code, Object.keys(changes)[0]).to.equal("receipt.self-check");
      expect(error.exitStatus).to.equal(70);
    }
  });

  it("makes the receipt of a first version, in a batch of one", () => {
    const first = sample.versions()[0]!;
    const alone = (root: string): Partial<ReceiptInput> => ({
      version: 1,
      previous: undefined as never,
      index: 0,
      values: first.record,
      secret: fromHex(first.secret),
      proof: [],
      batch: { ...evidence.batch, size: 1, sequence: 0, previous: `0x${"00".repeat(20)}`, root } as Header,
    });
    // The leaf is the root; leafOf needs some receipt to tell it.
    const leaf = leafOf({
      ...evidence,
      record: { ...makeFields(first), previous: `0x${"00".repeat(32)}`, version: 1 },
    } as Evidence);
    expect(makeReceipt(input(alone(toHex(leaf)))).record.version).to.equal(1);
  });

  function makeFields(version: sample.Version): Evidence["record"] {
    const names = sample.NAMES;
    const salts = portableHashes.shake256(
      concat(new TextEncoder().encode("credit-anchor/v1/salts"), fromHex(version.secret)),
      16 * names.length,
    );
    return {
      ...evidence.record,
      fields: names.map((name, i) => ({
        name,
        value: version.record[name] ?? null,
        salt: toHex(salts.slice(16 * i, 16 * i + 16)),
      })),
    };
  }
});

describe("present", () => {
  const receipt = makeReceipt(input({ show: sample.NAMES }));

  it("keeps the leaf whatever is hidden, and verifies", () => {
    const leaf = leafOf(receipt);
    for (let bits = 0; bits < 2 ** sample.NAMES.length; bits += 7) {
      const show = sample.NAMES.filter((_, i) => (bits & (1 << i)) !== 0);
      const shown = present(receipt, type, show);
      expect(leafOf(shown)).to.deep.equal(leaf);
      expect(shownIn(shown)).to.have.members([...new Set([...show, "validUntil"])]);
    }
    expect(verify(request(present(receipt, type, ["agencyCode"]))).exitStatus).to.equal(0);
  });

  it("leaves no trace of a hidden value or its salt", () => {
    const text = serialize(present(receipt, type, ["agencyCode"]));
    for (const field of receipt.record.fields.filter(isShown)) {
      if (field.name === "agencyCode" || field.name === "validUntil" || field.value === null) continue;
      expect(text, field.name).not.to.include(JSON.stringify(field.value));
      expect(text, field.name).not.to.include(field.salt);
    }
  });

  it("is a presentation, also of a presentation", () => {
    const once = present(receipt, type, ["agencyCode", "feeCents"]);
    expect(once.format).to.equal("credit-anchor/presentation");
    expect(present(once, type, ["feeCents"])).to.deep.equal(present(receipt, type, ["feeCents"]));
  });

  it("refuses to show what the receipt hides, and lists what it can show", () => {
    const error = refusalOf(() => present(evidence, type, ["holderNumber"]));
    expect(error.code).to.equal("present.hidden-field");
    for (const name of shownIn(evidence)) expect(error.message).to.include(name);
    expect(error.message).not.to.include("remark");
  });

  it("refuses to show what the type does not have, and lists what it has", () => {
    const error = refusalOf(() => present(receipt, type, ["holder"]));
    expect(error.code).to.equal("receipt.unknown-field");
    for (const name of sample.NAMES) expect(error.message).to.include(name);
  });

  it("refuses another type, and a broken receipt", () => {
    const foreign = withChange(receipt, "/record/typeHash", { value: sample.bytesOf("another") });
    expect(refusalOf(() => present(foreign, type, [])).code).to.equal("present.type");
    expect(refusalOf(() => present({} as Evidence, type, [])).code).to.equal("evidence.invalid");
  });

  it("leaves the receipt as it was", () => {
    const before = serialize(receipt);
    present(receipt, type, []);
    expect(serialize(receipt)).to.equal(before);
  });
});

describe("serialize and parseEvidence", () => {
  it("go there and back", () => {
    for (const each of [evidence, makeReceipt(input({ embedType: true })), present(evidence, type, [])])
      expect(parseEvidence(serialize(each))).to.deep.equal({ evidence: each, faults: [] });
  });

  it("name a value that has more levels than any record may have, or too many bytes", () => {
    const at = evidence.record.fields.findIndex(isShown);
    const path = `/record/fields/${at}`;
    const valued = (value: JsonValue): ReturnType<typeof parseEvidence> =>
      parseEvidence(JSON.stringify(withChange(evidence, `${path}/value`, { value })));
    const nested = (levels: number): JsonValue => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(valued(nested(63)).faults).to.deep.equal([]);
    expect(valued(nested(64)).faults.map((each) => [each.path, each.code])).to.deep.equal([
      [path, "canonical.depth"],
    ]);
    expect(valued("x".repeat(2 ** 24)).faults[0]).to.include({ path, code: "canonical.too-large" });
    const text = JSON.stringify(withChange(evidence, `${path}/value`, { value: nested(64) }));
    expect(verify({ ...request(evidence), evidence: text }).checks[0]).to.include({ code: "format.invalid" });
  });

  it("writes members in the documented order whatever order they came in", () => {
    const reverse = (value: unknown): unknown =>
      typeof value !== "object" || value === null
        ? value
        : Array.isArray(value)
          ? value.map(reverse)
          : Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([name, part]) => [name, reverse(part)]),
            );
    expect(serialize(reverse(evidence) as Evidence)).to.equal(serialize(evidence));
    expect(serialize(evidence).split("\n")[1]).to.equal('  "format": "credit-anchor/receipt",');
    expect(serialize(evidence).endsWith("}\n")).to.equal(true);
  });

  it("reports all faults at once, each with its place", () => {
    const changes: [string, { value?: unknown }, string][] = [
      ["/comment", { value: 1 }, "evidence.unknown-member"],
      ["/batch/size", { value: 0 }, "evidence.integer"],
      ["/batch/root", { value: "0xAB" }, "evidence.hex"],
      ["/record/key", {}, "evidence.missing-member"],
      ["/record/fields/0/name", { value: "" }, "evidence.text"],
      ["/proof", { value: {} }, "evidence.list"],
      ["/transaction", { value: [] }, "evidence.object"],
    ];
    const broken = changes.reduce((from, [path, change]) => withChange(from, path, change), evidence);
    const { faults } = parseEvidence(JSON.stringify(broken));
    expect(faults.map(({ path, code }) => [path, code])).to.have.deep.members(
      changes.map(([path, , code]) => [path, code]),
    );
  });

  it("refuses JSON that has two readings", () => {
    const text = serialize(evidence);
    expect(
      parseEvidence(text.replace('"formatVersion": 1,', '"formatVersion": 1, "formatVersion": 1,')).faults[0],
    ).to.include({
      path: "/formatVersion",
      code: "json.duplicate-name",
    });
    expect(
      parseEvidence(text.replace('"formatVersion": 1', '"formatVersion": 1.0')).faults[0]!.code,
    ).to.equal("json.not-integer");
    expect(parseEvidence(`${text}{}`).faults[0]!.code).to.equal("json.trailing");
    expect(parseEvidence("").faults[0]!.code).to.equal("json.incomplete");
  });

  it("reads a value as deep as a record may have it", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 63; i++) deep = [deep];
    const path = `/record/fields/${sample.NAMES.indexOf("conditions")}/value`;
    const changed = withChange(evidence, path, { value: deep });
    expect(parseEvidence(JSON.stringify(changed)).faults).to.deep.equal([]);
    expect(readEvidence(changed).faults).to.deep.equal([]);
  });

  it("quotes no value in a fault", () => {
    const changed = withChange(evidence, "/record/key", { value: "SECRET" });
    expect(JSON.stringify(parseEvidence(JSON.stringify(changed)))).not.to.include("SECRET");
  });
});
