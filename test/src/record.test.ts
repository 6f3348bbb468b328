import { expect } from "chai";
import * as fc from "fast-check";
import { canonical } from "../../src/canonical";
import { recordKey, recordSealer } from "../../src/commitment";
import type { Fault } from "../../src/errors";
import {
  columnPlan,
  type ColumnPlanResult,
  type CreditRecord,
  readCells,
  readKey,
  readRecord,
  type RecordResult,
} from "../../src/record";
import {
  EXAMPLE_RESIDENT_IDS,
  sampleAgencyCode,
  sampleOrganisationCode,
  sampleUscc,
} from "../../src/samples";
import { loadType, shippedTypes } from "../../src/types";
import { catalogueType } from "../support/types";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 100);

const penalty = shippedTypes().get("cn.penalty")!;
const boat = loadType(catalogueType());
const agency = sampleAgencyCode(1);
const company = sampleUscc("91", "110000", 17);

/** A penalty as an object; every test below changes one thing of it. */
const GOOD: Readonly<Record<string, unknown>> = {
  agencyCode: agency,
  agencyName: "示例市市场监督管理局（虚构）",
  documentNumber: "示罚〔2024〕17号",
  partyName: "示例虚构17号有限公司",
  partyCategory: "法人及非法人组织",
  partyUscc: company,
  fineFen: 200_000,
  decidedOn: "2024-01-05",
};

function accepted(result: RecordResult): CreditRecord {
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.record;
}

