import { CreditAnchorError } from "../errors";
import type { RecordFacts } from "./judge";
import type { Policy, Sign } from "./policy";

/** What separates kinds of penalty in one field; 、 joins the two kinds of confiscation. */
const SEPARATORS = /[;；,，、\s]+/;

/**
 * The classes a record may be of, the mildest first; one: its class is known. Never guessed: a word that the policy
 * does not know leaves every class possible, and of several kinds of penalty the most severe one decides.
 *
 * @throws `policy.class-unknown`
 */
export function classOf(policy: Policy, facts: RecordFacts): { possible: string[]; arithmetic: string[] } {
  const names = policy.classes.map(({ name }) => name);
  if (facts.class !== undefined) {
    if (!names.includes(facts.class))
      throw new CreditAnchorError(
        "policy.class-unknown",
        `the stated class ${facts.class} is none of ${policy.title}`,
        {
          hint: `its classes: ${policy.classes.map(({ name, title }) => `${name} (${title})`).join("; ")}`,
        },
      );
    return { possible: [facts.class], arithmetic: [`class ${facts.class}, as stated`] };
  }
  const { keptClass } = facts;
  if (keptClass !== undefined && names.includes(keptClass))
    return { possible: [keptClass], arithmetic: [`class ${keptClass}, as stated before`] };
  for (const sign of policy.signs.get(facts.recordType) ?? []) {
    const possible = read(sign, facts, names);
    if (possible === undefined) continue;
    const where = sign.fields.join(", ");
    const doubt = sign.certainty === "sure" ? "" : `, ${sign.certainty}`;
    const arithmetic =
      possible.length === 1
        ? `class ${possible[0]!}, from the record (${where}${doubt})`
        : `the record (${where}) leaves open whether its class is ${possible.join(" or ")}`;
    return { possible, arithmetic: [arithmetic] };
  }
  return {
    possible: names,
    arithmetic: [`the record does not say whether its class is ${names.join(" or ")}`],
  };
}

/** Undefined: the sign says nothing about the record. */
function read(sign: Sign, facts: RecordFacts, names: readonly string[]): string[] | undefined {
  const texts = sign.fields.flatMap((field) => {
    const value = facts.values?.[field];
    return typeof value === "string" ? [value] : [];
  });
  if (texts.length === 0) return undefined;
  if (sign.by === "lists") {
    const words = texts.flatMap((text) => text.split(SEPARATORS).filter((word) => word !== ""));
    return words.length === 0
      ? undefined
      : mostSevere(
          words.map((word) => sign.words.get(word) ?? names),
          names,
        );
  }
  for (const [word, possible] of sign.words)
    if (texts.some((text) => (sign.by === "is" ? text === word : text.includes(word)))) return [...possible];
  return undefined;
}

/** The classes that the most severe of several can be of. */
function mostSevere(each: readonly (readonly string[])[], names: readonly string[]): string[] {
  const ranks = each.map((possible) => possible.map((name) => names.indexOf(name)));
  const least = Math.max(...ranks.map((list) => Math.min(...list)));
  const reachable = new Set(ranks.flat().filter((rank) => rank >= least));
  return [...reachable].sort((a, b) => a - b).map((rank) => names[rank]!);
}
