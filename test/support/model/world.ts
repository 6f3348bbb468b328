/** Registry, relay and authority together: what anybody can do to them, and what then has to be. */
import { keccak256 } from "ethers";
import {
  CreditRegistry__factory,
  RegistryAuthority__factory,
  Relay__factory,
} from "../../../typechain-types";
import { AuthorityModel, ROLE_IDS, type Operation, type RoleEntry } from "./authority";
import type { Block, Head, ModelEvent } from "./journal";
import { RegistryModel, ROLE_OF, emptyState, type Call, type Role } from "./registry";
import { RelayModel, type RelayedCall, type Signature } from "./relay";

/** One version of an invented record, of which the registry learns the leaf only. */
export interface Leaf {
  readonly key: string;
  readonly version: number;
  readonly commitment: string;
  readonly leaf: string;
}

/** What somebody does. `caller` sends it. */
export type Act = { readonly caller: string } & (
  | { readonly kind: "call"; readonly call: Call; readonly leaves?: readonly Leaf[] }
  | { readonly kind: "relay"; readonly relayed: RelayedCall; readonly signature: Signature }
  | { readonly kind: "cancelNonce"; readonly nonce: string }
  | { readonly kind: "grantRole"; readonly role: number; readonly account: string; readonly delay: number }
  | { readonly kind: "revokeRole"; readonly role: number; readonly account: string }
  | { readonly kind: "renounceRole"; readonly role: number; readonly account: string }
  | { readonly kind: "schedule"; readonly call: Call; readonly when: number }
  | { readonly kind: "execute"; readonly call: Call }
  | { readonly kind: "cancel"; readonly scheduler: string; readonly call: Call }
);

export interface Addresses {
  readonly chainId: number;
  readonly registry: string;
  readonly relay: string;
  readonly authority: string;
  /** Has code, and is nothing of the above. */
  readonly elsewhere: string;
}

export const interfaces = {
  registry: CreditRegistry__factory.createInterface(),
  relay: Relay__factory.createInterface(),
  authority: RegistryAuthority__factory.createInterface(),
};

export const encodeCall = (call: Call): string =>
  interfaces.registry.encodeFunctionData(call.name as never, call.args as never);

export class World {
  readonly registry: RegistryModel;
  readonly relay: RelayModel;
  readonly authority: AuthorityModel;
  /** Leaves of the batches of which somebody knows them. */
  readonly leaves = new Map<bigint, readonly Leaf[]>();
  /** Arguments of the erasures that were proposed, the last ones last. */
  readonly proposals: (readonly unknown[])[] = [];
  /** What was ever scheduled, the last ones last. */
  readonly scheduled: { caller: string; call: Call }[] = [];

  /** What the last act added to the journal of roles. */
  roleEntries: readonly RoleEntry[] = [];

  /**
   * @param owners whose signature counts for a wallet: owner by wallet
   * @param roles journal of roles after the deployment
   */
  constructor(
    readonly at: Addresses,
    readonly owners: ReadonlyMap<string, string>,
    roles: Head,
  ) {
    this.authority = new AuthorityModel(at.authority, roles);
    this.relay = new RelayModel(at, owners);
    this.registry = new RegistryModel(
      emptyState(at.chainId, at.registry),
      (caller, call, block) => this.authority.mayCall(caller, this.operationOf(call), block.timestamp),
      (address) => [at.authority, at.relay, at.elsewhere, ...owners.keys()].includes(address),
    );
  }