function without<T>(row: Readonly<Record<string, T>>, ...names: string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

function refused(result: RecordResult | ColumnPlanResult): readonly Fault[] {
  if (result.ok) throw new Error("accepted");
  return result.faults;
}

function codes(result: RecordResult): string[] {
  return result.ok ? [] : result.faults.map(({ path, code }) => `${path} ${code}`);
}

/** Header and cells of a CSV row. */
function csv(row: Readonly<Record<string, string>>, options = { issuerCode: agency }): RecordResult {
  const planned = columnPlan(penalty, Object.keys(row), options);
  if (!planned.ok) throw new Error(JSON.stringify(planned.faults));
  return readCells(planned.plan, Object.values(row));
}

const GOOD_CSV: Readonly<Record<string, string>> = {
  CF_CFJGDM: agency,
  处罚机关: "示例市市场监督管理局（虚构）",
  CF_WSH: "示罚〔2024〕17号",
  CF_XDR_MC: "示例虚构17号有限公司",
  cf_xdr_lb: "法人及非法人组织",
  "行政相对人代码_1（统一社会信用代码）": company,
  "罚款金额(万元)": "0.200000",
  CF_JDRQ: "2024/1/5",
};

describe("readRecord", () => {
  it("reads a good row: fields in the type's order, absent ones absent, key in the annotated order", () => {
    const record = accepted(readRecord(penalty, GOOD, { issuerCode: agency }));
    expect(record.values).to.deep.equal(GOOD);
    expect(Object.keys(record.values)).to.deep.equal(Object.keys(GOOD).sort());
    expect(record.keyValues).to.deep.equal([agency, "示罚〔2024〕17号", company]);
    expect(record.personal).to.equal(false);
  });

  it("reads the same record from CSV under codes, titles and other brackets", () => {
    expect(accepted(csv(GOOD_CSV))).to.deep.equal(accepted(readRecord(penalty, GOOD)));
  });

  const table: readonly (readonly [string, Record<string, unknown>, string])[] = [
    [
      "a wrong check character",
      { partyUscc: company.slice(0, 17) + (company.endsWith("0") ? "1" : "0") },
      "/partyUscc uscc.check",
    ],
    ["a short code", { partyUscc: "91" }, "/partyUscc schema.minLength"],
    ["a day that does not exist", { decidedOn: "2023-02-29" }, "/decidedOn date.impossible"],
    ["a negative amount", { fineFen: -1 }, "/fineFen schema.minimum"],
    ["an amount with a fraction", { fineFen: 0.5 }, "/fineFen number.not-integer"],
    ["an amount beyond 2^53", { fineFen: 2 ** 53 }, "/fineFen number.not-integer"],
    ["minus zero", { fineFen: -0 }, "/fineFen number.not-integer"],
    ["an amount as text under the name of the integer", { fineFen: "200000" }, "/fineFen schema.type"],
    ["a value that the type does not list", { partyCategory: "企业" }, "/partyCategory schema.enum"],
    ["null", { remark: null }, "/remark field.null"],
    ["undefined", { remark: undefined }, "/remark field.null"],
    ["a list where text belongs", { remark: ["x"] }, "/remark schema.type"],
    ["a date object", { decidedOn: new Date(0) }, "/decidedOn value.not-json"],
    ["a bigint", { fineFen: 5n }, "/fineFen value.not-json"],
    ["empty text", { remark: "  " }, "/remark schema.minLength"],
    ["text that is too long", { partyName: "示".repeat(201) }, "/partyName schema.maxLength"],
    ["a control character", { partyName: "示\u0007例" }, "/partyName text.control"],
    ["half a character", { partyName: "示\ud800" }, "/partyName text.surrogate"],
    ["the mark of a broken decoding", { partyName: "示\ufffd例" }, "/partyName text.replacement"],
    ["an unknown member", { colour: "red" }, " field.unknown"],
    ["a member that every object inherits", { constructor: "x" }, " field.unknown"],
    ["a field under two names", { CF_XDR_MC: "示例" }, "/partyName field.repeated"],
    ["another agency's record", { agencyCode: sampleAgencyCode(2) }, "/agencyCode issuer.foreign"],
  ];
  for (const [what, change, expected] of table) {
    it(`refuses ${what}: ${expected}`, () => {
      expect(codes(readRecord(penalty, { ...GOOD, ...change }, { issuerCode: agency }))).to.deep.equal([
        expected,
      ]);
    });
  }

  for (const field of ["agencyCode", "agencyName", "documentNumber", "partyName", "decidedOn"]) {
    it(`refuses a record without ${field}`, () => {
      const rest = without(GOOD, field);
      expect(codes(readRecord(penalty, rest))).to.deep.equal([`/${field} field.missing`]);
    });
  }

  it("says everything that is wrong at once, and each thing once", () => {
    const row = { ...GOOD, partyUscc: "1", decidedOn: "never", fineFen: -5, colour: 1, agencyName: null };
    expect(codes(readRecord(penalty, row))).to.have.members([
      "/partyUscc schema.minLength",
      "/decidedOn date.form",
      "/fineFen schema.minimum",
      "/agencyName field.null",
      " field.unknown",
    ]);
  });

  it("never quotes a value", () => {
    const secret = "4711SECRET";
    for (const field of penalty.fields) {
      for (const value of [
        secret,
        [secret],
        { [secret]: 1 },
        `${secret}\u0000`,
        `${secret}${"x".repeat(30_000)}`,
      ]) {
        const result = readRecord(penalty, { ...GOOD, [field.name]: value });
        if (!result.ok) expect(JSON.stringify(result.faults), field.name).not.to.include(secret);
        expect(JSON.stringify(result.warnings), field.name).not.to.include(secret);
      }
    }
  });

  it("suggests the name that an unknown member comes nearest to", () => {
    const result = readRecord(penalty, { ...GOOD, CF_XDR_SHXMY: company });
    expect(refused(result)[0]?.message).to.equal(
      '"CF_XDR_SHXMY" is no column of cn.penalty; did you mean CF_XDR_SHXYM?',
    );
  });

  it("suggests nothing when no name is near, and cuts a name that is long", () => {
    const message = refused(readRecord(penalty, { ...GOOD, colour: "red" }))[0]?.message;
    expect(message).to.equal('"colour" is no column of cn.penalty');
    const long = refused(readRecord(penalty, { ...GOOD, ["x".repeat(10_000)]: 1 }))[0]?.message;
    expect(long).to.have.length.lessThan(120);
  });

  it("quotes no name of a member that may be data", () => {
    const told = (name: string): string | undefined =>
      refused(readRecord(penalty, { ...GOOD, [name]: 1 }))[0]?.message;
    const place = `member ${Object.keys(GOOD).length + 1} is no column of cn.penalty`;
    for (const name of [
      "张三",
      "110101199001011237",
      "a_123456",
      "Zhang San",
      "x".repeat(41),
      "\u001b[2J",
      "",
    ])
      expect(told(name), name).to.equal(place);
    for (const name of ["x".repeat(40), "row_12345"])
      expect(told(name)).to.equal(`"${name}" is no column of cn.penalty`);
    expect(told("处罚依居")).to.equal('"处罚依居" is no column of cn.penalty; did you mean 处罚依据?');
  });

  it("leaves out columns that the type ignores", () => {
    expect(accepted(readRecord(penalty, { ...GOOD, SJC: "2024/01/06", 序号: 5 })).values).to.deep.equal(GOOD);
  });

  it("normalises codes and dates, and keeps the document number as it was written", () => {
    const wide = [...company].map((c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join("");
    const row = {
      ...GOOD,
      partyUscc: ` ${wide.toLowerCase()}`,
      decidedOn: "2024年1月5日",
      documentNumber: " 示罚【2024】17 号 ",
    };
    const record = accepted(readRecord(penalty, row));
    expect(record.values).to.deep.equal({ ...GOOD, documentNumber: "示罚【2024】17 号" });
    const key = (values: CreditRecord): Uint8Array =>
      recordKey(new Uint8Array(32), agency, penalty.name, values.keyValues);
    expect(key(record)).to.deep.equal(key(accepted(readRecord(penalty, GOOD))));
  });

  it("reads decimals under an alias that scales, as text or as a whole number", () => {
    const rest = without(GOOD, "fineFen");
    expect(accepted(readRecord(penalty, { ...rest, CF_NR_FK: "0.2" })).values["fineFen"]).to.equal(200_000);
    expect(accepted(readRecord(penalty, { ...rest, CF_NR_FK: 2 })).values["fineFen"]).to.equal(2_000_000);
    expect(codes(readRecord(penalty, { ...rest, CF_NR_FK: 0.2 }))).to.deep.equal(["/fineFen decimal.type"]);
    expect(codes(readRecord(penalty, { ...rest, CF_NR_FK: 9_007_199_255 }))).to.deep.equal([
      "/fineFen integer.overflow",
    ]);
  });

  it("gives a record that has a canonical form and can be committed to, or faults", () => {
    const seal = recordSealer(
      penalty.typeHash,
      penalty.fields.map(({ name }) => name),
    );
    const names = fc.constantFrom(
      ...penalty.fields.map(({ name }) => name),
      "CF_NR_FK",
      "SJC",
      "x",
      "__proto__",
    );
    const values = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 5 }), (changes) => {
        const result = readRecord(penalty, { ...GOOD, ...Object.fromEntries(changes) });
        if (!result.ok) {
          expect(result.faults).not.to.deep.equal([]);
          return;
        }
        canonical(result.record.values);
        expect(seal(result.record.values, new Uint8Array(32))).to.have.length(32);
        expect(accepted(readRecord(penalty, result.record.values))).to.deep.equal(result.record);
      }),
      { numRuns: numRuns * 3 },
    );
  });

  for (const row of [null, undefined, [], "text", 5]) {
    it(`refuses ${JSON.stringify(row) ?? "undefined"} for a row`, () => {
      expect(codes(readRecord(penalty, row as never))).to.deep.equal([" row.not-object"]);
    });
  }
});

