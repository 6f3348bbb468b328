import { toHex } from "../bytes";
import { batchId } from "../commitment";
import { isShown } from "../evidence";
import { formats, valueText } from "../formats";
import type { Hashes } from "../hashes";
import { html, type Content, type Html } from "../html";
import { isObject, type JsonValue } from "../json";
import type { RecordType } from "../types/record-type";
import type { Check } from "../verdict";
import { bundleDigest, type Bundle } from "./file";
import { bundleChecksInChinese, checksInChinese } from "./names-chinese";
import { bundleReasonsInChinese, reasonsInChinese } from "./reasons-chinese";
import { typeInBundle, type BundleVerdict } from "./verify";

/** What each check is called in Chinese, and why it came out as it did. */
const CHECKS: Readonly<Record<string, string>> = { ...checksInChinese, ...bundleChecksInChinese };
const REASONS: Readonly<Record<string, string>> = { ...reasonsInChinese, ...bundleReasonsInChinese };
const RESULTS: Readonly<Record<Check["result"], string>> = {
  passed: "✓ 通过 passed",
  failed: "✗ 不符 failed",
  "not-checked": "– 未核验 not checked",
};

/** Which piece answers which article of the Online Litigation Rules 2021, and what no piece can. */
const RULES: readonly (readonly [string, string, string])[] = [
  [
    "第16条 art. 16",
    "上链后未经篡改：完整性、批次归属、交易、交易回执、区块各项核验。",
    "Untampered after going on chain: integrity, inclusion, transaction, receipt and block.",
  ],
  [
    "第17条 art. 17",
    "平台：合约代码、部署记录、签名。平台是否合规、有无利害关系、是否安全可靠，不能由文件证明。",
    "The platform: code, deployment record, signature. Whether it is compliant, neutral, secure and reliable no file proves.",
  ],
  [
    "第18条 art. 18",
    "上链前的真实性：批次清单载明来源系统、采集工具、原始文件摘要与时间，由机构操作员签名；内容是否属实，须另行举证。",
    "Truth before the chain: the manifest names source system, collector, digest of the source file and times, under the operator's signature; that the content is true needs other evidence.",
  ],
  [
    "第19条 art. 19",
    "鉴定或勘验：格式公开，可以独立程序复核。",
    "Expert opinion: the format is public, and another program can check everything again.",
  ],
];

/**
 * A page for people, in Chinese and English, that follows from the bundle alone: self-contained, without scripts, for
 * reading and printing. It proves nothing; the bundle does.
 *
 * @param verdict Of the bundle without a node.
 */
