/**
 * Acts on the registry that one command does once: who acts, and how it is told.
 */
import { parseBatchId } from "../commitment";
import { CreditAnchorError } from "../errors";
import type { Home } from "../home";
import type { Actor, Done } from "../registry-admin";
import { agencyIdOf, readActing, readAgency, type Agency, type Registry } from "../registry-views";
import { connect, ownAgency } from "./context";
import { integer, type OptionSpec, text, usage } from "./options";
import { timeForPeople } from "./output";

/** The home's key, on the home's registry. @throws {CreditAnchorError} `signer.…`, `home.…`, `chain.…`, `registry.…` */
export async function actorOf(home: Home, rpc: string | undefined, signal: AbortSignal): Promise<Actor> {
  const { registry } = await connect(home, rpc, signal);
  return { registry, signer: await home.signer(), settings: { fees: home.settings.fees, signal } };
}

/** How long AccessManager lets an act be made after its delay, in seconds. */
const WEEK = 7 * 86_400;

/** What was done, was done already, or waits. */
export function told({ already, transaction, waitsUntil }: Done, what: string): string {
  if (waitsUntil !== undefined)
    return (
      `scheduled, and not done yet: ${what} (${already ? "it was scheduled before" : `transaction ${transaction}`}). ` +
      `Run the same command again from ${timeForPeople(waitsUntil)} to ${timeForPeople(waitsUntil + WEEK)}: earlier it is ` +
      "refused, later it has expired and begins anew. Until it is done the guardian can cancel it"
    );
  return already ? `${what}: it was so already, nothing was sent` : `${what} (transaction ${transaction})`;
}

/** The same for programs. */
export function doneJson({ already, transaction, waitsUntil }: Done): Record<string, unknown> {
  return { already, transaction: transaction ?? null, waitsUntil: waitsUntil ?? null };
}

/** An agency by its id or its code. @throws {CreditAnchorError} `agency.unknown` */
export async function findAgency(registry: Registry, idOrCode: string): Promise<Agency> {
  // Codes of digits alone are possible, and ids are short: a code of more than 10 characters is never an id.
  const byId = /^[1-9][0-9]{0,9}$/.test(idOrCode) ? await readAgency(registry, Number(idOrCode)) : undefined;
  if (byId !== undefined) return byId;
  if (!/^[\x21-\x7e]{1,31}$/.test(idOrCode)) throw usage("an agency is named by its id or its code");
  const id = await agencyIdOf(registry, idOrCode);
  const agency = id === undefined ? undefined : await readAgency(registry, id);
  if (agency !== undefined) return agency;
  throw new CreditAnchorError("agency.unknown", "the registry has no such agency", {
    hint: "credit-anchor agency list shows all of them",
  });
}

/** The agency that is named, else the home's own. @throws {CreditAnchorError} `agency.…`, `home.no-agency` */
export function namedAgency(home: Home, registry: Registry, named: string | undefined): Promise<Agency> {
  return named === undefined ? ownAgency(home, registry) : findAgency(registry, named);
}

/** The agency that is named, else the one whose operators act for the home's own. @throws as {@link namedAgency} */
export async function agencyOfOperators(
  home: Home,
  registry: Registry,
  named: string | undefined,
): Promise<Agency> {
  const agency = await namedAgency(home, registry, named);
  return named === undefined ? readActing(registry, agency) : agency;
}

/** A whole number that names something on the registry. */
export const largestId = 2 ** 32 - 1;

/** `--batch`, the id of a batch. */
export function batchOption(about = "id of the batch", defaultsTo?: string): OptionSpec<string | undefined> {
  const spec = text("--batch <id>", about, defaultsTo);
  return {
    ...spec,
    parse: (raw, name) => {
      const id = spec.parse(raw, name);
      if (id === undefined) return undefined;
      try {
        parseBatchId(id);
      } catch (error) {
        if (!(error instanceof CreditAnchorError)) throw error;
        throw usage(
          `${name}: ${error.message}`,
          "receipts name their batch, and credit-anchor batches lists those of a home",
        );
      }
      return id;
    },
  };
}

/** `--index`, a position in a batch. */
export function indexOption(): ReturnType<typeof integer> {
  return integer("--index <n>", "position of the record in the batch, from 0", {
    min: 0,
    max: largestId - 1,
  });
}
