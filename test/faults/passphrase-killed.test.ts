import { expect } from "chai";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHome, openHome, TRIAL_PASSPHRASE } from "../../src/home";
import { openMaster } from "../../src/home/keys";
import { keystoreFiles } from "../../src/home/rotation";
import { openPrivateKey } from "../../src/home/signer";
import { bundled } from "../support/bundle";
import { startChild } from "../support/children";
import { allFiles, removeFolders, temporaryFolder } from "../support/homes";
import { AGENCY_CODE, bytesOf } from "../support/samples";

const OLD = TRIAL_PASSPHRASE;
const NEW = "eine andere Losung 改";

/** Files of keys that a passphrase opens, and those that it does not. */
async function opened(dir: string, passphrase: string): Promise<{ yes: string[]; no: string[] }> {
  const yes: string[] = [];
  const no: string[] = [];
  const attempt = async (file: string, open: () => Promise<unknown>): Promise<void> => {
    const ok = await open().then(
      () => true,
      () => false,
    );
    (ok ? yes : no).push(file);
  };
  await attempt("master", () => openMaster(dir, passphrase));
  for (const file of keystoreFiles(dir)) await attempt(file, () => openPrivateKey(dir, passphrase, file));
  return { yes, no };
}

describe("a change of passphrase that is killed", function () {
  this.timeout(300_000);
  after(removeFolders);

  it("before any of its steps on the disk leaves a home that one of the two opens, and the other not at all", async () => {
    // A home with an own passphrase and all kinds of keystores, closed at a cost that lets the test end.
    const original = join(temporaryFolder(), "home");
    const made = await createHome(
      original,
      { trial: true, privateKey: bytesOf("operator key"), settings: { agency: { code: AGENCY_CODE } } },
      { env: {} },
    );
    await made.nextSigner();
    made.adoptNextSigner();
    await made.nextSigner();
    rmSync(join(original, "passphrase"));
    const settings = JSON.parse(readFileSync(join(original, "settings.json"), "utf8")) as Record<
      string,
      unknown
    >;
    delete settings["passphraseFile"];
    delete settings["trial"];
    writeFileSync(join(original, "settings.json"), JSON.stringify(settings));
    const agencyKey = await openHome(original, { env: { CREDIT_ANCHOR_PASSPHRASE: OLD } }).agencyKey();
    const addresses = openHome(original, { env: {} }).keystores();
    expect(addresses.retired).to.have.length(1);
    expect(addresses.next).to.be.a("string");

    const script = bundled("passphrase-child.ts");
    const winners: string[] = [];
    for (let n = 1; ; n++) {
      const dir = join(temporaryFolder(), "home");
      cpSync(original, dir, { recursive: true });
      const child = startChild(script, [dir, OLD, NEW, String(n)]);
      const status = await child.ended;
      expect(status, child.stderr()).to.be.oneOf([0, "SIGKILL"]);
      // Whoever opens it next finishes what was begun; nobody needs to know that it was killed.
      const home = openHome(dir, { env: {} });
      const [byOld, byNew] = [await opened(dir, OLD), await opened(dir, NEW)];
      const winner = byOld.no.length === 0 ? OLD : NEW;
      const [wins, loses] = winner === OLD ? [byOld, byNew] : [byNew, byOld];
      expect(wins.no, `killed before step ${n}`).to.deep.equal([]);
      expect(loses.yes, `killed before step ${n}`).to.deep.equal([]);
      expect(wins.yes).to.have.length(4);
      expect(home.keystores()).to.deep.equal(addresses);
      const again = openHome(dir, { env: { CREDIT_ANCHOR_PASSPHRASE: winner } });
      expect(await again.agencyKey()).to.deep.equal(agencyKey);
      winners.push(winner);
      if (status !== 0) continue;
      expect(winner).to.equal(NEW);
      // Nothing is left of it, and nothing is open to others.
      const names = allFiles(join(dir, "keys")).map(({ name }) => name);
      expect(names.filter((name) => /next-passphrase|\.part/.test(name))).to.deep.equal([]);
      expect(allFiles(join(dir, "keys")).every(({ mode }) => mode === 0o600)).to.equal(true);
      break;
    }
    // There was one moment of the change, with steps before and after it.
    expect(winners).to.deep.equal([...winners].sort((a, b) => (a === b ? 0 : a === OLD ? -1 : 1)));
    expect(winners.filter((winner) => winner === OLD).length).to.be.greaterThan(10);
    expect(winners.filter((winner) => winner === NEW).length).to.be.greaterThan(4);
  });
});
