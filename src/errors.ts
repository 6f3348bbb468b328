/** One thing that is wrong with an input. Never quotes the value: values may be about people. */
export interface Fault {
  /** Where: `/field`, `/field/0`, `row 17`, a file name. JSON pointers where the input is JSON. */
  readonly path: string;
  /** Stable, for programs: `date.invalid`. */
  readonly code: string;
  /** For people: what is wrong and what was expected. */
  readonly message: string;
}

/** Exit statuses of the command line (docs/architecture.md). Only a verdict gives 1. */
export const ExitStatus = {
  ok: 0,
  failed: 1,
  notChecked: 2,
  notInForce: 3,
  rowsRejected: 4,
  /** The command was used wrongly, or its input cannot be used: the caller has to change something. */
  usage: 64,
  /** Everything else: the chain is not there, the disk is full, a defect of ours. */
  internal: 70,
} as const;

/**
 * The one error of this project: what went wrong, a stable code for programs, and the way out.
 *
 * The message never contains a secret nor a value of a record.
 */
export class CreditAnchorError extends Error {
  readonly code: string;
  /** What the reader can do about it. */
  readonly hint: string | undefined;
  readonly faults: readonly Fault[];
  /** 64 when the caller must change the call or its input, else 70. */
  readonly exitStatus: 64 | 70;

  constructor(
    code: string,
    message: string,
    options: { hint?: string; faults?: readonly Fault[]; cause?: unknown; exitStatus?: 64 | 70 } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CreditAnchorError";
    this.code = code;
    this.hint = options.hint;
    this.faults = options.faults ?? [];
    this.exitStatus = options.exitStatus ?? ExitStatus.usage;
  }
}
