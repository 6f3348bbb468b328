import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { RecordType } from "../../src/types/record-type";
import type { Moment } from "../../src/verify";
import { ErrorText } from "../parts";
import { usePages } from "../pages";
import { useSettings } from "../settings";
import { TrustPanel } from "../trust-panel";
import { AsOf } from "./as-of";
import { Drop } from "./drop";
import { Offer } from "./offer";
import { judge, outcomeOf, type Judgement } from "./judge";
import { openFile, type Opened } from "./read-file";
import { Result } from "./result";

/** A file that the reader opened. */
export interface Item {
  readonly id: number;
  readonly name: string;
  /** Undefined while it is read. */
  readonly opened: Opened | undefined;
}

/** Open receipts, presentations and bundles, and see what holds. */
export function VerifyPage({ isShown }: { isShown: boolean }): JSX.Element {
  const { words } = useSettings();
  const { items, add, remove, clear } = useItems();
  const [asOf, setAsOf] = useState<Moment | undefined>(undefined);
  const exhibits = useMemo(() => items.filter(({ opened }) => opened?.kind === "exhibit"), [items]);
  const types = useMemo(
    () => items.flatMap(({ opened }) => (opened?.kind === "type" ? [opened.type] : [])),
    [items],
  );
  const { judgement, isBusy } = useJudgement(exhibits, types, asOf);
  const names = exhibits.map(({ name }) => name);

  return (
    <div class="verify">
      <h1>{words.drop.title}</h1>
      <p class="lead">{words.drop.lead}</p>
      <Drop onFiles={add} isSmall={items.length > 0} />
      {/* One at a time: Explore shows it too. */}
      {isShown && <TrustPanel />}
      {items.length > 0 && (
        <div class="bar no-print">
          <AsOf value={asOf} onChange={setAsOf} />
          <button type="button" class="plain" onClick={clear}>
            {words.drop.again}
          </button>
        </div>
      )}
      <Announcer names={names} judgement={judgement} isBusy={isBusy} isThen={asOf !== undefined} />
      {judgement?.error !== undefined && (
        <p class="notice notice-warn">
          <strong>{words.verdict.withoutNode}</strong> <ErrorText error={judgement.error} />
        </p>
      )}
      <Counts judgement={judgement} />
      <div class="results">
        {items.map((item) => {
          const at = exhibits.indexOf(item);
          const judged = at < 0 ? undefined : judgement?.judged[at];
          if (item.opened?.kind === "exhibit")
            return judged === undefined ? (
              <p key={item.id} class="notice">
                {item.name}: {words.verdict.working}
              </p>
            ) : (
              <Result
                key={item.id}
                name={item.name}
                judged={judged}
                types={types}
                asOf={asOf}
                contradicts={judged.contradicts.map((i) => names[i]!)}
                onRemove={() => remove(item.id)}
              />
            );
          return <Offer key={item.id} item={item} onRemove={() => remove(item.id)} />;
        })}
      </div>
    </div>
  );
}

function useItems(): {
  items: readonly Item[];
  add: (files: readonly File[]) => void;
  remove: (id: number) => void;
  clear: () => void;
} {
  const [items, setItems] = useState<readonly Item[]>([]);
  const nextId = useRef(0);
  const add = (files: readonly File[]): void => {
    const opening = files.map((file): [Item, File] => [
      { id: nextId.current++, name: file.name, opened: undefined },
      file,
    ]);
    setItems((before) => [...before, ...opening.map(([item]) => item)]);
    for (const [item, file] of opening)
      void openFile(file).then((opened) =>
        setItems((before) => before.map((one) => (one.id === item.id ? { ...one, opened } : one))),
      );
  };
  const remove = (id: number): void => setItems((before) => before.filter((item) => item.id !== id));
  return { items, add, remove, clear: () => setItems([]) };
}

/** Judges again whenever files, trust, node, types or day change; the latest question counts. */
function useJudgement(
  exhibits: readonly Item[],
  types: readonly RecordType[],
  asOf: Moment | undefined,
): { judgement: Judgement | undefined; isBusy: boolean } {
  const { trust, node, isKnown, setLost } = usePages();
  const [state, setState] = useState<{ judgement: Judgement | undefined; isBusy: boolean }>({
    judgement: undefined,
    isBusy: false,
  });
  useEffect(() => {
    if (exhibits.length === 0 || !isKnown || node.state === "connecting") {
      setState({ judgement: undefined, isBusy: exhibits.length > 0 });
      return;
    }
    let isCurrent = true;
    setState({ judgement: undefined, isBusy: true });
    const files = exhibits.flatMap(({ opened }) => (opened?.kind === "exhibit" ? [opened] : []));
    const chain = node.state === "ready" ? node.chain : undefined;
    void judge(files, { trust, chain, types, asOf }).then((judgement) => {
      const failure = node.state === "failed" ? node.error : undefined;
      if (!isCurrent) return;
      if (chain !== undefined) setLost(judgement.error);
      setState({ judgement: { ...judgement, error: judgement.error ?? failure }, isBusy: false });
    });
    return () => {
      isCurrent = false;
    };
  }, [exhibits, types, asOf, trust, node, isKnown]);
  // A judgement on other files than those on the page is none.
  const fits = state.judgement === undefined || state.judgement.judged.length === exhibits.length;
  return fits ? state : { judgement: undefined, isBusy: true };
}

/** Says aloud what came of the files. */
function Announcer({
  names,
  judgement,
  isBusy,
  isThen,
}: {
  names: readonly string[];
  judgement: Judgement | undefined;
  isBusy: boolean;
  isThen: boolean;
}): JSX.Element {
  const { words } = useSettings();
  const headings = isThen ? words.verdict.headingsThen : words.verdict.headings;
  const said = isBusy
    ? words.verdict.working
    : (judgement?.judged ?? [])
        .map((judged, i) => words.verdict.live(names[i] ?? "", headings[outcomeOf(judged)]))
        .join(". ");
  return (
    <p class="unseen" aria-live="polite" role="status" data-testid="announcer">
      {said}
    </p>
  );
}

function Counts({ judgement }: { judgement: Judgement | undefined }): JSX.Element | null {
  const { words, format } = useSettings();
  if (judgement === undefined || judgement.judged.length < 2) return null;
  const parts = ([0, 3, 2, "elsewhere", "contradicted", 1] as const).flatMap((outcome) => {
    const count = judgement.judged.filter((judged) => outcomeOf(judged) === outcome).length;
    return count === 0 ? [] : [words.verdict.counts[outcome](format.number(count))];
  });
  return <p class="counts">{words.verdict.several(parts.join(" · "))}</p>;
}
