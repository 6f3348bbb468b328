import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { importFaults, pageFaults } from "../../scripts/check-imports";

describe("check of imports", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "credit-anchor-imports-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Sources by module; errors.ts and bytes.ts are always there. */
  function faultsOf(sources: Record<string, string>): string[] {
    const all = {
      errors: "export const e = 1;",
      bytes: 'import { e } from "./errors"; export const b = e;',
      ...sources,
    };
    for (const [module, text] of Object.entries(all)) {
      const path = join(folder, `${module}.ts`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    return importFaults(folder);
  }

  it("finds nothing where imports run one way", () => {
    const sources = {
      canonical: 'import { b } from "./bytes"; export const c = b;',
      commitment: 'import { c } from "./canonical"; export const k = c;',
      "types/a": 'import { k } from "../commitment"; export const t = k;',
      rpc: "export const send = () => fetch('');",
      chain: 'import { send } from "./rpc"; export type Chain = typeof send; export const open = send;',
      vault: 'import type { Chain } from "./chain"; export type V = Chain;',
    };
    expect(faultsOf(sources)).to.deep.equal([]);
  });

  const wrong: [string, Record<string, string>, RegExp][] = [
    [
      "a way back",
      {
        canonical: 'import { k } from "./commitment"; export const c = k;',
        commitment: "export const k = 1;",
      },
      /not back/,
    ],
    [
      "a way back for types only",
      {
        canonical: 'import type { K } from "./commitment"; export type C = K;',
        commitment: "export type K = 1;",
      },
      /not back/,
    ],
    [
      "Node in the pure part",
      { canonical: 'import { join } from "node:path"; export const c = join;' },
      /pure/,
    ],
    [
      "a package in the pure part",
      { "types/a": 'import { Wallet } from "ethers"; export const t = Wallet;' },
      /pure/,
    ],
    ["a module loaded while running", { canonical: 'export const c = () => import("node:fs");' }, /pure/],
    ["require", { canonical: 'export const c = require("node:fs");' }, /pure/],
    [
      "a chain in the vault",
      {
        rpc: "export const r = 1;",
        chain: 'export { r } from "./rpc";',
        vault: 'import { r } from "./chain"; export const v = r;',
      },
      /vault may import/,
    ],
    ["a connection elsewhere", { vault: "export const v = () => fetch('http://x');" }, /opens a connection/],
    [
      "the command line imported",
      { "cli/main": "export const m = 1;", vault: 'import { m } from "./cli/main"; export const v = m;' },
      /vault may import/,
    ],
    [
      "a module without a place",
      {
        stranger: 'import { b } from "./bytes"; import { r } from "./rpc"; export const s = [b, r];',
        rpc: "export const r = 1;",
      },
      /no place/,
    ],
    [
      "a cycle",
      {
        "vault/a": 'import { b } from "./b"; export const a = () => b;',
        "vault/b": 'import { a } from "./a"; export const b = () => a;',
      },
      /cycle: src\/vault\/a.ts -> src\/vault\/b.ts -> src\/vault\/a.ts/,
    ],
  ];
  for (const [what, sources, message] of wrong)
    it(`reports ${what}`, () => {
      const faults = faultsOf(sources);
      expect(faults).to.have.lengthOf(1);
      expect(faults[0]).to.match(message);
    });

  it("lets types go in a circle: the compiler removes them", () => {
    const sources = {
      "vault/a": 'import type { B } from "./b"; export type A = B | 1;',
      "vault/b": 'import type { A } from "./a"; export type B = A | 2;',
    };
    expect(faultsOf(sources)).to.deep.equal([]);
  });

  it("lets pages read a chain, and nothing else that is not pure", () => {
    const pages = join(folder, "app");
    const source = join(folder, "src");
    const write = (file: string, text: string): void => {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    };
    for (const module of ["verify", "chain", "vault"]) write(`src/${module}.ts`, "export const a = 1;");
    write("app/page.tsx", "export const p = 1;");
    write(
      "app/verify/a.ts",
      'import { a } from "../../src/verify"; import { p } from "../page"; export { a, p };',
    );
    write(
      "app/b.ts",
      'import { a } from "../src/chain"; import { render } from "preact"; export { a, render };',
    );
    expect(pageFaults(pages, source)).to.deep.equal([]);
    write(
      "app/c.ts",
      'import { a } from "../src/vault"; import { join } from "node:path"; export { a, join };',
    );
    expect(
      pageFaults(pages, source).map((fault) => /imports ([^:]+(:path)?):/.exec(fault)?.[1]),
    ).to.deep.equal(["vault", "node:path"]);
  });
});
