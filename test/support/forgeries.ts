import * as oracle from "./oracle";
import * as sample from "./samples";

/**
 * A receipt with all that a verifier needs, and one change at a time: what the verdict must be is written here by
 * hand, case by case, so that it does not follow from the program that it judges.
 */

export const SIZE = 11;
const VERSION = 2;
const HIDDEN = new Set(["holderNumber", "remark"]);

export interface Situation {
  evidence: Record<string, unknown>;
  types: unknown[];
  facts: Record<string, unknown>;
  trust: unknown[];
  policy: Record<string, unknown>;
}

/** A receipt of version 2 of the sample record, in a batch of eleven, and the facts that confirm it. */
export function situation(): Situation {
  const { record, secret, previous, commitment } = sample.versions()[VERSION - 1]!;
  const key = oracle.recordKey(sample.AGENCY_KEY, sample.AGENCY_CODE, sample.TYPE_NAME, [
    record["agencyCode"]!,
    record["permitNumber"]!,
    record["holderNumber"]!,
  ]);
  const [agencyId, typeId] = [3, 2];
  const domain = oracle.domain(sample.CHAIN_ID, sample.REGISTRY);
  const leaf = oracle.leaf(domain, agencyId, typeId, key, VERSION, commitment);
  const leaves = [leaf, ...sample.sortedLeaves(SIZE - 1, "beside")].sort();
  const index = leaves.indexOf(leaf);
  const header: oracle.OracleHeader = {
    format: 1,
    agencyId,
    typeId,
    sequence: 4,
    size: SIZE,
    anchoredAt: 1780000000,
    operator: sample.bytesOf("operator", 20),
    previous: sample.bytesOf("batch before", 20),
    root: oracle.treeRoot(leaves),
    manifestHash: oracle.manifestHash(sample.MANIFEST),
  };
  const salts = oracle.salts(secret, sample.NAMES.length);
  const typeHash = oracle.typeHash(sample.TYPE);
  return {
    evidence: {
      format: "credit-anchor/receipt",
      formatVersion: 1,
      registry: { chainId: sample.CHAIN_ID, address: sample.REGISTRY },
      batch: header,
      transaction: {
        hash: sample.bytesOf("transaction"),
        blockNumber: 1200,
        blockHash: sample.bytesOf("block 1200"),
      },
      record: {
        type: sample.TYPE_NAME,
        typeHash,
        key,
        version: VERSION,
        previous,
        index,
        fields: sample.NAMES.map((name, i) => {
          const value = name in record ? record[name]! : null;
          return HIDDEN.has(name)
            ? { name, digest: oracle.fieldDigest(salts[i]!, name, value) }
            : { name, value, salt: salts[i]! };
        }),
      },
      proof: oracle.treeProof(index, leaves),
    },
    types: [sample.TYPE],
    facts: {
      chainId: sample.CHAIN_ID,
      registry: sample.REGISTRY,
      registryCodePresent: true,
      registryCodeHash: sample.bytesOf("registry code"),
      block: { number: 1300, hash: sample.bytesOf("block 1300"), time: 1780001000 },
      headerHash: oracle.headerHash(header),
      statusByte: 0,
      agency: { code: sample.AGENCY_CODE, standing: "Active" },
      operator: {
        permissions: 3,
        validFrom: 1770000000,
        validUntil: 1790000000,
        compromisedSince: 0,
        revoked: false,
      },
      typeHash,
      sources: 2,
      transaction: { blockNumber: 1200, blockHash: sample.bytesOf("block 1200"), anchoredBatch: true },
    },
    trust: [
      { chainId: sample.CHAIN_ID, address: sample.REGISTRY, codeHash: sample.bytesOf("registry code") },
    ],
    policy: { today: "2026-06-01", now: 1780001060, maximumAge: 600 },
  };
}

/** Result and code of every check of the situation as it is. */
export const PASSING: Record<string, string> = {
  format: "passed format.known",
  type: "passed type.known",
  integrity: "passed integrity.intact",
  inclusion: "passed inclusion.proved",
  anchor: "passed anchor.found",
  issuer: "passed issuer.agency",
  status: "passed status.in-force",
  freshness: "passed freshness.recent",
};

export interface Change {
  /** JSON pointer into the situation. */
  path: string;
  /** Left out: the place is removed. */
  value?: unknown;
}

export interface Case {
  name: string;
  changes: Change[];
  exitStatus: number;
  inForce: boolean | null;
  /** The checks that are not as in {@link PASSING}. */
  checks: Record<string, string>;
}

