import type { JSX } from "preact";
import type { Check } from "../../src/verify";
import { plain } from "../../src/formats";
import { useSettings } from "../settings";
import { byCode } from "../words";

/** Each check, what came of it and why. */
export function Checks<N extends string>({
  checks,
  names,
}: {
  checks: readonly Check<N>[];
  names: Readonly<Record<N, string>>;
}): JSX.Element {
  const { words } = useSettings();
  const { reasons, bundle } = words.codes;
  return (
    <>
      <ol class="checks">
        {checks.map((check) => (
          <li key={check.name} class={`check check-${check.result}`}>
            <Sign result={check.result} />
            <span class="check-name">{names[check.name]}</span>
            <span class="check-reason">
              <span class="check-result">{words.results[check.result]}</span>{" "}
              <span>{byCode(reasons, check.code) ?? byCode(bundle, check.code) ?? check.message}</span>
            </span>
          </li>
        ))}
      </ol>
      <details class="technical">
        <summary>{words.technical}</summary>
        {checks.map((check) => (
          <Technical key={check.name} check={check} />
        ))}
      </details>
    </>
  );
}

const FAULTS_SHOWN = 20;

/** The verifier's own words: which field, which member, which code. */
function Technical({ check: { code, message, faults = [] } }: { check: Check<string> }): JSX.Element {
  return (
    <>
      <p lang="en">
        <code>{code}</code> {plain(message)}
      </p>
      {faults.length > 0 && (
        <ul lang="en">
          {faults.slice(0, FAULTS_SHOWN).map(({ path, message: text }, i) => (
            <li key={i}>
              <code>{plain(path) || "/"}</code> {plain(text)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Sign({ result }: { result: Check["result"] }): JSX.Element {
  const path = { passed: "M3 8.5l3.5 3.5L13 4.5", failed: "M4 4l8 8M12 4l-8 8", "not-checked": "M4 8h8" }[
    result
  ];
  return (
    <svg class="sign" viewBox="0 0 16 16" width="18" height="18" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
