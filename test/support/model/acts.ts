/**
 * What somebody does next: mostly something that is allowed where the model stands, often something that is refused for
 * one reason, sometimes nonsense.
 */
import { ZeroAddress, ZeroHash } from "ethers";
import * as oracle from "../oracle";
import { ADMINISTRATOR, ROLE_IDS, type AuthorityModel } from "./authority";
import type { Block } from "./journal";
import {
  ANCHOR,
  ERASED,
  ROLE_OF,
  STATUS,
  Standing,
  Status,
  type Agency,
  type Batch,
  type Call,
  type Role,
} from "./registry";
import { RELAYED, type RelayedCall } from "./relay";
import { word, type Act, type Leaf, type ManagerCall, type World } from "./world";

/** Choices that a seed makes. */
export class Chooser {
  constructor(private seed: number) {}

  /** Mulberry32: a number below `count`. */
  below(count: number): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % count;
  }

  /** Once in so many times. */
  once(inSoMany: number): boolean {
    return this.below(inSoMany) === 0;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** One of the list, or the other if the list is empty. */
  or<T>(list: readonly T[], other: T): T {
    return list.length === 0 ? other : this.of(list);
  }

  weighted<T>(list: readonly (readonly [number, T])[]): T {
    let at = this.below(list.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of list) {
      if (at < weight) return item;
      at -= weight;
    }
    throw new RangeError("weights are positive");
  }
}

/** Who and what there is to choose from. */
export interface Cast {
  readonly accounts: readonly string[];
  /** Who may become an operator: accounts, and wallets that sign by ERC-1271. */
  readonly operators: readonly string[];
  readonly keys: readonly string[];
  readonly codes: readonly string[];
  readonly types: readonly string[];
}

const NO_BATCH = "0x" + "00".repeat(20);
const FAR = 4_000_000_000;

export class Acts {
  constructor(
    private readonly world: World,
    private readonly cast: Cast,
    private readonly choose: Chooser,
    private readonly block: Block,
    /** Makes words of this step its own. */
    private readonly step: number,
  ) {}

  next(): Act {
    const { choose } = this;
    return choose.weighted<() => Act>([
      [16, () => this.byOperator(choose.of(["anchorRoot", "anchorLeaves", "anchorRecord", "anchorRecord"]))],
      [34, () => this.byOperator(choose.of(RELAYED.slice(3)))],
      [10, () => this.relayed()],
      [2, () => this.cancelNonce()],
      [18, () => this.byAdministrator()],
      [16, () => this.restricted()],
      [5, () => this.aboutRoles()],
    ])();
  }

  // ------------------------------------------------------------------ agencies' calls

  private byOperator(name: string): Act {
    const { call, leaves } = this.callOfOperator(name);
    const agencyId = agencyOfCall(call);
    return {
      kind: "call",
      caller: this.operatorFor(agencyId, permissionsFor(call)),
      call,
      ...(leaves === undefined ? {} : { leaves }),
    };
  }

  private callOfOperator(name: string): { call: Call; leaves?: readonly Leaf[] } {
    if (name.startsWith("anchor")) return this.anchoring(name);
    return { call: this.move(name) };
  }

