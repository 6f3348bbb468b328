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
import { compareLeaves, encodeLeaves } from "../../src/audit/leaves";
import { compareVault } from "../../src/audit/vault";
import { canonical } from "../../src/canonical";
import { connectChain } from "../../src/chain";
import type { Checkpoint } from "../../src/checkpoint";
import { verifyCheckpoint } from "../../src/cli/checkpoint-verify";
import type { Check } from "../../src/cli/checks";
import type { Io } from "../../src/cli/output";
import { reportVerifyVerb } from "../../src/cli/report";
import { checkedCheckpoint } from "../../src/cli/since";
import type { Outcome } from "../../src/cli/verb";
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
import { type SandboxProcess, startSandboxProcess } from "../support/sandbox";
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
    // Places in a batch are chance. At the end of one a path is shorter, and no place follows: other checks would fail.
    let receipt: Evidence;
    let n = CORRECTED;
    do {
      const key = JSON.stringify({ permitNumber: `P-${n}`, holderNumber: `H-${n}` });
      n++;
      await expectRun(0, ["receipt", "--home", home.dir, "--key", key, "--out", file]);
      receipt = JSON.parse(readFileSync(file, "utf8")) as Evidence;
    } while (receipt.record.index < 1 || receipt.record.index > 14);
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

  it("a leaves file: every value of its first line, and its leaves", async () => {
    const vault = await home.readVault();
    const [plan] = [...vault.plans()];
    const { header, registry } = plan!;
    const leaves = vault.leaves(plan!.number);
    await vault.close();
    const honest = Buffer.concat(encodeLeaves({ registry, ...header!, leaves }));
    const end = honest.indexOf("\n");
    const head = JSON.parse(honest.subarray(0, end).toString()) as object;
    const withHead = (changed: unknown): Buffer =>
      Buffer.concat([Buffer.from(canonical(changed as never)), honest.subarray(end)]);
    const said = async (file: Buffer): Promise<{ differs: string[]; open: string[] }> => {
      const report = await auditRegistry({
        chain: world.chain,
        registry: world.registry.address,
        fromBlock: 0,
        codeHash,
        hashes,
        compare: (audit) => compareLeaves(audit, "1-0.leaves", file),
      });
      const foreign = report.notChecked.filter(({ code }) => code.startsWith("leaves."));
      return {
        differs: [...new Set(report.differences.map(({ code }) => code))].sort(),
        open: foreign.map(({ code }) => code),
      };
    };
    expect(await said(withHead(head)), "untouched").to.deep.equal({ differs: [], open: [] });
    for (const path of leavesOf(head)) {
      const name = path.join("/");
      const { differs, open } = await said(withHead(withOther(head, path)));
      expect([...differs, ...open], name).to.not.deep.equal([]);
      rows.push([
        `leaves file: another \`${name}\``,
        differs.length > 0 ? told(differs) : `not checked: ${told(open)}, exit status 2`,
      ]);
      if (differs.length > 0) continue;
      const folder = temporaryFolder();
      writeFileSync(join(folder, "1-0.leaves"), withHead(withOther(head, path)));
      const audit = ["audit", "--home", home.dir, "--without-vault", "--without-index", "--leaves", folder];
      const { stdout } = await expectRun(2, audit);
      expect(stdout).to.contain("NOT CHECKED: 1 leaves file of another registry");
    }
    const changed = (change: (file: Buffer) => void): Buffer => {
      const file = Buffer.from(honest);
      change(file);
      return file;
    };
    const bits = [...sampled(end + 1, honest.length - end - 1)].map((place) =>
      changed((file) => (file[place]! ^= 1 << (place % 8))),
    );
    const first = end + 1;
    const files: readonly [string, readonly Buffer[], ...string[]][] = [
      // Whether the order is another then as well is chance.
      ["one bit of a leaf", bits, "leaves.root"],
      [
        "two leaves exchanged",
        [
          changed((file) => {
            honest.copy(file, first, first + 32, first + 64);
            honest.copy(file, first + 32, first, first + 32);
          }),
        ],
      ],
      ["cut", [honest.subarray(0, -32), honest.subarray(0, -1), honest.subarray(0, end)]],
      ["longer", [Buffer.concat([honest, honest.subarray(-32)])]],
    ];
    for (const [what, altered, ...always] of files) {
      const found = [];
      for (const file of altered) {
        const { differs } = await said(file);
        expect(differs, what).to.not.deep.equal([]);
        expect(differs, what).to.include.members(always);
        found.push(...differs);
      }
      rows.push([`leaves file: ${what}`, told(always.length > 0 ? always : found)]);
    }
  });

  describe("what an auditor signed", () => {
    let sandbox: SandboxProcess;
    let folder: string;
    const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8")) as unknown;
    const io = { note: () => undefined } as unknown as Io;
    const { signal } = new AbortController();

    before(async () => {
      folder = temporaryFolder();
      sandbox = await startSandboxProcess(join(folder, "sandbox"));
      const ndrc = ["--home", sandbox.ready.homes.ndrc];
      await expectRun(0, ["checkpoint", ...ndrc, "--out", join(folder, "checkpoint.json")]);
      await expectRun(0, ["audit", ...ndrc, "--sign", join(folder, "report.json")]);
    });
    after(() => sandbox.stop());

    /** What is said of a document with each of its values altered in turn, by the member in which it lies. */
    async function eachValue(
      document: unknown,
      judge: (altered: unknown, path: string) => Promise<string[]>,
    ): Promise<Map<string, Set<string>>> {
      const paths = leavesOf(document);
      expect(await judge(document, "untouched"), "untouched").to.deep.equal([]);
      const byMember = new Map<string, Set<string>>();
      for (const path of paths) {
        const found = await judge(withOther(document, path), path.join("/"));
        expect(found, `nobody noticed another ${path.join("/")}`).to.not.deep.equal([]);
        const known = byMember.get(path[0]!) ?? new Set();
        byMember.set(path[0]!, known);
        found.forEach((one) => known.add(one));
      }
      return byMember;
    }

    /** Names of failed checks, or the code of what stops the command; nothing if it says that all holds. */
    async function failedChecks(run: () => Promise<Outcome>): Promise<string[]> {
      try {
        const { json, exitStatus } = await run();
        const { checks } = json as { readonly checks: readonly Check[] };
        const failed = checks.filter(({ result }) => result === "failed").map(({ name }) => name);
        expect(exitStatus ?? 0).to.equal(failed.length > 0 ? 1 : 0);
        return failed;
      } catch (error) {
        if (!(error instanceof CreditAnchorError)) throw error;
        return [error.code];
      }
    }

    it("a checkpoint: every single value of it", async () => {
      const chain = await connectChain({ urls: [sandbox.ready.rpcUrl] });
      const checkpoint = read("checkpoint.json");
      const { registry: trusted } = checkpoint as Pick<Checkpoint, "registry">;
      const byMember = await eachValue(checkpoint, async (altered) => {
        const text = JSON.stringify(altered);
        const verified = await failedChecks(() =>
          verifyCheckpoint(text, "checkpoint.json", trusted, chain, { signers: undefined, own: undefined }),
        );
        try {
          await checkedCheckpoint(text, "checkpoint.json", chain);
          // What an audit lets through as signed, nobody may find fault with.
          expect(verified).to.deep.equal([]);
          return [];
        } catch (error) {
          expect(verified).to.not.deep.equal([]);
          return [(error as CreditAnchorError).code];
        }
      });
      expect(byMember.size).to.equal(Object.keys(checkpoint as object).length);
      for (const [member, codes] of byMember)
        rows.push([`checkpoint: any value of \`${member}\``, `\`audit --since\`: ${told(codes)}`]);
    });

    it("a signed report: every single value of it", async () => {
      const report = read("report.json");
      const file = join(folder, "altered.json");
      const { deployment, rpcUrl } = sandbox.ready;
      const byMember = await eachValue(report, (altered) => {
        writeFileSync(file, JSON.stringify(altered));
        return failedChecks(() =>
          reportVerifyVerb.run({
            args: [file],
            options: { deployment, rpc: rpcUrl },
            home: undefined,
            io,
            signal,
          }),
        );
      });
      expect(byMember.size).to.equal(Object.keys(report as object).length);
      for (const [member, found] of byMember)
        rows.push([`signed report: any value of \`${member}\``, `\`report verify\`: ${told(found)}`]);
    });
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

  // In a suite of its own, for those run after all tests beside them.
  describe("docs/audit.md", () => {
    it("says what was seen here", function () {
      if (rows.length < regions.length + 30) this.skip();
      const { seen, told: says } = tableOf("files", ["What was changed", "What is said"], rows);
      expect(says, "run with WRITE_DOCS=1").to.equal(seen);
    });
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
  if (/^\d+$/.test(value)) return `${value.slice(0, -1)}${(Number(value.slice(-1)) + 1) % 10}`;
  if (!/^0x[0-9a-f]+$/.test(value))
    return value === "" ? "x" : `${value.slice(0, -1)}${value.endsWith("x") ? "y" : "x"}`;
  return `${value.slice(0, -1)}${value.endsWith("0") ? "1" : "0"}`;
}