const WITHOUT_CHAIN = {
  issuer: "not-checked issuer.no-anchor",
  status: "not-checked status.no-anchor",
  freshness: "not-checked freshness.no-anchor",
};
const UNREAD = {
  type: "not-checked type.unread",
  integrity: "not-checked integrity.unread",
  inclusion: "not-checked inclusion.unread",
  anchor: "not-checked anchor.unread",
  issuer: "not-checked issuer.unread",
  status: "not-checked status.unread",
  freshness: "not-checked freshness.unread",
};
const ALTERED = {
  integrity: "failed integrity.altered",
  inclusion: "failed inclusion.root",
  ...WITHOUT_CHAIN,
};
const WRONG_HEADER = { anchor: "failed anchor.header", ...WITHOUT_CHAIN };

const set = (path: string, value: unknown): Change => ({ path, value });
const remove = (path: string): Change => ({ path });

function failing(
  name: string,
  changes: Change[],
  checks: Record<string, string>,
  inForce: boolean | null = null,
): Case {
  return { name, changes, exitStatus: 1, inForce, checks };
}

function open(
  name: string,
  changes: Change[],
  checks: Record<string, string>,
  inForce: boolean | null = null,
): Case {
  return { name, changes, exitStatus: 2, inForce, checks };
}

function over(name: string, changes: Change[], code: string): Case {
  return { name, changes, exitStatus: 3, inForce: false, checks: { status: `passed status.${code}` } };
}

function fine(name: string, changes: Change[], checks: Record<string, string> = {}): Case {
  return { name, changes, exitStatus: 0, inForce: true, checks };
}

const other = (label: string, length = 32): string => sample.bytesOf(`another ${label}`, length);
const field = (name: string): string => `/evidence/record/fields/${sample.NAMES.indexOf(name)}`;

/** Values, places and proofs that were changed: the hashes say so. */
function altered(): Case[] {
  const { evidence } = situation();
  const proof = evidence["proof"] as string[];
  const record = evidence["record"] as { key: string; index: number };
  const fee = field("feeCents");
  return [
    failing("a value changed", [set(`${fee}/value`, 123401)], ALTERED),
    failing(
      "a value of another kind of JSON",
      [set(`${field("conditions")}/value`, ["pier 4 only"])],
      ALTERED,
    ),
    failing("an absent field filled in", [set(`${field("备注")}/value`, "附注")], ALTERED),
    failing("a present field emptied", [set(`${field("conditions")}/value`, null)], ALTERED),
    failing("a salt changed", [set(`${fee}/salt`, other("salt", 16))], ALTERED),
    failing("a digest changed", [set(`${field("holderNumber")}/digest`, other("digest"))], ALTERED),
    failing(
      "digests of two hidden fields swapped",
      [
        set(`${field("holderNumber")}/digest`, digestAt(evidence, "remark")),
        set(`${field("remark")}/digest`, digestAt(evidence, "holderNumber")),
      ],
      ALTERED,
    ),
    failing("the record key changed", [set("/evidence/record/key", other("key"))], ALTERED),
    failing("the version changed", [set("/evidence/record/version", 3)], ALTERED),
    failing("the version before changed", [set("/evidence/record/previous", other("previous"))], ALTERED),
    failing("the version said to be the first", [set("/evidence/record/version", 1)], {
      ...ALTERED,
      integrity: "failed integrity.version",
    }),
    failing("the version before taken away", [set("/evidence/record/previous", "0x" + "00".repeat(32))], {
      ...ALTERED,
      integrity: "failed integrity.version",
    }),
    failing("the index changed to a neighbour", [set("/evidence/record/index", record.index ^ 1)], ALTERED),
    failing("the index out of the batch", [set("/evidence/record/index", SIZE)], {
      inclusion: "failed inclusion.index",
      ...WITHOUT_CHAIN,
    }),
    failing("a hash of the proof changed", [set("/evidence/proof/1", other("sibling"))], ALTERED),
    failing(
      "two hashes of the proof swapped",
      [set("/evidence/proof/0", proof[1]), set("/evidence/proof/1", proof[0])],
      ALTERED,
    ),
    failing("the proof too short", [remove("/evidence/proof/0")], shortProof()),
    failing("the proof too long", [set("/evidence/proof", [...proof, other("sibling")])], shortProof()),
    failing("the proof empty", [set("/evidence/proof", [])], shortProof()),
    failing("the chain changed", [set("/evidence/registry/chainId", 1)], {
      ...ALTERED,
      anchor: "failed anchor.untrusted",
    }),
    failing("the registry changed", [set("/evidence/registry/address", other("registry", 20))], {
      ...ALTERED,
      anchor: "failed anchor.untrusted",
    }),
  ];
}