  /**
   * @returns the journaled events that it leads to
   * @throws a `Refusal`; then nothing has changed
   */
  perform(act: Act, block: Block): readonly ModelEvent[] {
    let events: readonly ModelEvent[] = [];
    this.roleEntries = [];
    const { caller } = act;
    const { authority } = this;
    const now = block.timestamp;
    switch (act.kind) {
      case "call":
        events = this.registry.apply(caller, act.call, block);
        break;
      case "relay": {
        const { relayed, signature } = act;
        const { paused } = this.registry.state;
        this.relay.relay(
          relayed,
          signature,
          encodeCall(relayed.call).slice(0, 10),
          { ...block, paused },
          () => {
            events = this.registry.apply(relayed.operator, relayed.call, block);
          },
        );
        break;
      }
      case "cancelNonce":
        this.relay.cancelNonce(caller, act.nonce);
        break;
      case "grantRole":
        this.roleEntries = authority.grantRole(caller, act.role, act.account, act.delay, now);
        break;
      case "revokeRole":
        this.roleEntries = authority.revokeRole(caller, act.role, act.account, now);
        break;
      case "renounceRole":
        this.roleEntries = authority.renounceRole(caller, act.role, act.account);
        break;
      case "schedule":
        authority.schedule(caller, this.operationOf(act.call), act.when, now);
        this.scheduled.push({ caller, call: act.call });
        break;
      case "execute":
        authority.execute(caller, this.operationOf(act.call), now, () => {
          events = this.registry.apply(authority.address, act.call, block);
        });
        break;
      case "cancel":
        authority.cancel(caller, act.scheduler, this.operationOf(act.call), now);
        break;
    }
    authority.note(this.roleEntries, block);
    this.learn(act, events);
    return events;
  }

  /** Where a transaction for an act goes, and its data; a signature is made by whoever sends it. */
  encode(act: Act, signature: string): { to: string; data: string } {
    const { at } = this;
    switch (act.kind) {
      case "call":
        return { to: at.registry, data: encodeCall(act.call) };
      case "relay": {
        const relayed = { ...act.relayed, call: encodeCall(act.relayed.call) };
        return { to: at.relay, data: interfaces.relay.encodeFunctionData("relay", [relayed, signature]) };
      }
      case "cancelNonce":
        return { to: at.relay, data: interfaces.relay.encodeFunctionData("cancelNonce", [act.nonce]) };
      case "grantRole":
        return this.toAuthority("grantRole", [act.role, act.account, act.delay]);
      case "revokeRole":
      case "renounceRole":
        return this.toAuthority(act.kind, [act.role, act.account]);
      case "schedule":
        return this.toAuthority("schedule", [at.registry, encodeCall(act.call), act.when]);
      case "execute":
        return this.toAuthority("execute", [at.registry, encodeCall(act.call)]);
      case "cancel":
        return this.toAuthority("cancel", [act.scheduler, at.registry, encodeCall(act.call)]);
    }
  }

  operationOf(call: Call): Operation {
    const data = encodeCall(call);
    const role = ROLE_OF[call.name];
    // What no role was given is for the administrator: role 0.
    return {
      target: this.at.registry,
      selector: data.slice(0, 10),
      data,
      role: role === undefined ? 0 : ROLE_IDS[role],
    };
  }

  /** Holders of a role now. */
  holdersOf(role: Role): string[] {
    return [...this.authority.members.keys()]
      .filter((key) => key.startsWith(`${ROLE_IDS[role]} `))
      .map((key) => key.split(" ")[1]!);
  }

  private toAuthority(name: string, args: readonly unknown[]): { to: string; data: string } {
    return {
      to: this.at.authority,
      data: interfaces.authority.encodeFunctionData(name as never, args as never),
    };
  }

  private learn(act: Act, events: readonly ModelEvent[]): void {
    const call = callOf(act);
    if (call?.name === "proposeErasure") this.proposals.push(call.args);
    if (act.kind !== "call" || act.leaves === undefined) return;
    const anchored = events.find(({ name }) => name === "BatchAnchored");
    if (anchored !== undefined) this.leaves.set(anchored.fields[0] as bigint, act.leaves);
  }
}

/** The call of the registry that an act makes, whoever hands it on; undefined if it makes none now. */
export function callOf(act: Act): Call | undefined {
  if (act.kind === "relay") return act.relayed.call;
  return act.kind === "call" || act.kind === "execute" ? act.call : undefined;
}

/** Words that look random and are the same in every run. */
export const word = (...parts: unknown[]): string => keccak256(Buffer.from(parts.join(" ")));
