import { expect } from "chai";
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeOwnFile } from "../../src/cli/files";

describe("a file of this program", () => {
  const dir = mkdtempSync(join(tmpdir(), "credit-anchor-files-"));
  const file = join(dir, "receipt.json");
  const content = `{"format":"credit-anchor/receipt","text":"${"处罚".repeat(50)}"}`;
  const { writeSync } = fs;
  afterEach(() => (fs.writeSync = writeSync));
  after(() => rmSync(dir, { recursive: true }));

  /** A disk that takes 7 bytes at a time, and no more than so many in all. */
  function slowDisk(room: number): void {
    let taken = 0;
    fs.writeSync = ((handle: number, data: string | Uint8Array, at?: number | null) => {
      if (taken >= room) throw Object.assign(new Error("full"), { code: "ENOSPC", syscall: "write" });
      const part = Buffer.from(data as Uint8Array).subarray(at ?? 0, (at ?? 0) + 7);
      taken += part.length;
      return writeSync(handle, part);
    }) as typeof writeSync;
  }

  it("is written whole by a disk that takes a part at a time", () => {
    slowDisk(Infinity);
    writeOwnFile(file, content);
    expect(readFileSync(file, "utf8")).to.equal(content);
  });

  it("keeps its old content, and is no success, when the disk fills up on the way", () => {
    writeOwnFile(file, content);
    slowDisk(20);
    expect(() => writeOwnFile(file, content.replace("receipt", "other"))).to.throw(
      "cannot be written (ENOSPC)",
    );
    expect(readFileSync(file, "utf8")).to.equal(content);
    expect(readdirSync(dir)).to.deep.equal(["receipt.json"]);
  });
});
