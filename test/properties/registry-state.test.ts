import { expect } from "chai";
import { takeSnapshot } from "@nomicfoundation/hardhat-network-helpers";
import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/signers";
import fc from "fast-check";
import type { ErrorFragment, FunctionFragment } from "ethers";
import { ethers } from "hardhat";
import type { OracleHeader as Header } from "../support/oracle";
import { deployManager, deployRegistry, wiringSteps } from "../../src/deployment";
import { Acts, Chooser, agencyOfCall, nextTime, type Cast } from "../support/model/acts";
import { ADMINISTRATOR, ROLE_IDS } from "../support/model/authority";
import {
  askAll,
  decodeAnswers,
  expectedAnswer,
  inWords,
  transact,
  type Outcome,
} from "../support/model/chain";
import type { Block, Head, ModelEvent } from "../support/model/journal";
import { INVARIANTS, type Step } from "../support/model/invariants";
import { Refusal, batchIdOf, type Role } from "../support/model/registry";
import { Encoder, viewsOf, type Focus } from "../support/model/views";
import { World, callOf, interfaces, word, type Act, type Addresses } from "../support/model/world";

/** How many steps are taken, and from which seed: both can be set, to run longer or to run again what failed. */
const STEPS = Number(process.env["STATE_STEPS"] ?? 10_000);
const FRESH_SEED = (Date.now() ^ process.pid) >>> 0;
/** The gate takes the same steps every time; elsewhere each run takes others. */
const SEED = Number(process.env["STATE_SEED"] ?? (process.env["CI"] === "true" ? 20_260_401 : FRESH_SEED));
const LONGEST = 250;
/** With fewer steps than these, some of what is rare may not come up. */
const ENOUGH = 10_000;

const RELAYED_CALL = {
  RelayedCall: [
    { name: "operator", type: "address" },
    { name: "agencyId", type: "uint32" },
    { name: "call", type: "bytes" },
    { name: "nonce", type: "bytes32" },
    { name: "deadline", type: "uint64" },
  ],
};

/** Functions that are called by way of another one: `updateAuthority` of the authority. */
const BY_WAY_OF: Readonly<Record<string, string>> = { setAuthority: "updateAuthority" };

interface Taken {
  readonly act: Act;
  readonly block: Block;
}

/** The chain and its model, side by side. */
class Pair {
  world: World;
  private encoder: Encoder;
  private steps: string[] = [];
  private blockNumber = 0;
  private timestamp = 0;
  private milliseconds = false;
  /** How often an invariant could not have held, by its title. */
  readonly tried = new Map<string, number>();

  constructor(
    private readonly at: Addresses,
    private readonly cast: Cast,
    private readonly owners: ReadonlyMap<string, string>,
    private readonly viewBatch: string,
    private readonly signers: ReadonlyMap<string, HardhatEthersSigner>,
    private readonly founder: string,
    private readonly deployed: ReadonlyMap<string, { readonly since: number; readonly roles: Head }>,
  ) {
    this.world = this.begin();
    this.encoder = new Encoder(this.world);
  }

  /** The model of a registry that was just deployed. */
  private begin(): World {
    const { deployed, founder } = this;
    const world = new World(
      this.at,
      this.owners,
      new Map([...deployed].map(([address, { roles }]) => [address, roles])),
    );
    for (const [address, { since }] of deployed)
      world.authorities
        .get(address)!
        .members.set(`${ADMINISTRATOR} ${founder}`, { before: 0, after: 0, effect: 0, since });
    return world;
  }

  /** Brings the model to where the chain is, after these steps. */
  async reset(taken: readonly Taken[], milliseconds: boolean): Promise<void> {
    this.world = this.begin();
    this.encoder = new Encoder(this.world);
    for (const { act, block } of taken) this.world.perform(act, block);
    const latest = (await ethers.provider.getBlock("latest"))!;
    this.blockNumber = latest.number;
    this.timestamp = latest.timestamp;
    this.milliseconds = milliseconds;
    this.steps = [];
  }

