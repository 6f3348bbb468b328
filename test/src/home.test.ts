import { expect } from "chai";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { keyCommitment } from "../../src/commitment";
import { toHex } from "../../src/bytes";
import { createHome, type NewHome, openHome, TRIAL_PASSPHRASE } from "../../src/home";
import { openKeystore } from "../../src/home/signer";
import { failure } from "../support/failure";
import { agencyKey, allFiles, harbourHome, removeFolders, temporaryFolder } from "../support/homes";
import { AGENCY_CODE, bytesOf } from "../support/samples";

const privateKey = bytesOf("operator key");
const trial: NewHome = {
  trial: true,
  agencyKey,
  privateKey,
  settings: { label: "x", agency: { code: AGENCY_CODE } },
};

describe("home", function () {
  after(removeFolders);

  describe("made new", () => {
    it("opens again with the same keys", async () => {
      const dir = join(temporaryFolder(), "home");
      await createHome(dir, trial, { env: {} });
      const home = openHome(dir, { env: {} });
      expect(await home.agencyKey()).to.deep.equal(agencyKey);
      expect(home.settings.agency).to.deep.equal({
        code: AGENCY_CODE,
        keyCommitment: toHex(keyCommitment(agencyKey)),
      });
      expect((await home.signer()).address).to.equal(home.signerAddress());
    });

    it("has keys of its own, a signature that counts, and files that nobody else may read", async () => {
      const made = [1, 2].map(() =>
        createHome(join(temporaryFolder(), "h"), { ...trial, agencyKey: undefined! }),
      );
      const [a, b] = await Promise.all(made.map(async (home) => (await (await home).keys()).agencyKey!));
      expect(a).to.have.length(32);
      expect(a).not.to.deep.equal(b);
      const home = await made[0]!;
      expect(statSync(home.dir).mode & 0o777).to.equal(0o700);
      for (const { name, mode } of allFiles(home.dir)) expect(mode, name).to.equal(0o600);
      const raw = await (
        await home.signer()
      ).sign({ to: bytesOf("x", 20), nonce: 0, gasLimit: 21000, gasPrice: 0, chainId: 5 });
      expect(raw).to.match(/^0x[0-9a-f]+$/);
    });

    it("says that a passphrase in a file is for trying only", async () => {
      const home = await harbourHome();
      expect(readFileSync(join(home.dir, "passphrase"), "utf8")).to.equal(`${TRIAL_PASSPHRASE}\n`);
      expect(TRIAL_PASSPHRASE).to.include("for trying only");
      expect(home.settings.trial).to.equal(true);
    });

    it("needs no agency", async () => {
      const home = await createHome(join(temporaryFolder(), "ndrc"), {
        trial: true,
        settings: { label: "NDRC" },
      });
      expect((await home.keys()).agencyKey).to.equal(undefined);
      expect((await failure(() => home.agencyKey())).code).to.equal("home.no-agency");
      expect(home.signerAddress()).to.equal(undefined);
      expect((await failure(() => home.signer())).code).to.equal("signer.missing");
    });

    it("is refused in a folder that holds something, which stays as it was", async () => {
      const dir = temporaryFolder();
      writeFileSync(join(dir, "mine"), "x");
      expect((await failure(() => createHome(dir, trial))).code).to.equal("home.exists");
      expect(readdirSync(dir)).to.deep.equal(["mine"]);
    });

    it("leaves nothing behind when anything is wrong", async () => {
      const parent = temporaryFolder();
      const dir = join(parent, "home");
      const attempts: [string, NewHome][] = [
        ["home.no-passphrase", { ...trial, trial: false }],
        ["signer.invalid-key", { ...trial, privateKey: "0x1234" }],
        ["home.settings", { ...trial, settings: { ...trial.settings, rpc: ["ftp://node"] } }],
        ["bytes.invalid", { ...trial, agencyKey: new Uint8Array(31) }],
      ];
      for (const [code, options] of attempts) {
        expect((await failure(() => createHome(dir, options))).code).to.equal(code);
        expect(readdirSync(parent), code).to.deep.equal([]);
      }
    });

    it("fills an empty folder", async () => {
      const dir = join(temporaryFolder(), "home");
      mkdirSync(dir);
      expect((await createHome(dir, trial)).dir).to.equal(dir);
    });
  });

  describe("the passphrase", () => {
    let dir: string;
    before(async () => {
      dir = join(temporaryFolder(), "home");
      await createHome(dir, { ...trial, trial: false, passphrase: "correct horse" });
    });

    it("comes from the file that the settings name, the environment, a file named there, or a question, in this order", async () => {
      const file = join(temporaryFolder(), "phrase");
      writeFileSync(file, "correct horse\n");
      const ask = async (): Promise<string> => "correct horse";
      const wrong = async (): Promise<string> => "wrong";
      const ways = [
        {
          env: { CREDIT_ANCHOR_PASSPHRASE: "correct horse", CREDIT_ANCHOR_PASSPHRASE_FILE: "/none" },
          ask: wrong,
        },
        { env: { CREDIT_ANCHOR_PASSPHRASE_FILE: file }, ask: wrong },
        { env: {}, ask },
      ];
      for (const access of ways) expect(await openHome(dir, access).agencyKey()).to.deep.equal(agencyKey);
      const other = join(temporaryFolder(), "home");
      await createHome(other, {
        ...trial,
        trial: false,
        passphrase: "correct horse",
        settings: { ...trial.settings, passphraseFile: file },
      });
      const env = { CREDIT_ANCHOR_PASSPHRASE: "that of another home" };
      expect(await openHome(other, { env, ask: wrong }).agencyKey()).to.deep.equal(agencyKey);
    });

    it("is asked for once", async () => {
      let asked = 0;
      const home = openHome(dir, { env: {}, ask: async () => (asked++, "correct horse") });
      await home.keys();
      await home.signer();
      await home.agencyKey();
      expect(asked).to.equal(1);
    });

    it("is a clear error when wrong, missing or unreadable, and never told", async () => {
      const wrong = openHome(dir, { env: { CREDIT_ANCHOR_PASSPHRASE: "battery staple" } });
      for (const action of [
        () => wrong.keys(),
        () => wrong.signer(),
        () => wrong.writeVault({ command: "test" }),
      ]) {
        const error = await failure(action);
        expect(error.code).to.equal("home.wrong-passphrase");
        expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.to.include("battery");
      }
      const none = openHome(dir, { env: {}, ask: async () => "" });
      expect((await failure(() => none.keys())).code).to.equal("home.no-passphrase");
      const gone = openHome(dir, { env: { CREDIT_ANCHOR_PASSPHRASE_FILE: join(dir, "nothing") } });
      expect((await failure(() => gone.keys())).code).to.equal("home.no-passphrase");
    });

    it("is not needed when the signing key comes from the environment", async () => {
      const home = openHome(dir, { env: { CREDIT_ANCHOR_PRIVATE_KEY: bytesOf("another key").slice(2) } });
      expect((await home.signer()).address).to.equal(home.signerAddress());
      expect(home.signerAddress()).not.to.equal(openHome(dir, { env: {} }).signerAddress());
      const bad = openHome(dir, { env: { CREDIT_ANCHOR_PRIVATE_KEY: "0x77" } });
      const error = await failure(() => bad.signer());
      expect(error.code).to.equal("signer.invalid-key");
      expect(error.message).not.to.include("77");
    });
  });

  describe("refuses", () => {
    const code = async (change: (dir: string) => void): Promise<string> => {
      const { dir } = await harbourHome();
      change(dir);
      return (
        await failure(async () => (await openHome(dir, { env: {} }).writeVault({ command: "test" })).close())
      ).code;
    };
    const edit = (name: string, change: (value: Record<string, unknown>) => void) => (dir: string) => {
      const value = JSON.parse(readFileSync(join(dir, name), "utf8")) as Record<string, unknown>;
      change(value);
      writeFileSync(join(dir, name), JSON.stringify(value));
    };

    it("a folder that is no home", async () => {
      expect((await failure(() => openHome(temporaryFolder()))).code).to.equal("home.not-a-home");
      expect((await failure(() => openHome("/nonexistent"))).code).to.equal("home.not-a-home");
    });

    it("settings of a newer version, or keys", async () => {
      expect(await code(edit("settings.json", (value) => (value["formatVersion"] = 2)))).to.equal(
        "home.newer",
      );
      expect(await code(edit("keys/master.json", (value) => (value["formatVersion"] = 2)))).to.equal(
        "home.newer",
      );
    });

    it("settings that are not JSON, without quoting them", async () => {
      const { dir } = await harbourHome();
      writeFileSync(join(dir, "settings.json"), '{"rpc": ["https://user:secret@node"');
      const error = await failure(() => openHome(dir));
      expect(error.code).to.equal("home.settings");
      expect(error.message).not.to.include("secret");
    });

    it("unknown and wrong settings, naming each of them", async () => {
      const { dir } = await harbourHome();
      edit("settings.json", (value) => {
        value["batchsize"] = 5;
        value["finalityBlocks"] = -1;
        value["rpc"] = ["file:///etc/passwd"];
        (value["registry"] as Record<string, unknown>)["address"] = "0xABC";
        delete value["fees"];
      })(dir);
      const error = await failure(() => openHome(dir));
      expect(error.faults.map((fault) => [fault.path, fault.code])).to.have.deep.members([
        ["/batchsize", "settings.unknown"],
        ["/finalityBlocks", "settings.invalid"],
        ["/rpc/0", "settings.invalid"],
        ["/registry/address", "settings.invalid"],
        ["/fees", "settings.missing"],
      ]);
      expect(error.message).to.include("/batchsize");
    });

    it("damaged keys, naming the file", async () => {
      const flip = (name: string) =>
        edit(name, (value) => {
          const text = value["ciphertext"] as string;
          value["ciphertext"] = (text[0] === "0" ? "1" : "0") + text.slice(1);
        });
      expect(await code(flip("keys/agency.json"))).to.equal("home.damaged-key");
      expect(await code(flip("keys/master.json"))).to.equal("home.wrong-passphrase");
      expect(await code((dir) => writeFileSync(join(dir, "keys/master.json"), "{}"))).to.equal(
        "home.damaged-key",
      );
      expect(await code((dir) => writeFileSync(join(dir, "keys/master.json"), "null"))).to.equal(
        "home.damaged-key",
      );
      expect(await code((dir) => rmSync(join(dir, "keys/agency.json")))).to.equal("home.damaged-key");
      const costly = edit(
        "keys/master.json",
        (value) => ((value["kdf"] as Record<string, unknown>)["n"] = 2 ** 30),
      );
      expect(await code(costly)).to.equal("home.damaged-key");
    });

    it("a home whose vault is gone", async () => {
      expect(await code((dir) => rmSync(join(dir, "vault"), { recursive: true }))).to.equal("vault.missing");
    });
  });

  describe("that changes its signing key", () => {
    it("makes the next one once, under the home's own passphrase, and signs with the old one until it is adopted", async () => {
      const dir = join(temporaryFolder(), "home");
      const right = { env: { CREDIT_ANCHOR_PASSPHRASE: "right" } };
      const home = await createHome(dir, { passphrase: "right", privateKey: bytesOf("operator key") }, right);
      const old = (await home.signer()).address;
      const wrong = openHome(dir, { env: { CREDIT_ANCHOR_PASSPHRASE: "wrong" } });
      expect((await failure(() => wrong.nextSigner())).code).to.equal("home.wrong-passphrase");
      expect(home.keystores()).to.deep.equal({ present: old, next: undefined, retired: [] });

      const next = (await home.nextSigner()).address;
      expect((await openHome(dir, right).nextSigner()).address).to.equal(next);
      expect(home.keystores()).to.deep.equal({ present: old, next, retired: [] });
      expect((await home.signer()).address).to.equal(old);
      home.adoptNextSigner();
      expect(home.keystores()).to.deep.equal({ present: next, next: undefined, retired: [old] });
      expect((await home.signer()).address).to.equal(next);
      expect((await openKeystore(dir, "right", join("keys", `retired-${old}.json`))).address).to.equal(old);
      for (const { name, mode } of allFiles(join(dir, "keys"))) expect(mode, name).to.equal(0o600);
    });

    it("adopts it again after a crash between the two files", async () => {
      const home = await harbourHome();
      const next = (await home.nextSigner()).address;
      const { present } = home.keystores();
      copyFileSync(join(home.dir, "keys/operator.json"), join(home.dir, `keys/retired-${present}.json`));
      home.adoptNextSigner();
      expect(home.keystores()).to.deep.equal({ present: next, next: undefined, retired: [present] });
      expect((await failure(async () => home.adoptNextSigner())).code).to.equal("home.unwritable");
    });
  });

  it("replaces settings as a whole, or not at all", async () => {
    const home = await harbourHome();
    await home.changeSettings((was) => ({ ...was, finalityBlocks: 3 }));
    expect(openHome(home.dir).settings).to.deep.equal(home.settings);
    const error = await failure(() => home.changeSettings((was) => ({ ...was, finalityBlocks: 0.5 })));
    expect(error.code).to.equal("home.settings");
    expect(openHome(home.dir).settings.finalityBlocks).to.equal(3);
    expect(home.settings.finalityBlocks).to.equal(3);
  });

  it("gives every file of rejected rows a name of its own", async () => {
    const home = await harbourHome();
    const names = [1, 2, 3].map(() => home.rejectedFile("/some/where/input.csv"));
    expect(new Set(names).size).to.equal(3);
    for (const name of names)
      expect(name).to.match(/\/rejected\/input\.csv-\d{8}T\d{6}Z-[0-9a-f]{6}\.ndjson$/);
    expect(statSync(join(home.dir, "rejected")).mode & 0o777).to.equal(0o700);
  });
});
