import { expect } from "chai";
import { randomBytes } from "node:crypto";
import {
  bundleText,
  coverPage,
  sealDigest,
  verifyBundle,
  type Bundle,
  type BundleVerdict,
} from "../../src/bundle";
import { hashedExtraData } from "../../src/bundle/block";
import { encodeRlp, decodeRlp, uintBytes } from "../../src/bundle/rlp";
import { proveInTrie, valueInTrie } from "../../src/bundle/trie";
import { gatherAnchoring } from "../../src/bundling";
import { concat, fromHex, toHex } from "../../src/bytes";
import type { Chain } from "../../src/chain";
import { checkpointDigest, type Checkpoint } from "../../src/checkpoint";
import { gatherFacts } from "../../src/facts";
import { portableHashes as hashes } from "../../src/hashes";
import { parseJson, type JsonObject, type JsonValue } from "../../src/json";
import { makeReceipt, present, type Evidence } from "../../src/receipt";
import { shippedTypes } from "../../src/types/shipped";
import { statementDigest, statementOf, type SignedReport } from "../../src/sign-off";
import type { LmdbVault } from "../../src/vault/writer";
import type { VaultReader } from "../../src/vault/vault";
import { startAnvil, startHardhatNode, type TestChain } from "../support/chains";
import { homeOf, account, anchor, planRows, startWorld, type World } from "../support/world";
import { permits, removeFolders, type } from "../support/homes";
import { withChange } from "../support/vectors";

const policy = { today: "2026-04-01" };

/** The receipt of a record of a vault that can decrypt. */
function receiptOf(vault: VaultReader, plan: number, index = 0): Evidence {
  const { registry, header, transaction } = vault.plan(plan);
  const record = vault.read(plan, index);
  return makeReceipt({
    registry,
    batch: header!,
    transaction: transaction!,
    type,
    key: record.key,
    version: record.version,
    previous: record.previous,
    index,
    values: parseJson(new TextDecoder().decode(record.payload)) as JsonObject,
    secret: record.secret,
    proof: vault.proof(plan, index),
    show: type.fields.map(({ name }) => name).filter((name) => name !== "remark"),
  });
}

function deploymentOf(world: World, codeHash: string): JsonObject {
  return {
    format: "credit-anchor/deployment",
    formatVersion: 1,
    contract: "CreditRegistry",
    chainId: world.chain.chainId,
    address: world.registry.address,
    codeHash,
    arguments: [world.manager],
    deployer: account(0).address,
    transaction: `0x${"12".repeat(32)}`,
    blockNumber: 2,
    blockHash: `0x${"13".repeat(32)}`,
    blockTime: 1_780_000_000,
    compiler: { version: "0.8.30", settings: { evmVersion: "paris" } },
    sourceCommit: null,
  };
}

async function bundleOf(world: World, chain: Chain, vault: VaultReader, evidence: Evidence): Promise<Bundle> {
  const codeHash = toHex(hashes.keccak256(fromHex(await chain.code(world.registry.address))));
  return {
    format: "credit-anchor/bundle",
    formatVersion: 1,
    tool: "credit-anchor test",
    madeAt: 1_780_000_000,
    evidence,
    typeDocument: type.document,
    manifest: vault.planAt(evidence.batch.sequence)!.manifest,
    anchoring: await gatherAnchoring(chain, evidence, hashes),
    codeHash,
    deployment: deploymentOf(world, codeHash),
    ...(await statementsOf(world, chain)),
  };
}