function shortProof(): Record<string, string> {
  return { inclusion: "failed inclusion.proof-length", ...WITHOUT_CHAIN };
}

function digestAt(evidence: Record<string, unknown>, name: string): string {
  const { fields } = evidence["record"] as { fields: { name: string; digest: string }[] };
  return fields.find((candidate) => candidate.name === name)!.digest;
}

/** Every member of the header, changed. */
function headers(): Case[] {
  const moved = { ...ALTERED, ...WRONG_HEADER };
  return [
    failing("another agency", [set("/evidence/batch/agencyId", 4)], moved),
    failing("another type number", [set("/evidence/batch/typeId", 3)], moved),
    failing("another sequence", [set("/evidence/batch/sequence", 5)], WRONG_HEADER),
    failing("the sequence of the first batch", [set("/evidence/batch/sequence", 0)], {
      integrity: "failed integrity.sequence",
      ...WRONG_HEADER,
    }),
    failing("another size, same length of proof", [set("/evidence/batch/size", SIZE + 1)], sizeOneMore()),
    failing("a size that no such proof fits", [set("/evidence/batch/size", 100)], {
      ...shortProof(),
      ...WRONG_HEADER,
    }),
    failing("another time", [set("/evidence/batch/anchoredAt", 1779999999)], WRONG_HEADER),
    failing("another operator", [set("/evidence/batch/operator", other("operator", 20))], WRONG_HEADER),
    failing("another batch before", [set("/evidence/batch/previous", other("batch", 20))], WRONG_HEADER),
    failing("no batch before", [set("/evidence/batch/previous", "0x" + "00".repeat(20))], {
      integrity: "failed integrity.sequence",
      ...WRONG_HEADER,
    }),
    failing("another root", [set("/evidence/batch/root", other("root"))], moved),
    failing("another manifest", [set("/evidence/batch/manifestHash", other("manifest"))], WRONG_HEADER),
  ];
}

/**
 * Size 12 in place of 11 changes the way of some leaves to the root, not of all: the sample's index decides, and for
 * the leaves that keep their way only the header's hash tells.
 */
function sizeOneMore(): Record<string, string> {
  const { evidence } = situation();
  const { index } = evidence["record"] as { index: number };
  if (index < 8) return WRONG_HEADER;
  throw new Error("the sample's index has moved: state again what size 12 does to it");
}

/** What does not even have the shape of evidence. */
function shapes(): Case[] {
  const invalid = (name: string, ...changes: Change[]): Case =>
    failing(name, changes, { format: "failed format.invalid", ...UNREAD });
  const unsupported = (name: string, path: string, value: unknown): Case =>
    failing(name, [set(path, value)], { format: "failed format.unsupported", ...UNREAD });
  const { evidence } = situation();
  const root = (evidence["batch"] as { root: string }).root;
  return [
    unsupported("a format of the future", "/evidence/formatVersion", 2),
    unsupported("no version number", "/evidence/formatVersion", "1"),
    unsupported("another format", "/evidence/format", "credit-anchor/manifest"),
    unsupported("a header of the future", "/evidence/batch/format", 2),
    invalid("no format", remove("/evidence/format")),
    invalid("no evidence at all", set("/evidence", null)),
    invalid("a list", set("/evidence", [])),
    invalid("an unknown member", set("/evidence/comment", "hello")),
    invalid("an unknown member of a field", set(`${field("feeCents")}/unit`, "cent")),
    invalid("a field both shown and hidden", set(`${field("feeCents")}/digest`, other("digest"))),
    invalid("a member missing", remove("/evidence/record/key")),
    invalid("upper-case hex", set("/evidence/batch/root", `0x${root.slice(2).toUpperCase()}`)),
    invalid("hex without 0x", set("/evidence/batch/root", root.slice(2))),
    invalid("hex one byte short", set("/evidence/batch/root", root.slice(0, -2))),
    invalid("hex half a byte long", set("/evidence/batch/root", `${root}0`)),
    invalid("a number as text", set("/evidence/record/index", "5")),
    invalid("a negative index", set("/evidence/record/index", -1)),
    invalid("a number too large", set("/evidence/batch/agencyId", 4294967296)),
    invalid("agency 0", set("/evidence/batch/agencyId", 0)),
    invalid("version 0", set("/evidence/record/version", 0)),
    invalid("size 0", set("/evidence/batch/size", 0)),
    invalid("a type name with other characters", set("/evidence/record/type", "Example Permit")),
    invalid("no fields", set("/evidence/record/fields", [])),
    invalid("a proof that is no list", set("/evidence/proof", "0x")),
    invalid("a proof of 33 hashes", set("/evidence/proof", Array(33).fill(root))),
  ];
}

