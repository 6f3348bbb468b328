/** What every view has to answer, encoded: the questions and answers of one moment, compared as bytes. */
import type { Interface } from "ethers";
import * as oracle from "../oracle";
import { ADMINISTRATOR, ROLE_IDS, type AuthorityModel } from "./authority";
import { Standing, batchIdOf, type Batch } from "./registry";
import { interfaces, type Leaf, type World } from "./world";

export interface View {
  readonly of: "registry" | "relay" | "authority";
  /** Which authority. */
  readonly at?: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly answer: readonly unknown[];
}

const NOTHING = "0x" + "00".repeat(32);

/** Remembers encodings: most answers are those of the step before. */
export class Encoder {
  private readonly known = new Map<string, string>();

  constructor(private readonly world: World) {}

  /** Address and call, as `ViewBatch` takes it. */
  question({ of, at = this.world.at[of], name, args }: View): string {
    return this.once(`? ${at} ${name} ${flat(args)}`, () => {
      const data = (interfaces[of] as Interface).encodeFunctionData(name, args);
      return at + data.slice(2);
    });
  }

  answer({ of, name, answer }: View): string {
    return this.once(`! ${of} ${name} ${flat(answer)}`, () =>
      (interfaces[of] as Interface).encodeFunctionResult(name, answer),
    );
  }

  private once(key: string, encode: () => string): string {
    let found = this.known.get(key);
    if (found === undefined) this.known.set(key, (found = encode()));
    return found;
  }
}

