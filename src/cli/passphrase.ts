import { findNewPassphrase } from "../home/passphrase";
import { requireHome } from "./context";
import { flag, usage } from "./options";
import { LONG_WAIT_MS, SHORT_WAIT_MS } from "./settle";
import { defineVerb } from "./verb";

export const passphraseChangeVerb = defineVerb({
  name: "passphrase change",
  summary: "give the home a new passphrase",
  about: `The present passphrase comes from where it always does; the new one from CREDIT_ANCHOR_NEW_PASSPHRASE, the file
CREDIT_ANCHOR_NEW_PASSPHRASE_FILE, or the terminal, where it is asked for twice. All keys of the home are closed with
the new one, and the old one opens nothing in it any more; stopped anywhere, one of the two opens everything.

COPIES made before are still opened by the old one, and the keys in them open newer copies of the vault too: make a
new copy, and destroy the old copies of keys/. If somebody else may know the old passphrase and have a copy, changing
it does not help against that copy; a new signing key does for the signing: operator rotate.`,
  options: {
    wait: flag("--wait", "wait until another process that uses this home has finished"),
  },
  examples: [
    "credit-anchor passphrase change --home agency",
    "CREDIT_ANCHOR_NEW_PASSPHRASE_FILE=/srv/credit/next credit-anchor passphrase change --home agency",
  ],
  run: async ({ options, home: dir }) => {
    const home = requireHome(dir);
    if (home.settings.trial === true)
      throw usage(
        `${home.dir} is for trying only: its passphrase lies in the folder`,
        "for real records make a home without --trial",
      );
    // Whoever runs beside would find the keys closed in the middle of its work.
    const vault = await home.writeVault({
      command: "passphrase change",
      waitMs: options.wait ? LONG_WAIT_MS : SHORT_WAIT_MS,
    });
    try {
      const files = await home.changePassphrase(await findNewPassphrase(home.dir));
      const named = home.settings.passphraseFile;
      return {
        json: { home: home.dir, changed: true, files },
        text: [
          `the new passphrase opens ${home.dir}, the old one nothing in it`,
          `written anew: ${files.join(", ")}`,
          ...(named === undefined ? [] : [`write it into ${named} too, which the settings name`]),
          "copies made before are still opened by the old one: copy the home now, and destroy old copies of keys/",
        ],
      };
    } finally {
      await vault.close();
    }
  },
});
