import { counted } from "./counted";
import { AbiCoder, type Result } from "ethers";
import type { CreditRegistry__factory } from "../typechain-types/factories/contracts/CreditRegistry__factory";
import type { RegistryAuthority__factory } from "../typechain-types/factories/contracts/RegistryAuthority__factory";
import type { IRelay__factory } from "../typechain-types/factories/contracts/interfaces/IRelay__factory";
import type { ISignOffs__factory } from "../typechain-types/factories/contracts/interfaces/ISignOffs__factory";
import { CreditAnchorError } from "./errors";
import { authorityInterface, registryInterface, relayInterface, signOffsInterface } from "./interfaces";
import { restrictedFunction, roleName } from "./roles";
import { RpcError } from "./rpc";
import { timeForPeople } from "./time-words";

/** Names of the registry's custom errors, as its ABI lists them, of its authority's, its relay's and of the sign-offs'. */
export type RegistryErrorName =
  | Extract<(typeof CreditRegistry__factory.abi)[number], { type: "error" }>["name"]
  | AuthorityErrorName
  | RelayErrorName
  | SignOffsErrorName;
/** The authority's own, without those of the libraries under it, which any contract may have. */
type AuthorityErrorName = Extract<
  Extract<(typeof RegistryAuthority__factory.abi)[number], { type: "error" }>["name"],
  `AccessManager${string}`
>;
type RelayErrorName = Extract<(typeof IRelay__factory.abi)[number], { type: "error" }>["name"];
type SignOffsErrorName = Extract<(typeof ISignOffs__factory.abi)[number], { type: "error" }>["name"];

