import { encodeBytes32String } from "ethers";
import { encodePositions } from "../../src/positions";
import {
  AGENCY,
  ALICE,
  ARBITER,
  BOB,
  Forger,
  OPERATOR,
  proposal,
  registry,
  TYPE,
  word,
  type Args,
  type Entry,
} from "./forger";

/** One entry for each event of the journal, computed by ethers' ABI coder and nothing of src/audit. */
export function journalVectors() {
  const forger = new Forger();
  const first = forger.head;
  const reason = { reason: 1, actor: ARBITER };
  forger
    .emit("AgencyAdmitted", AGENCY)
    .emit("TypeAdmitted", TYPE)
    .emit("OperatorAdded", OPERATOR)
    .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: OPERATOR_FROM + 1 })
    .batch(0)
    .record(1, 1, undefined)
    .record(2, 2, 1)
    .status("StatusChanged", { status: 3, reason: 20 })
    .status("RecordsSuperseded", {
      positions: encodePositions([1, 2, 7]),
      successors: [word("a"), word("b"), word("c")],
    })
    .status("MarksSet", { marks: 0x30, positions: encodePositions([3]) })
    .status("MarksCleared", { marks: 0x10, positions: encodePositions([3]) })
    .status("ErasureProposed", { proposal: proposal() })
    .status("RecordsErased", { actor: BOB })
    .emit("AgencySuspended", { agencyId: 1, ...reason })
    .emit("AgencyReinstated", { agencyId: 1, ...reason })
    .emit("Paused", reason)
    .emit("Unpaused", reason)
    .emit("AdministratorNamed", { agencyId: 1, administrator: BOB })
    .emit("AdministratorChanged", { agencyId: 1, administrator: BOB })
    .emit("OperatorRevoked", { agencyId: 1, operator: ALICE })
    .emit("OperatorCompromised", { agencyId: 1, operator: ALICE, since: OPERATOR_FROM })
    .emit("AgencyAdmitted", { ...AGENCY, agencyId: 2, code: encodeBytes32String("91120000TEST") })
    .emit("AgencyClosed", { agencyId: 2, ...reason })
    .emit("AuthorityChanged", { authority: BOB })
    .emit("AgencyAdmitted", { ...AGENCY, agencyId: 3, code: encodeBytes32String("91130000TEST") })
    .emit("SuccessorNamed", { agencyId: 1, successor: 3 })
    .emit("SuccessionAccepted", { agencyId: 1, successor: 3 })
    .emit("SuccessionDeclined", { agencyId: 1, successor: 3 })
    .emit("SuccessionAccepted", { agencyId: 1, successor: 3 })
    .emit("AgencySucceeded", { agencyId: 1, successor: 3, reason: 52, actor: ARBITER })
    .emit("AdministratorRecovered", { agencyId: 3, administrator: ALICE, reason: 50, actor: ARBITER })
    .emit("RegistrySucceeded", { successor: BOB, actor: ARBITER });
  return {
    about:
      "A journal with every event. `encoded` is what entryHash is the Keccak-256 of; `head` is the running hash after the entry, `first` the one before all.",
    registry,
    first,
    entries: forger.entries.map(plain),
  };
}

const OPERATOR_FROM = OPERATOR.validFrom as number;

function plain({ fields, ...entry }: Entry): Args {
  const values = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === "bigint" ? String(value) : value,
  ]);
  return { ...entry, fields: Object.fromEntries(values) as Args };
}
