import type { Findings } from "./differences";
import type { ExternalHead, JournalResult } from "./journal";
import type { RolesReport } from "./roles";

/** A head obtained elsewhere against the journal that was read. */
export function compareHead(
  of: "registry" | "roles",
  external: ExternalHead | undefined,
  { length, head, contained }: JournalResult,
  findings: Findings,
): void {
  if (external === undefined || contained === true) return;
  const isLonger = external.length > length;
  findings.differ(
    of === "registry"
      ? isLonger
        ? "head.beyond"
        : "head.differs"
      : isLonger
        ? "roles.beyond"
        : "roles.differs",
    isLonger
      ? "the head obtained elsewhere is of a longer journal: entries are missing here"
      : "the first entries have another head than the one obtained elsewhere: something before it differs",
    of === "registry" ? {} : { view: "journal() of the authority" },
    `${external.length}:${external.head}`,
    isLonger ? `${length}:${head}` : undefined,
  );
}

/** Of the authority that the registry obeys; empty if it keeps none that could be read. */
export function journalOfRoles(roles: readonly RolesReport[], authority: string | undefined): JournalResult {
  const found = roles.find((report) => report.authority === authority);
  return {
    ...(found?.journal ?? { length: 0, head: "none" }),
    contained: found?.externalHead?.contained,
  };
}
