import { expect } from "chai";
import { toHex } from "../../src/bytes";
import { canonical } from "../../src/canonical";
import { domain, headerHash, leafHash, recordSealer } from "../../src/commitment";
import { loadFastHashes } from "../../src/fast-hashes";
import { portableHashes } from "../../src/hashes";
import type { JsonValue } from "../../src/json";
import { makeReceipt, type Evidence } from "../../src/receipt";
import { loadType } from "../../src/types";
import {
  combine,
  dateInChina,
  parseStatus,
  verify,
  type Verdict,
  type VerifyRequest,
} from "../../src/verify";
import type { Case, Situation } from "../support/forgeries";
import { loadVectors, withChange } from "../support/vectors";

const { situation, passing, cases } = loadVectors<{
  situation: Situation;
  passing: Record<string, string>;
  cases: Case[];
}>("receipts");

function changed(path: string, change: { value?: unknown }): Situation {
  return withChange(situation, path, change);
}

function request(from: Situation, asText: boolean): VerifyRequest {
  const { evidence, types, ...rest } = from as unknown as VerifyRequest & { types: unknown[] };
  return {
    ...rest,
    evidence: asText ? JSON.stringify(evidence) : evidence,
    types: types.map((document) => loadType(document)),
  };
}

const results = (verdict: Verdict): Record<string, string> =>
  Object.fromEntries(verdict.checks.map(({ name, result, code }) => [name, `${result} ${code}`]));

describe("verify", () => {
  for (const { name, changes, exitStatus, inForce, checks } of cases)
    it(`decides as the corpus says: ${name}`, () => {
      const altered = changes.reduce(
        (from, { path, ...change }) => withChange(from, path, change),
        situation,
      );
      for (const asText of [true, false]) {
        const verdict = verify(request(altered, asText));
        expect(results(verdict)).to.deep.equal({ ...passing, ...checks });
        expect(verdict.exitStatus, "exit status").to.equal(exitStatus);
        expect(verdict.inForce, "in force").to.equal(inForce);
      }
    });

  it("has no path to success for a receipt with any leaf of it changed", () => {
    // The transaction is no part of the proof: without the node's word on it, it is a hint where to look.
    const ignored = /^\/transaction\/|^\/format$/;
    const places = leavesOf(situation.evidence).filter((path) => !ignored.test(path));
    expect(places.length).to.be.greaterThan(40);
    for (const path of places) {
      const verdict = verify(
        request(changed(`/evidence${path}`, { value: nudge(at(situation.evidence, path)) }), true),
      );
      expect(verdict.exitStatus, path).to.equal(1);
    }
  });

  it("gives nothing but what it says when a member is missing: every one is needed", () => {
    for (const path of leavesOf(situation.evidence)) {
      const verdict = verify(request(changed(`/evidence${path}`, {}), true));
      expect(verdict.exitStatus, path).to.equal(1);
    }
  });

  it("names each check once, in order", () => {
    const order = "format type integrity inclusion anchor issuer status freshness".split(" ");
    expect(verify(request(situation, true)).checks.map(({ name }) => name)).to.deep.equal(order);
    expect(
      verify({ ...request(situation, true), evidence: "?" }).checks.map(({ name }) => name),
    ).to.deep.equal(order);
  });

  it("tells what the evidence is about", () => {
    const { subject } = verify(request(situation, true));
    const { record, batch } = situation.evidence as {
      record: { key: string; index: number };
      batch: { root: string };
    };
    expect(subject).to.include({ agencyId: 3, batchId: "12884901892", version: 2, type: "example.permit" });
    expect(subject).to.include({ key: record.key, index: record.index, anchoredAt: 1780000000 });
    expect(subject!.leaf).to.match(/^0x[0-9a-f]{64}$/);
    expect(subject!.leaf).not.to.equal(batch.root);
  });

  it("spells out status and marks", () => {
    const verdict = verify(request(changed("/facts/statusByte", { value: 16 + 32 }), true));
    expect(verdict.status).to.deep.equal({
      status: "Active",
      erased: false,
      marks: ["Disputed", "UnderReview"],
    });
    expect(parseStatus(255)).to.equal(null);
    expect(parseStatus(0b11111011)).to.deep.equal({
      status: "Repaired",
      erased: true,
      marks: ["Disputed", "UnderReview", "RepairPending", "Masked"],
    });
  });

  describe("judges by the last day of a record", () => {
    const days: [string, string | undefined, string, boolean][] = [
      ["before it", "2026-06-02", "2026-06-01", true],
      ["on it", "2026-06-01", "2026-06-01", true],
      ["after it", "2026-05-31", "2026-06-01", false],
      ["long-term, as sources write it, for ever", "2099-12-31", "2100-01-01", true],
      ["the day before long-term is a date like others", "2099-12-30", "2100-01-01", false],
      ["none given", undefined, "9998-01-01", true],
    ];
    for (const [name, validUntil, today, inForce] of days)
      it(name, () => {
        const verdict = verify(alone(validUntil === undefined ? {} : { validUntil }, today));
        expect(verdict.inForce).to.equal(inForce);
        expect(verdict.exitStatus).to.equal(inForce ? 0 : 3);
      });
  });

  it("never quotes a value of the record", () => {
    const secret = "SECRET-OF-THE-RECORD";
    const names = ["holderName", "conditions", "feeCents", "validUntil", "agencyCode"];
    for (const name of names) {
      const { fields } = (situation.evidence as { record: { fields: { name: string }[] } }).record;
      const path = `/evidence/record/fields/${fields.findIndex((field) => field.name === name)}/value`;
      const verdict = verify(request(changed(path, { value: secret }), true));
      expect(JSON.stringify(verdict), name).not.to.include(secret);
    }
  });

  it("does not change its input", () => {
    const input = request(situation, false);
    const before = canonical(input.evidence);
    verify(input);
    expect(canonical(input.evidence)).to.deep.equal(before);
  });

  it("refuses to be called without trust or policy: that is no verdict", () => {
    for (const broken of [undefined, null, {}, { trust: [] }, { policy: {} }, { trust: {}, policy: {} }])
      expect(() => verify(broken as unknown as VerifyRequest))
        .to.throw()
        .with.property("code", "verify.request");
  });

  it("is the same with every implementation of the hashes", async () => {
    const fast = await loadFastHashes();
    expect(verify(request(situation, true), fast)).to.deep.equal(
      verify(request(situation, true), portableHashes),
    );
  });
});

