export { type Calendar, makeCalendar } from "./calendar";
export { type Certainty } from "./check";
export { addDays, addMonths, dateInChina, dateOf, dayNumber, weekday } from "./dates";
export { HOLIDAYS_FORMAT, type HolidayTable, loadHolidays } from "./holidays";
export {
  type Clock,
  clockOf,
  type ClockState,
  factsOf,
  judge,
  minimumRepairDate,
  otherClass,
  policiesOf,
  type Possibility,
  type RecordFacts,
} from "./judge";
export {
  type EventName,
  loadPolicy,
  type Period,
  type Policy,
  POLICY_FORMAT,
  policyRef,
  type Rule,
} from "./policy";
export {
  DEFAULT_AUTHORITIES,
  loadPolicySet,
  NATIONAL,
  type OwnFile,
  policiesOn,
  policyByRef,
  type PolicySet,
} from "./set";
export { codeWords, type DueFault, type DueItem, dueList, type DueRecord } from "./due";
export { toICalendar } from "./icalendar";
