/** The relay once more: which signed calls it hands on, and as whose. */
import { ZeroHash } from "ethers";
import { Refusal, type Call } from "./registry";

export interface RelayedCall {
  readonly operator: string;
  readonly agencyId: number;
  readonly call: Call;
  readonly nonce: string;
  readonly deadline: number;
}

/** What somebody signed. It is good only for what it says, hence compared with what is sent. */
export interface Signature {
  readonly signer: string;
  readonly chainId: number;
  readonly relay: string;
  readonly relayed: RelayedCall;
}

const ANCHORS = ["anchorRoot", "anchorLeaves", "anchorRecord"];
const MOVES = [
  "withdraw",
  "repair",
  "revokeRepair",
  "supersede",
  "setMarks",
  "clearMarks",
  "proposeErasure",
  "confirmErasure",
];

/** Calls that a relay carries. */
export const RELAYED: readonly string[] = [...ANCHORS, ...MOVES];

export class RelayModel {
  /** `operator nonce`, used or cancelled. */
  readonly used = new Set<string>();

  /**
   * @param here chain and address of this relay
   * @param owners whose signature counts for a wallet: owner by wallet
   */
  constructor(
    private readonly here: { readonly chainId: number; readonly relay: string },
    private readonly owners: ReadonlyMap<string, string>,
  ) {}

  /** Throws a {@link Refusal}, or hands the call to the registry as if the operator had called. */
  relay(
    relayed: RelayedCall,
    signature: Signature,
    selector: string,
    at: { readonly time: number; readonly paused: boolean },
    handOn: () => void,
  ): void {
    const { operator, call, nonce, deadline, agencyId } = relayed;
    if (at.paused) throw new Refusal("RelayPaused");
    if (at.time > deadline) throw new Refusal("DeadlinePassed", [deadline, at.time]);
    const anchors = ANCHORS.includes(call.name);
    if (!anchors && !MOVES.includes(call.name)) throw new Refusal("CallNotRelayed", [selector]);
    const named = anchors ? call.args[0] : (call.args[0] as { agencyId: number }).agencyId;
    if (named !== agencyId) throw new Refusal("AgencyMismatch", [agencyId, named]);
    if (anchors && nonce !== ZeroHash) throw new Refusal("UnexpectedNonce", [nonce]);
    if (!anchors) this.requireFresh(operator, nonce);
    if (!this.isGood(relayed, signature)) throw new Refusal("InvalidSignature", [operator]);
    handOn();
    if (!anchors) this.used.add(`${operator} ${nonce}`);
  }

  cancelNonce(caller: string, nonce: string): void {
    this.requireFresh(caller, nonce);
    this.used.add(`${caller} ${nonce}`);
  }

  private requireFresh(operator: string, nonce: string): void {
    if (nonce === ZeroHash) throw new Refusal("MissingNonce");
    if (this.used.has(`${operator} ${nonce}`)) throw new Refusal("NonceUsed", [operator, nonce]);
  }

  private isGood(relayed: RelayedCall, { signer, chainId, relay, relayed: signed }: Signature): boolean {
    const owner = this.owners.get(relayed.operator) ?? relayed.operator;
    return (
      signer === owner &&
      chainId === this.here.chainId &&
      relay === this.here.relay &&
      signed.operator === relayed.operator &&
      signed.agencyId === relayed.agencyId &&
      signed.call === relayed.call &&
      signed.nonce === relayed.nonce &&
      signed.deadline === relayed.deadline
    );
  }
}
