/** Registry, relay and authority together: what anybody can do to them, and what then has to be. */
import { keccak256 } from "ethers";
import {
  CreditRegistry__factory,
  RegistryAuthority__factory,
  Relay__factory,
} from "../../../typechain-types";
import { ADMINISTRATOR, AuthorityModel, ROLE_IDS, type Operation, type RoleEntry } from "./authority";
import type { Block, Head, ModelEvent } from "./journal";
import { RegistryModel, ROLE_OF, emptyState, type Call } from "./registry";
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
  | ManagerAct
);

/** What somebody does with an authority: calls one of its own functions, or hands it a call of the registry or of itself. */
export type ManagerAct = { readonly at: string; readonly call: Call | ManagerCall } & (
  | { readonly kind: "manage"; readonly call: ManagerCall }
  | { readonly kind: "schedule"; readonly when: number }
  | { readonly kind: "execute" }
  | { readonly kind: "cancel"; readonly scheduler: string }
);

/** A call of a function of an authority. */
export type ManagerCall = { readonly of: "authority" } & (
  | { readonly name: "grantRole"; readonly args: readonly [role: number, account: string, delay: number] }
  | {
      readonly name: "revokeRole" | "renounceRole";
      readonly args: readonly [role: number, account: string];
    }
  | { readonly name: "updateAuthority"; readonly args: readonly [target: string, authority: string] }
  | { readonly name: "setTargetClosed"; readonly args: readonly [target: string, closed: boolean] }
);

export interface Addresses {
  readonly chainId: number;
  readonly registry: string;
  readonly relay: string;
  /** Under which the registry begins. */
  readonly authority: string;
  /** Another one, ready to take its place. */
  readonly spare: string;
  /** Has code, and is nothing of the above. */
  readonly elsewhere: string;
}

export const interfaces = {
  registry: CreditRegistry__factory.createInterface(),
  relay: Relay__factory.createInterface(),
  authority: RegistryAuthority__factory.createInterface(),
};

export const encodeCall = (call: Call | ManagerCall): string =>
  interfaces["of" in call ? "authority" : "registry"].encodeFunctionData(
    call.name as never,
    call.args as never,
  );

export class World {
  readonly registry: RegistryModel;
  readonly relay: RelayModel;
  /** Those that are asked now and the one that might be, by address. */
  readonly authorities: ReadonlyMap<string, AuthorityModel>;
  /** Leaves of the batches of which somebody knows them. */
  readonly leaves = new Map<bigint, readonly Leaf[]>();
  /** Arguments of the erasures that were proposed, the last ones last. */
  readonly proposals: (readonly unknown[])[] = [];
  /** What was ever scheduled, the last ones last. */
  readonly scheduled: { at: string; caller: string; call: Call | ManagerCall }[] = [];

  /** What the last act added to the journal of roles. */
  roleEntries: readonly RoleEntry[] = [];

  /**
   * @param owners whose signature counts for a wallet: owner by wallet
   * @param roles journals of roles after the deployment, by authority
   */
  constructor(
    readonly at: Addresses,
    readonly owners: ReadonlyMap<string, string>,
    roles: ReadonlyMap<string, Head>,
  ) {
    this.authorities = new Map(
      [at.authority, at.spare].map((address) => [address, new AuthorityModel(address, roles.get(address)!)]),
    );
    this.relay = new RelayModel(at, owners);
    this.registry = new RegistryModel(
      emptyState(at.chainId, at.registry, at.authority),
      (caller, call, block) =>
        this.authority.mayCall(caller, this.operationOf(call, this.authority.address), block.timestamp),
      (address) => [at.authority, at.spare, at.relay, at.elsewhere, ...owners.keys()].includes(address),
    );
  }

  /** The authority that the registry asks now. */
  get authority(): AuthorityModel {
    return this.authorities.get(this.registry.state.authority)!;
  }

