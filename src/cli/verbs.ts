/**
 * All verbs, in the order of the help. A command loads the one it is about, and what that needs: loading all of them
 * takes longer than most commands work.
 */
/* eslint-disable @typescript-eslint/consistent-type-imports -- the types of what is loaded when it is needed */
import type { Verb } from "./verb";

const loaders: Readonly<Record<string, () => Verb>> = {
  init: () => (require("./init") as typeof import("./init")).initVerb,
  "passphrase change": () => (require("./passphrase") as typeof import("./passphrase")).passphraseChangeVerb,
  doctor: () => (require("./doctor") as typeof import("./doctor")).doctorVerb,
  "agency register": () => (require("./agency") as typeof import("./agency")).agencyRegisterVerb,
  "agency show": () => (require("./agency") as typeof import("./agency")).agencyShowVerb,
  "agency list": () => (require("./agency") as typeof import("./agency")).agencyListVerb,
  "agency suspend": () =>
    (require("./agency-standing") as typeof import("./agency-standing")).agencySuspendVerb,
  "agency reinstate": () =>
    (require("./agency-standing") as typeof import("./agency-standing")).agencyReinstateVerb,
  "agency close": () => (require("./agency-standing") as typeof import("./agency-standing")).agencyCloseVerb,
  "agency key export": () => (require("./agency-key") as typeof import("./agency-key")).agencyKeyExportVerb,
  "agency state": () => (require("./agency-state") as typeof import("./agency-state")).agencyStateVerb,
  "agency administrator name": () =>
    (require("./agency-administrator") as typeof import("./agency-administrator")).administratorNameVerb,
  "agency administrator accept": () =>
    (require("./agency-administrator") as typeof import("./agency-administrator")).administratorAcceptVerb,
  "agency administrator recover": () =>
    (require("./agency-administrator") as typeof import("./agency-administrator")).administratorRecoverVerb,
  "agency succession name": () =>
    (require("./agency-succession") as typeof import("./agency-succession")).successionNameVerb,
  "agency succession accept": () =>
    (require("./agency-succession") as typeof import("./agency-succession")).successionAcceptVerb,
  "agency succession complete": () =>
    (require("./agency-succession") as typeof import("./agency-succession")).successionCompleteVerb,
  "agency succession complete-without-consent": () =>
    (require("./agency-succession") as typeof import("./agency-succession")).successionWithoutConsentVerb,
  "operator add": () => (require("./operator") as typeof import("./operator")).operatorAddVerb,
  "operator rotate": () =>
    (require("./operator-rotate") as typeof import("./operator-rotate")).operatorRotateVerb,
  "operator remove": () => (require("./operator") as typeof import("./operator")).operatorRemoveVerb,
  "operator compromised": () =>
    (require("./operator") as typeof import("./operator")).operatorCompromisedVerb,
  "operator void": () => (require("./operator-void") as typeof import("./operator-void")).operatorVoidVerb,
  "operator list": () => (require("./operator") as typeof import("./operator")).operatorListVerb,
  "type check": () => (require("./type") as typeof import("./type")).typeCheckVerb,
  "type admit": () => (require("./type") as typeof import("./type")).typeAdmitVerb,
  "type list": () => (require("./type") as typeof import("./type")).typeListVerb,
  "type show": () => (require("./type") as typeof import("./type")).typeShowVerb,
  anchor: () => (require("./anchor") as typeof import("./anchor")).anchorVerb,
  correct: () => (require("./correct") as typeof import("./correct")).correctVerb,
  resume: () => (require("./resume") as typeof import("./resume")).resumeVerb,
  relay: () => (require("./relay") as typeof import("./relay")).relayVerb,
  batches: () => (require("./batches") as typeof import("./batches")).batchesVerb,
  receipt: () => (require("./receipt") as typeof import("./receipt")).receiptVerb,
  present: () => (require("./present") as typeof import("./present")).presentVerb,
  bundle: () => (require("./bundle") as typeof import("./bundle")).bundleVerb,
  verify: () => (require("./verify") as typeof import("./verify")).verifyVerb,
  serve: () => (require("./serve") as typeof import("./serve")).serveVerb,
  status: () => (require("./status") as typeof import("./status")).statusVerb,
  withdraw: () => (require("./withdraw") as typeof import("./withdraw")).withdrawVerb,
  repair: () => (require("./repair") as typeof import("./repair")).repairVerb,
  "dispute open": () => (require("./dispute") as typeof import("./dispute")).disputeOpenVerb,
  "dispute resolve": () => (require("./dispute") as typeof import("./dispute")).disputeResolveVerb,
  "mark set": () => (require("./mark") as typeof import("./mark")).markSetVerb,
  "mark clear": () => (require("./mark") as typeof import("./mark")).markClearVerb,
  due: () => (require("./due") as typeof import("./due")).dueVerb,
  "erase propose": () => (require("./erase") as typeof import("./erase")).eraseProposeVerb,
  "erase confirm": () => (require("./erase-confirm") as typeof import("./erase-confirm")).eraseConfirmVerb,
  "leaves export": () => (require("./leaves") as typeof import("./leaves")).leavesExportVerb,
  audit: () => (require("./audit") as typeof import("./audit")).auditVerb,
  checkpoint: () => (require("./checkpoint") as typeof import("./checkpoint")).checkpointVerb,
  "report record": () => (require("./report") as typeof import("./report")).reportRecordVerb,
  "report verify": () => (require("./report") as typeof import("./report")).reportVerifyVerb,
  watch: () => (require("./watch") as typeof import("./watch")).watchVerb,
  "governance roles": () => (require("./governance") as typeof import("./governance")).governanceRolesVerb,
  "governance list": () => (require("./governance") as typeof import("./governance")).governanceListVerb,
  "governance schedule": () =>
    (require("./governance") as typeof import("./governance")).governanceScheduleVerb,
  "governance execute": () =>
    (require("./governance") as typeof import("./governance")).governanceExecuteVerb,
  "governance cancel": () => (require("./governance") as typeof import("./governance")).governanceCancelVerb,
  "governance pause": () => (require("./governance") as typeof import("./governance")).governancePauseVerb,
  "governance unpause": () =>
    (require("./governance") as typeof import("./governance")).governanceUnpauseVerb,
};

/** Words of every verb. */
export const verbNames: readonly string[] = Object.keys(loaders);

/** Loads the verbs of a family, `agency` for `agency register` too; all of them for any other word, or none. */
export function loadVerbs(family?: string): readonly Verb[] {
  const wanted = verbNames.filter((name) => name.split(" ")[0] === family);
  return (wanted.length > 0 ? wanted : verbNames).map((name) => loaders[name]!());
}
