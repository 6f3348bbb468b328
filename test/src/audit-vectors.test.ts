import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeLog, eventShapes } from "../../src/audit/events";
import { firstHead } from "../../src/audit/journal";
import { toHex } from "../../src/bytes";
import { portableHashes } from "../../src/hashes";
import { CreditRegistry__factory } from "../../typechain-types";
import { Forger, type Entry } from "../support/forger";
import { journalVectors } from "../support/journal-vectors";

const file = join(__dirname, "..", "vectors", "journal.json");
const computed = JSON.parse(JSON.stringify(journalVectors())) as ReturnType<typeof journalVectors>;
// After a change of an event: WRITE_VECTORS=1 npx mocha … this file, and read the difference.
if (process.env["WRITE_VECTORS"] === "1") writeFileSync(file, `${JSON.stringify(computed, null, 2)}\n`);
const stored = JSON.parse(readFileSync(file, "utf8")) as typeof computed;

describe("vectors of the journal", () => {
  it("are what an independent encoder computes", () => expect(stored).to.deep.equal(computed));

  it("have every journaled event of the interface", () => {
    const all: string[] = [];
    CreditRegistry__factory.createInterface().forEachEvent(({ name, inputs }) => {
      if (inputs.at(-1)?.name === "entry") all.push(name);
    });
    const entries = stored.entries as unknown as Entry[];
    expect([...new Set(entries.map(({ event }) => event))]).to.have.members(all);
  });

  it("are what the audit computes from logs", () => {
    const { chainId, address } = stored.registry;
    expect(toHex(firstHead(chainId, address, portableHashes))).to.equal(stored.first);
    const shapes = eventShapes(CreditRegistry__factory.abi);
    const forger = new Forger();
    let block = 0;
    for (const {
      event,
      fields,
      entryHash,
      head,
      time,
      blockNumber,
    } of stored.entries as unknown as Entry[]) {
      forger.emit(event, fields, blockNumber === block);
      block = blockNumber;
      expect(toHex(decodeLog(forger.logs.at(-1)!, shapes)!.entryHash(time, portableHashes))).to.equal(
        entryHash,
      );
      expect(forger.head).to.equal(head);
    }
  });
});
