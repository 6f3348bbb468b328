import creditReporting from "./data/credit-reporting.json";
import doublePublicity from "./data/double-publicity.json";
import enterprisePublicity from "./data/enterprise-publicity.json";
import henanCredit from "./data/henan-credit.json";
import holidays2023 from "./data/holidays-2023.json";
import holidays2024 from "./data/holidays-2024.json";
import holidays2025 from "./data/holidays-2025.json";
import holidays2026 from "./data/holidays-2026.json";
import ndrcOrder36 from "./data/ndrc-order-36.json";
import ndrcOrder58 from "./data/ndrc-order-58.json";
import penaltiesLaw from "./data/penalties-law.json";
import samrOrder107 from "./data/samr-order-107.json";
import shandongCredit from "./data/shandong-credit.json";
import shanghaiCredit from "./data/shanghai-credit.json";
import shenzhenCredit from "./data/shenzhen-credit.json";
import zhejiangCredit from "./data/zhejiang-credit.json";

/** Documents `credit-anchor/policy` that come with the program. */
export const shippedPolicies: readonly unknown[] = [
  ndrcOrder36,
  ndrcOrder58,
  samrOrder107,
  enterprisePublicity,
  doublePublicity,
  penaltiesLaw,
  creditReporting,
  shanghaiCredit,
  shandongCredit,
  henanCredit,
  shenzhenCredit,
  zhejiangCredit,
];

/** Documents `credit-anchor/holidays` that come with the program: the years that were announced when it was made. */
export const shippedHolidays: readonly unknown[] = [holidays2023, holidays2024, holidays2025, holidays2026];
