import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { useSettings } from "../settings";

/** Takes files: by the browser's own dialogue, or dropped anywhere on the page. */
export function Drop({
  onFiles,
  isSmall,
}: {
  onFiles: (files: readonly File[]) => void;
  /** Results are what the reader looks at now. */
  isSmall: boolean;
}): JSX.Element {
  const { words } = useSettings();
  const [isOver, setIsOver] = useState(false);
  const id = useId();
  useEffect(() => {
    const over = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      event.preventDefault();
      setIsOver(true);
    };
    const left = (event: DragEvent): void => {
      if (event.relatedTarget === null) setIsOver(false);
    };
    const dropped = (event: DragEvent): void => {
      const files = [...(event.dataTransfer?.files ?? [])];
      setIsOver(false);
      if (files.length === 0) return;
      // Otherwise the browser would leave the page for the file.
      event.preventDefault();
      onFiles(files);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", left);
    addEventListener("drop", dropped);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", left);
      removeEventListener("drop", dropped);
    };
  }, []);
  return (
    <div class={`drop no-print${isSmall ? " drop-small" : ""}${isOver ? " drop-over" : ""}`}>
      <p class="drop-label">{words.drop.label}</p>
      <label class="choose">
        {words.drop.choose}
        <input
          type="file"
          class="unseen"
          multiple
          accept=".json,application/json"
          aria-describedby={`${id}-hint`}
          onChange={(event) => {
            onFiles([...(event.currentTarget.files ?? [])]);
            // The same file can be chosen again.
            event.currentTarget.value = "";
          }}
        />
      </label>
      <p id={`${id}-hint`} class="hint">
        {words.drop.hint}
      </p>
    </div>
  );
}