describe("the natural key", () => {
  const nameless = without(GOOD, "partyUscc");

  for (const [field, value] of [
    ["partyIdNumber", EXAMPLE_RESIDENT_IDS[0]],
    ["partyOrganisationCode", sampleOrganisationCode(5)],
    ["partyRegistrationNumber", "110000000000017"],
    ["partyTaxNumber", "110000000000017"],
    ["partyInstitutionNumber", "XN17"],
    ["partySocialNumber", "XN17"],
  ] as const) {
    it(`takes ${field} when there is no USCC`, () => {
      expect(accepted(readRecord(penalty, { ...nameless, [field]: value })).keyValues[2]).to.equal(value);
    });
  }

  it("takes the first alternative that is present", () => {
    const row = { ...GOOD, partyOrganisationCode: sampleOrganisationCode(17), partyTaxNumber: "5" };
    expect(accepted(readRecord(penalty, row)).keyValues[2]).to.equal(company);
  });

  it("is refused when nothing tells the party from others: two people of one name would be one record", () => {
    expect(codes(readRecord(penalty, nameless))).to.deep.equal(["/partyUscc key.missing"]);
  });

  it("is not taken from the next alternative when the first is there and wrong", () => {
    const row = { ...GOOD, partyUscc: "1", partyTaxNumber: "5" };
    expect(codes(readRecord(penalty, row))).to.deep.equal(["/partyUscc schema.minLength"]);
  });
});

