import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { usePages } from "./pages";
import { ErrorText, Hex } from "./parts";
import { useSettings } from "./settings";
import { draftFaults, trustOf, type TrustDraft } from "./trust";

/** Which registry is believed, which node is asked, whether it answers; and the form that changes it. */
export function TrustPanel(): JSX.Element {
  const { words } = useSettings();
  const { trust, isKnown, node, lost, retry } = usePages();
  const [isOpen, setIsOpen] = useState(false);
  const id = useId();
  const isLost = node.state === "ready" && lost !== undefined;
  useEffect(() => {
    // Without a registry or a node nothing can be proved: ask at once.
    if (isKnown && (trust === undefined || trust.rpc === "")) setIsOpen(true);
  }, [isKnown, trust]);

  return (
    <section class="trust" aria-labelledby={`${id}-title`}>
      <div class="trust-summary">
        <h2 id={`${id}-title`}>{words.trust.title}</h2>
        {trust === undefined ? (
          <p>{isKnown ? words.trust.none : "…"}</p>
        ) : (
          <p>
            {words.trust.summary(String(trust.chainId))} <Hex value={trust.registry} />{" "}
            <span class="quiet">({words.trust.sources[trust.source]})</span>
          </p>
        )}
        <p class={`node node-${isLost ? "failed" : node.state}`} role="status">
          {node.state === "none" && words.trust.node.none}
          {node.state === "connecting" && words.trust.node.connecting}
          {node.state === "ready" && !isLost && words.trust.node.ready(node.chain.node)}
          {isLost && <strong>{words.trust.node.lost(node.chain.node)}</strong>}
          {node.state === "failed" && (
            <>
              <strong>{words.trust.node.failed}.</strong> <ErrorText error={node.error} />
            </>
          )}
        </p>
        <p class="actions">
          {(isLost || node.state === "failed") && (
            <button type="button" onClick={retry}>
              {words.trust.node.retry}
            </button>
          )}
          <button
            type="button"
            class="plain"
            aria-expanded={isOpen}
            aria-controls={`${id}-form`}
            onClick={() => setIsOpen(!isOpen)}
          >
            {words.trust.change}
          </button>
        </p>
      </div>
      <div id={`${id}-form`} hidden={!isOpen}>
        {isOpen && <TrustForm key={JSON.stringify(trust)} onDone={() => setIsOpen(false)} />}
      </div>
    </section>
  );
}

function TrustForm({ onDone }: { onDone: () => void }): JSX.Element {
  const { words } = useSettings();
  const { trust, setTrust, suggestedRpc } = usePages();
  const [draft, setDraft] = useState<TrustDraft>(() => ({
    rpc: trust?.rpc || suggestedRpc,
    chainId: trust === undefined ? "" : String(trust.chainId),
    registry: trust?.registry ?? "",
  }));
  const [faults, setFaults] = useState<readonly (keyof TrustDraft)[]>([]);
  const id = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    const found = draftFaults(draft);
    setFaults(found);
    if (found.length > 0) {
      document.getElementById(`${id}-${found[0]}`)?.focus();
      return;
    }
    setTrust(trustOf(draft, trust));
    onDone();
  };
  const input = (
    name: keyof TrustDraft,
    label: string,
    hint?: string,
    mode?: "url" | "numeric",
  ): JSX.Element => {
    const isWrong = faults.includes(name);
    const notes = [hint === undefined ? "" : `${id}-${name}-hint`, isWrong ? `${id}-${name}-fault` : ""];
    return (
      <div class={`field field-${name}`}>
        <label for={`${id}-${name}`}>{label}</label>
        <input
          id={`${id}-${name}`}
          name={name}
          type="text"
          inputMode={mode}
          value={draft[name]}
          autocomplete="off"
          spellcheck={false}
          aria-invalid={isWrong}
          aria-describedby={notes.join(" ").trim() || undefined}
          onInput={(event) => setDraft({ ...draft, [name]: event.currentTarget.value })}
        />
        {hint !== undefined && (
          <p class="hint" id={`${id}-${name}-hint`}>
            {hint}
          </p>
        )}
        {isWrong && (
          <p class="fault" id={`${id}-${name}-fault`}>
            {words.trust.faults[name]}
          </p>
        )}
      </div>
    );
  };
  return (
    <form class="trust-form" onSubmit={submit} noValidate>
      <p class="hint wide">{words.trust.noneLong}</p>
      {input("rpc", words.trust.rpc, words.trust.rpcHint, "url")}
      {input("chainId", words.trust.chainId, undefined, "numeric")}
      {input("registry", words.trust.registry)}
      <p class="wide">
        <button type="submit" class="primary">
          {words.trust.save}
        </button>
      </p>
    </form>
  );
}
