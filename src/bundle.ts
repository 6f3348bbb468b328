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
export {
  BUNDLE_CHECK_NAMES,
  verifyBundle,
  type BundleCheck,
  type BundleCheckName,
  type BundleVerdict,
  type VerifyBundleRequest,
} from "./bundle/verify";
