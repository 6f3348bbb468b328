import type { ComponentChildren } from "preact";
import { isShown } from "../../src/evidence";
import type { RecordType } from "../../src/types/record-type";
import {
  parseStatus,
  type AgencyEvent,
  type KeyEvent,
  type Moment,
  type RecordEvent,
} from "../../src/verify";
import { Hex } from "../parts";
import { useSettings, type Settings } from "../settings";
import { statusText } from "../status-text";
import { byCode } from "../words";
import type { Judged } from "./judge";

interface Happening {
  readonly time: number;
  readonly block: number;
  readonly what: string;
  readonly why?: string | undefined;
  readonly actor?: string | undefined;
  readonly tone: "plain" | "good" | "bad" | "mark";
}

/** Everything that happened to the record, its agency and its key, oldest first; and what is to come. */
export function Timeline({
  judged: { evidence, told, verdict },
  type,
  asOf,
}: {
  judged: Judged;
  type: RecordType | undefined;
  asOf: Moment | undefined;
}): ComponentChildren {
  const settings = useSettings();
  const { words, format } = settings;
  if (evidence === undefined) return null;
  if (told === undefined) return <p class="quiet">{words.timeline.noHistory}</p>;
  const { batch, transaction } = evidence;
  const moments: Happening[] = [
    {
      time: batch.anchoredAt,
      block: transaction.blockNumber,
      what: words.timeline.anchored,
      actor: batch.operator,
      tone: "good",
    },
    ...told.history.map((event) => recordMoment(event, settings)),
    ...told.agency.events.map((event) => agencyMoment(event, settings)),
    ...told.key.events.flatMap((event) => keyMoment(event, settings)),
  ];
  moments.sort((a, b) => a.block - b.block);
  const end = endOf(evidence, type);
  const { status } = verdict;
  return (
    <ol class="timeline">
      {moments.map((moment, i) => (
        <li key={i} class={`moment moment-${moment.tone}`}>
          <time dateTime={new Date(moment.time * 1000).toISOString()}>{format.time(moment.time)}</time>
          <p>
            <strong>{moment.what}</strong>
            {moment.why !== undefined && <span>{words.timeline.because(moment.why)}</span>}
          </p>
          <p class="quiet small">
            {moment.actor !== undefined && (
              <>
                {words.timeline.by("")} <Hex value={moment.actor} /> ·{" "}
              </>
            )}
            {words.timeline.block(format.number(moment.block))}
          </p>
        </li>
      ))}
      {status !== null && (
        <li class={`moment moment-now moment-${verdict.inForce === true ? "good" : "bad"}`}>
          <span class="when">{asOf === undefined ? words.timeline.now : words.timeline.then}</span>
          <p>
            <strong>{statusText(status, words)}</strong>
          </p>
          {told.history.length === 0 && <p class="quiet small">{words.timeline.nothing}</p>}
        </li>
      )}
      {end !== undefined && (
        <li class="moment moment-end">
          <span class="when">{words.timeline.end}</span>
          <p>
            <strong>{format.date(end)}</strong>
          </p>
        </li>
      )}
    </ol>
  );
}

function reasonOf(code: number, { words }: Settings): string | undefined {
  if (code === 0) return undefined;
  return byCode(words.codes.acts, code) ?? words.codes.ownReason(String(code));
}

function marksOf(bits: number | undefined, { words }: Settings): string {
  return (parseStatus(bits ?? 0)?.marks ?? []).map((mark) => words.marks[mark]).join(", ");
}

function recordMoment(event: RecordEvent, settings: Settings): Happening {
  const { timeline } = settings.words;
  const place = {
    time: event.time,
    block: event.blockNumber,
    why: reasonOf(event.reason, settings),
    actor: event.actor,
  };
  switch (event.event) {
    case "StatusChanged": {
      const what = byCode(timeline, event.status ?? "") ?? event.status ?? "?";
      return { ...place, what, tone: event.status === "Active" ? "good" : "bad" };
    }
    case "RecordsSuperseded":
    case "RecordsErased":
      return { ...place, what: timeline[event.event], tone: "bad" };
    case "MarksSet":
    case "MarksCleared":
      return { ...place, what: timeline[event.event](marksOf(event.marks, settings)), tone: "mark" };
  }
}

function agencyMoment(event: AgencyEvent, settings: Settings): Happening {
  const { timeline } = settings.words;
  const what =
    event.event === "AgencySucceeded"
      ? timeline.AgencySucceeded(String(event.successor ?? "?"))
      : timeline[event.event];
  return {
    time: event.time,
    block: event.blockNumber,
    what,
    why: reasonOf(event.reason, settings),
    tone: event.event === "AgencyReinstated" ? "good" : "mark",
  };
}

/** Being added says nothing that the check of the issuer does not. */
function keyMoment(event: KeyEvent, { words, format }: Settings): Happening[] {
  if (event.event === "OperatorAdded") return [];
  const what =
    event.event === "OperatorRevoked"
      ? words.timeline.OperatorRevoked
      : words.timeline.OperatorCompromised(format.time(event.since ?? 0));
  return [{ time: event.time, block: event.blockNumber, what, tone: "mark" }];
}

/** Last day in force that the record shows. */
function endOf(evidence: NonNullable<Judged["evidence"]>, type: RecordType | undefined): string | undefined {
  for (const name of type?.inForceUntil ?? []) {
    const field = evidence.record.fields.find((candidate) => candidate.name === name);
    if (field !== undefined && isShown(field) && typeof field.value === "string") return field.value;
  }
  return undefined;
}
