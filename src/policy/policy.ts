import { isObject } from "../json";
import { CERTAINTIES, type Certainty, Checker, type Path } from "./check";
import { FORMAT_VERSION } from "./holidays";

export const POLICY_FORMAT = "credit-anchor/policy";

/** What happens to a record and starts or ends a period. */
export const EVENTS = [
  /** The date of the decision document. */
  "decided",
  /** The record went public; here: it was anchored. */
  "published",
  /** The conduct that the record is about ended. */
  "conduct-ended",
  /** The document that changed or revoked the decision, or held it unlawful or void. */
  "quashed",
  "withdrawn",
  "objection-received",
  "objection-marked",
  /** Handed on to the agency that supplied the record. */
  "objection-forwarded",
  "objection-decided",
  "complaint-received",
  "complaint-decided",
  "repair-applied",
  "repair-accepted",
  "repair-decided",
] as const;
export type EventName = (typeof EVENTS)[number];

export const UNITS = ["working-days", "days", "months", "years"] as const;
export type Unit = (typeof UNITS)[number];

export interface Period {
  readonly amount: number;
  readonly unit: Unit;
}

/**
 * A _minimum_ must be over before something may be done; a _maximum_ ends by itself; a _limit_ is the time somebody has
 * to act. Only a limit that ends on a rest day is carried to the next working day.
 */
export const KINDS = ["minimum", "maximum", "limit"] as const;
export type Kind = (typeof KINDS)[number];

/** One period of law. */
export interface Rule {
  /** What it is about: `repair.minimum`; the same in every policy. */
  readonly code: string;
  readonly kind: Kind;
  readonly from: EventName;
  /** For a limit: what has to happen within it, any one of these. */
  readonly until: readonly EventName[];
  /** Holds only for records of this class of {@link Policy.classes}. */
  readonly class: string | undefined;
  /** Holds only for records of these types. */
  readonly recordTypes: readonly string[] | undefined;
  readonly period: Period;
  /** A longer period, and when it holds instead. */
  readonly extension: { readonly period: Period; readonly when: string } | undefined;
  readonly article: string;
  readonly certainty: Certainty;
  readonly note: string | undefined;
}

/**
 * Tells the class of a record from its fields: a value that _is_ a word, that _contains_ one, or that _lists_ several,
 * of which the most severe one decides. A word stands for the classes it leaves possible.
 */
export interface Sign {
  readonly by: "is" | "contains" | "lists";
  readonly fields: readonly string[];
  readonly words: ReadonlyMap<string, readonly string[]>;
  readonly certainty: Certainty;
}

/** The rules of one authority for one time, as one version of our reading of them. */
export interface Policy {
  readonly id: string;
  readonly version: number;
  readonly title: string;
  /** Whose rules: `ndrc`, `samr`, `pboc`, a place, or `national`. */
  readonly authority: string;
  /** First and last day on which they are in force; undefined: not known, or no end. */
  readonly effectiveFrom: string | undefined;
  readonly effectiveUntil: string | undefined;
  readonly sources: readonly string[];
  /** Classes of severity, the mildest first. */
  readonly classes: readonly { readonly name: string; readonly title: string }[];
  /** Record types that are no negative information: no minimum and no maximum holds for them. */
  readonly positiveTypes: readonly string[];
  readonly signs: ReadonlyMap<string, readonly Sign[]>;
  readonly rules: readonly Rule[];
}

