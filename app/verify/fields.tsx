import type { JSX } from "preact";
import { isShown, type Evidence } from "../../src/evidence";
import type { RecordType } from "../../src/types/record-type";
import { Hex } from "../parts";
import { plain } from "../../src/formats";
import { useSettings } from "../settings";

/** What the record says, as far as it is shown. */
export function Fields({
  evidence,
  type,
  isProved,
}: {
  evidence: Evidence;
  type: RecordType | undefined;
  isProved: boolean;
}): JSX.Element {
  const { words, format } = useSettings();
  const { fields } = evidence.record;
  const shown = fields.filter(isShown);
  const present = shown.filter(({ value }) => value !== null);
  const absent = shown.filter(({ value }) => value === null);
  const hidden = fields.filter((field) => !isShown(field));
  return (
    <>
      {!isProved && <p class="notice notice-warn small">{words.fields.unproved}</p>}
      <dl class="facts record">
        {present.map(({ name, value }) => (
          <div class="fact" key={name}>
            <dt>{format.fieldTitle(name, type)}</dt>
            <dd>{format.value(name, value)}</dd>
          </div>
        ))}
      </dl>
      <p class="quiet small fields-shown">
        {words.fields.shown(format.number(shown.length), format.number(hidden.length))}
      </p>
      {hidden.length > 0 && (
        // What is folded away below is not printed: paper says at least what is not on it.
        <p class="small on-paper">
          {words.fields.hiddenNames}: {hidden.map(({ name }) => format.fieldTitle(name, type)).join(" · ")}
        </p>
      )}
      {hidden.length > 0 && (
        <details>
          <summary>{words.fields.hidden(format.number(hidden.length))}</summary>
          <dl class="facts hidden-fields">
            {hidden.map((field) => (
              <div class="fact" key={field.name}>
                <dt>{format.fieldTitle(field.name, type)}</dt>
                <dd>
                  {words.fields.hiddenValue} {"digest" in field && <Hex value={field.digest} />}
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      {absent.length > 0 && (
        <p class="quiet small">
          {words.fields.absent}: {absent.map(({ name }) => plain(format.fieldTitle(name, type))).join(" · ")}
        </p>
      )}
    </>
  );
}
