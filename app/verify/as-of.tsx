import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { dateInChina, type Moment } from "../../src/verify";
import { useSettings } from "../settings";

/** Judge by today, or by the end of a past day in UTC+8. */
export function AsOf({
  value,
  onChange,
}: {
  value: Moment | undefined;
  onChange: (moment: Moment | undefined) => void;
}): JSX.Element {
  const { words } = useSettings();
  const id = useId();
  const today = dateInChina(Date.now() / 1000);
  return (
    <div class="as-of">
      <label for={id}>{words.asOf.label}</label>
      <input
        id={id}
        type="date"
        max={today}
        value={dateInChina(value?.time ?? Date.now() / 1000)}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          const day = event.currentTarget.value;
          const time = Date.parse(`${day}T23:59:59+08:00`) / 1000;
          onChange(day === "" || day >= today || Number.isNaN(time) ? undefined : { time });
        }}
      />
      {value !== undefined && (
        <button type="button" class="plain" onClick={() => onChange(undefined)}>
          {words.asOf.clear}
        </button>
      )}
      <span id={`${id}-hint`} class="hint">
        {words.asOf.hint}
      </span>
    </div>
  );
}