  private anchoring(name: string): { call: Call; leaves?: readonly Leaf[] } {
    const { choose, world } = this;
    const agencyId = this.agencyId();
    const agency = world.registry.agencyOf(agencyId);
    const { types, domain } = world.registry.state;
    const typeId = choose.once(20) ? choose.below(types.length + 3) : 1 + choose.below(types.length || 1);
    const previous = choose.once(12)
      ? choose.of([NO_BATCH, word("previous").slice(0, 42)])
      : (agency?.lastBatch ?? NO_BATCH);
    const manifest = word("manifest", this.step);
    const start = [agencyId, typeId, previous] as const;

    if (name === "anchorRecord") {
      const impersonal = types.findIndex(({ personal }) => !personal) + 1;
      const type = choose.once(8) ? typeId : impersonal;
      const key = choose.once(30) ? ZeroHash : choose.of(this.cast.keys);
      const last = agency?.latest.get(key)?.version ?? 0;
      const version = choose.once(10) ? choose.of([0, last, last + 2]) : last + 1;
      const commitment = choose.once(30) ? ZeroHash : word("commitment", this.step);
      const leaf = oracle.leaf(domain, agencyId, type, key, version, commitment);
      return {
        call: { name, args: [agencyId, type, previous, key, version, commitment, manifest] },
        leaves: [{ key, version, commitment, leaf }],
      };
    }

    const count = choose.weighted([
      [1, 0],
      [4, 1],
      [14, 1 + choose.below(12)],
    ]);
    const leaves = Array.from({ length: count }, (_, i): Leaf => {
      const key = word("key", this.step, i);
      const commitment = word("commitment", this.step, i);
      return { key, version: 1, commitment, leaf: oracle.leaf(domain, agencyId, typeId, key, 1, commitment) };
    }).sort((a, b) => (a.leaf < b.leaf ? -1 : 1));
    const hashes = leaves.map(({ leaf }) => leaf);
    if (name === "anchorLeaves") {
      if (choose.once(10) && count > 1) hashes[choose.below(count - 1) + 1] = choose.of(hashes);
      return { call: { name, args: [...start, hashes, manifest] }, leaves };
    }
    // Most batches by root are larger than anybody here knows the leaves of.
    if (count === 0 || choose.once(3)) {
      const root = choose.once(15) ? ZeroHash : word("root", this.step);
      const size = choose.once(15) ? 0 : choose.of([1, 31, 32, 33, 64, 100, 300, 2 ** 32 - 1]);
      return { call: { name, args: [...start, size, root, manifest] } };
    }
    return { call: { name, args: [...start, count, oracle.treeRoot(hashes), manifest] }, leaves };
  }

  private move(name: string): Call {
    const { choose } = this;
    const reason = choose.below(60);
    const evidence = choose.once(2) ? ZeroHash : word("evidence", choose.below(3));
    if (name === "confirmErasure") {
      const open = this.openProposals();
      if (open.length > 0 && !choose.once(6)) return { name, args: choose.of(open) };
    }
    const marks = this.marks(name);
    const batch = this.batchFor(name, marks);
    if (batch === undefined) {
      const header: oracle.OracleHeader = {
        format: 1,
        agencyId: this.agencyId(),
        typeId: 1,
        sequence: 0,
        size: 1,
        anchoredAt: 0,
        operator: ZeroAddress,
        previous: NO_BATCH,
        root: ZeroHash,
        manifestHash: ZeroHash,
      };
      return this.moveOf(name, header, "0x" + "00".repeat(8), 1, reason, evidence);
    }
    const header = choose.once(15) ? this.altered(batch.header) : batch.header;
    const indexes = this.indexesFor(name, batch, marks);
    const positions = choose.once(10) ? this.malformed(batch) : spansOf(indexes);
    return this.moveOf(name, header, positions, indexes.length, reason, evidence, marks);
  }

  private moveOf(
    name: string,
    header: oracle.OracleHeader,
    positions: string,
    count: number,
    reason: number,
    evidence: string,
    marks = 16,
  ): Call {
    const { choose } = this;
    if (/Marks$/.test(name)) return { name, args: [header, positions, marks, reason, evidence] };
    if (name !== "supersede") return { name, args: [header, positions, reason, evidence] };
    const successors = Array.from({ length: count }, (_, i) => word("successor", this.step, i));
    if (choose.once(12)) successors[choose.below(count)] = ZeroHash;
    if (choose.once(12)) successors.pop();
    return { name, args: [header, positions, successors, reason, evidence] };
  }

  private marks(name: string): number {
    const { choose } = this;
    if (!/Marks$/.test(name)) return 0;
    if (choose.once(12)) return choose.of([0, 1, 8, 128, 17, 255]);
    const one = choose.of(name.startsWith("arbiter") ? [16, 32, 64, 128] : [16, 32, 64]);
    return choose.once(3) ? one | choose.of([16, 32, 64]) : one;
  }

