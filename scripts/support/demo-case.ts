import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { addDays, addMonths, dateInChina, HOLIDAYS_FORMAT } from "../../src/policy";
import { shippedHolidays } from "../../src/policy/shipped";
import { type SampleAgency, sampleAgencies, sampleAgencyCode, sampleUscc } from "../../src/samples";

/** The few records whose whole life the demo tells. Their dates follow the day on which it is played. */
export interface DemoCases {
  readonly days: {
    /** When the case was decided: too recent for credit repair. */
    readonly decided: string;
    readonly objected: string;
    /** When a court revoked the decision. */
    readonly quashed: string;
  };
  /** Natural key of the case, as `--key` takes it. */
  readonly key: string;
  /** Natural key of a penalty that may be repaired: decided long enough ago. */
  readonly oldKey: string;
  /** Natural key of a record that a stolen key anchored. */
  readonly nightKey: string;
  /** Natural key of a penalty of the tax office. */
  readonly taxKey: string;
  /** Natural key of a penalty of the bureau that is merged into the market regulator. */
  readonly bureauKey: string;
}

/** The agency that joins in the demo, and is merged into the market regulator later. */
export const bureau: SampleAgency = {
  name: "quality-bureau",
  code: sampleAgencyCode(4),
  title: "示例市质量技术监督局（虚构）",
};

type Row = Readonly<Record<string, string | number>>;

interface Case {
  readonly agency: string;
  /** Number of the decision, and of the invented company. */
  readonly number: number;
  readonly decided: string;
}

/** A fine and a confiscation: "general" or "serious", the sector has to say. */
function penalty({ agency, number, decided }: Case): Row {
  const { code, title } = [...sampleAgencies, bureau].find(({ name }) => name === agency)!;
  const until = addMonths(decided, 36);
  return {
    agencyCode: code,
    agencyName: title,
    documentNumber: `示罚〔${decided.slice(0, 4)}〕${number}号`,
    partyName: `示例商贸${number}号有限公司`,
    partyCategory: "法人及非法人组织",
    partyUscc: sampleUscc("91", "310000", number),
    legalRepresentative: `示例人${number % 1000}`,
    violation: "销售不合格产品",
    facts: "当事人在示例经营场所销售不合格产品，证据确凿",
    basis: "《示例产品质量条例》第十二条",
    penaltyKind: "罚款;没收违法所得",
    content: "罚款50000元，没收违法所得1200元",
    fineFen: 5_000_000,
    confiscationFen: 120_000,
    decidedOn: decided,
    validUntil: until,
    publicityEndsOn: until,
    sourceName: title,
    sourceCode: code,
  };
}

function keyOf({ documentNumber, partyUscc }: Row): string {
  return JSON.stringify({ documentNumber, partyUscc });
}

/** Writes the files of these records, and the documents that show why something happened to them. */
export function writeDemoCases(folder: string, today = dateInChina(Date.now() / 1000)): DemoCases {
  const write = (name: string, rows: readonly Row[]): void =>
    writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const days = { decided: addDays(today, -30), objected: addDays(today, -2), quashed: addDays(today, -1) };
  const of = (agency: string, number: number, decided = addDays(today, -2)): Row =>
    penalty({ agency, number, decided });

  const case_ = of("market-regulator", 9_001, days.decided);
  const old = of("market-regulator", 9_002, addDays(today, -200));
  write("case.ndjson", [case_, old]);
  write("case-corrected.ndjson", [
    { ...case_, fineFen: 1_500_000, content: "罚款15000元，没收违法所得1200元" },
  ]);
  const night = of("market-regulator", 9_101);
  write("night.ndjson", [night, of("market-regulator", 9_102)]);
  const tax = of("tax", 9_201);
  write("tax-offline.ndjson", [tax, of("tax", 9_202)]);
  const ofBureau = of(bureau.name, 9_301);
  write("bureau.ndjson", [ofBureau, of(bureau.name, 9_302)]);
  for (const [name, text] of Object.entries(DOCUMENTS)) writeFileSync(join(folder, name), `${text}\n`);
  return {
    days,
    key: keyOf(case_),
    oldKey: keyOf(old),
    nightKey: keyOf(night),
    taxKey: keyOf(tax),
    bureauKey: keyOf(ofBureau),
  };
}

/**
 * Tables with New Year's Day alone, for the years around this day whose holidays the program does not know yet, where a
 * home finds them: so the clocks of the story run in every year.
 */
export function fillHolidays(home: string, today = dateInChina(Date.now() / 1000)): void {
  const known = new Set(shippedHolidays.map((table) => (table as { year: number }).year));
  const year = Number(today.slice(0, 4));
  mkdirSync(join(home, "policies"), { recursive: true });
  for (const missing of [year - 1, year, year + 1].filter((one) => !known.has(one))) {
    const table = {
      format: HOLIDAYS_FORMAT,
      formatVersion: 1,
      year: missing,
      source: "none: for this demo",
      holidays: [{ name: "元旦", from: `${missing}-01-01`, until: `${missing}-01-01` }],
      workingWeekends: [],
    };
    const file = join(home, "policies", `holidays-${missing}.json`);
    writeFileSync(file, JSON.stringify(table));
  }
}

/** Documents are never read: what counts is their hash. */
const DOCUMENTS = {
  "objection.txt": "示例异议申请书（虚构）",
  "decision.txt": "示例异议处理决定（虚构）",
  "judgment.txt": "示例行政判决书（虚构）",
};
