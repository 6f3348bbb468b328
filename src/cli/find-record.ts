/**
 * Finds a record of the vault: by its natural key, by a receipt, or by batch and index.
 */
import { fromHex } from "../bytes";
import { batchId, parseBatchId, recordKey } from "../commitment";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import type { JsonObject } from "../json";
import { readKey } from "../record";
import { loadType, type RecordType } from "../types";
import type { Plan, Position, VaultReader } from "../vault/vault";
import { beyond } from "./any-record";
import { usage } from "./options";
import { optionReference, type Reference } from "./references";

/** What the user gave; exactly one way. */
export interface Selector {
  readonly key: JsonObject | undefined;
  readonly receipt: string | undefined;
  readonly batch: string | undefined;
  readonly index: number | undefined;
  /** Name of the record type, where a key alone is ambiguous. */
  readonly type: string | undefined;
}

/** @throws {CreditAnchorError} `usage` unless the record is named in exactly one way. */
export function checkSelector(selector: Selector): void {
  const ways = [selector.key, selector.receipt, selector.batch].filter((way) => way !== undefined);
  if (ways.length !== 1)
    throw usage(
      ways.length === 0 ? "no record is named" : "the record is named in more than one way",
      'give one of: --key \'{"field": "value"}\', --receipt FILE, or --batch ID with --index N',
    );
  if (selector.batch === undefined && selector.index !== undefined) throw usage("--index needs --batch");
  if (selector.batch !== undefined && selector.index === undefined) throw usage("--batch needs --index");
  if (selector.key === undefined && selector.type !== undefined) throw usage("--type goes with --key");
}

/**
 * Where the record is in the vault; by key the latest version.
 * @throws {CreditAnchorError} `record.unknown`, `record.ambiguous`, `record.key`, `batch.unknown`, `batch.other-agency`
 */
export async function findRecord(home: Home, vault: VaultReader, selector: Selector): Promise<Position> {
  return recordFinder(home, vault, selector.type)(optionReference(selector));
}

/** {@link findRecord} for many: what does not change from record to record is read once. */
export function recordFinder(
  home: Home,
  vault: VaultReader,
  type: string | undefined,
): (reference: Reference) => Promise<Position> {
  let byKey: Promise<(key: JsonObject) => Position> | undefined;
  return async (reference) => {
    if (reference.by === "key") {
      byKey ??= keyFinder(home, vault, type);
      return (await byKey)(reference.key);
    }
    if (reference.by === "place") {
      const plan = findBatch(vault, reference.batch, home.settings.agency?.id);
      return { plan: plan.number, index: expectIndex(plan, reference.index) };
    }
    const { batch, record } = reference.evidence;
    const id = batchId(batch.agencyId, batch.sequence);
    const plan = findBatch(vault, id, home.settings.agency?.id);
    const entry = vault.entry(plan.number, expectIndex(plan, record.index));
    // The receipt names a place; that it is about what is there has to be so too.
    if (!sameBytes(entry.key, fromHex(record.key, 32)) || entry.version !== record.version)
      throw new CreditAnchorError(
        "record.unknown",
        "the receipt is of another record than the vault has there",
      );
    return entry;
  };
}

/** The batch with a public id, if the vault holds it. */
export function heldBatch(vault: VaultReader, id: string): Plan | undefined {
  const { agencyId, sequence } = parseBatchId(id);
  const plan = vault.planAt(sequence);
  return plan?.agencyId === agencyId ? plan : undefined;
}

/**
 * The batch with a public id.
 *
 * @param own Id of the home's agency, if it is known.
 * @throws {CreditAnchorError} `batch.other-agency`, `batch.unknown`
 */
