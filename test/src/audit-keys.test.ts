import { expect } from "chai";
import type { AuditReport, KeyUse } from "../../src/audit";
import { describe as describeReport } from "../../src/cli/audit";
import {
  ADMINISTRATOR,
  AGENCY,
  ALICE,
  ARBITER,
  BOB,
  type Forger,
  OPERATOR,
  ready,
  START,
  word,
} from "../support/forger";

const CAROL = ADMINISTRATOR;

const revoked = (forger: Forger, operator = ALICE): Forger =>
  forger.emit("OperatorRevoked", { agencyId: 1, operator });
const compromised = (forger: Forger, since: number, operator = ALICE): Forger =>
  forger.emit("OperatorCompromised", { agencyId: 1, operator, since: START + since });
const idOf = (sequence: number): string => String((1n << 32n) + BigInt(sequence));

describe("keys in an audit", () => {
  const audited = (forger: Forger): AuditReport => {
    const report = forger.audit();
    expect(report.differences).to.deep.equal([]);
    return report;
  };
  const key = (report: AuditReport, operator: string, agencyId = 1): KeyUse =>
    report.keys.find((found) => found.operator === operator && found.agencyId === agencyId)!;

  it("tells of each operator what it could do, when, and what it did", () => {
    const forger = ready()
      .emit("OperatorAdded", { ...OPERATOR, operator: BOB, permissions: 2, validFrom: START + 104 })
      .batch(0, { size: 3 })
      .batch(1)
      .status("StatusChanged", { status: 2, actor: BOB });
    const report = audited(revoked(forger));
    expect(key(report, ALICE)).to.deep.equal({
      agencyId: 1,
      operator: ALICE,
      permissions: ["anchor", "status"],
      validFrom: Number(OPERATOR.validFrom),
      validUntil: START + 108,
      revokedAt: START + 108,
      batches: 2,
      records: 43,
      acts: 0,
      compromise: null,
    });
    expect(key(report, BOB)).to.deep.include({
      permissions: ["status"],
      revokedAt: null,
      batches: 0,
      acts: 1,
    });
    expect(describeReport(report).join("\n")).to.not.contain("compromised");
  });

  it("tells the window of a compromised key, and what was done in it", () => {
    const forger = ready()
      .batch(0)
      .status("StatusChanged", { status: 3 })
      .batch(1)
      .status("StatusChanged", { status: 0 })
      .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 108 })
      .batch(2, { operator: BOB });
    const report = audited(compromised(revoked(forger), 106));
    expect(key(report, ALICE).compromise).to.deep.equal({
      since: START + 106,
      declaredAt: START + 111,
      revokedAt: START + 110,
      batches: [idOf(1)],
      entries: [6],
    });
    expect(key(report, BOB).compromise, "of another key").to.equal(null);
    expect(report.coverage.flaggedBatches).to.deep.equal([idOf(1)]);
    expect(describeReport(report).join("\n")).to.contain(`compromised ${ALICE} of agency 1: in doubt from`);
  });

  it("widens the window when an earlier time is declared", () => {
    const first = compromised(revoked(ready().batch(0).batch(1)), 105);
    const report = audited(compromised(first, 104));
    expect(key(report, ALICE).compromise).to.deep.include({
      since: START + 104,
      declaredAt: START + 108,
      batches: [idOf(0), idOf(1)],
    });
  });

  it("counts what a successor's key did for its predecessor as its own", () => {
    const forger = ready()
      .emit("AgencyAdmitted", { ...AGENCY, agencyId: 2, code: `${word("second").slice(0, 64)}00` })
      .emit("OperatorAdded", { ...OPERATOR, agencyId: 2, operator: CAROL, validFrom: START + 105 })
      .batch(0)
      .emit("SuccessionAccepted", { agencyId: 1, successor: 2 })
      .emit("AgencySucceeded", { agencyId: 1, successor: 2, reason: 52, actor: ARBITER })
      .batch(1, { operator: CAROL });
    forger.emit("OperatorRevoked", { agencyId: 2, operator: CAROL });
    forger.emit("OperatorCompromised", { agencyId: 2, operator: CAROL, since: START + 109 });
    const report = audited(forger);
    expect(key(report, CAROL, 2)).to.deep.include({ batches: 1 });
    expect(key(report, CAROL, 2).compromise).to.deep.include({ batches: [idOf(1)] });
    expect(key(report, ALICE)).to.deep.include({ batches: 1, compromise: null });
  });
});
