import { Interface, computeAddress } from "ethers";
import { createHash } from "node:crypto";
import * as oracle from "./oracle";

/** Invented data for vectors and tests. Nothing in it is about anybody; nothing of it needs `src/`. */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export const hexOf = (data: Uint8Array): string => "0x" + Buffer.from(data).toString("hex");

/** Bytes that anyone can make again from a label: SHA-256 of it, cut. */
export const bytesOf = (label: string, length = 32): string =>
  hexOf(createHash("sha256").update(`credit-anchor sample: ${label}`).digest().subarray(0, length));

export const TYPE_NAME = "example.permit";
export const AGENCY_CODE = "EXAMPLE-HARBOUR-OFFICE";
export const AGENCY_KEY = bytesOf("agency key");
export const SECRET = bytesOf("secret 0");
export const CHAIN_ID = 31337;
export const REGISTRY = bytesOf("registry", 20);

/** A record type that has nothing to do with China, with every kind of field: shown, hidden, nested, optional. */
export const TYPE: { [name: string]: Json } = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Berthing permit (an example)",
  type: "object",
  additionalProperties: false,
  properties: {
    agencyCode: { type: "string", "x-credit-anchor": { sensitivity: "P0" } },
    permitNumber: { type: "string", "x-credit-anchor": { sensitivity: "P0" } },
    holderName: { type: "string", "x-credit-anchor": { sensitivity: "P1" } },
    holderNumber: { type: "string", "x-credit-anchor": { sensitivity: "P2" } },
    feeCents: { type: "integer", minimum: 0, "x-credit-anchor": { sensitivity: "P0" } },
    conditions: {
      type: "array",
      items: { type: "string" },
      "x-credit-anchor": { sensitivity: "P0" },
    },
    remark: { type: "string", "x-credit-anchor": { sensitivity: "P3" } },
    validUntil: { type: "string", "x-credit-anchor": { sensitivity: "P0", check: "date" } },
    备注: { type: "string", "x-credit-anchor": { sensitivity: "P0" } },
  },
  required: ["agencyCode", "permitNumber", "holderName", "holderNumber", "feeCents"],
  "x-credit-anchor": {
    format: "credit-anchor/type",
    formatVersion: 1,
    name: TYPE_NAME,
    naturalKey: ["agencyCode", "permitNumber", "holderNumber"],
    issuer: "agencyCode",
    personal: false,
    mustShow: ["validUntil"],
    inForceUntil: ["validUntil"],
  },
};

export const NAMES: string[] = Object.keys(TYPE["properties"] as object).sort();

const RECORD: { [name: string]: Json } = {
  agencyCode: AGENCY_CODE,
  permitNumber: "P-2024〔0017〕",
  holderName: "Beispielreederei & Söhne ⚓ 示例",
  holderNumber: "H-0001",
  feeCents: 123456,
  conditions: ["pier 4 only", 'no "hot" work'],
  validUntil: "2030-12-31",
};

/** One record in three versions: a fee corrected, then a remark added. */
export const RECORDS: { [name: string]: Json }[] = [
  RECORD,
  { ...RECORD, feeCents: 123400 },
  { ...RECORD, feeCents: 123400, remark: "added later", 备注: "附注" },
];

export interface Version {
  record: { [name: string]: Json };
  secret: string;
  previous: string;
  commitment: string;
}

/** The versions chained: each commits to the one before. */
export function versions(): Version[] {
  const all: Version[] = [];
  RECORDS.forEach((record, i) => {
    const secret = bytesOf(`secret ${i}`);
    const previous = all[i - 1]?.commitment ?? "0x" + "00".repeat(32);
    all.push({
      record,
      secret,
      previous,
      commitment: oracle.seal(oracle.typeHash(TYPE), NAMES, record, secret, previous),
    });
  });
  return all;
}

