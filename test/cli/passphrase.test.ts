import { expect } from "chai";
import { chmodSync, cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openHome } from "../../src/home";
import { expectRun, json } from "../support/cli";
import { allFiles, removeFolders, temporaryFolder } from "../support/homes";

const OLD = "correct horse";
const NEW = "battery staple";

describe("passphrase change", function () {
  after(removeFolders);

  it("closes all keys with the new one; the old one opens nothing but copies made before", async () => {
    const desk = temporaryFolder();
    const dir = join(desk, "agency");
    const args = ["passphrase", "change", "--home", dir];
    const env = { CREDIT_ANCHOR_PASSPHRASE: OLD };
    await expectRun(0, ["init", "--home", dir, "--code", "11100000XN9900017Y"], { env });
    const before = openHome(dir, { env });
    const signer = await before.signer();
    const agencyKey = await before.agencyKey();
    cpSync(dir, join(desk, "copy"), { recursive: true });

    const none = await expectRun(64, args, { env });
    expect(none.stderr).to.include("CREDIT_ANCHOR_NEW_PASSPHRASE");
    const same = await expectRun(64, args, { env: { ...env, CREDIT_ANCHOR_NEW_PASSPHRASE: OLD } });
    expect(same.stderr).to.include("is the old one");
    const wrong = { CREDIT_ANCHOR_PASSPHRASE: "wrong", CREDIT_ANCHOR_NEW_PASSPHRASE: NEW };
    expect((await expectRun(64, args, { env: wrong })).stderr).to.include("does not open");
    const busy = await openHome(dir, { env }).writeVault({ command: "anchor" });
    const held = await expectRun(70, args, { env: { ...env, CREDIT_ANCHOR_NEW_PASSPHRASE: NEW } });
    expect(held.stderr).to.include("in use by process");
    await busy.close();
    expect(allFiles(dir).filter(({ name }) => name.includes("next-passphrase"))).to.deep.equal([]);

    const file = join(desk, "next");
    writeFileSync(file, `${NEW}\n`);
    chmodSync(file, 0o600);
    const { stdout, stderr } = await expectRun(0, args, {
      env: { ...env, CREDIT_ANCHOR_NEW_PASSPHRASE_FILE: file },
    });
    expect(stdout).to.include("keys/master.json").and.to.include("keys/operator.json");
    expect(stdout).to.include("copies made before are still opened by the old one");
    for (const word of [OLD, NEW]) expect(stdout + stderr).not.to.include(word);

    const after = openHome(dir, { env: { CREDIT_ANCHOR_PASSPHRASE: NEW } });
    expect(await after.agencyKey()).to.deep.equal(agencyKey);
    expect((await after.signer()).address).to.equal(signer.address);
    for (const open of [() => openHome(dir, { env }).keys(), () => openHome(dir, { env }).signer()])
      await open().then(
        () => expect.fail("the old passphrase opens it"),
        (error: Error) => expect(error).to.include({ code: "home.wrong-passphrase" }),
      );
    const copy = openHome(join(desk, "copy"), { env });
    expect(await copy.agencyKey()).to.deep.equal(agencyKey);

    const next = { CREDIT_ANCHOR_PASSPHRASE: NEW, CREDIT_ANCHOR_NEW_PASSPHRASE: OLD };
    expect(await json<{ changed: boolean }>(args, { env: next })).to.include({ changed: true });
    expect(await openHome(dir, { env }).agencyKey()).to.deep.equal(agencyKey);
  });

  it("is refused for a home whose passphrase protects nothing", async () => {
    const dir = join(temporaryFolder(), "trial");
    await expectRun(0, ["init", "--home", dir, "--trial"]);
    const { stderr } = await expectRun(64, ["passphrase", "change", "--home", dir], {
      env: { CREDIT_ANCHOR_NEW_PASSPHRASE: NEW },
    });
    expect(stderr).to.include("for trying only");
  });
});
