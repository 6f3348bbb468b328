import { getCreateAddress, Interface, type InterfaceAbi } from "ethers";
import { toHex } from "../bytes";
import type { Findings, Where } from "./differences";
import { ENTRY_NUMBERS } from "./journal";
import { wordValue } from "./moves";
import { actingFor, ZERO_WORD, type RegistryState, type Standing } from "./state";

const STANDING: Record<Standing, number> = { None: 0, Active: 1, Suspended: 2, Closed: 3 };

/** A question to the registry, and the one answer that the events allow. */
export interface ExpectedView {
  readonly where: Where;
  readonly data: string;
  /** Return data in lower-case hex. */
  readonly expected: string;
}

/** Every view whose answer follows from the events, one after the other: agencies, operators, types, batches, statuses. */
export function* expectedViews(
  state: RegistryState,
  journal: { readonly length: number; readonly head: string },
  abi: InterfaceAbi,
): Generator<ExpectedView> {
  const face = Interface.from(abi);
  const view = (
    name: string,
    parameters: readonly unknown[],
    result: readonly unknown[],
    where: Where = {},
  ): ExpectedView => ({
    where: { ...where, view: `${name}(${parameters.join(", ")})` },
    data: face.encodeFunctionData(name, parameters),
    expected: face.encodeFunctionResult(name, result),
  });

  yield view("journal", [], [journal.length % ENTRY_NUMBERS, journal.head]);
  yield view("domain", [], [toHex(state.domain)]);
  yield view("paused", [], [state.paused]);
  yield view("registrySuccessor", [], [state.successor]);
  yield view("relay", [], [relayOf(state.registry)]);
  yield view("agencyCount", [], [state.agencies.size]);
  yield view("typeCount", [], [state.types.size]);
  if (state.authority !== undefined) yield view("authority", [], [state.authority]);

  for (const type of state.types.values()) {
    const where = { typeId: type.id };
    yield view("recordType", [type.id], [[type.typeHash, type.name, type.personal, type.admittedAt]], where);
    yield view("typeIdOf", [type.typeHash], [state.typeIds.get(type.typeHash)], where);
  }
  for (const agency of state.agencies.values()) {
    const where = { agencyId: agency.id };
    const { code, keyCommitment, administrator, pendingAdministrator, admittedAt, batchCount, lastBatch } =
      agency;
    const fields = [
      code,
      keyCommitment,
      administrator,
      pendingAdministrator,
      admittedAt,
      STANDING[agency.standing],
      batchCount,
      lastBatch,
      agency.successor,
    ];
    yield view("agency", [agency.id], [fields], where);
    yield view("agencyIdOf", [code], [state.agencyIds.get(code) ?? 0], where);
    yield view("actingAgency", [agency.id], [actingFor(state, agency).id], where);
    for (const successor of new Set([...agency.acceptedBy, agency.namedSuccessor]))
      if (successor !== 0) {
        const consents = [agency.namedSuccessor === successor, agency.acceptedBy.has(successor)];
        yield view("succession", [agency.id, successor], consents, where);
      }
    // A batch that no event told of would be the next one.
    const next = (BigInt(agency.id) << 32n) | BigInt(agency.batchCount);
    yield view("headerHashOf", [next], [ZERO_WORD], { ...where, batchId: String(next) });
    for (const [account, operator] of agency.operators) {
      const { permissions, validFrom, validUntil, compromisedSince, revoked } = operator;
      yield view(
        "operator",
        [agency.id, account],
        [[permissions, validFrom, validUntil, compromisedSince, revoked]],
        where,
      );
    }
    for (const [key, { batchId, version }] of agency.latest) {
      const status = state.batches.get(batchId)?.words.get(0)?.[0] ?? 0;
      yield view("latest", [agency.id, key], [[batchId, version, status]], {
        ...where,
        batchId: String(batchId),
      });
    }
  }
  for (const batch of state.batches.values()) {
    const where = {
      batchId: String(batch.id),
      agencyId: batch.header.agencyId,
      block: batch.block,
      transaction: batch.transaction,
    };
    yield view("headerHashOf", [batch.id], [batch.headerHash], where);
    // The first word also of a batch without any move: a status that nobody set would show there in a small batch.
    if (!batch.words.has(0)) yield view("statusWord", [batch.id, 0], [0n], where);
    for (const [word, bytes] of batch.words)
      yield view("statusWord", [batch.id, word], [wordValue(bytes)], where);
  }
}

/** Address of a registry's relay, in lower case: the first contract that the registry made, and the only one. */
export function relayOf(registry: string): string {
  return getCreateAddress({ from: registry, nonce: 1 }).toLowerCase();
}

/** Compares an answer. `found` is undefined when the node refused to answer. */
export function compareView(view: ExpectedView, found: string | undefined, findings: Findings): boolean {
  if (found === view.expected) return true;
  const message =
    found === undefined
      ? "the node does not answer a question about the registry"
      : "the node answers otherwise than its own events tell";
  findings.differ("view.differs", message, view.where, view.expected, found);
  return false;
}
