import { expect } from "chai";
import { startAudit, type Audit, type AuditReport } from "../../src/audit";
import { compareVault } from "../../src/audit/vault";
import type { AuditedVault } from "../../src/audit/vault-portion";
import { compareBytes, fromHex, toHex } from "../../src/bytes";
import { domain, leafHash, manifestHash, recordSealer, typeHash, type Header } from "../../src/commitment";
import { CreditAnchorError } from "../../src/errors";
import { portableHashes } from "../../src/hashes";
import type { JsonObject } from "../../src/json";
import { buildTree, treeRoot } from "../../src/merkle";
import type { Entry, Plan, StoredRecord } from "../../src/vault/vault";
import { AGENCY, BOB, Forger, OPERATOR, proposal, registry, START, TYPE, word } from "../support/forger";

const TYPE_DOCUMENT: JsonObject = { properties: { name: {}, amount: {} } };
const TYPE_HASH = typeHash(TYPE_DOCUMENT);
const bytes = (text: string): Uint8Array => fromHex(word(text));
type Stored = { -readonly [K in keyof StoredRecord]: StoredRecord[K] };

/** A vault in memory that can be spoiled. */
interface TestVault extends AuditedVault {
  readonly stored: Plan[];
  readonly records: Stored[][];
  readonly types: Map<string, JsonObject>;
}

const place = { domain: domain(registry.chainId, registry.address), agencyId: 1, typeId: 1 };
const seal = recordSealer(TYPE_HASH, ["amount", "name"]);

function record(name: string, version: number, previous: Stored | undefined): Stored {
  const values = { name, amount: version };
  const payload = new TextEncoder().encode(`{"amount":${version},"name":"${name}"}`);
  const secret = bytes(`secret ${name} ${version}`);
  const before = previous?.commitment ?? new Uint8Array(32);
  const commitment = seal(values, secret, before);
  const key = bytes(`key ${name}`);
  return {
    plan: 0,
    index: 0,
    leaf: leafHash(place, key, version, commitment),
    key,
    version,
    commitment,
    previous: before,
    secret,
    payload,
  };
}

/** Two batches of an honest agency: three records, then the second version of one of them. */
function honest(): { vault: TestVault; forger: Forger } {
  const forger = new Forger()
    .emit("AgencyAdmitted", AGENCY)
    .emit("TypeAdmitted", { ...TYPE, typeHash: toHex(TYPE_HASH) })
    .emit("OperatorAdded", OPERATOR);
  const stored: Plan[] = [];
  const records: Stored[][] = [];
  const anchor = (batch: Stored[]): void => {
    const number = stored.length;
    batch.sort((a, b) => compareBytes(a.leaf, b.leaf));
    batch.forEach((item, index) => Object.assign(item, { plan: number, index }));
    const leaves = new Uint8Array(32 * batch.length);
    batch.forEach(({ leaf }, i) => leaves.set(leaf, 32 * i));
    const root = toHex(treeRoot(buildTree(leaves, portableHashes.keccak256)));
    const manifest: JsonObject = { random: word(`random ${number}`) };
    const hash = toHex(manifestHash(manifest));
    const previous = forger.last;
    forger.batch(number, { size: batch.length, root, manifestHash: hash });
    const header: Header = {
      format: 1,
      agencyId: 1,
      typeId: 1,
      sequence: number,
      size: batch.length,
      anchoredAt: START + 104 + number,
      operator: OPERATOR.operator as string,
      previous,
      root,
      manifestHash: hash,
    };
    stored.push({
      number,
      status: "final",
      registry,
      agencyId: 1,
      type: "test.type",
      typeId: 1,
      typeHash: toHex(TYPE_HASH),
      mode: "root",
      size: batch.length,
      root,
      manifestHash: hash,
      manifest,
      header,
      plannedAt: "2026-06-01T00:00:00Z",
    });
    records.push(batch);
  };
  const first = ["one", "two", "three"].map((name) => record(name, 1, undefined));
  const two = first[1]!;
  anchor(first);
  const next = record("two", 2, two);
  anchor([next]);
  Object.assign(next, { earlier: { plan: two.plan, index: two.index } });

  const at = (plan: number, index: number): Stored => records[plan]![index]!;
  const types = new Map([[toHex(TYPE_HASH), TYPE_DOCUMENT]]);
  const vault: TestVault = {
    stored,
    records,
    types,
    plans: (from = 0) => stored.filter(({ number }) => number >= from),
    plan: (number) => stored[number]!,
    moves: () => [],
    leaves: (plan) => fromHex(`0x${records[plan]!.map(({ leaf }) => toHex(leaf).slice(2)).join("")}`),
    entry: (plan, index): Entry => at(plan, index),
    read: (plan, index) => at(plan, index),
    latest: (key) => {
      const versions = records.flat().filter((item) => compareBytes(item.key, key) === 0);
      const last = versions.sort((a, b) => b.version - a.version)[0];
      return last === undefined ? undefined : { ...last, ended: false, mode: "root" };
    },
    typeDocument: (hash) => types.get(hash),
  };
  return { vault, forger };
}

