import { expect } from "chai";
import { ethers } from "hardhat";
import { REASON, TYPE, ZERO, fields, nextEntry, timeOf, useWorld } from "../support/registry";

const HASH = ethers.id("a new type");
const NAME = ethers.encodeBytes32String("test.new");

describe("record types", () => {
  const world = useWorld();

  it("are not admitted while the registry is paused", async () => {
    const { registry, registrar, guardian } = world();
    await registry.connect(guardian).pause(REASON);
    await expect(registry.connect(registrar).admitType(HASH, NAME, false)).to.be.revertedWithCustomError(
      registry,
      "RegistryPaused",
    );
  });

  it("are not admitted without a hash", async () => {
    const { registry, registrar } = world();
    await expect(registry.connect(registrar).admitType(ZERO, NAME, false)).to.be.revertedWithCustomError(
      registry,
      "MissingTypeHash",
    );
  });

  for (const [what, name] of [
    ["is empty", ZERO],
    ["has 32 characters", "0x" + "61".repeat(32)],
    ["holds a space", ethers.encodeBytes32String("test type")],
    ["has a gap", "0x610062".padEnd(66, "0")],
  ] as const)
    it(`are not admitted under a name that ${what}`, async () => {
      const { registry, registrar } = world();
      await expect(registry.connect(registrar).admitType(HASH, name, false))
        .to.be.revertedWithCustomError(registry, "InvalidTypeName")
        .withArgs(name);
    });

  it("are not admitted twice", async () => {
    const { registry, registrar } = world();
    const { typeHash } = await registry.recordType(TYPE);
    await expect(registry.connect(registrar).admitType(typeHash, NAME, false))
      .to.be.revertedWithCustomError(registry, "TypeAlreadyAdmitted")
      .withArgs(typeHash, TYPE);
  });

  for (const personal of [false, true])
    it(`are admitted with the next id, ${personal ? "personal" : "not personal"}`, async () => {
      const { registry, registrar } = world();
      const entry = await nextEntry(registry);
      expect(await registry.connect(registrar).admitType.staticCall(HASH, NAME, personal)).to.equal(3);
      const admitted = registry.connect(registrar).admitType(HASH, NAME, personal);
      await expect(admitted).to.emit(registry, "TypeAdmitted").withArgs(3, HASH, NAME, personal, entry);
      expect(await registry.typeCount()).to.equal(3);
      expect(await registry.typeIdOf(HASH)).to.equal(3);
      expect(fields(await registry.recordType(3))).to.deep.equal({
        typeHash: HASH,
        name: NAME,
        personal,
        admittedAt: BigInt(await timeOf(admitted)),
      });
    });

  it("share a name when one is a newer version of the other", async () => {
    const { registry, registrar } = world();
    const { name } = await registry.recordType(TYPE);
    await registry.connect(registrar).admitType(HASH, name, false);
    expect((await registry.recordType(3)).name).to.equal(name);
  });

  it("that do not exist are all zero", async () => {
    const { registry } = world();
    expect(await registry.typeIdOf(HASH)).to.equal(0);
    expect(fields(await registry.recordType(3))).to.deep.equal({
      typeHash: ZERO,
      name: ZERO,
      personal: false,
      admittedAt: 0n,
    });
  });
});