  /** One random step. */
  async step(seed: number): Promise<{ act: Act; refused: string | undefined }> {
    const choose = new Chooser(seed);
    const before = this.timestamp > 1e11 ? Math.floor(this.timestamp / 1000) : this.timestamp;
    const time = nextTime(this.world, choose, before);
    const block = this.nextBlock(time, choose);
    const act = new Acts(this.world, this.cast, choose, block, this.blockNumber).next();
    return { act, refused: await this.take(act, block) };
  }

  nextBlock(time: number, choose: Chooser): Block {
    const timestamp = this.milliseconds ? time * 1000 + choose.below(1000) : time;
    return { number: this.blockNumber + 1, time, timestamp };
  }

  get now(): number {
    return this.timestamp;
  }

  /** Does it on both sides and compares: what is refused and why, what is emitted, and every view. */
  async take(act: Act, block: Block): Promise<string | undefined> {
    this.steps.push(`${block.number} @${block.timestamp} ${JSON.stringify(act, asText)}`);
    try {
      return await this.compare(act, block);
    } catch (error) {
      const tail = this.steps.slice(-12).join("\n  ");
      throw new Error(`${(error as Error).message}\nthe last steps:\n  ${tail}`, { cause: error });
    }
  }

  private async compare(act: Act, block: Block): Promise<string | undefined> {
    const { world } = this;
    const before = structuredClone(world.registry.state);
    const used = new Set(world.relay.used);
    const entries = (): number =>
      [...world.authorities.values()].reduce((sum, { journal }) => sum + journal.count, 0);
    const roles = entries();
    const administrators = new Set(world.holdersOf(ADMINISTRATOR));
    let events: readonly ModelEvent[] = [];
    let refusal: Refusal | undefined;
    try {
      events = world.perform(act, block);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      refusal = error;
    }
    const signature = act.kind === "relay" ? await this.sign(act.signature) : "0x";
    const outcome = await transact(act.caller, world.encode(act, signature), block.timestamp);
    this.blockNumber = block.number;
    this.timestamp = block.timestamp;
    const found = outcome.refused === undefined ? "accepted" : inWords(outcome.refused);
    expect(found, "what became of the call").to.equal(
      refusal === undefined ? "accepted" : inWords(encoded(refusal)),
    );
    expect(outcome.refused).to.equal(refusal === undefined ? undefined : encoded(refusal));
    if (refusal === undefined) {
      expect(outcome.blockNumber).to.equal(block.number);
      this.compareLogs(act, outcome, events, before.journal.count);
      this.checkInvariants({
        before,
        after: world.registry.state,
        act,
        actor: this.actorOf(act),
        block,
        events,
        roles: [roles, entries()],
        administrators,
        used,
      });
    } else expect(world.registry.state.journal).to.deep.equal(before.journal);
    await this.compareViews(this.focusOf(act, refusal === undefined));
    return refusal?.error;
  }

  private compareLogs(act: Act, { logs }: Outcome, events: readonly ModelEvent[], first: number): void {
    const named = (address: string): string[] =>
      logs
        .filter((log) => log.address === address.toLowerCase())
        .map((log) => {
          const name = Object.entries(this.at).find(([, at]) => at === address)![0];
          const of = name === "spare" ? interfaces.authority : interfaces[name as keyof typeof interfaces];
          const event = of.parseLog(log)!;
          return `${event.name} ${flat(event.args.toArray())}`;
        });
    // OpenZeppelin's own event of the same change has no number and is not journaled.
    const journaled = named(this.at.registry).filter((text) => !text.startsWith("AuthorityUpdated "));
    expect(journaled).to.deep.equal(
      events.map(({ name, fields }, i) => `${name} ${flat([...fields, first + i])}`),
    );
    const relayed =
      act.kind === "relay"
        ? [`Relayed ${flat([act.relayed.operator, act.caller, act.relayed.nonce])}`]
        : act.kind === "cancelNonce"
          ? [`NonceCancelled ${flat([act.caller, act.nonce])}`]
          : [];
    const { roleEntries, authorities } = this.world;
    for (const [address, { journal }] of authorities) {
      const entries = "at" in act && act.at === address ? roleEntries : [];
      expect(named(address).filter((text) => text.startsWith("RoleJournaled"))).to.deep.equal(
        entries.map(
          (entry, i) =>
            `RoleJournaled ${flat([journal.count - entries.length + i, entry.act, entry.arguments])}`,
        ),
      );
    }
    expect(named(this.at.relay)).to.deep.equal(relayed);
  }