export function coverPage(bundle: Bundle, verdict: BundleVerdict, hashes: Hashes): string {
  const { evidence, manifest } = bundle;
  const { record, batch, transaction, registry } = evidence;
  const type = typeInBundle(bundle, hashes);
  const shown = record.fields.filter(isShown);
  const present = shown.filter(({ value }) => value !== null);
  const absent = shown.filter(({ value }) => value === null);
  const hidden = record.fields.filter((field) => !isShown(field));
  const id = batchId(batch.agencyId, batch.sequence);
  const checks = [...verdict.checks, ...(verdict.bundle?.checks ?? [])];
  const open = checks.filter(({ result, code }) => result === "not-checked" && !code.endsWith(".absent"));
  const source = manifest?.["source"];
  return page("信用记录证据包 · Evidence bundle", [
    html`<p class="lead">
      ${both(
        "本页由证据包文件生成，供阅读与打印；证明力在证据包文件本身，须以程序复核。",
        "Made from the bundle file, for reading and printing. What proves is the file, checked by a program.",
      )}
    </p>`,
    section("记录", "Record", [
      row("记录类型", "type", typeTitle(record.type, type)),
      row("版本", "version", record.version),
      row("记录键", "record key", record.key),
      ...present.map(({ name, value }): Row => [
        fieldTitle(name, type),
        both(formats.zh.value(name, value), formats.en.value(name, value)),
      ]),
      row("未填写的字段", "fields left empty", fieldTitles(absent, type)),
      row(
        `未出示的字段（${hidden.length} 项）`,
        `hidden fields (${hidden.length})`,
        fieldTitles(hidden, type),
      ),
    ]),
    section("链上锚定", "Anchor", [
      row("链", "chain", registry.chainId),
      row("登记簿地址", "registry", registry.address),
      row("批次", "batch", id),
      row(
        "批次中的位置",
        "position in it",
        both(
          `第 ${record.index} 号，共 ${batch.size} 条，从 0 起计`,
          `${record.index} of ${batch.size}, counted from 0`,
        ),
      ),
      row("锚定时间", "anchored", clock(batch.anchoredAt)),
      row("操作员", "operator", batch.operator),
      row("批次的根", "root", batch.root),
      row("清单哈希", "hash of the manifest", batch.manifestHash),
      row("交易", "transaction", transaction.hash),
      row("区块", "block", `${transaction.blockNumber} / ${transaction.blockHash}`),
      row("合约代码的哈希", "hash of the contract's code", bundle.codeHash),
    ]),
    manifest !== undefined &&
      isObject(source) &&
      section("采集（仅供审计与法院）", "Collection (for auditors and courts only)", [
        row("机构代码", "agency's code", orDash(manifest["agencyCode"])),
        row("来源系统", "source system", orDash(source["system"])),
        row("采集工具", "collector", orDash(source["collector"])),
        row("原始文件 SHA-256", "source file SHA-256", orDash(source["sha256"])),
        row("行", "rows", `${orDash(source["firstRow"])}–${orDash(source["lastRow"])}`),
        row("采集开始时间", "collection started", moment(manifest["times"], "started")),
        row("编成批次时间", "batch put together", moment(manifest["times"], "planned")),
      ]),
    html`<h2>${both("脱机核验", "Checked without a node")}</h2>`,
    table(
      checks.map(({ name, result, code, message }) => [
        both(CHECKS[name] ?? name, name),
        html`<span class="${result}">${RESULTS[result]}</span>`,
        both(REASONS[code] ?? message, message),
      ]),
    ),
    html`<p>
      ${both(
        `仍须联网或由他处确认：${open.map(({ name }) => CHECKS[name] ?? name).join("、") || "无"}。`,
        `Still to be confirmed by a node or from elsewhere: ${open.map(({ name }) => name).join(", ") || "nothing"}.`,
      )}
    </p>`,
    html`<h2>${both("人民法院在线诉讼规则（2021）", "Online Litigation Rules 2021")}</h2>`,
    table(RULES.map(([article, zh, en]) => [article, both(zh, en)])),
    html`<h2>${both("复核", "Check it again")}</h2>`,
    html`<p>
      ${both(
        "登记簿地址应取自主管部门公布，而非本文件。",
        "Take the registry's address from its authority, not from this file.",
      )}
    </p>`,
    html`<pre>credit-anchor verify BUNDLE.json --rpc URL --registry ADDRESS</pre>`,
    section("文件", "File", [
      row("SHA-256", "digest", toHex(bundleDigest(bundle, hashes))),
      row("制作工具", "made by", bundle.tool),
      row("制作时间", "made at", clock(bundle.madeAt)),
      row("整体签名", "sealed by", bundle.seal?.signer),
    ]),
  ]);
}

type Row = readonly [title: Content, value: Content];

function section(zh: string, en: string, rows: readonly Row[]): Html {
  return html`<h2>${both(zh, en)}</h2>
    ${table(rows)}`;
}

function row(zh: string, en: string, value: Content): Row {
  return [both(zh, en), value ?? "—"];
}

/** What a type is called, and its name in the registry. */
function typeTitle(name: string, type: RecordType | undefined): Html {
  const titles = both(formats.zh.typeTitle(name, type), formats.en.typeTitle(name, type));
  return type === undefined ? titles : html`${titles} <code>${name}</code>`;
}

