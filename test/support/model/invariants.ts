/**
 * What holds at every step whatever anybody does, said without the rules of the model: over what was before and what is
 * after. docs/invariants.md says the same in prose.
 */
import { inspect, isDeepStrictEqual } from "node:util";
import type { Block, ModelEvent } from "./journal";
import {
  ERASED,
  ROLE_OF,
  Standing,
  Status,
  type Agency,
  type Batch,
  type Call,
  type State,
} from "./registry";
import { RELAYED } from "./relay";
import { callOf, managerCallOf, type Act, type ManagerAct } from "./world";

/** One step that was accepted. */
export interface Step {
  readonly before: State;
  readonly after: State;
  readonly act: Act;
  /** The operator who signed, if the call was relayed; the authority, if it executed; else who sent it. */
  readonly actor: string;
  readonly block: Block;
  readonly events: readonly ModelEvent[];
  /** Number of entries in the journals of both authorities, before and after. */
  readonly roles: readonly [before: number, after: number];
  /** Who administered the authority before. */
  readonly administrators: ReadonlySet<string>;
  /** Nonces that were used before, as `operator nonce`. */
  readonly used: ReadonlySet<string>;
}

export interface Invariant {
  readonly title: string;
  /** Throws if it does not hold; says whether there was anything for which it could not have held. */
  readonly check: (step: Step) => boolean;
}

