import { expect } from "chai";
import { CreditAnchorError } from "../../src/errors";
import {
  chosenNetwork,
  hardhatNetworks,
  localSettings,
  namedProfile,
  networkNames,
  networkSettings,
} from "../../src/networks";

const key = "ab".repeat(32);
const good = {
  BESU_RPC_URL: "http://127.0.0.1:8545",
  BESU_CHAIN_ID: "1337",
  BESU_PRIVATE_KEY: key,
  BESU_GAS: "free",
  BESU_PROFILE: "production",
};

function refusal(act: () => unknown): CreditAnchorError {
  try {
    act();
  } catch (error) {
    expect(error).to.be.instanceOf(CreditAnchorError);
    return error as CreditAnchorError;
  }
  throw new Error("was accepted");
}

describe("networks described in the environment", () => {
  it("may name a profile with a dot, such as the example, and says which one is named", () => {
    expect(networkSettings("besu", { ...good, BESU_PROFILE: "production.example" }).profile).to.equal(
      "production.example",
    );
    expect(refusal(() => networkSettings("besu", { ...good, BESU_PROFILE: "a..b" })).message).to.contain(
      "BESU_PROFILE",
    );
    expect(namedProfile("besu", good)).to.equal("production");
    expect(namedProfile("besu", {})).to.equal(undefined);
  });

  it("reads a whole description", () => {
    expect(networkSettings("besu", good)).to.deep.equal({
      name: "besu",
      url: "http://127.0.0.1:8545",
      chainId: 1337,
      privateKey: `0x${key}`,
      gas: "free",
      profile: "production",
    });
  });

  it("needs no key, asks the node for gas and takes the local profile unless told otherwise", () => {
    const settings = networkSettings("besu", { BESU_RPC_URL: good.BESU_RPC_URL, BESU_CHAIN_ID: "1337" });
    expect(settings).to.include({ privateKey: undefined, gas: "auto", profile: "local" });
  });

  const bad: [variable: string, value: string | undefined, code: string][] = [
    ["BESU_RPC_URL", undefined, "missing"],
    ["BESU_RPC_URL", "127.0.0.1:8545", "malformed"],
    ["BESU_RPC_URL", "ws://127.0.0.1:8545", "malformed"],
    ["BESU_CHAIN_ID", undefined, "missing"],
    ["BESU_CHAIN_ID", "0x539", "malformed"],
    ["BESU_CHAIN_ID", "0", "malformed"],
    ["BESU_CHAIN_ID", "1.5", "malformed"],
    ["BESU_PRIVATE_KEY", key.slice(1), "malformed"],
    ["BESU_PRIVATE_KEY", `0y${key}`, "malformed"],
    ["BESU_PRIVATE_KEY", "00".repeat(32), "malformed"],
    ["BESU_PRIVATE_KEY", "ff".repeat(32), "malformed"],
    ["BESU_GAS", "cheap", "malformed"],
    ["BESU_PROFILE", "../../etc/passwd", "malformed"],
  ];
  for (const [variable, value, code] of bad)
    it(`names ${variable} when it is ${value === undefined ? "missing" : `malformed (${value.length} characters)`}`, () => {
      const error = refusal(() => networkSettings("besu", { ...good, [variable]: value }));
      expect(error.code).to.equal("network.settings");
      expect(error.faults.map((fault) => [fault.path, fault.code])).to.deep.equal([[variable, code]]);
      expect(error.message).to.contain(variable);
      if (value !== undefined) expect(error.message).not.to.contain(value);
    });

  it("names everything that is wrong at once", () => {
    const error = refusal(() => networkSettings("besu", { BESU_GAS: "cheap", BESU_PRIVATE_KEY: "secret" }));
    expect(error.faults.map((fault) => fault.path)).to.deep.equal([
      "BESU_RPC_URL",
      "BESU_CHAIN_ID",
      "BESU_PRIVATE_KEY",
      "BESU_GAS",
    ]);
    expect(error.message).not.to.contain("secret");
  });

  it("gives Hardhat every network that is described well and passes over the others", () => {
    const environment = {
      ...good,
      OTHER_RPC_URL: "http://10.0.0.1:8545",
      LOCALHOST_RPC_URL: "http://127.0.0.1:1",
    };
    expect(networkNames(environment)).to.deep.equal(["besu", "other"]);
    expect(hardhatNetworks(environment)).to.deep.equal({
      besu: { url: good.BESU_RPC_URL, chainId: 1337, accounts: [`0x${key}`] },
    });
  });

  it("refuses the chosen network when it is described badly or not at all", () => {
    const environment = { ...good, OTHER_RPC_URL: "http://10.0.0.1:8545" };
    expect(refusal(() => hardhatNetworks(environment, "other")).message).to.contain("OTHER_CHAIN_ID");
    expect(refusal(() => hardhatNetworks(environment, "none")).message).to.contain("NONE_RPC_URL");
    expect(hardhatNetworks(environment, "besu")).to.have.all.keys("besu");
    expect(hardhatNetworks(environment, "localhost")).to.have.all.keys("besu");
  });

  it("finds dashes of a network's name as underscores", () => {
    const environment = { BESU_TEST_RPC_URL: good.BESU_RPC_URL, BESU_TEST_CHAIN_ID: "1" };
    expect(hardhatNetworks(environment, "besu-test")).to.have.all.keys("besu-test");
    expect(hardhatNetworks(environment, "besu_test")).to.have.all.keys("besu_test");
  });

  it("knows the chosen network from the command line, then from the environment", () => {
    expect(chosenNetwork(["run", "x.ts", "--network", "besu"], { HARDHAT_NETWORK: "other" })).to.equal(
      "besu",
    );
    expect(chosenNetwork(["run", "x.ts"], { HARDHAT_NETWORK: "other" })).to.equal("other");
    expect(chosenNetwork([], {})).to.equal(undefined);
  });

  it("takes a gas policy for localhost, which needs no description", () => {
    expect(localSettings("localhost", {})).to.deep.equal({ gas: "auto", profile: "local" });
    expect(localSettings("localhost", { LOCALHOST_GAS: "legacy" }).gas).to.equal("legacy");
    expect(refusal(() => localSettings("localhost", { LOCALHOST_GAS: "x" })).message).to.contain(
      "LOCALHOST_GAS",
    );
  });
});