/** A checkpoint and an auditor's report on the registry as it is now. */
async function statementsOf(
  world: World,
  chain: Chain,
): Promise<Required<Pick<Bundle, "checkpoints" | "signedReports">>> {
  const { number, hash, time } = (await chain.block("latest"))!;
  const registry = { chainId: chain.chainId, address: world.registry.address };
  const stand = {
    registry,
    block: { number, hash, time },
    journal: { length: 9, head: `0x${"5d".repeat(28)}` },
  };
  const auditor = account(8);
  const checkpoint: Checkpoint = {
    format: "credit-anchor/checkpoint",
    formatVersion: 1,
    ...stand,
    signer: auditor.address,
    signature: await auditor.signDigest(checkpointDigest(stand)),
  };
  const report = { format: "credit-anchor/audit", ...stand, roles: [], differences: [], notChecked: [] };
  const statement = statementOf(report, world.manager);
  const signOffs = `0x${"77".repeat(20)}`;
  const signed: SignedReport = {
    format: "credit-anchor/signed-report",
    formatVersion: 1,
    signOffs,
    statement,
    auditor: auditor.address,
    signature: await auditor.signDigest(statementDigest(chain.chainId, signOffs, statement)),
    report,
  };
  return {
    checkpoints: [checkpoint as unknown as JsonObject],
    signedReports: [signed as unknown as JsonObject],
  };
}

async function sealed(world: World, bundle: Bundle): Promise<Bundle> {
  const [signer] = world.operators;
  const signature = await signer.signDigest(toHex(sealDigest(bundle, hashes)));
  return { ...bundle, seal: { signer: signer.address, signature } };
}

/** Everything that is not an object or list, with its JSON pointer. */
function leavesOf(value: JsonValue, path = ""): { path: string; value: JsonValue }[] {
  if (typeof value !== "object" || value === null) return [{ path, value }];
  return Object.entries(value as JsonObject).flatMap(([name, member]) =>
    leavesOf(member, `${path}/${name.replace(/~/g, "~0").replace(/\//g, "~1")}`),
  );
}

/** Another value of the same form. */
function altered(value: JsonValue): JsonValue {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string") return "x";
  if (!/^0x[0-9a-f]+$/.test(value)) return `${value}x`;
  const at = Math.floor(value.length / 2);
  return value.slice(0, at) + (parseInt(value[at]!, 16) ^ 1).toString(16) + value.slice(at + 1);
}

const named = ({ checks, bundle }: BundleVerdict, result: string): string[] =>
  [...checks, ...(bundle?.checks ?? [])].filter((check) => check.result === result).map(({ name }) => name);

/** What must be named when something below a place was altered; the first place that fits. */
const GUILTY: readonly (readonly [string, readonly string[]])[] = [
  ["/format", ["format"]],
  ["/evidence/format", ["format"]],
  ["/evidence/registry", ["inclusion", "deployment"]],
  ["/evidence/batch/format", ["format"]],
  ["/evidence/batch/sequence", ["integrity", "receipt"]],
  ["/evidence/batch/anchoredAt", ["receipt", "block"]],
  ["/evidence/batch/", ["signature", "receipt"]],
  ["/evidence/transaction/hash", ["transaction"]],
  ["/evidence/transaction/block", ["block"]],
  ["/evidence/record/typeHash", ["inclusion", "type document", "manifest"]],
  ["/evidence/record/type", ["type", "manifest"]],
  ["/evidence/record/fields/6/name", ["type"]],
  ["/evidence/record", ["inclusion"]],
  ["/evidence/proof", ["inclusion"]],
  ["/typeDocument", ["type document"]],
  ["/manifest", ["manifest"]],
  ["/anchoring/transaction", ["transaction"]],
  ["/anchoring/receipt", ["block"]],
  ["/anchoring/block", ["block"]],
  ["/codeHash", ["deployment"]],
  ["/checkpoints", ["checkpoints"]],
  ["/signedReports", ["sign-offs"]],
  ["/deployment", ["deployment"]],
];

/** What the rest does not bind: it tells, and only a seal or a time stamp keeps it as it was. */
const DESCRIPTIVE: readonly string[] = [
  "/tool",
  "/madeAt",
  "/deployment/arguments",
  "/deployment/deployer",
  "/deployment/transaction",
  "/deployment/blockNumber",
  "/deployment/blockHash",
  "/deployment/blockTime",
  "/deployment/compiler",
  "/deployment/compiler",
  "/deployment/sourceCommit",
];