describe("readKey", () => {
  const key = { agencyCode: agency, documentNumber: "示罚〔2024〕17号", partyUscc: company };
  const faultsOf = (row: Readonly<Record<string, unknown>>): string[] => {
    const read = readKey(penalty, row);
    return read.ok ? [] : read.faults.map(({ path, code }) => `${path} ${code}`);
  };

  it("finds the key that the whole record has, under any names", () => {
    const keyValues = accepted(readRecord(penalty, GOOD)).keyValues;
    expect(readKey(penalty, key)).to.deep.equal({ ok: true, keyValues });
    const other = { CF_CFJGDM: agency, 决定书文号: "示罚〔2024〕17号", cf_xdr_shxym: company.toLowerCase() };
    expect(readKey(penalty, other)).to.deep.equal({ ok: true, keyValues });
  });

  for (const [what, row, expected] of [
    ["a missing part", without(key, "documentNumber"), ["/documentNumber key.missing"]],
    ["all alternatives missing", without(key, "partyUscc"), ["/partyUscc key.missing"]],
    ["a member that is no part of the key", { ...key, partyName: "示例" }, [" key.not-part"]],
    ["a member that is no field", { ...key, colour: "red" }, [" key.not-part"]],
    ["a part given twice", { ...key, CF_WSH: "1" }, ["/documentNumber field.repeated"]],
    ["a wrong value", { ...key, partyUscc: "1" }, ["/partyUscc schema.minLength"]],
    ["no object", null, ["/agencyCode key.missing", "/documentNumber key.missing", "/partyUscc key.missing"]],
  ] as const) {
    it(`refuses ${what}`, () => expect(faultsOf(row as never)).to.have.members([...expected]));
  }
});

describe("records about natural persons", () => {
  const open = without(GOOD, "partyUscc", "partyCategory");
  const person = { ...open, partyIdType: "身份证", partyIdNumber: EXAMPLE_RESIDENT_IDS[1] };
  for (const [what, row, personal] of [
    ["a legal person", GOOD, false],
    ["a natural person", { ...person, partyCategory: "自然人" }, true],
    ["an individual business", { ...GOOD, partyCategory: "个体工商户" }, true],
    [
      "a code that begins with 92, whatever the category says",
      { ...GOOD, partyUscc: sampleUscc("92", "110000", 5) },
      true,
    ],
    ["no category, but the code of an enterprise", { ...open, partyUscc: company }, false],
    ["no category and no code", person, true],
    ["no category, and only the source has a code", { ...person, sourceCode: agency }, true],
  ] as const) {
    it(`${what}: ${personal ? "personal" : "not personal"}`, () => {
      expect(accepted(readRecord(penalty, row)).personal).to.equal(personal);
    });
  }

  it("are told by the type's own word when that is true or false", () => {
    for (const personal of [true, false]) {
      const document = catalogueType();
      (document["x-credit-anchor"] as Record<string, unknown>)["personal"] = personal;
      const row = { harbour: "h", berth: "1", weightKg: 1, ownerKind: "company" };
      expect(accepted(readRecord(loadType(document), row)).personal).to.equal(personal);
    }
  });

  it("have their identity number checked when it is a resident ID, or nothing says what it is", () => {
    const wrong = "110105194912310021";
    const row = { ...open, partyCategory: "自然人", partyIdNumber: wrong };
    for (const kind of [{}, { partyIdType: "身份证" }, { partyIdType: "居民身份证" }]) {
      expect(codes(readRecord(penalty, { ...row, ...kind }))).to.deep.equal([
        "/partyIdNumber resident-id.check",
      ]);
    }
    expect(accepted(readRecord(penalty, { ...row, partyIdType: "护照" })).values["partyIdNumber"]).to.equal(
      wrong,
    );
  });
});