  private actorOf(act: Act): string {
    if (act.kind === "relay") return act.relayed.operator;
    return act.kind === "execute" ? act.at : act.caller;
  }

  private checkInvariants(step: Step): void {
    for (const { title, check } of INVARIANTS)
      try {
        if (check(step)) this.tried.set(title, (this.tried.get(title) ?? 0) + 1);
      } catch (error) {
        throw new Error(`${title}: ${(error as Error).message}`, { cause: error });
      }
  }

  /** What a step was about; now and then everything, so that nothing changes elsewhere unseen. */
  private focusOf(act: Act, accepted: boolean): Focus | undefined {
    if (this.blockNumber % 32 === 0) return undefined;
    const { registry } = this.world;
    // What was refused is about nothing: then what comes round in turn is asked, and the heads.
    const call = accepted ? callOf(act) : undefined;
    const ids = new Set<number>();
    const batches = new Set<bigint>();
    if (call !== undefined) {
      const [first, second] = call.args;
      for (const id of [agencyOfCall(call), first, second]) if (typeof id === "number") ids.add(id);
      for (const id of [...ids]) ids.add(registry.actingAgency(id));
      if (call.name === "admitAgency") ids.add(registry.state.agencies.length);
      for (const id of ids) {
        const agency = registry.agencyOf(id);
        if (agency !== undefined && agency.batchCount > 0) batches.add(batchIdOf(id, agency.batchCount - 1));
      }
      if (typeof first === "object")
        batches.add(batchIdOf((first as Header).agencyId, (first as Header).sequence));
    }
    return { agencies: ids, batches, roles: accepted && "at" in act };
  }

  /** Compares everything. */
  async compareAll(): Promise<void> {
    await this.compareViews(undefined);
  }

  private async compareViews(focus: Focus | undefined): Promise<void> {
    const { operators, keys, codes, types } = this.cast;
    const asked = { accounts: operators, keys, codes, types };
    const views = viewsOf(this.world, asked, this.blockNumber, this.timestamp, focus);
    const questions = views.map((view) => this.encoder.question(view));
    const answers = views.map((view) => this.encoder.answer(view));
    const found = await askAll(this.viewBatch, questions);
    if (found === expectedAnswer(answers)) return;
    const each = decodeAnswers(found);
    views.forEach(({ of, name, args }, i) =>
      expect(each[i], `${of}.${name}(${flat(args)})`).to.equal(answers[i]),
    );
    throw new Error("the views answer what they should, in another encoding");
  }

  private async sign({
    signer,
    chainId,
    relay,
    relayed,
  }: (Act & { kind: "relay" })["signature"]): Promise<string> {
    const domain = { name: "credit-anchor relay", version: "1", chainId, verifyingContract: relay };
    const { call, ...rest } = relayed;
    const data = this.world.encode({ kind: "call", caller: signer, call }, "0x").data;
    return this.signers.get(signer)!.signTypedData(domain, RELAYED_CALL, { ...rest, call: data });
  }
}

const asText = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

function encoded({ error, args }: Refusal): string {
  const of = Object.values(interfaces).find((each) => each.getError(error) !== null);
  if (of === undefined) throw new TypeError(`no contract has the error ${error}`);
  return of.encodeErrorResult(of.getError(error)!, args);
}

