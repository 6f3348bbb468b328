import { expect } from "chai";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { equalBytes, fromHex, toHex } from "../../src/bytes";
import { domain, leafHash, manifestHash, recordKey, recordSealer } from "../../src/commitment";
import { loadFastHashes } from "../../src/fast-hashes";
import type { Hashes } from "../../src/hashes";
import type { Home } from "../../src/home";
import { ingest } from "../../src/ingest";
import type { JsonValue } from "../../src/json";
import { buildTree, treeRoot, verifyProof } from "../../src/merkle";
import { loadType } from "../../src/types";
import type { Plan, StoredRecord } from "../../src/vault/vault";
import type { LmdbVault } from "../../src/vault/writer";
import { failure } from "../support/failure";
import {
  AGENCY_ID,
  agencyKey,
  allFiles,
  harbourHome,
  ingestOptions,
  permit,
  permits,
  plan,
  removeFolders,
  type Row,
  rowsFile,
  temporaryFolder,
  type,
  TYPE_ID,
} from "../support/homes";
import { AGENCY_CODE, CHAIN_ID, REGISTRY, TYPE, TYPE_NAME } from "../support/samples";

describe("ingest", function () {
  // Threads that start from TypeScript sources take their time on a busy machine.
  let home: Home;
  let vault: LmdbVault;
  let hashes: Hashes;

  before(async () => {
    hashes = await loadFastHashes();
  });
  beforeEach(async () => {
    home = await harbourHome();
    vault = await home.writeVault({ command: "test" });
  });
  afterEach(() => vault.close());
  after(removeFolders);

  const keyOf = (row: Row): Uint8Array =>
    recordKey(agencyKey, AGENCY_CODE, TYPE_NAME, [
      row["agencyCode"] as JsonValue,
      row["permitNumber"] as JsonValue,
      row["holderNumber"] as JsonValue,
    ]);
  const latestOf = (row: Row): StoredRecord & { content: Row } => {
    const { plan: number, index } = vault.latest(keyOf(row))!;
    const record = vault.read(number, index);
    return { ...record, content: JSON.parse(new TextDecoder().decode(record.payload)) as Row };
  };
  const counts = (more: object): object => ({
    read: 0,
    accepted: 0,
    newVersions: 0,
    unchanged: 0,
    rejected: 0,
    warnings: 0,
    ...more,
  });

  it("plans every row of a file, in batches of the wanted size", async () => {
    const { plans, counts: got } = await plan(vault, permits(0, 250), { batchSize: 100 });
    expect(plans.map((batch) => batch.size)).to.deep.equal([100, 100, 50]);
    expect(plans.map((batch) => batch.number)).to.deep.equal([0, 1, 2]);
    expect(got).to.deep.equal(counts({ read: 250, accepted: 250 }));
    for (const batch of plans) expect(batch.status).to.equal("planned");
  });

  it("seals each record by the formulas of the format", async () => {
    const row = permit(5);
    await plan(vault, permits(0, 10));
    const stored = latestOf(row);
    const names = type.fields.map((field) => field.name);
    const commitment = recordSealer(type.typeHash, names)(row as Record<string, JsonValue>, stored.secret);
    const place = { domain: domain(CHAIN_ID, REGISTRY), agencyId: AGENCY_ID, typeId: TYPE_ID };
    expect(stored.content).to.deep.equal(row);
    expect(stored.version).to.equal(1);
    expect(toHex(stored.commitment)).to.equal(toHex(commitment));
    expect(toHex(stored.leaf)).to.equal(toHex(leafHash(place, keyOf(row), 1, commitment)));
    expect(stored.earlier).to.equal(undefined);
  });

  it("gives proofs that lead to the root of the plan", async () => {
    const { plans } = await plan(vault, permits(0, 77));
    const [batch] = plans as [Plan];
    expect(toHex(treeRoot(buildTree(vault.leaves(0), hashes.keccak256)))).to.equal(batch.root);
    for (const index of [0, 1, 38, 76]) {
      const { leaf } = vault.entry(0, index);
      const proof = vault.proof(0, index);
      expect(
        verifyProof(leaf, index, 77, proof, fromHex(batch.root, 32), hashes.keccak256),
        `${index}`,
      ).to.equal(true);
    }
  });

  it("writes a manifest of each batch's own rows", async () => {
    const rows = [...permits(0, 3), { ...permit(3), feeCents: -1 }, ...permits(4, 8)];
    const { plans } = await plan(vault, rows, { batchSize: 4 });
    const manifests = plans.map((batch) => batch.manifest as Record<string, Record<string, unknown>>);
    expect(manifests.map((m) => [m["source"]!["firstRow"], m["source"]!["lastRow"]])).to.deep.equal([
      [1, 5],
      [6, 8],
    ]);
    expect(manifests.map((m) => m["counts"])).to.deep.equal([
      { read: 5, accepted: 4, unchanged: 0, rejected: 1 },
      { read: 3, accepted: 3, unchanged: 0, rejected: 0 },
    ]);
    expect(manifests[0]!["source"]!["sha256"]).to.match(/^0x[0-9a-f]{64}$/);
    for (const batch of plans) expect(toHex(manifestHash(batch.manifest))).to.equal(batch.manifestHash);
    expect(plans[0]!.manifest["random"]).not.to.equal(plans[1]!.manifest["random"]);
  });

  it("finds nothing new in the same file, and says so", async () => {
    await plan(vault, permits(0, 50));
    const again = await plan(vault, permits(0, 50));
    expect(again.plans).to.deep.equal([]);
    expect(again.counts).to.deep.equal(counts({ read: 50, unchanged: 50 }));
  });

  it("makes a changed record its next version and plans to supersede the last one", async () => {
    await plan(vault, permits(0, 20));
    const before = latestOf(permit(4));
    const { plans, counts: got } = await plan(vault, [...permits(0, 4), permit(4, 1), ...permits(5, 20)]);
    expect(got).to.deep.equal(counts({ read: 20, accepted: 1, newVersions: 1, unchanged: 19 }));
    expect(plans.map((batch) => batch.size)).to.deep.equal([1]);
    const now = latestOf(permit(4));
    expect(now.version).to.equal(2);
    expect(toHex(now.previous)).to.equal(toHex(before.commitment));
    expect(now.earlier).to.deep.equal({ plan: 0, index: before.index });
    expect(now.content["feeCents"]).to.equal(1001);
    expect(equalBytes(now.secret, before.secret)).to.equal(false);
    expect(vault.unfinishedMoves()).to.deep.equal([
      {
        id: 0,
        kind: "supersede",
        status: "planned",
        plan: 0,
        after: 1,
        positions: [before.index],
        successors: [toHex(now.leaf)],
        reason: 0,
        evidenceHash: `0x${"00".repeat(32)}`,
      },
    ]);
  });

  it("groups supersessions by the batch of the versions replaced, ascending, 256 at most", async () => {
    await plan(vault, permits(0, 600), { batchSize: 300 });
    await plan(vault, permits(0, 600, 1), { batchSize: 600 });
    const moves = vault.unfinishedMoves();
    expect(moves.map((move) => [move.plan, move.after, move.positions.length])).to.deep.equal([
      [0, 2, 256],
      [0, 2, 44],
      [1, 2, 256],
      [1, 2, 44],
    ]);
    const positions = [...moves[0]!.positions, ...moves[1]!.positions];
    expect(positions).to.deep.equal(Array.from({ length: 300 }, (_, i) => i));
    for (const move of moves)
      move.positions.forEach((position, i) => {
        const old = vault.entry(move.plan, position);
        const next = vault.latest(old.key)!;
        expect(toHex(next.leaf)).to.equal(move.successors![i]);
        expect(next.earlier).to.deep.equal({ plan: move.plan, index: position });
      });
  });

  describe("given the same key several times in one file", () => {
    it("takes equal rows once", async () => {
      const { counts: got } = await plan(vault, [permit(1), permit(1), permit(2), permit(1)]);
      expect(got).to.deep.equal(counts({ read: 4, accepted: 2, unchanged: 2 }));
    });

    it("makes different rows versions in their order, in one batch", async () => {
      const { plans, counts: got } = await plan(vault, [permit(1), permit(1, 1), permit(2), permit(1, 2)]);
      expect(plans.map((batch) => batch.size)).to.deep.equal([4]);
      expect(got).to.deep.equal(counts({ read: 4, accepted: 4, newVersions: 2 }));
      const third = latestOf(permit(1));
      expect([third.version, third.content["feeCents"]]).to.deep.equal([3, 1002]);
      const second = vault.read(third.earlier!.plan, third.earlier!.index);
      const first = vault.read(second.earlier!.plan, second.earlier!.index);
      expect([second.version, first.version]).to.deep.equal([2, 1]);
      expect(toHex(third.previous)).to.equal(toHex(second.commitment));
      expect(toHex(second.previous)).to.equal(toHex(first.commitment));
      const [move] = vault.unfinishedMoves();
      const expected = [
        { position: first.index, successor: toHex(second.leaf) },
        { position: second.index, successor: toHex(third.leaf) },
      ].sort((a, b) => a.position - b.position);
      expect([move!.plan, move!.after]).to.deep.equal([0, 0]);
      expect(move!.positions).to.deep.equal(expected.map((item) => item.position));
      expect(move!.successors).to.deep.equal(expected.map((item) => item.successor));
    });

    it("makes them versions across batches too", async () => {
      await plan(vault, [permit(1), permit(2), permit(1, 1), permit(3), permit(1, 2)], { batchSize: 2 });
      expect(latestOf(permit(1)).version).to.equal(3);
      expect(vault.unfinishedMoves().map((move) => [move.plan, move.after])).to.deep.equal([
        [0, 1],
        [1, 2],
      ]);
    });

    it("takes a record that changes and changes back as two more versions", async () => {
      await plan(vault, [permit(1)]);
      const { counts: got } = await plan(vault, [permit(1, 1), permit(1)]);
      expect(got).to.deep.equal(counts({ read: 2, accepted: 2, newVersions: 2 }));
      expect([latestOf(permit(1)).version, latestOf(permit(1)).content["feeCents"]]).to.deep.equal([3, 1000]);
    });

    it("knows the same number in another spelling", async () => {
      const other = { ...permit(1), permitNumber: "p－１" };
      const { counts: got } = await plan(vault, [permit(1), other]);
      expect(got).to.deep.equal(counts({ read: 2, accepted: 2, newVersions: 1 }));
      expect(latestOf(permit(1)).content["permitNumber"]).to.equal("p－１");
    });
  });

  describe("given a file again that has a record with several contents", () => {
    const fees = (...editions: number[]): Row[] => editions.map((edition) => permit(1, edition));
    /** The fees of all versions of `permit(1)`, the first version first, as editions. */
    const history = (): number[] => {
      const editions: number[] = [];
      for (let at: StoredRecord["earlier"] = vault.latest(keyOf(permit(1))); at !== undefined;) {
        const { payload, earlier } = vault.read(at.plan, at.index);
        editions.unshift(
          (JSON.parse(new TextDecoder().decode(payload)) as { feeCents: number }).feeCents - 1000,
        );
        at = earlier;
      }
      return editions;
    };
    /** Ingests until a batch was yielded so many times, then stops as a killed process does. */
    const planSome = async (file: string, batches: number, batchSize: number): Promise<void> => {
      const run = ingest(await ingestOptions(vault, file, { batchSize }));
      for (let i = 0; i < batches; i++) expect((await run.next()).done).to.equal(false);
      await run.return(undefined as never);
    };

    for (const editions of [
      [0, 1],
      [0, 1, 0],
      [0, 0, 1, 1, 0],
      [0, 1, 2, 1, 0],
    ])
      for (const batchSize of [1, 2, 100])
        it(`finds nothing new: ${editions.join()} in batches of ${batchSize}`, async () => {
          const distinct = editions.filter((edition, i) => edition !== editions[i - 1]);
          await plan(vault, fees(...editions), { batchSize });
          expect(history()).to.deep.equal(distinct);
          const moves = vault.unfinishedMoves();
          for (let run = 2; run <= 3; run++) {
            const { counts: got, plans } = await plan(vault, fees(...editions), { batchSize });
            expect(got).to.deep.equal(counts({ read: editions.length, unchanged: editions.length }));
            expect(plans).to.deep.equal([]);
          }
          expect(history()).to.deep.equal(distinct);
          expect(vault.unfinishedMoves()).to.deep.equal(moves);
        });

    it("goes on where a killed run stopped, wherever that was, and as often as that", async () => {
      const rows = [...fees(0, 0), permit(2), ...fees(1, 0), permit(2, 1), ...fees(0, 2, 0)];
      const file = rowsFile(rows);
      for (const batchSize of [1, 2, 3])
        for (let batches = 1; batches * batchSize < 7; batches++) {
          await vault.close();
          home = await harbourHome();
          vault = await home.writeVault({ command: "test" });
          await planSome(file, batches, batchSize);
          if (batches === 1) await planSome(file, 1, batchSize);
          await plan(vault, file, { batchSize });
          expect(history(), `${batches} of ${batchSize}`).to.deep.equal([0, 1, 0, 2, 0]);
          const again = await plan(vault, file);
          expect(again.counts).to.deep.equal(counts({ read: 9, unchanged: 9 }));
          expect(latestOf(permit(2)).version).to.equal(2);
        }
    });

    it("finds nothing new where the first content came from another file", async () => {
      await plan(vault, fees(0));
      await plan(vault, fees(0, 1));
      expect((await plan(vault, fees(0, 1))).counts).to.deep.equal(counts({ read: 2, unchanged: 2 }));
      expect(history()).to.deep.equal([0, 1]);
    });

    it("makes versions of a corrected file, and again of the old file after it, once", async () => {
      const old = rowsFile(fees(0, 1, 0));
      await plan(vault, old);
      await plan(vault, fees(1));
      expect(history()).to.deep.equal([0, 1, 0, 1]);
      await planSome(old, 1, 1);
      expect(history()).to.deep.equal([0, 1, 0, 1, 0]);
      await plan(vault, old, { batchSize: 1 });
      expect(history()).to.deep.equal([0, 1, 0, 1, 0, 1, 0]);
      expect((await plan(vault, old)).counts).to.deep.equal(counts({ read: 3, unchanged: 3 }));
    });

    it("takes it anew under a changed record type, once", async () => {
      const file = rowsFile(fees(0, 1));
      await plan(vault, file);
      const { target: first } = await ingestOptions(vault, file);
      const document = { ...structuredClone(TYPE), description: "The second edition of this type" };
      const target = { ...first, typeId: TYPE_ID + 1, type: loadType(document) };
      await plan(vault, file, { target });
      expect(history()).to.deep.equal([0, 1, 0, 1]);
      expect((await plan(vault, file, { target })).counts).to.deep.equal(counts({ read: 2, unchanged: 2 }));
    });

    it("finds nothing new with threads, also after a killed run", async () => {
      const file = rowsFile([...permits(0, 900), ...permits(0, 900, 1), ...permits(0, 900)]);
      await planSome(file, 10, 128);
      await plan(vault, file, { threads: 2, batchSize: 128 });
      for (const n of [0, 449, 899]) {
        const stored = latestOf(permit(n));
        expect([stored.version, stored.content]).to.deep.equal([3, permit(n)]);
      }
      const again = await plan(vault, file, { threads: 2 });
      expect(again.counts).to.deep.equal(counts({ read: 2700, unchanged: 2700 }));
    });
  });

  it("comes to the same records with threads and without", async () => {
    const rows = [...permits(0, 900), ...permits(0, 900, 1), ...permits(450, 900, 1), { nothing: true }];
    const { counts: got } = await plan(vault, rowsFile(rows), { threads: 2, batchSize: 128 });
    expect(got).to.deep.equal(
      counts({ read: 2251, accepted: 1800, newVersions: 900, unchanged: 450, rejected: 1 }),
    );
    for (const n of [0, 449, 450, 899]) {
      const stored = latestOf(permit(n));
      expect([stored.version, stored.content]).to.deep.equal([2, permit(n, 1)]);
    }
    const again = await plan(vault, rowsFile(permits(0, 900, 1)), { threads: 2 });
    expect(again.counts).to.deep.equal(counts({ read: 900, unchanged: 900 }));
  });

  it("keeps records larger than a block, beside small ones", async () => {
    const large = (n: number): Row => ({ ...permit(n), remark: `${n}`.repeat(1_500_000) });
    const rows = [permit(1), large(2), permit(3), large(4), large(5), permit(6)];
    await plan(vault, rows, { threads: 0 });
    for (const row of rows) expect(latestOf(row).content).to.deep.equal(row);
    const again = await plan(vault, rows, { threads: 0 });
    expect(again.counts).to.deep.equal(counts({ read: 6, unchanged: 6 }));
  });

  it("takes the same content under a changed record type as a new version", async () => {
    await plan(vault, permits(0, 3));
    const document = { ...structuredClone(TYPE), description: "The second edition of this type" };
    const options = await ingestOptions(vault, permits(0, 3));
    const target = { ...options.target, typeId: TYPE_ID + 1, type: loadType(document) };
    const { counts: got, plans } = await plan(vault, permits(0, 3), { target });
    expect(got).to.deep.equal(counts({ read: 3, accepted: 3, newVersions: 3 }));
    expect(plans[0]!.typeId).to.equal(TYPE_ID + 1);
    expect(latestOf(permit(0)).version).to.equal(2);
  });

  it("fails with the error of a thread, and keeps what was planned before", async () => {
    await plan(vault, permits(0, 10));
    const { index } = vault.latest(keyOf(permit(4)))!;
    const folder = join(home.dir, "vault", "secrets");
    const file = join(folder, readdirSync(folder)[0]!);
    const bytes = readFileSync(file);
    bytes[64 + 32 + 32 * index]! ^= 1;
    writeFileSync(file, bytes);
    const rows = [...permits(100, 2000), permit(4)];
    const error = await failure(() => plan(vault, rows, { threads: 2, batchSize: 100 }));
    expect(error.code).to.equal("vault.damaged");
    expect(error.message).to.include(`record ${index}`);
    const planned = [...vault.plans()].length;
    const { counts: got } = await plan(vault, permits(100, 2000), { batchSize: 100 });
    expect(got.unchanged).to.equal((planned - 1) * 100);
    expect(got.accepted + got.unchanged).to.equal(1900);
  });

  describe("rejected rows", () => {
    it("are told by number and fault in a file of mode 0600 that quotes no value", async () => {
      const bad: Row = {
        ...permit(2),
        validUntil: "2030-02-30",
        holderName: 5,
        secretRemark: "Klabautermann",
      };
      const rejectedFile = home.rejectedFile("permits.csv");
      const { counts: got, result } = await plan(vault, [permit(0), bad, permit(1)], { rejectedFile });
      expect(got).to.deep.equal(counts({ read: 3, accepted: 2, rejected: 1 }));
      expect(result.rejectedFile).to.equal(rejectedFile);
      expect(statSync(rejectedFile).mode & 0o777).to.equal(0o600);
      const text = readFileSync(rejectedFile, "utf8");
      const [line] = text.trim().split("\n");
      const { row, faults } = JSON.parse(line!) as { row: number; faults: { path: string; code: string }[] };
      expect(row).to.equal(2);
      expect(faults.map((fault) => fault.path)).to.include.members(["/validUntil", "/holderName"]);
      for (const value of ["2030-02-30", "Klabautermann", "P-2", "H-2"]) expect(text).not.to.include(value);
    });

    it("leave no file when there are none", async () => {
      const rejectedFile = home.rejectedFile("permits.csv");
      const { result } = await plan(vault, [permit(0)], { rejectedFile });
      expect(result.rejectedFile).to.equal(undefined);
      expect(existsSync(rejectedFile)).to.equal(false);
    });

    it("include those of a record that has ended", async () => {
      await plan(vault, [permit(0), permit(1)]);
      vault.markEnded([keyOf(permit(0))]);
      const ended = await plan(vault, [permit(0, 1), permit(1, 1)]);
      expect(ended.counts).to.deep.equal(counts({ read: 2, accepted: 1, newVersions: 1, rejected: 1 }));
      expect(readFileSync(ended.result.rejectedFile!, "utf8")).to.include("record.ended");
      vault.unmarkEnded([keyOf(permit(0))]);
      expect((await plan(vault, [permit(0, 1)])).counts).to.deep.include({ accepted: 1 });
    });

    it("include records that change between direct and the other modes", async () => {
      await plan(vault, [permit(0)]);
      await plan(vault, [permit(1)], { mode: "direct" });
      const direct = await plan(vault, [permit(0, 1)], { mode: "direct" });
      const root = await plan(vault, [permit(1, 1)]);
      for (const { counts: got, result } of [direct, root]) {
        expect(got).to.deep.equal(counts({ read: 1, rejected: 1 }));
        expect(readFileSync(result.rejectedFile!, "utf8")).to.include("record.mode");
      }
    });
  });

  it("makes every record a batch of its own in mode direct, and leaves supersession to the contract", async () => {
    await plan(vault, permits(0, 3), { mode: "direct" });
    const { plans } = await plan(vault, [permit(1, 1)], { mode: "direct" });
    expect([...vault.plans()].map((batch) => [batch.mode, batch.size])).to.deep.equal(
      Array(4).fill(["direct", 1]),
    );
    expect(vault.entry(plans[0]!.number, 0).version).to.equal(2);
    expect(vault.unfinishedMoves()).to.deep.equal([]);
  });

  it("refuses batch sizes that cannot be", async () => {
    for (const more of [
      { batchSize: 0 },
      { batchSize: 1.5 },
      { batchSize: 2 ** 20 + 1 },
      { mode: "direct" as const, batchSize: 2 },
    ])
      expect((await failure(() => plan(vault, [permit(0)], more))).code).to.equal("ingest.batch-size");
  });

  it("refuses a file that is not there or does not fit the type, and plans nothing", async () => {
    const folder = temporaryFolder();
    const csv = join(folder, "wrong.csv");
    writeFileSync(csv, "agencyCode,permitNumber,colour\nA,B,red\n");
    expect((await failure(() => plan(vault, join(folder, "none.csv")))).code).to.equal("input.not-found");
    expect((await failure(() => plan(vault, folder))).code).to.equal("input.not-file");
    expect((await failure(() => plan(vault, csv))).code).to.equal("input.header");
    expect([...vault.plans()]).to.deep.equal([]);
  });

  it("reports progress", async () => {
    const seen: number[] = [];
    await plan(vault, permits(0, 5000), { onProgress: (now) => seen.push(now.read) });
    expect(seen.length).to.be.greaterThan(1);
    expect(seen.at(-1)).to.equal(5000);
  });

  it("loses nothing when the reader of the batches stops in between", async () => {
    const run = ingest(await ingestOptions(vault, permits(0, 30), { batchSize: 10 }));
    await run.next();
    await run.return(undefined as never);
    const { counts: got } = await plan(vault, permits(0, 30), { batchSize: 10 });
    expect(got).to.deep.equal(counts({ read: 30, accepted: 20, unchanged: 10 }));
  });

  it("leaves no value of any field in any byte of the home folder", async () => {
    const rows = [...permits(0, 40), permit(3, 7), { ...permit(41), validUntil: "never" }];
    await plan(vault, rows, { batchSize: 16, rejectedFile: home.rejectedFile("permits.csv") });
    const values = rows
      .flatMap((row) => Object.entries(row).filter(([name]) => name !== "agencyCode"))
      .flatMap(([, value]) => (Array.isArray(value) ? value : [value]) as (string | number)[])
      .filter((value) => String(value).length >= 3);
    const fields = type.fields.map((field) => field.name).filter((name) => name !== "agencyCode");
    for (const { name, mode, bytes } of allFiles(home.dir)) {
      for (const value of new Set(values)) {
        const text = String(value);
        // Digits alone occur in any hex text; a number as four or eight bytes may be anything.
        if (/^\d+$/.test(text)) continue;
        expect(bytes.includes(Buffer.from(text, "utf8")), `${text} in ${name}`).to.equal(false);
        expect(bytes.includes(Buffer.from(text, "utf16le")), `${text} in ${name}`).to.equal(false);
        expect(bytes.includes(Buffer.from(text, "utf16le").swap16()), `${text} in ${name}`).to.equal(false);
      }
      for (const row of rows.slice(0, 40)) {
        const pair = JSON.stringify({ feeCents: row["feeCents"] }).slice(1, -1);
        expect(bytes.includes(Buffer.from(pair)), `a fee in ${name}`).to.equal(false);
      }
      if (name.includes("/vault/") && !name.includes("/index/"))
        for (const field of fields)
          expect(bytes.includes(Buffer.from(field)), `${field} in ${name}`).to.equal(false);
      expect(mode & 0o077, name).to.equal(0);
    }
  });
});