  /** Some neighbours and some single leaves, mostly ones for which the move is allowed. */
  private indexesFor(name: string, batch: Batch, marks: number): number[] {
    const { choose } = this;
    const { size } = batch.header;
    const fits = (index: number): boolean => {
      const current = batch.statuses.get(index) ?? 0;
      if (current & ERASED) return false;
      const status = current & 7;
      if (name === "withdraw") return status !== Status.Withdrawn;
      if (name === "repair") return status === Status.Active;
      if (name === "revokeRepair") return status === Status.Repaired;
      if (name === "supersede") return status === Status.Active || status === Status.Repaired;
      if (/setMarks$/i.test(name)) return (current & marks) !== marks;
      if (/clearMarks$/i.test(name)) return (current & marks) !== 0;
      return true;
    };
    const anywhere = choose.once(8);
    const edges = [0, 1, 2, 30, 31, 32, 33, 63, 64, size - 2, size - 1].filter((i) => i >= 0 && i < size);
    const candidates = [...new Set([...edges, ...batch.statuses.keys()])].filter((i) => anywhere || fits(i));
    if (candidates.length === 0) return [choose.below(Math.min(size, 40))];
    const found = new Set<number>();
    for (let i = 0; i <= choose.below(3); i++) {
      const first = choose.of(candidates);
      const length = choose.weighted([
        [4, 1],
        [2, 2 + choose.below(4)],
        [1, 1 + choose.below(70)],
      ]);
      for (let index = first; index < Math.min(first + length, size) && (anywhere || fits(index)); index++)
        found.add(index);
    }
    return [...found].sort((a, b) => a - b);
  }

  private malformed({ header: { size } }: Batch): string {
    const spans = (...numbers: number[]): string =>
      "0x" + numbers.map((number) => number.toString(16).padStart(8, "0")).join("");
    return this.choose.of([
      "0x",
      "0x00",
      "0x" + "00".repeat(12),
      spans(0, size),
      spans(size, size),
      spans(1, 0),
      spans(0, 0, 0, 0),
      spans(2, 3, 1, 1),
      spans(0, 1, 1, 2),
      spans(0, 2 ** 32 - 1),
      spans(0, 0, 2 ** 32 - 1, 2 ** 32 - 1),
    ]);
  }

  private altered(header: oracle.OracleHeader): oracle.OracleHeader {
    return this.choose.of([
      { ...header, format: 2 },
      { ...header, agencyId: header.agencyId + 1 },
      { ...header, typeId: header.typeId + 1 },
      { ...header, sequence: header.sequence + 1 },
      { ...header, size: (header.size + 1) % 2 ** 32 },
      { ...header, anchoredAt: header.anchoredAt + 1 },
      { ...header, operator: ZeroAddress },
      { ...header, previous: word("previous").slice(0, 42) },
      { ...header, root: word("root") },
      { ...header, manifestHash: word("manifest") },
    ]);
  }

  /** What is undone has to be there first: few batches have it, so it is looked for. */
  private batchFor(name: string, marks: number): Batch | undefined {
    const isThere = /clearMarks$/i.test(name)
      ? (status: number): boolean => !(status & ERASED) && (status & marks) !== 0
      : (status: number): boolean => !(status & ERASED) && (status & 7) === Status.Repaired;
    if (this.choose.once(5) || !/clearMarks$|^revokeRepair$/i.test(name)) return this.batch();
    const batches = [...this.world.registry.state.batches.values()];
    return this.choose.or(
      batches.filter(({ statuses }) => [...statuses.values()].some(isThere)),
      this.batch(),
    );
  }

  private batch(): Batch | undefined {
    const batches = [...this.world.registry.state.batches.values()];
    if (batches.length === 0) return undefined;
    // The last ones meet again, so that records have lives.
    const recent = batches.slice(-6);
    return this.choose.once(3) ? this.choose.of(batches) : this.choose.of(recent);
  }

  /** Arguments of erasures that were proposed; every proposal is remembered as its call. */
  private openProposals(): (readonly unknown[])[] {
    return this.world.proposals.slice(-6);
  }

  private agencyId(): number {
    const { agencies } = this.world.registry.state;
    if (this.choose.once(25)) return this.choose.of([0, agencies.length + 1, 2 ** 32 - 1]);
    const alive = agencies.map((_, i) => i + 1).filter((id) => this.standingOfActing(id) === Standing.Active);
    return this.choose.once(5) || alive.length === 0
      ? 1 + this.choose.below(agencies.length || 1)
      : this.choose.of(alive);
  }

