import { CreditAnchorError } from "../errors";
import { type FeeSettings, suggestFees } from "../fees";
import { foreseen, RegistryRefusal } from "../registry-errors";
import {
  type Agency,
  isPaused,
  readActing,
  readAgency,
  readOperator,
  readType,
  type Registry,
  Standing,
} from "../registry-views";
import type { Plan } from "../vault/vault";

/** What an account wants to do for an agency, as its operator or as one of the agency that succeeded it. */
export interface Intent {
  readonly agencyId: number;
  readonly account: string;
  /** 1: anchor batches. 2: move statuses. 3: both. */
  readonly permissions: number;
  /** Withdrawing or marking only: allowed while the agency is suspended or the registry paused. */
  readonly withdrawing?: boolean;
  readonly fees?: FeeSettings | undefined;
  /** False when somebody else sends it, and pays. */
  readonly pays?: boolean;
}

/**
 * Finds out before any work whether the registry would refuse it: pause, standing of the agency, operator and its
 * permissions now, and whether the account can pay at all.
 *
 * @throws {RegistryRefusal} of exactly the kind the registry would answer with; {@link CreditAnchorError} `chain.funds`.
 */
export async function checkReadiness(registry: Registry, intent: Intent): Promise<Agency> {
  const { agencyId, account } = intent;
  const { chain } = registry;
  await chain.checkChainId();
  const agency = await readAgency(registry, agencyId);
  if (agency === undefined) throw foreseen("UnknownAgency", { agencyId });
  const acting = await readActing(registry, agency);
  try {
    await checkStanding(registry, acting, intent.withdrawing === true);
    await checkOperator(registry, { ...intent, agencyId: acting.id });
  } catch (error) {
    throw acting === agency ? error : aboutSuccessor(error, agency, acting);
  }
  if (intent.pays === false) return agency;
  const fees = await suggestFees(chain, intent.fees);
  const price = fees.type === 0 ? fees.gasPrice : fees.maxFeePerGas;
  if (price > 0n && (await chain.balance(account)) === 0n)
    throw new CreditAnchorError(
      "chain.funds",
      `account ${account} has nothing to pay with, this chain asks for fees`,
      {
        hint: "fund the account; on a network without fees set the fee policy to free",
        exitStatus: 70,
      },
    );
  return agency;
}

async function checkStanding(
  registry: Registry,
  { id: agencyId, standing }: Agency,
  withdrawing: boolean,
): Promise<void> {
  if (!withdrawing && (await isPaused(registry))) throw foreseen("RegistryPaused", {});
  const mayAct = withdrawing ? standing !== Standing.closed : standing === Standing.active;
  if (!mayAct) throw foreseen("WrongStanding", { agencyId, standing });
}

/** A refusal that names another agency than the home's needs saying why. */
function aboutSuccessor(error: unknown, agency: Agency, acting: Agency): unknown {
  if (!(error instanceof RegistryRefusal) || error.errorName === "RegistryPaused") return error;
  const hint = `agency ${agency.id} was succeeded by agency ${acting.id} (${acting.code}), whose operators act for it: ${error.hint}`;
  return new RegistryRefusal(error.errorName, error.values, { message: error.explanation.message, hint });
}

async function checkOperator(registry: Registry, { agencyId, account, permissions }: Intent): Promise<void> {
  const operator = await readOperator(registry, agencyId, account);
  const now = (await registry.chain.block("latest"))?.time ?? 0;
  const { validFrom, validUntil } = operator;
  if (operator.permissions === 0) throw foreseen("NotOperator", { agencyId, account });
  if (operator.revoked) throw foreseen("OperatorIsRevoked", { agencyId, operator: account });
  if (now < validFrom) throw foreseen("OperatorNotYetValid", { agencyId, operator: account, validFrom });
  if (now >= validUntil) throw foreseen("OperatorExpired", { agencyId, operator: account, validUntil });
  for (const permission of [1, 2])
    if ((permissions & permission) !== 0 && (operator.permissions & permission) === 0)
      throw foreseen("PermissionMissing", { agencyId, operator: account, permission: BigInt(permission) });
}

/**
 * Makes sure that a batch is meant for this registry and agency, and that its type is the admitted one.
 *
 * @throws {CreditAnchorError} `anchoring.other-registry`, `anchoring.type-differs`, {@link RegistryRefusal}.
 */
export async function checkPlan(
  registry: Registry,
  agencyId: number,
  plan: Plan,
  typeIsChecked: boolean,
): Promise<void> {
  const { chain } = registry;
  if (plan.registry.chainId !== chain.chainId || plan.registry.address.toLowerCase() !== registry.address)
    throw new CreditAnchorError(
      "anchoring.other-registry",
      `batch ${plan.number} of this home was planned for registry ${plan.registry.address} on chain ${plan.registry.chainId}`,
      {
        hint: "its leaves name that registry, so it can be anchored there only: correct the home's settings",
      },
    );
  if (plan.agencyId !== agencyId)
    throw new CreditAnchorError(
      "anchoring.other-agency",
      `batch ${plan.number} of this home was planned for agency ${plan.agencyId}, the settings say agency ${agencyId}`,
      { hint: "correct the home's settings" },
    );
  if (typeIsChecked) return;
  const type = await readType(registry, plan.typeId);
  if (type === undefined) throw foreseen("UnknownType", { typeId: plan.typeId });
  if (type.typeHash !== plan.typeHash)
    throw new CreditAnchorError(
      "anchoring.type-differs",
      `record type ${plan.typeId} of the registry is another one than batch ${plan.number} was planned with`,
      { hint: "credit-anchor type list shows what is admitted" },
    );
}
