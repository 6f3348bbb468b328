import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { startWebhook } from "../../src/cli/webhook";

describe("a webhook", function () {
  const taken: string[] = [];
  const serve = (port: number): Promise<Server> => {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (data: Buffer) => (body += data.toString()));
      request.on("end", () => {
        taken.push(body.trim());
        response.end();
      });
    });
    return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
  };
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  it("is told within seconds after it was dead for long, in order, and it is said", async () => {
    const first = await serve(0);
    const { port } = first.address() as AddressInfo;
    const notes: string[] = [];
    const hook = startWebhook(`http://127.0.0.1:${port}/`, (line) => notes.push(line));
    hook.send("1");
    for (let waited = 0; taken.length < 1 && waited < 5_000; waited += 50) await wait(50);
    first.closeAllConnections();
    await new Promise((resolve) => first.close(resolve));
    hook.send("2");
    hook.send("3");
    await wait(17_000);
    expect(taken).to.deep.equal(["1"]);
    const second = await serve(port);
    for (let waited = 0; taken.length < 3 && waited < 7_000; waited += 50) await wait(50);
    expect(taken).to.deep.equal(["1", "2", "3"]);
    expect(notes).to.have.lengthOf(2);
    expect(notes[0]).to.contain("does not take what happens (no answer)");
    expect(notes[1]).to.contain("again");
    expect(await hook.end()).to.equal(0);
    second.closeAllConnections();
    second.close();
  });
});
