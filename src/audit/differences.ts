/** Where something was found that should not be so. Block numbers, hashes and ids only: nothing about a subject. */
export interface Where {
  readonly block?: number;
  readonly transaction?: string;
  readonly logIndex?: number;
  /** Number of the journal entry. */
  readonly entry?: number;
  readonly event?: string;
  readonly agencyId?: number;
  readonly typeId?: number;
  /** Decimal, agencyId · 2^32 + sequence. */
  readonly batchId?: string;
  /** Position of a leaf in its batch. */
  readonly index?: number;
  /** Number of a statement of an auditor. */
  readonly statement?: number;
  /** The view that was asked, with its arguments. */
  readonly view?: string;
  readonly node?: string;
  /** Name of a file that was compared. */
  readonly file?: string;
  /** The first rows of it in which this was found, data rows counted from 1. */
  readonly rows?: readonly number[];
  /** The first records that it lacks: `batchId/index`. */
  readonly records?: readonly string[];
  /** Names of the fields in which rows and records differ; never a value. */
  readonly fields?: readonly string[];
}

/** One place where what was found contradicts what must be. */
export interface Difference {
  /** Stable, for programs: `journal.gap`, `view.differs`, `vault.root`. */
  readonly code: string;
  /** For people: what is wrong. */
  readonly message: string;
  readonly where: Where;
  readonly expected?: string;
  readonly found?: string;
  /** In place of both, where nodes disagree: who said what. Which of them is right, nobody knows. */
  readonly said?: readonly Said[];
}

/** What a node says. */
export interface Said {
  readonly node: string;
  readonly value: string;
}

/** Something that the evidence at hand cannot decide, and how often it came up. */
export interface NotChecked {
  readonly code: string;
  readonly message: string;
  readonly count: number;
}

/** Collects what an audit finds; nothing stops it. */
export interface Findings {
  readonly differences: Difference[];
  differ(code: string, message: string, where: Where, expected?: unknown, found?: unknown): void;
  disagree(code: string, message: string, where: Where, said: readonly Said[]): void;
  notChecked(code: string, message: string, count?: number): void;
  unchecked(): NotChecked[];
}

export function startFindings(): Findings {
  const differences: Difference[] = [];
  const open = new Map<string, { message: string; count: number }>();
  return {
    differences,
    differ: (code, message, where, expected, found) =>
      differences.push({
        code,
        message,
        where,
        ...(expected === undefined ? {} : { expected: String(expected) }),
        ...(found === undefined ? {} : { found: String(found) }),
      }),
    disagree: (code, message, where, said) => differences.push({ code, message, where, said }),
    notChecked: (code, message, count = 1) => {
      const known = open.get(code);
      if (known === undefined) open.set(code, { message, count });
      else known.count += count;
    },
    unchecked: () => [...open].map(([code, { message, count }]) => ({ code, message, count })),
  };
}
