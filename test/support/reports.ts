import { encodeBytes32String } from "ethers";
import { startAudit, type Audit, type AuditReport } from "../../src/audit";
import type { Period } from "../../src/audit/coverage";
import { loadPolicySet } from "../../src/policy";
import { encodePositions } from "../../src/positions";
import { AGENCY, ALICE, BOB, Forger, OPERATOR, registry, START, TYPE, word } from "./forger";

const DAY = 86_400;
const FOR_EVER = 2n ** 64n - 1n;
const agencies = ["91110000TEST", "12110000COURT", "11110000TAX"];
const types = ["cn.penalty", "cn.licence", "cn.judgment"];

/**
 * A registry in which much happened, all of it allowed: three agencies, three types, months of batches, statuses, an
 * objection that nobody decided, a key that was stolen.
 *
 * @param batches of the first agency; the others have fewer
 */
export function eventfulRegistry(batches = 24, label: (text: string) => string = (text) => text): Forger {
  const forger = new Forger();
  agencies.forEach((code, i) =>
    forger.emit("AgencyAdmitted", { ...AGENCY, agencyId: i + 1, code: encodeBytes32String(label(code)) }),
  );
  types.forEach((name, i) =>
    forger.emit("TypeAdmitted", {
      ...TYPE,
      typeId: i + 1,
      typeHash: word(name),
      name: encodeBytes32String(label(name)),
    }),
  );
  for (const agencyId of [1, 2, 3])
    for (const operator of agencyId === 1 ? [ALICE, BOB] : [ALICE])
      forger.emit("OperatorAdded", {
        ...OPERATOR,
        agencyId,
        operator,
        validFrom: START + 110,
        validUntil: FOR_EVER,
      });
  const lasts = new Map<number, string>();
  const sequences = new Map<number, number>();
  const anchor = (agencyId: number, change: Record<string, unknown>): void => {
    const sequence = sequences.get(agencyId) ?? 0;
    sequences.set(agencyId, sequence + 1);
    forger.last = lasts.get(agencyId) ?? `0x${"0".repeat(40)}`;
    forger.batch(sequence, { batchId: (BigInt(agencyId) << 32n) + BigInt(sequence), ...change });
    lasts.set(agencyId, forger.last);
  };
  for (let n = 0; n < batches; n++) {
    forger.wait(9 * DAY);
    anchor(1, { typeId: (n % 2) + 1, size: 800 + ((n * 377) % 900) });
    // Nobody ever decides this objection.
    if (n === 0) forger.status("MarksSet", { marks: 0x10, positions: encodePositions([12, 14]), reason: 30 });
    if (n % 3 === 0) anchor(2, { typeId: 3, size: 120 + ((n * 91) % 300) });
    if (n % 5 === 4) anchor(3, { typeId: 1, size: 40 + n });
  }
  anchor(1, { typeId: 1, operator: BOB, size: 66 });
  return forger
    .status("StatusChanged", { status: 2, positions: encodePositions([1, 2, 3]) })
    .status("StatusChanged", { status: 3, positions: encodePositions([7, 40, 41]) })
    .status("RecordsSuperseded", { positions: encodePositions([9]), successors: [word("s")] })
    .emit("OperatorRevoked", { agencyId: 1, operator: BOB })
    .emit("OperatorCompromised", { agencyId: 1, operator: BOB, since: START + 9 * DAY * batches }, true);
}

/** Audits what a forger made, and judges time limits two months after the last block. */
export function reportOn(
  forger: Forger,
  options: {
    readonly period?: Period;
    readonly sources?: readonly string[];
    readonly also?: (audit: Audit) => void;
  } = {},
): AuditReport {
  const { period, sources = ["node.example:8545"], also } = options;
  const policies = loadPolicySet({ authorities: ["national", "ndrc", "shanghai"] });
  const audit = startAudit(registry, {
    ...(period === undefined ? {} : { period }),
    rules: { policies, authoritiesOf: () => policies.authorities },
  });
  audit.read(forger.logs, forger.blocks);
  also?.(audit);
  const last = [...forger.blocks.values()].at(-1)!;
  return audit.report(
    { number: last.number + 1_000, hash: word("last block"), time: last.time + 60 * DAY },
    sources,
  );
}
