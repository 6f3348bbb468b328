export { type Encoding, ENCODINGS } from "./encoding";
export { type Format, type Input, type InputOptions, type InputRow, openInput } from "./input";
export { type RowReader, rowReader } from "./rows";
