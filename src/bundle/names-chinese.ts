import type { BundleCheckName } from "./verify";

/** What is checked of a bundle, in Chinese: on its cover and on the pages. */
export const bundleChecksInChinese: Readonly<Record<BundleCheckName, string>> = {
  "type document": "类型文档",
  manifest: "批次清单",
  transaction: "交易",
  signature: "签名",
  receipt: "交易回执",
  block: "区块",
  code: "合约代码",
  deployment: "部署记录",
  checkpoints: "检查点",
  "sign-offs": "审计签署",
  seal: "整体签名",
  "time stamp": "可信时间戳",
};
