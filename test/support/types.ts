/** A record type for tests that has nothing to do with China: small, with every kind of field. */
export function catalogueType(): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Boat in a harbour",
    type: "object",
    additionalProperties: false,
    required: ["harbour", "berth", "weightKg"],
    properties: {
      harbour: { type: "string", minLength: 1, "x-credit-anchor": { sensitivity: "P0" } },
      berth: {
        type: "string",
        minLength: 1,
        "x-credit-anchor": { sensitivity: "P0", normalise: "code", aliases: ["Berth No."] },
      },
      weightKg: {
        type: "integer",
        minimum: 0,
        "x-credit-anchor": { sensitivity: "P0", aliases: [{ name: "weight in tons", decimals: 3 }] },
      },
      seaworthy: { type: "boolean", "x-credit-anchor": { sensitivity: "P0" } },
      engines: {
        type: "array",
        items: { $ref: "#/$defs/engine" },
        maxItems: 3,
        "x-credit-anchor": { sensitivity: "P1" },
      },
      inspectedOn: {
        type: "string",
        format: "date",
        "x-credit-anchor": { sensitivity: "P0", check: "date" },
      },
      validUntil: { type: "string", format: "date", "x-credit-anchor": { sensitivity: "P0", check: "date" } },
      ownerKind: { enum: ["person", "company"], "x-credit-anchor": { sensitivity: "P1" } },
      owner: { type: "string", maxLength: 20, "x-credit-anchor": { sensitivity: "P2" } },
    },
    $defs: {
      engine: {
        type: "object",
        additionalProperties: false,
        required: ["kw"],
        properties: { kw: { type: "integer", minimum: 1 }, maker: { type: "string", minLength: 1 } },
      },
    },
    "x-credit-anchor": {
      format: "credit-anchor/type",
      formatVersion: 1,
      name: "harbour.boat",
      naturalKey: ["harbour", "berth"],
      personal: { field: "ownerKind", values: ["person"] },
      mustShow: ["validUntil"],
      inForceUntil: ["validUntil"],
      ignoredColumns: ["No."],
    },
  };
}
