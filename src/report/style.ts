/** How the report looks, on a screen and on paper. Nothing in it comes from outside but what {@link inMargin} lets through. */

const RULES = `
:root { color-scheme: light; --ink: #1b1f24; --soft: #5a6270; --rule: #c9ced6; --faint: #f4f5f7; --blue: #1f3a5f; --sky: #b9c8da; --red: #96201b; --amber: #7a5200; --green: #1d5b3a; }
* { box-sizing: border-box; }
html { background: #eceef1; }
body { margin: 0 auto; max-width: 58rem; padding: 3.2rem 3.6rem 4rem; background: #fff; color: var(--ink); font: 400 0.98rem/1.6 Georgia, "Liberation Serif", "Source Han Serif SC", "Noto Serif CJK SC", "Songti SC", SimSun, serif; font-variant-numeric: lining-nums tabular-nums; overflow-wrap: break-word; }
html:lang(zh-CN) body { font-family: "Source Han Serif SC", "Noto Serif CJK SC", "Songti SC", SimSun, serif; line-height: 1.75; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0.2rem 0 1.4rem; letter-spacing: 0.01em; }
h2 { font-size: 1.22rem; margin: 2.8rem 0 0.8rem; padding-top: 0.7rem; border-top: 2px solid var(--ink); break-after: avoid; }
h3 { font-size: 1.02rem; margin: 1.7rem 0 0.5rem; break-after: avoid; }
h4 { font-size: 0.98rem; margin: 1.3rem 0 0.4rem; break-after: avoid; }
p { margin: 0.5rem 0; }
a { color: var(--blue); }
.top { display: flex; justify-content: space-between; gap: 1rem; color: var(--soft); font-size: 0.88rem; }
.verdict { border: 1px solid var(--c); border-left-width: 0.55rem; padding: 1rem 1.3rem; margin: 1.2rem 0 1.6rem; break-inside: avoid; }
.verdict p:first-child { font-size: 1.4rem; line-height: 1.3; font-weight: 700; color: var(--c); margin: 0 0 0.5rem; }
.verdict p { max-width: 44rem; }
.bad { --c: var(--red); } .fair { --c: var(--amber); } .good { --c: var(--green); }
.figures { display: grid; grid-template-columns: repeat(7, 1fr); gap: 0; margin: 0 0 1.6rem; border-top: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.figures div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: 0.6rem 0.8rem 0.6rem 0; }
.figures dt { color: var(--soft); font-size: 0.82rem; line-height: 1.35; }
.figures dd { margin: 0; font-size: 1.25rem; line-height: 1.3; }
.figures .alert dd { color: var(--red); font-weight: 700; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1.4rem; margin: 0.6rem 0; font-size: 0.92rem; }
dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0; min-width: 0; }
code, .hex { font: 0.84em/1.5 "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
.hex { word-break: break-all; } dl.facts .hex { font-size: 0.78em; line-height: 1.9; }
pre { background: var(--faint); border: 1px solid var(--rule); padding: 0.6rem 0.8rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.4rem 0 0.9rem; }
pre code { font-size: 0.8rem; }
nav ol { columns: 2; column-gap: 2.5rem; padding-left: 1.4rem; margin: 0.3rem 0; font-size: 0.94rem; }
nav a { text-decoration: none; } nav a:hover { text-decoration: underline; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.87rem; line-height: 1.45; margin: 0.7rem 0 1rem; border-top: 1.5px solid var(--ink); border-bottom: 1.5px solid var(--ink); }
caption { text-align: left; color: var(--soft); padding: 0 0 0.35rem; font-size: 0.87rem; caption-side: top; }
th, td { text-align: left; padding: 0.26rem 0.8rem 0.26rem 0; vertical-align: baseline; }
th { font-weight: 700; } thead th { border-bottom: 1px solid var(--ink); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid #e6e8ec; }
tbody th { font-weight: 400; } tr.group > * { font-weight: 700; border-top: 1px solid var(--ink) !important; padding-top: 0.5rem; }
tr.sum > * { font-weight: 700; }
.n { text-align: right; } td.n { white-space: nowrap; } td:last-child, th:last-child { padding-right: 0.2rem; }
th code, td code, td.hex, td .hex { white-space: nowrap; word-break: normal; overflow-wrap: normal; } td.hex, td .hex { font-size: 0.78em; }
html:lang(zh-CN) thead th, .nw { white-space: nowrap; }
.late { color: var(--red); font-weight: 700; }
ol.differences { list-style: none; padding: 0; margin: 0.6rem 0; }
ol.differences > li { border-top: 1px solid var(--rule); padding: 0.7rem 0; break-inside: avoid; }
ol.differences > li > p:first-child { font-weight: 700; margin: 0 0 0.2rem; }
ol.differences code { font-weight: 400; }
.original { color: var(--soft); font-size: 0.86rem; margin: 0 0 0.3rem; }
.soft { color: var(--soft); } .legend { color: var(--soft); font-size: 0.86rem; }
.plot { display: block; width: 100%; height: auto; margin: 0.4rem 0 0.8rem; break-inside: avoid; }
.plot text, .key { font-family: "Liberation Sans", Arial, "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; }
.plot .label { font-size: 11px; fill: #1b1f24; } .plot .note { font-size: 10px; fill: #5a6270; }
.plot.narrow { display: none; max-width: 30rem; } .narrow .label { font-size: 14px; } .narrow .note { font-size: 13px; }
.base { stroke: #9aa2ae; stroke-width: 0.7; } .claimed { fill: #b9c8da; } .proven { fill: #1f3a5f; } .unknown { fill: #dfe3e8; }
.doubt { fill: #96201b; } .hatched { fill: url(#hatch); } .hatch-ground { fill: #f3d9d7; } .hatch-line { fill: #96201b; }
.defs { position: absolute; }
.key { font-size: 0.78rem; color: var(--soft); margin: 0.2rem 0; } .key span { margin-right: 1.4rem; white-space: nowrap; }
figure { margin: 1rem 0 1.4rem; break-inside: avoid; } figcaption { font-weight: 700; font-size: 0.92rem; }
@media screen and (max-width: 44rem) { body { padding: 1.4rem 1.1rem 3rem; } nav ol { columns: 1; } .figures { grid-template-columns: repeat(2, 1fr); } dl.facts { grid-template-columns: 1fr; } dl.facts dt { margin-top: 0.4rem; } th, td { padding-right: 0.5rem; } tbody th, thead th:first-child { position: sticky; left: 0; background: #fff; } }
@media screen and (max-width: 40rem) { .plot.wide { display: none; } .plot.narrow { display: block; } }
@media print {
  html { background: none; } body { max-width: none; padding: 0; font-size: 10pt; } .figures dd { font-size: 1.1rem; } .figures dt { font-size: 0.74rem; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2 { margin-top: 1.6rem; } .table { overflow: visible; } table { font-size: 0.78rem; } th, td { padding-right: 0.5rem; } thead { display: table-header-group; } tr, pre { break-inside: avoid; } caption, thead { break-after: avoid; }
  .screen { display: none; } a { color: inherit; text-decoration: none; }
}
`;

/** The whole style: with what stands in the margins of each printed page. */
export function styleOf(margins: {
  readonly registry: string;
  readonly block: string;
  readonly hash: string;
  readonly page: string;
}): string {
  const font = `font: 7pt "DejaVu Sans Mono", Consolas, "Noto Sans CJK SC", monospace; color: #5a6270;`;
  return `${RULES}@page { size: A4; margin: 20mm 18mm 20mm;
  @top-left { content: ${inMargin(margins.registry)}; ${font} }
  @top-right { content: ${inMargin(margins.block)}; ${font} }
  @bottom-left { content: ${inMargin(margins.hash)}; ${font} }
  @bottom-right { content: ${inMargin(margins.page)} " " counter(page) " / " counter(pages); ${font} }
}
`;
}

/** As a CSS string: letters and digits as they are, all else as its code point. */
function inMargin(text: string): string {
  return `"${text.replace(/[^0-9A-Za-z ,.:-]/gu, (character) => `\\${character.codePointAt(0)!.toString(16)} `)}"`;
}