describe("combine", () => {
  const verdicts = (...exits: (0 | 1 | 2 | 3)[]): Verdict[] =>
    exits.map((exitStatus) => ({ exitStatus, checks: [], inForce: null, status: null, subject: null }));

  it("takes the worst in the order 1, 2, 3, then 0", () => {
    expect(combine([]).exitStatus).to.equal(0);
    expect(combine(verdicts(0, 0)).exitStatus).to.equal(0);
    expect(combine(verdicts(0, 3)).exitStatus).to.equal(3);
    expect(combine(verdicts(3, 2, 0)).exitStatus).to.equal(2);
    expect(combine(verdicts(3, 2, 1)).exitStatus).to.equal(1);
  });

  const twin = (verdict: Verdict, change: object, checks = verdict.checks): Verdict => ({
    ...verdict,
    checks,
    subject: { ...verdict.subject!, ...change },
  });

  it("reports two anchored contents of one version of a record, and fails", () => {
    const one = verify(request(situation, true));
    const leaf = `0x${"12".repeat(32)}`;
    expect(combine([one, twin(one, { leaf })])).to.deep.equal({ exitStatus: 1, equivocations: [[0, 1]] });
  });

  it("takes neither copies nor other versions, records, agencies or registries for contradictions", () => {
    const one = verify(request(situation, true));
    const leaf = `0x${"12".repeat(32)}`;
    expect(combine([one, one]).equivocations).to.deep.equal([]);
    for (const change of [{ version: 3 }, { key: leaf }, { agencyId: 9 }, { chainId: 1 }, { registry: "0x" }])
      expect(
        combine([one, twin(one, { leaf, ...change })]).equivocations,
        JSON.stringify(change),
      ).to.deep.equal([]);
  });

  it("lets nobody accuse an agency with a file that was not found anchored", () => {
    const one = verify(request(situation, true));
    const forged = verify(request(changed("/facts/headerHash", { value: null }), true));
    expect(combine([one, twin(forged, { leaf: `0x${"12".repeat(32)}` })]).equivocations).to.deep.equal([]);
  });
});

describe("dateInChina", () => {
  it("changes the day at 16:00 UTC", () => {
    expect(dateInChina(Date.UTC(2026, 0, 31, 15, 59, 59) / 1000)).to.equal("2026-01-31");
    expect(dateInChina(Date.UTC(2026, 0, 31, 16) / 1000)).to.equal("2026-02-01");
    expect(dateInChina(0.5)).to.equal("1970-01-01");
  });

  it("refuses what is no time", () => {
    for (const value of [NaN, Infinity, -1, 1e15, "0" as unknown as number])
      expect(() => dateInChina(value))
        .to.throw()
        .with.property("code", "integer.invalid");
  });
});

/** A record in a batch of its own, anchored, with all fields shown. */
function alone(values: Record<string, JsonValue>, today: string): VerifyRequest {
  const [base, type] = [situation.evidence as unknown as Evidence, loadType(situation.types[0])];
  const names = type.fields.map(({ name }) => name);
  const all = { agencyCode: (situation.facts["agency"] as { code: string }).code, ...values };
  const [key, secret] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const place = { domain: domain(base.registry.chainId, base.registry.address), agencyId: 3, typeId: 2 };
  const required = { permitNumber: "1", holderName: "x", holderNumber: "y", feeCents: 0, ...all };
  const leaf = leafHash(place, key, 1, recordSealer(type.typeHash, names)(required, secret));
  const batch = { ...base.batch, size: 1, root: toHex(leaf) };
  const { registry, transaction } = base;
  const evidence = makeReceipt({
    ...{ registry, batch, transaction, type, key, secret, values: required, show: names },
    ...{ version: 1, index: 0, proof: [] },
  });
  const facts = { ...situation.facts, headerHash: toHex(headerHash(batch)) };
  return { ...request(situation, true), evidence, facts, policy: { today } } as VerifyRequest;
}

/** JSON pointers of all plain values of a document. */
function leavesOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, part]) => leavesOf(part, `${path}/${name}`));
}

function at(value: unknown, path: string): unknown {
  return path
    .split("/")
    .slice(1)
    .reduce((part, name) => (part as Record<string, unknown>)[name], value);
}

/** Another value of the same kind. */
function nudge(value: unknown): unknown {
  if (value === null) return "something";
  if (typeof value === "number") return value + 1;
  const text = value as string;
  if (!text.startsWith("0x")) return `${text}x`;
  return text.slice(0, -1) + (text.endsWith("0") ? "1" : "0");
}