describe("warnings", () => {
  const warned = (row: Readonly<Record<string, unknown>>): string[] => {
    const result = readRecord(penalty, row);
    accepted(result);
    return result.warnings.map(({ path, code }) => `${path} ${code}`);
  };

  it("are given for a division of no province, and never reject", () => {
    expect(warned({ ...GOOD, divisionCode: "990101" })).to.deep.equal(["/divisionCode division.unknown"]);
    expect(warned({ ...GOOD, partyUscc: sampleUscc("91", "990101", 1) })).to.deep.equal([
      "/partyUscc division.unknown",
    ]);
  });

  it("are not given for central registration and development zones", () => {
    for (const division of ["100000", "110302"]) {
      expect(
        warned({ ...GOOD, partyUscc: sampleUscc("91", division, 1), divisionCode: division }),
      ).to.deep.equal([]);
    }
  });

  it("are given for a resident ID of the old form", () => {
    const rest = without(GOOD, "partyUscc");
    expect(warned({ ...rest, partyIdNumber: "110105491231002" })).to.deep.equal([
      "/partyIdNumber resident-id.old",
    ]);
  });
});

describe("columnPlan", () => {
  const header = Object.keys(GOOD_CSV);
  const faultsOf = (names: readonly string[], options = {}): string[] => {
    const planned = columnPlan(penalty, names, options);
    return planned.ok ? [] : planned.faults.map(({ path, code }) => `${path} ${code}`);
  };

  it("accepts names in any case, with any brackets, with spaces and a byte-order mark", () => {
    expect(faultsOf(["\ufeff cf_cfjgdm", ...header.slice(1)])).to.deep.equal([]);
    expect(faultsOf(header.map((name) => ` ${name.replace("（", "【").replace("）", "】")} `))).to.deep.equal(
      [],
    );
  });

  it("names an unknown column and the one that was probably meant", () => {
    const planned = columnPlan(penalty, [...header, "处罚依居"], {});
    expect(planned).to.have.property("ok", false);
    expect(refused(planned)).to.deep.equal([
      {
        path: "column 9",
        code: "column.unknown",
        message: '"处罚依居" is no column of cn.penalty; did you mean 处罚依据?',
      },
    ]);
  });

  it("names two columns for one field", () => {
    expect(faultsOf([...header, "documentNumber"])).to.deep.equal(["column 9 column.repeated"]);
  });

  it("names the columns that are missing, once, with the names they may have", () => {
    expect(faultsOf(header.slice(2))).to.deep.equal([
      "/agencyCode column.missing",
      "/agencyName column.missing",
    ]);
    const planned = columnPlan(penalty, header.slice(0, -1), {});
    expect(refused(planned)[0]?.message).to.equal("needs a column: decidedOn, CF_JDRQ, 处罚决定日期");
  });

  it("wants one of the columns that can tell parties apart", () => {
    expect(faultsOf(header.filter((name) => !name.startsWith("行政相对人代码")))).to.deep.equal([
      "/partyUscc column.missing",
    ]);
  });

  it("does not quote the first line of a file without header", () => {
    const planned = columnPlan(penalty, Object.values(GOOD_CSV), {});
    expect(refused(planned).map(({ code }) => code)).to.deep.equal(["header.missing"]);
    expect(JSON.stringify(planned)).not.to.include("示例").and.not.to.include(company);
  });

  it("fills in the agency's own code when the file, of the older standard, has no column for it, and says so", () => {
    const planned = columnPlan(penalty, header.slice(1), { issuerCode: agency });
    if (!planned.ok) throw new Error("refused");
    expect(planned.warnings.map(({ code }) => code)).to.deep.equal(["column.issuer-assumed"]);
    const record = accepted(readCells(planned.plan, Object.values(GOOD_CSV).slice(1)));
    expect(record).to.deep.equal(accepted(csv(GOOD_CSV)));
  });

  it("leaves out ignored columns and says so", () => {
    const planned = columnPlan(penalty, ["序号", ...header], {});
    expect(planned.warnings.map(({ path, code }) => `${path} ${code}`)).to.deep.equal([
      "column 1 column.ignored",
    ]);
  });
});

