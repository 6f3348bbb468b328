import { toHex } from "../bytes";
import { CreditAnchorError } from "../errors";
import { admitType } from "../registry-admin";
import { readType, typeCount, typeIdOf, type AdmittedType } from "../registry-views";
import { checkType, loadType, type RecordType } from "../types";
import { actorOf, doneJson, told } from "./acts";
import { connect, optionalHome, requireHome } from "./context";
import { keepType, knownTypes, nameType, readTypeDocument } from "./known-types";
import { url } from "./options";
import { columns, timeForPeople } from "./output";
import { defineVerb } from "./verb";

const rpc = url("--rpc <url>", "node to ask; otherwise that of the home folder");

export const typeCheckVerb = defineVerb({
  name: "type check",
  summary: "say what is wrong with a record type, in words and with the path",
  about: "Needs neither a home nor a chain.",
  arguments: [{ name: "<file>", about: "type document: a JSON Schema with annotations" }],
  options: {},
  examples: ["credit-anchor type check permit.json"],
  run: async ({ args }) => {
    const file = args[0]!;
    const document = readTypeDocument(file);
    const faults = checkType(document);
    if (faults.length > 0)
      throw new CreditAnchorError("type.invalid", `${file} is no record type that can be used`, {
        faults,
        hint: "docs/record-types.md describes what a record type has",
      });
    const type = loadType(document);
    return {
      json: {
        ok: true,
        file,
        name: type.name,
        typeHash: toHex(type.typeHash),
        fields: type.fields.map(({ name }) => name),
      },
      text: [`${file} is a record type that can be used`, ...describe(type)],
    };
  },
});

export const typeAdmitVerb = defineVerb({
  name: "type admit",
  summary: "admit a record type to the registry",
  about: "By the registrar. Cannot be undone: a changed document is another type with an id of its own.",
  arguments: [{ name: "<type>", about: "file of a type document, or the name of a shipped type" }],
  options: { rpc },
  examples: [
    "credit-anchor type admit permit.json --home ndrc",
    "credit-anchor type admit cn.penalty --home ndrc",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const home = requireHome(dir);
    const type = nameType(args[0]!, home);
    const typeHash = toHex(type.typeHash);
    const done = await admitType(await actorOf(home, options.rpc, signal), {
      typeHash,
      name: type.name,
      personal: type.personal === true,
    });
    const { typeId } = done;
    if (typeId !== 0) await keepType(home, type, typeId);
    return {
      json: { typeId: typeId || null, name: type.name, typeHash, ...doneJson(done) },
      text: [told(done, `record type ${type.name} is ${typeId === 0 ? "admitted" : `type ${typeId}`}`)],
    };
  },
});

export const typeListVerb = defineVerb({
  name: "type list",
  summary: "list record types: those of the registry, and those at hand that it has not admitted",
  about: "Without a home folder, or in one that names no registry, only the shipped types.",
  options: { rpc },
  examples: ["credit-anchor type list --home agency"],
  run: async ({ options, home: dir, signal }) => {
    const home = optionalHome(dir);
    const known = knownTypes(home);
    const admitted: AdmittedType[] = [];
    if (home?.settings.registry !== undefined) {
      const { registry } = await connect(home, options.rpc, signal);
      const last = await typeCount(registry);
      for (let id = 1; id <= last; id++) {
        const type = await readType(registry, id);
        if (type !== undefined) admitted.push(type);
      }
    }
    const rows = [
      ...admitted.map((type) => ({
        id: type.id as number | null,
        name: type.name,
        typeHash: type.typeHash,
        personal: type.personal,
        admittedAt: type.admittedAt as number | null,
        atHand: known.some(({ typeHash }) => toHex(typeHash) === type.typeHash),
      })),
      ...known
        .filter((type) => !admitted.some(({ typeHash }) => typeHash === toHex(type.typeHash)))
        .map((type) => ({
          id: null,
          name: type.name,
          typeHash: toHex(type.typeHash),
          personal: type.personal === true,
          admittedAt: null,
          atHand: true,
        })),
    ];
    return {
      json: rows,
      text: columns([
        ["ID", "NAME", "ADMITTED", "DOCUMENT", "HASH"],
        ...rows.map((row) => [
          row.id === null ? "-" : String(row.id),
          row.name,
          row.admittedAt === null ? "not admitted" : timeForPeople(row.admittedAt),
          row.atHand ? "at hand" : "missing",
          row.typeHash,
        ]),
      ]),
    };
  },
});

export const typeShowVerb = defineVerb({
  name: "type show",
  summary: "show a record type: fields, names of columns, natural key, what is hidden",
  arguments: [{ name: "<type>", about: "its name, its id on the registry, or a file" }],
  options: { rpc },
  examples: ["credit-anchor type show cn.penalty", "credit-anchor type show 3 --home agency"],
  run: async ({ args, options, home: dir, signal }) => {
    const home = optionalHome(dir);
    const named = args[0]!;
    let admitted: AdmittedType | undefined;
    let type: RecordType | undefined;
    if (/^[1-9][0-9]{0,9}$/.test(named)) {
      const { registry } = await connect(requireHome(dir), options.rpc, signal);
      admitted = await readType(registry, Number(named));
      if (admitted === undefined)
        throw new CreditAnchorError("type.unknown", `the registry has no record type ${named}`, {
          hint: "credit-anchor type list shows all of them",
        });
      const { typeHash } = admitted;
      type = knownTypes(home).find((known) => toHex(known.typeHash) === typeHash);
    } else {
      type = nameType(named, home);
      if (home?.settings.registry !== undefined) {
        const { registry } = await connect(home, options.rpc, signal);
        const id = await typeIdOf(registry, toHex(type.typeHash));
        admitted = id === undefined ? undefined : await readType(registry, id);
      }
    }
    return {
      json: {
        id: admitted?.id ?? null,
        name: type?.name ?? admitted?.name,
        typeHash: type === undefined ? admitted?.typeHash : toHex(type.typeHash),
        admittedAt: admitted?.admittedAt ?? null,
        document: type?.document ?? null,
      },
      text: [
        ...(admitted === undefined
          ? []
          : [`type ${admitted.id} of the registry, admitted ${timeForPeople(admitted.admittedAt)}`]),
        ...(type === undefined
          ? [`name ${admitted!.name}, hash ${admitted!.typeHash}`, "its document is not at hand"]
          : describe(type)),
      ],
    };
  },
});

/** A type for people. */
function describe(type: RecordType): string[] {
  const key = type.naturalKey.map((names) => names.join(" or ")).join(", ");
  return [
    ...columns([
      ["name", type.name],
      ["hash", toHex(type.typeHash)],
      ["natural key", key],
      ...(type.issuer === undefined ? [] : [["issuer", type.issuer]]),
      [
        "personal",
        typeof type.personal === "boolean" ? (type.personal ? "all" : "none") : `by ${type.personal.field}`,
      ],
      ...(type.mustShow.length === 0 ? [] : [["always shown", type.mustShow.join(", ")]]),
    ]),
    "",
    ...columns([
      ["FIELD", "CLASS", "KIND", "", "OTHER COLUMN NAMES"],
      ...type.fields.map((field) => [
        field.name,
        field.sensitivity,
        field.kind,
        field.required ? "required" : "",
        field.aliases
          .map(({ name, decimals }) => (decimals === 0 ? name : `${name} (decimals: ${decimals})`))
          .join(", "),
      ]),
    ]),
  ];
}
