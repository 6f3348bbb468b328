import type { enExplore } from "./en-explore";

export const zhExplore: typeof enExplore = {
  title: "查阅登记簿",
};
