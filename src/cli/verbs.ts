/**
 * All verbs, in the order of the help.
 */
import { agencyListVerb, agencyRegisterVerb, agencyShowVerb } from "./agency";
import {
  administratorAcceptVerb,
  administratorNameVerb,
  administratorRecoverVerb,
} from "./agency-administrator";
import { agencyKeyExportVerb } from "./agency-key";
import { agencyStateVerb } from "./agency-state";
import { agencyCloseVerb, agencyReinstateVerb, agencySuspendVerb } from "./agency-standing";
import {
  successionAcceptVerb,
  successionCompleteVerb,
  successionNameVerb,
  successionWithoutConsentVerb,
} from "./agency-succession";
import { anchorVerb } from "./anchor";
import { auditVerb } from "./audit";
import { batchesVerb } from "./batches";
import { bundleVerb } from "./bundle";
import { checkpointVerb } from "./checkpoint";
import { correctVerb } from "./correct";
import { disputeOpenVerb, disputeResolveVerb } from "./dispute";
import { doctorVerb } from "./doctor";
import { dueVerb } from "./due";
import {
  governanceCancelVerb,
  governanceExecuteVerb,
  governanceListVerb,
  governancePauseVerb,
  governanceRolesVerb,
  governanceScheduleVerb,
  governanceUnpauseVerb,
} from "./governance";
import { eraseProposeVerb } from "./erase";
import { eraseConfirmVerb } from "./erase-confirm";
import { leavesExportVerb } from "./leaves";
import { initVerb } from "./init";
import { markClearVerb, markSetVerb } from "./mark";
import { operatorAddVerb, operatorCompromisedVerb, operatorListVerb, operatorRemoveVerb } from "./operator";
import { operatorRotateVerb } from "./operator-rotate";
import { passphraseChangeVerb } from "./passphrase";
import { presentVerb } from "./present";
import { receiptVerb } from "./receipt";
import { reportVerifyVerb } from "./report";
import { repairVerb } from "./repair";
import { relayVerb } from "./relay";
import { resumeVerb } from "./resume";
import { serveVerb } from "./serve";
import { statusVerb } from "./status";
import { typeAdmitVerb, typeCheckVerb, typeListVerb, typeShowVerb } from "./type";
import type { Verb } from "./verb";
import { verifyVerb } from "./verify";
import { watchVerb } from "./watch";
import { withdrawVerb } from "./withdraw";

export const verbs: readonly Verb[] = [
  initVerb,
  passphraseChangeVerb,
  doctorVerb,
  agencyRegisterVerb,
  agencyShowVerb,
  agencyListVerb,
  agencySuspendVerb,
  agencyReinstateVerb,
  agencyCloseVerb,
  agencyKeyExportVerb,
  agencyStateVerb,
  administratorNameVerb,
  administratorAcceptVerb,
  administratorRecoverVerb,
  successionNameVerb,
  successionAcceptVerb,
  successionCompleteVerb,
  successionWithoutConsentVerb,
  operatorAddVerb,
  operatorRotateVerb,
  operatorRemoveVerb,
  operatorCompromisedVerb,
  operatorListVerb,
  typeCheckVerb,
  typeAdmitVerb,
  typeListVerb,
  typeShowVerb,
  anchorVerb,
  correctVerb,
  resumeVerb,
  relayVerb,
  batchesVerb,
  receiptVerb,
  presentVerb,
  bundleVerb,
  verifyVerb,
  serveVerb,
  statusVerb,
  withdrawVerb,
  repairVerb,
  disputeOpenVerb,
  disputeResolveVerb,
  markSetVerb,
  markClearVerb,
  dueVerb,
  eraseProposeVerb,
  eraseConfirmVerb,
  leavesExportVerb,
  auditVerb,
  checkpointVerb,
  reportVerifyVerb,
  watchVerb,
  governanceRolesVerb,
  governanceListVerb,
  governanceScheduleVerb,
  governanceExecuteVerb,
  governanceCancelVerb,
  governancePauseVerb,
  governanceUnpauseVerb,
];