describe("readCells", () => {
  it("takes an empty cell for an absent field, spaces too", () => {
    for (const empty of ["", "  ", "\u3000"]) {
      const record = accepted(
        csv({ ...GOOD_CSV, 备注: empty, CF_NR_WFFF: empty, CF_YXQ: empty, CF_XDR_SWDJ: empty }),
      );
      expect(record).to.deep.equal(accepted(csv(GOOD_CSV)));
    }
  });

  it("refuses a row with fewer or more cells than the header", () => {
    const planned = columnPlan(penalty, Object.keys(GOOD_CSV), {});
    if (!planned.ok) throw new Error("refused");
    const cells = Object.values(GOOD_CSV);
    for (const ragged of [cells.slice(1), [...cells, ""]]) {
      expect(codes(readCells(planned.plan, ragged))).to.deep.equal([" row.ragged"]);
    }
  });

  it("allows a column without a name as long as it is empty", () => {
    expect(codes(csv({ ...GOOD_CSV, "": " " }))).to.deep.equal([]);
    expect(codes(csv({ ...GOOD_CSV, "": "x" }))).to.deep.equal(["column 9 column.unnamed"]);
  });

  it("reads integers, booleans and JSON of any type", () => {
    const read = (row: Record<string, string>): RecordResult => {
      const planned = columnPlan(boat, Object.keys(row), {});
      if (!planned.ok) throw new Error(JSON.stringify(planned.faults));
      return readCells(planned.plan, Object.values(row));
    };
    const row = {
      harbour: "H",
      "Berth No.": "a-1",
      weightKg: "1200",
      seaworthy: "TRUE",
      engines: '[{"kw":5,"maker":"e\u0301"}]',
    };
    expect(accepted(read(row)).values).to.deep.equal({
      harbour: "H",
      berth: "A1",
      weightKg: 1200,
      seaworthy: true,
      engines: [{ kw: 5, maker: "é" }],
    });
    const rest = without(row, "weightKg");
    expect(accepted(read({ ...rest, "weight in tons": "1.2" })).values["weightKg"]).to.equal(1200);
    expect(codes(read({ ...row, weightKg: "1.5" }))).to.deep.equal(["/weightKg integer.fraction"]);
    expect(codes(read({ ...row, seaworthy: "yes" }))).to.deep.equal(["/seaworthy boolean.form"]);
    expect(codes(read({ ...row, engines: "[{}" }))).to.deep.equal(["/engines json.form"]);
    expect(codes(read({ ...row, engines: "[1.5]" }))).to.deep.equal(["/engines json.form"]);
    expect(codes(read({ ...row, engines: "null" }))).to.deep.equal(["/engines field.null"]);
    expect(codes(read({ ...row, engines: '[{"kw":0}]' }))).to.deep.equal(["/engines/0/kw schema.minimum"]);
  });
});
