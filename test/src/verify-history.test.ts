import { expect } from "chai";
import { loadType } from "../../src/types";
import {
  entitledAt,
  standingAfter,
  statusAfter,
  successorsOf,
  verify,
  type AgencyEvent,
  type FactsHistory,
  type KeyEvent,
  type Moment,
  type RecordEvent,
  type Verdict,
  type VerifyRequest,
} from "../../src/verify";
import { situation } from "../support/forgeries";

const AGENCY = 3;
const ANCHORED = 1780000000;
const DAY = 86_400;

const place = (time: number): { time: number; blockNumber: number } => ({
  time,
  blockNumber: 1200 + (time - ANCHORED) / DAY,
});

function event(name: RecordEvent["event"], day: number, more: Partial<RecordEvent> = {}): RecordEvent {
  return {
    event: name,
    ...place(ANCHORED + day * DAY),
    transactionHash: `0x${"11".repeat(32)}`,
    entry: day,
    actor: `0x${"aa".repeat(20)}`,
    reason: 10,
    evidenceHash: `0x${"00".repeat(32)}`,
    ...more,
  };
}

const added: KeyEvent = {
  event: "OperatorAdded",
  agencyId: AGENCY,
  ...place(ANCHORED - 10 * DAY),
  permissions: 3,
  validFrom: ANCHORED - 10 * DAY,
  validUntil: ANCHORED + 90 * DAY,
};

/** The receipt of the corpus, with what the events tell. */
function judge(
  record: readonly RecordEvent[],
  more: {
    readonly asOf?: Moment;
    readonly statusByte?: number;
    readonly key?: readonly KeyEvent[];
    readonly agencies?: readonly AgencyEvent[];
    readonly withoutHistory?: boolean;
  } = {},
): Verdict {
  const { evidence, types, facts, trust, policy } = situation();
  const {
    asOf,
    statusByte = statusAfter(record),
    key = [added],
    agencies = [],
    withoutHistory = false,
  } = more;
  const history: FactsHistory = { record, agencies, key };
  return verify({
    evidence,
    types: types.map((document) => loadType(document as never)),
    facts: { ...facts, statusByte, ...(withoutHistory ? {} : { history }) },
    trust,
    policy: { ...policy, ...(asOf === undefined ? {} : { asOf }) },
  } as unknown as VerifyRequest);
}

const codeOf = (verdict: Verdict, name: string): string => {
  const { result, code } = verdict.checks.find((check) => check.name === name)!;
  return `${result} ${code}`;
};

describe("what the events tell", () => {
  const disputed = event("MarksSet", 1, { marks: 0x10 });
  const settled = event("MarksCleared", 3, { marks: 0x10 });
  const repaired = event("StatusChanged", 4, { status: "Repaired" });
  const revoked = event("StatusChanged", 5, { status: "Active" });
  const withdrawn = event("StatusChanged", 6, { status: "Withdrawn" });
  const superseded = event("RecordsSuperseded", 6, { successor: `0x${"22".repeat(32)}` });
  const erased = event("RecordsErased", 7);

  it("leads from Active to the status byte, move by move", () => {
    const moves = [disputed, settled, repaired, revoked, superseded, withdrawn, erased];
    const bytes = moves.map((_, i) => statusAfter(moves.slice(0, i + 1)));
    expect(bytes).to.deep.equal([0x10, 0, 3, 0, 1, 2, 10]);
    expect(statusAfter([disputed, event("MarksSet", 2, { marks: 0x80 })])).to.equal(0x90);
  });

  it("that does not lead to the status the node answers decides nothing", () => {
    const verdict = judge([disputed], { statusByte: 2 });
    expect(codeOf(verdict, "status")).to.equal("not-checked status.history-differs");
    expect(verdict.exitStatus).to.equal(2);
    expect(judge([disputed], { statusByte: 0x10 }).exitStatus).to.equal(0);
  });

  it("says what a record was worth on any past day", () => {
    const moves = [disputed, settled, repaired, revoked, withdrawn];
    const at = (day: number): string => {
      const verdict = judge(moves, { asOf: { time: ANCHORED + day * DAY + 10 } });
      return `${codeOf(verdict, "status")} ${verdict.status?.marks.join() ?? ""} ${verdict.exitStatus}`;
    };
    expect(at(-1)).to.equal("passed status.not-yet  3");
    const before = judge(moves, { asOf: { time: ANCHORED - DAY } });
    expect(codeOf(before, "anchor")).to.equal("not-checked anchor.not-yet");
    expect(codeOf(before, "issuer")).to.equal("not-checked issuer.not-yet");
    expect(at(0)).to.equal("passed status.in-force  0");
    expect(at(1)).to.equal("passed status.in-force Disputed 0");
    expect(at(3)).to.equal("passed status.in-force  0");
    expect(at(4)).to.equal("passed status.repaired  3");
    expect(at(5)).to.equal("passed status.in-force  0");
    expect(at(6)).to.equal("passed status.withdrawn  3");
  });

  it("of two blocks of one second counts what is not in a later one", () => {
    const { time, blockNumber } = withdrawn;
    expect(codeOf(judge([withdrawn], { asOf: { time, block: blockNumber } }), "status")).to.equal(
      "passed status.withdrawn",
    );
    expect(codeOf(judge([withdrawn], { asOf: { time, block: blockNumber - 1 } }), "status")).to.equal(
      "passed status.in-force",
    );
    expect(codeOf(judge([], { asOf: { time: ANCHORED, block: 1199 } }), "status")).to.equal(
      "passed status.not-yet",
    );
  });

  it("ends before it was anchored by the time in its header, not by a block that the evidence names", () => {
    const { evidence, types, facts, trust, policy } = situation();
    const forged = structuredClone(evidence) as { transaction: { blockNumber: number } };
    forged.transaction.blockNumber = 999_999_999;
    const verdict = verify({
      evidence: forged,
      types: types.map((document) => loadType(document as never)),
      // The node does not know the transaction, so its block proves nothing.
      facts: { ...facts, transaction: null, history: { record: [], agencies: [], key: [added] } },
      trust,
      policy: { ...policy, asOf: { time: ANCHORED + DAY, block: 1201 } },
    } as unknown as VerifyRequest);
    expect(codeOf(verdict, "status")).to.equal("passed status.in-force");
  });

  it("is needed for a past day", () => {
    const verdict = judge([], { asOf: { time: ANCHORED + DAY }, withoutHistory: true });
    expect(codeOf(verdict, "status")).to.equal("not-checked status.no-history");
    expect(verdict.exitStatus).to.equal(2);
  });

  it("is checked against what the node answers now, also for a past day", () => {
    const verdict = judge([], { asOf: { time: ANCHORED + DAY }, statusByte: 2 });
    expect(codeOf(verdict, "status")).to.equal("not-checked status.history-differs");
  });
});