/** How a record remembers a policy: `ndrc-order-36@1`. */
export function policyRef({ id, version }: Policy): string {
  return `${id}@${version}`;
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const NAME_WORDS = "lower-case letters and digits, joined by hyphens";
const CODE = /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/;
const REF = /^[a-z0-9]+(-[a-z0-9]+)*@[1-9][0-9]*$/;
const LONGEST = 36_500;
const MEMBERS = [
  "format",
  "formatVersion",
  "id",
  "version",
  "extends",
  "title",
  "authority",
  "effectiveFrom",
  "effectiveUntil",
  "sources",
  "classes",
  "positiveTypes",
  "signs",
  "rules",
];

/**
 * Reads a file `credit-anchor/policy`. One with `extends` says only what differs from the policy it names: members it
 * leaves out are the other's, and its rules replace those with the same code, class and record types.
 *
 * @param find the policies that can be extended, by {@link policyRef}
 * @throws `policy.invalid` with every fault and its place
 */
export function loadPolicy(
  document: unknown,
  find: (ref: string) => Policy | undefined = () => undefined,
): Policy {
  const check = new Checker("policy");
  const root = check.object(document, [], MEMBERS) ?? {};
  check.oneOf(root["format"], ["format"], [POLICY_FORMAT]);
  check.integer(root["formatVersion"], ["formatVersion"], FORMAT_VERSION, FORMAT_VERSION);
  const base = readBase(check, root["extends"], find);
  const has = (name: string): boolean => root[name] !== undefined || base === undefined;

  const classes = has("classes") ? readClasses(check, root["classes"]) : base!.classes;
  const names = classes.map(({ name }) => name);
  const own = has("rules") ? readRules(check, root["rules"], names) : [];
  const policy: Policy = {
    id: check.matching(root["id"], ["id"], NAME, NAME_WORDS) ?? "",
    version: check.integer(root["version"], ["version"], 1, 1_000_000) ?? 0,
    title: has("title") ? (check.text(root["title"], ["title"]) ?? "") : base!.title,
    authority: has("authority")
      ? (check.matching(root["authority"], ["authority"], NAME, NAME_WORDS) ?? "")
      : base!.authority,
    effectiveFrom: has("effectiveFrom") ? readDay(check, root, "effectiveFrom") : base!.effectiveFrom,
    effectiveUntil: has("effectiveUntil") ? readDay(check, root, "effectiveUntil") : base!.effectiveUntil,
    sources: has("sources") ? check.texts(root["sources"], ["sources"], 1) : base!.sources,
    classes,
    positiveTypes: has("positiveTypes")
      ? check.texts(root["positiveTypes"], ["positiveTypes"])
      : base!.positiveTypes,
    signs: has("signs") ? readSigns(check, root["signs"], names) : base!.signs,
    rules: [...(base?.rules ?? []).filter((rule) => !own.some((other) => isSameRule(rule, other))), ...own],
  };
  const { effectiveFrom, effectiveUntil } = policy;
  if (effectiveFrom !== undefined && effectiveUntil !== undefined && effectiveUntil < effectiveFrom)
    check.fault(["effectiveUntil"], "span", "must not be before effectiveFrom");
  policy.rules.forEach((rule, i) => {
    if (policy.rules.findIndex((other) => isSameRule(rule, other)) < i)
      check.fault(["rules"], "rule-twice", `two rules have the code ${rule.code} for the same records`);
  });
  check.expectNone("the policy", "docs/policies.md says how a policy is written");
  return policy;
}

function readBase(
  check: Checker,
  value: unknown,
  find: (ref: string) => Policy | undefined,
): Policy | undefined {
  if (value === undefined) return undefined;
  const ref = check.matching(value, ["extends"], REF, "a policy and its version, such as ndrc-order-36@1");
  if (ref === undefined) return undefined;
  return find(ref) ?? check.fault(["extends"], "extends-unknown", "names a policy that is not known here");
}

function isSameRule(a: Rule, b: Rule): boolean {
  const types = ({ recordTypes }: Rule): string => [...(recordTypes ?? [])].sort().join(" ");
  return a.code === b.code && a.class === b.class && types(a) === types(b);
}

/** A day or null: not known, or without end. */
function readDay(check: Checker, root: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return root[name] === null ? undefined : check.date(root[name], [name]);
}

function readClasses(check: Checker, value: unknown): { name: string; title: string }[] {
  const found = check.list(value, ["classes"]).flatMap((item, i) => {
    const path = ["classes", i];
    const entry = check.object(item, path, ["name", "title"]) ?? {};
    const name = check.matching(entry["name"], [...path, "name"], NAME, NAME_WORDS);
    const title = check.text(entry["title"], [...path, "title"]);
    return name === undefined || title === undefined ? [] : [{ name, title }];
  });
  if (new Set(found.map(({ name }) => name)).size < found.length)
    check.fault(["classes"], "class-twice", "two classes have one name");
  return found;
}

function readSigns(check: Checker, value: unknown, classes: readonly string[]): Map<string, Sign[]> {
  const signs = new Map<string, Sign[]>();
  if (!isObject(value)) return check.fault(["signs"], "not-object", "must be an object") ?? signs;
  for (const [recordType, list] of Object.entries(value)) {
    const read = check.list(list, ["signs", recordType], 1).map((item, i) => {
      const path = ["signs", recordType, i];
      const sign = check.object(item, path, ["by", "fields", "words", "certainty"]) ?? {};
      const words = new Map<string, string[]>();
      if (!isObject(sign["words"])) check.fault([...path, "words"], "not-object", "must be an object");
      else
        for (const [word, possible] of Object.entries(sign["words"]))
          words.set(word, readPossible(check, possible, [...path, "words", word], classes));
      return {
        by: check.oneOf(sign["by"], [...path, "by"], ["is", "contains", "lists"] as const) ?? "is",
        fields: check.texts(sign["fields"], [...path, "fields"], 1),
        words,
        certainty: check.oneOf(sign["certainty"], [...path, "certainty"], CERTAINTIES) ?? "unsure",
      };
    });
    signs.set(recordType, read);
  }
  return signs;
}

function readPossible(check: Checker, value: unknown, path: Path, classes: readonly string[]): string[] {
  return check.list(value, path, 1).flatMap((item, i) => check.oneOf(item, [...path, i], classes) ?? []);
}

function readRules(check: Checker, value: unknown, classes: readonly string[]): Rule[] {
  return check.list(value, ["rules"]).map((item, i) => readRule(check, item, ["rules", i], classes));
}

function readRule(check: Checker, value: unknown, path: Path, classes: readonly string[]): Rule {
  const rule =
    check.object(value, path, [
      "code",
      "kind",
      "from",
      "until",
      "class",
      "recordTypes",
      "period",
      "extension",
      "article",
      "certainty",
      "note",
    ]) ?? {};
  const kind = check.oneOf(rule["kind"], [...path, "kind"], KINDS) ?? "limit";
  if ((kind === "limit") !== (rule["until"] !== undefined))
    check.fault(
      [...path, "until"],
      "until",
      "a limit says what must happen within it, and nothing else does",
    );
  return {
    code: check.matching(rule["code"], [...path, "code"], CODE, "two words such as repair.minimum") ?? "",
    kind,
    from: check.oneOf(rule["from"], [...path, "from"], EVENTS) ?? "decided",
    until:
      rule["until"] === undefined
        ? []
        : check
            .list(rule["until"], [...path, "until"], 1)
            .flatMap((item, j) => check.oneOf(item, [...path, "until", j], EVENTS) ?? []),
    class: rule["class"] === undefined ? undefined : check.oneOf(rule["class"], [...path, "class"], classes),
    recordTypes:
      rule["recordTypes"] === undefined
        ? undefined
        : check.texts(rule["recordTypes"], [...path, "recordTypes"], 1),
    period: readPeriod(check, rule["period"], [...path, "period"]),
    extension: readExtension(check, rule["extension"], [...path, "extension"]),
    article: check.text(rule["article"], [...path, "article"]) ?? "",
    certainty: check.oneOf(rule["certainty"], [...path, "certainty"], CERTAINTIES) ?? "unsure",
    note: check.optionalText(rule["note"], [...path, "note"]),
  };
}

function readExtension(check: Checker, value: unknown, path: Path): Rule["extension"] {
  if (value === undefined) return undefined;
  const extension = check.object(value, path, ["period", "when"]) ?? {};
  return {
    period: readPeriod(check, extension["period"], [...path, "period"]),
    when: check.text(extension["when"], [...path, "when"]) ?? "",
  };
}

function readPeriod(check: Checker, value: unknown, path: Path): Period {
  const period = check.object(value, path, ["amount", "unit"]) ?? {};
  return {
    amount: check.integer(period["amount"], [...path, "amount"], 0, LONGEST) ?? 0,
    unit: check.oneOf(period["unit"], [...path, "unit"], UNITS) ?? "days",
  };
}