describe("evidence bundles", function () {
  for (const [name, startNode] of [
    ["anvil", startAnvil],
    ["hardhat", startHardhatNode],
  ] as const)
    describe(`on ${name}`, () => {
      let node: TestChain;
      let world: World;
      let vault: LmdbVault;
      let open: VaultReader;

      before(async () => {
        node = await startNode();
        world = await startWorld(node);
        const home = await homeOf(world);
        vault = await home.writeVault({ command: "test" });
        await planRows(world, vault, permits(0, 10));
        await planRows(world, vault, permits(20, 23), { mode: "leaves" });
        await planRows(world, vault, permits(30, 31), { mode: "direct" });
        await anchor(world, vault);
        open = await home.readVault({ decrypt: true });
      });
      after(async () => {
        await open.close();
        await vault.close();
        removeFolders();
        await node.stop();
      });

      for (const [plan, mode] of ["root", "leaves", "direct"].entries())
        it(`show a record anchored by ${mode} without a node: all but code, chain and today`, async () => {
          const evidence = receiptOf(open, plan);
          const bundle = await sealed(world, await bundleOf(world, world.chain, open, evidence));
          const trust = [{ chainId: world.chain.chainId, address: world.registry.address }];
          const offline = verifyBundle({ bundle: bundleText(bundle), trust, policy }, hashes);
          expect(named(offline, "failed")).to.deep.equal([]);
          expect(offline.exitStatus).to.equal(2);
          expect(named(offline, "not-checked")).to.deep.equal([
            "anchor",
            "issuer",
            "status",
            "freshness",
            "code",
            "time stamp",
          ]);
          const [facts] = await gatherFacts([world.chain], [evidence], { withHistory: true });
          const online = verifyBundle({ bundle, facts, trust, policy }, hashes);
          expect(named(online, "failed")).to.deep.equal([]);
          expect(named(online, "not-checked")).to.deep.equal(["freshness", "time stamp"]);
          expect(online.exitStatus).to.equal(0);
        });

      it("show no more than the presentation in them", async () => {
        const evidence = present(receiptOf(open, 0), type, ["permitNumber"]);
        const bundle = withChange(await bundleOf(world, world.chain, open, evidence), "/manifest", {});
        const { payload } = open.read(0, 0);
        const values = parseJson(new TextDecoder().decode(payload)) as JsonObject;
        for (const field of ["holderName", "holderNumber", "remark"])
          expect(bundleText(bundle)).to.not.contain(values[field]);
        expect(named(verifyBundle({ bundle, trust: [], policy }, hashes), "failed")).to.deep.equal([]);
      });

      it("have a cover on which text of others is only ever text", async () => {
        const bundle = await bundleOf(world, world.chain, open, receiptOf(open, 0));
        const harm = { ...bundle, tool: `<img src=x onerror="alert(1)">'\u202e` };
        const page = coverPage(harm, verifyBundle({ bundle: harm, trust: [], policy }, hashes), hashes);
        expect(page).not.to.contain("<img").and.not.to.contain("\u202e");
        expect(page).to.contain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;\ufffd");
      });

      it("have a cover that says everything in Chinese first: titles, amounts, dates, reasons, what is hidden", async () => {
        const bundle = await bundleOf(world, world.chain, open, receiptOf(open, 0));
        const penalty = shippedTypes().get("cn.penalty")!;
        const { record } = bundle.evidence;
        const salt = `0x${"11".repeat(32)}`;
        const told = {
          ...bundle,
          typeDocument: penalty.document,
          evidence: {
            ...bundle.evidence,
            record: {
              ...record,
              ...{ type: "cn.penalty", typeHash: toHex(penalty.typeHash), typeDocument: penalty.document },
              fields: [
                { name: "fineFen", value: 32265844, salt },
                { name: "decidedOn", value: "2025-04-24", salt },
                { name: "validUntil", value: "2099-12-31", salt },
                { name: "remark", value: null, salt },
                { name: "partyIdNumber", digest: salt },
              ],
            },
          },
        } as Bundle;
        const page = coverPage(told, verifyBundle({ bundle, trust: [], policy }, hashes), hashes);
        const lines = page.replace(/<style>[^]*<\/style>|<[^>]*>/g, " ").replace(/\s+/g, " ");
        for (const words of [
          "行政处罚 Administrative penalty cn.penalty",
          "罚款金额 Fine 322,658.44 元",
          "处罚决定日期 Date of the decision 2025年4月24日 24 April 2025",
          "处罚有效期 Last day of validity of the penalty 长期 long-term",
          "未填写的字段 fields left empty 备注 Remark",
          "未出示的字段（1 项） hidden fields (1) 证件号码 Number of the party&#39;s identity document",
          "证明路径从记录通到其批次的根。 record ",
          "出具机构 issuer – 未核验 not checked 须先找到链上锚定。 needs an anchor",
        ])
          expect(lines).to.contain(words);
        expect(lines).to.match(
          /采集开始时间 collection started \d{4}年\d+月\d+日 [\d:]+（北京时间） \d+ \w+ \d{4}/,
        );
        expect(lines).not.to.match(/万元|in fen|\{"/);
      });

      it("name what was altered, whatever it is; what only tells of itself is listed here", async () => {
        const bundle = await bundleOf(world, world.chain, open, receiptOf(open, 0));
        const everything = leavesOf(JSON.parse(bundleText(bundle)) as JsonValue);
        expect(everything.length).to.be.greaterThan(100);
        const unnoticed = everything.filter(({ path, value }) => {
          const changed = withChange(bundle, path, { value: altered(value) });
          const verdict = verifyBundle({ bundle: changed, trust: [], policy }, hashes);
          const guilty = named(verdict, "failed");
          expect(verdict.exitStatus, path).to.equal(guilty.length > 0 ? 1 : 2);
          // What calls itself newer than this program is not checked, and that is said.
          if (guilty.length === 0)
            return !(verdict.bundle?.checks ?? []).some(({ code }) => code.endsWith(".newer"));
          const expected = GUILTY.find(([beginning]) => path.startsWith(beginning))![1];
          expect(guilty, path).to.include.members([...expected]);
          return false;
        });
        expect(unnoticed.map(({ path }) => path.replace(/^(\/deployment\/\w+)\/.*/, "$1"))).to.deep.equal(
          DESCRIPTIVE,
        );
      });

      it("name every change once somebody signed them", async () => {
        const bundle = await sealed(world, await bundleOf(world, world.chain, open, receiptOf(open, 0)));
        for (const { path, value } of leavesOf(JSON.parse(bundleText(bundle)) as JsonValue)) {
          const changed = withChange(bundle, path, { value: altered(value) });
          const verdict = verifyBundle({ bundle: changed, trust: [], policy }, hashes);
          expect(verdict.exitStatus, path).to.equal(1);
          if (verdict.bundle !== null) expect(named(verdict, "failed"), path).to.include("seal");
        }
      });

      it("refuse statements about another registry, and of a time before the anchoring", async () => {
        const evidence = receiptOf(open, 0);
        const bundle = await bundleOf(world, world.chain, open, evidence);
        const later = withChange(bundle, "/evidence/transaction/blockNumber", { value: 10_000_000 });
        const verdict = verifyBundle({ bundle: later, trust: [], policy }, hashes);
        expect(named(verdict, "failed")).to.include.members(["checkpoints", "sign-offs"]);
        const elsewhere = withChange(bundle, "/evidence/registry/chainId", { value: 1 });
        const other = verifyBundle({ bundle: elsewhere, trust: [], policy }, hashes);
        expect(named(other, "failed")).to.include.members(["checkpoints", "sign-offs"]);
      });

      it("find the transaction among others in its block", async () => {
        const [sender] = [account(6)];
        await node.rpc("evm_setAutomine", false);
        try {
          await planRows(world, vault, permits(40, 44));
          const waits = anchor(world, vault);
          for (let nonce = 0; nonce < 20; nonce++)
            await world.chain.broadcast(
              await sender!.sign({
                type: nonce % 3,
                chainId: world.chain.chainId,
                nonce,
                to: account(7).address,
                value: 1,
                gasLimit: 21_000,
                ...(nonce % 3 === 2 ? { maxFeePerGas: 9e9, maxPriorityFeePerGas: 9e9 } : { gasPrice: 9e9 }),
              }),
            );
          while (((await node.rpc("eth_getBlockTransactionCountByNumber", "pending")) as string) !== "0x15")
            await new Promise((resolve) => setTimeout(resolve, 20));
          await node.rpc("evm_mine");
          await waits;
        } finally {
          await node.rpc("evm_setAutomine", true);
        }
        const evidence = receiptOf(open, 3);
        const bundle = await bundleOf(world, world.chain, open, evidence);
        expect(bundle.anchoring!.block!.transactionProof.length).to.be.greaterThan(1);
        const verdict = verifyBundle({ bundle, trust: [], policy }, hashes);
        expect(named(verdict, "failed")).to.deep.equal([]);
        expect(named(verdict, "passed")).to.include.members(["block", "receipt", "signature"]);
      });
    });
});

function valueOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

describe("the tree over a block's transactions", () => {
  it("proves each of many, and nothing else", () => {
    for (const size of [1, 2, 3, 16, 17, 128, 129, 300]) {
      const values = Array.from({ length: size }, (_, i) => encodeRlp([uintBytes(i), randomBytes(i % 50)]));
      for (const index of [0, 1, size >> 1, size - 1].filter((at) => at < size)) {
        const { root, proof } = proveInTrie(values, index);
        expect(valueInTrie(root, index, proof)).to.deep.equal(Uint8Array.from(values[index]!));
        // Nodes that hold a short neighbour whole prove it too.
        const beside = valueOrNothing(() => valueInTrie(root, index + 1, proof));
        expect([undefined, toHex(values[index + 1] ?? values[0]!)]).to.include(beside && toHex(beside));
        expect(() => valueInTrie(root, index, [...proof, proof[0]!])).to.throw();
        expect(() => valueInTrie(root, index, proof.slice(0, -1))).to.throw();
      }
    }
  });

  it("is written in RLP of one reading", () => {
    for (const hex of ["0x8101", "0xb801", "0xb90000", "0xc101ff", "0x", "0xb83700", "0x83aabb"])
      expect(() => decodeRlp(fromHex(hex)), hex).to.throw("RLP");
  });
});

describe("blocks of chains whose validators seal them", () => {
  const vanity = new Uint8Array(32).fill(7);
  const validators = [1, 2, 3, 4].map((n) => new Uint8Array(20).fill(n));
  const seals = [5, 6, 7].map((n) => new Uint8Array(65).fill(n));
  const hashed = (extra: Uint8Array): string[] => [...hashedExtraData(extra)].map(toHex);

  it("are hashed without seals and round by QBFT, also with a vote", () => {
    for (const vote of [[], [validators[0]!, Uint8Array.of(0xff)]]) {
      const extra = encodeRlp([vanity, validators, vote, uintBytes(3), seals]);
      const bare = encodeRlp([vanity, validators, vote, uintBytes(0), []]);
      expect(hashed(extra)).to.include(toHex(bare)).and.to.include(toHex(extra));
    }
  });

  it("are hashed without both by IBFT 2, and without committed seals by the older IBFT", () => {
    const ibft2 = encodeRlp([vanity, validators, [], Uint8Array.of(0, 0, 0, 1), seals]);
    expect(hashed(ibft2)).to.include(toHex(encodeRlp([vanity, validators, []])));
    const older = concat(vanity, encodeRlp([validators, seals[0]!, seals]));
    expect(hashed(older)).to.include(toHex(concat(vanity, encodeRlp([validators, seals[0]!, []]))));
  });

  it("are hashed as they are by others", () => {
    expect(hashed(new Uint8Array(0))).to.deep.equal(["0x"]);
    expect(hashed(vanity)).to.deep.equal([toHex(vanity)]);
  });
});
