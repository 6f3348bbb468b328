import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { toHex } from "../../src/bytes";
import { RECEIPT_FORMAT } from "../../src/evidence";
import { shippedTypes } from "../../src/types/shipped";
import type { RecordType } from "../../src/types/record-type";
import { dateInChina, type Moment, type Verdict } from "../../src/verify";
import { plain } from "../../src/formats";
import { useSettings } from "../settings";
import { BundlePart } from "./bundle-part";
import { Checks } from "./checks";
import { Details } from "./details";
import { Fields } from "./fields";
import { outcomeOf, type Judged, type Outcome } from "./judge";
import { ProofPath } from "./path";
import { Present } from "./present";
import { Timeline } from "./timeline";

/** One file and what came of it. */
export function Result({
  name,
  judged,
  types,
  asOf,
  contradicts,
  onRemove,
}: {
  name: string;
  judged: Judged;
  types: readonly RecordType[];
  asOf: Moment | undefined;
  contradicts: readonly string[];
  onRemove: () => void;
}): JSX.Element {
  const { words, format } = useSettings();
  const { verdict, evidence, facts } = judged;
  const id = useId();
  const type =
    evidence === undefined
      ? undefined
      : [...shippedTypes().values(), ...types].find(
          ({ typeHash }) => toHex(typeHash) === evidence.record.typeHash,
        );
  const outcome = outcomeOf(judged);
  const day = format.date(dateInChina(asOf?.time ?? Date.now() / 1000));
  const headings = asOf === undefined ? words.verdict.headings : words.verdict.headingsThen;
  return (
    <article class={`result result-${outcome}`} aria-labelledby={`${id}-heading`}>
      <header class="verdict">
        <p class="file-row">
          <span>
            <span class="file-name">{plain(name)}</span>{" "}
            <span class="file-kind">{words.verdict.kinds[kindOf(judged)]}</span>
          </span>
          <span class="no-print">
            <button type="button" class="plain" onClick={() => print()}>
              {words.verdict.print}
            </button>
            <button
              type="button"
              class="plain"
              onClick={onRemove}
              aria-label={words.verdict.removeFile(plain(name))}
            >
              {words.verdict.remove}
            </button>
          </span>
        </p>
        <div class="verdict-row">
          <VerdictSign outcome={outcome} />
          <div>
            <h2 id={`${id}-heading`}>{headings[outcome]}</h2>
            <p>{words.verdict.sentences[outcome]}</p>
            {outcome === "elsewhere" && evidence !== undefined && (
              <p>
                {words.verdict.namesRegistry(evidence.registry.address, String(evidence.registry.chainId))}
              </p>
            )}
            <p class="quiet small">
              {words.verdict.judgedBy(day)}
              {facts !== undefined &&
                ` · ${words.verdict.asOfBlock(format.number(facts.block.number), format.time(facts.block.time))}`}
            </p>
          </div>
        </div>
        {contradicts.length > 0 && (
          <p class="notice notice-bad" role="alert">
            {words.verdict.contradiction(contradicts.map(plain).join(", "))}
          </p>
        )}
      </header>
      <div class="part">
        <h3>{words.sections.checks}</h3>
        <Checks checks={verdict.checks} names={words.checks} />
      </div>
      <BundlePart judged={judged} />
      {evidence !== undefined && (
        <>
          <div class="part">
            <h3>{words.sections.record}</h3>
            <Fields evidence={evidence} type={type} isProved={isProved(verdict)} />
          </div>
          <div class="part">
            <h3>{words.sections.timeline}</h3>
            <Timeline judged={judged} type={type} asOf={asOf} />
          </div>
          <div class="part">
            <h3>{words.sections.path}</h3>
            <ProofPath evidence={evidence} verdict={verdict} />
          </div>
          <div class="part">
            <h3>{words.sections.details}</h3>
            <Details judged={judged} evidence={evidence} type={type} />
          </div>
          {type !== undefined && verdict.exitStatus !== 1 && (
            <div class="part no-print">
              <h3>{words.sections.present}</h3>
              <Present evidence={evidence} type={type} name={name} />
            </div>
          )}
        </>
      )}
    </article>
  );
}

/** What the file is. */
function kindOf({ isBundle, evidence }: Judged): "bundle" | "receipt" | "presentation" | "unreadable" {
  if (isBundle) return "bundle";
  if (evidence === undefined) return "unreadable";
  return evidence.format === RECEIPT_FORMAT ? "receipt" : "presentation";
}

/** Whether what the file shows is what was anchored. */
function isProved({ checks }: Verdict): boolean {
  return ["integrity", "inclusion", "anchor"].every((name) =>
    checks.some((check) => check.name === name && check.result === "passed"),
  );
}

function VerdictSign({ outcome }: { outcome: Outcome }): JSX.Element {
  const path = {
    0: "M13 25l8 8 15-17",
    1: "M15 15l18 18M33 15L15 33",
    2: "M18 19a6 6 0 1 1 8.5 5.4c-1.7.8-2.5 2-2.5 4v.6M24 34v.5",
    3: "M24 13v13M24 33v.5",
    contradicted: "M14 20h20M14 28h20M31 13L17 35",
    elsewhere: "M13 24h22M27 16l8 8-8 8",
  }[outcome];
  return (
    <svg class="verdict-sign" viewBox="0 0 48 48" width="64" height="64" aria-hidden="true">
      <circle cx="24" cy="24" r="21.5" />
      <path d={path} />
    </svg>
  );
}
