import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { getCreateAddress, Wallet } from "ethers";

import { RegistryAuthority__factory } from "../../typechain-types";
import { connectChain } from "../../src/chain";
import { checkDeployment } from "../../src/deploy/check";
import { readPending, readRecord, readRecords } from "../../src/deploy/record";
import { roleIds } from "../../src/roles";
import { startAnvil, startProxy, type TestChain } from "../support/chains";
import {
  Crash,
  crashing,
  deploy,
  localProfile,
  newDeployer,
  root,
  TRANSACTIONS,
} from "../support/deployments";
import { failure } from "../support/failure";

const folders: string[] = [];
const newFolder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), "deployment-")));
  return join(folders.at(-1)!, "network");
};

async function differences(...args: Parameters<typeof checkDeployment>): Promise<string[]> {
  return (await checkDeployment(...args)).filter((check) => check.holds === false).map((check) => check.name);
}

describe("deployment", function () {
  let node: TestChain;
  before(async () => (node = await startAnvil()));
  after(async () => {
    await node.stop();
    folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
  });

  it("deploys, wires and records, and the second run sends nothing", async () => {
    const { chain, signer } = await newDeployer(node);
    const folder = newFolder();
    const first = await deploy({ chain, signer, folder });
    expect(first.sent).to.equal(TRANSACTIONS);
    expect(readdirSync(folder).sort()).to.deep.equal([
      "CreditRegistry.json",
      "RegistryAuthority.json",
      "SignOffs.json",
    ]);
    const { manager, registry, signOffs } = first;
    expect(readRecords(folder)).to.deep.equal({ manager, registry, signOffs });
    expect(await differences(chain, first)).to.deep.equal([]);

    const files = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
    const nonce = await chain.nonce(signer.address);
    expect((await deploy({ chain, signer, folder })).sent).to.equal(0);
    expect(await chain.nonce(signer.address)).to.equal(nonce);
    expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"))).to.deep.equal(files);
  });

  it("records nothing that the machine's clock says", async () => {
    const { chain, signer } = await newDeployer(node);
    const record = (await deploy({ chain, signer, folder: newFolder() })).registry;
    const block = await chain.block(record.blockNumber);
    expect(record).to.include({ blockHash: block!.hash, blockTime: block!.time });
    expect(JSON.stringify(record)).not.to.match(/\d{4}-\d\d-\d\d/);
  });

  describe("stopped at any transaction, the next run finishes with nothing sent twice", () => {
    for (const at of [0, 1, 2, 3, 4, 9, TRANSACTIONS - 1])
      for (const when of ["before", "after"] as const)
        it(`${when} transaction ${at + 1}`, async () => {
          const { chain, signer } = await newDeployer(node);
          const folder = newFolder();
          const interrupted = deploy({ chain, signer: crashing(signer, at, when), folder });
          await interrupted.then(
            () => expect.fail("was not interrupted"),
            (error: unknown) => expect(error).to.be.instanceOf(Crash),
          );
          const records = await deploy({ chain, signer, folder });
          expect(await chain.nonce(signer.address)).to.equal(TRANSACTIONS);
          expect(readPending(folder)).to.equal(undefined);
          expect(await differences(chain, records)).to.deep.equal([]);
        });
  });

  it("adds what a deployment of an earlier version lacks, without any power over the registry", async () => {
    const { chain, signer } = await newDeployer(node);
    const folder = newFolder();
    const boss = Wallet.createRandom().address.toLowerCase();
    const administrator = [{ account: boss, delay: 86_400 }];
    const profile = { ...localProfile, roles: { ...localProfile.roles, administrator } };
    const { signOffs, ...before } = await deploy({ chain, signer, folder, profile });
    rmSync(join(folder, "SignOffs.json"));
    const old = readRecords(folder);
    expect(old.signOffs).to.equal(undefined);
    const open = (await checkDeployment(chain, old)).filter(({ holds }) => holds === undefined);
    expect(open.map(({ name, found }) => `${name}: ${found}`).join()).to.contain("SignOffs: none");
    expect(await differences(chain, old)).to.deep.equal([]);

    const after = await deploy({ chain, signer, folder, profile });
    expect(after.sent).to.equal(1);
    expect(after.registry).to.deep.equal(before.registry);
    expect(after.signOffs.address).not.to.equal(signOffs.address);
    expect(await differences(chain, after)).to.deep.equal([]);
  });

  describe("killed from outside", () => {
    const points = [
      ["before the first contract reaches the node", 0, false],
      ["after the first contract reached the node", 0, true],
      ["after the second contract reached the node", 1, true],
      ["in the middle of wiring", 8, true],
    ] as const;
    for (const [name, at, reaches] of points)
      it(name, async () => {
        const { chain, signer } = await newDeployer(node);
        const folder = newFolder();
        const proxy = await startProxy(node.url);
        const script = join(root, "test", "support", "deploy-once.ts");
        const child = spawn(
          process.execPath,
          ["-r", "ts-node/register/transpile-only", script, proxy.url, folder, signer.privateKey],
          { cwd: root, stdio: "ignore" },
        );
        const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
        proxy.behave = ({ method, count }) => {
          if (method !== "eth_sendRawTransaction" || count < at) return { kind: "forward" };
          child.kill("SIGKILL");
          return count === at && reaches ? { kind: "forward-then-drop" } : { kind: "drop" };
        };
        expect(await ended).to.equal("SIGKILL");
        await proxy.stop();
        expect(await chain.nonce(signer.address)).to.equal(at + (reaches ? 1 : 0));

        const records = await deploy({ chain, signer, folder });
        expect(await chain.nonce(signer.address)).to.equal(TRANSACTIONS);
        expect(await differences(chain, records)).to.deep.equal([]);
      });
  });

  it("waits for a creation that an earlier run left unmined", async () => {
    const slow = await startAnvil("--no-mining");
    try {
      const { chain, signer } = await newDeployer(slow);
      const folder = newFolder();
      await deploy({ chain, signer, folder, timeoutMs: 50 }).then(
        () => expect.fail("nothing was mined"),
        (error: unknown) => expect(error).to.include({ code: "deployment.slow" }),
      );
      const lines: string[] = [];
      const second = deploy({ chain, signer, folder, log: (line) => lines.push(line) });
      await new Promise((resolve) => setTimeout(resolve, 300));
      await slow.rpc("evm_setAutomine", true);
      await slow.rpc("evm_mine");
      const records = await second;
      expect(lines[0]).to.contain("waiting for transactions");
      expect(await chain.nonce(signer.address)).to.equal(TRANSACTIONS);
      expect(await differences(chain, records)).to.deep.equal([]);
    } finally {
      await slow.stop();
    }
  });

  it("goes on when the node took a transaction and its answer was lost", async () => {
    const { signer, chain: direct } = await newDeployer(node);
    const proxy = await startProxy(node.url);
    const lost = new Set([0, 1, 7]);
    let sends = 0;
    proxy.behave = ({ method }) =>
      method === "eth_sendRawTransaction" && lost.has(sends++)
        ? { kind: "forward-then-drop" }
        : { kind: "forward" };
    try {
      const chain = await connectChain({ urls: [proxy.url], pollMs: 5, backoffMs: 1 });
      const records = await deploy({ chain, signer: signer.connect(chain.provider), folder: newFolder() });
      expect(await direct.nonce(signer.address)).to.equal(TRANSACTIONS);
      expect(await differences(direct, records)).to.deep.equal([]);
    } finally {
      await proxy.stop();
    }
  });

  it("says that the account cannot pay", async () => {
    const chain = await connectChain({ urls: [node.url], pollMs: 5 });
    const signer = new Wallet(`0x${randomBytes(32).toString("hex")}`, chain.provider);
    const error = await failure(() => deploy({ chain, signer, folder: newFolder() }));
    expect(error.code).to.equal("deployment.refused");
    expect(error.message).to.contain("creation of RegistryAuthority").and.not.to.contain("0x60");
    expect(error.hint).to.contain(signer.address.toLowerCase()).and.to.contain("no funds");
  });

  it("plans anew when the announced nonce went to something else", async () => {
    const { chain, signer } = await newDeployer(node);
    const folder = newFolder();
    await deploy({ chain, signer: crashing(signer, 0, "before"), folder }).catch(() => undefined);
    const announced = readPending(folder)!;
    await (await signer.sendTransaction({ to: signer.address })).wait();
    const { manager } = await deploy({ chain, signer, folder });
    expect(announced.address).to.equal(getCreateAddress({ from: signer.address, nonce: 0 }).toLowerCase());
    expect(manager.address).to.equal(getCreateAddress({ from: signer.address, nonce: 1 }).toLowerCase());
  });

  describe("refuses", () => {
    it("records of another chain, and says the way out", async () => {
      const { chain, signer } = await newDeployer(node);
      const folder = newFolder();
      await deploy({ chain, signer, folder });
      const other = await startAnvil("--chain-id", "4711");
      try {
        const elsewhere = await newDeployer(other);
        const error = await failure(() => deploy({ ...elsewhere, folder }));
        expect(error.code).to.equal("deployment.other-chain");
        expect(error.message).to.contain("31337").and.to.contain("4711");
        expect(error.hint).to.contain("network name");
        expect(await elsewhere.chain.nonce(elsewhere.signer.address)).to.equal(0);
      } finally {
        await other.stop();
      }
    });

    it("a chain that was started anew, unless such chains are expected", async () => {
      const folder = newFolder();
      const gone = await startAnvil();
      const before = await newDeployer(gone);
      await deploy({ ...before, folder });
      await gone.stop();

      const { chain } = await newDeployer(node);
      const signer = new Wallet(before.signer.privateKey, chain.provider);
      await node.rpc("anvil_setBalance", signer.address, "0x3635c9adc5dea00000");
      const error = await failure(() => deploy({ chain, signer, folder }));
      expect(error.code).to.equal("deployment.chain-reset");
      expect(error.hint).to.contain(folder);

      const records = await deploy({ chain, signer, folder, startOver: true });
      expect(records.sent).to.equal(TRANSACTIONS);
      expect(await differences(chain, records)).to.deep.equal([]);
    });

    it("another deployer than the one that began", async () => {
      const { chain, signer } = await newDeployer(node);
      const folder = newFolder();
      await deploy({ chain, signer: crashing(signer, 0, "before"), folder }).catch(() => undefined);
      const other = await newDeployer(node);
      expect((await failure(() => deploy({ ...other, folder }))).code).to.equal("deployment.other-deployer");
      await deploy({ chain, signer: crashing(signer, 3, "before"), folder }).catch(() => undefined);
      expect((await failure(() => deploy({ ...other, folder }))).code).to.equal("deployment.other-deployer");
    });

    it("another profile than the one recorded", async () => {
      const { chain, signer } = await newDeployer(node);
      const folder = newFolder();
      await deploy({ chain, signer, folder });
      const profile = { ...localProfile, roles: { ...localProfile.roles, arbiter: [] } };
      expect((await failure(() => deploy({ chain, signer, folder, profile }))).code).to.equal(
        "deployment.other-profile",
      );
    });

    it("a chain that counts otherwise than the profile", async () => {
      const { chain, signer } = await newDeployer(node);
      const profile = { ...localProfile, clockUnit: "milliseconds" as const };
      const error = await failure(() => deploy({ chain, signer, folder: newFolder(), profile }));
      expect(error.code).to.equal("deployment.clock");
    });

    it("to go on without being administrator", async () => {
      const { chain, signer } = await newDeployer(node);
      const folder = newFolder();
      await deploy({ chain, signer: crashing(signer, 5, "before"), folder }).catch(() => undefined);
      const manager = RegistryAuthority__factory.connect(
        readRecord(folder, "RegistryAuthority")!.address,
        signer,
      );
      await (await manager.renounceRole(0, signer.address)).wait();
      expect((await failure(() => deploy({ chain, signer, folder }))).code).to.equal(
        "deployment.not-administrator",
      );
    });

    it("a damaged record, with every fault", async () => {
      const { chain, signer } = await newDeployer(node);
      const folder = newFolder();
      const { registry } = await deploy({ chain, signer, folder });
      const damaged = { ...registry, codeHash: "0x12", blockNumber: -1, more: 1 };
      writeFileSync(join(folder, "CreditRegistry.json"), JSON.stringify(damaged));
      const error = await failure(() => deploy({ chain, signer, folder }));
      expect(error.faults.map((fault) => fault.path)).to.have.members(["/codeHash", "/blockNumber", "/more"]);
    });
  });

  for (const content of ["", "null", "{}", '{"contract":"RegistryAuthority","chainId":31337}'])
    it(`refuses an announcement that is damaged: ${content === "" ? "empty" : content}`, async () => {
      const { chain, signer } = await newDeployer(node);
      const folder = newFolder();
      mkdirSync(folder);
      writeFileSync(join(folder, "pending.json"), content);
      expect((await failure(() => deploy({ chain, signer, folder }))).code).to.equal("deployment.damaged");
      expect(await chain.nonce(signer.address)).to.equal(0);
    });

  it("hands over to the administrators of the profile, each with its delay", async () => {
    const { chain, signer } = await newDeployer(node);
    const folder = newFolder();
    const boss = Wallet.createRandom().address.toLowerCase();
    const officer = Wallet.createRandom().address.toLowerCase();
    const profile = {
      ...localProfile,
      roles: {
        ...localProfile.roles,
        administrator: [{ account: boss, delay: 86_400 }],
        registrar: [{ account: officer, delay: 3_600 }],
      },
    };
    const records = await deploy({ chain, signer, folder, profile });
    expect(await differences(chain, records)).to.deep.equal([]);
    const manager = RegistryAuthority__factory.connect(records.manager.address, chain.provider);
    expect([...(await manager.hasRole(0, boss))]).to.deep.equal([true, 86_400n]);
    expect([...(await manager.hasRole(0, signer.address))]).to.deep.equal([false, 0n]);
    expect([...(await manager.hasRole(roleIds.registrar, officer))]).to.deep.equal([true, 3_600n]);
    expect([...(await manager.hasRole(roleIds.registrar, signer.address))]).to.deep.equal([false, 0n]);
    // Without any power left, the same run again still finds everything done.
    expect((await deploy({ chain, signer, folder, profile })).sent).to.equal(0);
  });

  it("scales delays on a chain that counts milliseconds", async () => {
    const fast = await startAnvil("--timestamp", "1780000000000");
    try {
      const { chain, signer } = await newDeployer(fast);
      await fast.rpc("evm_mine");
      const profile = {
        ...localProfile,
        clockUnit: "milliseconds" as const,
        roles: { ...localProfile.roles, arbiter: [{ account: "deployer", delay: 60 }] },
      };
      const records = await deploy({ chain, signer, folder: newFolder(), profile });
      const manager = RegistryAuthority__factory.connect(records.manager.address, chain.provider);
      expect((await manager.hasRole(roleIds.arbiter, signer.address)).executionDelay).to.equal(60_000n);
      expect(records.registry.blockTime).to.be.lessThan(2_000_000_000);
      expect(await differences(chain, records)).to.deep.equal([]);
    } finally {
      await fast.stop();
    }
  });

  describe("gas", () => {
    it("costs nothing on a free-gas network, from an account without funds", async () => {
      const besu = await startAnvil("--base-fee", "0", "--gas-price", "0", "--chain-id", "1337");
      try {
        const chain = await connectChain({ urls: [besu.url], pollMs: 5 });
        const signer = new Wallet(`0x${randomBytes(32).toString("hex")}`, chain.provider);
        for (const fees of ["auto", "free"] as const) {
          const records = await deploy({ chain, signer, folder: newFolder(), fees });
          expect(await differences(chain, records)).to.deep.equal([]);
        }
        expect(await chain.balance(signer.address)).to.equal(0n);
      } finally {
        await besu.stop();
      }
    });

    it("is paid by plain transactions on a network without base fee", async () => {
      const quorum = await startAnvil("--hardfork", "berlin");
      try {
        const { chain, signer } = await newDeployer(quorum);
        expect((await chain.block("latest"))!.baseFeePerGas).to.equal(undefined);
        for (const fees of ["auto", "legacy"] as const) {
          const records = await deploy({ chain, signer, folder: newFolder(), fees });
          expect(await differences(chain, records)).to.deep.equal([]);
          const sent = (await chain.send("eth_getTransactionByHash", [records.registry.transaction])) as {
            type: string;
          };
          expect(sent.type).to.equal("0x0");
        }
      } finally {
        await quorum.stop();
      }
    });
  });

  describe("as a script", () => {
    const network = `test-${process.pid}`;
    const prefix = network.toUpperCase().replace("-", "_");
    const folder = join(root, "deployments", network);
    const key = randomBytes(32).toString("hex");
    after(() => rmSync(folder, { recursive: true, force: true }));

    function run(
      script: string,
      environment: Record<string, string>,
    ): { status: number | null; text: string } {
      const hardhat = join(root, "node_modules/hardhat/internal/cli/bootstrap.js");
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [hardhat, "run", "--no-compile", join("scripts", script), "--network", network],
        { cwd: root, encoding: "utf8", env: { ...process.env, ...environment } },
      );
      return { status, text: stdout + stderr };
    }

    it("deploys to a network of the environment, again without sending, and agrees with the check", async () => {
      const besu = await startAnvil("--base-fee", "0", "--gas-price", "0", "--chain-id", "1337");
      try {
        const environment = {
          [`${prefix}_RPC_URL`]: besu.url,
          [`${prefix}_CHAIN_ID`]: "1337",
          [`${prefix}_PRIVATE_KEY`]: key,
          [`${prefix}_GAS`]: "free",
        };
        const first = run("deploy.ts", environment);
        expect(first.status, first.text).to.equal(0);
        expect(first.text).to.contain(`${TRANSACTIONS} transactions sent`).and.not.to.contain(key);
        const second = run("deploy.ts", environment);
        expect(second.status, second.text).to.equal(0);
        expect(second.text).to.contain("nothing sent");
        // Comparing needs no key.
        const checked = run("check-deployment.ts", { ...environment, [`${prefix}_PRIVATE_KEY`]: "" });
        expect(checked.status, checked.text).to.equal(0);
        expect(checked.text).to.match(/\d+ agree, 0 differ/);

        const { manager } = readRecords(folder);
        const chain = await connectChain({ urls: [besu.url], pollMs: 5 });
        const access = RegistryAuthority__factory.connect(manager.address, new Wallet(key, chain.provider));
        await (
          await access.grantRole(roleIds.registrar, Wallet.createRandom().address, 0, { gasPrice: 0 })
        ).wait();
        const differs = run("check-deployment.ts", environment);
        expect(differs.status, differs.text).to.equal(1);
        expect(differs.text).to.match(/^DIFFERS holders of registrar/m);
        expect(run("deploy.ts", environment).status).to.equal(1);
      } finally {
        await besu.stop();
      }
    });

    it("names what is missing, and does not print the key", () => {
      const { status, text } = run("deploy.ts", {
        [`${prefix}_RPC_URL`]: "http://127.0.0.1:1",
        [`${prefix}_PRIVATE_KEY`]: `${key}00`,
      });
      expect(status).not.to.equal(0);
      expect(text).to.contain(`${prefix}_CHAIN_ID is missing`).and.to.contain(`${prefix}_PRIVATE_KEY`);
      expect(text).not.to.contain(key);
    });

    it("says that a key is needed", () => {
      const { status, text } = run("deploy.ts", {
        [`${prefix}_RPC_URL`]: node.url,
        [`${prefix}_CHAIN_ID`]: "31337",
      });
      expect(status).to.equal(64);
      expect(text).to.contain(`${prefix}_PRIVATE_KEY is missing`);
    });

    it("refuses a node of another chain", () => {
      const { status, text } = run("deploy.ts", {
        [`${prefix}_RPC_URL`]: node.url,
        [`${prefix}_CHAIN_ID`]: "1",
        [`${prefix}_PRIVATE_KEY`]: key,
      });
      expect(status).not.to.equal(0);
      expect(text).to.contain("serves chain 31337, expected is chain 1");
    });
  });
});
