import { expect } from "chai";
import * as fc from "fast-check";
import { CreditAnchorError } from "../../src/errors";
import type { JsonObject, JsonValue } from "../../src/json";
import { typeHash } from "../../src/commitment";
import { checkType, loadType, shippedDocuments, shippedTypes } from "../../src/types";
import { compileWithLibrary } from "../../src/types/schema-interpreter";
import { compileSimple } from "../../src/types/schema-simple";
import { catalogueType } from "../support/types";

const numRuns = Number(process.env["PROPERTY_RUNS"] ?? 100);

type Loose = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- documents are broken at will

/** The valid document with one thing changed. */
function changed(change: (document: Loose) => void): Loose {
  const document = catalogueType();
  change(document);
  return document;
}

const own = (document: Loose): Loose => document["x-credit-anchor"];
const note = (document: Loose, field: string): Loose => document["properties"][field]["x-credit-anchor"];

describe("checkType", () => {
  it("finds nothing wrong with the shipped types and the example", () => {
    for (const document of [...Object.values(shippedDocuments), catalogueType()]) {
      expect(checkType(document)).to.deep.equal([]);
    }
  });

  const table: readonly (readonly [string, (document: Loose) => void, string, string])[] = [
    [
      "another dialect of JSON Schema",
      (d) => (d["$schema"] = "http://json-schema.org/draft-07/schema#"),
      "/$schema",
      "type.dialect",
    ],
    ["no dialect", (d) => delete d["$schema"], "/$schema", "type.dialect"],
    ["a type that is no object", (d) => (d["type"] = "array"), "/type", "type.type"],
    ["an open type", (d) => (d["additionalProperties"] = true), "/additionalProperties", "type.open"],
    [
      "an open type by omission",
      (d) => delete d["additionalProperties"],
      "/additionalProperties",
      "type.open",
    ],
    ["composition at the top", (d) => (d["allOf"] = [{}]), "/allOf", "type.composition"],
    [
      "pattern properties at the top",
      (d) => (d["patternProperties"] = {}),
      "/patternProperties",
      "type.composition",
    ],
    ["a reference at the top", (d) => (d["$ref"] = "#/$defs/engine"), "/$ref", "type.composition"],
    ["an unknown keyword at the top", (d) => (d["minProperties"] = 1), "/minProperties", "type.keyword"],
    ["a title that is no text", (d) => (d["title"] = 1), "/title", "type.shape"],
    ["no fields", (d) => (d["properties"] = {}), "/properties", "type.no-fields"],
    [
      "a required field that does not exist",
      (d) => d["required"].push("captain"),
      "/required/3",
      "field.unknown",
    ],
    ["a field required twice", (d) => d["required"].push("berth"), "/required/3", "field.repeated"],
    ["required that is no list", (d) => (d["required"] = "harbour"), "/required", "type.shape"],
    [
      "numbers with a fraction",
      (d) => (d["properties"].weightKg.type = "number"),
      "/properties/weightKg/type",
      "schema.number",
    ],
    [
      "numbers with a fraction in a list of types",
      (d) => (d["$defs"].engine.properties.kw.type = ["string", "number"]),
      "/$defs/engine/properties/kw/type",
      "schema.number",
    ],
    [
      "a limit with a fraction",
      (d) => (d["properties"].weightKg.minimum = 0.5),
      "/properties/weightKg/minimum",
      "schema.number",
    ],
    [
      "an unknown type",
      (d) => (d["properties"].owner.type = "text"),
      "/properties/owner/type",
      "schema.type",
    ],
    [
      "a type list with null",
      (d) => (d["properties"].owner.type = ["string", "null"]),
      "/properties/owner",
      "field.null",
    ],
    [
      "an enumeration with null",
      (d) => d["properties"].ownerKind.enum.push(null),
      "/properties/ownerKind",
      "field.null",
    ],
    [
      "an empty enumeration",
      (d) => (d["properties"].ownerKind.enum = []),
      "/properties/ownerKind/enum",
      "schema.shape",
    ],
    [
      "a field that says nothing",
      (d) => delete d["properties"].owner.type,
      "/properties/owner",
      "field.untyped",
    ],
    ["a field that is no schema", (d) => (d["properties"].owner = true), "/properties/owner", "field.schema"],
    [
      "a default value",
      (d) => (d["properties"].owner.default = "nobody"),
      "/properties/owner/default",
      "schema.keyword",
    ],
    [
      "an unknown keyword in a field",
      (d) => (d["properties"].owner.maxlength = 3),
      "/properties/owner/maxlength",
      "schema.keyword",
    ],
    [
      "a keyword that is inherited by every object",
      (d) => (d["properties"].owner.constructor = {}),
      "/properties/owner/constructor",
      "schema.keyword",
    ],
    [
      "a negative length",
      (d) => (d["properties"].owner.maxLength = -1),
      "/properties/owner/maxLength",
      "schema.shape",
    ],
    [
      "an unknown format",
      (d) => (d["properties"].owner.format = "name"),
      "/properties/owner/format",
      "schema.format",
    ],
    [
      "a pattern that is none",
      (d) => (d["properties"].owner.pattern = "("),
      "/properties/owner/pattern",
      "schema.pattern",
    ],
    [
      "a pattern of the kind that never ends",
      (d) => (d["properties"].owner.pattern = "^(a+b?)+$"),
      "/properties/owner/pattern",
      "schema.pattern-slow",
    ],
    [
      "a pattern with a counted repetition around a free one",
      (d) => (d["properties"].owner.pattern = "^([a-z]*,){2,}$"),
      "/properties/owner/pattern",
      "schema.pattern-slow",
    ],
    [
      "a reference that leads nowhere",
      (d) => (d["properties"].engines.items = { $ref: "#/$defs/motor" }),
      "/properties/engines/items/$ref",
      "schema.ref",
    ],
    [
      "a reference to another document",
      (d) => (d["properties"].engines.items = { $ref: "https://example.org/engine.json" }),
      "/properties/engines/items/$ref",
      "schema.ref",
    ],
    [
      "a reference to an inherited member",
      (d) => (d["properties"].engines.items = { $ref: "#/$defs/constructor" }),
      "/properties/engines/items/$ref",
      "schema.ref",
    ],
    [
      "a definition that refers to itself without end",
      (d) => (d["$defs"].loop = { anyOf: [{ type: "string" }, { $ref: "#/$defs/loop" }] }),
      "/$defs/loop",
      "schema.ref-cycle",
    ],
    [
      "a field's name with a space",
      (d) => (d["properties"]["the owner"] = d["properties"].owner),
      "/properties/the owner",
      "field.name",
    ],
    [
      "a field's name that is too long",
      (d) => (d["properties"]["x".repeat(65)] = d["properties"].owner),
      `/properties/${"x".repeat(65)}`,
      "field.name",
    ],
    [
      "no annotation on a field",
      (d) => delete d["properties"].owner["x-credit-anchor"],
      "/properties/owner/x-credit-anchor",
      "field.annotation",
    ],
    [
      "an unknown annotation on a field",
      (d) => (note(d, "owner")["hidden"] = true),
      "/properties/owner/x-credit-anchor/hidden",
      "field.annotation",
    ],
    [
      "an unknown sensitivity",
      (d) => (note(d, "owner")["sensitivity"] = "P4"),
      "/properties/owner/x-credit-anchor/sensitivity",
      "field.sensitivity",
    ],
    [
      "an unknown normalisation",
      (d) => (note(d, "berth")["normalise"] = "lower"),
      "/properties/berth/x-credit-anchor/normalise",
      "field.normalise",
    ],
    [
      "codes in an integer field",
      (d) => (note(d, "weightKg")["normalise"] = "code"),
      "/properties/weightKg/x-credit-anchor/normalise",
      "field.normalise",
    ],
    [
      "an unknown check",
      (d) => (note(d, "owner")["check"] = "iban"),
      "/properties/owner/x-credit-anchor/check",
      "field.check",
    ],
    [
      "a check of an integer field",
      (d) => (note(d, "weightKg")["check"] = "date"),
      "/properties/weightKg/x-credit-anchor/check",
      "field.check",
    ],
    [
      "a check under a condition on no field",
      (d) => (note(d, "owner")["check"] = { name: "uscc", when: { field: "kind", values: ["x"] } }),
      "/properties/owner/x-credit-anchor/check/when",
      "field.check",
    ],
    [
      "a check under a condition that never holds",
      (d) => (note(d, "owner")["check"] = { name: "uscc", when: { field: "ownerKind", values: ["firm"] } }),
      "/properties/owner/x-credit-anchor/check/when",
      "field.check",
    ],
    [
      "aliases that are no list",
      (d) => (note(d, "owner")["aliases"] = "holder"),
      "/properties/owner/x-credit-anchor/aliases",
      "field.aliases",
    ],
    [
      "an empty alias",
      (d) => (note(d, "owner")["aliases"] = [" "]),
      "/properties/owner/x-credit-anchor/aliases/0",
      "field.aliases",
    ],
    [
      "decimals on a text field",
      (d) => (note(d, "owner")["aliases"] = [{ name: "x", decimals: 2 }]),
      "/properties/owner/x-credit-anchor/aliases/0/decimals",
      "field.decimals",
    ],
    [
      "too many decimals",
      (d) => (note(d, "weightKg")["aliases"][0].decimals = 16),
      "/properties/weightKg/x-credit-anchor/aliases/0/decimals",
      "field.decimals",
    ],
    [
      "an alias that is another field's name",
      (d) => (note(d, "owner")["aliases"] = ["HARBOUR"]),
      "/properties/owner/x-credit-anchor/aliases/0",
      "column.collision",
    ],
    [
      "an alias that is another field's alias, written with other brackets",
      (d) => {
        note(d, "owner")["aliases"] = ["owner（name）"];
        note(d, "ownerKind")["aliases"] = ["Owner [name]"];
      },
      "/properties/owner/x-credit-anchor/aliases/0",
      "column.collision",
    ],
    [
      "an alias that repeats its field's name",
      (d) => (note(d, "owner")["aliases"] = ["Owner"]),
      "/properties/owner/x-credit-anchor/aliases/0",
      "column.repeated",
    ],
    ["no annotation of the type", (d) => delete d["x-credit-anchor"], "/x-credit-anchor", "type.annotation"],
    [
      "an unknown annotation of the type",
      (d) => (own(d)["owner"] = "x"),
      "/x-credit-anchor/owner",
      "type.annotation",
    ],
    [
      "another format",
      (d) => (own(d)["format"] = "credit-anchor/schema"),
      "/x-credit-anchor/format",
      "type.format",
    ],
    [
      "a format version to come",
      (d) => (own(d)["formatVersion"] = 2),
      "/x-credit-anchor/formatVersion",
      "type.format",
    ],
    ["a name with capitals", (d) => (own(d)["name"] = "Harbour.Boat"), "/x-credit-anchor/name", "type.name"],
    [
      "a name of 32 characters",
      (d) => (own(d)["name"] = "x".repeat(32)),
      "/x-credit-anchor/name",
      "type.name",
    ],
    ["no natural key", (d) => delete own(d)["naturalKey"], "/x-credit-anchor/naturalKey", "type.natural-key"],
    [
      "a natural key of an unknown field",
      (d) => (own(d)["naturalKey"] = ["harbour", "dock"]),
      "/x-credit-anchor/naturalKey/1",
      "field.unknown",
    ],
    [
      "a natural key of an optional field alone",
      (d) => own(d)["naturalKey"].push("owner"),
      "/x-credit-anchor/naturalKey/2",
      "type.natural-key",
    ],
    [
      "a natural key of a list",
      (d) => own(d)["naturalKey"].push(["engines", "owner"]),
      "/x-credit-anchor/naturalKey/2",
      "type.natural-key",
    ],
    [
      "a field twice in the natural key",
      (d) => own(d)["naturalKey"].push("berth"),
      "/x-credit-anchor/naturalKey/2",
      "field.repeated",
    ],
    ["an unknown issuer", (d) => (own(d)["issuer"] = "master"), "/x-credit-anchor/issuer", "field.unknown"],
    ["an optional issuer", (d) => (own(d)["issuer"] = "owner"), "/x-credit-anchor/issuer", "type.issuer"],
    [
      "nothing said about persons",
      (d) => delete own(d)["personal"],
      "/x-credit-anchor/personal",
      "type.personal",
    ],
    [
      "persons told by a value that cannot be",
      (d) => (own(d)["personal"] = { field: "ownerKind", values: ["human"] }),
      "/x-credit-anchor/personal",
      "type.personal",
    ],
    [
      "persons told by a field that is no text",
      (d) => (own(d)["personal"] = { field: "weightKg", values: ["1"] }),
      "/x-credit-anchor/personal",
      "type.personal",
    ],
    [
      "an unknown field that must be shown",
      (d) => own(d)["mustShow"].push("x"),
      "/x-credit-anchor/mustShow/1",
      "field.unknown",
    ],
    [
      "a personal field that must be shown",
      (d) => own(d)["mustShow"].push("owner"),
      "/x-credit-anchor/mustShow/1",
      "type.must-show",
    ],
    [
      "an end of force that can be hidden",
      (d) => own(d)["inForceUntil"].push("inspectedOn"),
      "/x-credit-anchor/inForceUntil/1",
      "type.in-force",
    ],
    [
      "an end of force that is no date",
      (d) => {
        own(d)["mustShow"].push("berth");
        own(d)["inForceUntil"].push("berth");
      },
      "/x-credit-anchor/inForceUntil/1",
      "type.in-force",
    ],
    [
      "an ignored column that is a field",
      (d) => own(d)["ignoredColumns"].push("berth no."),
      "/x-credit-anchor/ignoredColumns/1",
      "column.collision",
    ],
  ];

  for (const [what, change, path, code] of table) {
    it(`names ${what}: ${code}`, () => {
      const faults = checkType(changed(change));
      expect(faults.map((fault) => `${fault.path} ${fault.code}`)).to.include(`${path} ${code}`);
      expect(() => loadType(changed(change)))
        .to.throw(CreditAnchorError)
        .with.property("code", "type.invalid");
    });
  }

  it("says everything that is wrong at once", () => {
    const faults = checkType(
      changed((d) => {
        delete d["$schema"];
        d["properties"].owner.format = "name";
        own(d)["name"] = "";
      }),
    );
    expect(faults.map(({ code }) => code)).to.have.members(["type.dialect", "schema.format", "type.name"]);
  });

  it("takes 255 fields and no more", () => {
    const withFields = (count: number): Loose =>
      changed((d) => {
        const more = count - Object.keys(d["properties"]).length;
        for (let i = 0; i < more; i++) d["properties"][`f${i}`] = d["properties"].owner;
      });
    expect(checkType(withFields(255))).to.deep.equal([]);
    expect(checkType(withFields(256)).map(({ code }) => code)).to.deep.equal(["type.too-many"]);
  });

  for (const [what, value] of [
    ["null", null],
    ["a list", []],
    ["text", "{}"],
    ["undefined", undefined],
    ["a date", new Date(0)],
    [
      "an object with a computed member",
      Object.defineProperty({}, "type", { get: () => "object", enumerable: true }),
    ],
    ["half a character", { "\ud800": 1 }],
    [
      "a cycle",
      (() => {
        const a: Loose = {};
        a["a"] = a;
        return a;
      })(),
    ],
  ] as const) {
    it(`answers, and does not throw, when the document is ${what}`, () => {
      expect(checkType(value)).not.to.deep.equal([]);
    });
  }

  it("allows patterns and references that end", () => {
    const document = changed((d) => {
      d["properties"].owner.pattern = "^[A-Z][a-z+*]*( [(]?[A-Z]+\\)?){0,3}$";
      d["$defs"].tree = { type: "object", properties: { left: { $ref: "#/$defs/tree" } } };
      d["properties"].parts = { $ref: "#/$defs/tree", "x-credit-anchor": { sensitivity: "P0" } };
    });
    expect(checkType(document)).to.deep.equal([]);
  });
});

