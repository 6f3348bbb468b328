import { expect } from "chai";
import { ZeroHash } from "ethers";
import type { AuditReport, ClockFinding } from "../../src/audit";
import { auditRegistry } from "../../src/audit/gather";
import { compareVault } from "../../src/audit/vault";
import { toHex } from "../../src/bytes";
import { describe as describeReport } from "../../src/cli/audit";
import { keyCommitment } from "../../src/commitment";
import { policyRefs } from "../../src/docket";
import { portableHashes } from "../../src/hashes";
import { dateInChina, DEFAULT_AUTHORITIES, loadPolicySet, type PolicySet } from "../../src/policy";
import { encodePositions } from "../../src/positions";
import { execute, registryCall } from "../../src/registry";
import {
  admitAgency,
  admitType,
  changeMarks,
  confirmErasure,
  proposeErasure,
  setOperator,
} from "../../src/registry-admin";
import { sampleUscc } from "../../src/samples";
import { shippedTypes } from "../../src/types/shipped";
import type { NewMove } from "../../src/vault/vault";
import type { LmdbVault } from "../../src/vault/writer";
import { startAnvil, type TestChain } from "../support/chains";
import { agencyKey, plan, removeFolders, type Row } from "../support/homes";
import { anchor, homeOf, startWorld, type World } from "../support/world";

const AGENCY = sampleUscc("11", "310000", 4711);
const PARTY = sampleUscc("91", "310000", 4712);
/** The last and the first second of a day in China. */
const endOf = (date: string): number => Date.parse(`${date}T23:59:59+08:00`) / 1000;
const startOf = (date: string): number => Date.parse(`${date}T00:00:00+08:00`) / 1000;

