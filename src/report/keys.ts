/** Section 7: which key could do what when, and who held which role. */
import type { AuditReport, KeyUse, RolesReport, StatementReport } from "../audit";
import { key, timeChart } from "./charts";
import { figure } from "./coverage";
import { clock, count, isEndless, time } from "./format";
import { html, type Html } from "../html";
import { numeric, table } from "./table";
import { MOST_SHOWN } from "./findings";
import { roleName } from "./law";
import { headElsewhere } from "./limits";
import type { Words } from "./words";

const KEYS_PICTURED = 40;

export function keys(report: AuditReport, words: Words): Html {
  const { keys: said } = words;
  return html`<h2 id="s7">7 ${said.heading}</h2>
    <h3>7.1 ${said.operators}</h3>
    ${operators(report, words)}
    <h3>7.2 ${said.roles}</h3>
    ${report.roles.length === 0 ? html`<p>${said.rolesNone}</p>` : report.roles.map((roles) => authority(roles, words))}
    <h3>7.3 ${said.signOffs}</h3>
    ${signOffs(report, words)}`;
}

function operators({ keys: uses, block }: AuditReport, words: Words): Html {
  const { keys: said } = words;
  if (uses.length === 0) return html`<p>${words.none}</p>`;
  return html`${picture(uses, block.time, words)}
  ${table(
    [
      said.operator,
      said.may,
      inZone(said.from, words),
      inZone(said.until, words),
      numeric(said.batches),
      numeric(said.moves),
    ],
    uses.map((use) => row(use, words)),
  )}`;
}

/** The head of a column of moments: in which zone they are is said once. */
function inZone(name: string, { marks, zone }: Words): string {
  return `${name}${marks.bracketed(zone)}`;
}

function moment(seconds: number, words: Words): Html {
  return html`<span class="nw">${clock(seconds, words)}</span>`;
}

function row(use: KeyUse, words: Words): Html {
  const { keys: said } = words;
  const { agencyId, operator, permissions, validFrom, validUntil, revokedAt, batches, acts, compromise } =
    use;
  return html`<tr>
    <td>
      ${said.agency} ${agencyId}<br /><span class="hex">${operator}</span>${
        compromise !== null &&
        html`<br /><span class="late"
            >${said.compromised(time(compromise.since, words), time(compromise.declaredAt, words))}</span
          >`
      }
    </td>
    <td>${permissions.map((permission) => said.permissions[permission]).join(words.marks.list)}</td>
    <td>${moment(validFrom, words)}</td>
    <td>
      ${moment(validUntil, words)}${revokedAt !== null && html`<br /><span class="soft">${said.revoked}<br />${moment(revokedAt, words)}</span>`}
    </td>
    <td class="n">${count(batches)}</td>
    <td class="n">${count(acts)}</td>
  </tr>`;
}

function picture(uses: readonly KeyUse[], now: number, words: Words): Html {
  const { keys: said } = words;
  const shown = uses.slice(0, KEYS_PICTURED);
  const first = Math.min(now, ...shown.map(({ validFrom }) => validFrom));
  const doubt = shown.filter(({ compromise }) => compromise !== null).length;
  const rows = shown.map(({ agencyId, operator, validFrom, validUntil, compromise }) => ({
    label: `${agencyId} ${operator.slice(0, 8)}…${operator.slice(-4)}`,
    stretches: [
      { kind: "proven", from: validFrom, until: isEndless(validUntil) ? now : validUntil },
      ...(compromise === null
        ? []
        : [{ kind: "hatched", from: compromise.since, until: compromise.revokedAt }]),
    ],
  }));
  const dates = [time(first, words), time(now, words)] as const;
  return html`${key([
    ["proven", said.valid],
    ["hatched", said.doubt],
  ])}
  ${figure(said.plot, timeChart("ke", said.plot, said.describe(count(shown.length), count(doubt)), rows, [first, now], dates))}`;
}

/** Statements of auditors on chain: the latest ones, and in report.json all. */
function signOffs({ signOffs: found }: AuditReport, words: Words): Html {
  const { keys: said } = words;
  if (found === null) return html`<p>${said.signOffsUnknown}</p>`;
  const { address, statements } = found;
  if (statements.length === 0) return html`<p>${said.signOffsNone(address)}</p>`;
  const earlier = statements.length - MOST_SHOWN;
  return html`${table(
    [
      numeric(said.statement),
      said.auditor,
      inZone(said.recorded, words),
      numeric(said.entries),
      numeric(said.upTo),
      said.outcome,
      said.compared,
    ],
    statements.slice(-MOST_SHOWN).map((one) => statementRow(one, words)),
    said.signOffsOf(address, count(statements.length)),
  )}
  ${earlier > 0 && html`<p class="soft">${words.more(count(earlier))}</p>`}`;
}

function statementRow(
  { index, auditor, statement, time: at, block, holds }: StatementReport,
  words: Words,
): Html {
  const { keys: said } = words;
  return html`<tr>
    <td class="n">${count(index)}</td>
    <td class="hex">${auditor}</td>
    <td>${moment(at, words)}<br /><span class="soft">${words.where.block} ${block}</span></td>
    <td class="n">${count(statement.journalLength)}</td>
    <td class="n">${statement.blockNumber}</td>
    <td>${said.outcomes[statement.outcome]}</td>
    <td>
      ${holds === false ? html`<span class="late">${said.differs}</span>` : holds === null ? said.open : said.holds}
    </td>
  </tr>`;
}

function authority({ authority: address, journal, externalHead, tenures }: RolesReport, words: Words): Html {
  const { keys: said } = words;
  return html`${externalHead !== null && html`<p>${headElsewhere(externalHead, words)}</p>`}
  ${table(
    [said.role, said.account, inZone(said.from, words), inZone(said.until, words), numeric(said.delay)],
    tenures.map(
      ({ role, account, from, until, delay }) =>
        html`<tr>
          <td>${roleName(role, words)}</td>
          <td class="hex">${account}</td>
          <td>${moment(from, words)}</td>
          <td>${until === null ? said.stillHolds : moment(until, words)}</td>
          <td class="n">${said.seconds(count(delay))}</td>
        </tr>`,
    ),
    said.authority(address, count(journal.length)),
  )}`;
}
