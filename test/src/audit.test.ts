import { expect } from "chai";
import { type InterfaceAbi, keccak256 } from "ethers";
import { startAudit, type AuditReport, type RawLog } from "../../src/audit";
import { decodeLog, eventShapes, MalformedLog } from "../../src/audit/events";
import { moved, statusName } from "../../src/audit/moves";
import { expectedViews } from "../../src/audit/views";
import { fromHex, toHex } from "../../src/bytes";
import { describe as describeReport } from "../../src/cli/audit";
import { domain, leafHash } from "../../src/commitment";
import { encodePositions } from "../../src/positions";
import {
  type Args,
  AGENCY,
  ALICE,
  ARBITER,
  BOB,
  face,
  Forger,
  OPERATOR,
  PERSONAL,
  proposal,
  ready,
  registry,
  START,
  TYPE,
  word,
} from "../support/forger";

const codes = (report: AuditReport): string[] => report.differences.map(({ code }) => code);

describe("audit", () => {
  describe("of a journal in which everything is allowed", () => {
    const honest: [string, () => Forger][] = [
      ["an agency, a type, an operator, batches in a chain", () => ready().batch(0).batch(1).batch(2)],
      [
        "a record directly, in three versions",
        () => ready().record(0, 1, undefined).record(1, 2, 0).record(2, 3, 1),
      ],
      [
        "a direct version that was superseded before, so that the next one supersedes nothing",
        () =>
          ready()
            .record(0, 1, undefined)
            .record(1, 2, 0)
            .status("RecordsSuperseded", { batchId: (1n << 32n) + 1n, successors: [word("other")] })
            .record(2, 3, undefined)
            // Whose leaves nobody has here: the successor may be among them.
            .batch(3),
      ],
      [
        "repaired, revoked, repaired, withdrawn",
        () => {
          const forger = ready().batch(0);
          for (const status of [3, 0, 3, 2]) forger.status("StatusChanged", { status });
          return forger;
        },
      ],
      [
        "erased by two operators",
        () =>
          ready()
            .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 104 })
            .batch(0)
            .status("ErasureProposed", { proposal: proposal() })
            .status("RecordsErased", { actor: BOB }),
      ],
      [
        "an agency succeeded by another, which goes on in its name",
        () =>
          ready()
            .batch(0)
            .emit("AgencyAdmitted", { ...AGENCY, agencyId: 2, code: word("second").slice(0, 64) + "00" })
            .emit("OperatorAdded", { ...OPERATOR, agencyId: 2, operator: BOB, validFrom: START + 106 })
            .emit("SuccessorNamed", { agencyId: 1, successor: 2 })
            .emit("SuccessionAccepted", { agencyId: 1, successor: 2 })
            .emit("AgencySucceeded", { agencyId: 1, successor: 2, reason: 52, actor: ARBITER })
            .batch(1, { operator: BOB })
            .status("StatusChanged", { status: 2, actor: BOB }),
      ],
      [
        "a closed agency succeeded without its consent, an administrator recovered, a registry that names the next",
        () =>
          ready()
            .emit("AgencyAdmitted", { ...AGENCY, agencyId: 2, code: word("second").slice(0, 64) + "00" })
            .emit("SuccessionAccepted", { agencyId: 1, successor: 2 })
            .emit("SuccessionDeclined", { agencyId: 1, successor: 2 })
            .emit("SuccessionAccepted", { agencyId: 1, successor: 2 })
            .emit("AgencyClosed", { agencyId: 1, reason: 52, actor: ARBITER })
            .emit("AgencySucceeded", { agencyId: 1, successor: 2, reason: 52, actor: ARBITER })
            .emit("AdministratorRecovered", { agencyId: 2, administrator: BOB, reason: 50, actor: ARBITER })
            .emit("RegistrySucceeded", { successor: BOB, actor: ARBITER }),
      ],
      [
        "withdrawn and marked while suspended and paused",
        () =>
          ready()
            .batch(0)
            .emit("AgencySuspended", { agencyId: 1, reason: 1, actor: ARBITER })
            .emit("Paused", { reason: 1, actor: ARBITER })
            .status("StatusChanged", { status: 2 })
            .status("MarksSet", { marks: 0x10 })
            .emit("OperatorRevoked", { agencyId: 1, operator: ALICE })
            .emit("Unpaused", { reason: 1, actor: ARBITER })
            .emit("AgencyReinstated", { agencyId: 1, reason: 1, actor: ARBITER }),
      ],
    ];
    for (const [what, story] of honest)
      it(`finds nothing: ${what}`, () => expect(codes(story().audit())).to.deep.equal([]));

    it("computes the head of the journal as the interface says", () => {
      const forger = ready().batch(0).status("StatusChanged", { status: 2 });
      const { journal } = forger.audit();
      expect(journal).to.deep.equal({ length: 5, head: forger.head });
    });

    it("computes the head of an empty journal", () => {
      expect(new Forger().audit().journal).to.deep.equal({ length: 0, head: new Forger().head });
    });

    it("says that a role was not checked when no journal of roles was read", () => {
      const report = ready().batch(0).status("MarksSet", { marks: 0x80, actor: ARBITER }).audit();
      expect(report.differences).to.deep.equal([]);
      expect(report.notChecked.map(({ code, count }) => [code, count])).to.deep.equal([["role.journal", 1]]);
    });

    it("flags what a compromised operator anchored from then on, and only that", () => {
      const report = ready()
        .batch(0)
        .batch(1)
        .emit("OperatorRevoked", { agencyId: 1, operator: ALICE })
        .emit("OperatorCompromised", { agencyId: 1, operator: ALICE, since: START + 105 }, true)
        .audit();
      expect(report.differences).to.deep.equal([]);
      expect(report.coverage.flaggedBatches).to.deep.equal([String((1n << 32n) + 1n)]);
    });
  });

  describe("of a journal that is right, over what the registry must refuse", () => {
    const batchOf =
      (change: Args): (() => Forger) =>
      () =>
        ready().batch(0, change);
    const moves = (before: Forger, event: string, args: Args): Forger => before.status(event, args);
    const two = (): Forger =>
      ready().emit("AgencyAdmitted", { ...AGENCY, agencyId: 2, code: word("second").slice(0, 64) + "00" });
    const succeeded = (forger: Forger, successor = 2): Forger =>
      forger.emit("AgencySucceeded", { agencyId: 1, successor, reason: 52, actor: ARBITER });
    const accepted = (): Forger => two().emit("SuccessionAccepted", { agencyId: 1, successor: 2 });
    const cases: [string, string, () => Forger][] = [
      ["succession.consent", "succeeded by an agency that has not consented", () => succeeded(two())],
      [
        "succession.successor",
        "an agency that names itself",
        () => ready().emit("SuccessorNamed", { agencyId: 1, successor: 1 }),
      ],
      [
        "succession.successor",
        "succeeded by a suspended agency",
        () => succeeded(accepted().emit("AgencySuspended", { agencyId: 2, reason: 1, actor: ARBITER })),
      ],
      [
        "succession.consent",
        "succeeded by an agency that took its consent back",
        () => succeeded(accepted().emit("SuccessionDeclined", { agencyId: 1, successor: 2 })),
      ],
      [
        "succession.consent",
        "a consent taken back that was not given",
        () => two().emit("SuccessionDeclined", { agencyId: 1, successor: 2 }),
      ],
      [
        "succession.twice",
        "a consent taken back after it was used",
        () => succeeded(accepted()).emit("SuccessionDeclined", { agencyId: 1, successor: 2 }),
      ],
      [
        "agency.standing",
        "a consent taken back by a closed agency",
        () =>
          accepted()
            .emit("AgencyClosed", { agencyId: 2, reason: 1, actor: ARBITER })
            .emit("SuccessionDeclined", { agencyId: 1, successor: 2 }),
      ],
      ["succession.twice", "succeeded twice", () => succeeded(succeeded(accepted()))],
      [
        "succession.twice",
        "a consent to succeed who was succeeded",
        () => succeeded(accepted()).emit("SuccessionAccepted", { agencyId: 1, successor: 2 }),
      ],
      [
        "agency.standing",
        "an administrator recovered of a closed agency",
        () =>
          ready()
            .emit("AgencyClosed", { agencyId: 1, reason: 1, actor: ARBITER })
            .emit("AdministratorRecovered", { agencyId: 1, administrator: BOB, reason: 1, actor: ARBITER }),
      ],
      [
        "registry.successor",
        "a registry that names two successors",
        () =>
          ready()
            .emit("RegistrySucceeded", { successor: BOB, actor: ARBITER })
            .emit("RegistrySucceeded", { successor: ALICE, actor: ARBITER }),
      ],
      ["batch.operator", "the old agency's key after it was succeeded", () => succeeded(accepted()).batch(0)],
      [
        "agency.id",
        "an agency out of number",
        () => new Forger().emit("AgencyAdmitted", { ...AGENCY, agencyId: 2 }),
      ],
      [
        "agency.code-taken",
        "two agencies with one code",
        () => new Forger().emit("AgencyAdmitted", AGENCY).emit("AgencyAdmitted", { ...AGENCY, agencyId: 2 }),
      ],
      [
        "agency.unknown",
        "an operator of nobody",
        () => new Forger().emit("OperatorAdded", { ...OPERATOR, validFrom: START + 101 }),
      ],
      [
        "agency.standing",
        "reinstated though active",
        () => ready().emit("AgencyReinstated", { agencyId: 1, reason: 1, actor: BOB }),
      ],
      [
        "agency.standing",
        "closed twice",
        () =>
          ready()
            .emit("AgencyClosed", { agencyId: 1, reason: 1, actor: BOB })
            .emit("AgencyClosed", { agencyId: 1, reason: 1, actor: BOB }),
      ],
      [
        "agency.administrator",
        "an administrator nobody named",
        () => ready().emit("AdministratorChanged", { agencyId: 1, administrator: BOB }),
      ],
      [
        "operator.permissions",
        "permissions that do not exist",
        () =>
          ready().emit("OperatorAdded", {
            ...OPERATOR,
            operator: BOB,
            permissions: 4,
            validFrom: START + 104,
          }),
      ],
      [
        "operator.validity",
        "a validity from the past",
        () => ready().emit("OperatorAdded", { ...OPERATOR, operator: BOB }),
      ],
      [
        "operator.unknown",
        "a stranger revoked",
        () => ready().emit("OperatorRevoked", { agencyId: 1, operator: BOB }),
      ],
      [
        "operator.revoked",
        "a revoked operator back again",
        () =>
          ready()
            .emit("OperatorRevoked", { agencyId: 1, operator: ALICE })
            .emit("OperatorAdded", { ...OPERATOR, validFrom: START + 105 }),
      ],
      [
        "operator.compromised",
        "compromised and not revoked",
        () => ready().emit("OperatorCompromised", { agencyId: 1, operator: ALICE, since: START }),
      ],
      ["type.id", "a type out of number", () => new Forger().emit("TypeAdmitted", { ...TYPE, typeId: 5 })],
      ["type.admitted-twice", "one type twice", () => ready().emit("TypeAdmitted", { ...TYPE, typeId: 2 })],
      [
        "registry.paused",
        "unpaused though running",
        () => ready().emit("Unpaused", { reason: 1, actor: BOB }),
      ],
      [
        "registry.paused",
        "a batch while paused",
        () => ready().emit("Paused", { reason: 1, actor: BOB }).batch(0),
      ],
      [
        "registry.paused",
        "a repair while paused",
        () =>
          ready().batch(0).emit("Paused", { reason: 1, actor: BOB }).status("StatusChanged", { status: 3 }),
      ],
      ["batch.sequence", "a gap between batches", () => ready().batch(0).batch(2)],
      ["batch.previous", "a batch that builds on another", batchOf({ previous: `0x${"1".repeat(40)}` })],
      ["batch.time", "a time that is not the block's", batchOf({ anchoredAt: START })],
      [
        "batch.standing",
        "a batch of a suspended agency",
        () => ready().emit("AgencySuspended", { agencyId: 1, reason: 1, actor: BOB }).batch(0),
      ],
      ["batch.operator", "a batch by a stranger", batchOf({ operator: BOB })],
      [
        "batch.operator",
        "a batch by an operator without that permission",
        () =>
          ready()
            .emit("OperatorAdded", { ...OPERATOR, operator: BOB, permissions: 2, validFrom: START + 104 })
            .batch(0, { operator: BOB }),
      ],
      [
        "batch.operator",
        "a batch before the operator's time",
        () =>
          ready()
            .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 106 })
            .batch(0, { operator: BOB }),
      ],
      [
        "batch.operator",
        "a batch in the operator's first second after the end",
        () =>
          ready()
            .emit("OperatorAdded", {
              ...OPERATOR,
              operator: BOB,
              validFrom: START + 104,
              validUntil: START + 105,
            })
            .batch(0, { operator: BOB }),
      ],
      [
        "batch.operator",
        "a batch by a revoked operator",
        () => ready().emit("OperatorRevoked", { agencyId: 1, operator: ALICE }).batch(0),
      ],
      ["batch.type", "a type nobody admitted", batchOf({ typeId: 2 })],
      ["batch.size", "an empty batch", batchOf({ size: 0 })],
      ["batch.root", "no root", batchOf({ root: `0x${"00".repeat(32)}` })],
      ["batch.unknown", "a status in no batch", () => ready().status("StatusChanged", { status: 2 })],
      [
        "record.root",
        "a direct record that is not its batch's leaf",
        () => ready().record(0, 1, undefined, { commitment: word("other") }),
      ],
      ["record.version", "a version left out", () => ready().record(0, 2, undefined)],
      [
        "record.superseded",
        "a version that supersedes nothing",
        () => ready().record(0, 1, undefined).record(1, 2, undefined),
      ],
      [
        "record.superseded",
        "a version that supersedes another batch",
        () => ready().record(0, 1, undefined).batch(1).record(2, 2, 1),
      ],
      [
        "record.ended",
        "a version after the record was withdrawn",
        () => ready().record(0, 1, undefined).status("StatusChanged", { status: 2 }).record(1, 2, 0),
      ],
      [
        "record.personal",
        "a record of a personal type",
        () => {
          const place = { domain: domain(registry.chainId, registry.address), agencyId: 1, typeId: 2 };
          const root = toHex(leafHash(place, fromHex(word("key")), 1, fromHex(word("v1"))));
          const forger = ready().emit("TypeAdmitted", PERSONAL).batch(0, { typeId: 2, size: 1, root });
          return forger.emit(
            "RecordAnchored",
            {
              batchId: 1n << 32n,
              recordKey: word("key"),
              version: 1,
              commitment: word("v1"),
              superseded: 0n,
            },
            true,
          );
        },
      ],
      [
        "record.batch",
        "a record apart from its batch",
        () => {
          const place = { domain: domain(registry.chainId, registry.address), agencyId: 1, typeId: 1 };
          const root = toHex(leafHash(place, fromHex(word("key")), 1, fromHex(word("v1"))));
          const forger = ready().batch(0, { size: 1, root });
          return forger.emit("RecordAnchored", {
            batchId: 1n << 32n,
            recordKey: word("key"),
            version: 1,
            commitment: word("v1"),
            superseded: 0n,
          });
        },
      ],
      [
        "status.positions",
        "a position behind the batch's end",
        () => moves(ready().batch(0), "StatusChanged", { status: 2, positions: encodePositions([40]) }),
      ],
      [
        "status.positions",
        "positions cut off",
        () => moves(ready().batch(0), "StatusChanged", { status: 2, positions: "0x00000000" }),
      ],
      [
        "status.successor",
        "superseded as a plain status",
        () => moves(ready().batch(0), "StatusChanged", { status: 1 }),
      ],
      [
        "status.successor",
        "fewer successors than positions",
        () =>
          moves(ready().batch(0), "RecordsSuperseded", {
            positions: encodePositions([0, 1]),
            successors: [word("leaf")],
          }),
      ],
      [
        "status.operator",
        "a move by a stranger",
        () => moves(ready().batch(0), "StatusChanged", { status: 2, actor: BOB }),
      ],
      [
        "status.operator",
        "a move by an operator without that permission",
        () =>
          ready()
            .emit("OperatorAdded", { ...OPERATOR, operator: BOB, permissions: 1, validFrom: START + 104 })
            .batch(0)
            .status("StatusChanged", { status: 2, actor: BOB }),
      ],
      [
        "status.operator",
        "a move before the operator's time",
        () =>
          ready()
            .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 107 })
            .batch(0)
            .status("StatusChanged", { status: 2, actor: BOB }),
      ],
      [
        "status.operator",
        "a move in the operator's first second after the end",
        () =>
          ready()
            .emit("OperatorAdded", {
              ...OPERATOR,
              operator: BOB,
              validFrom: START + 104,
              validUntil: START + 106,
            })
            .batch(0)
            .status("StatusChanged", { status: 2, actor: BOB }),
      ],
      [
        "status.operator",
        "a move by a revoked operator",
        () =>
          moves(ready().batch(0).emit("OperatorRevoked", { agencyId: 1, operator: ALICE }), "StatusChanged", {
            status: 2,
          }),
      ],
      [
        "status.operator",
        "a move by the old agency's key after it was succeeded",
        () => moves(succeeded(accepted().batch(0)), "StatusChanged", { status: 2 }),
      ],
      [
        "status.standing",
        "a repair by a suspended agency",
        () =>
          moves(
            ready().batch(0).emit("AgencySuspended", { agencyId: 1, reason: 1, actor: BOB }),
            "StatusChanged",
            { status: 3 },
          ),
      ],
      [
        "status.standing",
        "a withdrawal by a closed agency",
        () =>
          moves(
            ready().batch(0).emit("AgencyClosed", { agencyId: 1, reason: 1, actor: BOB }),
            "StatusChanged",
            { status: 2 },
          ),
      ],
      ["status.marks", "bits that are no marks", () => moves(ready().batch(0), "MarksSet", { marks: 0x11 })],
      [
        "erasure.proposal",
        "erased without a proposal",
        () =>
          moves(
            ready()
              .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 104 })
              .batch(0),
            "RecordsErased",
            { actor: BOB },
          ),
      ],
      [
        "erasure.operators",
        "proposed and confirmed by one",
        () =>
          ready()
            .batch(0)
            .status("ErasureProposed", { proposal: proposal() })
            .status("RecordsErased", { actor: ALICE }),
      ],
    ];
    for (const [code, what, story] of cases)
      it(`reports ${code}: ${what}`, () => expect(codes(story().audit())).to.deep.equal([code]));

    const from: [number, Args[]][] = [
      [0, []],
      [1, [{ event: "RecordsSuperseded", successors: [word("leaf")] }]],
      [2, [{ event: "StatusChanged", status: 2 }]],
      [3, [{ event: "StatusChanged", status: 3 }]],
    ];
    const allowed = new Set(["0>1", "3>1", "0>2", "3>2", "1>2", "0>3", "3>0"]);
    for (const [status, steps] of from)
      for (const to of [0, 1, 2, 3])
        it(`${allowed.has(`${status}>${to}`) ? "allows" : "reports"} ${statusName(status)} -> ${statusName(to)}`, () => {
          const forger = ready().batch(0);
          for (const { event, ...args } of steps) forger.status(event as string, args);
          if (to === 1) forger.status("RecordsSuperseded", { successors: [word("leaf")] });
          else forger.status("StatusChanged", { status: to });
          expect(codes(forger.audit())).to.deep.equal(allowed.has(`${status}>${to}`) ? [] : ["status.move"]);
        });

    it("reports one position among many, and goes on with what the event says", () => {
      const forger = ready()
        .batch(0)
        .status("StatusChanged", { status: 2, positions: encodePositions([7]) });
      const all = Array.from({ length: 40 }, (_, i) => i);
      const report = forger.status("StatusChanged", { status: 3, positions: encodePositions(all) }).audit();
      expect(codes(report)).to.deep.equal(["status.move"]);
      expect(report.differences[0]!.where).to.include({ index: 7, batchId: String(1n << 32n) });
      expect(report.differences[0]!.found).to.equal("Withdrawn");
    });
  });

  describe("of statuses", () => {
    it("lets nothing happen to an erased record", () => {
      for (const move of [
        { kind: "status", to: 2 },
        { kind: "set", marks: 16 },
        { kind: "clear", marks: 16 },
        { kind: "erase" },
      ] as const)
        expect(moved(8 | 16, move)).to.equal(undefined);
    });

    it("keeps marks and status apart", () => {
      expect(moved(0xf0, { kind: "status", to: 2 })).to.equal(0xf2);
      expect(moved(0x03, { kind: "set", marks: 0x30 })).to.equal(0x33);
      expect(moved(0x33, { kind: "clear", marks: 0x10 })).to.equal(0x23);
      expect(moved(0x13, { kind: "set", marks: 0x10 })).to.equal(undefined);
      expect(moved(0x03, { kind: "clear", marks: 0x10 })).to.equal(undefined);
    });
  });

  describe("of leaves", () => {
    const place = { domain: domain(registry.chainId, registry.address), agencyId: 1, typeId: 1 };
    const leaves = [1, 2, 3]
      .map((version) => toHex(leafHash(place, fromHex(word("key")), version, fromHex(word("v")))))
      .sort();
    const node = (left: string, right: string): string => keccak256(`0x01${left.slice(2)}${right.slice(2)}`);
    const root = node(node(leaves[0]!, leaves[1]!), leaves[2]!);
    const started = (change: Args = {}) => {
      const forger = ready()
        .batch(0, { size: 3, root, ...change })
        .batch(1)
        .status("RecordsSuperseded", {
          batchId: (1n << 32n) + 1n,
          positions: encodePositions([3]),
          successors: [leaves[2]],
        });
      const audit = startAudit(registry);
      audit.read(forger.logs, forger.blocks);
      return audit;
    };
    const finished = (audit: ReturnType<typeof startAudit>) =>
      audit.report({ number: 1_000, hash: word("block"), time: START }, ["node"]);
    const bytes = (list: readonly string[]): Uint8Array =>
      fromHex(`0x${list.map((leaf) => leaf.slice(2)).join("")}`);

    it("proves size, order and root, and finds a successor among them", () => {
      const audit = started();
      expect(audit.wantedLeaves().map(({ header }) => header.sequence)).to.deep.equal([0, 1]);
      audit.leaves(1n << 32n, bytes(leaves));
      const report = finished(audit);
      expect(codes(report)).to.deep.equal([]);
      expect(report.notChecked).to.deep.equal([]);
      expect(report.coverage.batchesWithLeaves).to.equal(1);
    });

    it("says that it does not know a successor while leaves are missing", () => {
      const report = finished(started());
      expect(codes(report)).to.deep.equal([]);
      expect(report.notChecked.map(({ code }) => code)).to.deep.equal(["successor.unknown"]);
    });

    it("reports a successor that is no leaf when all leaves are at hand", () => {
      const forger = ready().record(0, 1, undefined);
      forger.status("RecordsSuperseded", { successors: [word("nothing")] });
      expect(codes(forger.audit())).to.deep.equal(["successor.missing"]);
    });

    const wrong: [string, string, string[]][] = [
      ["leaves.root", "one leaf changed", [leaves[0]!, leaves[1]!, `0x${"ff".repeat(32)}`]],
      ["leaves.order", "two leaves swapped", [leaves[1]!, leaves[0]!, leaves[2]!]],
      ["leaves.size", "one leaf too few", leaves.slice(0, 2)],
    ];
    for (const [code, what, list] of wrong)
      it(`reports ${code}: ${what}`, () => {
        const audit = started();
        audit.leaves(1n << 32n, bytes(list));
        const report = finished(audit);
        expect(codes(report)).to.include(code);
        expect(report.coverage.batchesWithLeaves).to.equal(0);
      });

    it("reports a size that is not the number of leaves, though the root fits", () => {
      const audit = started({ size: 4 });
      audit.leaves(1n << 32n, bytes(leaves));
      expect(codes(finished(audit))).to.deep.equal(["leaves.size"]);
    });
  });

  describe("of a log", () => {
    const shapes = eventShapes(face.fragments as unknown as InterfaceAbi);
    const log = ready()
      .batch(0)
      .status("RecordsSuperseded", { successors: [word("a")] })
      .logs.at(-1)!;
    const changed = (edit: (log: { topics: string[]; data: string }) => void): RawLog => {
      const copy = { ...log, topics: [...log.topics] };
      edit(copy);
      return copy;
    };
    const at = (data: string, place: number, digit: string): string =>
      data.slice(0, place) + digit + data.slice(place + 1);

    it("reads what the contract writes", () => {
      expect(decodeLog(log, shapes)?.name).to.equal("RecordsSuperseded");
    });

    const edits: [string, (log: { topics: string[]; data: string }) => void][] = [
      ["padding of an integer", (copy) => (copy.topics[1] = at(copy.topics[1]!, 2, "1"))],
      ["padding of an address", (copy) => (copy.topics[2] = at(copy.topics[2]!, 2, "1"))],
      ["padding behind bytes", (copy) => (copy.data = at(copy.data, 2 + 64 * 7 - 1, "1"))],
      ["an offset that points elsewhere", (copy) => (copy.data = at(copy.data, 2 + 63, "1"))],
      ["a topic less", (copy) => void copy.topics.pop()],
      ["a topic more", (copy) => void copy.topics.push(word("x"))],
      ["a word left over", (copy) => (copy.data += "00".repeat(32))],
      ["a word cut off", (copy) => (copy.data = copy.data.slice(0, -64))],
      ["no data", (copy) => (copy.data = "0x")],
    ];
    for (const [what, edit] of edits)
      it(`refuses ${what}`, () => expect(() => decodeLog(changed(edit), shapes)).to.throw(MalformedLog));

    it("does not know events of others", () => {
      expect(
        decodeLog(
          changed((copy) => (copy.topics[0] = word("Transfer()"))),
          shapes,
        ),
      ).to.equal(undefined);
      expect(decodeLog({ ...log, topics: [] }, shapes)).to.equal(undefined);
    });
  });

  describe("of more entries than there are numbers", () => {
    const ALL = 2 ** 31;
    /** Logs with these numbers; what they say does not matter here. */
    function numbered(...numbers: number[]): string[] {
      const audit = startAudit(registry);
      const forger = ready();
      numbers.forEach((entry) => {
        forger.emit("Paused", { reason: 1, actor: ALICE });
        const log = forger.logs.at(-1)!;
        const { data, topics } = face.encodeEventLog("Paused", [1, ALICE, entry]);
        audit.read([{ ...log, data, topics }], forger.blocks);
      });
      const found = audit.findings.differences.filter(({ code }) => code.startsWith("journal."));
      return found.map(({ code, where }) => `${code} ${where.entry}`);
    }

    it("begins the numbers again at 0", () => {
      // The first is a gap in any case: nobody writes 2^31 entries here.
      expect(numbered(ALL - 2, ALL - 1, 0, 1)).to.deep.equal([`journal.gap ${ALL - 2}`]);
    });

    it("finds a gap and a repetition there too", () => {
      const first = `journal.gap ${ALL - 2}`;
      expect(numbered(ALL - 2, 0, 1)).to.deep.equal([first, "journal.gap 0"]);
      expect(numbered(ALL - 2, ALL - 1, 1)).to.deep.equal([first, "journal.gap 1"]);
      expect(numbered(ALL - 2, ALL - 1, 0, ALL - 1, 1)).to.deep.equal([first, `journal.repeated ${ALL - 1}`]);
      expect(numbered(ALL - 2, ALL - 1, ALL)).to.deep.equal([first, `journal.gap ${ALL}`]);
    });

    it("expects the registry to answer with the number of entries modulo 2^31", () => {
      const { state } = startAudit(registry);
      const head = `0x${"12".repeat(28)}`;
      const [journal] = expectedViews(state, { length: ALL + 5, head }, face.fragments);
      expect(face.decodeFunctionResult("journal", journal!.expected).toArray()).to.deep.equal([5n, head]);
    });
  });

  describe("with a head obtained elsewhere", () => {
    const forger = ready().batch(0).batch(1);
    const entries = forger.entries.length;
    const first = startAudit(registry).report({ number: 1, hash: word("b"), time: 1 }, []).journal;

    function withHead(length: number, head: string): AuditReport {
      const audit = startAudit(registry, { externalHead: { length, head } });
      audit.read(forger.logs, forger.blocks);
      return audit.report({ number: 1, hash: word("b"), time: 1 }, ["node"]);
    }

    it("is by more than one source only if the head is that of all entries", () => {
      expect(withHead(entries, forger.head).singleSource).to.equal(false);
      expect(withHead(entries - 1, forger.entries.at(-2)!.head).singleSource).to.equal(true);
      expect(withHead(0, first.head)).to.deep.include({ singleSource: true, differences: [] });
      expect(withHead(entries, first.head).singleSource).to.equal(true);
      expect(withHead(entries + 1, forger.head).singleSource).to.equal(true);
    });

    it("says which entries rest on one node", () => {
      const said = (report: AuditReport): string => describeReport(report).join("\n");
      const some = said(withHead(entries - 1, forger.entries.at(-2)!.head));
      expect(some).to.contain(
        `node (single source for the last 1 entry; a head obtained elsewhere vouches for the first ${entries - 1})`,
      );
      expect(some).to.contain(
        "NO DIFFERENCES, by a single source for the last 1 entry; a head obtained elsewhere",
      );
      expect(said(withHead(0, first.head))).to.match(/NO DIFFERENCES, by a single source$/);
      expect(said(withHead(entries, forger.head))).to.match(/NO DIFFERENCES$/);
    });
  });
});