function flat(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flat).join(",")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{${Object.values(value).map(flat).join(",")}}`;
}

/** What there is to ask about. */
export interface Asked {
  /** Who may be an operator or hold a role. */
  readonly accounts: readonly string[];
  readonly keys: readonly string[];
  readonly codes: readonly string[];
  readonly types: readonly string[];
}

/** What a step was about: then only that is asked, and some of the rest in turn. */
export interface Focus {
  readonly agencies: ReadonlySet<number>;
  readonly batches: ReadonlySet<bigint>;
  readonly roles: boolean;
}

/**
 * Every view of all three contracts, about everything or about what a step was about.
 *
 * @param step turns the wheel of what is asked in turn
 */
export function viewsOf(
  world: World,
  asked: Asked,
  step: number,
  timestamp: number,
  focus: Focus | undefined,
): View[] {
  const { registry } = world;
  const { state } = registry;
  const views: View[] = [];
  const ask = (name: string, args: readonly unknown[], answer: readonly unknown[]): void =>
    void views.push({ of: "registry", name, args, answer });

  ask("journal", [], [state.journal.count, state.journal.head]);
  ask("paused", [], [state.paused]);
  ask("domain", [], [state.domain]);
  ask("relay", [], [world.at.relay]);
  ask("authority", [], [state.authority]);
  ask("isConsumingScheduledOp", [], ["0x00000000"]);
  ask("registrySuccessor", [], [state.registrySuccessor]);

  ask("agencyCount", [], [state.agencies.length]);
  const near = (list: readonly string[]): readonly string[] =>
    focus === undefined ? list : [list[step % list.length]!];
  const ids = state.agencies.length + 2;
  const asksAgency = (id: number): boolean =>
    focus === undefined || focus.agencies.has(id) || id === step % ids;
  const asksBatch = (id: bigint, i: number): boolean =>
    focus === undefined || focus.batches.has(id) || i === step % state.batches.size;
  for (const code of near(asked.codes))
    ask("agencyIdOf", [code], [state.agencies.findIndex((agency) => agency.code === code) + 1]);
  for (let id = 0; id < ids; id++) {
    if (!asksAgency(id)) continue;
    const agency = registry.agencyOf(id);
    ask(
      "agency",
      [id],
      [
        [
          agency?.code ?? NOTHING,
          agency?.keyCommitment ?? NOTHING,
          agency?.administrator ?? NOTHING.slice(0, 42),
          agency?.pendingAdministrator ?? NOTHING.slice(0, 42),
          agency?.admittedAt ?? 0,
          agency?.standing ?? Standing.None,
          agency?.batchCount ?? 0,
          agency?.lastBatch ?? NOTHING.slice(0, 42),
          agency?.successor ?? 0,
        ],
      ],
    );
    ask("actingAgency", [id], [registry.actingAgency(id)]);
    for (let other = 0; other < ids; other++) {
      if (!asksAgency(other)) continue;
      ask(
        "succession",
        [id, other],
        [other !== 0 && agency?.namedSuccessor === other, agency?.accepted.has(other) ?? false],
      );
    }
    // What comes round in turn only is asked in part.
    const all = focus === undefined || focus.agencies.has(id);
    for (const account of all ? asked.accounts : near(asked.accounts)) {
      const operator = agency?.operators.get(account);
      ask(
        "operator",
        [id, account],
        [
          [
            operator?.permissions ?? 0,
            operator?.validFrom ?? 0,
            operator?.validUntil ?? 0,
            operator?.compromisedSince ?? 0,
            operator?.revoked ?? false,
          ],
        ],
      );
    }
    for (const key of all ? asked.keys : near(asked.keys)) {
      const last = agency?.latest.get(key);
      ask(
        "latest",
        [id, key],
        [
          [
            last?.batchId ?? 0n,
            last?.version ?? 0,
            last === undefined ? 0 : registry.statusOf(last.batchId, 0),
          ],
        ],
      );
    }
    ask("headerHashOf", [batchIdOf(id, agency?.batchCount ?? 0)], [NOTHING]);
  }

  ask("typeCount", [], [state.types.length]);
  for (const hash of near(asked.types))
    ask("typeIdOf", [hash], [state.types.findIndex(({ typeHash }) => typeHash === hash) + 1]);
  for (let id = 0; id <= state.types.length + 1; id++) {
    const type = state.types[id - 1];
    ask(
      "recordType",
      [id],
      [[type?.typeHash ?? NOTHING, type?.name ?? NOTHING, type?.personal ?? false, type?.admittedAt ?? 0]],
    );
  }

  const known = [...world.leaves.keys()];
  for (const [i, [batchId, batch]] of [...state.batches].entries()) {
    if (!asksBatch(batchId, i)) continue;
    ask("headerHashOf", [batchId], [batch.hash]);
    const words = new Set([0, 1, (batch.header.size - 1) >>> 5]);
    for (const index of batch.statuses.keys()) words.add(index >>> 5);
    for (const word of words) ask("statusWord", [batchId, word], [wordOf(batch, word)]);
    const index = step % batch.header.size;
    ask("statusOf", [batchId, index], [batch.statuses.get(index) ?? 0]);
  }
  for (let i = 0; i < Math.min(focus === undefined ? 5 : 1, known.length); i++) {
    const batchId = known[(step + i) % known.length]!;
    views.push(verification(world, batchId, world.leaves.get(batchId)!, step + i));
  }

  for (const authority of world.authorities.values())
    views.push(...viewsOfAuthority(world, authority, asked, near, timestamp, focus));

  views.push({ of: "relay", name: "registry", args: [], answer: [world.at.registry] });
  for (const used of [...world.relay.used].slice(focus === undefined ? -40 : -2)) {
    const [operator, nonce] = used.split(" ") as [string, string];
    views.push({ of: "relay", name: "nonceUsed", args: [operator, nonce], answer: [true] });
    views.push({
      of: "relay",
      name: "nonceUsed",
      args: [world.at.registry, nonce],
      answer: [world.relay.used.has(`${world.at.registry} ${nonce}`)],
    });
  }
  return views;
}

/** Of the authority that the registry asks what the step was about; of the other its journal, and the rest now and then. */
function viewsOfAuthority(
  world: World,
  authority: AuthorityModel,
  asked: Asked,
  near: (list: readonly string[]) => readonly string[],
  timestamp: number,
  focus: Focus | undefined,
): View[] {
  const views: View[] = [];
  const ask = (name: string, args: readonly unknown[], answer: readonly unknown[]): void =>
    void views.push({ of: "authority", at: authority.address, name, args, answer });
  const { count, head } = authority.journal;
  ask("journal", [], [count, head]);
  ask("isTargetClosed", [world.at.registry], [authority.closed.has(world.at.registry)]);
  const isAsked = authority === world.authority || focus === undefined;
  if (!isAsked) return views;
  for (const role of [ADMINISTRATOR, ...Object.values(ROLE_IDS)])
    for (const account of focus?.roles === false ? near(asked.accounts) : asked.accounts) {
      const access = authority.members.get(`${role} ${account}`);
      const pending = access !== undefined && access.effect > timestamp;
      ask(
        "getAccess",
        [role, account],
        [
          access?.since ?? 0,
          authority.delayOf(role, account, timestamp) ?? 0,
          pending ? access.after : 0,
          pending ? access.effect : 0,
        ],
      );
    }
  for (const [id, { nonce }] of [...authority.schedules].slice(focus === undefined ? -40 : -3)) {
    ask("getSchedule", [id], [authority.scheduleOf(id, timestamp)]);
    ask("getNonce", [id], [nonce]);
  }
  return views;
}

function wordOf({ statuses }: Batch, word: number): bigint {
  let value = 0n;
  for (let lane = 31; lane >= 0; lane--) value = (value << 8n) | BigInt(statuses.get(32 * word + lane) ?? 0);
  return value;
}

const OUTCOME = { Anchored: 0, UnsupportedFormat: 1, UnknownHeader: 2, IndexOutOfRange: 3, WrongProof: 4 };

/** Asks `verify` about a leaf that is there, or spoils one thing about it. */
function verification(world: World, batchId: bigint, leaves: readonly Leaf[], step: number): View {
  const { registry } = world;
  const { header } = registry.state.batches.get(batchId)!;
  const index = step % leaves.length;
  const { key, version, commitment, leaf } = leaves[index]!;
  const proof = oracle.treeProof(
    index,
    leaves.map((each) => each.leaf),
  );
  const nothing = [0, 0, 0, 0, NOTHING];
  const asked = (changes: Record<string, unknown>, answer: readonly unknown[]): View => {
    const all = { header, key, version, commitment, index, proof, ...changes };
    return { of: "registry", name: "verify", args: Object.values(all), answer: [answer] };
  };
  switch (step % 9) {
    case 1:
      return asked({ header: { ...header, format: 2 } }, [OUTCOME.UnsupportedFormat, ...nothing]);
    case 2:
      return asked({ header: { ...header, size: header.size + 1 } }, [OUTCOME.UnknownHeader, ...nothing]);
    case 3:
      return asked({ index: header.size }, [OUTCOME.IndexOutOfRange, ...nothing]);
    case 4:
      return asked({ version: version + 1 }, [OUTCOME.WrongProof, ...nothing]);
    case 5:
      return asked({ proof: [...proof, leaf] }, [OUTCOME.WrongProof, ...nothing]);
    default:
      return asked({}, [
        OUTCOME.Anchored,
        registry.statusOf(batchId, index),
        registry.agencyOf(header.agencyId)!.standing,
        registry.actingAgency(header.agencyId),
        registry.compromisedSince(header.agencyId, header.operator),
        leaf,
      ]);
  }
}