export const KEY_VALUES: Json[][] = [
  [AGENCY_CODE, "P-2024〔0017〕", "H-0001"],
  ["one"],
  ["发改财金〔2015〕12号", 0, -1, true, 9007199254740991],
  ["ａｂｃ（１）　号", "é", "e\u0301"],
];

export const FIELD_VALUES: [string, Json][] = [
  ["a", null],
  ["a", true],
  ["a", false],
  ["a", 0],
  ["a", -1],
  ["amount", 9007199254740991],
  ["amount", -9007199254740991],
  ["text", ""],
  ["text", 'quote " backslash \\ slash / line\nend\u0000\u001f\u007f\u0080\u2028'],
  ["text", "é ü 某某市市场监督管理局 😀 \ufb33\uffff"],
  ["备注", "附注"],
  ['na"me', "x"],
  ["list", []],
  ["list", [1, [2, [3, null]], "x"]],
  ["object", {}],
  [
    "object",
    { "\u20ac": 1, "\ud83d\ude00": 2, "\ufb33": 3, a: { c: [], b: {} }, A: 4, "": 5, "10": 6, "9": 7 },
  ],
];

export const DOMAINS: [number, string][] = [
  [CHAIN_ID, REGISTRY],
  [1, REGISTRY],
  [9007199254740991, "0x" + "ff".repeat(20)],
  [1337, "0x" + "00".repeat(20)],
];

export const LEAF_PLACES: [number, number, number][] = [
  [1, 1, 1],
  [2, 1, 1],
  [1, 2, 1],
  [1, 1, 2],
  [4294967295, 4294967295, 4294967295],
  [16909060, 84281096, 151653132],
];

export const HEADERS: oracle.OracleHeader[] = [
  {
    format: 1,
    agencyId: 1,
    typeId: 1,
    sequence: 0,
    size: 1,
    anchoredAt: 1780000000,
    operator: bytesOf("operator", 20),
    previous: "0x" + "00".repeat(20),
    root: bytesOf("root"),
    manifestHash: bytesOf("manifest"),
  },
  {
    format: 65535,
    agencyId: 4294967295,
    typeId: 4294967295,
    sequence: 4294967295,
    size: 4294967295,
    anchoredAt: 9007199254740991,
    operator: "0x" + "ff".repeat(20),
    previous: "0x" + "ff".repeat(20),
    root: "0x" + "ff".repeat(32),
    manifestHash: "0x" + "ff".repeat(32),
  },
  {
    format: 2,
    agencyId: 3,
    typeId: 4,
    sequence: 5,
    size: 6,
    anchoredAt: 7,
    operator: bytesOf("operator 8", 20),
    previous: bytesOf("previous 9", 20),
    root: bytesOf("root 10"),
    manifestHash: bytesOf("manifest 11"),
  },
];

export const MANIFEST: { [name: string]: Json } = {
  format: "credit-anchor/manifest",
  formatVersion: 1,
  agencyCode: AGENCY_CODE,
  type: TYPE_NAME,
  typeHash: oracle.typeHash(TYPE),
  size: 11,
  source: {
    system: "harbour ledger",
    collector: "credit-anchor 0.1.0",
    sha256: bytesOf("input file"),
    bytes: 4096,
    firstRow: 1,
    lastRow: 13,
  },
  counts: { read: 13, accepted: 11, unchanged: 1, rejected: 1 },
  times: { started: "2026-01-31T08:00:00Z", planned: "2026-01-31T08:00:01.500Z" },
  random: bytesOf("manifest random"),
};

/** Leaves in strictly ascending order. */
export function sortedLeaves(count: number, label = "leaf"): string[] {
  return Array.from({ length: count }, (_, i) => bytesOf(`${label} ${i}`)).sort();
}

