import { expect } from "chai";
import { encodeBytes32String } from "ethers";
import { startAudit, type AuditReport } from "../../src/audit";
import { periodOf, type Period } from "../../src/audit/coverage";
import { buildTree, treeRoot } from "../../src/merkle";
import { portableHashes } from "../../src/hashes";
import { toHex } from "../../src/bytes";
import { coverageLines } from "../../src/cli/audit-coverage";
import { encodePositions } from "../../src/positions";
import type { Forger } from "../support/forger";
import { AGENCY, ALICE, BOB, OPERATOR, proposal, ready, registry, START, word } from "../support/forger";

const ONE = 1n << 32n;
const seconds = (time: string): number => Date.parse(time) / 1_000;

function audited(
  forger: Forger,
  period?: Period,
  more: (audit: ReturnType<typeof startAudit>) => void = () => {},
) {
  const audit = startAudit(registry, period === undefined ? {} : { period });
  audit.read(forger.logs, forger.blocks);
  more(audit);
  return audit.report({ number: 1_000, hash: word("block"), time: START + 1_000 }, ["node"]).coverage;
}

/** Every level must be the sum of the one below. */
function expectSums({ agencies, ...whole }: AuditReport["coverage"]): void {
  const sum = (all: readonly object[], name: string): number =>
    all.reduce((total, item) => total + (item as Record<string, number>)[name]!, 0);
  for (const name of ["batches", "records", "proven", "flagged"] as const) {
    expect(sum(agencies, name), name).to.equal(whole[name]);
    for (const agency of agencies) {
      expect(sum(agency.types, name), name).to.equal(agency[name]);
      for (const type of agency.types) expect(sum(type.periods, name), name).to.equal(type[name]);
    }
  }
  for (const { types } of agencies)
    for (const { records, statuses, timeliness } of types) {
      const { active, superseded, withdrawn, repaired } = statuses;
      expect(active + superseded + withdrawn + repaired).to.equal(records);
      expect(timeliness.onTime + timeliness.late + timeliness.notKnown).to.equal(records);
    }
}