export function findBatch(vault: VaultReader, id: string, own?: number): Plan {
  const plan = heldBatch(vault, id);
  if (plan !== undefined) return plan;
  const { agencyId } = parseBatchId(id);
  if (own !== undefined && own !== agencyId)
    throw new CreditAnchorError(
      "batch.other-agency",
      `batch ${id} is of agency ${agencyId}, and this home is of agency ${own}`,
      { hint: "credit-anchor batches lists the batches of this home" },
    );
  throw new CreditAnchorError("batch.unknown", `the vault has no batch ${id}`, {
    hint: "credit-anchor batches lists them; batches of other operators are in their homes",
  });
}

function expectIndex(plan: Plan, index: number): number {
  if (index < plan.size) return index;
  const { agencyId, slot } = plan;
  const id = slot === undefined ? "(planned)" : batchId(agencyId, slot.sequence);
  throw new CreditAnchorError("record.unknown", beyond(id, index, plan.size));
}

/** Finds the latest version of the record with a natural key. */
async function keyFinder(
  home: Home,
  vault: VaultReader,
  typeName: string | undefined,
): Promise<(key: JsonObject) => Position> {
  const agency = home.settings.agency;
  if (agency === undefined)
    throw new CreditAnchorError("home.no-agency", `${home.dir} is not the home of an agency`, {
      hint: "a record can be found by its key only by the agency that anchored it",
    });
  const agencyKey = await home.agencyKey();
  const used = usedTypes(vault);
  const types = typeName === undefined ? used : used.filter(({ name }) => name === typeName);
  if (types.length === 0)
    throw new CreditAnchorError("record.unknown", "this home has anchored no records of such a type");
  return (key) => findByKey(types, agencyKey, agency.code, vault, key);
}

function findByKey(
  types: readonly RecordType[],
  agencyKey: Uint8Array,
  code: string,
  vault: VaultReader,
  key: JsonObject,
): Position {
  const found: { type: RecordType; place: Position }[] = [];
  const complaints: CreditAnchorError[] = [];
  for (const type of types) {
    const row = withIssuer(type, key, code);
    const read = readKey(type, row);
    if (!read.ok) {
      complaints.push(
        new CreditAnchorError("record.key", `this is not the natural key of a ${type.name}`, {
          faults: read.faults,
        }),
      );
      continue;
    }
    const place = vault.latest(recordKey(agencyKey, code, type.name, read.keyValues));
    if (place !== undefined) found.push({ type, place });
  }
  if (found.length > 1)
    throw new CreditAnchorError("record.ambiguous", "records of several types have this key", {
      hint: `add --type: ${found.map(({ type }) => type.name).join(" or ")}`,
    });
  if (found.length === 1) return found[0]!.place;
  if (complaints.length === types.length)
    throw complaints.length === 1
      ? complaints[0]!
      : new CreditAnchorError("record.key", "this is not the natural key of any type of this home", {
          hint: `say which type it is, to learn what is wrong: --type ${types.map(({ name }) => name).join(" or ")}`,
        });
  throw new CreditAnchorError("record.unknown", "this home has anchored no record with this key", {
    hint: "all parts of the natural key count, and of alternatives the first that the record has",
  });
}

/** The newest document of each type that batches of the vault were made of. */
function usedTypes(vault: VaultReader): RecordType[] {
  const hashes = new Map<string, string>();
  for (const { type, typeHash } of vault.plans()) hashes.set(type, typeHash);
  const types: RecordType[] = [];
  for (const typeHash of hashes.values()) {
    const document = vault.typeDocument(typeHash);
    if (document !== undefined) types.push(loadType(document));
  }
  return types;
}

/** The agency need not repeat its own code. */
function withIssuer(type: RecordType, key: JsonObject, code: string): JsonObject {
  const { issuer } = type;
  if (issuer === undefined || !type.naturalKey.some((names) => names.includes(issuer))) return key;
  const field = type.field(issuer)!;
  const names = [field.name, ...field.aliases.map(({ name }) => name)];
  return names.some((name) => Object.hasOwn(key, name)) ? key : { ...key, [issuer]: code };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