describe("standing and successors by the events", () => {
  const agencyEvent = (name: AgencyEvent["event"], agencyId: number, more = {}): AgencyEvent => ({
    event: name,
    agencyId,
    ...place(ANCHORED + DAY),
    reason: 52,
    ...more,
  });

  it("follow the last event of the agency itself", () => {
    const events = [agencyEvent("AgencySuspended", 3), agencyEvent("AgencyClosed", 4)];
    expect(standingAfter([], 3)).to.equal("Active");
    expect(standingAfter(events, 3)).to.equal("Suspended");
    expect(standingAfter([...events, agencyEvent("AgencyReinstated", 3)], 3)).to.equal("Active");
    expect(standingAfter(events, 4)).to.equal("Closed");
    expect(standingAfter([agencyEvent("AgencySucceeded", 3, { successor: 4 })], 3)).to.equal("Closed");
  });

  it("lead along the chain of successors", () => {
    const line = [
      agencyEvent("AgencySucceeded", 3, { successor: 4 }),
      agencyEvent("AgencySucceeded", 7, { successor: 8 }),
      agencyEvent("AgencySucceeded", 4, { successor: 9 }),
    ];
    expect(successorsOf(line, 3)).to.deep.equal([3, 4, 9]);
    expect(successorsOf(line, 9)).to.deep.equal([9]);
  });
});

describe("the key that anchored", () => {
  const history = (key: readonly KeyEvent[], agencies: readonly AgencyEvent[] = []): FactsHistory => ({
    record: [],
    agencies,
    key,
  });
  const entitled = (key: readonly KeyEvent[], time = ANCHORED): boolean =>
    entitledAt(history(key), AGENCY, time) !== undefined;
  const revokedAt = (time: number): KeyEvent => ({
    event: "OperatorRevoked",
    agencyId: AGENCY,
    ...place(time),
  });

  it("was entitled from the first to before the last second of its time, with the permission to anchor", () => {
    const { validFrom, validUntil } = added as Required<KeyEvent>;
    expect(
      [validFrom - 1, validFrom, validUntil - 1, validUntil].map((time) => entitled([added], time)),
    ).to.deep.equal([false, true, true, false]);
    expect(entitled([{ ...added, permissions: 2 }])).to.equal(false);
    expect(entitled([{ ...added, agencyId: 4 }])).to.equal(false);
    expect(entitled([])).to.equal(false);
  });

  it("was not after its revocation, and still in the second of it", () => {
    expect(entitled([added, revokedAt(ANCHORED - DAY)])).to.equal(false);
    expect(entitled([added, revokedAt(ANCHORED)])).to.equal(true);
    expect(entitled([added, revokedAt(ANCHORED + DAY)])).to.equal(true);
  });

  it("is judged by the permissions of its time, not by later ones", () => {
    const narrowed = { ...added, ...place(ANCHORED + DAY), permissions: 2 };
    expect(entitled([added, narrowed])).to.equal(true);
    expect(entitled([added, narrowed], ANCHORED + 2 * DAY)).to.equal(false);
  });

  it("may be that of the agency that acted for it then", () => {
    const succeeded: AgencyEvent = {
      event: "AgencySucceeded",
      agencyId: AGENCY,
      successor: 9,
      reason: 52,
      ...place(ANCHORED - DAY),
    };
    const key = [{ ...added, agencyId: 9 }];
    expect(entitledAt(history(key, [succeeded]), AGENCY, ANCHORED)!.agencyId).to.equal(9);
    const later = { ...succeeded, ...place(ANCHORED + DAY) };
    expect(entitledAt(history(key, [later]), AGENCY, ANCHORED)).to.equal(undefined);
  });

  it("that no event entitled leaves the issuer undecided", () => {
    expect(judge([]).checks.find(({ name }) => name === "issuer")!.message).to.contain("entitled then");
    const verdict = judge([], { key: [] });
    expect(codeOf(verdict, "issuer")).to.equal("not-checked issuer.key-history");
    expect(verdict.exitStatus).to.equal(2);
  });

  it("of an agency that was suspended later was in order on a day before", () => {
    const suspended: AgencyEvent = {
      event: "AgencySuspended",
      agencyId: AGENCY,
      reason: 51,
      ...place(ANCHORED + DAY),
    };
    const message = (day: number): string =>
      judge([], { agencies: [suspended], asOf: { time: ANCHORED + day * DAY } }).checks.find(
        ({ name }) => name === "issuer",
      )!.message;
    expect(message(0)).to.not.contain("suspended");
    expect(message(2)).to.contain("which was suspended then");
  });
});
