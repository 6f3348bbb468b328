import { expect } from "chai";
import { fromHex, toHex, utf8 } from "../../src/bytes";
import { loadFastHashes } from "../../src/fast-hashes";
import { portableHashes, type Hashes } from "../../src/hashes";
import { loadVectors } from "../support/vectors";

interface Source {
  data?: string;
  text?: string;
  repeat?: { byte: string; times: number };
  key?: string;
  keyRepeat?: { byte: string; times: number };
  digest: string;
}
type Published = Record<"keccak256" | "sha256" | "shake256" | "hmacSha256", { cases: Source[] }>;

const published = loadVectors<Published>("published");

const repeated = ({ byte, times }: { byte: string; times: number }): Uint8Array =>
  new Uint8Array(times).fill(Number(byte));
const dataOf = ({ data, text, repeat }: Source): Uint8Array =>
  data !== undefined ? fromHex(data) : text !== undefined ? utf8(text) : repeated(repeat!);

for (const [name, load] of [
  ["portable hashes", () => Promise.resolve(portableHashes)],
  ["fast hashes", loadFastHashes],
] as const)
  describe(name, () => {
    let hashes: Hashes;
    before(async () => (hashes = await load()));

    it("give the published digests of Keccak-256 and SHA-256", () => {
      for (const each of published.keccak256.cases)
        expect(toHex(hashes.keccak256(dataOf(each)))).to.equal(each.digest);
      for (const each of published.sha256.cases)
        expect(toHex(hashes.sha256(dataOf(each)))).to.equal(each.digest);
    });

    it("give the published outputs of SHAKE256, and beginnings of them for shorter lengths", () => {
      for (const each of published.shake256.cases)
        for (const length of [64, 33, 32, 1]) {
          const output = toHex(hashes.shake256(dataOf(each), length));
          expect(output).to.equal(each.digest.slice(0, 2 + 2 * length));
        }
    });

    it("give the published codes of HMAC-SHA-256", () => {
      for (const each of published.hmacSha256.cases) {
        const key = each.key !== undefined ? fromHex(each.key) : repeated(each.keyRepeat!);
        expect(toHex(hashes.hmacSha256(key, dataOf(each)))).to.equal(each.digest);
      }
    });

    it("hand out plain arrays of their own that later calls do not touch", () => {
      const input = Uint8Array.of(1, 2, 3);
      const outputs = [
        () => hashes.keccak256(input),
        () => hashes.sha256(input),
        () => hashes.shake256(input, 32),
        () => hashes.hmacSha256(input, input),
      ];
      for (const compute of outputs) {
        input.set([1, 2, 3]);
        const first = compute();
        const copy = first.slice();
        expect(Object.getPrototypeOf(first), "no Buffer").to.equal(Uint8Array.prototype);
        input.set([4, 5, 6]);
        expect(compute()).not.to.deep.equal(copy);
        expect(first).to.deep.equal(copy);
      }
    });
  });

describe("fast and portable hashes", () => {
  it("agree on every length around the blocks of the functions, and on bytes of any kind", async () => {
    const fast = await loadFastHashes();
    let seed = 1;
    const next = (): number => (seed = (seed * 48271) % 2147483647) & 255;
    for (let length = 0; length <= 300; length++) {
      const data = Uint8Array.from({ length }, next);
      const key = Uint8Array.from({ length: length % 140 }, next);
      expect(fast.keccak256(data)).to.deep.equal(portableHashes.keccak256(data));
      expect(fast.sha256(data)).to.deep.equal(portableHashes.sha256(data));
      expect(fast.shake256(data, 1 + length)).to.deep.equal(portableHashes.shake256(data, 1 + length));
      expect(fast.hmacSha256(key, data)).to.deep.equal(portableHashes.hmacSha256(key, data));
    }
  });
});