describe("loadType", () => {
  const type = loadType(catalogueType());

  it("orders the fields by UTF-16 code units, whatever the order of the document", () => {
    const names = type.fields.map(({ name }) => name);
    expect(names).to.deep.equal([...names].sort());
    expect(type.fields.map(({ index }) => index)).to.deep.equal(names.map((_, i) => i));
    const document = catalogueType() as Loose;
    document["properties"] = Object.fromEntries(Object.entries(document["properties"]).reverse());
    expect(loadType(document).fields.map(({ name }) => name)).to.deep.equal(names);
    expect(loadType(document).typeHash).to.deep.equal(type.typeHash);
  });

  it("has the hash of the whole document", () => {
    expect(type.typeHash).to.deep.equal(typeHash(catalogueType() as JsonObject));
    const other = changed((d) => (note(d, "owner")["sensitivity"] = "P3"));
    expect(loadType(other).typeHash).not.to.deep.equal(type.typeHash);
  });

  it("knows how the text of each field is read", () => {
    const kinds = Object.fromEntries(type.fields.map(({ name, kind }) => [name, kind]));
    expect(kinds).to.deep.equal({
      berth: "text",
      engines: "json",
      harbour: "text",
      inspectedOn: "text",
      owner: "text",
      ownerKind: "text",
      seaworthy: "boolean",
      validUntil: "text",
      weightKg: "integer",
    });
  });

  it("turns single names of the natural key into lists of one alternative", () => {
    expect(type.naturalKey).to.deep.equal([["harbour"], ["berth"]]);
  });

  it("does not change the document", () => {
    const document = catalogueType();
    const before = JSON.stringify(document);
    loadType(document).validateField("engines", [{ kw: 0 }]);
    expect(JSON.stringify(document)).to.equal(before);
    expect(Object.getOwnPropertyNames(document["$defs"])).to.deep.equal(["engine"]);
  });
});

