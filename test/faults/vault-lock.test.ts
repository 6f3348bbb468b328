import { expect } from "chai";
import { hostname } from "node:os";
import { join } from "node:path";

import { type Home, openHome } from "../../src/home";
import { openDatabase } from "../../src/vault/database";
import type { Holder } from "../../src/vault/lock";
import { bundled } from "../support/bundle";
import { startChild } from "../support/children";
import { failure } from "../support/failure";
import { harbourHome, permits, plan, removeFolders } from "../support/homes";

describe("the lock of a home", function () {
  let home: Home;
  beforeEach(async () => {
    home = await harbourHome();
  });
  after(removeFolders);

  const child = (): ReturnType<typeof startChild> =>
    startChild(bundled("vault-child.ts"), [home.dir, "none", "1", "hold"]);

  it("refuses a second process and says who holds it", async () => {
    const first = child();
    await first.until("opened");
    const error = await failure(() => home.writeVault({ command: "test" }));
    expect(error.code).to.equal("home.busy");
    expect(error.message).to.include(String(first.process.pid)).and.include("vault-child");
    const reader = await home.readVault();
    expect([...reader.plans()]).to.deep.equal([]);
    await reader.close();
    first.process.kill("SIGKILL");
    await first.ended;
    const vault = await home.writeVault({ command: "test" });
    await vault.close();
  });

  it("lets a second one wait until the first has ended", async () => {
    const first = child();
    await first.until("opened");
    setTimeout(() => first.process.kill("SIGKILL"), 500);
    const vault = await home.writeVault({ command: "test", waitMs: 30_000 });
    await vault.close();
  });

  it("refuses a second opening in the same process", async () => {
    const vault = await home.writeVault({ command: "one" });
    expect(
      (await failure(() => openHome(home.dir, { env: {} }).writeVault({ command: "two" }))).code,
    ).to.equal("home.busy");
    await vault.close();
    await (await home.writeVault({ command: "three" })).close();
  });

  it("is given to one of many that try at the same time", async () => {
    const all = [child(), child(), child()];
    const winners = await Promise.race(all.map(async (one) => [one, await one.until("opened")] as const));
    expect((await failure(() => home.writeVault({ command: "test" }))).message).to.include(
      String(winners[1]["opened"]),
    );
    expect(all.filter((one) => one.said.length > 0)).to.have.length(1);
    for (const one of all) one.process.kill("SIGKILL");
    await Promise.all(all.map((one) => one.ended));
  });

  describe("held by a process that cannot be looked at", () => {
    const hold = async (holder: Partial<Holder>): Promise<void> => {
      const database = openDatabase(join(home.dir, "vault"), { write: true });
      const stranger = {
        token: "t",
        pid: 1,
        hostname: "elsewhere",
        command: "anchor",
        since: "then",
        seen: Date.now(),
      };
      database.holder.putSync("holder", { ...stranger, ...holder });
      await database.env.close();
    };
    const open = async (): Promise<void> => (await home.writeVault({ command: "test" })).close();

    it("is respected while the holder shows itself, and taken over a minute after", async () => {
      await hold({ seen: Date.now() - 30_000 });
      const error = await failure(open);
      expect(error.message).to.include("elsewhere");
      await hold({ seen: Date.now() - 61_000 });
      await open();
    });

    it("is taken over at once when this machine was started anew since", async () => {
      await hold({ hostname: hostname(), bootId: "before" });
      await open();
    });

    it("is taken over at once when the process number belongs to a later process", async () => {
      const vault = await home.writeVault({ command: "test" });
      const database = openDatabase(join(home.dir, "vault"), { write: true });
      const mine = database.holder.get("holder")!;
      await vault.close();
      await database.env.close();
      if (mine.startTime === undefined) return;
      await hold({ ...mine, startTime: "1" });
      await open();
      await hold(mine);
      expect((await failure(open)).code).to.equal("home.busy");
    });
  });

  it("stops a process that was taken over while it stood still", async () => {
    const vault = await home.writeVault({ command: "test" });
    await plan(vault, permits(0, 3));
    const database = openDatabase(join(home.dir, "vault"), { write: true });
    const holder = database.holder.get("holder")!;
    database.holder.putSync("holder", { ...holder, token: "another" });
    expect((await failure(() => plan(vault, permits(3, 5)))).code).to.equal("home.lock-lost");
    expect((await failure(() => vault.recordSent(0))).code).to.equal("home.lock-lost");
    expect([...vault.plans()]).to.have.length(1);
    await vault.close();
    expect(database.holder.get("holder")!.token).to.equal("another");
    await database.env.close();
  });
});
