import { expect } from "chai";
import { keccak256 } from "ethers";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { auditRegistry, type AuditRequest } from "../../src/audit/gather";
import { compareVault } from "../../src/audit/vault";
import { connectChain } from "../../src/chain";
import type { Evidence } from "../../src/evidence";
import { CreditAnchorError } from "../../src/errors";
import { loadFastHashes } from "../../src/fast-hashes";
import { gatherTrusted } from "../../src/facts";
import type { Hashes } from "../../src/hashes";
import { type Home, openHome } from "../../src/home";
import { readEvidence } from "../../src/receipt";
import { verify } from "../../src/verify";
import { startAnvil, type TestChain } from "../support/chains";
import { expectRun } from "../support/cli";
import { permits, removeFolders, temporaryFolder, type } from "../support/homes";
import { tableOf, type Row } from "../support/tampering/document";
import { anchor, homeOf, planRows, startWorld, type World } from "../support/world";

const HEADER = 64;
const ROW = 116;
const SIZE = 20;
const CORRECTED = 3;
/** Bits of the database that are flipped, one at a time; more with DATABASE_BITS. */
const BITS = Number(process.env["DATABASE_BITS"] ?? 150);

/** Up to so many places of a region, its first and last bytes among them. */
function* sampled(from: number, length: number, most = 24): Generator<number> {
  const count = Math.min(length, most);
  for (let i = 0; i < count; i++) yield from + Math.floor((i * (length - 1)) / Math.max(1, count - 1));
}

