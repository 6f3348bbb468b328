export { checkType, ANNOTATION, SCHEMA_URI } from "./check-type";
export { type Column, columnForm } from "./columns";
export { type CheckName } from "./checks";
export { type Condition, type Field, loadType, type RecordType, type Sensitivity } from "./record-type";
export { shippedDocuments, shippedTypes } from "./shipped";
