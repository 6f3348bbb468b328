import { expect } from "chai";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
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

import { type Home, openHome } from "../../src/home";
import type { LmdbVault } from "../../src/vault/writer";
import { bundled } from "../support/bundle";
import { startChild } from "../support/children";
import { failure } from "../support/failure";
import { harbourHome, permits, plan, removeFolders, rowsFile, temporaryFolder } from "../support/homes";

const SIZE = 8;
const HEADER = 64;
const ROW = 116;

describe("a vault that is damaged", () => {
  let home: Home;
  let vault: LmdbVault;

  beforeEach(async () => {
    home = await harbourHome();
    vault = await home.writeVault({ command: "test" });
    await plan(vault, permits(0, SIZE));
    await vault.close();
  });
  afterEach(() => vault.close().catch(() => undefined));
  after(removeFolders);

  const fileOf = (sub: "batches" | "secrets"): string =>
    join(home.dir, "vault", sub, readdirSync(join(home.dir, "vault", sub))[0]!);
  const change = (file: string, edit: (bytes: Buffer) => void): void => {
    const bytes = readFileSync(file);
    edit(bytes);
    writeFileSync(file, bytes);
  };
  const open = async (): Promise<LmdbVault> => (vault = await home.writeVault({ command: "test" }));
  const readRecord = async (index: number): Promise<{ code: string; message: string }> => {
    await open();
    return failure(() => vault.read(0, index));
  };

  const index = 3;
  const row = HEADER + SIZE * 32 + index * ROW;
  const places: [string, "batches" | "secrets", number][] = [
    ["leaf", "batches", HEADER + index * 32],
    ["record key", "batches", row],
    ["commitment", "batches", row + 32],
    ["version", "batches", row + 99],
    ["secret", "secrets", HEADER + 32 + index * 32 + 5],
    ["payload's length", "batches", row + 107],
  ];
  for (const [what, sub, at] of places)
    it(`names file and record when a byte of the ${what} is changed, and reads the others`, async () => {
      change(fileOf(sub), (bytes) => (bytes[at]! ^= 1));
      const { code, message } = await readRecord(index);
      expect(code).to.equal("vault.damaged");
      expect(message).to.include(fileOf("batches")).and.include(`record ${index}`);
      expect(vault.read(0, index + 1).index).to.equal(index + 1);
    });

  it("names file and record when a byte of the content is changed, and quotes nothing of it", async () => {
    change(fileOf("batches"), (bytes) => (bytes[bytes.length - 3]! ^= 1));
    const { code, message } = await readRecord(SIZE - 1);
    expect(code).to.equal("vault.damaged");
    expect(message).to.include(`record ${SIZE - 1}`);
    expect(message).not.to.include("Beispiel");
  });

  it("reports a payload that lies outside its file", async () => {
    change(fileOf("batches"), (bytes) => bytes.writeUInt32BE(0x7fffffff, row + 100));
    expect((await readRecord(index)).code).to.equal("vault.damaged");
  });

  it("reports files that are shorter, longer, gone, of another batch, or no such files", async () => {
    for (const sub of ["batches", "secrets"] as const) {
      const file = fileOf(sub);
      const copy = join(temporaryFolder(), "copy");
      copyFileSync(file, copy);
      const damages: [string, () => void][] = [
        ["shorter", () => truncateSync(file, readFileSync(file).length - 1)],
        ["very short", () => truncateSync(file, 10)],
        ["empty", () => truncateSync(file, 0)],
        ["longer", () => writeFileSync(file, "x", { flag: "a" })],
        ["gone", () => rmSync(file)],
        ["another batch", () => change(file, (bytes) => (bytes[15] = 9))],
        ["no such file", () => change(file, (bytes) => (bytes[0] = 0))],
      ];
      for (const [what, damage] of damages) {
        damage();
        const { code, message } = await readRecord(0);
        expect(code, `${sub} ${what}`).to.equal("vault.damaged");
        expect(message, `${sub} ${what}`).to.include(file);
        await vault.close();
        copyFileSync(copy, file);
      }
    }
  });

  it("reports files of a newer version", async () => {
    change(fileOf("batches"), (bytes) => (bytes[9] = 2));
    expect((await readRecord(0)).code).to.equal("vault.newer");
  });

  it("knows a record whose secret was destroyed from one that is damaged", async () => {
    change(fileOf("secrets"), (bytes) => bytes.fill(0, HEADER + 32 + 32 * index, HEADER + 64 + 32 * index));
    expect((await readRecord(index)).code).to.equal("vault.erased");
  });

  it("reports a database that is none, or was cut", async () => {
    const file = join(home.dir, "vault", "index", "data.mdb");
    const bytes = readFileSync(file);
    const damages: [string, Buffer][] = [
      ["none", Buffer.alloc(65536, 7)],
      ["empty", Buffer.alloc(0)],
      ["cut", bytes.subarray(0, 8192)],
      ["cut in its first page", bytes.subarray(0, 100)],
      ["of another second page", Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096)])],
    ];
    for (const [what, content] of damages) {
      writeFileSync(file, content);
      const error = await failure(open);
      expect(error.code, what).to.equal("vault.damaged");
      expect(error.message, what).to.include(join(home.dir, "vault", "index"));
    }
    writeFileSync(file, bytes);
    await open();
  });

  it("never anchors over damage: a changed row of a damaged record stops the run", async () => {
    change(fileOf("batches"), (bytes) => (bytes[row + 40]! ^= 1));
    await open();
    expect((await failure(() => plan(vault, permits(0, SIZE, 1)))).code).to.equal("vault.damaged");
    expect([...vault.plans()]).to.have.length(1);
  });

  it("leaves files alone that are not its own, and removes its own leftovers", async () => {
    const folder = join(home.dir, "vault", "batches");
    const [own] = readdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    writeFileSync(join(folder, "00000001-0123456789abcdef01234567.batch"), "left");
    writeFileSync(join(folder, "00000000-0123456789abcdef01234567.batch"), "left");
    writeFileSync(join(folder, "00000002-0123456789abcdef01234567.batch.part"), "left");
    writeFileSync(join(folder, "00000002-0123456789abcdef01234567.secrets.0123456789ab.part"), "left");
    await open();
    expect(readdirSync(folder).sort()).to.deep.equal([own, "notes.txt"].sort());
  });
});

