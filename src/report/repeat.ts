/** Sections 8 and 9: how to do it again, and what the words mean. */
import type { AuditReport } from "../audit";
import { html, type Html } from "../html";
import type { Words } from "./words";

export function repeat(report: AuditReport, hash: string, words: Words): Html {
  const { repeat: said } = words;
  return html`<h2 id="s8">8 ${said.heading}</h2>
    <p>${said.intro}</p>
    <h3>8.1 ${said.sources}</h3>
    <ul>
      ${report.sources.map((node, i) => html`<li><code>${node}</code>${words.marks.bracketed(i === 0 ? said.first : said.witness)}</li>`)}
    </ul>
    <h3>8.2 ${said.commands}</h3>
    <p>${said.same}</p>
    <pre><code>${command(report)}</code></pre>
    <p class="soft">${said.placeholders}</p>
    <p>${said.hash}</p>
    <pre><code>sha256sum report.json
${hash}  report.json</code></pre>
    <p class="soft">${said.statement}</p>`;
}

/** The call that audits the same again. Which nodes to ask is for whoever repeats it to choose. */
export function command(report: AuditReport): string {
  const { registry, block, sources, externalHead, checkpoint, roles, signOffs, coverage, options, index } =
    report;
  const rolesHead = roles.find((one) => one.externalHead !== null)?.externalHead;
  const heads = [
    ...(externalHead === null ? [] : [`--head ${externalHead.length}:${externalHead.head}`]),
    ...(rolesHead === null || rolesHead === undefined
      ? []
      : [`--roles-head ${rolesHead.length}:${rolesHead.head}`]),
  ];
  // A deployment record names the registry.
  const isNamed = options.some((option) => option.startsWith("--deployment "));
  return [
    "credit-anchor audit --rpc URL",
    ...(isNamed ? [] : [`--registry ${registry.address}`]),
    `--to-block ${block.number}`,
    ...(sources.length > 1
      ? [`--witness ${Array.from({ length: sources.length - 1 }, () => "URL").join(",")}`]
      : []),
    ...(checkpoint === null ? heads : ["--since CHECKPOINT"]),
    ...(signOffs === null ? [] : [`--sign-offs ${signOffs.address}`]),
    ...options,
    ...(coverage.period === "month" ? [] : [`--period ${coverage.period}`]),
    ...(index === null ? [] : ["--without-index"]),
    "--report DIR",
  ].join(" ");
}

export function glossary(words: Words): Html {
  const { words: said } = words;
  return html`<h2 id="s9">9 ${said.heading}</h2>
    <dl class="facts">
      ${said.list.map(
        ([word, meaning]) =>
          html`<dt>${word}</dt>
            <dd>${meaning}</dd>`,
      )}
    </dl>`;
}
