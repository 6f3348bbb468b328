import type { AuditReport } from "../audit";

/**
 * The report as the one text that its hash is of: RFC 8785. Larger than what {@link canonical} takes for a record,
 * when an audit found much; numbers in a report are whole, and its texts are ASCII or Chinese.
 */
export function reportJson(report: AuditReport): string {
  return JSON.stringify(sorted(report));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
