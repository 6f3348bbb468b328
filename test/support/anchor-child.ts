import { startAnchoring } from "../../src/anchoring";
import { connectChain } from "../../src/chain";
import type { CreditAnchorError } from "../../src/errors";
import { openHome } from "../../src/home";
import { ingest } from "../../src/ingest";
import { openRegistry } from "../../src/registry-views";
import { ingestOptions, permits, removeFolders, type } from "./homes";
import { hasty, quick } from "./world";
import { TYPE_NAME } from "./samples";

/**
 * A process that plans permits and anchors them, as the command does, for tests that kill it.
 *
 * Arguments: home folder, JSON of {@link ChildWork}. Says on stdout, as JSON lines, `{"progress": kind}` and in the end
 * `{"summary": …}` or `{"failed": code}`.
 */
export interface ChildWork {
  /** The input file: permits from, to, edition. */
  readonly rows: readonly (readonly [number, number, number])[];
  readonly batchSize: number;
  readonly finalityBlocks: number;
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function main(dir: string, work: ChildWork): Promise<void> {
  const home = openHome(dir, { env: {} });
  const { registry: place, rpc, agency, types } = home.settings;
  const vault = await home.writeVault({ command: "anchor", waitMs: 5_000 });
  try {
    const chain = await connectChain({ ...quick, urls: rpc, chainId: place!.chainId });
    const registry = await openRegistry(chain, place!.address, place!.deployedAtBlock);
    const anchoring = startAnchoring({
      vault,
      registry,
      signer: await home.signer(),
      settings: { agencyId: agency!.id!, finalityBlocks: work.finalityBlocks, patience: hasty },
      onProgress: ({ kind }) => say({ progress: kind }),
    });
    const target = {
      registry: { chainId: chain.chainId, address: registry.address },
      agencyId: agency!.id!,
      typeId: types[TYPE_NAME]!.typeId,
      type,
      mode: "root" as const,
    };
    const rows = work.rows.flatMap(([from, to, edition]) => permits(from, to, edition));
    for await (const plan of ingest(
      await ingestOptions(vault, rows, { target, batchSize: work.batchSize }),
    )) {
      say({ progress: "planned", plan: plan.number });
      anchoring.kick();
    }
    say({ summary: await anchoring.finish() });
  } finally {
    await vault.close();
    removeFolders();
  }
}

if (require.main === module)
  main(process.argv[2]!, JSON.parse(process.argv[3]!) as ChildWork).catch((error: unknown) => {
    process.stderr.write(
      `${JSON.stringify({ kind: "failed", code: (error as CreditAnchorError).code, error: String(error) })}\n`,
    );
    process.exitCode = 70;
  });