  private standingOfActing(agencyId: number): number {
    const { registry } = this.world;
    return registry.agencyOf(registry.actingAgency(agencyId))!.standing;
  }

  private operatorFor(agencyId: number, permissions: number): string {
    const { choose, cast, world } = this;
    const entitled = cast.accounts.filter((account) =>
      world.registry.isEntitled(agencyId, account, permissions, this.block.time),
    );
    if (choose.once(8)) {
      // Somebody who was one, or is one of the agency that was succeeded.
      const known = [
        ...(world.registry.agencyOf(agencyId)?.operators.keys() ?? []),
        ...(world.registry.agencyOf(world.registry.actingAgency(agencyId))?.operators.keys() ?? []),
      ].filter((account) => cast.accounts.includes(account));
      return choose.or(known, choose.of(cast.accounts));
    }
    return choose.once(20) ? choose.of(cast.accounts) : choose.or(entitled, choose.of(cast.accounts));
  }

  // ------------------------------------------------------------------ relayed

  private relayed(): Act {
    const { choose, world, cast } = this;
    const name = choose.once(20)
      ? choose.of(["pause", "nameAdministrator", "arbiterSetMarks"])
      : choose.of(RELAYED);
    const { call } =
      name === "pause"
        ? { call: { name, args: [1] } }
        : name === "nameAdministrator"
          ? { call: { name, args: [this.agencyId(), choose.of(cast.accounts)] } }
          : name === "arbiterSetMarks"
            ? { call: this.move(name) }
            : this.callOfOperator(name);
    const agencyId = agencyOfCall(call);
    const entitled = cast.operators.filter((account) =>
      world.registry.isEntitled(agencyId, account, permissionsFor(call), this.block.time),
    );
    const operator = choose.once(8)
      ? choose.of(cast.operators)
      : choose.or(entitled, choose.of(cast.operators));
    const anchors = name.startsWith("anchor");
    const fresh = word("nonce", this.step);
    const used = [...world.relay.used].map((each) => each.split(" ")[1]!);
    const { time } = this.block;
    const relayed: RelayedCall = {
      operator,
      agencyId: choose.once(15) ? (agencyId ^ 1) >>> 0 : agencyId,
      call,
      nonce: choose.once(10)
        ? choose.of([ZeroHash, fresh, choose.or(used, fresh)])
        : anchors
          ? ZeroHash
          : fresh,
      deadline: choose.once(10) ? time - 1 : choose.of([time, time + 1, time + 1000]),
    };
    const signature = {
      signer: world.owners.get(operator) ?? operator,
      chainId: world.at.chainId,
      relay: world.at.relay,
      relayed,
    };
    const flawed = choose.weighted([
      [40, signature],
      [1, { ...signature, signer: choose.of(cast.accounts) }],
      [1, { ...signature, chainId: 1 }],
      [1, { ...signature, relay: world.at.registry }],
      [1, { ...signature, relayed: { ...relayed, deadline: relayed.deadline + 1 } }],
      [1, { ...signature, relayed: { ...relayed, nonce: word("other nonce") } }],
      [1, { ...signature, relayed: { ...relayed, agencyId: (agencyId ^ 1) >>> 0 } }],
      [
        1,
        {
          ...signature,
          relayed: {
            ...relayed,
            call: { ...call, args: [...call.args.slice(0, -1), alteredValue(call.args.at(-1))] },
          },
        },
      ],
    ]);
    return { kind: "relay", caller: choose.of(cast.accounts), relayed, signature: flawed };
  }

  private cancelNonce(): Act {
    const { choose, world, cast } = this;
    const used = choose.or([...world.relay.used], `${choose.of(cast.accounts)} ${ZeroHash}`).split(" ") as [
      string,
      string,
    ];
    const caller = cast.accounts.includes(used[0]) ? used[0] : choose.of(cast.accounts);
    return {
      kind: "cancelNonce",
      caller,
      nonce: choose.once(3)
        ? used[1]
        : choose.once(4)
          ? ZeroHash
          : word("nonce", this.step + choose.below(3)),
    };
  }