async function compared(
  { vault, forger }: { vault: AuditedVault; forger: Forger },
  records = true,
): Promise<AuditReport> {
  const audit: Audit = startAudit(registry);
  audit.read(forger.logs, forger.blocks);
  await compareVault(audit, { vault, hashes: portableHashes, records });
  return audit.report({ number: 1_000, hash: word("block"), time: START + 1_000 }, ["node"]);
}

const codes = (report: AuditReport): string[] => [...new Set(report.differences.map(({ code }) => code))];
const other = (value: Uint8Array): Uint8Array => value.map((byte, i) => (i === 31 ? byte ^ 1 : byte));

describe("audit of a vault", () => {
  it("finds nothing in a vault that is what was anchored", async () => {
    const report = await compared(honest());
    expect(report.differences).to.deep.equal([]);
    expect(report.notChecked).to.deep.equal([]);
    expect(report.vaults).to.deep.equal([{ batches: 2, records: 4, recomputed: 4 }]);
    expect(report.coverage.batchesWithLeaves).to.equal(2);
  });

  it("says that it opened no record without the passphrase", async () => {
    const report = await compared(honest(), false);
    expect(report.differences).to.deep.equal([]);
    expect(report.vaults).to.deep.equal([{ batches: 2, records: 4, recomputed: 0 }]);
    expect(report.notChecked.map(({ code, count }) => [code, count])).to.deep.equal([["vault.content", 2]]);
  });

  const planWith = (vault: TestVault, change: Partial<Plan>): void => {
    vault.stored[0] = { ...vault.stored[0]!, ...change };
  };
  const spoiled: [string[], string, (vault: TestVault) => void][] = [
    [
      ["vault.commitment"],
      "a value changed",
      (vault) => (vault.records[0]![0]!.payload = new TextEncoder().encode('{"amount":7,"name":"x"}')),
    ],
    [
      ["vault.commitment"],
      "a record that is no JSON",
      (vault) => (vault.records[0]![0]!.payload = new Uint8Array([123])),
    ],
    [["vault.commitment"], "another secret", (vault) => (vault.records[0]![0]!.secret = bytes("other"))],
    [
      ["vault.leaf", "vault.commitment"],
      "another commitment",
      (vault) => (vault.records[0]![0]!.commitment = other(vault.records[0]![0]!.commitment)),
    ],
    [
      ["vault.root", "leaves.root", "vault.leaf"],
      "another leaf",
      (vault) => (vault.records[1]![0]!.leaf = bytes("leaf")),
    ],
    [
      ["vault.manifest"],
      "another manifest",
      (vault) => planWith(vault, { manifest: { random: word("other") } }),
    ],
    [
      ["vault.header"],
      "another header",
      (vault) => planWith(vault, { header: { ...vault.stored[0]!.header!, anchoredAt: START } }),
    ],
    [
      ["vault.plan", "vault.root"],
      "another root as planned",
      (vault) => planWith(vault, { root: word("other") }),
    ],
    [
      ["vault.type-document"],
      "a type document changed",
      (vault) => void vault.types.set(toHex(TYPE_HASH), { properties: { name: {}, amounts: {} } }),
    ],
    [["vault.type-document"], "no type document", (vault) => vault.types.clear()],
    [["vault.missing"], "a batch missing", (vault) => void vault.stored.pop()],
    [
      ["vault.versions"],
      "a first version that says it is the third",
      (vault) => {
        const victim = vault.records[0]!.find(({ payload }) =>
          new TextDecoder().decode(payload).includes("one"),
        )!;
        victim.version = 3;
        victim.leaf = leafHash(place, victim.key, 3, victim.commitment);
      },
    ],
  ];
  for (const [expected, what, spoil] of spoiled)
    it(`reports ${expected.join(", ")}: ${what}`, async () => {
      const world = honest();
      spoil(world.vault);
      expect(codes(await compared(world))).to.include.members(expected);
    });

  it("does not miss a batch that the vault has sent and not yet seen anchored", async () => {
    const world = honest();
    const last = world.vault.stored.length - 1;
    const plan = world.vault.stored[last]!;
    world.vault.stored[last] = { ...plan, status: "sent", header: undefined, transaction: undefined };
    expect(codes(await compared(world))).to.deep.equal([]);
  });

  it("reports a batch of the vault that the chain does not have", async () => {
    const world = honest();
    const forger = new Forger();
    forger.logs.push(...world.forger.logs.slice(0, -1));
    world.forger.blocks.forEach((block, number) => forger.blocks.set(number, block));
    expect(codes(await compared({ vault: world.vault, forger }))).to.deep.equal(["vault.not-on-chain"]);
  });

  it("reports two versions of a record with one number", async () => {
    const world = honest();
    const twin = record(
      "two",
      2,
      world.vault.records[0]!.find(({ payload }) => new TextDecoder().decode(payload).includes("two")),
    );
    Object.assign(twin, { plan: 1, index: 1, earlier: world.vault.records[1]![0]!.earlier });
    world.vault.records[1]!.push({ ...twin, secret: bytes("x") });
    world.vault.stored[1] = { ...world.vault.stored[1]!, size: 2 };
    expect(codes(await compared(world))).to.include("vault.equivocation");
  });

  it("says what it cannot check: erased records, batches not sent, other registries, other operators", async () => {
    const world = honest();
    const { vault } = world;
    const read = vault.read.bind(vault);
    const erased: AuditedVault = {
      ...vault,
      plans: (from = 0) =>
        [
          ...vault.stored,
          { ...vault.stored[0]!, number: 2, status: "planned", header: undefined } as unknown as Plan,
          { ...vault.stored[0]!, number: 3, registry: { chainId: 1, address: registry.address } },
        ].filter(({ number }) => number >= from),
      read: (plan, index) => {
        if (plan === 0 && index === 0) throw new CreditAnchorError("vault.erased", "erased");
        return read(plan, index);
      },
    };
    world.forger
      .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 106 })
      .status("ErasureProposed", { proposal: proposal() })
      .status("RecordsErased", { actor: BOB })
      .batch(2, { operator: BOB });
    const report = await compared({ vault: erased, forger: world.forger });
    expect(report.differences).to.deep.equal([]);
    expect(report.notChecked.map(({ code }) => code)).to.have.members([
      "vault.erased",
      "vault.pending",
      "vault.other-registry",
      "vault.other-operator",
    ]);
  });

  it("reports what was destroyed without two operators, and what is erased on chain alone", async () => {
    const { vault, forger } = honest();
    const destroyed: AuditedVault = {
      ...vault,
      read: (plan, index) => {
        if (plan === 0 && index === 1) throw new CreditAnchorError("vault.erased", "erased");
        return vault.records[plan]![index]!;
      },
    };
    forger
      .emit("OperatorAdded", { ...OPERATOR, operator: BOB, validFrom: START + 106 })
      .status("ErasureProposed", { proposal: proposal() })
      .status("RecordsErased", { actor: BOB });
    const { differences } = await compared({ vault: destroyed, forger });
    expect(differences.map(({ code, where }) => [code, where.index])).to.deep.equal([
      ["vault.not-erased", 0],
      ["vault.destroyed", 1],
    ]);
  });

  it("reports what cannot be read, and goes on", async () => {
    const { vault, forger } = honest();
    const damaged: AuditedVault = {
      ...vault,
      read: (plan, index) => {
        if (plan === 0 && index === 1) throw new CreditAnchorError("vault.damaged", "bytes changed");
        return vault.records[plan]![index]!;
      },
    };
    const report = await compared({ vault: damaged, forger });
    expect(codes(report)).to.deep.equal(["vault.damaged"]);
    expect(report.vaults[0]!.recomputed).to.equal(3);
  });
});
