import { sampleAgencyCode } from "./codes";
import type { SampleCells, SampleTypeName } from "./rows";

/** A way to spoil a good row, and what must then be said about it. */
export interface BadKind {
  readonly name: string;
  readonly path: string;
  readonly code: string;
  spoil(cells: SampleCells): SampleCells;
}

/** Every kind changes one thing of a good row about an enterprise. */
const COMMON: readonly BadKind[] = [
  {
    name: "wrong check character",
    path: "/partyUscc",
    code: "uscc.check",
    spoil: (cells) => ({ ...cells, partyUscc: otherLast(cells["partyUscc"]) }),
  },
  {
    name: "letter that no code has",
    path: "/partyUscc",
    code: "uscc.alphabet",
    spoil: (cells) => ({ ...cells, partyUscc: `${(cells["partyUscc"] ?? "").slice(0, 17)}O` }),
  },
  {
    name: "day that does not exist",
    path: "/decidedOn",
    code: "date.impossible",
    spoil: (cells) => ({ ...cells, decidedOn: "2023/02/30" }),
  },
  {
    name: "no document number",
    path: "/documentNumber",
    code: "field.missing",
    spoil: (cells) => without(cells, "documentNumber"),
  },
  {
    name: "party without any number",
    path: "/partyUscc",
    code: "key.missing",
    spoil: (cells) => without(cells, "partyUscc"),
  },
  {
    name: "record of another agency",
    path: "/agencyCode",
    code: "issuer.foreign",
    spoil: (cells) => ({ ...cells, agencyCode: sampleAgencyCode(9998) }),
  },
  {
    name: "category that the type does not know",
    path: "/partyCategory",
    code: "schema.enum",
    spoil: (cells) => ({ ...cells, partyCategory: "其他组织" }),
  },
  {
    name: "broken resident ID",
    path: "/legalRepresentativeIdNumber",
    code: "resident-id.check",
    spoil: (cells) => ({
      ...cells,
      legalRepresentativeIdType: "身份证",
      legalRepresentativeIdNumber: "110105194912310021",
    }),
  },
];

const PENALTY: readonly BadKind[] = [
  {
    name: "amount with a seventh decimal",
    path: "/fineFen",
    code: "decimal.precision",
    spoil: (cells) => ({ ...cells, fineFen: "0.1234567" }),
  },
  {
    name: "amount in words",
    path: "/fineFen",
    code: "decimal.form",
    spoil: (cells) => ({ ...cells, fineFen: "2万元" }),
  },
  {
    name: "amount beyond all bounds",
    path: "/fineFen",
    code: "integer.overflow",
    spoil: (cells) => ({ ...cells, fineFen: "9999999999999" }),
  },
];

/** All ways to spoil a row of a type. */
export function badKinds(type: SampleTypeName): readonly BadKind[] {
  return type === "cn.penalty" ? [...COMMON, ...PENALTY] : COMMON;
}

function otherLast(code = ""): string {
  return code.slice(0, -1) + (code.endsWith("0") ? "1" : "0");
}

function without(cells: SampleCells, name: string): SampleCells {
  return Object.fromEntries(Object.entries(cells).filter(([key]) => key !== name));
}
