import { AbiCoder, dataSlice, encodeBytes32String, keccak256, toUtf8Bytes } from "ethers";
import { startAudit, type AuditReport, type BlockFacts, type RawLog } from "../../src/audit";
import { fromHex, toHex } from "../../src/bytes";
import { domain, headerHash, leafHash } from "../../src/commitment";
import { encodePositions } from "../../src/positions";
import { CreditRegistry__factory } from "../../typechain-types";

export const face = CreditRegistry__factory.createInterface();
const coder = AbiCoder.defaultAbiCoder();
export const registry = { chainId: 31337, address: `0x${"ab".repeat(20)}` };
export const word = (text: string): string => keccak256(toUtf8Bytes(text));
const address = (digit: string): string => `0x${digit.repeat(40)}`;
export const ALICE = address("a");
export const BOB = address("b");
export const ADMINISTRATOR = address("c");
export const ARBITER = address("d");
export const START = 1_780_000_000;

export type Args = Record<string, unknown>;

/** An entry of the journal, and what its hash is the hash of. */
export interface Entry {
  readonly event: string;
  readonly signature: string;
  readonly entry: number;
  readonly blockNumber: number;
  readonly time: number;
  /** In the order of declaration, without `entry`. */
  readonly fields: Args;
  readonly encoded: string;
  readonly entryHash: string;
  readonly head: string;
}

/** What happened in a registry that checks nothing: event by event, the journal always right. */
export class Forger {
  readonly logs: RawLog[] = [];
  readonly entries: Entry[] = [];
  readonly blocks = new Map<number, BlockFacts>();
  head = dataSlice(
    keccak256(
      coder.encode(
        ["bytes32", "uint256", "address"],
        [word("credit-anchor/journal/1"), registry.chainId, registry.address],
      ),
    ),
    0,
    28,
  );
  #block = 100;
  #waited = 0;
  last = address("0");

  /** Time goes by before the next block. */
  wait(seconds: number): this {
    this.#waited += seconds;
    return this;
  }

  /** The next event, a block later unless `together`. Fields in any order; `entry` is numbered by itself. */
  emit(name: string, args: Args, together = false): this {
    if (!together) this.#block++;
    const number = this.#block;
    const time = START + number + this.#waited;
    this.blocks.set(number, { number, hash: word(`block ${number}`), time });
    const fragment = face.getEvent(name as "Paused")!;
    const entry = this.logs.length;
    const fields = fragment.inputs.slice(0, -1);
    const values = fields.map(({ name: field }) => args[field]);
    const types = fields.map(({ type }) => type);
    const encoded = coder.encode(
      ["bytes32", "uint64", "uint256", "uint64", ...types],
      [fragment.topicHash, entry, number, time, ...values],
    );
    const entryHash = keccak256(encoded);
    this.head = dataSlice(keccak256(coder.encode(["bytes28", "bytes32"], [this.head, entryHash])), 0, 28);
    this.entries.push({
      event: name,
      signature: fragment.format("sighash"),
      entry,
      blockNumber: number,
      time,
      fields: Object.fromEntries(fields.map(({ name: field }, i) => [field, values[i]])),
      encoded,
      entryHash,
      head: this.head,
    });
    const { data, topics } = face.encodeEventLog(fragment, [...values, entry]);
    this.logs.push({
      address: registry.address,
      topics,
      data,
      blockNumber: number,
      blockHash: word(`block ${number}`),
      transactionHash: word(`transaction ${number}`),
      logIndex: this.logs.filter((log) => log.blockNumber === number).length,
      removed: false,
    });
    return this;
  }

  /** A batch of agency 1, one block later: whatever is not said otherwise fits. */
  batch(sequence: number, change: Args = {}): this {
    const args: Args = {
      batchId: (1n << 32n) + BigInt(sequence),
      typeId: 1,
      operator: ALICE,
      size: 40,
      anchoredAt: START + this.#block + 1 + this.#waited,
      previous: this.last,
      root: word(`root ${sequence}`),
      manifestHash: word("manifest"),
      ...change,
    };
    const header = {
      format: 1,
      agencyId: Number((args.batchId as bigint) >> 32n),
      typeId: args.typeId as number,
      sequence,
      size: args.size as number,
      anchoredAt: args.anchoredAt as number,
      operator: args.operator as string,
      previous: args.previous as string,
      root: args.root as string,
      manifestHash: args.manifestHash as string,
    };
    this.last = toHex(headerHash(header)).slice(0, 42);
    return this.emit("BatchAnchored", args);
  }

  record(sequence: number, version: number, superseded: number | undefined, change: Args = {}): this {
    const place = { domain: domain(registry.chainId, registry.address), agencyId: 1, typeId: 1 };
    const root = toHex(leafHash(place, fromHex(word("key")), version, fromHex(word(`v${version}`))));
    this.batch(sequence, { size: 1, root });
    const args: Args = {
      batchId: (1n << 32n) + BigInt(sequence),
      recordKey: word("key"),
      version,
      commitment: word(`v${version}`),
      superseded: superseded === undefined ? 0n : (1n << 32n) + BigInt(superseded),
      ...change,
    };
    return this.emit("RecordAnchored", args, true);
  }

  status(name: string, args: Args): this {
    const defaults: Args = {
      batchId: 1n << 32n,
      actor: ALICE,
      proposer: ALICE,
      positions: encodePositions([0]),
      reason: 1,
      evidenceHash: word("evidence"),
      marks: 16,
    };
    return this.emit(name, { ...defaults, ...args });
  }

  audit(): AuditReport {
    const audit = startAudit(registry);
    audit.read(this.logs, this.blocks);
    return audit.report({ number: 1_000, hash: word("block"), time: START + 1_000 }, ["node"]);
  }
}

export const AGENCY: Args = {
  agencyId: 1,
  code: encodeBytes32String("91110000TEST"),
  administrator: ADMINISTRATOR,
  keyCommitment: word("key commitment"),
};
export const TYPE: Args = {
  typeId: 1,
  typeHash: word("type"),
  name: encodeBytes32String("test.type"),
  personal: false,
};
export const OPERATOR: Args = {
  agencyId: 1,
  operator: ALICE,
  permissions: 3,
  validFrom: START + 103,
  validUntil: START + 500,
};
export const PERSONAL: Args = {
  typeId: 2,
  typeHash: word("type 2"),
  name: encodeBytes32String("test.person"),
  personal: true,
};

/** An agency with an operator, a type, and nothing anchored. */
export function ready(): Forger {
  return new Forger()
    .emit("AgencyAdmitted", AGENCY)
    .emit("TypeAdmitted", TYPE)
    .emit("OperatorAdded", OPERATOR);
}

/** Of leaf 0 of batch 0, as the forger's defaults have it. */
export function proposal(): string {
  return keccak256(
    coder.encode(
      ["uint64", "bytes", "uint16", "bytes32"],
      [1n << 32n, encodePositions([0]), 1, word("evidence")],
    ),
  );
}
