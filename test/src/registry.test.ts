import { expect } from "chai";
import { AbiCoder, getAddress, type Interface, ZeroHash } from "ethers";
import { IRelay__factory } from "../../typechain-types/factories/contracts/interfaces/IRelay__factory";
import { ISignOffs__factory } from "../../typechain-types/factories/contracts/interfaces/ISignOffs__factory";
import { CreditRegistry__factory } from "../../typechain-types/factories/contracts/CreditRegistry__factory";
import { checkReadiness } from "../../src/anchoring";
import type { Receipt } from "../../src/chain";
import { execute, registryCall, requireEvent, signCall } from "../../src/registry";
import * as admin from "../../src/registry-admin";
import { explainRevert, explanations, RegistryRefusal, revertData } from "../../src/registry-errors";
import * as views from "../../src/registry-views";
import { RpcError } from "../../src/rpc";
import { authorityInterface } from "../../src/interfaces";
import { type FaultProxy, forward, startAnvil, startProxy, type TestChain } from "../support/chains";
import { failure } from "../support/failure";
import { removeFolders } from "../support/homes";
import { AGENCY_CODE, bytesOf, TYPE_NAME } from "../support/samples";
import { account, hasty, registryThrough, startWorld, type World } from "../support/world";

const REGISTRY = `0x${"ab".repeat(20)}`;