  // ------------------------------------------------------------------ administrators' calls

  private byAdministrator(): Act {
    const { choose, world, cast } = this;
    const agencyId = this.agencyId();
    const agency = world.registry.agencyOf(agencyId);
    const other = this.agencyId();
    const { time } = this.block;
    const consenting = [...(agency?.accepted ?? [])];
    const account = choose.of(cast.operators);
    const known = [...(agency?.operators.keys() ?? [])];
    const operator = choose.once(6) ? account : choose.or(known, account);
    const administrator = this.administratorOf(agency);
    const keeper = choose.once(2)
      ? administrator
      : this.administratorOf(world.registry.agencyOf(world.registry.actingAgency(agencyId)));
    const call = (caller: string, name: string, ...args: unknown[]): Act => ({
      kind: "call",
      caller,
      call: { name, args },
    });
    return choose.weighted<() => Act>([
      [
        12,
        () => {
          const from = choose.of([0, 0, 0, time, time + 1, time + 20, time + 400]);
          const until = choose.of([FAR, FAR, time + 3, time + 60, time + 5000, choose.once(4) ? time : FAR]);
          const permissions = choose.once(12) ? choose.of([0, 4, 255]) : choose.of([1, 2, 3, 3, 3]);
          const who = choose.once(25) ? ZeroAddress : account;
          return call(administrator, "setOperator", agencyId, who, permissions, from, until);
        },
      ],
      [
        2,
        () =>
          call(
            choose.once(4) && cast.accounts.includes(operator) ? operator : keeper,
            "revokeOperator",
            agencyId,
            operator,
          ),
      ],
      [
        3,
        () => {
          const since = choose.of([0, 1, time, time + 1, time - 5, time - 500]);
          return call(keeper, "declareCompromised", agencyId, operator, since);
        },
      ],
      [
        2,
        () =>
          call(
            administrator,
            "nameAdministrator",
            agencyId,
            choose.once(6) ? ZeroAddress : choose.of(cast.accounts),
          ),
      ],
      [
        2,
        () => {
          const pending = agency?.pendingAdministrator ?? ZeroAddress;
          const caller =
            cast.accounts.includes(pending) && !choose.once(5) ? pending : choose.of(cast.accounts);
          return call(caller, "acceptAdministration", agencyId);
        },
      ],
      [
        4,
        () =>
          call(administrator, "nameSuccessor", agencyId, choose.once(6) ? 0 : choose.or(consenting, other)),
      ],
      [
        3,
        () => call(this.administratorOf(world.registry.agencyOf(other)), "acceptSuccession", agencyId, other),
      ],
      [
        2,
        () => {
          const successor = choose.or(choose.once(5) ? [] : [...(agency?.accepted ?? [])], other);
          const by = this.administratorOf(world.registry.agencyOf(successor));
          return call(by, "declineSucceeding", agencyId, successor);
        },
      ],
    ])();
  }

  private administratorOf(agency: Agency | undefined): string {
    const { choose, cast } = this;
    return agency === undefined || choose.once(12) ? choose.of(cast.accounts) : agency.administrator;
  }

  // ------------------------------------------------------------------ restricted calls

  private restricted(): Act {
    const { choose, world } = this;
    if (choose.once(3) && world.scheduled.length > 0) return this.aboutScheduled();
    const call = this.restrictedCall();
    const role = ROLE_OF[call.name]!;
    const caller = choose.once(10) ? choose.of(this.cast.accounts) : this.holderOf(role);
    const { address: at } = this.authority();
    const delay = world.authority.delayOf(ROLE_IDS[role], caller, this.block.timestamp);
    if ((delay !== undefined && delay > 0 && !choose.once(6)) || choose.once(40))
      return { kind: "schedule", at, caller, call, when: this.when() };
    return choose.once(8) ? { kind: "execute", at, caller, call } : { kind: "call", caller, call };
  }