describe("validateField", () => {
  const type = loadType(catalogueType());
  const codesOf = (name: string, value: JsonValue): string[] =>
    type.validateField(name, value).map(({ path, code }) => `${path} ${code}`);

  for (const [name, value, expected] of [
    ["weightKg", 3, []],
    ["weightKg", -1, ["/weightKg schema.minimum"]],
    ["weightKg", 1.5, ["/weightKg schema.type"]],
    ["weightKg", "3", ["/weightKg schema.type"]],
    ["weightKg", null, ["/weightKg field.missing"]],
    ["owner", null, []],
    ["owner", "x".repeat(20), []],
    ["owner", "𠮷".repeat(20), []],
    ["owner", "x".repeat(21), ["/owner schema.maxLength"]],
    ["owner", 5, ["/owner schema.type"]],
    ["ownerKind", "person", []],
    ["ownerKind", "Person", ["/ownerKind schema.enum"]],
    ["inspectedOn", "2024-02-29", []],
    ["inspectedOn", "2023-02-29", ["/inspectedOn schema.format"]],
    ["seaworthy", "true", ["/seaworthy schema.type"]],
    ["engines", [{ kw: 5, maker: "示例" }], []],
    ["engines", [{ kw: 5 }, { kw: 0 }], ["/engines/1/kw schema.minimum"]],
    [
      "engines",
      [{ kw: 5, maker: "", "a secret": 1 }],
      ["/engines/0/maker schema.minLength", "/engines/0 schema.additionalProperties"],
    ],
    ["engines", [{}], ["/engines/0 schema.required"]],
    ["engines", {}, ["/engines schema.type"]],
    ["captain", "x", ["/captain field.unknown"]],
    ["constructor", "x", ["/constructor field.unknown"]],
  ] as const) {
    it(`${name} = ${JSON.stringify(value)}: ${expected.length === 0 ? "nothing wrong" : expected.join(", ")}`, () => {
      expect(codesOf(name, value as JsonValue)).to.have.members([...expected]);
    });
  }

  it("never quotes a value, nor a name that the value brought along", () => {
    const secret = "4711-SECRET";
    const values: JsonValue[] = [
      secret,
      [secret],
      { [secret]: secret },
      [{ kw: secret, [secret]: { [secret]: 1 } }],
    ];
    for (const field of type.fields) {
      for (const value of values) {
        expect(JSON.stringify(type.validateField(field.name, value))).not.to.include(secret);
      }
    }
  });

  it("does not name a member that only the value has, when the schema allows any name", () => {
    const document = changed((d) => (d["$defs"].engine.additionalProperties = { type: "integer" }));
    const faults = loadType(document).validateField("engines", [{ kw: 1, SECRET: "x" }]);
    expect(faults.map(({ path, code }) => `${path} ${code}`)).to.include("/engines/0/* schema.type");
    expect(JSON.stringify(faults)).not.to.include("SECRET");
  });

  for (const [schema, values] of [
    [{ type: "integer", minimum: 3 }, [2, 3, 4]],
    [{ type: "integer", maximum: 3 }, [2, 3, 4]],
    [{ type: "integer", exclusiveMinimum: 3 }, [2, 3, 4]],
    [{ type: "integer", exclusiveMaximum: 3 }, [2, 3, 4]],
    [{ type: "string", minLength: 2 }, ["a", "𠮷", "ab", "𠮷a", "abc"]],
    [{ type: "string", maxLength: 2 }, ["a", "ab", "𠮷𠮷", "abc", "𠮷𠮷𠮷"]],
    [{ type: "string", pattern: "^.$" }, ["", "a", "𠮷", "ab"]],
    [{ type: "string", format: "date" }, ["2024-02-29", "2023-02-29", ""]],
    [{ type: "boolean" }, [true, false, 0, "true"]],
    [{ enum: ["a", 1, true] }, ["a", 1, true, "1", false, "b"]],
    [{ const: "a" }, ["a", "b", 1]],
  ] as const) {
    it(`of the fast closures and of the interpreter agree at the edges of ${JSON.stringify(schema)}`, () => {
      const slow = compileWithLibrary({ properties: { x: schema as unknown as JsonObject } }, "x");
      const answers = values.map((value) => {
        const accepts = compileSimple(schema as unknown as JsonObject)!(value, "").length === 0;
        expect(accepts, JSON.stringify(value)).to.equal(slow(value, "").length === 0);
        return accepts;
      });
      expect(new Set(answers).size, "some pass and some do not").to.equal(2);
    });
  }

  it("of the fast closures and of the interpreter agree on every simple schema and value", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "1", "é", "𠮷", "-", "0"), maxLength: 6 });
    const integer = fc.integer({ min: -4, max: 4 });
    const schema = fc.record(
      {
        type: fc.constantFrom("string", "integer", "boolean"),
        enum: fc.array(fc.oneof(text, integer, fc.boolean()), { minLength: 1, maxLength: 4 }),
        const: fc.oneof(text, integer),
        minLength: fc.nat(5),
        maxLength: fc.nat(5),
        pattern: fc.constantFrom("^a", "[0-9]$", "^.{2}$", "é|𠮷"),
        format: fc.constantFrom("date", "uuid", "email"),
        minimum: integer,
        maximum: integer,
        exclusiveMinimum: integer,
        exclusiveMaximum: integer,
        title: fc.constant("t"),
      },
      { requiredKeys: [] },
    );
    const value = fc.oneof(
      text,
      integer,
      fc.boolean(),
      fc.constantFrom("2024-02-29", "2023-02-29", "a@b.c"),
      fc.constant([]),
      fc.constant({}),
    );
    fc.assert(
      fc.property(schema, value, (made, candidate) => {
        const fast = compileSimple(made as JsonObject);
        expect(fast).not.to.equal(undefined);
        const slow = compileWithLibrary({ properties: { x: made as JsonObject } }, "x");
        const fastAccepts = fast!(candidate as JsonValue, "").length === 0;
        expect(fastAccepts, JSON.stringify([made, candidate])).to.equal(
          slow(candidate as JsonValue, "").length === 0,
        );
      }),
      { numRuns: numRuns * 20 },
    );
  });
});