describe("refusals of the registry", () => {
  const registry = CreditRegistry__factory.createInterface();
  const relay = IRelay__factory.createInterface();
  const errors: { name: string; inputs: readonly { type: string; name: string }[]; abi: Interface }[] = [];
  for (const abi of [registry, relay, ISignOffs__factory.createInterface()] as Interface[])
    abi.forEachError((error) => errors.push({ name: error.name, inputs: error.inputs, abi }));
  const authority: Interface = authorityInterface;
  authority.forEachError(({ name, inputs }) => {
    // The others are of libraries, and any contract may have them.
    if (name.startsWith("AccessManager")) errors.push({ name, inputs, abi: authority });
  });

  const sampleOf = (type: string): unknown => {
    if (type === "address") return account(5).address;
    if (type.startsWith("bytes")) return bytesOf(type, Number(type.slice(5)));
    return type === "uint8" ? 2 : 1_780_000_000;
  };

  it("are all explained, and nothing else is", () => {
    expect(Object.keys(explanations).sort()).to.deep.equal(errors.map(({ name }) => name).sort());
    expect(errors.length).to.be.greaterThan(40);
  });

  for (const { name, inputs, abi } of errors)
    it(`${name} becomes words with its values, a way out, and a code`, () => {
      const data = abi.encodeErrorResult(
        name,
        inputs.map(({ type }) => sampleOf(type)),
      );
      const error = explainRevert(data) as RegistryRefusal;
      expect(error).to.be.instanceOf(RegistryRefusal);
      expect(error.code).to.equal(`registry.${name}`);
      expect(error.message)
        .to.match(/^the registry('s authority)? refused: .{10,} \(/)
        .and.to.include(`(${name})`);
      expect(`${error.message} ${error.hint}`).to.not.match(/undefined|NaN|\[object/);
      expect(error.hint).to.have.length.greaterThan(5);
      expect(Object.keys(error.values)).to.deep.equal(inputs.map((input) => input.name));
    });

  it("of the authority name who, which act and which role", () => {
    const [who, scheduler] = [getAddress(account(5).address), getAddress(account(6).address)];
    const selector = registry.getFunction("closeAgency").selector;
    const refusal = (name: string, args: readonly unknown[], call?: string): string => {
      const { message, hint } = explainRevert(authority.encodeErrorResult(name, args), call);
      return `${message}. ${hint}`;
    };
    expect(refusal("AccessManagerUnauthorizedAccount", [who, 0])).to.contain(
      `${who} does not hold the role administrator`,
    );
    expect(refusal("AccessManagerUnauthorizedCall", [who, REGISTRY, selector])).to.contain(
      `${who} may not schedule closeAgency: it does not hold the role registrar`,
    );
    expect(refusal("AccessManagerUnauthorizedCancel", [who, scheduler, REGISTRY, selector])).to.contain(
      `${who} may not cancel closeAgency, which ${scheduler} scheduled: it does not hold the role guardian or administrator`,
    );
    const unauthorized = registry.encodeErrorResult("AccessManagedUnauthorized", [who]);
    const call = registry.encodeFunctionData("closeAgency", [1, 2]);
    expect(explainRevert(unauthorized, call).message).to.contain("does not hold the role registrar,");
    expect(explainRevert(unauthorized).message).to.contain("does not hold the role, which");
    expect(explainRevert(authority.encodeErrorResult("FailedCall")).message).to.equal(
      "the call reverted: FailedCall",
    );
  });

  it("tell times as everything else does, in UTC+8", () => {
    const data = registry.encodeErrorResult("OperatorExpired", [1, account(5).address, 1_795_885_740]);
    expect(explainRevert(data).message).to.contain("was valid until 2026-11-29 01:09:00 UTC+8");
  });

  it("are found wherever a node puts the revert data", () => {
    const data = registry.encodeErrorResult("RegistryPaused");
    for (const place of [
      data,
      `Reverted ${data}`,
      { data },
      { data: { data } },
      { result: data },
      { originalError: { data } },
    ])
      expect(revertData(new RpcError("eth_call", "node", 3, "execution reverted", place))).to.equal(data);
    expect(revertData(new RpcError("eth_call", "node", 3, "execution reverted", undefined))).to.equal("0x");
    expect(revertData(new RpcError("eth_call", "node", -32000, "header not found", undefined))).to.equal(
      undefined,
    );
  });

  it("of other contracts are told as far as they can be", () => {
    const coder = AbiCoder.defaultAbiCoder();
    const reason = `0x08c379a0${coder.encode(["string"], ["not\u001b[2J today"]).slice(2)}`;
    expect(explainRevert(reason).message).to.equal("the call reverted: not [2J today");
    expect(explainRevert(`0x4e487b71${coder.encode(["uint256"], [17]).slice(2)}`).message).to.match(
      /panic 17$/,
    );
    expect(explainRevert("0x").message).to.match(/no reason given$/);
    for (const broken of [
      "0x12345678",
      "0x08c379a0ff",
      "0x12",
      registry.encodeErrorResult("EmptyBatch").slice(0, 8),
    ])
      expect(explainRevert(broken).code).to.equal("registry.reverted");
    const cut = registry.encodeErrorResult("UnknownAgency", [7]).slice(0, 20);
    expect(explainRevert(cut).code).to.equal("registry.reverted");
  });
});

describe("registry", function () {
  let node: TestChain;
  let proxy: FaultProxy;
  let world: World;
  let snapshot: unknown;
  let registry: views.Registry;
  let ndrc: admin.Actor;
  let administrator: admin.Actor;

  before(async () => {
    node = await startAnvil();
    world = await startWorld(node);
    proxy = await startProxy(node.url);
    registry = await registryThrough(world, proxy.url);
    ndrc = { registry, signer: world.ndrc, settings: { patience: hasty } };
    administrator = { registry, signer: world.administrator };
  });
  beforeEach(async () => {
    snapshot = await node.rpc("evm_snapshot");
    proxy.behave = () => forward;
  });
  afterEach(async () => {
    await node.rpc("evm_setAutomine", true);
    await node.rpc("evm_revert", snapshot);
  });
  after(async () => {
    removeFolders();
    await proxy.stop();
    await node.stop();
  });

  describe("opening", () => {
    it("refuses an address without code", async () => {
      const error = await failure(() => views.openRegistry(world.chain, account(9).address));
      expect(error.code).to.equal("registry.none");
      expect(error.message).to.match(/no contract is there$/);
    });

    it("refuses another contract", async () => {
      const error = await failure(() => views.openRegistry(world.chain, world.manager));
      expect(error.message).to.match(/something else$/);
    });

    it("refuses a copy of the registry's code at another address", async () => {
      const copy = account(9).address;
      await node.rpc("anvil_setCode", copy, await world.chain.code(registry.address));
      const error = await failure(() => views.openRegistry(world.chain, copy));
      expect(error.message).to.match(/answers for another one$/);
    });

    it("refuses what is no address", async () => {
      expect((await failure(() => views.openRegistry(world.chain, "0x12"))).code).to.equal(
        "registry.address",
      );
    });
  });

  describe("reading", () => {
    it("shows agencies, operators and types, and nothing where there is nothing", async () => {
      const agency = await views.readAgency(registry, world.agencyId);
      expect(agency).to.deep.include({
        id: 1,
        code: AGENCY_CODE,
        administrator: world.administrator.address,
        pendingAdministrator: undefined,
        standing: views.Standing.active,
        batchCount: 0,
        lastBatch: `0x${"0".repeat(40)}`,
      });
      expect(await views.readAgency(registry, 2)).to.equal(undefined);
      expect(await views.agencyIdOf(registry, AGENCY_CODE)).to.equal(1);
      expect(await views.agencyIdOf(registry, "NOBODY")).to.equal(undefined);
      expect(await views.agencyCount(registry)).to.equal(1);
      expect(await views.readOperator(registry, 1, world.operators[0].address)).to.deep.include({
        permissions: 3,
        validUntil: 4_000_000_000,
        compromisedSince: 0,
        revoked: false,
      });
      expect((await views.readOperator(registry, 1, account(9).address)).permissions).to.equal(0);
      expect(await views.readType(registry, 1)).to.deep.include({ name: TYPE_NAME, personal: false });
      expect(await views.readType(registry, 2)).to.equal(undefined);
      expect(await views.typeIdOf(registry, ZeroHash)).to.equal(undefined);
      expect(await views.typeCount(registry)).to.equal(1);
      expect(await views.headerHashOf(registry, 1, 0)).to.equal(undefined);
      expect(await views.batchAt(registry, 1, 0)).to.equal(undefined);
      expect(await views.latestDirect(registry, 1, bytesOf("key"))).to.equal(undefined);
      expect(await views.isPaused(registry)).to.equal(false);
      expect(await views.authorityOf(registry)).to.equal(world.manager);
      expect((await views.readJournal(registry)).length).to.equal(4);
    });

    it("takes codes and names of 1 to 31 printable ASCII characters, and shows what is no text as hex", async () => {
      for (const text of ["", "a b", "x".repeat(32), "局", "a\n"])
        expect((await failure(() => views.labelBytes(text))).code).to.equal("registry.label");
      expect(views.labelBytes("x".repeat(31))).to.match(/^0x(78){31}00$/);
    });
  });

  describe("acts", () => {
    const twice = async (act: () => Promise<admin.Done>): Promise<void> => {
      const first = await act();
      expect(first.already).to.equal(false);
      expect(first.transaction).to.match(/^0x[0-9a-f]{64}$/);
      const journal = (await views.readJournal(registry)).length;
      expect((await act()).already).to.equal(true);
      expect((await views.readJournal(registry)).length).to.equal(journal);
    };
    const newAgency = {
      code: "91110000EXAMPLE0XX",
      administrator: account(6).address,
      keyCommitment: bytesOf("k"),
    };

    it("admit an agency once, and know it again", async () => {
      expect(await admin.admitAgency(ndrc, newAgency)).to.deep.include({ already: false, agencyId: 2 });
      expect(await admin.admitAgency(ndrc, newAgency)).to.deep.equal({ already: true, agencyId: 2 });
      const other = { ...newAgency, keyCommitment: bytesOf("other") };
      expect((await failure(() => admin.admitAgency(ndrc, other))).code).to.equal("registry.agency-differs");
    });

    it("admit a type once, and know it again", async () => {
      const type = { typeHash: bytesOf("type"), name: "example.type", personal: true };
      expect(await admin.admitType(ndrc, type)).to.deep.include({ already: false, typeId: 2 });
      expect(await admin.admitType(ndrc, type)).to.deep.equal({ already: true, typeId: 2 });
      const other = { ...type, personal: false };
      expect((await failure(() => admin.admitType(ndrc, other))).code).to.equal("registry.type-differs");
    });

    it("suspend, reinstate and close, and are success when it is so already", async () => {
      await twice(() => admin.suspendAgency(ndrc, 1, 7));
      await twice(() => admin.reinstateAgency(ndrc, 1, 8));
      await twice(() => admin.closeAgency(ndrc, 1, 9));
    });

    it("pause and end the pause, and are success when it is so already", async () => {
      await twice(() => admin.pauseRegistry(ndrc, 1));
      await twice(() => admin.unpauseRegistry(ndrc, 2));
    });

    it("hand over the administration in two steps", async () => {
      const next: admin.Actor = { registry, signer: account(7) };
      await twice(() => admin.nameAdministrator(administrator, 1, account(7).address));
      await twice(() => admin.acceptAdministration(next, 1));
    });

    it("add, change, revoke and denounce operators", async () => {
      const operator = {
        agencyId: 1,
        account: account(8).address,
        permissions: 1,
        validFrom: 0,
        validUntil: 3e9,
      };
      await twice(() => admin.setOperator(administrator, operator));
      await twice(() => admin.setOperator(administrator, { ...operator, permissions: 2 }));
      await twice(() => admin.revokeOperator(administrator, 1, operator.account));
      await twice(() => admin.declareCompromised(administrator, 1, operator.account, 1_700_000_000));
      const again = await failure(() => admin.setOperator(administrator, operator));
      expect(again.code).to.equal("registry.OperatorIsRevoked");
    });

    it("are refused to whoever has not the role, before anything is sent", async () => {
      const stranger: admin.Actor = { registry, signer: account(9) };
      const sent = proxy.calls.length;
      for (const act of [
        () => admin.admitAgency(stranger, newAgency),
        () => admin.suspendAgency(stranger, 1, 1),
        () => admin.pauseRegistry(stranger, 1),
      ])
        expect((await failure(act)).code).to.equal("registry.AccessManagedUnauthorized");
      expect(proxy.calls.slice(sent)).to.not.include("eth_sendRawTransaction");
    });

    it("survive an answer that was lost, a node that forgets, and fees that are too low", async () => {
      proxy.behave = ({ method, count }) =>
        method === "eth_sendRawTransaction" && count === 0 ? { kind: "forward-then-drop" } : forward;
      expect((await admin.pauseRegistry(ndrc, 1)).already).to.equal(false);
      proxy.behave = ({ method, count }) =>
        method === "eth_sendRawTransaction" && count === 0
          ? { kind: "error", code: -32000, message: "transaction underpriced" }
          : forward;
      expect((await admin.unpauseRegistry(ndrc, 1)).already).to.equal(false);
      await node.rpc("evm_setAutomine", false);
      proxy.behave = async ({ method, count }) => {
        if (method !== "eth_sendRawTransaction") return forward;
        if (count === 1) await node.rpc("evm_setAutomine", true);
        return forward;
      };
      expect((await admin.pauseRegistry(ndrc, 1)).already).to.equal(false);
    });

    it("give up on a chain that mines nothing", async () => {
      await node.rpc("evm_setAutomine", false);
      const settings = { patience: { stuckMs: 50, giveUpMs: 1_000 } };
      const call = registryCall(registry, "pause", [1], "pause");
      const error = await failure(() => execute(registry, world.ndrc, call, settings));
      expect(error.code).to.equal("chain.not-mined");
    });

    it("refuse a signer that signs something else", async () => {
      const { address, sign } = account(5);
      const crooked = { address, sign: (tx: object) => sign({ ...tx, data: "0x" }) };
      const call = registryCall(registry, "revokeOperator", [1, account(5).address], "revoke");
      const refused = await failure(() => signCall(registry, crooked, call));
      expect(refused.code).to.equal("registry.NotOperator");
      const { address: operator, sign: signs } = account(2);
      const bad = { address: operator, sign: (tx: object) => signs({ ...tx, data: "0x" }) };
      const own = registryCall(registry, "revokeOperator", [1, operator], "revoke");
      expect((await failure(() => signCall(registry, bad, own))).code).to.equal("signer.wrong");
    });
  });

  describe("the event in a receipt", () => {
    let receipt: Receipt;
    const expected = { agencyId: 1, reason: 7, actor: "" };

    beforeEach(async () => {
      const call = registryCall(registry, "suspendAgency", [1, 7], "suspend");
      receipt = await execute(registry, world.ndrc, call);
      expected.actor = world.ndrc.address;
    });

    it("is found, with what the caller wants to learn", () => {
      expect(requireEvent(registry, receipt, "AgencySuspended", expected).entry).to.equal(4n);
      const { reason, ...rest } = expected;
      expect(requireEvent(registry, receipt, "AgencySuspended", rest, ["reason"]).reason).to.equal(
        BigInt(reason),
      );
    });

    it("counts only with the right emitter, topic and arguments", async () => {
      const [log] = receipt.logs;
      const wrong: [Receipt, Parameters<typeof requireEvent>[2], Record<string, unknown>][] = [
        [{ ...receipt, logs: [] }, "AgencySuspended", expected],
        [{ ...receipt, logs: [{ ...log!, address: world.manager }] }, "AgencySuspended", expected],
        [{ ...receipt, logs: [{ ...log!, data: "0x" }] }, "AgencySuspended", expected],
        [receipt, "AgencyReinstated", expected],
        [receipt, "AgencySuspended", { ...expected, agencyId: 2 }],
        [receipt, "AgencySuspended", { ...expected, reason: 8 }],
        [receipt, "AgencySuspended", { ...expected, actor: account(9).address }],
      ];
      for (const [found, name, fields] of wrong)
        expect((await failure(() => requireEvent(registry, found, name, fields))).code).to.equal(
          "registry.no-effect",
        );
    });

    it("is never compared in part", () => {
      expect(() => requireEvent(registry, receipt, "AgencySuspended", { agencyId: 1 })).to.throw(TypeError);
    });
  });

  describe("readiness", () => {
    const intent = (): Parameters<typeof checkReadiness>[1] => ({
      agencyId: 1,
      account: world.operators[0].address,
      permissions: 3,
    });
    const refusal = async (change: object = {}): Promise<string> =>
      (await failure(() => checkReadiness(registry, { ...intent(), ...change }))).code;

    it("is given for an operator with its permissions", async () => {
      expect((await checkReadiness(registry, intent())).id).to.equal(1);
    });

    it("names what the registry would refuse, before it is asked", async () => {
      expect(await refusal({ agencyId: 9 })).to.equal("registry.UnknownAgency");
      expect(await refusal({ account: account(9).address })).to.equal("registry.NotOperator");
      const only = {
        agencyId: 1,
        account: account(8).address,
        permissions: 1,
        validFrom: 0,
        validUntil: 3e9,
      };
      await admin.setOperator(administrator, only);
      expect(await refusal({ account: only.account })).to.equal("registry.PermissionMissing");
      await admin.setOperator(administrator, { ...only, validFrom: 29e8 });
      expect(await refusal({ account: only.account })).to.equal("registry.OperatorNotYetValid");
      const now = (await world.chain.block("latest"))!.time;
      await admin.setOperator(administrator, { ...only, validUntil: now + 60 });
      await node.rpc("evm_increaseTime", 100);
      await node.rpc("evm_mine");
      expect(await refusal({ account: only.account, permissions: 1 })).to.equal("registry.OperatorExpired");
      await admin.revokeOperator(administrator, 1, only.account);
      expect(await refusal({ account: only.account, permissions: 1 })).to.equal("registry.OperatorIsRevoked");
    });

    it("lets a suspended agency and a paused registry withdraw, and nothing else", async () => {
      await admin.suspendAgency(ndrc, 1, 1);
      expect(await refusal()).to.equal("registry.WrongStanding");
      await admin.pauseRegistry(ndrc, 1);
      expect(await refusal()).to.equal("registry.RegistryPaused");
      await checkReadiness(registry, { ...intent(), withdrawing: true });
      await admin.closeAgency(ndrc, 1, 1);
      expect(await refusal({ withdrawing: true })).to.equal("registry.WrongStanding");
    });

    it("tells an account that cannot pay, where something costs", async () => {
      await node.rpc("anvil_setBalance", world.operators[0].address, "0x0");
      expect(await refusal()).to.equal("chain.funds");
      await checkReadiness(registry, { ...intent(), fees: { policy: "free" } });
    });
  });
});