/** Dates and holidays are those of 2026 as they are shipped: the chain runs in that year. */
describe("time limits of the law in an audit", function () {
  let node: TestChain;
  let world: World;
  let vault: LmdbVault;
  let snapshot: unknown;
  const typeIds = new Map<string, number>();

  before(async () => {
    node = await startAnvil("--timestamp", String(startOf("2026-03-02")));
    const base = await startWorld(node);
    const ndrc = { registry: base.registry, signer: base.ndrc };
    const { agencyId } = await admitAgency(ndrc, {
      code: AGENCY,
      administrator: base.administrator.address,
      keyCommitment: toHex(keyCommitment(agencyKey)),
    });
    for (const { address } of base.operators)
      await setOperator(
        { registry: base.registry, signer: base.administrator },
        { agencyId, account: address, permissions: 3, validFrom: 0, validUntil: 4_000_000_000 },
      );
    for (const name of ["cn.penalty", "cn.licence"]) {
      const typeHash = toHex(shippedTypes().get(name)!.typeHash);
      typeIds.set(name, (await admitType(ndrc, { typeHash, name, personal: false })).typeId);
    }
    world = { ...base, agencyId };
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    vault = await (await homeOf(world)).writeVault({ command: "test" });
  });
  afterEach(async () => {
    await vault.close();
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await node.stop();
  });

  // ------------------------------------------------------------------ what an agency does

  const nextBlockAt = (seconds: number): Promise<unknown> => node.rpc("evm_setNextBlockTimestamp", seconds);
  const mineAt = async (seconds: number): Promise<void> => {
    await nextBlockAt(seconds);
    await node.rpc("evm_mine");
  };
  const finish = (): Promise<unknown> =>
    anchor(world, vault, { settings: { agencyId: world.agencyId } as never });

  const decision = (n: number, decidedOn: string, more: Row = {}): Row => ({
    agencyCode: AGENCY,
    agencyName: "示例市场监管局",
    documentNumber: `T-${n}`,
    partyName: "示例有限公司",
    partyUscc: PARTY,
    content: "示例",
    decidedOn,
    ...more,
  });
  /** General under Order 36: three months before repair. */
  const penalty = (n: number, decidedOn: string): Row =>
    decision(n, decidedOn, { penaltyKind: "没收违法所得" });

  async function anchorAt(
    seconds: number,
    type: "cn.penalty" | "cn.licence",
    rows: readonly Row[],
    policies: PolicySet | undefined = loadPolicySet(),
  ): Promise<void> {
    await plan(vault, rows, {
      agencyCode: AGENCY,
      target: {
        registry: { chainId: world.chain.chainId, address: world.registry.address },
        agencyId: world.agencyId,
        typeId: typeIds.get(type)!,
        type: shippedTypes().get(type)!,
        mode: "root",
        ...(policies === undefined ? {} : { policies: policyRefs(policies) }),
      },
    });
    await nextBlockAt(seconds);
    await finish();
  }

  async function moveAt(
    seconds: number,
    kind: NewMove["kind"],
    more: Partial<NewMove> & { readonly dates?: Record<string, string> } = {},
  ): Promise<void> {
    vault.planMove({
      kind,
      plan: 0,
      after: 0,
      positions: [0],
      reason: 0,
      evidenceHash: ZeroHash,
      ...more,
    });
    await nextBlockAt(seconds);
    await finish();
  }

  // ------------------------------------------------------------------ what an audit says of it

  async function audited(
    options: {
      policies?: PolicySet;
      /** Whether the vault is compared too. */
      vault?: boolean;
      /** Whose rules everybody follows; undefined: the chain does not tell. */
      authorities?: readonly string[];
      threads?: number;
    } = {},
  ): Promise<AuditReport> {
    const { policies = loadPolicySet(), authorities, threads = 0 } = options;
    const report = await auditRegistry({
      chain: world.chain,
      registry: world.registry.address,
      fromBlock: 0,
      rules: { policies, authoritiesOf: () => authorities },
      ...(options.vault === false
        ? {}
        : {
            compare: async (audit, { time }) =>
              void (await compareVault(audit, {
                vault,
                hashes: portableHashes,
                records: true,
                clocks: { policies, on: dateInChina(time) },
                ...{ threads, portion: 1 },
              })),
          }),
    });
    expect(report.differences, "the law is no difference").to.deep.equal([]);
    return report;
  }
  const findings = async (options: Parameters<typeof audited>[0] = {}): Promise<readonly ClockFinding[]> =>
    (await audited(options)).clocks!.findings;
  const brief = (all: readonly ClockFinding[]) =>
    all.map(({ code, clock, due, happened, days, onlyIf }) => [
      code,
      clock,
      due,
      happened,
      days,
      ...(onlyIf.length === 0 ? [] : [onlyIf.join(" and ")]),
    ]);
  const unchecked = (report: AuditReport) => report.notChecked.map(({ code, count }) => [code, count]);

  describe("publication", () => {
    // 28, 29, 30 April, then the holiday of May Day, 6, 7, 8 May, and Saturday the 9th, on which people work.
    it("on the seventh working day is in time, until its last second", async () => {
      await anchorAt(endOf("2026-05-09"), "cn.licence", [decision(1, "2026-04-27")]);
      const report = await audited();
      expect(report.clocks!.findings).to.deep.equal([]);
      expect(report.clocks!.judged).to.deep.equal([
        {
          ...{ agencyId: world.agencyId, recordType: "cn.licence", clock: "publication.limit" },
          ...{ kept: 1, late: 0, overdue: 0, early: 0, running: 0, unknown: 0 },
        },
      ]);
      expect(report.coverage.timeliness).to.deep.equal({ onTime: 1, late: 0, notKnown: 0 });
      expect(describeReport(report).join("\n")).to.contain("1 judged as of 2026-05-09: 0 time limits missed");
    });

    it("on the eighth working day is late, with article and arithmetic, and nothing of the record", async () => {
      await anchorAt(startOf("2026-05-11"), "cn.licence", [
        decision(1, "2026-04-27"),
        decision(2, "2026-04-27"),
        decision(3, "2026-04-30"),
      ]);
      const report = await audited();
      const [late, ...others] = report.clocks!.findings;
      expect(others).to.deep.equal([]);
      expect(late).to.deep.include({
        code: "clock.late",
        clock: "publication.limit",
        what: "publish the decision",
        records: 2,
        recordType: "cn.licence",
        policy: "double-publicity@1",
        certainty: "sure",
        from: { event: "decided", date: "2026-04-27" },
        due: "2026-05-09",
        happened: "2026-05-11",
        days: 2,
        onlyIf: [],
        evidence: "vault",
      });
      expect(late!.article).to.contain("国发〔2016〕33号");
      expect(late!.arithmetic.join("\n")).to.contain("7. 2026-05-09");
      const [place, ...elsewhere] = late!.places;
      expect(elsewhere).to.deep.equal([]);
      expect(place!.where).to.include({ agencyId: world.agencyId, index: place!.positions[0]!.first });
      expect(report.coverage.timeliness).to.deep.equal({ onTime: 1, late: 2, notKnown: 0 });
      expect(JSON.stringify(report.clocks)).to.not.match(/T-1|示例|91310000/);
      const text = describeReport(report).join("\n");
      expect(text)
        .to.contain("late: 2 records of agency")
        .and.to.contain("due 2026-05-09, 2026-05-11, 2 days after");
    });

    it("of the same day in two batches is told once, with both places", async () => {
      for (const n of [1, 2])
        await anchorAt(startOf("2026-05-11") + n, "cn.licence", [decision(n, "2026-04-27")]);
      const [late, ...others] = await findings();
      expect(others).to.deep.equal([]);
      expect(late!.records).to.equal(2);
      expect(late!.places.map(({ where }) => BigInt(where.batchId!) & 0xffffffffn)).to.deep.equal([0n, 1n]);
      expect(await findings({ threads: 2 }), "two threads, a batch each").to.deep.equal([late]);
      const text = describeReport(await audited()).join("\n");
      expect(text).to.match(/late: 2 records of agency .* \(batch .*; batch /);
    });

    it("of a correction is no new publication", async () => {
      await anchorAt(endOf("2026-04-28"), "cn.penalty", [penalty(1, "2026-04-27")]);
      await anchorAt(endOf("2026-06-01"), "cn.penalty", [{ ...penalty(1, "2026-04-27"), content: "更正" }]);
      const report = await audited();
      expect(report.clocks!.findings).to.deep.equal([]);
      expect(report.clocks!.judged.map(({ kept }) => kept)).to.deep.equal([1]);
    });

    it("cannot be judged without the vault, which is said", async () => {
      await anchorAt(startOf("2026-05-11"), "cn.licence", [decision(1, "2026-04-27")]);
      const report = await audited({ vault: false });
      expect(report.clocks!.findings).to.deep.equal([]);
      expect(unchecked(report)).to.deep.include(["clock.publication", 1]);
      expect(unchecked(await audited()).map(([code]) => code)).to.not.include("clock.publication");
    });
  });

  describe("repair", () => {
    it("on the first day after its minimum is fine, and a day before it is early", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01"), penalty(2, "2026-04-01")]);
      await moveAt(endOf("2026-06-30"), "repair", { positions: [0] });
      await moveAt(startOf("2026-07-01"), "repair", { positions: [1] });
      const report = await audited();
      expect(brief(report.clocks!.findings)).to.deep.equal([
        ["clock.early", "repair.minimum", "2026-07-01", "2026-06-30", 1],
      ]);
      const [early] = report.clocks!.findings;
      expect(early).to.deep.include({ policy: "ndrc-order-36@1", records: 1 });
      expect(early!.places[0]!.positions).to.deep.equal([{ first: 0, last: 0 }]);
      expect(early!.places[0]!.where).to.include({ index: 0, event: "StatusChanged" });
      expect(describeReport(report).join("\n"))
        .to.contain("early: 1 record of agency")
        .and.to.contain("1 day before");
      expect(report.clocks!.judged.find(({ clock }) => clock === "repair.minimum")).to.include({
        kept: 1,
        early: 1,
      });
    });

    it("is judged under the policy version the record keeps, not the newest", async () => {
      const stricter = loadPolicySet({
        files: [
          {
            name: "stricter.json",
            document: {
              format: "credit-anchor/policy",
              formatVersion: 1,
              id: "ndrc-order-36",
              version: 101,
              extends: "ndrc-order-36@1",
              rules: [
                {
                  code: "repair.minimum",
                  kind: "minimum",
                  from: "decided",
                  class: "general",
                  period: { amount: 6, unit: "months" },
                  article: "a test",
                  certainty: "sure",
                },
              ],
            },
          },
        ],
      });
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01")]);
      await anchorAt(endOf("2026-04-03"), "cn.penalty", [penalty(2, "2026-04-01")], stricter);
      await moveAt(startOf("2026-07-01"), "repair", { plan: 0 });
      await moveAt(startOf("2026-07-02"), "repair", { plan: 1 });
      const found = await findings({ policies: stricter });
      expect(brief(found)).to.deep.equal([["clock.early", "repair.minimum", "2026-10-01", "2026-07-02", 91]]);
      expect(found[0]!.policy).to.equal("ndrc-order-36@101");
      // Whoever has not the version of the second batch cannot judge it, and does not guess.
      const without = await audited();
      expect(without.clocks!.findings).to.deep.equal([]);
      expect(unchecked(without)).to.deep.include(["clock.policy", 1]);
    });

    it("of a record whose class nobody knows is early only if it is of certain classes", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [decision(1, "2026-04-01", { penaltyKind: "罚款" })]);
      await moveAt(endOf("2026-06-30"), "repair");
      expect(brief(await findings())).to.deep.equal([
        ["clock.early", "repair.minimum", "2026-07-01", "2026-06-30", 1, "its class is general"],
        ["clock.early", "repair.minimum", "2027-04-01", "2026-06-30", 275, "its class is serious"],
      ]);
    });

    it("is found too when it was made by other means than this vault", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01")]);
      await nextBlockAt(endOf("2026-04-30"));
      const args = [vault.plan(0).header, encodePositions([0]), 20, ZeroHash];
      await execute(
        world.registry,
        world.operators[1],
        registryCall(world.registry, "repair", args, "repair"),
      );
      expect(brief(await findings())).to.deep.equal([
        ["clock.early", "repair.minimum", "2026-07-01", "2026-04-30", 62],
      ]);
      expect(unchecked(await audited({ vault: false }))).to.deep.include(["clock.repair", 1]);
    });

    it("has to be decided within ten working days of the application", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01"), penalty(2, "2026-04-01")]);
      // Ten working days from 6 July: 20 July.
      for (const index of [0, 1])
        await moveAt(startOf("2026-07-08") + index, "setMarks", {
          positions: [index],
          marks: 64,
          dates: { "repair-applied": "2026-07-06" },
        });
      await moveAt(endOf("2026-07-20"), "repair", {
        positions: [0],
        dates: { "repair-decided": "2026-07-20" },
      });
      expect(brief(await findings())).to.deep.equal([]);
      await mineAt(startOf("2026-07-21"));
      expect(brief(await findings())).to.deep.equal([
        ["clock.overdue", "repair.result", "2026-07-20", null, 1],
      ]);
      await moveAt(endOf("2026-07-22"), "clearMarks", { positions: [1], marks: 64 });
      expect(brief(await findings())).to.deep.equal([
        ["clock.late", "repair.result", "2026-07-20", "2026-07-22", 2],
      ]);
    });
  });

  describe("withdrawal", () => {
    const quashed = { reason: 10, dates: { quashed: "2026-06-17", withdrawn: "2026-06-17" } };

    // 18 June, then the Dragon Boat holiday of the 19th to the 21st, 22, 23 June.
    it("on the third working day is in time, whatever the vault says when it was", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01"), penalty(2, "2026-04-01")]);
      await moveAt(endOf("2026-06-23"), "withdraw", quashed);
      const report = await audited();
      expect(brief(report.clocks!.findings)).to.deep.equal([]);
      expect(report.clocks!.judged.find(({ clock }) => clock === "withdrawal.limit")).to.include({ kept: 1 });
      await moveAt(startOf("2026-06-24"), "withdraw", { ...quashed, positions: [1] });
      const [late, ...others] = await findings();
      expect(others).to.deep.equal([]);
      expect(late).to.deep.include({
        code: "clock.late",
        clock: "withdrawal.limit",
        article: "art. 48 with art. 85",
        from: { event: "quashed", date: "2026-06-17" },
        due: "2026-06-23",
        happened: "2026-06-24",
        days: 1,
      });
      expect(late!.places[0]!.positions).to.deep.equal([{ first: 1, last: 1 }]);
      expect(late!.places[0]!.where.transaction).to.equal([...vault.moves()].at(-1)!.transaction!.hash);
    });

    it("that was planned and never sent is overdue", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01")]);
      vault.planMove({
        kind: "withdraw",
        plan: 0,
        after: 0,
        positions: [0],
        evidenceHash: ZeroHash,
        ...quashed,
      });
      await mineAt(endOf("2026-06-23"));
      expect(brief(await findings())).to.deep.equal([]);
      await mineAt(startOf("2026-06-25"));
      expect(brief(await findings())).to.deep.equal([
        ["clock.overdue", "withdrawal.limit", "2026-06-23", null, 2],
      ]);
    });

    it("without the date on which the decision was quashed cannot be judged, which is said", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01"), penalty(2, "2026-04-01")]);
      await moveAt(endOf("2026-06-23"), "withdraw", { reason: 11 });
      // The record was wrong: no decision was quashed.
      await moveAt(endOf("2026-06-24"), "withdraw", { reason: 13, positions: [1] });
      for (const vaultToo of [true, false]) {
        const report = await audited({ vault: vaultToo });
        expect(report.clocks!.findings).to.deep.equal([]);
        expect(unchecked(report)).to.deep.include(["clock.withdrawal", 1]);
      }
    });
  });

  describe("objection", () => {
    const shanghai = loadPolicySet({ authorities: ["shanghai", ...DEFAULT_AUTHORITIES] });
    const follows = { policies: shanghai, authorities: shanghai.authorities };
    const dispute = (date: string, received = date): Promise<void> =>
      moveAt(startOf(date), "setMarks", { marks: 16, reason: 30, dates: { "objection-received": received } });

    // Five working days from Monday 1 June: 8 June; seven, if the source has to act: 10 June.
    it("that is open for too long is overdue, with the vault from the day it was received", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01")]);
      await dispute("2026-06-02", "2026-06-01");
      await mineAt(endOf("2026-06-08"));
      expect(brief(await findings(follows)), "in time").to.deep.equal([]);
      await mineAt(endOf("2026-06-09"));
      const longer = "not extended to 2026-06-10 (the source has to act: 2 to forward and 5 to decide)";
      expect(brief(await findings(follows)), "unless it was extended").to.deep.equal([
        ["clock.overdue", "objection.decision", "2026-06-08", null, 1, longer],
      ]);
      expect(brief(await findings({ ...follows, vault: false })), "from the day of the mark").to.deep.equal(
        [],
      );
      await mineAt(startOf("2026-06-11"));
      expect(brief(await findings(follows)), "either way").to.deep.equal([
        ["clock.overdue", "objection.decision", "2026-06-08", null, 3],
      ]);
    });

    it("that was marked after its limit is late", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01")]);
      await dispute("2026-06-03", "2026-06-01");
      expect(brief(await findings(follows))).to.deep.equal([
        ["clock.late", "objection.mark", "2026-06-02", "2026-06-03", 1],
      ]);
    });

    it("that was decided in time is fine, and each of several is judged", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01")]);
      const clear = (date: string, dates = {}): Promise<void> =>
        moveAt(startOf(date), "clearMarks", { marks: 16, reason: 35, dates });
      await dispute("2026-06-02");
      // Decided in time, and the mark cleared days later: the chain alone knows the mark.
      await clear("2026-06-12", { "objection-decided": "2026-06-09" });
      const marked = ["clock.late", "objection.decision", "2026-06-09", "2026-06-12", 3];
      expect(brief(await findings(follows))).to.deep.equal([]);
      expect(brief(await findings({ ...follows, vault: false }))).to.deep.equal([marked]);
      await dispute("2026-06-15");
      await clear("2026-07-01");
      await dispute("2026-07-06");
      await clear("2026-07-07", { "objection-decided": "2026-07-07" });
      const late = ["clock.late", "objection.decision", "2026-06-23", "2026-07-01", 8];
      expect(brief(await findings(follows))).to.deep.equal([late]);
      expect(brief(await findings({ ...follows, vault: false }))).to.deep.equal([marked, late]);
    });

    it("is told under every authority's clock that is possible when the chain alone is at hand", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [
        penalty(1, "2026-04-01"),
        penalty(2, "2026-04-01"),
        penalty(3, "2026-04-01"),
      ]);
      // By the arbiter, of whom no vault tells.
      const places = { header: vault.plan(0).header!, indexes: [0, 1], reason: 30, evidenceHash: ZeroHash };
      await nextBlockAt(startOf("2026-06-01"));
      await changeMarks({ registry: world.registry, signer: world.ndrc }, places, 16, "set", "arbiter");
      await mineAt(startOf("2026-06-10"));
      const report = await audited({ vault: false });
      const decisions = report.clocks!.findings.filter(({ clock }) => clock === "objection.decision");
      expect(decisions.map(({ authority, due }) => [authority, due]).sort()).to.deep.equal([
        ["henan", "2026-06-04"],
        ["shandong", "2026-06-04"],
        ["shanghai", "2026-06-08"],
        ["shenzhen", "2026-06-02"],
        ["zhejiang", "2026-06-08"],
      ]);
      for (const { authority, onlyIf, evidence, records, places } of decisions) {
        expect(onlyIf[0]).to.equal(`the agency follows the rules of ${authority}`);
        expect([evidence, records]).to.deep.equal(["chain", 2]);
        expect(places.map(({ positions }) => positions)).to.deep.equal([[{ first: 0, last: 1 }]]);
      }
      // Said whose rules they are, there is one.
      const [one, ...others] = await findings({ ...follows, vault: false });
      expect(others).to.deep.equal([]);
      expect(one).to.deep.include({
        authority: "shanghai",
        onlyIf: ["not extended to 2026-06-10 (the source has to act: 2 to forward and 5 to decide)"],
      });
      expect(describeReport(report).join("\n")).to.contain(
        "overdue: 2 records of agency 2, cn.penalty: decide the objection: due 2026-06-08, not yet, 2 days after (batch 8589934592, 2 records (0 to 1))",
      );
    });

    it("is not judged by what nobody keeps, nor of a record that is erased", async () => {
      await anchorAt(endOf("2026-04-02"), "cn.penalty", [penalty(1, "2026-04-01")]);
      await dispute("2026-06-02");
      await mineAt(startOf("2026-07-02"));
      // Shanghai gives two working days to hand an objection on; neither chain nor vault tells whether that was due.
      expect((await findings(follows)).map(({ clock }) => clock)).to.deep.equal(["objection.decision"]);
      const places = { header: vault.plan(0).header!, indexes: [0], reason: 41, evidenceHash: ZeroHash };
      const [one, other] = world.operators.map((signer) => ({ registry: world.registry, signer }));
      await proposeErasure(one!, places);
      await confirmErasure(other!, places);
      expect((await audited({ ...follows, vault: false })).clocks!.findings).to.deep.equal([]);
    });
  });

  it("says that no policy has a time for a review, and that a holiday table is missing", async () => {
    await anchorAt(endOf("2026-12-30"), "cn.licence", [decision(1, "2026-12-25")]);
    await moveAt(startOf("2026-12-31"), "setMarks", { marks: 32, reason: 32 });
    for (const [vaultToo, codes] of [
      [true, ["clock.no-end", "clock.review"]],
      [false, ["clock.publication", "clock.review"]],
    ] as const)
      expect((await audited({ vault: vaultToo })).notChecked.map(({ code }) => code)).to.include.members(
        codes,
      );
  });

  it("judges nothing that it was not asked to judge", async () => {
    await anchorAt(startOf("2026-05-11"), "cn.licence", [decision(1, "2026-04-27")]);
    const report = await auditRegistry({
      chain: world.chain,
      registry: world.registry.address,
      fromBlock: 0,
    });
    expect(report.clocks).to.equal(null);
    expect(report.notChecked.filter(({ code }) => code.startsWith("clock."))).to.deep.equal([]);
  });
});
