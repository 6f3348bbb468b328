import { keccak256 } from "ethers";
import { roleIds } from "../roles";
import { signOffsInterface } from "../interfaces";
import { readSignOff, type SignOff } from "../sign-off-log";
import type { Findings, Where } from "./differences";
import { MALFORMED, type RawLog } from "./events";
import { entriesAt, isUsable, type BlockFacts, type JournalReader } from "./journal";
import type { RoleReader } from "./roles";
import { obeyedAt, type Obeyed } from "./state";
import type { ExpectedView } from "./views";

/** The contract where auditors of a registry state what they found. */
export interface SignOffsPlace {
  /** In lower case. */
  readonly address: string;
  /** Whether code is what the contract's constructor leaves there, for this registry. */
  readonly isCode: (code: string) => boolean;
}

/** A statement that stands on chain, compared with what was replayed. */
export interface StatementReport extends SignOff {
  /** Where it was recorded. */
  readonly block: number;
  readonly transaction: string;
  /** Seconds. */
  readonly time: number;
  /** Whether heads, lengths and block are those of the chain, and the auditor held the role; null: not all could be told. */
  readonly holds: boolean | null;
}

/** What auditors stated about the registry. */
export interface SignOffsReport {
  readonly address: string;
  readonly statements: readonly StatementReport[];
}

/** What the statements are compared with. */
export interface Replayed {
  readonly journal: Pick<JournalReader, "at"> & { readonly length: number; readonly head: string };
  /** The authorities that the registry obeyed, one after the other. */
  readonly obeyed: readonly Obeyed[];
  readonly roles: ReadonlyMap<string, RoleReader>;
}

/** Reads what auditors stated. */
export interface SignOffReader {
  read(log: RawLog, block: BlockFacts | undefined): void;
  /** After the last log: what the contract must answer. */
  views(): Generator<ExpectedView>;
  /** The code at its address. */
  code(code: string, isCode: SignOffsPlace["isCode"], block: number): void;
  /** Blocks that the statements name. */
  blocks(): Set<number>;
  /** Their hashes, of those that are there. */
  blockHashes(hashes: ReadonlyMap<number, string>): void;
  report(replayed: Replayed): SignOffsReport;
}

const STALE =
  "an auditor stated fewer entries than there were at the block that he names: he did not see the rest";

interface Recorded extends SignOff {
  readonly time: number;
  readonly where: Where;
  readonly log: RawLog;
}

/**
 * Reads the logs of a contract for sign-offs. The contract refuses only what the chain shows at once: a head of the past,
 * or a block that is long gone, it takes on trust.
 *
 * @param remember Told each length of the registry's journal whose head is stated; before the journal is read.
 */
