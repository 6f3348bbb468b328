import type { JSX } from "preact";
import { fromHex, toHex } from "../../src/bytes";
import { batchId } from "../../src/commitment";
import type { Evidence } from "../../src/evidence";
import { portableHashes } from "../../src/hashes";
import { rootOfProof } from "../../src/merkle";
import type { Check, Verdict } from "../../src/verify";
import { short } from "../../src/formats";
import { Hex, Table } from "../parts";
import { useSettings } from "../settings";

/** One step up the tree: what the proof gives, on which side, and what follows. */
interface Step {
  readonly sibling: string;
  readonly siblingIsLeft: boolean;
  readonly parent: string;
}

/** The way from a leaf up, computed here from the proof. */
export function stepsOf({ record, batch, proof }: Evidence, leaf: string): Step[] {
  const steps: Step[] = [];
  rootOfProof(
    fromHex(leaf, 32),
    record.index,
    batch.size,
    proof.map((hash) => fromHex(hash, 32)),
    portableHashes.keccak256,
    (sibling, siblingIsLeft, parent) =>
      steps.push({ sibling: toHex(sibling), siblingIsLeft, parent: toHex(parent) }),
  );
  return steps;
}

const ROW = 46;
const SHIFT = 26;
const GAP = 52;
const R = 7;

/** The path from the record's leaf to the root of its batch, and from there to the chain, as a picture. */
export function ProofPath({ evidence, verdict }: { evidence: Evidence; verdict: Verdict }): JSX.Element {
  const { words, format } = useSettings();
  const { batch, record } = evidence;
  const leaf = verdict.subject!.leaf;
  const steps = stepsOf(evidence, leaf);
  const inclusion = resultOf(verdict.checks, "inclusion");
  const anchor = resultOf(verdict.checks, "anchor");
  const found = steps.at(-1)?.parent ?? leaf;
  const reaches = inclusion === "passed";
  const description = words.path.describe(
    format.number(record.index),
    format.number(batch.size),
    format.number(steps.length),
  );
  const outcome = reaches ? words.path.reaches : words.path.misses;
  const onChain =
    anchor === "passed"
      ? words.path.onChain
      : anchor === "failed"
        ? words.path.notOnChain
        : words.path.chainUnknown;
  return (
    <>
      <figure class="path">
        <Picture
          leaf={leaf}
          steps={steps}
          label={`${words.path.title}: ${description} ${outcome} ${onChain}`}
          root={batch.root}
          reaches={reaches}
          anchor={anchor}
          batch={batchId(batch.agencyId, batch.sequence)}
        />
        <figcaption>
          <p>{description}</p>
          <p class={`mark-${inclusion}`}>{outcome}</p>
          <p class={`mark-${anchor}`}>{onChain}</p>
          <ul class="legend">
            <li>
              <span class="dot dot-own" /> {words.path.computed}
            </li>
            <li>
              <span class="dot dot-given" /> {words.path.sibling}
            </li>
          </ul>
        </figcaption>
      </figure>
      <details class="no-print">
        <summary>{words.path.hashes}</summary>
        <Table label={words.path.hashes} columns={[words.path.step, words.path.other, words.path.own]}>
          <tr>
            <td>{words.path.leaf}</td>
            <td>–</td>
            <td>
              <Hex value={leaf} whole />
            </td>
          </tr>
          {steps.map(({ sibling, parent }, i) => (
            <tr key={i}>
              <td>{i + 1}</td>
              <td>
                <Hex value={sibling} whole />
              </td>
              <td>
                <Hex value={parent} whole />
              </td>
            </tr>
          ))}
          <tr class={reaches && found === batch.root ? "mark-passed" : "mark-failed"}>
            <td>{words.path.root}</td>
            <td>
              <Hex value={batch.root} whole />
            </td>
            <td>
              <Hex value={found} whole />
            </td>
          </tr>
        </Table>
      </details>
    </>
  );
}

function resultOf(checks: readonly Check[], name: Check["name"]): Check["result"] {
  return checks.find((check) => check.name === name)!.result;
}

function Picture({
  leaf,
  steps,
  label,
  root,
  reaches,
  anchor,
  batch,
}: {
  leaf: string;
  steps: readonly Step[];
  label: string;
  root: string;
  reaches: boolean;
  anchor: Check["result"];
  batch: string;
}): JSX.Element {
  const { words } = useSettings();
  // Bottom up: the node stands left or right of its parent, its sibling on the other side.
  const xs = [0];
  for (const { siblingIsLeft } of steps) xs.push(xs.at(-1)! + (siblingIsLeft ? -SHIFT : SHIFT));
  const siblings = steps.map(({ siblingIsLeft }, i) => xs[i]! + (siblingIsLeft ? -2 * SHIFT : 2 * SHIFT));
  const left = Math.min(...xs, ...siblings) - 60;
  const right = Math.max(...xs, ...siblings) + 130;
  const height = ROW * steps.length + 2 * GAP + 60;
  const y = (level: number): number => height - 24 - ROW * level;
  const rootX = xs.at(-1)!;
  const rootY = y(steps.length);
  return (
    <svg
      class="path-picture"
      viewBox={`${left} 0 ${right - left} ${height}`}
      width={right - left}
      height={height}
      role="img"
      aria-label={label}
    >
      {steps.map((_, i) => (
        <g key={i}>
          <line class="edge edge-given" x1={siblings[i]} y1={y(i)} x2={xs[i + 1]} y2={y(i + 1)} />
          <line class="edge" x1={xs[i]} y1={y(i)} x2={xs[i + 1]} y2={y(i + 1)} />
        </g>
      ))}
      <line
        class={`edge edge-${reaches ? "passed" : "failed"}`}
        x1={rootX}
        y1={rootY}
        x2={rootX}
        y2={rootY - GAP}
      />
      <line class={`edge edge-${anchor}`} x1={rootX} y1={rootY - GAP} x2={rootX} y2={rootY - 2 * GAP + 8} />
      {steps.map(({ sibling }, i) => (
        <g key={i}>
          <circle class="node-given" cx={siblings[i]} cy={y(i)} r={R - 1} />
          <title>{sibling}</title>
        </g>
      ))}
      {xs.map((x, i) => (
        <g key={i}>
          <circle class="node-own" cx={x} cy={y(i)} r={R} />
          <title>{i === 0 ? leaf : steps[i - 1]!.parent}</title>
        </g>
      ))}
      <text x={xs[0]! + 14} y={y(0) + 18}>
        {words.path.leaf} <tspan class="mono">{short(leaf, 4, 2)}</tspan>
      </text>
      <text x={rootX + 14} y={rootY + (steps.length === 0 ? -6 : 4)}>
        {words.path.root} <tspan class="mono">{short(root, 4, 2)}</tspan>
      </text>
      <rect
        class={`box box-${reaches ? "passed" : "failed"}`}
        x={rootX - 8}
        y={rootY - GAP - 8}
        width="16"
        height="16"
        rx="2"
      />
      <text x={rootX + 14} y={rootY - GAP + 5}>
        {words.path.header} <tspan class="mono">{batch}</tspan>
      </text>
      <g class={`block block-${anchor}`}>
        <rect x={rootX - 14} y={rootY - 2 * GAP - 14} width="28" height="22" rx="3" />
        <text x={rootX + 20} y={rootY - 2 * GAP + 2}>
          {words.path.chain}
        </text>
      </g>
    </svg>
  );
}
