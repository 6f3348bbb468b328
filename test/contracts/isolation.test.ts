import { expect } from "chai";
import { ethers } from "hardhat";
import type { OracleHeader } from "../support/oracle";
import {
  AGENCY,
  EVIDENCE,
  FAR_FUTURE,
  MANIFEST,
  NO_BATCH,
  OTHER_AGENCY,
  REASON,
  TYPE,
  anchorBatch,
  batchIdOf,
  fields,
  headerOf,
  previousOf,
  spans,
  testRecord,
  useWorld,
} from "../support/registry";

describe("agencies among themselves", () => {
  const world = useWorld();

  /** All that the registry says about the first agency. */
  async function everythingOf(header: OracleHeader, key: string): Promise<unknown> {
    const { registry, operator, colleague } = world();
    const verdict = await registry.verify(header, key, 1, ethers.id("c"), 0, []);
    return [
      fields(await registry.agency(AGENCY)),
      fields(await registry.operator(AGENCY, operator.address)),
      fields(await registry.operator(AGENCY, colleague.address)),
      fields(await registry.latest(AGENCY, key)),
      await registry.headerHashOf(batchIdOf(header)),
      await registry.statusWord(batchIdOf(header), 0),
      fields(verdict),
    ];
  }

  it("nothing that one does changes anything of the other", async () => {
    const here = world();
    const { registry, operator, otherOperator, otherAdministrator, stranger } = here;
    const { header } = await anchorBatch(here, 5);
    const { key, commitment } = testRecord(here.domain, "direct");
    await registry
      .connect(operator)
      .anchorRecord(AGENCY, TYPE, await previousOf(registry), key, 1, commitment, MANIFEST);
    await registry.connect(operator).proposeErasure(header, spans(0), REASON, EVIDENCE);
    const before = await everythingOf(header, key);

    const as = registry.connect(otherOperator);
    const admin = registry.connect(otherAdministrator);
    const copied = await headerOf(
      registry,
      as.anchorRoot(OTHER_AGENCY, TYPE, NO_BATCH, 5, header.root, header.manifestHash),
    );
    const last = (): Promise<string> => previousOf(registry, OTHER_AGENCY);
    await as.anchorLeaves(OTHER_AGENCY, TYPE, await last(), [header.root], MANIFEST);
    await as.anchorRecord(OTHER_AGENCY, TYPE, await last(), key, 1, commitment, MANIFEST);
    await as.anchorRecord(OTHER_AGENCY, TYPE, await last(), key, 2, ethers.id("c2"), MANIFEST);
    await as.withdraw(copied, spans([0, 4]), REASON, EVIDENCE);
    await as.setMarks(copied, spans([0, 4]), 0x70, REASON, EVIDENCE);
    await as.proposeErasure(copied, spans(0), REASON, EVIDENCE);
    await admin.setOperator(OTHER_AGENCY, operator.address, 3, 0, FAR_FUTURE);
    await admin.declareCompromised(OTHER_AGENCY, operator.address, 1);
    await admin.setOperator(OTHER_AGENCY, stranger.address, 3, 0, FAR_FUTURE);
    await registry.connect(stranger).confirmErasure(copied, spans(0), REASON, EVIDENCE);
    await admin.nameAdministrator(OTHER_AGENCY, stranger.address);
    await registry.connect(stranger).acceptAdministration(OTHER_AGENCY);

    expect(await everythingOf(header, key)).to.deep.equal(before);
  });

  it("nothing that one does, before or after, keeps the other from doing the same", async () => {
    const here = world();
    const { registry, operator, colleague, otherOperator } = here;
    const { header } = await anchorBatch(here, 5);
    const { key, commitment } = testRecord(here.domain, "direct");
    const as = registry.connect(otherOperator);
    const copied = await headerOf(
      registry,
      as.anchorRoot(OTHER_AGENCY, TYPE, NO_BATCH, 5, header.root, MANIFEST),
    );
    await as.anchorRecord(
      OTHER_AGENCY,
      TYPE,
      await previousOf(registry, OTHER_AGENCY),
      key,
      1,
      commitment,
      MANIFEST,
    );
    await as.proposeErasure(copied, spans(0), REASON, EVIDENCE);
    await as.withdraw(copied, spans(1), REASON, EVIDENCE);

    const own = registry.connect(operator);
    await own.anchorRecord(AGENCY, TYPE, await previousOf(registry), key, 1, commitment, MANIFEST);
    await own.anchorRoot(AGENCY, TYPE, await previousOf(registry), 5, header.root, MANIFEST);
    await own.proposeErasure(header, spans(0), REASON, EVIDENCE);
    await registry.connect(colleague).confirmErasure(header, spans(0), REASON, EVIDENCE);
    await own.withdraw(header, spans(1), REASON, EVIDENCE);
    expect((await registry.agency(AGENCY)).batchCount).to.equal(3);
  });

  it("the other's header is no key to one's own batch", async () => {
    const here = world();
    const { registry, otherOperator } = here;
    const { header } = await anchorBatch(here, 5);
    const forged = { ...header, agencyId: OTHER_AGENCY };
    await expect(
      registry.connect(otherOperator).withdraw(forged, spans(0), REASON, EVIDENCE),
    ).to.be.revertedWithCustomError(registry, "UnknownBatch");
  });

  it("one account may be operator of both, and is revoked in each by itself", async () => {
    const here = world();
    const { registry, operator, otherAdministrator, administrator } = here;
    await registry.connect(otherAdministrator).setOperator(OTHER_AGENCY, operator.address, 3, 0, FAR_FUTURE);
    await registry.connect(administrator).revokeOperator(AGENCY, operator.address);
    await registry.connect(operator).anchorRoot(OTHER_AGENCY, TYPE, NO_BATCH, 1, ethers.id("root"), MANIFEST);
    await expect(
      registry.connect(operator).anchorRoot(AGENCY, TYPE, NO_BATCH, 1, ethers.id("root"), MANIFEST),
    )
      .to.be.revertedWithCustomError(registry, "OperatorIsRevoked")
      .withArgs(AGENCY, operator.address);
  });
});
