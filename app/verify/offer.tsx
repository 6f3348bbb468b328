import type { ComponentChildren, JSX } from "preact";
import { Hex } from "../parts";
import { usePages } from "../pages";
import { plain } from "../../src/formats";
import { useSettings } from "../settings";
import { trustOfRecord } from "../trust";
import type { Item } from "./page";

/** A file that is no evidence: what it is, and what can be done with it. */
export function Offer({ item, onRemove }: { item: Item; onRemove: () => void }): JSX.Element {
  const { words } = useSettings();
  const { opened } = item;
  return (
    <section class="notice" aria-label={item.name}>
      <p class="file-row">
        <strong class="file-name">{plain(item.name)}</strong>
        <button
          type="button"
          class="plain"
          onClick={onRemove}
          aria-label={words.verdict.removeFile(item.name)}
        >
          {words.verdict.remove}
        </button>
      </p>
      <div role="status">
        {opened === undefined && <p>{words.drop.reading}</p>}
        {opened?.kind === "other" && (
          <p>
            {words.problems[opened.problem]}{" "}
            {opened.detail !== undefined && <code class="small">{plain(opened.detail)}</code>}
          </p>
        )}
        {opened?.kind === "type" && <p>{words.offers.type(plain(opened.type.name))}</p>}
        {opened?.kind === "deployment" && <Deployment record={opened.record} />}
      </div>
    </section>
  );
}

/** A deployment record changes whom the reader believes: never without being asked. */
function Deployment({ record }: { record: unknown }): ComponentChildren {
  const { words } = useSettings();
  const { trust, setTrust, suggestedRpc } = usePages();
  const offered = trustOfRecord(record, trust?.rpc || suggestedRpc);
  if (offered === undefined) return <p>{words.offers.brokenRecord}</p>;
  const isBelieved = trust?.registry === offered.registry && trust.chainId === offered.chainId;
  return (
    <>
      <p>{words.offers.deployment("", String(offered.chainId))}</p>
      <p>
        <Hex value={offered.registry} whole />
      </p>
      {isBelieved ? (
        <p>
          {words.offers.accepted} {trust.rpc === "" && words.offers.needsNode}
        </p>
      ) : (
        <button type="button" class="primary" onClick={() => setTrust(offered)}>
          {words.offers.accept}
        </button>
      )}
    </>
  );
}