describe("tampering: files of an agency, of a holder, of an auditor", function () {
  this.timeout(240_000);
  let node: TestChain;
  let world: World;
  let home: Home;
  let hashes: Hashes;
  let codeHash: string;
  let batchFile: string;
  let secretsFile: string;
  const rows: Row[] = [];

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    hashes = await loadFastHashes();
    home = await homeOf(world);
    const vault = await home.writeVault({ command: "test" });
    await planRows(world, vault, permits(0, SIZE));
    await anchor(world, vault);
    await planRows(world, vault, permits(0, CORRECTED, 7));
    await anchor(world, vault);
    await vault.close();
    codeHash = keccak256(await world.chain.code(world.registry.address));
    const first = (sub: string): string =>
      join(home.dir, "vault", sub, readdirSync(join(home.dir, "vault", sub)).sort()[0]!);
    [batchFile, secretsFile] = [first("batches"), first("secrets")];
    expect(await audited(), "untouched").to.deep.equal([]);
  });
  after(async () => {
    await node?.stop();
    removeFolders();
  });

  /** Codes of what an audit with this home's vault finds, or of what stops it. */
  async function audited(dir = home.dir, more: Partial<AuditRequest> = {}): Promise<string[]> {
    try {
      const vault = await openHome(dir).readVault({ decrypt: true });
      try {
        const report = await auditRegistry({
          chain: world.chain,
          registry: world.registry.address,
          fromBlock: 0,
          codeHash,
          hashes,
          compare: async (audit) => void (await compareVault(audit, { vault, hashes, records: true })),
          ...more,
        });
        return [...new Set(report.differences.map(({ code }) => code))].sort();
      } finally {
        await vault.close();
      }
    } catch (error) {
      if (!(error instanceof CreditAnchorError)) throw error;
      return [error.code];
    }
  }

  const told = (codes: Iterable<string>): string =>
    [...new Set(codes)]
      .sort()
      .map((code) => `\`${code}\``)
      .join(", ");

  /** Flips one bit at each place of a file, audits, and puts it right again. */
  async function everyBit(
    file: string,
    places: Iterable<number>,
  ): Promise<{ place: number; found: string[] }[]> {
    const honest = readFileSync(file);
    const results = [];
    for (const place of places) {
      const changed = Buffer.from(honest);
      changed[place]! ^= 1 << (place % 8);
      writeFileSync(file, changed);
      results.push({ place, found: await audited() });
    }
    writeFileSync(file, honest);
    return results;
  }

  const column = (at: number, length: number): number[] =>
    [0, 7, SIZE - 1].flatMap((index) => [...sampled(HEADER + SIZE * 32 + index * ROW + at, length, 8)]);
  const payloads = HEADER + SIZE * 32 + SIZE * ROW;
  /** With what must be said of it. More may be: which records have other versions is chance. */
  const regions: readonly [string, "batch" | "secrets", (length: number) => Iterable<number>, ...string[]][] =
    [
      ["header of a batch file", "batch", () => sampled(0, HEADER), "vault.damaged"],
      ["leaf", "batch", () => sampled(HEADER, SIZE * 32), "vault.leaf", "vault.root"],
      ["record key", "batch", () => column(0, 32), "vault.damaged", "vault.leaf"],
      ["commitment", "batch", () => column(32, 32), "vault.damaged", "vault.leaf"],
      ["commitment of the version before", "batch", () => column(64, 32), "vault.commitment"],
      ["version", "batch", () => column(96, 4), "vault.damaged", "vault.leaf"],
      ["place of a payload", "batch", () => column(100, 8), "vault.damaged"],
      ["place of the version before", "batch", () => column(108, 8), "vault.damaged"],
      ["encrypted payload", "batch", (length) => sampled(payloads, length - payloads, 40), "vault.damaged"],
      ["header of a file of secrets", "secrets", () => sampled(0, HEADER), "vault.damaged"],
      ["salt of a file of secrets", "secrets", () => sampled(HEADER, 32), "vault.damaged"],
      [
        "encrypted secret",
        "secrets",
        (length) => sampled(HEADER + 32, length - HEADER - 32, 40),
        "vault.damaged",
      ],
    ];
  for (const [what, which, places, ...says] of regions)
    it(`vault: one bit of the ${what}`, async () => {
      const file = which === "batch" ? batchFile : secretsFile;
      const results = await everyBit(file, places(readFileSync(file).length));
      const silent = results.filter(({ found }) => found.length === 0).map(({ place }) => place);
      expect(silent, "bytes whose change nobody noticed").to.deep.equal([]);
      expect(results.flatMap(({ found }) => found)).to.include.members(says);
      rows.push([`vault: one bit of the ${what}`, told(says)]);
    });

  it("vault: files gone, cut, longer, exchanged", async () => {
    const other = batchFile.replace(/[^/]*$/, (name) =>
      readdirSync(join(batchFile, "..")).find((one) => one !== name)!,
    );
    const keep = join(temporaryFolder(), "kept");
    copyFileSync(batchFile, keep);
    const damages: readonly [string, () => void][] = [
      ["batch file gone", () => rmSync(batchFile)],
      ["batch file cut", () => truncateSync(batchFile, readFileSync(keep).length - 40)],
      ["batch file longer", () => writeFileSync(batchFile, "x", { flag: "a" })],
      ["batch file replaced by another batch's", () => copyFileSync(other, batchFile)],
    ];
    for (const [what, damage] of damages) {
      damage();
      const found = await audited();
      copyFileSync(keep, batchFile);
      expect(found, what).not.to.deep.equal([]);
      rows.push([`vault: ${what}`, told(found)]);
    }
    expect(await audited()).to.deep.equal([]);
  });

  it("vault: one bit of a manifest", async () => {
    const database = join(home.dir, "vault", "index", "data.mdb");
    const text = readFileSync(database);
    const found: string[] = [];
    for (let at = text.indexOf("collector"); at >= 0; at = text.indexOf("collector", at + 1)) {
      const [result] = await everyBit(database, [at + "collector".length + 4]);
      found.push(...result!.found);
    }
    expect(found).to.have.lengthOf.at.least(2);
    expect(new Set(found)).to.deep.equal(new Set(["vault.damaged"]));
    rows.push(["vault: one bit of a manifest", told(found)]);
  });

  it("vault: one bit anywhere in the database is found, or changes nothing that is kept", async () => {
    const database = join(home.dir, "vault", "index", "data.mdb");
    const kept = async (): Promise<string> => {
      const vault = await openHome(home.dir).readVault({ decrypt: true });
      const plans = [...vault.plans()];
      const entries = plans.flatMap(({ number, size }) =>
        Array.from({ length: size }, (_, index) => {
          const entry = vault.entry(number, index);
          return [entry, vault.latest(entry.key)];
        }),
      );
      await vault.close();
      return JSON.stringify([plans, entries]);
    };
    const honest = await kept();
    const file = readFileSync(database);
    const found: string[] = [];
    let harmless = 0;
    for (const place of sampled(0, file.length, BITS)) {
      const changed = Buffer.from(file);
      changed[place]! ^= 1 << (place % 8);
      writeFileSync(database, changed);
      const codes = await audited();
      if (codes.length > 0) found.push(...codes);
      else {
        expect(await kept(), `byte ${place}`).to.equal(honest);
        harmless++;
      }
    }
    writeFileSync(database, file);
    expect(harmless).to.be.lessThan(BITS);
    expect(found).to.include("vault.damaged");
    rows.push([
      "vault: one bit of the database",
      `${told(["vault.damaged"])}; or nothing that is kept has changed (pages not in use)`,
    ]);
  });

  it("vault: an older copy of it", async () => {
    const copy = join(temporaryFolder(), "vault");
    const vault = join(home.dir, "vault");
    const writer = await home.writeVault({ command: "test" });
    await writer.close();
    const { cpSync } = await import("node:fs");
    cpSync(vault, copy, { recursive: true });
    const again = await home.writeVault({ command: "test" });
    await planRows(world, again, permits(500, 505));
    await anchor(world, again);
    await again.close();
    expect(await audited()).to.deep.equal([]);
    const newer = join(temporaryFolder(), "newer");
    mkdirSync(newer);
    renameSync(vault, join(newer, "vault"));
    cpSync(copy, vault, { recursive: true });
    const found = await audited();
    rmSync(vault, { recursive: true });
    renameSync(join(newer, "vault"), vault);
    expect(found).to.deep.equal(["vault.missing"]);
    rows.push(["vault: replaced by an older copy", told(found)]);
  });

  it("a receipt: every single value of it", async () => {
    const file = join(temporaryFolder(), "receipt.json");
    const key = JSON.stringify({ permitNumber: "P-15", holderNumber: "H-15" });
    await expectRun(0, ["receipt", "--home", home.dir, "--key", key, "--out", file]);
    const receipt = JSON.parse(readFileSync(file, "utf8")) as Evidence;
    const chain = await connectChain({ urls: [node.url] });
    const trust = { chainId: chain.chainId, address: world.registry.address };
    const policy = { today: "2026-01-31" };
    const altered = leavesOf(receipt).map((path) => ({ path, evidence: withOther(receipt, path) }));
    const parsed = altered.map(({ evidence }) => readEvidence(evidence).evidence);
    const facts = await gatherTrusted([chain], trust, [receipt, ...parsed], {});
    const verdictOf = (evidence: unknown, i: number) =>
      verify({ evidence, types: [type], facts: facts[i], trust: [trust], policy }, hashes);
    expect(verdictOf(receipt, 0).exitStatus, "untouched").to.equal(0);
    const byMember = new Map<string, string[]>();
    altered.forEach(({ path, evidence }, i) => {
      const { exitStatus, checks } = verdictOf(evidence, i + 1);
      const failed = checks.filter(({ result }) => result === "failed").map(({ code }) => code);
      // A presentation of the same fields is as true; a transaction is a hint where to look, and no part of the proof.
      const isHint = path[0] === "transaction" || path[0] === "format";
      if (!isHint || failed.length > 0) expect(exitStatus, path.join("/")).to.equal(1);
      const member = path[0] === "record" && path[1] === "fields" ? "fields" : path[0]!;
      byMember.set(member, [...(byMember.get(member) ?? []), ...failed]);
    });
    expect(altered.length).to.be.greaterThan(40);
    for (const [member, codes] of byMember) {
      const hint = member === "transaction" ? "; or nothing: a hint where to look, no part of the proof" : "";
      rows.push([`receipt: any value of \`${member}\``, `\`verify\`: ${told(codes)}${hint}`]);
    }
  });

  it("a deployment record, and what else an audit is told to trust", async () => {
    const other = `0x${"12".repeat(20)}`;
    const cases: readonly [string, string, Partial<AuditRequest>][] = [
      ["another address", "audit.no-contract", { registry: other }],
      ["the address of another contract", "registry.code", { registry: world.manager }],
      ["another hash of the code", "registry.code", { codeHash: keccak256(codeHash) }],
      ["a later block of deployment", "journal.gap", { fromBlock: await blockOfBatch() }],
    ];
    for (const [what, code, request] of cases) {
      const found = await audited(home.dir, request);
      expect(found, what).to.include(code);
      rows.push([`deployment record: ${what}`, told(found)]);
    }
    try {
      await connectChain({ urls: [node.url], chainId: 4 });
      expect.fail("connected to another chain");
    } catch (error) {
      expect((error as CreditAnchorError).code).to.equal("chain.wrong-chain");
      rows.push(["deployment record: another chain", told(["chain.wrong-chain"])]);
    }
  });

  async function blockOfBatch(): Promise<number> {
    const vault = await home.readVault();
    const [plan] = [...vault.plans()];
    await vault.close();
    return plan!.transaction!.blockNumber;
  }

  it("docs/audit.md says what was seen here", function () {
    if (rows.length < regions.length + 12) this.skip();
    const { seen, told: says } = tableOf("files", ["What was changed", "What is said"], rows);
    expect(says, "run with WRITE_DOCS=1").to.equal(seen);
  });
});

type Path = readonly string[];

/** Paths of all single values of a document. */
function leavesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...path, name]));
}

/** A copy with another value at one place, of the same kind. */
function withOther(document: unknown, path: Path): unknown {
  const copy = structuredClone(document) as Record<string, unknown>;
  let at = copy;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const name = path.at(-1)!;
  const value = at[name];
  if (typeof value === "number") at[name] = value + 1;
  else if (typeof value === "string") at[name] = otherText(value);
  else at[name] = value === null ? 1 : !(value as boolean);
  return copy;
}

function otherText(value: string): string {
  if (!/^0x[0-9a-f]+$/.test(value))
    return value === "" ? "x" : `${value.slice(0, -1)}${value.endsWith("x") ? "y" : "x"}`;
  return `${value.slice(0, -1)}${value.endsWith("0") ? "1" : "0"}`;
}
