import type { ComponentChildren, JSX } from "preact";
import type { Bundle, BundleVerdict } from "../../src/bundle";
import { readTimestamp } from "../../src/bundle/timestamp";
import { readTransaction } from "../../src/bundle/transaction";
import { fromHex } from "../../src/bytes";
import { readCheckpoint } from "../../src/checkpoint";
import { portableHashes } from "../../src/hashes";
import type { JsonObject } from "../../src/json";
import { audited, readSignedReport } from "../../src/sign-off";
import { plain } from "../../src/formats";
import { Fact, Hex, Table } from "../parts";
import { useSettings } from "../settings";
import { Checks } from "./checks";
import type { Judged } from "./judge";

/** The evidence around the record, if the file is a bundle: what was checked of it, what is open, what it tells. */
export function BundlePart({ judged: { bundle, verdict } }: { judged: Judged }): ComponentChildren {
  const { words } = useSettings();
  const parts = "bundle" in verdict ? verdict.bundle : null;
  if (bundle === undefined || parts === null) return null;
  const names = words.bundle.checks;
  const open = openIn(verdict, parts.checks).map((name) =>
    name in names ? names[name as keyof typeof names] : words.checks[name as keyof typeof words.checks],
  );
  return (
    <>
      <div class="part bundle">
        <h3>{words.bundle.title}</h3>
        <p class="quiet">{words.bundle.lead}</p>
        <Checks checks={parts.checks} names={names} />
        <p class="bundle-open">
          {open.length === 0 ? words.bundle.nothingOpen : words.bundle.open(open.join(words.bundle.and))}
        </p>
      </div>
      <div class="part bundle-contents">
        <h3>{words.bundle.contents}</h3>
        <Contents bundle={bundle} digest={parts.digest} />
        <Statements bundle={bundle} />
      </div>
    </>
  );
}

/** Checks that a node or somebody else could still make. What is not in the bundle nobody can check. */
function openIn(
  { checks }: BundleVerdict | Judged["verdict"],
  parts: NonNullable<BundleVerdict["bundle"]>["checks"],
): string[] {
  return [...checks, ...parts]
    .filter(({ result, code }) => result === "not-checked" && !code.endsWith(".absent"))
    .map(({ name }) => name);
}

function Contents({ bundle, digest }: { bundle: Bundle; digest: string }): JSX.Element {
  const { words, format } = useSettings();
  const names = words.bundle;
  const { evidence, anchoring, codeHash, deployment, manifest, seal, timestamp } = bundle;
  const sender = anchoring && attempt(() => readTransaction(fromHex(anchoring.transaction), portableHashes));
  const stamp = timestamp === undefined ? undefined : attempt(() => readTimestamp(fromHex(timestamp)));
  const block = anchoring?.block;
  return (
    <dl class="facts">
      {sender !== undefined && (
        <Fact name={names.sender}>
          <Hex value={sender.from} />
        </Fact>
      )}
      {block !== undefined && (
        <Fact name={names.block}>
          {format.number(evidence.transaction.blockNumber)} <Hex value={evidence.transaction.blockHash} />
          {` · ${names.inBlock(format.number(block.index))}`}
        </Fact>
      )}
      {codeHash !== undefined && (
        <Fact name={names.codeHash}>
          <Hex value={codeHash} />
        </Fact>
      )}
      {typeof deployment?.["blockNumber"] === "number" && (
        <Fact name={names.deployedAt}>{format.number(deployment["blockNumber"])}</Fact>
      )}
      {typeof manifest?.["agencyCode"] === "string" && (
        <Fact name={names.manifestOf}>{plain(manifest["agencyCode"])}</Fact>
      )}
      {seal !== undefined && (
        <Fact name={names.sealedBy}>
          <Hex value={seal.signer} />
        </Fact>
      )}
      {stamp !== undefined && <Fact name={names.stamped}>{format.time(stamp.time)}</Fact>}
      <Fact name={names.madeBy}>
        {plain(bundle.tool)} · {format.time(bundle.madeAt)}
      </Fact>
      <Fact name={names.digest}>
        <Hex value={digest} />
      </Fact>
    </dl>
  );
}

interface Statement {
  readonly what: string;
  readonly signer: string;
  readonly block: { readonly number: number; readonly time: number };
  readonly entries: number;
}

/** What others signed about the registry. One that cannot be read is told by its check. */
function Statements({
  bundle: { checkpoints = [], signedReports = [] },
}: {
  bundle: Bundle;
}): ComponentChildren {
  const { words, format } = useSettings();
  const names = words.bundle;
  const told: Statement[] = [
    ...readAll(checkpoints, (text) => readCheckpoint(text, "a checkpoint")).map(
      ({ signer, block, journal }) => ({ what: names.checkpoint, signer, block, entries: journal.length }),
    ),
    ...readAll(signedReports, (text) => readSignedReport(text, "a report")).map((signed) => {
      const { block, journal } = audited(signed.report);
      const outcome = words.explorer.signOffs.outcomes;
      return {
        what: names.audit(outcome[signed.statement.outcome as keyof typeof outcome]),
        signer: signed.auditor,
        block,
        entries: journal.length,
      };
    }),
  ];
  if (told.length === 0) return null;
  return (
    <Table
      label={names.statements}
      columns={[names.statements, names.signer, names.block, names.time, names.entries]}
    >
      {told.map(({ what, signer, block, entries }, i) => (
        <tr key={i}>
          <td>{what}</td>
          <td>
            <Hex value={signer} />
          </td>
          <td>{format.number(block.number)}</td>
          <td>{format.time(block.time)}</td>
          <td>{format.number(entries)}</td>
        </tr>
      ))}
    </Table>
  );
}

function readAll<T>(documents: readonly JsonObject[], read: (text: string) => T): T[] {
  return documents.flatMap((document) => attempt(() => read(JSON.stringify(document))) ?? []);
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
