import { existsSync } from "node:fs";
import { CreditAnchorError } from "../errors";
import { agencyKeyFileText } from "../home/agency-key-file";
import { scryptCost } from "../home/keys";
import { findTransportPassphrase } from "../home/passphrase";
import { connect, ownAgency, requireHome } from "./context";
import { writeOwnFile } from "./files";
import { url, usage } from "./options";
import { defineVerb } from "./verb";

export const agencyKeyExportVerb = defineVerb({
  name: "agency key export",
  summary: "write the agency's key, closed for transport, for a second home of the agency",
  about: `For an operator with a home and a key of his own, on another machine. The file is closed with a passphrase for this
journey alone, from CREDIT_ANCHOR_TRANSPORT_PASSPHRASE, the file CREDIT_ANCHOR_TRANSPORT_PASSPHRASE_FILE, or the
terminal: send it another way than the file, and destroy the file when init --join has made the home. Whoever has
both can compute the keys of the agency's records; sign for it, or open its records, he cannot.

The homes must not read in the same records: each would anchor them as first versions, which looks like
equivocation. Let them differ by source, by type or by district.`,
  arguments: [{ name: "<file>", about: "to be written; mode 0600" }],
  options: {
    rpc: url(
      "--rpc <url>",
      "node to ask whether the registry knows this key; otherwise that of the home folder",
    ),
  },
  examples: ["credit-anchor agency key export district-key.json --home agency"],
  run: async ({ args, options, home: dir, signal }) => {
    const home = requireHome(dir);
    const file = args[0]!;
    if (existsSync(file))
      throw new CreditAnchorError("file.exists", `${file} exists`, { hint: "name a file that does not" });
    if (home.settings.trial === true)
      throw usage(
        `${home.dir} is for trying only: its keys are protected by nothing`,
        "for real records make a home without --trial",
      );
    const agencyKey = await home.agencyKey();
    const { registry } = await connect(home, options.rpc, signal);
    // A key that the registry does not know would make a home that can never anchor.
    const { code, keyCommitment } = await ownAgency(home, registry);
    const about = { code, keyCommitment, registry: home.settings.registry! };
    const passphrase = await findTransportPassphrase(file, "new");
    writeOwnFile(file, await agencyKeyFileText(about, agencyKey, passphrase, scryptCost));
    return {
      json: { file, code, keyCommitment },
      text: [
        `the key of agency ${code}, closed with the transport passphrase: ${file}`,
        "the operator of the other home, with that passphrase, runs:",
        `  credit-anchor init --home HOME --join ${file} --rpc URL`,
        "then destroy the file; the homes must not read in the same records",
      ],
    };
  },
});