  private restrictedCall(): Call {
    const { choose, world, cast } = this;
    const { state } = world.registry;
    const reason = choose.below(60);
    const ids = state.agencies.map((_, i) => i + 1);
    const with_ = (standing: number): number =>
      choose.once(6)
        ? this.agencyId()
        : choose.or(
            ids.filter((id) => state.agencies[id - 1]!.standing === standing),
            this.agencyId(),
          );
    const few = state.agencies.filter(({ standing }) => standing === Standing.Active).length < 3;
    const successions = ids.flatMap((id) =>
      [...state.agencies[id - 1]!.accepted].map((to) => [id, to] as const),
    );
    const named = successions.filter(([id, to]) => state.agencies[id - 1]!.namedSuccessor === to);
    const pair = [this.agencyId(), this.agencyId()] as const;
    return choose.weighted<() => Call>([
      [
        few ? 14 : 2,
        () => {
          const free = cast.codes
            .slice(2)
            .filter((code) => !state.agencies.some((agency) => agency.code === code));
          const code = choose.once(8) ? choose.of(cast.codes) : choose.or(free, choose.of(cast.codes));
          const administrator = choose.once(15) ? ZeroAddress : choose.of(cast.accounts);
          return {
            name: "admitAgency",
            args: [code, administrator, choose.once(15) ? ZeroHash : word("key", this.step)],
          };
        },
      ],
      [
        state.types.length < 3 ? 5 : 1,
        () => {
          const name = choose.once(6) ? choose.of(cast.codes) : cast.codes[2]!;
          const hash = choose.once(8) ? ZeroHash : choose.of(cast.types);
          return { name: "admitType", args: [hash, name, choose.once(3)] };
        },
      ],
      [4, () => ({ name: "suspendAgency", args: [with_(Standing.Active), reason] })],
      [10, () => ({ name: "reinstateAgency", args: [with_(Standing.Suspended), reason] })],
      [few ? 1 : 4, () => ({ name: "closeAgency", args: [this.agencyId(), reason] })],
      [1, () => ({ name: "pause", args: [reason] })],
      [state.paused ? 120 : 1, () => ({ name: "unpause", args: [reason] })],
      [8, () => this.move(choose.of(["arbiterSetMarks", "arbiterClearMarks", "arbiterClearMarks"]))],
      [
        5,
        () => ({
          name: "recoverAdministrator",
          args: [this.agencyId(), choose.once(10) ? ZeroAddress : choose.of(cast.accounts), reason],
        }),
      ],
      [
        few ? 1 : 6,
        () => ({
          name: "succeedAgency",
          args: [...choose.or(choose.once(4) ? successions : named, pair), reason],
        }),
      ],
      [
        few ? 1 : 5,
        () => ({
          name: "succeedWithoutConsent",
          args: [...choose.or(choose.once(8) ? [] : successions, pair), reason],
        }),
      ],
      [
        state.registrySuccessor === ZeroAddress ? 6 : 1,
        () => ({
          name: "nameRegistrySuccessor",
          args: [
            choose.of([choose.of(cast.accounts), world.at.registry, world.at.elsewhere, world.at.relay]),
          ],
        }),
      ],
    ])();
  }

  private holderOf(role: Role): string {
    return this.choose.or(
      this.world.holdersOf(ROLE_IDS[role]).filter((holder) => this.cast.accounts.includes(holder)),
      this.choose.of(this.cast.accounts),
    );
  }

  private aboutScheduled(): Act {
    const { choose, world, cast } = this;
    const { at, caller, call } = choose.of(world.scheduled.slice(-8));
    const who = choose.once(8) ? choose.of(cast.accounts) : caller;
    return choose.weighted<Act>([
      [5, { kind: "execute", at, caller: who, call }],
      [3, "of" in call ? { kind: "manage", at, caller: who, call } : { kind: "call", caller: who, call }],
      [1, { kind: "schedule", at, caller: who, call, when: 0 }],
      [
        2,
        {
          kind: "cancel",
          at,
          caller: choose.once(2) ? this.holderOf("guardian") : choose.of(cast.accounts),
          scheduler: caller,
          call,
        },
      ],
    ]);
  }

  /** When a scheduled call may be made: as soon as the delay is over, or at a time that may be too early. */
  private when(): number {
    return this.choose.once(5) ? this.block.timestamp + this.choose.below(400) : 0;
  }

  // ------------------------------------------------------------------ authorities

