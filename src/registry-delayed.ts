import type { Receipt } from "./chain";
import { CreditAnchorError } from "./errors";
import { type Call, execute, type SendSettings, type TransactionSigner } from "./registry";
import { authorityOf, type Registry } from "./registry-views";
import { authorityInterface } from "./interfaces";

/**
 * Calls that a role may make only after a delay: scheduled with the manager of roles, made when the delay is over,
 * cancelled meanwhile by the guardian. The caller then makes the very same call to its target, not through the
 * manager, so that events name the person and not the manager.
 */

/** Who may call what, as the manager answers now. Times in seconds, whatever unit the chain counts in. */
export type Admission =
  /** At once. */
  | { readonly kind: "now" }
  /** Without the role: calling it tells what is missing. */
  | { readonly kind: "refused" }
  /** After a delay that has not begun: it has to be scheduled. */
  | { readonly kind: "unscheduled"; readonly delay: number }
  /** Scheduled, and not before this time. */
  | { readonly kind: "waiting"; readonly from: number }
  /** Scheduled, and the delay is over. */
  | { readonly kind: "ready" };

async function ask(registry: Registry, name: string, args: readonly unknown[]): Promise<readonly unknown[]> {
  const to = await authorityOf(registry);
  const data = authorityInterface.encodeFunctionData(name as "canCall", args as never);
  const answer = await registry.chain.call({ to, data });
  try {
    return authorityInterface.decodeFunctionResult(name as "canCall", answer) as unknown as unknown[];
  } catch {
    throw new CreditAnchorError(
      "registry.authority",
      `${to} has no answer to ${name}(): no manager of roles`,
      {
        hint: "the registry obeys another kind of contract than this program knows",
        exitStatus: 70,
      },
    );
  }
}

/** Time of the newest block as the chain counts it, and how many of its units are a second. */
async function clock({ chain }: Registry): Promise<{ readonly now: number; readonly unit: 1 | 1000 }> {
  const block = await chain.block("latest");
  if (block === undefined) throw new CreditAnchorError("chain.silent", "the node has no newest block");
  return { now: block.timestamp, unit: block.timestamp === block.time ? 1 : 1000 };
}

/** What an account may do with a call now. */
export async function admissionOf(
  registry: Registry,
  caller: string,
  { to, data }: Pick<Call, "to" | "data">,
): Promise<Admission> {
  const isOwn = to === (await authorityOf(registry));
  const [immediate, setback] = isOwn
    ? await ownAdmission(registry, caller, data)
    : await ask(registry, "canCall", [caller, to, data.slice(0, 10)]);
  if (immediate === true) return { kind: "now" };
  if (Number(setback) === 0) return { kind: "refused" };
  const [id] = await ask(registry, "hashOperation", [caller, to, data]);
  const from = Number((await ask(registry, "getSchedule", [id]))[0]);
  const { now, unit } = await clock(registry);
  if (from === 0) return { kind: "unscheduled", delay: Math.ceil(Number(setback) / unit) };
  return from > now ? { kind: "waiting", from: Math.ceil(from / unit) } : { kind: "ready" };
}

/**
 * What {@link admissionOf} asks `canCall`, for the manager's own functions: those of administrators, except that a role
 * is given and taken by its own administrator (OpenZeppelin's `_getAdminRestrictions`).
 */
async function ownAdmission(
  registry: Registry,
  caller: string,
  data: string,
): Promise<readonly [immediate: boolean, setback: number]> {
  const parsed = authorityInterface.parseTransaction({ data });
  const [first] = parsed?.args ?? [];
  const givesRole = parsed?.name === "grantRole" || parsed?.name === "revokeRole";
  const [role] = givesRole ? await ask(registry, "getRoleAdmin", [first]) : [0n];
  const [isMember, delay] = await ask(registry, "hasRole", [role, caller]);
  const isTargeted = ["updateAuthority", "setTargetClosed", "setTargetFunctionRole"].includes(
    parsed?.name ?? "",
  );
  const [targetDelay] = isTargeted ? await ask(registry, "getTargetAdminDelay", [first]) : [0n];
  const setback = isMember === true ? Math.max(Number(delay), Number(targetDelay)) : 0;
  return [isMember === true && setback === 0, setback];
}

/** Begins the delay of a call. @returns when it can be made, in seconds, and the transaction. */
export async function scheduleCall(
  registry: Registry,
  signer: TransactionSigner,
  call: Call,
  settings?: SendSettings,
): Promise<{ readonly from: number; readonly transaction: string }> {
  const to = await authorityOf(registry);
  const data = authorityInterface.encodeFunctionData("schedule", [call.to, call.data, 0]);
  const receipt = await execute(registry, signer, { to, data, what: `schedule: ${call.what}` }, settings);
  const when = scheduledAt(receipt, to, signer.address, call);
  const { unit } = await clock(registry);
  return { from: Math.ceil(when / unit), transaction: receipt.transactionHash };
}

function scheduledAt(receipt: Receipt, manager: string, caller: string, call: Call): number {
  const event = authorityInterface.getEvent("OperationScheduled");
  for (const log of receipt.logs) {
    if (log.address !== manager || log.topics[0] !== event.topicHash) continue;
    const fields = authorityInterface.decodeEventLog(event, log.data, [...log.topics]);
    const same = (found: unknown, expected: string): boolean =>
      String(found).toLowerCase() === expected.toLowerCase();
    if (same(fields.caller, caller) && same(fields.target, call.to) && same(fields.data, call.data))
      return Number(fields.schedule);
  }
  throw new CreditAnchorError(
    "registry.no-effect",
    `the receipt of transaction ${receipt.transactionHash} does not show that the call was scheduled`,
    { hint: "the node may be lying: ask another node", exitStatus: 70 },
  );
}

/** Ends the delay of a call, which is then not made. By who scheduled it, the guardian of its role, or administrator. */
export async function cancelCall(
  registry: Registry,
  signer: TransactionSigner,
  caller: string,
  call: Call,
  settings?: SendSettings,
): Promise<string> {
  const to = await authorityOf(registry);
  const data = authorityInterface.encodeFunctionData("cancel", [caller, call.to, call.data]);
  const receipt = await execute(registry, signer, { to, data, what: `cancel: ${call.what}` }, settings);
  return receipt.transactionHash;
}
