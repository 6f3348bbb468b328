import type { CheckName } from "../verdict";
import type { BundleCheckName } from "./verify";

/** What is checked of a record, in Chinese: on the cover of a bundle and on the pages. */
export const checksInChinese: Readonly<Record<CheckName, string>> = {
  format: "格式",
  type: "记录类型",
  integrity: "完整性",
  inclusion: "批次归属",
  anchor: "链上锚定",
  issuer: "出具机构",
  status: "状态",
  freshness: "数据时效",
};

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
  "sign-offs": "审计声明",
  seal: "整体签名",
  "time stamp": "可信时间戳",
};
