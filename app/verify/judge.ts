import { verifyExhibit, type BundleVerdict, type Exhibit } from "../../src/bundle";
import type { Chain } from "../../src/chain";
import type { CreditAnchorError } from "../../src/errors";
import { gatherTrusted } from "../../src/facts";
import { shippedTypes } from "../../src/types/shipped";
import type { RecordType } from "../../src/types/record-type";
import {
  combine,
  dateInChina,
  toldOf,
  type ChainFacts,
  type Moment,
  type Told,
  type Verdict,
} from "../../src/verify";
import { asError } from "../node";
import type { Trust } from "../trust";

/** What came of one file. */
export interface Judged extends Exhibit {
  readonly verdict: Verdict | BundleVerdict;
  readonly told: Told | undefined;
  readonly facts: ChainFacts | undefined;
  /** Positions of files that contradict this one. */
  readonly contradicts: readonly number[];
}

/**
 * What the reader is told: the verdict's exit status, that another file contradicts this one, or that nothing is wrong
 * with it but that it is of another registry than the one that is believed.
 */
export type Outcome = Verdict["exitStatus"] | "contradicted" | "elsewhere";

export function outcomeOf({ verdict, contradicts }: Pick<Judged, "verdict" | "contradicts">): Outcome {
  if (contradicts.length > 0) return "contradicted";
  const parts = "bundle" in verdict ? (verdict.bundle?.checks ?? []) : [];
  const failed = [...verdict.checks, ...parts].filter(({ result }) => result === "failed");
  return failed.length > 0 && failed.every(({ code }) => code === "anchor.untrusted")
    ? "elsewhere"
    : verdict.exitStatus;
}

export interface Judgement {
  readonly judged: readonly Judged[];
  /** Why the node gave no facts; the files were judged without it. */
  readonly error: CreditAnchorError | undefined;
}

export interface Court {
  readonly trust: Trust | undefined;
  /** Undefined: judged offline. */
  readonly chain: Chain | undefined;
  /** Types besides the shipped ones. */
  readonly types: readonly RecordType[];
  /** Judge by what had happened then. */
  readonly asOf?: Moment | undefined;
}

/** Judges files by the same functions as `credit-anchor verify`. */
export async function judge(exhibits: readonly Exhibit[], court: Court): Promise<Judgement> {
  const { trust, chain, asOf } = court;
  const trusted = trust === undefined ? [] : [{ ...trust, address: trust.registry }];
  const types = [...shippedTypes().values(), ...court.types];
  const now = Math.floor(Date.now() / 1000);
  const policy = {
    today: dateInChina(asOf?.time ?? now),
    now,
    ...(asOf === undefined ? {} : { asOf }),
  };
  let facts: readonly (ChainFacts | undefined)[] = [];
  let error: CreditAnchorError | undefined;
  if (trust !== undefined && chain !== undefined)
    try {
      facts = await gatherTrusted(
        [chain],
        trusted[0]!,
        exhibits.map(({ evidence }) => evidence),
        { withHistory: true, fromBlock: trust.fromBlock },
      );
    } catch (thrown) {
      error = asError(thrown);
    }
  const judged = exhibits.map((exhibit, i) => {
    const verdict = verifyExhibit(exhibit, { types, facts: facts[i], trust: trusted, policy });
    return {
      ...exhibit,
      verdict,
      facts: facts[i],
      told: toldOf(verdict, facts[i], exhibit.evidence, policy),
    };
  });
  const { equivocations } = combine(judged.map(({ verdict }) => verdict));
  return {
    judged: judged.map((one, i) => ({
      ...one,
      contradicts: equivocations.flatMap(([a, b]) => (a === i ? [b] : b === i ? [a] : [])),
    })),
    error,
  };
}