/** Several spellings of one key each; the first letter of the group's form says nothing. */
export const KEY_FORM_GROUPS: string[][] = [
  [
    "发改财金〔2015〕12号",
    "发改财金（2015）12号",
    "发改财金(2015)12号",
    "发改财金[2015]12号",
    "发改财金【2015】12号",
  ],
  [
    "发改财金〈2015〉12号",
    "发改财金《2015》12号",
    "发改财金{2015}12号",
    "发改财金｛２０１５｝１２号",
    " 发改财金〖2015〗12 号 ",
  ],
  ["9133010079965505 8b", "9133010079965505８Ｂ", "91330100799655058B\u3000", "\t91330100799655058b\r\n"],
  ["\u00c9cole", "E\u0301cole", "\uff25\u0301COLE"],
  ["a\u0301", "\u00e1"],
  ["\u212b", "\u00c5", "A\u030a", "\uff21 \u030a"],
  ["\u2126", "\u03a9"],
  ["x y", "x\u00a0y", "x\u1680y", "x\u2003y", "x\u2028y", "x\u202fy", "x\u205fy", "x\u0085y", "XY"],
  ["straße"],
  ["x\u200by"],
  ["\ufb01"],
  ["！～", "!~"],
  [""],
  [" \t\u3000"],
  ["😀𠀀"],
];

export const JSON_TEXTS: string[] = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "9007199254740991",
  "-9007199254740991",
  '""',
  '"\\u0000\\u0008\\t\\n\\u000b\\f\\r\\u001f\\u007f"',
  '"\\"\\\\\\/"',
  '"\\u00e9\\ud83d\\ude00\\uFFFF"',
  "[]",
  "{}",
  ' [ 1 , [ ] , { } ,\t"x"\r\n] ',
  '{"b":1,"a":2,"B":3,"A":4,"":5,"10":6,"9":7,"é":8,"e\\u0301":9}',
  '{"\\ud83d\\ude00":1,"\\ufb33":2,"\\u20ac":3}',
  '{"__proto__":{"a":1},"constructor":2,"toString":3}',
  "[".repeat(64) + "]".repeat(64),
];

export const REFUSED_TEXTS: [string, string, string][] = [
  ["", "json.incomplete", ""],
  [" ", "json.incomplete", ""],
  ["1 2", "json.trailing", ""],
  ["{}{}", "json.trailing", ""],
  ["\ufeff1", "json.syntax", ""],
  ["nul", "json.syntax", ""],
  ["undefined", "json.syntax", ""],
  ["NaN", "json.syntax", ""],
  ["Infinity", "json.syntax", ""],
  ["+1", "json.syntax", ""],
  ["01", "json.syntax", ""],
  ["-", "json.incomplete", ""],
  ["-a", "json.syntax", ""],
  ["0x10", "json.trailing", ""],
  ["1.0", "json.not-integer", ""],
  ["1e2", "json.not-integer", ""],
  ["1E400", "json.not-integer", ""],
  ["-0", "json.negative-zero", ""],
  ["-0.0", "json.not-integer", ""],
  ["9007199254740992", "json.integer-too-large", ""],
  ["-9007199254740992", "json.integer-too-large", ""],
  ["1" + "0".repeat(400), "json.integer-too-large", ""],
  ["'a'", "json.syntax", ""],
  ['"a', "json.incomplete", ""],
  ['"a\nb"', "json.control-character", ""],
  ['"\u0000"', "json.control-character", ""],
  ['"\\x41"', "json.syntax", ""],
  ['"\\u12g4"', "json.syntax", ""],
  ['"\\u12', "json.syntax", ""],
  ['"\ud800"', "json.lone-surrogate", ""],
  ['"\udc00"', "json.lone-surrogate", ""],
  ['"\ude00\ud83d"', "json.lone-surrogate", ""],
  ['"\\ud800"', "json.lone-surrogate", ""],
  ['"\\udc00"', "json.lone-surrogate", ""],
  ['"\\ud83dx"', "json.lone-surrogate", ""],
  ['"\\ud83d\\u0041"', "json.lone-surrogate", ""],
  ['"\\ud83d\ude00"', "json.lone-surrogate", ""],
  ['"\ud83d\\ude00"', "json.lone-surrogate", ""],
  ['{"\\ud800":1}', "json.lone-surrogate", ""],
  ["[1,]", "json.syntax", "/0"],
  ["[,1]", "json.syntax", "/0"],
  ["[1 2]", "json.syntax", "/0"],
  ["[1", "json.incomplete", "/0"],
  ["[", "json.incomplete", "/0"],
  ["]", "json.syntax", ""],
  ['{"a":1,}', "json.syntax", "/a"],
  ['{"a" 1}', "json.syntax", "/a"],
  ["{a:1}", "json.syntax", ""],
  ['{"a":}', "json.syntax", "/a"],
  ['{"a":1 "b":2}', "json.syntax", "/a"],
  ["// comment\n1", "json.syntax", ""],
  ['{"a":1,"a":1}', "json.duplicate-name", "/a"],
  ['{"a":1,"\\u0061":1}', "json.duplicate-name", "/a"],
  ['{"__proto__":1,"__proto__":2}', "json.duplicate-name", "/__proto__"],
  ['{"a":{"b/c":[0,{"x~y":1.5}]}}', "json.not-integer", "/a/b~1c/1/x~0y"],
  ["[".repeat(65) + "]".repeat(65), "json.depth", "/0".repeat(64)],
  ['{"a":'.repeat(65) + "1" + "}".repeat(65), "json.depth", "/a".repeat(64)],
];