export function readSignOffs(
  place: { readonly address: string },
  registry: string,
  findings: Findings,
  remember: (length: number) => void,
): SignOffReader {
  const recorded: Recorded[] = [];
  let hashes: ReadonlyMap<number, string> = new Map();
  let last: RawLog | undefined;

  function read(log: RawLog, block: BlockFacts | undefined): void {
    const at: Where = { block: log.blockNumber, transaction: log.transactionHash, logIndex: log.logIndex };
    if (!isUsable(log, block, last, place, at, findings)) return;
    last = log;
    const found = readSignOff(log);
    if (found === undefined) {
      findings.differ("log.malformed", `${MALFORMED}: of an auditor's statement`, at);
      return;
    }
    const where: Where = { ...at, event: "SignedOff", statement: found.index };
    if (found.index !== recorded.length)
      findings.differ(
        "sign-off.index",
        "statements of auditors are missing, or come again",
        where,
        recorded.length,
        found.index,
      );
    recorded.push({ ...found, time: block.time, where, log });
    remember(found.statement.journalLength);
  }

  function* views(): Generator<ExpectedView> {
    const view = (name: string, parameters: readonly unknown[], expected: string): ExpectedView => ({
      where: { view: `${name}(${parameters.join(", ")}) of ${place.address}` },
      data: signOffsInterface.encodeFunctionData(name as "at", parameters as [number]),
      expected,
    });
    yield view("registry", [], signOffsInterface.encodeFunctionResult("registry", [registry]));
    yield view("count", [], signOffsInterface.encodeFunctionResult("count", [recorded.length]));
    for (const { index, auditor, time, statement } of recorded)
      yield view(
        "at",
        [index],
        signOffsInterface.encodeFunctionResult("at", [auditor, time, { ...statement }]),
      );
  }

  /** @returns Whether it holds; null if that cannot be told. */
  function compareJournal({ statement, where }: Recorded, { journal }: Replayed): boolean | null {
    const { journalLength: length, journalHead, blockNumber } = statement;
    const stated = `${length}:${journalHead}`;
    const at = length > journal.length ? undefined : journal.at(length);
    if (length > journal.length || (at !== undefined && entriesAt(at, blockNumber) === "more")) {
      const message = "an auditor stated more entries than the journal had at the block that he names";
      const found = length > journal.length ? `${journal.length}:${journal.head}` : undefined;
      findings.differ("sign-off.beyond", message, where, found, stated);
      return false;
    }
    if (at === undefined) {
      findings.notChecked("sign-off.head", "heads that auditors stated, of entries not read now");
      return null;
    }
    if (at.head !== journalHead) {
      const message = "an auditor stated a head that the journal never had at this length";
      findings.differ("sign-off.head", message, where, `${length}:${at.head}`, stated);
      return false;
    }
    if (entriesAt(at, blockNumber) === "all") return true;
    findings.differ("sign-off.stale", STALE, where, undefined, stated);
    return false;
  }

  function compareRoles({ statement, where, log }: Recorded, { obeyed, roles }: Replayed): boolean | null {
    const { rolesLength: length, rolesHead, blockNumber } = statement;
    if (length === 0) return true;
    const reader = roles.get(obeyedAt(obeyed, log) ?? "");
    if (reader === undefined) {
      findings.notChecked(
        "sign-off.roles",
        "heads of roles that auditors stated, whose journal was not read",
      );
      return null;
    }
    const at = reader.at(length);
    const stated = `${length}:${rolesHead}`;
    const entries = at === undefined ? "more" : entriesAt(at, blockNumber);
    if (at?.head === rolesHead && entries === "all") return true;
    if (at?.head === rolesHead && entries === "fewer")
      findings.differ("sign-off.stale", STALE, where, undefined, `roles ${stated}`);
    else {
      const { journal } = reader.report();
      findings.differ(
        "sign-off.roles",
        entries === "more"
          ? "an auditor stated more entries of the journal of roles than it had at the block that he names"
          : "an auditor stated a head that the journal of roles never had at this length",
        where,
        at === undefined ? `${journal.length}:${journal.head}` : `${length}:${at.head}`,
        stated,
      );
    }
    return false;
  }

  function compareBlock({ statement, where }: Recorded): boolean {
    const { blockNumber, blockHash } = statement;
    const found = hashes.get(blockNumber);
    if (found === blockHash) return true;
    const message = "an auditor looked at a block that is not in the chain";
    findings.differ("sign-off.block", message, where, found ?? "none", `${blockNumber}: ${blockHash}`);
    return false;
  }

  function compareRole({ auditor, time, where, log }: Recorded, { obeyed, roles }: Replayed): boolean | null {
    const authority = obeyedAt(obeyed, log);
    const reader = roles.get(authority ?? "");
    if (reader === undefined) {
      findings.notChecked("sign-off.role", "whether auditors held their role: its journal was not read");
      return null;
    }
    if (reader.held(roleIds.auditor, auditor, log, time)) return true;
    const message = "a statement of somebody who did not hold the role auditor then";
    findings.differ("sign-off.role", message, where, "auditor", auditor);
    return false;
  }

  return {
    read,
    views,
    code: (code, isCode, block) => {
      if (!isCode(code))
        findings.differ(
          "sign-off.code",
          "the contract for sign-offs has other code, or none, or is about another registry",
          { block, view: `code of ${place.address}` },
          undefined,
          code === "0x" ? "no code" : keccak256(code),
        );
    },
    blocks: () => new Set(recorded.map(({ statement }) => statement.blockNumber)),
    blockHashes: (found) => void (hashes = found),
    report: (replayed) => ({
      address: place.address,
      statements: recorded.map((one) => {
        const results = [
          compareJournal(one, replayed),
          compareRoles(one, replayed),
          compareBlock(one),
          compareRole(one, replayed),
        ];
        const { index, auditor, statement, time, log } = one;
        return {
          index,
          auditor,
          statement,
          block: log.blockNumber,
          transaction: log.transactionHash,
          time,
          holds: results.includes(false) ? false : results.includes(null) ? null : true,
        };
      }),
    }),
  };
}