describe("a home that cannot be written", function () {
  after(removeFolders);

  it("says so when a folder is in the way, and plans later what it could not", async () => {
    const home = await harbourHome();
    const vault = await home.writeVault({ command: "test" });
    const batches = join(home.dir, "vault", "batches");
    renameSync(batches, `${batches}-away`);
    const error = await failure(() => plan(vault, permits(0, 5)));
    expect(error.code).to.equal("home.unwritable");
    expect(error.message).to.include(batches);
    expect([...vault.plans()]).to.deep.equal([]);
    renameSync(`${batches}-away`, batches);
    expect((await plan(vault, permits(0, 5))).counts.accepted).to.equal(5);
    await vault.close();
  });

  it("says so when it is read-only, and can be read", async function () {
    // Root may write everywhere.
    if (process.getuid?.() === 0) return this.skip();
    const home = await harbourHome();
    const folders = ["", "vault", "vault/index", "vault/batches", "vault/secrets", "keys"];
    const setMode = (folder: number, file: number): void => {
      for (const sub of folders) chmodSync(join(home.dir, sub), folder);
      for (const name of ["data.mdb", "lock.mdb"]) chmodSync(join(home.dir, "vault/index", name), file);
    };
    setMode(0o500, 0o400);
    try {
      expect((await failure(() => home.writeVault({ command: "test" }))).code).to.equal("home.unwritable");
      expect((await failure(() => home.changeSettings((was) => was))).code).to.equal("home.unwritable");
      const reader = await home.readVault();
      expect([...reader.plans()]).to.deep.equal([]);
      await reader.close();
    } finally {
      setMode(0o700, 0o600);
    }
  });

  it("plans nothing half when a file may not grow, and finishes later", async () => {
    const home = await harbourHome();
    const file = rowsFile(permits(0, 400));
    const child = startChild(
      bundled("vault-child.ts"),
      [home.dir, file, "300"],
      (command) => `ulimit -f 100; exec ${command}`,
    );
    const failed = await child.until("failed");
    expect(failed["failed"]).to.equal("home.full");
    expect(await child.ended).to.equal(3);
    const vault = await home.writeVault({ command: "test" });
    expect([...vault.plans()]).to.deep.equal([]);
    for (const sub of ["batches", "secrets"])
      expect(readdirSync(join(home.dir, "vault", sub))).to.deep.equal([]);
    expect((await plan(vault, file)).counts).to.deep.include({ read: 400, accepted: 400 });
    await vault.close();
  });

  it("plans nothing half on a full disk, and goes on when there is space again", async function () {
    const mount = join(temporaryFolder(), "disk");
    mkdirSync(mount);
    // A small disk of its own, where the system lets an ordinary user have one.
    try {
      execFileSync("unshare", ["-rm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], {
        stdio: "ignore",
      });
    } catch {
      return this.skip();
    }
    const { dir } = await harbourHome();
    const home = join(mount, "home");
    const file = rowsFile([...permits(0, 3000), ...permits(0, 1000, 1)]);
    const prepare = `mount -t tmpfs -o size=6m tmpfs '${mount}' && cp -r '${dir}' '${home}' && head -c 4500000 /dev/zero > '${home}/ballast'`;
    const child = startChild(bundled("vault-child.ts"), [home, file, "200", "full"], (command) => {
      const script = `${prepare} && ${command}`.replaceAll("'", `'"'"'`);
      return `exec unshare -rm bash -c '${script}'`;
    });
    const failed = await child.until("failed").catch(() => undefined);
    await child.ended;
    expect(failed?.["failed"], child.stderr()).to.equal("home.full");
    expect(child.said.at(-1), child.stderr()).to.deep.equal({ finished: true });
    const planned = child.said.filter((line) => "planned" in line).map((line) => line["planned"]);
    expect(planned).to.deep.equal(planned.map((_, i) => i));
    expect(planned).to.have.length(20);
  });
});

describe("openHome", () => {
  it("tells a damaged home from none", () => {
    expect(() => openHome(temporaryFolder())).to.throw("is not a home folder");
    removeFolders();
  });
});
