import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import type { RegistryState } from "../../src/audit/state";
import { labelText } from "../../src/foreign-text";
import { addressOf, type Thing } from "../route";
import { useSettings } from "../settings";
import type { Rebuilt } from "./replay";

/** Finds what somebody has a number, a code or a hash of. */
export function Search({ rebuilt }: { rebuilt: Rebuilt }): JSX.Element {
  const { words } = useSettings();
  const { search } = words.explorer;
  const [text, setText] = useState("");
  const [isMissing, setIsMissing] = useState(false);
  const id = useId();
  const submit = (event: Event): void => {
    event.preventDefault();
    const thing = findThing(text, rebuilt.state);
    setIsMissing(thing === undefined);
    if (thing !== undefined) location.hash = addressOf(thing);
  };
  return (
    <form class="search" role="search" onSubmit={submit}>
      <label for={id}>{search.label}</label>
      <div class="search-row">
        <input
          id={id}
          type="search"
          value={text}
          autocomplete="off"
          spellcheck={false}
          aria-describedby={`${id}-hint`}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setIsMissing(false);
          }}
        />
        <button type="submit" class="primary">
          {search.go}
        </button>
      </div>
      <p id={`${id}-hint`} class="hint">
        {search.hint}
      </p>
      <p role="status" class="fault">
        {isMissing && search.nothing}
      </p>
    </form>
  );
}

/** What the words mean, if the registry knows anything by them. */
export function findThing(words: string, state: RegistryState): Thing | undefined {
  const text = words.trim().toLowerCase();
  if (/^0x[0-9a-f]{40}$/.test(text)) {
    const isKnown =
      [...state.agencies.values()].some(({ operators }) => operators.has(text)) ||
      [...state.batches.values()].some(({ header }) => header.operator === text);
    return isKnown ? { kind: "operator", address: text } : undefined;
  }
  if (/^0x[0-9a-f]{64}$/.test(text)) {
    if ([...state.agencies.values()].some(({ latest }) => latest.has(text)))
      return { kind: "record", key: text };
    const batch = [...state.batches.values()].find(
      ({ leaf, header, headerHash, transaction }) =>
        leaf === text || header.root === text || headerHash === text || transaction === text,
    );
    return batch === undefined ? undefined : { kind: "batch", id: String(batch.id) };
  }
  const byCode = [...state.agencies.values()].find(({ code }) => labelText(code).toLowerCase() === text);
  if (byCode !== undefined) return { kind: "agency", id: byCode.id };
  const byName = [...state.types.values()].find(({ name }) => labelText(name).toLowerCase() === text);
  if (byName !== undefined) return { kind: "type", id: byName.id };
  if (!/^[1-9][0-9]{0,18}$/.test(text)) return undefined;
  if (state.batches.has(BigInt(text))) return { kind: "batch", id: text };
  return state.agencies.has(Number(text)) ? { kind: "agency", id: Number(text) } : undefined;
}
