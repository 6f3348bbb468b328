/**
 * `--sign-only`: what a command would send is signed for others to send, and written to a file.
 */
import {
  type AnchoringOptions,
  type AnchoringSummary,
  type Delegated,
  type Delegation,
  signPending,
} from "../anchoring";
import type { HomeSigner } from "../home";
import { relayFileText } from "../relay-file";
import type { SignedCall } from "../registry-relay";
import { relayOf, type Registry } from "../registry-views";
import { writeOwnFile } from "./files";
import { address, text, time, usage, type OptionValues } from "./options";
import { counted } from "../counted";
import { timeForPeople } from "./output";

/** Of every verb that anchors or moves. */
export const signOnlyOptions = {
  signOnly: text("--sign-only <file>", "send nothing: write signed calls that anybody can send with relay"),
  deadline: time(
    "--deadline <time>",
    "with --sign-only: until when they may be sent; otherwise a week from now",
  ),
  operator: address(
    "--operator <address>",
    "with --sign-only: the operator is this contract wallet, which accepts the key's signature (ERC-1271)",
  ),
};

type SignOnlyValues = OptionValues<typeof signOnlyOptions>;

/** A signing run: where it is written, and what is signed. */
export interface SignOnly extends Delegation {
  readonly file: string;
}

const WEEK = 7 * 86_400;

/** Undefined without `--sign-only`. @throws {CreditAnchorError} `usage` for options that go with it alone. */
export async function signOnlyOf(
  registry: Registry,
  signer: HomeSigner,
  options: SignOnlyValues,
): Promise<SignOnly | undefined> {
  const [file, deadline, operator] = [options.signOnly, options.deadline, options.operator];
  if (file === undefined) {
    if (deadline !== undefined || operator !== undefined)
      throw usage(`--${deadline === undefined ? "operator" : "deadline"} goes with --sign-only`);
    return undefined;
  }
  const now = (await registry.chain.block("latest"))?.time ?? 0;
  if (deadline !== undefined && deadline <= now)
    throw usage(`--deadline has passed: on the chain it is ${timeForPeople(now)}`);
  return {
    file,
    signer,
    operator: operator ?? signer.address,
    relay: await relayOf(registry),
    deadline: deadline ?? now + WEEK,
  };
}

/** What was signed, for the end of an outcome. */
export interface SignedOutcome {
  readonly summary: AnchoringSummary;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: readonly string[];
}

/** Finds what was sent meanwhile, signs what is left, and writes the file; none if nothing is left. */
export async function signAndWrite(
  anchoring: Omit<AnchoringOptions, "signer">,
  delegation: SignOnly,
): Promise<SignedOutcome> {
  const { signed, summary } = await signPending(anchoring, delegation);
  const { calls, records, moved, batchesWaiting } = signed;
  const { file, deadline, operator } = delegation;
  if (calls.length > 0) writeSigned(anchoring.registry, delegation, calls);
  return {
    summary,
    json: {
      signed: {
        file: calls.length === 0 ? null : file,
        calls: calls.length,
        records,
        moved,
        batchesWaiting,
        operator,
        deadline,
      },
    },
    text: calls.length === 0 ? ["nothing is left to sign"] : linesOf(signed, delegation),
  };
}

/** Writes what was signed for somebody else to send. */
export function writeSigned(
  { address: registry, chain }: Registry,
  { file, relay }: SignOnly,
  calls: readonly SignedCall[],
): void {
  writeOwnFile(file, relayFileText({ chainId: chain.chainId, registry, relay, calls }));
}

/** How a file of signed calls goes on its way. */
export function sendingLines(what: string, { file, deadline }: SignOnly, calls: number): string[] {
  return [
    `signed ${what} in ${counted(calls, "call")}, to be sent until ${timeForPeople(deadline)}: ${file}`,
    "whoever has an account that can pay sends it: credit-anchor relay FILE",
  ];
}

function linesOf({ calls, records, moved, batchesWaiting }: Delegated, delegation: SignOnly): string[] {
  const what = [
    ...(records === 0 ? [] : [`a batch of ${counted(records, "record")}`]),
    ...(moved === 0 ? [] : [`status moves of ${counted(moved, "record")}`]),
  ].join(" and ");
  return [
    ...sendingLines(what, delegation, calls.length),
    ...(batchesWaiting === 0
      ? []
      : [
          `waiting for this one: ${counted(batchesWaiting, "more batch", "more batches")}; when it is sent, resume --sign-only signs the next`,
        ]),
  ];
}