  /** Mostly the one that the registry asks. */
  private authority(): AuthorityModel {
    const { authority, authorities } = this.world;
    return this.choose.once(8) ? this.choose.of([...authorities.values()]) : authority;
  }

  private aboutRoles(): Act {
    const { choose, world, cast } = this;
    const authority = this.authority();
    const at = authority.address;
    const call = this.managerCall(authority);
    const administrators = world.holdersOf(ADMINISTRATOR, authority);
    const caller =
      call.name === "renounceRole"
        ? choose.once(4)
          ? choose.of(cast.accounts)
          : call.args[1]
        : choose.once(5)
          ? choose.of(cast.accounts)
          : choose.or(administrators, cast.accounts[0]!);
    const delay = authority.delayOf(ADMINISTRATOR, caller, this.block.timestamp) ?? 0;
    if ((delay > 0 && !choose.once(5)) || choose.once(30))
      return { kind: "schedule", at, caller, call, when: this.when() };
    return choose.once(6) ? { kind: "execute", at, caller, call } : { kind: "manage", at, caller, call };
  }

  private managerCall(authority: AuthorityModel): ManagerCall {
    const { choose, world, cast } = this;
    const { registry } = world.at;
    const role = choose.of(Object.values(ROLE_IDS));
    const holders = world.holdersOf(role, authority);
    const account = choose.of(cast.accounts);
    const holder = choose.or(holders, account);
    const delay = choose.of([0, 0, 0, 30, 200]);
    const others = [...world.authorities.keys()].filter((address) => address !== authority.address);
    const next = choose.once(8) ? account : choose.or(choose.once(8) ? [] : others, authority.address);
    const isClosed = authority.closed.has(registry);
    const of = "authority";
    return choose.weighted<ManagerCall>([
      [10, { of, name: "grantRole", args: [role, choose.once(2) ? account : holder, delay] }],
      [holders.length > 1 ? 6 : 0, { of, name: "revokeRole", args: [role, holder] }],
      [2, { of, name: "renounceRole", args: [role, holders.length > 1 ? holder : account] }],
      [4, { of, name: "updateAuthority", args: [registry, next] }],
      [isClosed ? 60 : 2, { of, name: "setTargetClosed", args: [registry, !isClosed] }],
    ]);
  }
}

/** When the next block is: mostly soon, often about when something begins or ends. */
export function nextTime(world: World, choose: Chooser, now: number): number {
  const moments = [...world.registry.state.agencies].flatMap(({ operators }) =>
    [...operators.values()].flatMap(({ validFrom, validUntil }) => [validFrom, validUntil]),
  );
  const soon = moments.filter((moment) => moment > now + 1 && moment < now + 10_000);
  return choose.weighted<() => number>([
    [12, () => now + 1 + choose.below(5)],
    [2, () => now + 1 + choose.below(200)],
    [soon.length === 0 ? 0 : 4, () => choose.or(soon, now + 2) - 1 + choose.below(3)],
    [choose.once(10) ? 1 : 0, () => now + 86_400 * (1 + choose.below(9))],
  ])();
}

/** The agency that a call names. */
export function agencyOfCall({ name, args }: Call): number {
  if (name.startsWith("anchor") || typeof args[0] === "number") return args[0] as number;
  return (args[0] as { agencyId: number }).agencyId;
}

function permissionsFor({ name, args }: Call): number {
  if (!name.startsWith("anchor")) return STATUS;
  return name === "anchorRecord" && (args[4] as number) > 1 ? ANCHOR + STATUS : ANCHOR;
}

/** Spans of ascending indexes: neighbours together. */
export function spansOf(indexes: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else spans.push([index, index]);
  }
  return (
    "0x" +
    spans
      .flat()
      .map((index) => index.toString(16).padStart(8, "0"))
      .join("")
  );
}

/** Another value of the same ABI type. */
function alteredValue(value: unknown): unknown {
  if (typeof value === "number") return value === 0 ? 1 : value - 1;
  if (typeof value === "bigint") return value === 0n ? 1n : value - 1n;
  if (typeof value === "boolean") return !value;
  return word("altered").slice(0, String(value).length);
}