describe("coverage of an audit", () => {
  it("counts in months, quarters and days of China", () => {
    const newYear = seconds("2026-01-01T00:00:00+08:00");
    expect(periodOf(newYear, "month")).to.equal("2026-01");
    expect(periodOf(newYear - 1, "month")).to.equal("2025-12");
    expect(periodOf(newYear - 1, "quarter")).to.equal("2025-Q4");
    expect(periodOf(newYear, "quarter")).to.equal("2026-Q1");
    expect(periodOf(newYear - 1, "day")).to.equal("2025-12-31");
    for (const [month, quarter] of [
      ["03", 1],
      ["04", 2],
      ["06", 2],
      ["07", 3],
      ["10", 4],
    ] as const)
      expect(periodOf(seconds(`2026-${month}-30T12:00:00Z`), "quarter")).to.equal(`2026-Q${quarter}`);
  });

  it("does not stumble over a time that no calendar knows", () => {
    expect(periodOf(seconds("9999-12-31T23:59:59+08:00"), "day")).to.equal("9999-12-31");
    expect(periodOf(seconds("9999-12-31T23:59:59+08:00") + 1, "day")).to.equal("beyond");
    expect(periodOf(Number.MAX_SAFE_INTEGER, "month")).to.equal("beyond");
    const coverage = audited(ready().batch(0, { anchoredAt: 2 ** 50 }));
    expect(coverage.agencies[0]!.types[0]!.periods.map(({ period }) => period)).to.deep.equal(["beyond"]);
  });

  it("counts by agency, type and period", () => {
    const later = seconds("2026-06-30T16:00:00Z");
    const forger = ready()
      .emit("AgencyAdmitted", { ...AGENCY, agencyId: 2, code: encodeBytes32String("second") })
      .batch(0)
      .batch(1, { anchoredAt: later, size: 2 })
      .batch(2, { anchoredAt: later - 1, size: 3 });
    forger.batch(0, { batchId: 2n << 32n, typeId: 7, operator: BOB, size: 5 });
    const coverage = audited(forger);
    expectSums(coverage);
    expect(coverage).to.deep.include({ batches: 4, records: 50, proven: 0, period: "month" });
    const [first, second] = coverage.agencies;
    expect(first).to.deep.include({ batches: 3, records: 45, withoutGap: true });
    const periods = first!.types[0]!.periods.map(({ period, batches, records }) => [
      period,
      batches,
      records,
    ]);
    expect(periods).to.deep.equal([
      ["2026-05", 1, 40],
      ["2026-06", 1, 3],
      ["2026-07", 1, 2],
    ]);
    expect(second!.types.map(({ typeId, name, records }) => [typeId, name, records])).to.deep.equal([
      [7, "", 5],
    ]);
    const quarters = audited(forger, "quarter");
    expectSums(quarters);
    expect(
      quarters.agencies[0]!.types[0]!.periods.map(({ period, records }) => [period, records]),
    ).to.deep.equal([
      ["2026-Q2", 43],
      ["2026-Q3", 2],
    ]);
  });

  it("says whose batches have a gap", () => {
    expect(audited(ready().batch(0).batch(1)).agencies[0]!.withoutGap).to.equal(true);
    expect(audited(ready().batch(0).batch(2)).agencies[0]!.withoutGap).to.equal(false);
    expect(
      audited(
        ready()
          .batch(0)
          .batch(1, { previous: `0x${"12".repeat(20)}` }),
      ).agencies[0]!.withoutGap,
    ).to.equal(false);
  });

  it("counts what became of records", () => {
    const forger = ready()
      .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 104 })
      .batch(0)
      .batch(1);
    forger
      .status("StatusChanged", { status: 2, positions: encodePositions([1, 33]) })
      .status("StatusChanged", { status: 3, positions: encodePositions([2]) })
      .status("RecordsSuperseded", { positions: encodePositions([3]), successors: [word("s")] })
      .status("MarksSet", { marks: 0x70, positions: encodePositions([3, 39]) })
      .status("MarksSet", { marks: 0x80, positions: encodePositions([4]) })
      .status("ErasureProposed", { proposal: proposal() })
      .status("RecordsErased", { actor: BOB });
    const coverage = audited(forger);
    expectSums(coverage);
    expect(coverage.statuses).to.deep.equal({
      active: 76,
      superseded: 1,
      withdrawn: 2,
      repaired: 1,
      erased: 1,
      disputed: 2,
      underReview: 2,
      repairPending: 2,
      masked: 1,
    });
  });

  it("counts as proven what was anchored directly, and batches whose leaves are given and fit", () => {
    const leaves = new Uint8Array(96).map((_, i) => i);
    const root = toHex(treeRoot(buildTree(leaves, portableHashes.keccak256)));
    const forger = ready().record(0, 1, undefined).batch(1, { size: 3, root }).batch(2);
    expect(audited(forger)).to.deep.include({ batches: 3, records: 44, proven: 1 });
    const withLeaves = audited(forger, "day", (audit) => audit.leaves(ONE + 1n, leaves));
    expect(withLeaves).to.deep.include({ batches: 3, records: 44, proven: 4, batchesWithLeaves: 2 });
    expectSums(withLeaves);
    expect(
      audited(forger, "day", (audit) =>
        audit.leaves(
          ONE + 1n,
          leaves.map((byte) => byte ^ 1),
        ),
      ).proven,
    ).to.equal(1);
  });

  it("does not count a direct batch that claims more than its one record as proven", () => {
    const forger = ready()
      .batch(0)
      .emit(
        "RecordAnchored",
        { batchId: ONE, recordKey: word("key"), version: 1, commitment: word("v1"), superseded: 0n },
        true,
      );
    expect(audited(forger)).to.deep.include({ records: 40, proven: 0 });
  });

  it("flags the batches of a window of compromise in their period", () => {
    const forger = ready()
      .batch(0)
      .batch(1)
      .emit("OperatorRevoked", { agencyId: 1, operator: ALICE })
      .emit("OperatorCompromised", { agencyId: 1, operator: ALICE, since: START + 105 }, true);
    const coverage = audited(forger);
    expectSums(coverage);
    expect(coverage.flagged).to.equal(1);
    expect(coverage.flaggedBatches).to.deep.equal([String(ONE + 1n)]);
  });

  it("counts records as on time, late, and not known where nobody judged them", () => {
    const coverage = audited(ready().batch(0).batch(1), "month", (audit) => {
      for (let n = 0; n < 5; n++)
        audit.published(ONE, n > 0 ? { onTime: 1, late: 0 } : { onTime: 0, late: 1 });
    });
    expectSums(coverage);
    expect(coverage.timeliness).to.deep.equal({ onTime: 4, late: 1, notKnown: 75 });
  });

  it("tells people, and not more periods than one wants to read", () => {
    const forger = ready();
    for (let n = 0; n < 14; n++)
      forger.batch(n, {
        anchoredAt: seconds(`2026-05-${String(n + 1).padStart(2, "0")}T12:00:00Z`),
        size: 1,
      });
    const lines = coverageLines(audited(forger, "day"));
    expect(lines).to.have.lengthOf(1 + 1 + 12);
    expect(lines[0]).to.equal(
      "agency 1   91110000TEST, Active: 14 batches without a gap, 14 records claimed, 0 proven",
    );
    expect(lines[1]).to.match(/ test\.type \(type 1\) +… +2 earlier periods: all of them with --json$/);
    expect(lines[2]).to.match(/2026-05-03 +1 batch +1 record claimed, 0 proven$/);
    expect(coverageLines(audited(ready().batch(1)))[0]).to.contain("1 batch WITH A GAP");
    const late = audited(ready().batch(0), "month", (audit) => audit.published(ONE, { onTime: 0, late: 1 }));
    expect(coverageLines(late)[1]).to.contain("40 records claimed, 0 proven, 1 LATE");
  });
});
