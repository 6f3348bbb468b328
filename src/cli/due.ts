import { toHex } from "../bytes";
import { batchId } from "../commitment";
import { Docket } from "../docket";
import { addDays, dateInChina, dueList, toICalendar, type DueFault, type DueItem } from "../policy";
import { throwIfCancelled } from "../rpc";
import type { Latest, Plan, VaultReader } from "../vault/vault";
import { requireHome } from "./context";
import { writeOwnFile } from "./files";
import { knownPolicies, policyOption } from "./known-policies";
import { date, integer, text } from "./options";
import { count, counted } from "../counted";
import { nameType } from "./known-types";
import { columns } from "./output";
import { defineVerb } from "./verb";

const SHOWN = 200;

export const dueVerb = defineVerb({
  name: "due",
  summary: "list what falls due for the home's records, soonest first: as a table, JSON, or a calendar",
  about: `Limits that run or are overdue (objections, withdrawals, publication), last days of publicity, and from when
repair is possible, by the policy that each record was judged under, with article and arithmetic in the JSON.
Reads the vault alone: what other homes of the agency or the arbiter did is not known here. Records appear by
type, batch and index, as other commands take them; nothing in them is shown.`,
  options: {
    within: integer("--within <days>", "what falls due in so many days, and what is overdue", {
      min: 0,
      max: 36_500,
      defaultsTo: "30",
    }),
    on: date("--on <date>", "as of this day; otherwise today"),
    type: text("--type <name>", "records of this type alone"),
    ical: text("--ical <file>", "also write a calendar file (iCalendar)"),
    policy: policyOption(),
  },
  examples: [
    "credit-anchor due --home agency",
    "credit-anchor due --within 90 --type cn.penalty --json",
    "credit-anchor due --ical due.ics",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    const home = requireHome(dir);
    const now = Math.floor(Date.now() / 1000);
    const on = options.on ?? dateInChina(now);
    if (options.type !== undefined) nameType(options.type, home);
    const until = addDays(on, options.within ?? 30);
    const policies = knownPolicies(home, options.policy);
    const vault = await home.readVault({ decrypt: true });
    const items: DueItem[] = [];
    const faults: DueFault[] = [];
    let looked = 0;
    try {
      const docket = new Docket(policies, vault);
      for (const plan of vault.plans()) {
        if (plan.header === undefined || (options.type !== undefined && plan.type !== options.type)) continue;
        for (const record of inForce(vault, plan)) {
          if (++looked % 1_000 === 0) throwIfCancelled(signal);
          const facts = docket.facts(vault.read(record.plan, record.index));
          const place = {
            recordKey: toHex(record.key),
            batch: batchId(plan.header.agencyId, plan.header.sequence),
            index: record.index,
          };
          const due = dueList(policies, [{ ...place, facts }], on, { until });
          items.push(...due.items);
          faults.push(...due.faults);
        }
      }
    } finally {
      await vault.close();
    }
    items.sort((a, b) => (a.due === b.due ? 0 : a.due < b.due ? -1 : 1));
    if (options.ical !== undefined) writeOwnFile(options.ical, toICalendar(items, now));
    const fault = faults[0];
    if (fault !== undefined)
      io.note(
        `note: ${counted(faults.length, "clock")} cannot be told: ${fault.fault.message} [${fault.fault.code}]`,
      );
    return {
      json: { on, until, records: looked, items, faults, calendar: options.ical ?? null },
      text: [
        looked === 0
          ? `this home holds no anchored record in force${options.type === undefined ? "" : ` of type ${options.type}`}: there is nothing to fall due`
          : items.length === 0
            ? `nothing is due up to ${until}: ${counted(looked, "record")}`
            : `${count(items.length)} due up to ${until}, of ${counted(looked, "record")}`,
        ...(items.length === 0 ? [] : ["", ...table(items.slice(0, SHOWN))]),
        ...(items.length > SHOWN
          ? [`… and ${count(items.length - SHOWN)} more (all of them with --json)`]
          : []),
        ...(options.ical === undefined ? [] : [`wrote ${options.ical}`]),
      ],
    };
  },
});

/** Latest versions in the batch that nothing has ended. */
function* inForce(vault: VaultReader, plan: Plan): Generator<Latest> {
  for (let index = 0; index < plan.size; index++) {
    const latest = vault.latest(vault.entry(plan.number, index).key);
    if (latest?.plan === plan.number && latest.index === index && !latest.ended) yield latest;
  }
}

function table(items: readonly DueItem[]): string[] {
  return columns([
    ["due", "", "what", "type", "batch", "index", "by"],
    ...items.map(
      ({
        due,
        daysLeft,
        what,
        recordType,
        batch,
        index,
        article,
        policy,
        certainty,
        onlyIf,
        class: name,
      }) => [
        due,
        daysLeft < 0
          ? `${counted(-daysLeft, "day")} ago`
          : daysLeft === 0
            ? "today"
            : `in ${counted(daysLeft, "day")}`,
        `${what}${onlyIf ? ` (if ${name})` : ""}`,
        recordType,
        batch,
        String(index),
        `${article} (${policy}${certainty === "sure" ? "" : `, ${certainty}`})`,
      ],
    ),
  ]);
}
