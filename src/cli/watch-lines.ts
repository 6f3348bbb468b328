/**
 * What `watch` tells, in words for people; programs read the NDJSON.
 */
import type { Sighting } from "../audit/watch";
import { count, counted } from "../counted";
import { decodeSpans } from "../positions";
import { reasonText } from "../reasons";
import { outcomeTexts, type Statement } from "../sign-off";
import { deed } from "./history-lines";
import { timeForPeople } from "./output";
import { parseStatus, type RecordEvent } from "../verify";

/** One line: when, where, what happened, and the beginning of its transaction. */
export function sightingLine(sighting: Sighting): string {
  const { block, time, transaction } = sighting;
  const of = transaction === undefined ? "" : `, transaction ${short(String(transaction))}`;
  return `${timeForPeople(time)}  block ${block}  ${wordsOf(sighting)}${of}`;
}

function wordsOf(sighting: Sighting): string {
  switch (sighting.event) {
    case "batch":
      return batchWords(sighting);
    case "status":
      return statusWords(sighting);
    case "registry":
      return registryWords(sighting);
    case "role":
      return roleWords(sighting);
    case "act":
      return actWords(sighting);
    case "sign-off":
      return signOffWords(sighting);
    case "head":
      return `THE HEAD DOES NOT FIT: the events lead to ${String(sighting.expected)}, the registry answers ${String(sighting.found)}`;
    case "difference":
      return `DIFFERENCE: ${String(sighting.message)} [${String(sighting.code)}]${details(sighting.where as object)}`;
    case "reorganised":
      return `THE CHAIN WAS REORGANISED: what was told after block ${String(sighting.since)} is told again as it is now`;
    case "silent":
      return `agency ${String(sighting.agencyId)} has anchored nothing since ${timeForPeople(Number(sighting.lastBatchAt))}`;
  }
}

function batchOf({ batchId, agencyId }: Sighting): string {
  return `batch ${String(batchId)} of agency ${String(agencyId)}`;
}

function batchWords(sighting: Sighting): string {
  const { size, typeId, operator } = sighting;
  return `${batchOf(sighting)} anchored: ${counted(Number(size), "record")} of type ${String(typeId)}, by ${String(operator)}`;
}

/** As the verb `status` tells it, with the records by their index. */
function statusWords(sighting: Sighting): string {
  const { name, actor, reason, status, marks, positions } = sighting;
  const records = positions === undefined ? "" : `, ${recordsText(String(positions))}`;
  const what =
    name === "ErasureProposed"
      ? "erasure proposed"
      : deed({
          event: name as RecordEvent["event"],
          ...(status === undefined
            ? {}
            : { status: parseStatus(Number(status))?.status ?? `status ${Number(status)}` }),
          ...(marks === undefined ? {} : { marks: Number(marks) }),
        });
  return `${batchOf(sighting)}${records}: ${what}${because(reason)}, by ${String(actor)}`;
}

function because(reason: unknown): string {
  return reason === undefined || reason === 0 ? "" : `, ${reasonText(Number(reason))}`;
}

const SPANS_SHOWN = 5;

/** `record 5`, `records 0 to 9, 12`. */
function recordsText(positions: string): string {
  const spans = decodeSpans(positions);
  const shown = spans
    .slice(0, SPANS_SHOWN)
    .map(({ first, last }) => (first === last ? String(first) : `${first} to ${last}`));
  const more = spans.length > SPANS_SHOWN ? [`and ${count(spans.length - SPANS_SHOWN)} more spans`] : [];
  const single = spans.length === 1 && spans[0]!.first === spans[0]!.last;
  return `${single ? "record" : "records"} ${[...shown, ...more].join(", ")}`;
}

/** Members that place an event rather than say what happened, or say it to programs alone. */
const PLACES = new Set(["event", "block", "time", "transaction", "name", "entry", "reason", "evidenceHash"]);

/** `AgencySuspended` with its members: `Agency suspended: agency 3, 51 rule-broken: …`. */
function registryWords(sighting: Sighting): string {
  const { name, reason } = sighting;
  const told = Object.entries(sighting).filter(([member]) => !PLACES.has(member));
  const what = inWords(String(name));
  const parts = told.map(([member, value]) => `${inWords(member).toLowerCase()} ${valueText(member, value)}`);
  return `${what}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}${because(reason)}`;
}

/** `AgencyAdmitted` -> `Agency admitted`, `agencyId` -> `agency`. */
function inWords(name: string): string {
  return name.replace(/Id$/, "").replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Members named so are moments, in seconds. */
const MOMENTS: ReadonlySet<string> = new Set(["validFrom", "validUntil", "since"]);

function valueText(name: string, value: unknown): string {
  if (MOMENTS.has(name)) return timeForPeople(Number(value));
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /^0x[0-9a-f]{64}$/.test(text) ? short(text) : text;
}

function roleWords({ name, role, account }: Sighting): string {
  if (name === "grantRole") return `role ${String(role)} granted to ${String(account)}`;
  if (name === "revokeRole") return `role ${String(role)} taken from ${String(account)}`;
  return `act on the roles: ${String(name)}`;
}

/** An act under the delay of its role. */
function actWords({ name, means, caller, from, operation }: Sighting): string {
  const what = means === undefined ? `operation ${short(String(operation))}` : String(means);
  const by = caller === undefined ? "" : `, scheduled by ${String(caller)}`;
  if (name === "cancelled") return `act cancelled: ${what}${by}`;
  return `act scheduled: ${what}${by}, possible from ${timeForPeople(Number(from))}; the guardian can cancel it`;
}

function signOffWords({ index, auditor, statement }: Sighting): string {
  const { journalLength, blockNumber, outcome } = statement as Statement;
  return `statement ${String(index)} of auditor ${String(auditor)}: ${counted(journalLength, "entry", "entries")} up to block ${blockNumber}, ${outcomeTexts[outcome]!}`;
}

function details(where: object): string {
  return Object.entries(where)
    .map(([name, value]) => `, ${name} ${valueText(name, value)}`)
    .join("");
}

/** Enough of a hash to find it by. */
function short(hash: string): string {
  return `${hash.slice(0, 10)}…`;
}