/** The registry refused a call: which of its rules, with the values it named. */
export class RegistryRefusal extends CreditAnchorError {
  readonly errorName: RegistryErrorName;
  /** By name; integers as bigints, everything else as text. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly explanation: Explanation;

  constructor(
    errorName: RegistryErrorName,
    values: Readonly<Record<string, unknown>>,
    explanation: Explanation,
  ) {
    const who = Object.hasOwn(authorityExplanations, errorName) ? "the registry's authority" : "the registry";
    super(`registry.${errorName}`, `${who} refused: ${explanation.message} (${errorName})`, {
      hint: explanation.hint,
    });
    this.errorName = errorName;
    this.values = values;
    this.explanation = explanation;
  }
}

export interface Explanation {
  readonly message: string;
  readonly hint: string;
}

/** Bits of an operator's permissions, in words. */
const PERMISSIONS: Readonly<Record<string, string>> = {
  1: "anchor",
  2: "status",
  3: "anchor or status, and a next version of a direct record needs both",
};
const replan = "run the command again: it reads the registry and continues from there";
const showsHolders = "credit-anchor governance roles shows who holds it";
const askRegistrar = "ask whoever holds the role registrar: credit-anchor governance roles shows the account";
const listsActs = "credit-anchor governance list shows what is scheduled";
const askAdministrator = "ask the agency's administrator";
const auditAgain =
  "the node that was audited serves another chain than this one: audit again, with a witness";
const defect = "this program should have noticed before: please report it";

/** What the relay refuses, see `IRelay`; what the registry refuses comes through as the registry said it. */
const relayExplanations: Readonly<Record<RelayErrorName, (v: Record<string, unknown>) => Explanation>> = {
  AgencyMismatch: (v) => ({
    message: `the call is for agency ${v.called}, the signature for agency ${v.signed}`,
    hint: "the file was altered, or made wrongly: have it signed anew",
  }),
  CallNotRelayed: () => ({
    message: "the relay does not carry such calls",
    hint: "operators sign anchoring, moves of statuses and marks, and steps of an erasure",
  }),
  DeadlinePassed: (v) => ({
    message: `what was signed could be sent until ${time(v.deadline)}, on the chain it is ${time(v.time)}`,
    hint: "have it signed anew: credit-anchor resume --sign-only FILE",
  }),
  InvalidSignature: (v) => ({
    message: `this is not what operator ${v.operator} signed for this chain and registry`,
    hint:
      "the file was altered, or is meant for another chain or registry: have it signed anew; or the operator is a contract " +
      "wallet that does not accept this signature (any more)",
  }),
  MissingNonce: () => ({ message: "a status move needs a nonce", hint: "have it signed anew" }),
  NonceUsed: (v) => ({
    message: `operator ${v.operator} has used or cancelled this nonce: what was signed is done, or was taken back`,
    hint: "look at the record with credit-anchor status",
  }),
  RelayPaused: () => ({
    message: "it is paused, and nothing is relayed meanwhile",
    hint: "nothing is lost: try again when whoever holds the role unpauser has ended the pause",
  }),
  UnexpectedNonce: () => ({ message: "anchoring has no nonce", hint: "have it signed anew" }),
};

/** What the contract that knows the roles refuses: OpenZeppelin's AccessManager. */
const authorityExplanations: Readonly<
  Record<AuthorityErrorName, (v: Record<string, unknown>) => Explanation>
> = {
  AccessManagerAlreadyScheduled: () => ({
    message: "this act is scheduled already, and waits or can be made",
    hint: `${listsActs}; it can be scheduled anew once it is made, cancelled or expired`,
  }),
  AccessManagerBadConfirmation: () => ({
    message: "who gives up a role has to name himself, and named another account",
    hint: "name the account that signs, or have an administrator take the role away: revokeRole",
  }),
  AccessManagerExpired: () => ({
    message: "this act was not made within a week after its delay, and expired",
    hint: "schedule it anew: credit-anchor governance schedule, with the same words",
  }),
  AccessManagerInvalidInitialAdmin: (v) => ({
    message: `${v.initialAdmin} cannot be the first administrator`,
    hint: "name the address of an account",
  }),
  AccessManagerLockedRole: (v) => ({
    message: `the role ${roleOf(v.roleId)} cannot be changed like this: AccessManager keeps it as it is`,
    hint: "only who holds it can be changed: grantRole, revokeRole",
  }),
  AccessManagerNotReady: () => ({
    message: "the delay of this act is not over",
    hint: `${listsActs}, with the time from which it can be made`,
  }),
  AccessManagerNotScheduled: () => ({
    message:
      "this act is not scheduled by this key with exactly these words, or was made or cancelled meanwhile",
    hint: `${listsActs}; who has to wait schedules first: credit-anchor governance schedule`,
  }),
  AccessManagerUnauthorizedAccount: (v) => ({
    message: `${v.msgsender} does not hold the role ${roleOf(v.roleId)}, which this needs`,
    hint: wayToRole(roleOf(v.roleId)),
  }),
  AccessManagerUnauthorizedCall: (v) => {
    const { name, role } = functionOf(v.selector);
    return {
      message: `${v.caller} may not schedule ${name}: it does not hold the role ${role}, or need not wait`,
      hint: `${wayToRole(role)}; who need not wait makes it at once: credit-anchor governance execute`,
    };
  },
  AccessManagerUnauthorizedCancel: (v) => {
    const { name, role } = functionOf(v.selector);
    // Nobody watches over the guardian but the administrator.
    const roles = role === "guardian" ? "the role administrator" : "the role guardian or administrator";
    return {
      message: `${v.msgsender} may not cancel ${name}, which ${v.caller} scheduled: it does not hold ${roles}`,
      hint: `use a key with that role, or the key that scheduled it; ${showsHolders}`,
    };
  },
  AccessManagerUnauthorizedConsume: (v) => ({
    message: `${v.target} is not under this authority, or does not make a call that waited`,
    hint: defect,
  }),
};

const roleOf = (id: unknown): string => roleName(BigInt(id as bigint));

const wayToRole = (role: string): string =>
  `use a key with the role ${role} (${showsHolders}), or have an administrator grant it: ` +
  "credit-anchor governance schedule grantRole";

function functionOf(selector: unknown): { readonly name: string; readonly role: string } {
  const name = String(selector).toLowerCase();
  return restrictedFunction(name) ?? { name: `function ${name}`, role: "that may call it" };
}

/** What the contract for sign-offs refuses, see `ISignOffs`. */
const signOffsExplanations: Readonly<Record<SignOffsErrorName, (v: Record<string, unknown>) => Explanation>> =
  {
    NotAuditor: (v) => ({
      message: `${v.caller} does not hold the role auditor`,
      hint: "ask the administrator of the authority to grant it: credit-anchor governance roles shows who holds it",
    }),
    MissingReport: () => ({ message: "a statement is about a report", hint: defect }),
    JournalNotSoLong: (v) => ({
      message: `the journal has ${entries(v.length)} and not ${v.stated}`,
      hint: auditAgain,
    }),
    JournalHeadDiffers: (v) => ({
      message: `the journal of the stated length has head ${v.head} and not ${v.stated}`,
      hint: auditAgain,
    }),
    RolesNotSoLong: (v) => ({
      message: `the journal of roles has ${entries(v.length)} and not ${v.stated}`,
      hint: auditAgain,
    }),
    RolesHeadDiffers: (v) => ({
      message: `the journal of roles of the stated length has head ${v.head} and not ${v.stated}`,
      hint: auditAgain,
    }),
    BlockNotMade: (v) => ({ message: `block ${v.stated} is not made yet`, hint: auditAgain }),
    BlockHashDiffers: (v) => ({
      message: `the stated block has hash ${v.found} and not ${v.stated}`,
      hint: auditAgain,
    }),
    NoSuchStatement: (v) => ({ message: `there is no statement ${v.index}`, hint: "count from 0" }),
  };

/** What each refusal means, and the way out. Complete by its type; a test compares it with the ABI once more. */
export const explanations: Readonly<Record<RegistryErrorName, (v: Record<string, unknown>) => Explanation>> =
  {
    ...authorityExplanations,
    ...relayExplanations,
    ...signOffsExplanations,
    AccessManagedInvalidAuthority: (v) => ({
      message: `${v.authority} is no contract and cannot be the registry's authority`,
      hint: "name the address of a contract like RegistryAuthority",
    }),
    AccessManagedRequiredDelay: (v) => ({
      message: `${v.caller} may do this only after a delay of ${v.delay} units of the chain's time`,
      hint: "credit-anchor governance schedule begins the delay, governance execute makes the act when it is over",
    }),
    AccessManagedUnauthorized: (v) => ({
      message: `${v.caller} does not hold the role${v.role === undefined ? "" : ` ${v.role}`}, which this needs`,
      hint: wayToRole(v.role === undefined ? "for it" : String(v.role)),
    }),
    AgencyCodeTaken: (v) => ({
      message: `the code ${label(v.code)} belongs to agency ${v.agencyId}`,
      hint: `show it with: credit-anchor agency show ${v.agencyId}`,
    }),
    AlreadySucceeded: (v) => ({
      message: `agency ${v.agencyId} was succeeded by agency ${v.successor}`,
      hint: "an agency is succeeded once: continue with its successor",
    }),
    AlreadyErased: (v) => ({
      message: `the record at position ${v.position} is erased: nothing moves on it any more`,
      hint: "leave it out",
    }),
    EmptyBatch: () => ({ message: "a batch needs at least one record", hint: defect }),
    ErasureAlreadyProposed: (v) => ({
      message: `${v.proposer} has proposed this erasure already`,
      hint: "a second operator of the agency can confirm it now",
    }),
    ErasureNotProposed: () => ({
      message: "nobody has proposed this erasure, or with other positions, reason or evidence",
      hint: "propose it first, then confirm it with exactly the same arguments",
    }),
    InvalidAddress: (v) => ({
      message: `${v.account} cannot stand here`,
      hint: "give the address of an account",
    }),
    InvalidAgencyCode: (v) => ({
      message: `${v.code} is no agency code`,
      hint: "a code is 1 to 31 printable ASCII characters",
    }),
    InvalidCompromiseTime: (v) => ({
      message: `the key cannot be declared compromised since ${time(v.since)}`,
      hint: `the time must be after 1970 and not after ${time(v.time)}: a declaration can only be moved back`,
    }),
    InvalidPermissions: (v) => ({
      message: `${v.permissions} is no set of permissions`,
      hint: "permissions are anchor (1), status (2) or both (3)",
    }),
    InvalidPositions: (v) => ({
      message: `a list of positions cannot be ${v.length} bytes long`,
      hint: defect,
    }),
    InvalidSuccessor: (v) => ({
      message: `agency ${v.agencyId} cannot succeed itself`,
      hint: "name another agency",
    }),
    InvalidTypeName: (v) => ({
      message: `${v.name} is no name of a record type`,
      hint: "a name is 1 to 31 printable ASCII characters",
    }),
    InvalidValidity: (v) => ({
      message: `an operator cannot be valid from ${time(v.validFrom)} until ${time(v.validUntil)}`,
      hint: `the end must lie after the beginning and after now, which is ${time(v.time)} on the chain`,
    }),
    LeavesOutOfOrder: (v) => ({
      message: `leaf ${v.index} is not greater than the one before`,
      hint: defect,
    }),
    MarksNotAllowed: (v) => ({
      message: `the marks ${v.marks} cannot be changed by this account`,
      hint: "an agency sets and clears Disputed, UnderReview and RepairPending; Masked belongs to the arbiter",
    }),
    MarksUnchanged: (v) => ({
      message: `at position ${v.position} nothing would change; its status byte is ${v.current}`,
      hint: "leave out positions that are marked so already, or erased",
    }),
    RegistryAlreadySucceeded: (v) => ({
      message: `this registry named ${v.successor} as its successor already`,
      hint: "that cannot be changed",
    }),
    SuccessionNotAccepted: (v) => ({
      message: `agency ${v.successor} has not consented to succeed agency ${v.agencyId}`,
      hint: `its administrator has to accept first: credit-anchor agency succession accept ${v.agencyId}`,
    }),
    SuccessorNotNamed: (v) => ({
      message: `agency ${v.agencyId} has not named agency ${v.successor} as its successor`,
      hint: "its administrator has to name it first; if its key is lost, the recoverer can act after a delay",
    }),
    MissingCommitment: () => ({ message: "the commitment is zero", hint: defect }),
    MissingKeyCommitment: () => ({
      message: "the commitment to the agency key is zero",
      hint: "take it from the agency's home: credit-anchor init prints it",
    }),
    MissingRecordKey: () => ({ message: "the record key is zero", hint: defect }),
    MissingRoot: () => ({ message: "the root is zero", hint: defect }),
    MissingSuccessor: (v) => ({ message: `position ${v.position} has no successor`, hint: defect }),
    MissingTypeHash: () => ({ message: "the hash of the record type is zero", hint: defect }),
    MoveNotAllowed: (v) => ({
      message: `the record at position ${v.position} cannot become ${statusName(v.status)}; its status byte is ${v.current}`,
      hint: "docs/architecture.md lists the moves that are allowed",
    }),
    NotAdministrator: (v) => ({
      message: `${v.account} is not the administrator of agency ${v.agencyId}`,
      hint: "use the administrator's key",
    }),
    NotOperator: (v) => ({
      message: `${v.account} is no operator of agency ${v.agencyId}`,
      hint: `${askAdministrator} to add it: credit-anchor operator add`,
    }),
    NotPendingAdministrator: (v) => ({
      message: `${v.account} has not been named as the next administrator of agency ${v.agencyId}`,
      hint: "the present administrator names it first",
    }),
    OperatorExpired: (v) => ({
      message: `operator ${v.operator} of agency ${v.agencyId} was valid until ${time(v.validUntil)}`,
      hint: `${askAdministrator} to prolong it: credit-anchor operator add`,
    }),
    OperatorIsRevoked: (v) => ({
      message: `operator ${v.operator} of agency ${v.agencyId} is revoked, for ever`,
      hint: `use another key; ${askAdministrator} to add it`,
    }),
    OperatorNotYetValid: (v) => ({
      message: `operator ${v.operator} of agency ${v.agencyId} is valid from ${time(v.validFrom)} on`,
      hint: `wait until then, or ${askAdministrator}`,
    }),
    PermissionMissing: (v) => ({
      message: `operator ${v.operator} of agency ${v.agencyId} lacks the permission ${PERMISSIONS[String(v.permission)] ?? String(v.permission)}`,
      hint: `${askAdministrator} to add it: credit-anchor operator add`,
    }),
    PersonalType: (v) => ({
      message: `records of type ${v.typeId} are about natural persons and cannot be anchored directly`,
      hint: "use --mode root or --mode leaves",
    }),
    PositionOutOfRange: (v) => ({
      message: `there is no position ${v.position} in a batch of ${v.size}`,
      hint: "positions count from 0",
    }),
    PositionsOutOfOrder: (v) => ({ message: `position ${v.position} is out of order`, hint: defect }),
    RecordEnded: () => ({
      message: "the record is withdrawn or erased: no version may follow",
      hint: "anchor a new record with a natural key of its own",
    }),
    RegistryNotPaused: () => ({ message: "it is not paused", hint: "there is nothing to end" }),
    RegistryPaused: () => ({
      message: "it is paused",
      hint: "nothing is lost: run the command again when whoever holds the role unpauser has ended the pause",
    }),
    SecondOperatorNeeded: (v) => ({
      message: `${v.proposer} cannot confirm its own proposal`,
      hint: "another operator of the agency has to confirm",
    }),
    StalePrevious: (v) => ({
      message: `agency ${v.agencyId} has anchored another batch meanwhile`,
      hint: `nothing is lost: ${replan}`,
    }),
    SuccessorsMismatch: (v) => ({
      message: `${v.positions} positions and ${v.successors} successors`,
      hint: defect,
    }),
    TypeAlreadyAdmitted: (v) => ({
      message: `this record type is admitted already as type ${v.typeId}`,
      hint: "there is nothing to do",
    }),
    UnknownAgency: (v) => ({
      message: `there is no agency ${v.agencyId}`,
      hint: `credit-anchor agency list shows all; to be admitted, ${askRegistrar}`,
    }),
    UnknownBatch: (v) => ({
      message: `the header given for batch ${v.batchId} is not that of an anchored batch`,
      hint: "after a reorganisation of the chain, credit-anchor resume brings the home up to date",
    }),
    UnknownType: (v) => ({
      message: `there is no record type ${v.typeId}`,
      hint: `to have it admitted, ${askRegistrar}: credit-anchor type admit`,
    }),
    WrongStanding: (v) => ({
      message: `agency ${v.agencyId} is ${standingName(v.standing)}`,
      hint: askRegistrar,
    }),
    WrongVersion: (v) => ({
      message: `the record's next version is ${v.expected}, given is ${v.given}`,
      hint: "it was anchored directly from elsewhere too: credit-anchor audit shows by whom",
    }),
  };

const standings = ["not admitted", "active", "suspended", "closed"];
const statuses = ["Active", "Superseded", "Withdrawn", "Repaired"];

/** A standing of an agency in words. */
export function standingName(standing: unknown): string {
  return standings[Number(standing)] ?? `of unknown standing ${String(standing)}`;
}

function statusName(status: unknown): string {
  return statuses[Number(status)] ?? String(status);
}

function label(value: unknown): string {
  const bytes = Buffer.from(String(value).slice(2), "hex");
  return bytes.toString("latin1").replace(/[^\x21-\x7e]/g, "");
}

function time(seconds: unknown): string {
  return timeForPeople(Number(seconds));
}

/**
 * Revert data in the answer of a node to a call, an estimate or (Hardhat) a broadcast; undefined if the answer has
 * none. Nodes put it into `data` itself, into `data.data`, or into `data.result`.
 */
export function revertData(error: RpcError): string | undefined {
  const isData = (value: unknown): value is string =>
    typeof value === "string" && /^(Reverted )?0x([0-9a-f]{2})*$/i.test(value);
  let value = error.data;
  for (let depth = 0; depth < 4; depth++) {
    if (isData(value)) return value.replace(/^Reverted /, "").toLowerCase();
    if (typeof value !== "object" || value === null) break;
    const { data, result, originalError } = value as Record<string, unknown>;
    value = data ?? result ?? originalError;
  }
  return /revert/i.test(error.message) ? "0x" : undefined;
}

/**
 * What revert data of the registry, its authority, its relay or the sign-offs means.
 *
 * @param call Data of the call that was refused, if known: whose role it needs is not in the refusal.
 */
export function explainRevert(data: string, call?: string): CreditAnchorError {
  const selector = data.slice(0, 10);
  const known =
    data.length < 10
      ? null
      : (registryInterface.getError(selector) ??
        authorityInterface.getError(selector) ??
        relayInterface.getError(selector) ??
        signOffsInterface.getError(selector));
  if (known !== null && Object.hasOwn(explanations, known.name)) {
    try {
      const name = known.name as RegistryErrorName;
      const values = named(AbiCoder.defaultAbiCoder().decode(known.inputs, `0x${data.slice(10)}`));
      const role = call === undefined ? undefined : restrictedFunction(call.slice(0, 10).toLowerCase())?.role;
      return new RegistryRefusal(
        name,
        values,
        explanations[name](role === undefined ? values : { role, ...values }),
      );
    } catch {
      // The data stops in the middle: not of our contract.
    }
  }
  return new CreditAnchorError("registry.reverted", `the call reverted: ${reasonOf(data)}`, {
    hint: "is the address that of a CreditRegistry? credit-anchor doctor compares its code",
  });
}

/** A refusal of the node as what the registry meant by it, or as it is. `call` as in {@link explainRevert}. */
export function explained(error: unknown, call?: string): unknown {
  if (!(error instanceof RpcError)) return error;
  const data = revertData(error);
  return data === undefined ? error : explainRevert(data, call);
}

function entries(length: unknown): string {
  return counted(Number(length), "entry", "entries");
}

function named(result: Result): Record<string, unknown> {
  return result.toObject();
}

function reasonOf(data: string): string {
  try {
    if (data.startsWith("0x08c379a0"))
      return String(AbiCoder.defaultAbiCoder().decode(["string"], `0x${data.slice(10)}`)[0])
        .replace(/[^\x20-\x7e]/g, " ")
        .slice(0, 200);
    if (data.startsWith("0x4e487b71"))
      return `panic ${String(AbiCoder.defaultAbiCoder().decode(["uint256"], `0x${data.slice(10)}`)[0])}`;
  } catch {
    // Not what its selector says.
  }
  const library = data.length < 10 ? null : authorityInterface.getError(data.slice(0, 10));
  if (library !== null) return library.name;
  return data === "0x" ? "no reason given" : `unknown error ${data.slice(0, 10)}`;
}

/** The refusal that the registry would answer with, foreseen from its state before anything is sent. */
export function foreseen(name: RegistryErrorName, values: Record<string, unknown>): RegistryRefusal {
  return new RegistryRefusal(name, values, explanations[name](values));
}