/** Right hashes, wrong record type. */
function types(): Case[] {
  const { evidence } = situation();
  const fields = (evidence["record"] as { fields: { name: string }[] }).fields;
  const wrong = (code: string): Record<string, string> => ({ ...ALTERED, type: `failed type.${code}` });
  const moved = [fields[1], fields[0], ...fields.slice(2)];
  const fee = { ...fields[sample.NAMES.indexOf("feeCents")]!, value: -1 };
  const hidden = { name: "validUntil", digest: other("digest") };
  const otherType = { ...sample.TYPE, title: "changed" };
  const foreign = { type: "failed type.not-admitted" };
  const noType = {
    type: "not-checked type.unknown",
    issuer: "not-checked issuer.no-type",
    status: "not-checked status.no-type",
  };
  return [
    failing("another type name", [set("/evidence/record/type", "x.y")], { type: "failed type.name" }, true),
    failing("a field renamed", [set(`${field("feeCents")}/name`, "fee")], wrong("fields")),
    failing("two fields in the wrong order", [set("/evidence/record/fields", moved)], wrong("fields")),
    failing("a field missing", [remove(field("备注"))], wrong("fields")),
    failing("a field twice", [set("/evidence/record/fields", [...fields, fields[0]])], wrong("fields")),
    failing("a value that the type does not allow", [set(field("feeCents"), fee)], wrong("value")),
    failing(
      "a date that does not exist",
      [set(`${field("validUntil")}/value`, "2030-02-30")],
      wrong("value"),
    ),
    failing("a date hidden that must be shown", [set(field("validUntil"), hidden)], wrong("must-show")),
    open("a type that the verifier does not have", [set("/types", [])], noType),
    fine("a type that only the receipt has", [
      set("/types", []),
      set("/evidence/record/typeDocument", sample.TYPE),
    ]),
    failing(
      "a type document with another hash in the receipt",
      [set("/types", []), set("/evidence/record/typeDocument", otherType)],
      { ...noType, type: "failed type.document-differs" },
    ),
    failing(
      "a type document that is none",
      [set("/types", []), set("/evidence/record/typeDocument", { type: "object" })],
      { ...noType, type: "failed type.document-invalid" },
    ),
    failing("another type hash", [set("/evidence/record/typeHash", other("type"))], {
      ...ALTERED,
      type: "failed type.not-admitted",
    }),
    failing(
      "a type that was not admitted under its number",
      [set("/facts/typeHash", other("type"))],
      foreign,
      true,
    ),
    failing("a type number that the registry does not know", [set("/facts/typeHash", null)], foreign, true),
  ];
}

