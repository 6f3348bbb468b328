/**
 * What whoever repeats an audit has to give besides nodes, registry and heads.
 */
import type { Home } from "../home";

/** Options of `audit` that decide what it finds and that its report does not hold anyway. */
export interface DecidingOptions {
  readonly codeHash: string | undefined;
  readonly fromBlock: number | undefined;
  readonly signer: readonly string[] | undefined;
  readonly authority: readonly string[] | undefined;
  readonly policy: readonly string[] | undefined;
  readonly leaves: readonly string[];
  readonly source: string | undefined;
  readonly type: string | undefined;
  readonly vault: string | undefined;
  readonly withoutVault: boolean;
  readonly withoutRecords: boolean;
}

/** Names of this machine's files and folders stand as a word: FILE, DIR, HOME. */
export function repeatable(options: DecidingOptions, home: Home | undefined): string[] {
  const { codeHash, fromBlock, signer, authority, policy, leaves, source, type } = options;
  return [
    ...(home === undefined ? [] : ["--home HOME"]),
    ...(codeHash === undefined ? [] : ["--deployment FILE"]),
    ...(fromBlock === undefined ? [] : [`--from-block ${fromBlock}`]),
    ...(signer === undefined ? [] : [`--signer ${signer.join(",")}`]),
    ...(authority === undefined ? [] : [`--authority ${authority.join(",")}`]),
    ...(policy === undefined || policy.length === 0
      ? []
      : [`--policy ${policy.map(() => "FILE").join(" ")}`]),
    ...(leaves.length === 0 ? [] : [`--leaves ${leaves.map(() => "DIR").join(" ")}`]),
    ...(source === undefined ? [] : ["--source FILE"]),
    ...(type === undefined ? [] : [`--type ${type}`]),
    ...(options.vault === undefined ? [] : ["--vault DIR"]),
    ...(options.withoutVault ? ["--without-vault"] : []),
    ...(options.withoutRecords ? ["--without-records"] : []),
  ];
}
