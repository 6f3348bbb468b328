import { toHex } from "../bytes";
import { CreditAnchorError } from "../errors";
import { isShown, present, readEvidence, serialize, type Evidence } from "../receipt";
import { loadType, type RecordType } from "../types";
import { optionalHome } from "./context";
import { readText, writeOwnFile } from "./files";
import { knownTypes, readTypeFile } from "./known-types";
import { list, text, usage } from "./options";
import { jsonLines } from "./output";
import { defineVerb } from "./verb";

export const presentVerb = defineVerb({
  name: "present",
  summary: "hide fields of a receipt: the same evidence, showing only what you name",
  about: `Fields that decide whether the record is in force stay shown, and the issuing agency's code, which the batch
tells anyway. What is hidden cannot be guessed from the
presentation; presentations of one record can be recognised as such.`,
  arguments: [{ name: "<receipt>", about: "receipt or presentation to start from" }],
  options: {
    show: list("--show <fields>", "fields to keep shown, between commas"),
    out: text("--out <file>", "where to write the presentation", "stdout"),
    type: text("--type <file>", "type document, for a type that is neither shipped nor in the home"),
  },
  examples: ["credit-anchor present receipt.json --show partyName,decidedOn --out presentation.json"],
  run: async ({ args, options, home, io }) => {
    if (options.show === undefined)
      throw usage("--show is missing", "name the fields to keep: --show partyName,decidedOn");
    const file = args[0]!;
    const evidence = expectEvidence(file);
    const type = typeOf(evidence, home, options.type);
    const presentation = present(evidence, type, withIssuer(evidence, type, options.show));
    const content = serialize(presentation);
    const shown = presentation.record.fields.filter(isShown).map(({ name }) => name);
    const hidden = presentation.record.fields.length - shown.length;
    if (options.out === undefined || options.out === "-")
      return { json: presentation, text: jsonLines(content) };
    writeOwnFile(options.out, content, [file]);
    io.note(`shown: ${shown.join(", ")}; hidden: ${hidden} fields`);
    return { json: { file: options.out, shown, hidden }, text: [`wrote ${options.out}`] };
  },
});

/** Without its issuer nobody could check that the agency that anchored a record is the one the record names. */
function withIssuer(
  { record }: Evidence,
  { issuer }: RecordType,
  show: readonly string[],
): readonly string[] {
  const isVisible = record.fields.some((field) => field.name === issuer && isShown(field));
  return issuer === undefined || !isVisible || show.includes(issuer) ? show : [...show, issuer];
}

/** @throws {CreditAnchorError} `evidence.invalid` with what is wrong with the file. */
export function expectEvidence(file: string): Evidence {
  const { evidence, faults } = readEvidence(readText(file));
  if (evidence !== undefined) return evidence;
  throw new CreditAnchorError("evidence.invalid", `${file} is no receipt or presentation that can be used`, {
    faults,
  });
}

/** The type of a receipt, by its hash: known, given, or the document inside. */
export function typeOf(evidence: Evidence, home: string | undefined, file: string | undefined): RecordType {
  if (file !== undefined) return readTypeFile(file);
  const { type, typeHash, typeDocument } = evidence.record;
  const known = knownTypes(optionalHome(home)).find((candidate) => toHex(candidate.typeHash) === typeHash);
  if (known !== undefined) return known;
  if (typeDocument !== undefined) return loadType(typeDocument);
  throw new CreditAnchorError("type.unknown", `the document of record type ${type} is not at hand`, {
    hint: "give it with --type FILE, or the home folder that keeps it with --home DIR",
  });
}
