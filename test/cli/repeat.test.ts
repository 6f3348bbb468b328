import { expect } from "chai";
import { auditVerb as audit } from "../../src/cli/audit";
import { buildProgram, type Parsed } from "../../src/cli/program";
import { repeatable } from "../../src/cli/audit-repeat";
import { readCheckpoint, checkpointText, type Checkpoint } from "../../src/checkpoint";
import { command } from "../../src/report/repeat";
import type { AuditReport } from "../../src/audit";
import { address, longFlag } from "../../src/cli/options";
import { eventfulRegistry, reportOn } from "../support/reports";
import { loadVectors } from "../support/vectors";

/**
 * Options that say where the work goes, what is asked again in other words, or who signs: they decide nothing. An index
 * lies on the machine of whoever made the report, who is repeated without it.
 */
const DECIDE_NOTHING = new Set(["out", "sign", "signOnly", "index", "rebuildIndex"]);

describe("the command by which a report is made again", () => {
  const [vector] = loadVectors<{ checkpoints: { checkpoint: Checkpoint }[] }>("statements").checkpoints;
  const { block, journal, signer } = readCheckpoint(checkpointText(vector!.checkpoint), "x");
  const head = { ...journal, contained: true };
  const rolesHead = { length: 3, head: `0x${"12".repeat(32)}`, contained: true };
  const place = `0x${"34".repeat(20)}`;
  const given = {
    codeHash: undefined,
    fromBlock: 7,
    signer: [place],
    authority: ["national", "ndrc"],
    policy: ["a.json", "b.json"],
    leaves: ["leaves"],
    source: "penalties.csv",
    type: "cn.penalty",
    vault: undefined,
    withoutVault: true,
    withoutRecords: false,
  };
  const report: AuditReport = {
    ...reportOn(eventfulRegistry(3), { period: "quarter", sources: ["a:8545", "b:8545", "c:8545"] }),
    externalHead: head,
    roles: [{ authority: place, journal: rolesHead, externalHead: rolesHead, tenures: [] }],
    signOffs: { address: place, statements: [] },
    index: {
      ...{
        block: { number: 1, hash: rolesHead.head, time: 1 },
        madeAt: "2026-11-28T00:00:00.000Z",
        unused: null,
      },
      ...{ events: 1, views: 1, batches: 1, differences: 0 },
    },
  };

  function parsed(text: string): Parsed {
    let found: Parsed | undefined;
    const words = text.replaceAll("URL", "http://node.example:8545").split(" ");
    expect(words.shift()).to.equal("credit-anchor");
    buildProgram(
      [audit],
      "1",
      (result) => (found = result),
      () => undefined,
    ).parse(words, { from: "user" });
    return found!;
  }

  it("is read by the command line as what was asked", () => {
    const text = command({ ...report, options: repeatable(given, undefined) });
    const { verb, options } = parsed(text);
    expect(verb).to.equal(audit);
    expect(options).to.deep.include({
      registry: report.registry.address,
      toBlock: report.block.number,
      fromBlock: 7,
      head: `${head.length}:${head.head}`,
      rolesHead: `3:${rolesHead.head}`,
      signOffs: address("", "").parse(place, ""),
      authority: ["national", "ndrc"],
      policy: ["FILE", "FILE"],
      signer: [place],
      leaves: ["DIR"],
      source: "FILE",
      type: "cn.penalty",
      period: "quarter",
      withoutVault: true,
      withoutRecords: false,
    });
    expect(options.witness).to.have.lengthOf(2);
  });

  it("names the checkpoint instead of its heads, and a deployment record instead of the registry", () => {
    const checkpoint = {
      block,
      journal,
      signer,
      vouchedBy: "named" as const,
      contained: true,
      acceptedAt: null,
    };
    const options = repeatable({ ...given, codeHash: `0x${"56".repeat(32)}` }, undefined);
    const found = parsed(command({ ...report, checkpoint, options })).options;
    expect(found).to.include({ since: "CHECKPOINT", deployment: "FILE" });
    expect([found.head, found.rolesHead, found.registry]).to.deep.equal([undefined, undefined, undefined]);
  });

  it("has every option of audit that decides what is found", () => {
    const all = [
      command({ ...report, options: repeatable({ ...given, withoutRecords: true }, undefined) }),
      command({
        ...report,
        checkpoint: { block, journal, signer, vouchedBy: null, contained: false, acceptedAt: null },
        options: repeatable({ ...given, codeHash: "0x", vault: "agency" }, undefined),
      }),
    ].join(" ");
    for (const [name, { flags }] of Object.entries(audit.options))
      if (!DECIDE_NOTHING.has(name)) expect(all, name).to.contain(`${longFlag(flags)} `.trimEnd());
  });
});