  /**
   * @returns the journaled events that it leads to
   * @throws a `Refusal`; then nothing has changed
   */
  perform(act: Act, block: Block): readonly ModelEvent[] {
    let events: readonly ModelEvent[] = [];
    this.roleEntries = [];
    const { caller } = act;
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
      case "manage":
      case "schedule":
      case "execute":
      case "cancel":
        events = this.performAt(this.authorities.get(act.at)!, act, block);
        break;
    }
    this.learn(act, events);
    return events;
  }

  private performAt(authority: AuthorityModel, act: Act & ManagerAct, block: Block): readonly ModelEvent[] {
    let events: readonly ModelEvent[] = [];
    const { caller, call } = act;
    const operation = this.operationOf(call, act.at);
    const now = block.timestamp;
    switch (act.kind) {
      case "manage":
        events = this.manage(authority, caller, act.call, block);
        break;
      case "schedule":
        authority.schedule(caller, operation, act.when, now);
        this.scheduled.push({ at: act.at, caller, call });
        break;
      case "execute":
        authority.execute(caller, operation, now, () => {
          events =
            "of" in call
              ? this.manage(authority, authority.address, call, block)
              : this.registry.apply(authority.address, call, block);
        });
        break;
      case "cancel":
        authority.cancel(caller, act.scheduler, operation, now);
        break;
    }
    authority.note(this.roleEntries, block);
    return events;
  }

  /** Somebody, or the authority itself, calls one of its functions. */
  private manage(
    authority: AuthorityModel,
    caller: string,
    call: ManagerCall,
    block: Block,
  ): readonly ModelEvent[] {
    const now = block.timestamp;
    if (call.name === "renounceRole") {
      this.roleEntries = authority.renounceRole(caller, ...call.args);
      return [];
    }
    const note = authority.mayManage(caller, this.operationOf(call, authority.address), now);
    let events: readonly ModelEvent[] = [];
    switch (call.name) {
      case "grantRole":
        this.roleEntries = authority.grantRole(...call.args, now);
        break;
      case "revokeRole":
        this.roleEntries = authority.revokeRole(...call.args);
        break;
      case "setTargetClosed":
        this.roleEntries = authority.setTargetClosed(...call.args);
        break;
      case "updateAuthority": {
        const [, next] = call.args;
        events = this.registry.apply(authority.address, { name: "setAuthority", args: [next] }, block);
        break;
      }
    }
    note();
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
      case "manage":
        return { to: act.at, data: encodeCall(act.call) };
      case "schedule":
        return this.toAuthority(act, (target, data) => [target, data, act.when]);
      case "execute":
        return this.toAuthority(act, (target, data) => [target, data]);
      case "cancel":
        return this.toAuthority(act, (target, data) => [act.scheduler, target, data]);
    }
  }

  private toAuthority(
    { kind, at, call }: ManagerAct,
    args: (target: string, data: string) => readonly unknown[],
  ): { to: string; data: string } {
    const { target, data } = this.operationOf(call, at);
    const encoded = args(target, data) as never;
    return { to: at, data: interfaces.authority.encodeFunctionData(kind as never, encoded) };
  }

  /** A call as an authority sees it, of the registry or of one of its own functions. */
  operationOf(call: Call | ManagerCall, authority: string): Operation {
    const data = encodeCall(call);
    const selector = data.slice(0, 10);
    if ("of" in call) {
      // What administrators call is mapped to the governor's role, so that its guardian may cancel; to renounce a role is not.
      const mapped = call.name === "renounceRole" ? ADMINISTRATOR : ROLE_IDS.governor;
      return { target: authority, selector, data, role: ADMINISTRATOR, mapped };
    }
    const role = ROLE_OF[call.name];
    // What no role was given is for the administrator.
    const mapped = role === undefined ? ADMINISTRATOR : ROLE_IDS[role];
    return { target: this.at.registry, selector, data, role: mapped, mapped };
  }

  /** Holders of a role now. */
  holdersOf(role: number, authority = this.authority): string[] {
    return [...authority.members.keys()]
      .filter((key) => key.startsWith(`${role} `))
      .map((key) => key.split(" ")[1]!);
  }

  private learn(act: Act, events: readonly ModelEvent[]): void {
    const call = callOf(act);
    if (call?.name === "proposeErasure") this.proposals.push(call.args);
    if (act.kind !== "call" || act.leaves === undefined) return;
    const anchored = events.find(({ name }) => name === "BatchAnchored");
    if (anchored !== undefined) this.leaves.set(anchored.fields[0] as bigint, act.leaves);
  }
}

/** The call of an authority's own function that an act makes; undefined if it makes none now. */
export function managerCallOf(act: Act): ManagerCall | undefined {
  if (act.kind === "manage") return act.call;
  return act.kind === "execute" && "of" in act.call ? act.call : undefined;
}

/** The call of the registry that an act makes, whoever hands it on; undefined if it makes none now. */
export function callOf(act: Act): Call | undefined {
  if (act.kind === "relay") return act.relayed.call;
  if (act.kind === "call") return act.call;
  return act.kind === "execute" && !("of" in act.call) ? act.call : undefined;
}

/** Words that look random and are the same in every run. */
export const word = (...parts: unknown[]): string => keccak256(Buffer.from(parts.join(" ")));