/** What a field is called, by the titles of its type. */
function fieldTitle(name: string, type: RecordType | undefined): Html {
  return both(formats.zh.fieldTitle(name, type), formats.en.fieldTitle(name, type));
}

function fieldTitles(fields: readonly { readonly name: string }[], type: RecordType | undefined): Html {
  const list = ({ fieldTitle }: (typeof formats)["zh"], between: string): string =>
    fields.map(({ name }) => fieldTitle(name, type)).join(between) || "—";
  return both(list(formats.zh, "；"), list(formats.en, "; "));
}

function table(rows: readonly (readonly Content[])[]): Html {
  return html`<table>
    ${rows.map(
      ([first, ...others]) =>
        html`<tr>
          <th>${first}</th>
          ${others.map((cell) => html`<td>${cell}</td>`)}
        </tr>`,
    )}
  </table>`;
}

/** The same in both languages; once, where both say it alike. */
function both(zh: string, en: string): Html {
  if (zh === en) return html`<span>${zh}</span>`;
  return html`<span lang="zh-CN">${zh}</span> <span lang="en">${en}</span>`;
}

function orDash(value: JsonValue | undefined): string {
  return value === undefined || value === null ? "—" : valueText(value);
}

/** Seconds since 1970, as clocks in China show it. */
function clock(seconds: number): Html {
  return both(`${formats.zh.time(seconds)}（北京时间）`, `${formats.en.time(seconds)} UTC+8`);
}

/** A time of the manifest's. What is no time stands there as it is. */
function moment(times: JsonValue | undefined, name: string): Content {
  const value = isObject(times) ? times[name] : undefined;
  const milliseconds = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(milliseconds) ? orDash(value) : clock(Math.floor(milliseconds / 1000));
}

function page(title: string, parts: readonly Content[]): string {
  return html`<!doctype html><!-- credit-anchor/cover -->
    <html lang="zh-CN">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          body {
            font:
              11pt/1.5 "Noto Sans CJK SC",
              "Source Han Sans SC",
              "Microsoft YaHei",
              sans-serif;
            color: #111;
            background: #fff;
            max-width: 50rem;
            margin: 2rem auto;
            padding: 0 1rem;
          }
          h1 {
            font-size: 1.5rem;
            border-bottom: 3px solid #b01e23;
            padding-bottom: 0.4rem;
          }
          h2 {
            font-size: 1.1rem;
            margin: 1.6rem 0 0.4rem;
            break-after: avoid;
          }
          table {
            border-collapse: collapse;
            width: 100%;
          }
          th,
          td {
            border: 1px solid #999;
            padding: 0.25rem 0.5rem;
            text-align: left;
            vertical-align: top;
            overflow-wrap: anywhere;
          }
          th {
            width: 28%;
            font-weight: 600;
            background: #f4f4f4;
          }
          tr {
            break-inside: avoid;
          }
          span[lang="en"] {
            color: #444;
            font-size: 0.9em;
          }
          td:nth-child(2):not(:last-child) {
            white-space: nowrap;
          }
          .passed {
            color: #0a5c2b;
          }
          .failed {
            color: #a00;
            font-weight: 700;
          }
          .not-checked {
            color: #555;
          }
          .lead {
            border-left: 4px solid #b01e23;
            padding-left: 0.7rem;
          }
          pre {
            background: #f4f4f4;
            padding: 0.6rem;
            overflow-wrap: anywhere;
            white-space: pre-wrap;
          }
          @media screen and (max-width: 40rem) {
            tr,
            th,
            td {
              display: block;
            }
            th {
              width: auto;
            }
            th,
            td:not(:last-child) {
              border-bottom: 0;
            }
            td:not(:first-child) {
              border-top: 0;
            }
          }
          @page {
            size: A4;
            margin: 18mm 16mm;
            @bottom-right {
              content: counter(page) " / " counter(pages);
              font-size: 8pt;
            }
          }
          @media print {
            body {
              margin: 0;
              max-width: none;
              font-size: 9.5pt;
            }
            th {
              background: none;
            }
          }
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${parts}
      </body>
    </html> `.toString();
}
