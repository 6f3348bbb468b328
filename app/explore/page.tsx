import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ErrorText } from "../parts";
import { usePages } from "../pages";
import type { Thing } from "../route";
import { useSettings } from "../settings";
import { TrustPanel } from "../trust-panel";
import { AgencyPage, AgencyList } from "./agencies";
import { BatchList, BatchPage } from "./batches";
import { Overview } from "./overview";
import { OperatorPage } from "./operators";
import { RecordPage } from "./records";
import type { Rebuilt } from "./replay";
import { Search } from "./search";
import { SignOffs } from "./sign-offs";
import { Statuses } from "./statuses";
import { TypeList, TypePage } from "./types";
import { useRegistry, type RegistryView } from "./use-registry";

/** The registry as its events tell, live. */
export function ExplorePage({ thing }: { thing: Thing | undefined }): JSX.Element {
  const { words } = useSettings();
  const { trust, node, setLost } = usePages();
  const view = useRegistry(trust, node);
  useEffect(() => setLost(view.error), [view.error]);
  return (
    <div class="explore">
      {thing === undefined ? (
        <>
          <h1>{words.explorer.title}</h1>
          <p class="lead">{words.explorer.lead}</p>
        </>
      ) : (
        <p class="back">
          <a href="#/explore">← {words.explorer.back}</a>
        </p>
      )}
      {(thing === undefined || node.state !== "ready" || view.error !== undefined) && <TrustPanel />}
      {trust === undefined && <p class="notice">{words.explorer.needsTrust}</p>}
      <State view={view} />
      {view.rebuilt !== undefined && (
        <>
          {thing === undefined && <Search rebuilt={view.rebuilt} />}
          <Shown rebuilt={view.rebuilt} thing={thing} />
        </>
      )}
    </div>
  );
}

/** How far was read, whether it fits together, and what is going on. */
function State({ view: { rebuilt, progress, error } }: { view: RegistryView }): JSX.Element {
  const { words, format } = useSettings();
  const { node } = usePages();
  const { explorer } = words;
  const percent = new Intl.NumberFormat(undefined, { style: "percent" }).format(progress?.share ?? 0);
  return (
    <div class="state">
      {error !== undefined && (
        <p class="notice notice-warn" role="alert">
          <ErrorText error={error} />
        </p>
      )}
      {rebuilt === undefined && node.state === "ready" && error === undefined && (
        <div role="status">
          <p>
            {progress === undefined
              ? explorer.starting
              : explorer.reading(format.number(progress.events), percent)}
          </p>
          <progress max={1} value={progress?.share ?? 0} aria-label={explorer.starting} />
        </div>
      )}
      {rebuilt !== undefined && (
        <>
          {rebuilt.state.paused && <p class="notice notice-warn">{explorer.paused}</p>}
          {!rebuilt.agrees && <p class="notice notice-bad">{explorer.disagrees}</p>}
          {rebuilt.differences > 0 && (
            <p class="notice notice-bad">{explorer.differences(format.number(rebuilt.differences))}</p>
          )}
          <ul class="quiet small">
            <li data-testid="read-up-to">
              {explorer.state(
                format.number(rebuilt.deeds.length),
                format.number(rebuilt.block.number),
                format.time(rebuilt.block.time),
              )}
            </li>
            {rebuilt.agrees && <li class="mark-passed">✓ {explorer.agrees}</li>}
            <li>{explorer.singleSource}</li>
          </ul>
        </>
      )}
    </div>
  );
}

function Shown({ rebuilt, thing }: { rebuilt: Rebuilt; thing: Thing | undefined }): JSX.Element {
  switch (thing?.kind) {
    case undefined:
      return <Overview rebuilt={rebuilt} />;
    case "agency":
      return <AgencyPage rebuilt={rebuilt} id={thing.id} />;
    case "type":
      return <TypePage rebuilt={rebuilt} id={thing.id} />;
    case "batch":
      return <BatchPage rebuilt={rebuilt} id={thing.id} />;
    case "operator":
      return <OperatorPage rebuilt={rebuilt} address={thing.address} />;
    case "record":
      return <RecordPage rebuilt={rebuilt} recordKey={thing.key} />;
    case "list":
      return {
        agencies: <AgencyList rebuilt={rebuilt} />,
        types: <TypeList rebuilt={rebuilt} />,
        batches: <BatchList rebuilt={rebuilt} />,
        statuses: <Statuses rebuilt={rebuilt} />,
        signoffs: <SignOffs rebuilt={rebuilt} />,
      }[thing.of];
  }
}