describe("shipped types", () => {
  for (const [name, type] of shippedTypes()) {
    describe(name, () => {
      it("names agency, document and party as its natural key", () => {
        expect(type.naturalKey.slice(0, 2)).to.deep.equal([["agencyCode"], ["documentNumber"]]);
        expect(type.naturalKey[2]?.[0]).to.equal("partyUscc");
        expect(type.issuer).to.equal("agencyCode");
      });

      it("keeps numbers of identity documents in the agency and representatives hidden", () => {
        for (const { name: field, sensitivity } of type.fields) {
          if (/IdNumber$/.test(field)) expect(sensitivity, field).to.equal("P3");
          if (/^legalRepresentative$|IdType$/.test(field)) expect(sensitivity, field).to.equal("P2");
        }
      });

      it("has a Chinese title and a field code for every field that the standard of 2018 has", () => {
        const prefix = name === "cn.penalty" ? "CF_" : "XK_";
        for (const { name: field, aliases } of type.fields) {
          expect(
            aliases.some((alias) => /[\u4e00-\u9fff]/.test(alias.name)),
            field,
          ).to.equal(true);
          expect(
            aliases.some((alias) => alias.name.startsWith(prefix) || alias.name === "BZ"),
            field,
          ).to.equal(true);
        }
      });
    });
  }

  const codes: readonly (readonly [string, string])[] = [
    [
      "cn.penalty",
      `CF_XDR_MC CF_XDR_LB CF_XDR_SHXYM CF_XDR_GSZC CF_XDR_ZZJG CF_XDR_SWDJ CF_XDR_SYDW CF_XDR_SHZZ CF_FRDB
      CF_FR_ZJLX CF_FR_ZJHM CF_XDR_ZJLX CF_XDR_ZJHM CF_WSH CF_WFXW CF_SY CF_YJ CF_CFLB CF_NR CF_NR_FK CF_NR_WFFF
      CF_NR_ZKDX CF_JDRQ CF_YXQ CF_GSJZQ CF_CFJG CF_CFJGDM CF_SJLY CF_SJLYDM BZ
      CF_CFMC CF_CFLB1 CF_CFLB2 CF_XDR_ZDM CF_XDR_GSDJ CF_XDR_SFZ CF_FR CF_JG CF_XZJG CF_ZT DFBM CF_SYFW CF_AJMC`,
    ],
    [
      "cn.licence",
      `XK_XDR_MC XK_XDR_LB XK_XDR_SHXYM XK_XDR_GSZC XK_XDR_ZZJG XK_XDR_SWDJ XK_XDR_SYDW XK_XDR_SHZZ XK_FRDB
      XK_FR_ZJLX XK_FR_ZJHM XK_FR_SFZH XK_XDR_ZJLX XK_XDR_ZJHM XK_XKWS XK_WSH XK_XKLB XK_XKZS XK_XKBH XK_NR XK_JDRQ
      XK_YXQZ XK_YXQZI XK_XKJG XK_XKJGDM XK_ZT XK_LYDW XK_LYDWDM BZ
      XK_XDR XK_XMMC XK_SPLB XK_XDR_ZDM XK_XDR_GSDJ XK_XDR_SFZ XK_FR XK_JZQ XK_XZJG DFBM XK_SYFW`,
    ],
  ];
  for (const [name, list] of codes) {
    it(`${name} accepts every field code of the standard and of the one before`, () => {
      const type = shippedTypes().get(name)!;
      for (const code of list.split(/\s+/)) expect(type.columns.has(code), code).to.equal(true);
      expect(type.ignoredColumns.has("SJC")).to.equal(true);
    });
  }

  it("read 万元 with six decimals as fen, and 元 with two", () => {
    const { columns } = shippedTypes().get("cn.penalty")!;
    expect(columns.get("CF_NR_FK")).to.deep.include({ decimals: 6 });
    expect(columns.get("罚款金额〔万元〕")).to.deep.include({ decimals: 6 });
    expect(columns.get("罚款金额〔元〕")).to.deep.include({ decimals: 2 });
    expect(columns.get("FINEFEN")).to.deep.include({ decimals: 0 });
  });
});
