import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { evidenceText, isShown, type Evidence } from "../../src/evidence";
import { present } from "../../src/receipt";
import type { RecordType } from "../../src/types/record-type";
import { useSettings } from "../settings";

/** Hides fields of what was opened, and saves the result as a file: made here, sent nowhere. */
export function Present({
  evidence,
  type,
  name,
}: {
  evidence: Evidence;
  type: RecordType;
  name: string;
}): JSX.Element {
  const { words, format } = useSettings();
  const shown = evidence.record.fields.filter(isShown).map((field) => field.name);
  const [stays, setStays] = useState<ReadonlySet<string>>(() => new Set(shown));
  const [outcome, setOutcome] = useState<"" | "saved" | "failed">("");
  const id = useId();
  const file = `${name.replace(/\.json$/i, "")}.presentation.json`;
  const toggle = (field: string): void => {
    const next = new Set(stays);
    if (!next.delete(field)) next.add(field);
    setStays(next);
    setOutcome("");
  };
  const save = (): void => {
    try {
      const made = present(
        evidence,
        type,
        shown.filter((field) => stays.has(field)),
      );
      download(file, evidenceText(made));
      setOutcome("saved");
    } catch {
      setOutcome("failed");
    }
  };
  return (
    <details class="present">
      <summary>{words.present.lead}</summary>
      <fieldset>
        <legend class="unseen">{words.sections.present}</legend>
        {shown.map((field, i) => {
          // Without its issuer nobody could check that the agency that anchored a record is the one it names.
          const always = type.mustShow.includes(field) || field === type.issuer;
          return (
            <div class="choice" key={field}>
              <input
                type="checkbox"
                id={`${id}-${i}`}
                checked={always || stays.has(field)}
                disabled={always}
                onChange={() => toggle(field)}
              />
              <label for={`${id}-${i}`}>
                {format.fieldTitle(field, type)}
                {always && <span class="quiet"> ({words.present.always})</span>}
              </label>
            </div>
          );
        })}
      </fieldset>
      <p class="hint">{words.present.linkable}</p>
      <p class="actions">
        <button type="button" class="primary" onClick={save}>
          {words.present.save}
        </button>{" "}
        <span role="status">
          {outcome === "saved" && words.present.saved(file)}
          {outcome === "failed" && words.present.failed}
        </span>
      </p>
    </details>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