/** Like `expect` of Chai, which takes longer over these comparisons than the chain takes for a step. */
function same(found: unknown, wanted: unknown): void {
  if (found !== wanted && !isDeepStrictEqual(found, wanted))
    throw new Error(`${inspect(found)} is not ${inspect(wanted)}`);
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const inForce = (status: number): boolean =>
  !(status & ERASED) && ((status & 7) === Status.Active || (status & 7) === Status.Repaired);

/** Every status byte that was not zero before, with what it is after. */
function* bytes({ before, after }: Step): Generator<[was: number, is: number, batch: Batch, index: number]> {
  for (const [id, { statuses }] of before.batches) {
    const batch = after.batches.get(id)!;
    for (const [index, was] of statuses) yield [was, batch.statuses.get(index) ?? 0, batch, index];
  }
}

function some<T>(items: Iterable<T>, of: (item: T) => boolean, holds: (item: T) => void): boolean {
  let found = false;
  for (const item of items)
    if (of(item)) {
      holds(item);
      found = true;
    }
  return found;
}

const pairs = ({ before, after }: Step): [was: Agency, is: Agency][] =>
  before.agencies.map((was, i) => [was, after.agencies[i]!]);

/** What moved: the bits of all status bytes that count, by place. */
function moved({ before, after }: Step, bits: number): string[] {
  const found: string[] = [];
  for (const [id, { statuses }] of after.batches)
    for (const [index, is] of statuses)
      if ((is & bits) !== ((before.batches.get(id)?.statuses.get(index) ?? 0) & bits))
        found.push(`${id} ${index}`);
  return found;
}

function actingOf(state: State, agencyId: number): Agency {
  let agency = state.agencies[agencyId - 1]!;
  for (let steps = 0; agency.successor !== 0; steps++) {
    must(steps <= state.agencies.length, "successors make a circle");
    agency = state.agencies[agency.successor - 1]!;
  }
  return agency;
}

const isOf = (agencyId: number, batchId: bigint): boolean => Number(batchId >> 32n) === agencyId;
const named = (call: Call | undefined): number =>
  call === undefined
    ? 0
    : typeof call.args[0] === "number"
      ? call.args[0]
      : ((call.args[0] as { agencyId?: number } | undefined)?.agencyId ?? 0);

export const INVARIANTS: readonly Invariant[] = [
  {
    title: "a withdrawn record stays withdrawn, and an erased one never changes again",
    check: (step) =>
      some(
        bytes(step),
        ([was]) => (was & 7) === Status.Withdrawn || (was & ERASED) !== 0,
        ([was, is]) => (was & ERASED ? same(is, was) : same(is & 7, Status.Withdrawn)),
      ),
  },
  {
    title: "a superseded record has one successor for ever, and ends superseded or withdrawn",
    check: (step) =>
      some(
        bytes(step),
        ([was]) => (was & 7) === Status.Superseded,
        ([, is, batch, index]) => {
          must((is & 7) === Status.Superseded || (is & 7) === Status.Withdrawn, `it became ${is}`);
          same(batch.successors.get(index)?.length, 1);
        },
      ),
  },
  {
    title: "of the versions of a direct record at most the last one is in force",
    check: ({ after }) =>
      some(
        after.agencies.flatMap(({ latest }) => [...latest.values()]),
        ({ version }) => version > 1,
        ({ version, versions }) => {
          same(versions.length, version);
          for (const id of versions.slice(0, -1))
            same(inForce(after.batches.get(id)!.statuses.get(0) ?? 0), false);
        },
      ),
  },
  {
    title: "what was anchored stays: headers never change, and each names the one before",
    check: ({ before, after }) => {
      for (const [id, { hash }] of before.batches) same(after.batches.get(id)?.hash, hash);
      return some(
        after.batches.values(),
        ({ header }) => header.sequence > 0,
        ({ header }) => {
          const last = after.batches.get((BigInt(header.agencyId) << 32n) | BigInt(header.sequence - 1))!;
          same(header.previous, last.hash.slice(0, 42));
        },
      );
    },
  },
  {
    title: "the time and the operator of a batch are those of the call, never given by anybody",
    check: ({ before, after, actor, block }) =>
      some(
        after.batches,
        ([id]) => !before.batches.has(id),
        ([, { header }]) => {
          same(header.anchoredAt, block.time);
          same(header.operator, actor);
        },
      ),
  },
  {
    title: "only an operator entitled at that time anchors or moves a record, for the agency that acts",
    check: (step) => {
      const { before, after, actor, block } = step;
      const touched = new Set([
        ...[...after.batches.keys()].filter((id) => !before.batches.has(id)),
        ...moved(step, 15).map((place) => BigInt(place.split(" ")[0]!)),
      ]);
      return some(touched, Boolean, (id) => {
        const operator = actingOf(before, Number(id >> 32n)).operators.get(actor)!;
        same(operator.revoked, false);
        must(operator.validFrom <= block.time, "not yet valid");
        must(operator.validUntil > block.time, "expired");
      });
    },
  },
  {
    title: "no role changes a status, erases, or anchors: the arbiter marks, and nothing else",
    check: (step) => {
      const call = callOf(step.act);
      if (call !== undefined && RELAYED.includes(call.name)) return false;
      same(moved(step, 15), []);
      same(step.after.batches.size, step.before.batches.size);
      if (!/^arbiter/.test(call?.name ?? "")) same(moved(step, 255), []);
      return call !== undefined && call.name in ROLE_OF;
    },
  },
  {
    title: "a call for one agency changes nothing of another's",
    check: (step) => {
      const agencyId = named(callOf(step.act));
      const accepted = /^(accept|decline)Succe/.test(callOf(step.act)?.name ?? "");
      for (const place of moved(step, 255)) same(isOf(agencyId, BigInt(place.split(" ")[0]!)), true);
      return some(
        pairs(step).entries(),
        ([i]) => i + 1 !== agencyId,
        ([, [was, is]]) =>
          same(
            { ...is, accepted: accepted || is.accepted },
            {
              ...was,
              accepted: accepted || was.accepted,
            },
          ),
      );
    },
  },
  {
    title: "while paused nothing is anchored, admitted or relayed, and no status moves but to Withdrawn",
    check: (step) => {
      const { before, after, act } = step;
      if (!before.paused) return false;
      same(after.batches.size, before.batches.size);
      same(after.agencies.length, before.agencies.length);
      same(after.types.length, before.types.length);
      must(act.kind !== "relay", "it was relayed");
      for (const [was, is] of bytes(step)) if ((was & 15) !== (is & 15)) same(is & 15, Status.Withdrawn);
      return true;
    },
  },
  {
    title: "for a suspended agency nothing is anchored, and no status moves but to Withdrawn",
    check: (step) => {
      const { before, after } = step;
      const suspended = before.agencies
        .map((_, i) => i + 1)
        .filter((id) => actingOf(before, id).standing === Standing.Suspended);
      return some(suspended, Boolean, (id) => {
        same(after.agencies[id - 1]!.batchCount, before.agencies[id - 1]!.batchCount);
        for (const [was, is, { header }] of bytes(step))
          if (header.agencyId === id && (was & 15) !== (is & 15)) same(is & 15, Status.Withdrawn);
      });
    },
  },
  {
    title: "a revoked key stays revoked, and a suspicion is never cleared or moved forward",
    check: (step) =>
      some(
        pairs(step).flatMap(([was, is]) =>
          [...was.operators].map(([account, key]) => [key, is.operators.get(account)!] as const),
        ),
        ([was]) => was.revoked,
        ([was, is]) => {
          same(is.revoked, true);
          same(is.validUntil, was.validUntil);
          if (was.compromisedSince > 0)
            must(is.compromisedSince > 0 && is.compromisedSince <= was.compromisedSince, "moved forward");
        },
      ),
  },
  {
    title: "an agency's code and key commitment never change, nor does a record type",
    check: (step) => {
      for (const [was, is] of pairs(step))
        same([is.code, is.keyCommitment, is.admittedAt], [was.code, was.keyCommitment, was.admittedAt]);
      same(step.after.types.slice(0, step.before.types.length), step.before.types);
      return true;
    },
  },
  {
    title:
      "a closed agency stays closed; its successor, once there, stays, and successors lead to an agency without one",
    check: (step) =>
      some(
        pairs(step).entries(),
        ([, [was]]) => was.standing === Standing.Closed,
        ([i, [was, is]]) => {
          same(is.standing, Standing.Closed);
          if (was.successor !== 0) same(is.successor, was.successor);
          actingOf(step.after, i + 1);
        },
      ),
  },
  {
    title: "an erasure takes two operators, and the first is still entitled",
    check: ({ before, block, events }) =>
      some(
        events,
        ({ name }) => name === "RecordsErased",
        ({ fields: [batchId, proposer, actor] }) => {
          must(proposer !== actor, "one operator did both");
          const key = actingOf(before, Number((batchId as bigint) >> 32n)).operators.get(proposer as string)!;
          same(key.revoked, false);
          must(key.validUntil > block.time, "the first has expired");
        },
      ),
  },
  {
    title:
      "an agency is succeeded only with the consent of its successor, and by the registrar only with its own too",
    check: ({ before, act, events }) =>
      some(
        events,
        ({ name }) => name === "AgencySucceeded",
        ({ fields: [agencyId, successor] }) => {
          const was = before.agencies[(agencyId as number) - 1]!;
          same(was.accepted.has(successor as number), true);
          same(was.successor, 0);
          if (callOf(act)!.name === "succeedAgency") same(was.namedSuccessor, successor);
        },
      ),
  },
  {
    title: "what was signed under a nonce is handed on once, and nothing is after its deadline",
    check: ({ act, used, block }) => {
      if (act.kind !== "relay") return false;
      same(used.has(`${act.relayed.operator} ${act.relayed.nonce}`), false);
      must(block.time <= act.relayed.deadline, "it was late");
      return true;
    },
  },
  {
    title: "every change of roles is an entry of the authority's journal, and nothing else is",
    check: ({ act, roles: [before, after] }) => {
      const name = managerCallOf(act)?.name;
      if (name === "grantRole" || name === "setTargetClosed") same(after, before + 1);
      else if (name !== "revokeRole" && name !== "renounceRole") same(after, before);
      return after !== before;
    },
  },
  {
    title:
      "the authority is replaced by itself alone, for its administrators, and the journal names the new one",
    check: ({ before, after, act, events, administrators }) => {
      if (after.authority === before.authority && events.every(({ name }) => name !== "AuthorityChanged"))
        return false;
      must(act.kind === "manage" || act.kind === "execute", "it was not by way of an authority");
      same((act as ManagerAct).at, before.authority);
      must(administrators.has(act.caller), "somebody did who administers nothing");
      same(
        events.map(({ name, fields }) => [name, ...fields]),
        [["AuthorityChanged", after.authority]],
      );
      return true;
    },
  },
  {
    title: "the journal grows by what happened and by nothing else",
    check: ({ before, after, events }) => {
      same(after.journal.count, before.journal.count + events.length);
      same(after.journal.head === before.journal.head, events.length === 0);
      return true;
    },
  },
];
