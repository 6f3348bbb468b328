import { batchId } from "../commitment";
import type { Plan } from "../vault/vault";
import { requireHome } from "./context";
import { choice } from "./options";
import { count } from "../counted";
import { columns, timeForPeople } from "./output";
import { defineVerb } from "./verb";

const STATUSES = ["planned", "signed", "sent", "anchored", "final"] as const;

export const batchesVerb = defineVerb({
  name: "batches",
  summary: "list the batches of this home's vault and where each stands",
  about: `planned: on disk, the chain knows nothing. signed: a transaction is signed and kept, perhaps broadcast.
sent: a node has accepted it. anchored: it is in a block. final: receipts are given from here on.
A batch has no id before a place in the agency's history was chosen for it.`,
  options: { status: choice("--status <status>", "only batches that stand there", STATUSES) },
  examples: ["credit-anchor batches --home agency", "credit-anchor batches --status planned --json"],
  run: async ({ options, home: dir }) => {
    const vault = await requireHome(dir).readVault();
    try {
      const plans = [...vault.plans()].filter(
        ({ status }) => options.status === undefined || status === options.status,
      );
      return { json: plans.map(batchJson), text: plans.length === 0 ? ["no batches"] : table(plans) };
    } finally {
      await vault.close();
    }
  },
});

/** Public id of a batch in decimal; null until a place was chosen for it. */
export function publicId(plan: Plan): string | null {
  return plan.slot === undefined ? null : batchId(plan.agencyId, plan.slot.sequence);
}

/** A batch as `--json` prints it. */
export function batchJson(plan: Plan): Record<string, unknown> {
  return {
    id: publicId(plan),
    type: plan.type,
    size: plan.size,
    sequence: plan.slot?.sequence ?? null,
    status: plan.status,
    number: plan.number,
    mode: plan.mode,
    agencyId: plan.agencyId,
    typeId: plan.typeId,
    root: plan.root,
    manifestHash: plan.manifestHash,
    operator: plan.header?.operator ?? plan.signed?.from ?? null,
    anchoredAt: plan.header?.anchoredAt ?? null,
    transaction: plan.transaction ?? null,
    plannedAt: plan.plannedAt,
  };
}

function table(plans: readonly Plan[]): string[] {
  return columns([
    ["ID", "TYPE", "RECORDS", "MODE", "STATUS", "ANCHORED"],
    ...plans.map((plan) => [
      publicId(plan) ?? "-",
      plan.type,
      count(plan.size),
      plan.mode,
      plan.status,
      plan.header === undefined ? "-" : timeForPeople(plan.header.anchoredAt),
    ]),
  ]);
}
