/** The journal of docs/format.md: the fields of every event, in the order of declaration, and the running hash. */
import { AbiCoder, id, keccak256 } from "ethers";

export interface ModelEvent {
  readonly name: keyof typeof FIELDS;
  /** All fields but `entry`. */
  readonly fields: readonly unknown[];
}

export interface Block {
  readonly number: number;
  /** In seconds, however the chain counts. */
  readonly time: number;
  /** As the chain counts: in seconds or in milliseconds. */
  readonly timestamp: number;
}

export interface Head {
  readonly count: number;
  /** 28 bytes. */
  readonly head: string;
}

/** Types of the fields of each event, without `entry`, which is the last and `uint64` everywhere. */
export const FIELDS = {
  AgencyAdmitted: ["uint32", "bytes32", "address", "bytes32"],
  AgencySuspended: ["uint32", "uint16", "address"],
  AgencyReinstated: ["uint32", "uint16", "address"],
  AgencyClosed: ["uint32", "uint16", "address"],
  AdministratorNamed: ["uint32", "address"],
  AdministratorChanged: ["uint32", "address"],
  AdministratorRecovered: ["uint32", "address", "uint16", "address"],
  SuccessorNamed: ["uint32", "uint32"],
  SuccessionAccepted: ["uint32", "uint32"],
  SuccessionDeclined: ["uint32", "uint32"],
  AgencySucceeded: ["uint32", "uint32", "uint16", "address"],
  OperatorAdded: ["uint32", "address", "uint8", "uint64", "uint64"],
  OperatorRevoked: ["uint32", "address"],
  OperatorCompromised: ["uint32", "address", "uint64"],
  TypeAdmitted: ["uint32", "bytes32", "bytes32", "bool"],
  BatchAnchored: ["uint64", "uint32", "address", "uint32", "uint64", "bytes20", "bytes32", "bytes32"],
  RecordAnchored: ["uint64", "bytes32", "uint32", "bytes32", "uint64"],
  StatusChanged: ["uint64", "uint8", "address", "bytes", "uint16", "bytes32"],
  RecordsSuperseded: ["uint64", "address", "bytes", "bytes32[]", "uint16", "bytes32"],
  MarksSet: ["uint64", "uint8", "address", "bytes", "uint16", "bytes32"],
  MarksCleared: ["uint64", "uint8", "address", "bytes", "uint16", "bytes32"],
  ErasureProposed: ["uint64", "bytes32", "address"],
  RecordsErased: ["uint64", "address", "address", "bytes", "uint16", "bytes32"],
  Paused: ["uint16", "address"],
  Unpaused: ["uint16", "address"],
  AuthorityChanged: ["address"],
  RegistrySucceeded: ["address", "address"],
} as const;

const abi = AbiCoder.defaultAbiCoder();
const first28 = (hash: string): string => hash.slice(0, 2 + 56);

export function firstHead(tag: string, chainId: number, address: string): Head {
  const words = [id(tag), chainId, address];
  return { count: 0, head: first28(keccak256(abi.encode(["bytes32", "uint256", "address"], words))) };
}

export function extend({ count, head }: Head, { name, fields }: ModelEvent, block: Block): Head {
  const types = FIELDS[name];
  const topic = id(`${name}(${[...types, "uint64"].join(",")})`);
  const entryHash = keccak256(
    abi.encode(
      ["bytes32", "uint64", "uint256", "uint64", ...types],
      [topic, count, block.number, block.time, ...fields],
    ),
  );
  const next = keccak256(abi.encode(["bytes28", "bytes32"], [head, entryHash]));
  return { count: count + 1, head: first28(next) };
}
