export { coverPage } from "./bundle/cover";
export { bundleChecksInChinese, checksInChinese } from "./bundle/names-chinese";
export { readExhibit, verifyExhibit, type Exhibit } from "./bundle/exhibit";
export {
  BUNDLE_FORMAT,
  bundleDigest,
  bundleText,
  isBundleText,
  readBundle,
  sealDigest,
  type Anchoring,
  type Bundle,
  type ReadBundle,
} from "./bundle/file";
export { timestampQuery, tokenOf } from "./bundle/timestamp";
export {
  BUNDLE_CHECK_NAMES,
  verifyBundle,
  type AuthorityAnswer,
  type BundleCheck,
  type BundleCheckName,
  type BundleVerdict,
  type VerifyBundleRequest,
} from "./bundle/verify";