/** A key that signs for the relay in vectors. */
export const RELAY_KEY = bytesOf("key of a relayed operator");

const header =
  "tuple(uint16 format,uint32 agencyId,uint32 typeId,uint32 sequence,uint32 size,uint64 anchoredAt,address operator,bytes20 previous,bytes32 root,bytes32 manifestHash)";
const signed = new Interface([
  "function anchorRoot(uint32 agencyId,uint32 typeId,bytes20 previous,uint32 size,bytes32 root,bytes32 manifestHash)",
  `function withdraw(${header} header,bytes positions,uint16 reason,bytes32 evidenceHash)`,
]);

/** What operators sign for the relay: anchoring without a nonce, a move with one; two chains, two relays. */
export const RELAYED_CALLS: { chainId: number; relay: string; relayed: oracle.OracleRelayedCall }[] = (
  [
    [CHAIN_ID, "relay", signed.encodeFunctionData("anchorRoot", anchoringOf(HEADERS[0]!)), 0, 1780003600],
    [CHAIN_ID, "relay", signed.encodeFunctionData("withdraw", withdrawalOf(HEADERS[0]!)), 1, 1780003600],
    [
      CHAIN_ID,
      "other relay",
      signed.encodeFunctionData("withdraw", withdrawalOf(HEADERS[0]!)),
      1,
      1780003600,
    ],
    [1, "relay", signed.encodeFunctionData("withdraw", withdrawalOf(HEADERS[0]!)), 1, 1780003600],
    [CHAIN_ID, "relay", "0x", 2, 9007199254740991],
  ] as const
).map(([chainId, relay, call, nonce, deadline]) => ({
  chainId,
  relay: bytesOf(relay, 20),
  relayed: {
    operator: computeAddress(RELAY_KEY).toLowerCase(),
    agencyId: HEADERS[0]!.agencyId,
    call,
    nonce: nonce === 0 ? "0x" + "00".repeat(32) : bytesOf(`nonce ${nonce}`),
    deadline,
  },
}));

function anchoringOf({
  agencyId,
  typeId,
  previous,
  size,
  root,
  manifestHash,
}: oracle.OracleHeader): unknown[] {
  return [agencyId, typeId, previous, size, root, manifestHash];
}

function withdrawalOf(of: oracle.OracleHeader): unknown[] {
  return [of, "0x0000000000000000", 10, bytesOf("evidence")];
}
