/** Rules, types and roles under the names that readers of each language know. */
import { html, type Html } from "../html";
import type { Words } from "./words";

/** Titles of types that come with the program; another type has its code alone. */
const chineseTypes: Readonly<Record<string, string>> = { "cn.licence": "行政许可", "cn.penalty": "行政处罚" };

/** Of policies whose title has no Chinese name, by their id. */
const chineseTitles: Readonly<Record<string, string>> = {
  "samr-order-107": "国家市场监督管理总局令第107号（市场监管领域信用修复）",
};

/** What shipped policies say where no number of an article is known, and how it is told in Chinese. */
const chineseArticles: readonly (readonly [RegExp, string])[] = [
  [
    /^the article on how long negative information is kept.*13 to 18\)$/,
    "不良信息保存期限条款（第十三至十八条之一）",
  ],
  [/^the article on retention \(.*\)$/, "保存期限条款（所据资料未载条号）"],
  [/^the article on the period of disclosure \(.*\)$/, "披露期限条款（所据资料未载条号）"],
  [/^the article on the period of query \(.*\)$/, "查询期限条款（所据资料未载条号）"],
  [/^the part on classes and periods of publicity \(.*\)$/, "分类与公示期部分（所据资料未载条号）"],
  [/^the part on objections \(.*\)$/, "异议部分（所据资料未载条号；标注见第三十六条）"],
  [/^the part on penalties \(.*\)$/, "行政处罚部分（所据资料未载条号）"],
  [/^the part on the handling of repair \(article not in our source\)/, "修复办理部分（所据资料未载条号）"],
  [/ with /, "、"],
];

/** A law and its article: 《企业信息公示暂行条例》第6条. Text that no rule here knows stays as the policy has it. */
export function lawName(
  { title, policy, article }: { readonly title: string; readonly policy: string; readonly article: string },
  words: Words,
): string {
  if (words.lang === "en") return `${title}, ${article}`;
  const numbered = article.replace(
    /^art\. (\d{1,2})(?: with art\. (\d{1,2}))?$/,
    (_, ...numbers: (string | undefined)[]) =>
      numbers
        .slice(0, 2)
        .flatMap((number) => (number === undefined ? [] : [`第${chineseNumber(Number(number))}条`]))
        .join("、"),
  );
  const told = chineseArticles.reduce((text, [pattern, chinese]) => text.replace(pattern, chinese), numbered);
  const name = chineseTitles[policy.replace(/@.*$/, "")] ?? chineseNameIn(title);
  return `${name}${/^第/.test(told) && name.endsWith("》") ? "" : "，"}${told.replace("）; ", "）；")}`;
}

/** 48 as laws write it: 四十八. Up to 99. */
function chineseNumber(value: number): string {
  const digit = (of: number): string => "零一二三四五六七八九"[of]!;
  const [tens, ones] = [Math.floor(value / 10), value % 10];
  return `${tens > 1 ? digit(tens) : ""}${tens > 0 ? "十" : ""}${ones > 0 || tens === 0 ? digit(ones) : ""}`;
}

/** The Chinese name in a title that has both. */
function chineseNameIn(title: string): string {
  const name = /\p{Script=Han}[\p{Script=Han}（）]*/u.exec(title)?.[0];
  if (name === undefined) return title;
  return /(法|条例|办法|规定|）)$/.test(name) ? `《${name}》` : name;
}

/** What has to be so for a limit to be missed. */
export function conditionName(condition: string, words: Words): string {
  if (words.lang === "en") return condition;
  return condition
    .replace(/^its class is (.*)$/, "其类别为 $1")
    .replace(/^not extended to (\S+) \(.*\)$/, "未延长至 $1")
    .replace(/^the agency follows the rules of (.*)$/, "该机构适用 $1 的规定");
}

/** A type by its title, with its code. */
export function recordTypeName(code: string, words: Words): Html {
  const title = words.lang === "en" ? undefined : chineseTypes[code];
  return title === undefined ? html`<code>${code}</code>` : html`${title} <code>${code}</code>`;
}

/** The same where no element can stand: in a picture. */
export function recordTypeText(code: string, words: Words): string {
  const title = words.lang === "en" ? undefined : chineseTypes[code];
  return title === undefined ? code : `${title} ${code}`;
}

/** A role by its name, with its code. */
export function roleName(code: string, words: Words): Html {
  const name = words.keys.roleNames[code];
  return name === undefined ? html`<code>${code}</code>` : html`${name} <code>${code}</code>`;
}
