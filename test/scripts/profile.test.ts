import { readFileSync } from "node:fs";
import { expect } from "chai";

import {
  delayOnChain,
  parseProfile,
  profileRoles,
  readProfile,
  resolveProfile,
} from "../../src/deploy/profile";
import { failure } from "../support/failure";
import { root } from "../support/deployments";

const account = `0x${"ab".repeat(20)}`;
const good = {
  format: "credit-anchor/deployment-profile",
  formatVersion: 1,
  name: "test",
  clockUnit: "seconds",
  roles: Object.fromEntries(profileRoles.map((role) => [role, [{ account: "deployer", delay: 0 }]])),
};

/** The good profile with one thing changed. */
const withRoles = (change: Record<string, unknown>): unknown => ({
  ...good,
  roles: { ...good.roles, ...change },
});

describe("deployment profile", () => {
  it("is read whole, with accounts in lower case", () => {
    const profile = parseProfile(
      withRoles({ arbiter: [{ account: account.toUpperCase().replace("0X", "0x"), delay: 5 }] }),
      "x",
    );
    expect(profile.roles.arbiter).to.deep.equal([{ account, delay: 5 }]);
    expect(profile).to.include({ name: "test", clockUnit: "seconds" });
  });

  it("of production is refused until it is filled in, and then is one", async () => {
    const text = readFileSync(`${root}/deployments/profiles/production.example.json`, "utf8");
    const { faults } = await failure(() => parseProfile(JSON.parse(text), "x"));
    expect(new Set(faults.map(({ path }) => path.split("/").at(-1)))).to.deep.equal(new Set(["account"]));
    const filled = parseProfile(
      JSON.parse(text.replace(/"account": "[^"]*"/g, `"account": "${account}"`)),
      "x",
    );
    expect(filled.roles.administrator).to.deep.equal([{ account, delay: 604_800, kind: "contract" }]);
    expect(filled.roles.guardian[0]!.delay, "the guardian never waits").to.equal(0);
  });

  it("with a guardian that waits is refused", async () => {
    const guardian = [{ account, delay: 600 }];
    const { faults } = await failure(() => parseProfile(withRoles({ guardian }), "x"));
    expect(faults.map(({ path, message }) => `${path} ${message}`)).to.deep.equal([
      "/roles/guardian/0/delay expected 0: the guardian never waits",
    ]);
  });

  it("puts the deployer's address in place of its name", () => {
    const resolved = resolveProfile(parseProfile(good, "x"), account);
    for (const role of profileRoles) expect(resolved.roles[role]).to.deep.equal([{ account, delay: 0 }]);
  });

  it("may leave a role to nobody, but not that of the administrator", async () => {
    expect(parseProfile(withRoles({ auditor: [] }), "x").roles.auditor).to.deep.equal([]);
    const error = await failure(() => parseProfile(withRoles({ administrator: [] }), "x"));
    expect(error.faults.map(({ path }) => path)).to.deep.equal(["/roles/administrator"]);
  });

  const bad: [name: string, value: unknown, path: string][] = [
    ["another format", { ...good, format: "x" }, "/format"],
    ["a later version", { ...good, formatVersion: 2 }, "/formatVersion"],
    ["no name", { ...good, name: "" }, "/name"],
    ["an unknown clock", { ...good, clockUnit: "minutes" }, "/clockUnit"],
    ["no roles", { ...good, roles: 1 }, "/roles"],
    ["an unknown role", withRoles({ king: [] }), "/roles/king"],
    ["a role left out", withRoles({ arbiter: undefined }), "/roles/arbiter"],
    [
      "an account that is none",
      withRoles({ arbiter: [{ account: "0x12", delay: 0 }] }),
      "/roles/arbiter/0/account",
    ],
    ["a negative delay", withRoles({ arbiter: [{ account, delay: -1 }] }), "/roles/arbiter/0/delay"],
    [
      "a delay beyond 32 bits",
      withRoles({ arbiter: [{ account, delay: 2 ** 32 }] }),
      "/roles/arbiter/0/delay",
    ],
    [
      "a kind that is none",
      withRoles({ arbiter: [{ account, delay: 0, kind: "dao" }] }),
      "/roles/arbiter/0/kind",
    ],
    ["a misspelt delay", withRoles({ arbiter: [{ account, delay: 0, dealy: 1 }] }), "/roles/arbiter/0/dealy"],
    [
      "one account twice",
      withRoles({ arbiter: [0, 1].map((delay) => ({ account, delay })) }),
      "/roles/arbiter",
    ],
  ];
  for (const [name, value, path] of bad)
    it(`refuses ${name}`, async () => {
      const error = await failure(() => parseProfile(value, "file"));
      expect(error.code).to.equal("profile.invalid");
      expect(error.faults.map((fault) => fault.path)).to.deep.equal([path]);
    });

  it("refuses delays that do not fit when the chain counts milliseconds", async () => {
    const roles = { ...good.roles, arbiter: [{ account, delay: 4_294_968 }] };
    expect(parseProfile({ ...good, roles }, "x").roles.arbiter[0]!.delay).to.equal(4_294_968);
    const error = await failure(() => parseProfile({ ...good, clockUnit: "milliseconds", roles }, "x"));
    expect(error.faults.map(({ path }) => path)).to.deep.equal(["/roles/arbiter/0/delay"]);
    expect(delayOnChain(60, "milliseconds")).to.equal(60_000);
  });

  it("refuses the deployer twice, once by name", async () => {
    const profile = parseProfile(
      withRoles({
        arbiter: [
          { account, delay: 0 },
          { account: "deployer", delay: 0 },
        ],
      }),
      "x",
    );
    expect((await failure(() => resolveProfile(profile, account))).code).to.equal("profile.invalid");
  });

  it("refuses a file that is not there", async () => {
    expect((await failure(() => readProfile(`${root}/deployments/profiles/none.json`))).code).to.equal(
      "profile.unreadable",
    );
  });
});