function flat(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(flat).join(", ")}]` : String(value);
}

async function setUp(): Promise<{ pair: Pair; taken: Taken[] }> {
  const all = await ethers.getSigners();
  const signers = new Map(all.map((signer) => [signer.address, signer]));
  const accounts = all.slice(0, 16).map(({ address }) => address);
  const [founder, ...others] = accounts as [string, ...string[]];
  const { manager, registry } = await deployRegistry(all[0]!);
  const spare = await deployManager(all[0]!);
  for (const step of wiringSteps({ manager: spare, registry })) await (await step.send()).wait();
  const elsewhere = await (await ethers.getContractFactory("ViewBatch")).deploy();
  const wallet = await (await ethers.getContractFactory("WalletMock")).deploy(others[14]!);
  const viewBatch = await elsewhere.getAddress();
  const walletAddress = await wallet.getAddress();
  const label = (text: string): string => ethers.encodeBytes32String(text);
  const cast: Cast = {
    accounts,
    operators: [...others.slice(8), walletAddress],
    keys: [word("direct", 0), word("direct", 1), word("direct", 2)],
    codes: [
      "0x" + "00".repeat(32),
      "0x" + "41".repeat(32),
      ...Array.from({ length: 8 }, (_, i) => label(`CODE-${i}`)),
    ],
    types: [word("type", 0), word("type", 1), word("type", 2), word("type", 3)],
  };
  const { chainId } = await ethers.provider.getNetwork();
  const deployed = new Map<string, { since: number; roles: Head }>();
  for (const authority of [manager, spare]) {
    const { since } = await authority.getAccess(ADMINISTRATOR, founder);
    const { count, head } = await authority.journal();
    const roles = { count: Number(count), head };
    deployed.set(await authority.getAddress(), { since: Number(since), roles });
  }
  const pair = new Pair(
    {
      chainId: Number(chainId),
      registry: await registry.getAddress(),
      relay: await registry.relay(),
      authority: await manager.getAddress(),
      spare: await spare.getAddress(),
      elsewhere: viewBatch,
    },
    cast,
    new Map([[walletAddress, others[14]!]]),
    viewBatch,
    signers,
    founder,
    deployed,
  );
  await pair.reset([], false);

  const roles: readonly Role[] = ["registrar", "guardian", "unpauser", "arbiter", "recoverer", "governor"];
  const holder = (role: Role): string => others[roles.indexOf(role)]!;
  const call = (caller: string, name: string, ...args: unknown[]): Act => ({
    kind: "call",
    caller,
    call: { name, args },
  });
  const [administrator, otherAdministrator] = [others[6]!, others[7]!];
  const forEver = 4_000_000_000;
  const acts: Act[] = [
    // Under the other authority the roles have other holders; both have an administrator who waits.
    ...[...deployed.keys()].flatMap((at, i) =>
      [
        ...roles.map((role, j) => {
          const delay = role === "recoverer" || role === "governor" ? 40 : 0;
          return [ROLE_IDS[role], holder(roles[(j + i) % roles.length]!), delay] as const;
        }),
        [ADMINISTRATOR, otherAdministrator, 40] as const,
      ].map((args): Act => ({
        kind: "manage",
        at,
        caller: founder,
        call: { of: "authority", name: "grantRole", args },
      })),
    ),
    call(holder("registrar"), "admitAgency", cast.codes[2], administrator, word("key", 1)),
    call(holder("registrar"), "admitAgency", cast.codes[3], otherAdministrator, word("key", 2)),
    call(holder("registrar"), "admitType", cast.types[0], label("test.open"), false),
    call(holder("registrar"), "admitType", cast.types[1], label("test.personal"), true),
    ...others.slice(8, 12).map((account) => call(administrator, "setOperator", 1, account, 3, 0, forEver)),
    ...others
      .slice(11, 14)
      .map((account) => call(otherAdministrator, "setOperator", 2, account, 3, 0, forEver)),
    call(otherAdministrator, "setOperator", 2, walletAddress, 3, 0, forEver),
  ];
  const taken: Taken[] = [];
  for (const act of acts) {
    const block = pair.nextBlock(pair.now + 5, new Chooser(0));
    expect(await pair.take(act, block), JSON.stringify(act)).to.equal(undefined);
    taken.push({ act, block });
  }
  return { pair, taken };
}

describe("registry, relay and authority agree with a plain model", () => {
  /** How often which call was accepted, and which error came back. */
  const accepted = new Map<string, number>();
  const refused = new Map<string, number>();
  /** How often which function of an authority was called by itself, what was scheduled among them. */
  const executed = new Map<string, number>();
  let tried: ReadonlyMap<string, number> = new Map();
  let steps = 0;

  const note = (act: Act, error: string | undefined): void => {
    const name = act.kind === "call" || act.kind === "manage" ? act.call.name : act.kind;
    const counts = error === undefined ? accepted : refused;
    const key = error ?? name;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (error === undefined && act.kind === "relay")
      note({ ...act, kind: "call", call: act.relayed.call }, error);
    if (error === undefined && act.kind === "execute" && "of" in act.call)
      executed.set(act.call.name, (executed.get(act.call.name) ?? 0) + 1);
    steps += 1;
  };

  it(`after each of ${STEPS} random steps by everybody: refusals, events, every view, the head`, async function () {
    this.timeout(600_000 + STEPS * 100);
    const { pair, taken } = await setUp();
    tried = pair.tried;
    const clean = await takeSnapshot();
    console.log(`      STATE_SEED=${SEED} STATE_STEPS=${STEPS}`);
    const seeds = fc.array(fc.noShrink(fc.nat(0xffffffff)), {
      minLength: 1,
      maxLength: LONGEST,
      size: "max",
    });
    for (let round = 0; steps < STEPS; round++)
      await fc.assert(
        fc.asyncProperty(fc.boolean(), fc.noBias(seeds), async (milliseconds, sequence) => {
          await clean.restore();
          await pair.reset(taken, milliseconds);
          for (const seed of sequence) {
            const { act, refused: error } = await pair.step(seed);
            note(act, error);
          }
          await pair.compareAll();
        }),
        { seed: SEED + round, numRuns: 4, interruptAfterTimeLimit: 300_000, markInterruptAsFailure: true },
      );
  });

  it("every function that changes anything was accepted, and almost every error came back", function () {
    if (STEPS < ENOUGH) this.skip();
    const functions = [interfaces.registry, interfaces.relay].flatMap((of) =>
      of.fragments.filter((fragment): fragment is FunctionFragment => fragment.type === "function"),
    );
    const never = functions
      .filter(({ constant }) => !constant)
      .map(({ name }) => BY_WAY_OF[name] ?? name)
      .filter((name) => !accepted.has(name));
    expect(never, `accepted: ${[...accepted].join(" ")}`).to.deep.equal([]);
    expect([...executed.keys()], "executed by an authority on itself").to.include.members([
      "grantRole",
      "updateAuthority",
      "setTargetClosed",
    ]);
    const errors = [interfaces.registry, interfaces.relay].flatMap((of) =>
      of.fragments.filter((fragment): fragment is ErrorFragment => fragment.type === "error"),
    );
    const unseen = errors.map(({ name }) => name).filter((name) => !refused.has(name));
    // Rare ones may be missing by chance; test/contracts has each of them.
    expect(unseen.length, `never came back: ${unseen.join(", ")}`).to.be.lessThan(errors.length / 6);
  });

  for (const { title } of INVARIANTS)
    it(`at each of them: ${title}`, function () {
      if (STEPS < ENOUGH) this.skip();
      expect(tried.get(title) ?? 0, "steps at which it could have failed").to.be.greaterThan(0);
    });
});
