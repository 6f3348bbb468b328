import { expect } from "chai";
import type { NamedFragment } from "ethers";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CreditRegistry__factory, IRelay__factory, ISignOffs__factory } from "../../typechain-types";

/** Errors in the ABI that nothing raises, and why. */
const neverRaised: Readonly<Record<string, string>> = {
  AccessManagedRequiredDelay:
    "declared by OpenZeppelin's IAccessManaged, used by other contracts than AccessManaged",
};

/** All tests of this folder, this file apart. */
const tests = readdirSync(__dirname)
  .filter((name) => name.endsWith(".test.ts") && join(__dirname, name) !== __filename)
  .map((name) => readFileSync(join(__dirname, name), "utf8"))
  .join("\n");

const fragments = [CreditRegistry__factory, IRelay__factory, ISignOffs__factory]
  .flatMap((factory) => factory.createInterface().fragments)
  .filter((fragment): fragment is NamedFragment => fragment.type === "error" || fragment.type === "event");

/** How a test asserts an error or event with its values: in place, or from a table of cases. */
const asserted = (name: string): RegExp[] => [
  new RegExp(`"${name}",?\\s*\\)\\s*\\.withArgs\\(`),
  new RegExp(`"${name}", \\[`),
  new RegExp(`\\w+: "${name}"`),
];

describe("every error and event of the registry, its relay and the sign-offs", () => {
  it("is found: there are some", () => {
    expect(fragments.filter(({ type }) => type === "error").length).to.be.greaterThan(50);
    expect(fragments.filter(({ type }) => type === "event").length).to.be.greaterThan(25);
  });

  for (const { type, name, inputs } of fragments)
    if (name in neverRaised)
      it(`${name} is not tested: ${neverRaised[name]}`, () => expect(tests).not.to.contain(`"${name}"`));
    else
      it(`${name} is ${type === "error" ? "raised" : "asserted"} by a test, with all its values`, () => {
        const found =
          inputs.length === 0
            ? tests.includes(`"${name}"`)
            : asserted(name).some((pattern) => pattern.test(tests));
        expect(found, `no test in test/contracts asserts the ${type} ${name} with its values`).to.be.true;
      });
});
