import type { AuditName, AuditsResult, BenchResult, LineResult, Measured } from "./run";

const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
const seconds = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1));
const mebibytes = (value: number): string => whole(value / 2 ** 20);

const STAGES = [
  ["read", "read: lines and cells of the CSV"],
  ["validate", "validate: cells to a record"],
  ["seal", "seal: salts, digests, commitment, key, leaf, encryption"],
  ["store", "store: tree, files, database, made durable"],
  ["chain", "chain: sign, send, wait"],
  ["receipt", "receipt: decrypt, prove, check itself"],
  ["verify", "verify: a receipt, offline, from its text"],
] as const;

const AUDITS: Readonly<Record<AuditName, string>> = {
  chain: "an auditor, for the first time: events, answers, every leaf from its transaction",
  again: "the same auditor again, nothing new: from the index",
  more: "the same auditor again, one batch more: from the index, and what is new",
  files: "an auditor without index, leaves from files (`leaves export`)",
  vault: "the agency: the same, and every record of its vault opened, computed again, its time limits judged",
};

/** What was measured, for people. */
export function markdown({ date, machine, lines, audits, gas }: BenchResult): string {
  return `# Measured ${date.slice(0, 10)}

${machine.cpu}, ${machine.cores} cores, ${mebibytes(machine.memoryBytes)} MiB, Node ${machine.node}, ${machine.platform}; load average before: ${machine.load.toFixed(1)}.
The chain runs on the same machine, beside what is measured, and mines each transaction at once.

## The whole line

A CSV of twelve fields a record, checked, sealed, in the vault and anchored in mode \`root\`: \`credit-anchor anchor\`, one
process. Then \`credit-anchor audit\` with the vault, every record opened and computed again.

${table(
  [
    "Records",
    "CSV MiB",
    "Anchored in s",
    "Records a s",
    "CPU s",
    "Peak MiB",
    "Batches",
    "Audited in s",
    "Records a s",
    "Peak MiB",
  ],
  lines.map(lineRow),
)}

## Where the time goes

Each stage alone, on one thread, one after the other; microseconds a record. Of 100,000 records at most.

${table(
  ["Stage", ...lines.map(({ stages }) => `${whole(stages.records)} records`)],
  STAGES.map(([name, text]) => [
    text,
    ...lines.map(({ stages }) => ((stages[name] * 1e6) / stages.records).toFixed(1)),
  ]),
)}

${audits === null ? "" : auditsText(audits)}## Gas

${table(
  ["Mode", "Records", "Gas a batch", "Gas a record"],
  gas.map(({ mode, records, gasPerBatch, gasPerRecord }) => [
    mode,
    whole(records),
    whole(gasPerBatch),
    whole(gasPerRecord),
  ]),
)}
`;
}

function auditsText({ records, batches, audits }: AuditsResult): string {
  return `## Audits

A registry with ${whole(records)} leaves in ${whole(batches)} batches, all of them on the chain (mode \`leaves\`).

${table(
  ["Audit by", "Seconds", "CPU s", "Peak MiB", "Leaves proven", "Records computed again", "Differences"],
  audits.map((audit) => [
    AUDITS[audit.name],
    seconds(audit.seconds),
    seconds(audit.cpuSeconds),
    mebibytes(audit.peakBytes),
    whole(audit.proven),
    whole(audit.recomputed),
    whole(audit.differences),
  ]),
)}

`;
}

function lineRow({ records, fileBytes, anchor, audit }: LineResult): string[] {
  const measured = ({ seconds: time, peakBytes }: Measured): [string, string, string] => [
    seconds(time),
    whole(records / time),
    mebibytes(peakBytes),
  ];
  const [anchored, rate, peak] = measured(anchor);
  const [audited, auditRate, auditPeak] = measured(audit);
  const { cpuSeconds, batches } = anchor;
  return [
    whole(records),
    mebibytes(fileBytes),
    anchored,
    rate,
    seconds(cpuSeconds),
    peak,
    whole(batches),
    audited,
    auditRate,
    auditPeak,
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