/** Trust and what the chain said. */
function anchors(): Case[] {
  const unanchored = (code: string): Record<string, string> => ({ anchor: code, ...WITHOUT_CHAIN });
  return [
    fine("everything as it should be", []),
    fine("a presentation", [set("/evidence/format", "credit-anchor/presentation")]),
    open("offline", [remove("/facts")], unanchored("not-checked anchor.offline")),
    open("no trusted registry", [set("/trust", [])], unanchored("not-checked anchor.no-trust")),
    failing(
      "only another registry trusted",
      [set("/trust/0/address", other("registry", 20))],
      unanchored("failed anchor.untrusted"),
    ),
    failing(
      "the same address trusted on another chain",
      [set("/trust/0/chainId", 1)],
      unanchored("failed anchor.untrusted"),
    ),
    fine("the trusted address in mixed case", [
      set("/trust/0/address", `0x${sample.REGISTRY.slice(2).toUpperCase()}`),
    ]),
    open(
      "a node of another chain",
      [set("/facts/chainId", 1), set("/facts/typeHash", null)],
      unanchored("not-checked anchor.other-chain"),
    ),
    open(
      "facts of another registry",
      [set("/facts/registry", other("registry", 20))],
      unanchored("not-checked anchor.other-registry"),
    ),
    open(
      "no contract at the address",
      [
        set("/facts/registryCodePresent", false),
        set("/facts/headerHash", null),
        set("/facts/typeHash", null),
      ],
      unanchored("not-checked anchor.no-contract"),
    ),
    open(
      "another contract at the address",
      [set("/facts/registryCodeHash", other("code"))],
      unanchored("not-checked anchor.other-code"),
    ),
    fine("the code's hash not known to the verifier", [remove("/trust/0/codeHash")]),
    failing("no such batch", [set("/facts/headerHash", null)], unanchored("failed anchor.no-batch")),
    failing("another batch there", [set("/facts/headerHash", other("header"))], WRONG_HEADER),
    failing("another transaction block", [set("/evidence/transaction/blockNumber", 1201)], {
      anchor: "failed anchor.transaction",
      ...WITHOUT_CHAIN,
    }),
    failing("another transaction block hash", [set("/evidence/transaction/blockHash", other("block"))], {
      anchor: "failed anchor.transaction",
      ...WITHOUT_CHAIN,
    }),
    failing("a transaction that anchored something else", [set("/facts/transaction/anchoredBatch", false)], {
      anchor: "failed anchor.transaction",
      ...WITHOUT_CHAIN,
    }),
    fine("a transaction that the node does not know", [set("/facts/transaction", null)]),
    fine("a transaction that was not looked up", [remove("/facts/transaction")]),
  ];
}

/** Whose it is, what became of it, and when. */
function standings(): Case[] {
  const status = (name: string, byte: number, code: string): Case =>
    over(name, [set("/facts/statusByte", byte)], code);
  const since = (name: string, time: number, isFine: boolean): Case => {
    const changes = [set("/facts/operator/compromisedSince", time)];
    const checks = { issuer: "not-checked issuer.operator-compromised" };
    return isFine ? fine(name, changes) : open(name, changes, checks, true);
  };
  return [
    failing(
      "an unknown agency",
      [set("/facts/agency", null)],
      { issuer: "failed issuer.unknown-agency" },
      true,
    ),
    failing(
      "another agency's code",
      [set("/facts/agency/code", "X")],
      { issuer: "failed issuer.differs" },
      true,
    ),
    fine("a suspended agency", [set("/facts/agency/standing", "Suspended")]),
    fine("a closed agency", [set("/facts/agency/standing", "Closed")]),
    fine("a revoked operator", [set("/facts/operator/revoked", true)]),
    fine("an operator that is none any more", [set("/facts/operator", null)]),
    since("a key in other hands before the batch", 1779999999, false),
    since("a key in other hands from the batch on", 1780000000, false),
    since("a key in other hands after the batch", 1780000001, true),
    status("superseded", 1, "superseded"),
    status("withdrawn", 2, "withdrawn"),
    status("repaired", 3, "repaired"),
    status("erased", 8, "erased"),
    status("withdrawn and erased", 10, "erased"),
    status("masked", 128, "masked"),
    fine("disputed", [set("/facts/statusByte", 16)]),
    fine("under review", [set("/facts/statusByte", 32)]),
    fine("repair pending", [set("/facts/statusByte", 64)]),
    status("disputed and withdrawn", 18, "withdrawn"),
    open("a status of the future", [set("/facts/statusByte", 4)], { status: "not-checked status.unknown" }),
    open("no status byte", [set("/facts/statusByte", 256)], { status: "not-checked status.unknown" }),
    fine("its last day", [set("/policy/today", "2030-12-31")]),
    over("the day after its last", [set("/policy/today", "2031-01-01")], "expired"),
    open("no day to judge by", [set("/policy/today", "today")], { status: "not-checked status.no-today" }),
    fine("facts as old as allowed", [set("/policy/now", 1780001600)]),
    failing("facts too old", [set("/policy/now", 1780001601)], { freshness: "failed freshness.old" }, true),
    fine("no greatest age demanded", [remove("/policy/maximumAge")], {
      freshness: "not-checked freshness.no-limit",
    }),
    fine("a chain that is ahead of the clock", [set("/policy/now", 1780000000)], {
      freshness: "not-checked freshness.clock",
    }),
    fine("a single source", [set("/facts/sources", 1)]),
  ];
}

/** All cases, and the checks of the situation as it is. */
export function CASES(): { passing: Record<string, string>; cases: Case[] } {
  return {
    passing: PASSING,
    cases: [...anchors(), ...altered(), ...headers(), ...shapes(), ...types(), ...standings()],
  };
}
