import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { expectBytes, toHex } from "./bytes";
import { keyCommitment } from "./commitment";
import { CreditAnchorError } from "./errors";
import { loadFastHashes } from "./fast-hashes";
import { replaceFile, syncFolder, writeError } from "./home/files";
import * as keys from "./home/keys";
import { type Access, findPassphrase } from "./home/passphrase";
import { changePassphrase, finishPassphraseChange } from "./home/passphrase-change";
import { adoptNextKey, findKeystores, type Keystores, openNextKey } from "./home/rotation";
import { defaultSettings, readSettings, type Settings, writeSettings } from "./home/settings";
import {
  commandSigner,
  encryptSigner,
  environmentSigner,
  type HomeSigner,
  keystoreAddress,
  openKeystore,
  operatorFile,
  type SignerKind,
} from "./home/signer";
import { alone, createVault, openVault, openReader } from "./vault/open";
import type { LmdbVaultReader } from "./vault/reader";
import type { LmdbVault } from "./vault/writer";

export type { Access } from "./home/passphrase";
export type { RegistrySettings, Settings } from "./home/settings";
export type { Keystores } from "./home/rotation";
export type { HomeSigner, SignerKind } from "./home/signer";

/** Passphrase of homes made for trying; stands in a file beside them. */
export const TRIAL_PASSPHRASE = "for trying only: this protects nothing";

/** What an unlocked home knows. */
export interface HomeKeys {
  /** 32 bytes; record keys derive from it. Undefined in a home that anchors nothing. Never print it. */
  readonly agencyKey: Uint8Array | undefined;
  /** Opens the record secrets of the vault. Never print it. */
  readonly secretsKey: Uint8Array;
}

/** A home folder: settings, keys and vault of one agency, or of somebody else who works with a registry. */
export interface Home {
  /** Absolute. */
  readonly dir: string;
  readonly settings: Settings;
  /**
   * Changes the settings on disk and here: those on disk now, which another command may have changed since this home was
   * opened, and nobody changes meanwhile.
   */
  changeSettings(change: (settings: Settings) => Settings): Promise<void>;
  /** Runs something short while no other process that does so with this home is running. */
  alone<T>(action: () => T): Promise<T>;
  /**
   * Asks for the passphrase at most once.
   * @throws CreditAnchorError `home.no-passphrase`, `home.wrong-passphrase`, `home.damaged-key`
   */
  keys(): Promise<HomeKeys>;
  /** @throws CreditAnchorError `home.no-agency` in a home that anchors nothing. */
  agencyKey(): Promise<Uint8Array>;
  /** Address that signs, without the passphrase; undefined when there is no key. */
  signerAddress(): string | undefined;
  /** Where the key is that signs. */
  signerKind(): SignerKind;
  /**
   * `CREDIT_ANCHOR_PRIVATE_KEY` or `CREDIT_ANCHOR_SIGNER_COMMAND` of the environment, else the command of the settings,
   * else the keystore.
   * @throws CreditAnchorError `signer.missing`, `signer.invalid-key`, `signer.settings`, `home.wrong-passphrase`
   */
  signer(): Promise<HomeSigner>;
  /** Addresses of the home's keystores; needs no passphrase. @throws CreditAnchorError `signer.damaged` */
  keystores(): Keystores;
  /**
   * The key that shall take the place of the keystore's: made, and on disk, when there is none yet.
   * @throws CreditAnchorError `home.wrong-passphrase`
   */
  nextSigner(): Promise<HomeSigner>;
  /** Puts the next key into the place of the present one, which is kept beside it. Can be repeated after a crash. */
  adoptNextSigner(): void;
  /**
   * Closes all keys with another passphrase. Killed anywhere, the old or the new one opens everything.
   *
   * @returns Names of the files that were written.
   * @throws CreditAnchorError `home.same-passphrase`, `home.wrong-passphrase`, `home.unwritable`
   */
  changePassphrase(next: string): Promise<string[]>;
  /** Needs the passphrase only to decrypt records. Works while another process writes. */
  readVault(options?: { readonly decrypt?: boolean }): Promise<LmdbVaultReader>;
  /**
   * For the one process that writes.
   * @param options.command What it does, told to whoever is refused meanwhile.
   * @param options.waitMs How long to wait for another process; default 0.
   * @throws CreditAnchorError `home.busy`
   */
  writeVault(options: { readonly command: string; readonly waitMs?: number }): Promise<LmdbVault>;
  /** A new file of mode 0600 for rows that are not anchored, and its name; the folder is made when needed. */
  rejectedFile(inputFile: string): string;
}

export interface NewHome {
  /** Settings that differ from the defaults. */
  readonly settings?: Partial<Omit<Settings, "format" | "formatVersion" | "trial">>;
  /** Not needed for a trial home. */
  readonly passphrase?: string;
  /** Of an agency that has one already (a second home of it); else a new one is made. 32 bytes. */
  readonly agencyKey?: Uint8Array;
  /** Private key that signs, hex; `generate` makes one; absent: none, it will come from the environment. */
  readonly privateKey?: string;
  /** Cheap passphrase, in a file beside the keys: for sandboxes. */
  readonly trial?: boolean;
}

/**
 * Makes a home folder: all of it, or nothing. The folder must be absent or empty.
 *
 * @throws CreditAnchorError `home.exists`, `home.no-passphrase`, `home.settings`, `signer.invalid-key`, `home.unwritable`
 */
export async function createHome(dir: string, options: NewHome, access: Access = {}): Promise<Home> {
  const target = resolve(dir);
  if (existsSync(target) && readdirSync(target).length > 0)
    throw new CreditAnchorError("home.exists", `${target} is not empty`, { hint: "name a new folder" });
  const trial = options.trial === true;
  const passphrase = trial ? TRIAL_PASSPHRASE : options.passphrase;
  if (passphrase === undefined || passphrase === "")
    throw new CreditAnchorError("home.no-passphrase", "a home folder needs a passphrase", {
      hint: "set CREDIT_ANCHOR_PASSPHRASE or CREDIT_ANCHOR_PASSPHRASE_FILE",
    });
  let building: string;
  try {
    mkdirSync(dirname(target), { recursive: true });
    building = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  } catch (cause) {
    throw writeError(target, cause);
  }
  try {
    await fill(building, options, passphrase, trial);
    renameSync(building, target);
    syncFolder(dirname(target));
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw writeError(target, error);
  }
  return openHome(target, access);
}

async function fill(dir: string, options: NewHome, passphrase: string, trial: boolean): Promise<void> {
  const cost = trial ? keys.trialScryptCost : keys.scryptCost;
  const master = randomBytes(32);
  let settings: Settings = { ...defaultSettings, ...options.settings };
  mkdirSync(join(dir, "keys"), { mode: 0o700 });
  replaceFile(join(dir, keys.masterFile), await keys.sealMaster(master, passphrase, cost));
  if (settings.agency !== undefined) {
    const agencyKey = expectBytes(options.agencyKey ?? new Uint8Array(randomBytes(32)), 32, "agencyKey");
    replaceFile(join(dir, keys.agencyFile), keys.sealAgencyKey(master, agencyKey));
    settings = {
      ...settings,
      agency: { ...settings.agency, keyCommitment: toHex(keyCommitment(agencyKey)) },
    };
  }
  if (options.privateKey !== undefined) {
    const key = options.privateKey === "generate" ? randomBytes(32).toString("hex") : options.privateKey;
    replaceFile(join(dir, operatorFile), await encryptSigner(key, passphrase, cost));
  }
  if (trial) {
    replaceFile(join(dir, "passphrase"), `${TRIAL_PASSPHRASE}\n`);
    settings = { ...settings, trial, passphraseFile: "passphrase" };
  }
  await createVault(join(dir, "vault"));
  writeSettings(dir, settings);
}

/**
 * Opens a home folder. Asks for nothing: keys are opened when they are needed.
 *
 * @throws CreditAnchorError `home.not-a-home`, `home.settings`, `home.newer`
 */
export function openHome(dir: string, access: Access = {}): Home {
  finishPassphraseChange(resolve(dir));
  return new HomeFolder(resolve(dir), access);
}

class HomeFolder implements Home {
  settings: Settings;
  #passphrase: Promise<string> | undefined;
  #keys: Promise<HomeKeys> | undefined;
  readonly #vault: string;

  constructor(
    readonly dir: string,
    readonly access: Access,
  ) {
    this.settings = readSettings(dir);
    this.#vault = join(dir, "vault");
  }

  alone<T>(action: () => T): Promise<T> {
    return alone(this.#vault, action);
  }

  async changeSettings(change: (settings: Settings) => Settings): Promise<void> {
    this.settings = await this.alone(() => {
      const changed = change(readSettings(this.dir));
      writeSettings(this.dir, changed);
      return changed;
    });
  }

  keys(): Promise<HomeKeys> {
    this.#keys ??= this.#unlock();
    return this.#keys;
  }

  async agencyKey(): Promise<Uint8Array> {
    const { agencyKey } = await this.keys();
    if (agencyKey === undefined)
      throw new CreditAnchorError("home.no-agency", `${this.dir} is not the home of an agency`, {
        hint: "use the home folder of the agency",
      });
    return agencyKey;
  }

  signerAddress(): string | undefined {
    return this.#signerElsewhere()?.signer.address ?? keystoreAddress(this.dir);
  }

  signerKind(): SignerKind {
    return this.#signerElsewhere()?.kind ?? "keystore";
  }

  async signer(): Promise<HomeSigner> {
    return this.#signerElsewhere()?.signer ?? openKeystore(this.dir, await this.#phrase());
  }

  keystores(): Keystores {
    return findKeystores(this.dir);
  }

  async nextSigner(): Promise<HomeSigner> {
    // Opens the home first: a key under a mistyped passphrase could never be used.
    await this.keys();
    const cost = this.settings.trial === true ? keys.trialScryptCost : keys.scryptCost;
    return openNextKey(this.dir, await this.#phrase(), cost);
  }

  adoptNextSigner(): void {
    adoptNextKey(this.dir);
  }

  async changePassphrase(next: string): Promise<string[]> {
    const old = await this.#phrase();
    if (next.normalize("NFKC") === old.normalize("NFKC"))
      throw new CreditAnchorError(
        "home.same-passphrase",
        "the new passphrase is the old one: nothing was changed",
      );
    const files = await changePassphrase(this.dir, old, next, keys.scryptCost);
    this.#passphrase = Promise.resolve(next);
    return files;
  }

  async readVault(options: { readonly decrypt?: boolean } = {}): Promise<LmdbVaultReader> {
    const secrets = options.decrypt === true ? { secretsKey: (await this.keys()).secretsKey } : {};
    return openReader(this.#vault, { hashes: await loadFastHashes(), ...secrets });
  }

  async writeVault(options: { readonly command: string; readonly waitMs?: number }): Promise<LmdbVault> {
    const { secretsKey } = await this.keys();
    return openVault(this.#vault, { hashes: await loadFastHashes(), secretsKey, ...options });
  }

  rejectedFile(inputFile: string): string {
    const folder = join(this.dir, "rejected");
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw writeError(folder, cause);
    }
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    return join(folder, `${basename(inputFile)}-${time}-${randomBytes(3).toString("hex")}.ndjson`);
  }

  async #unlock(): Promise<HomeKeys> {
    const master = await keys.openMaster(this.dir, await this.#phrase());
    const agencyKey = this.settings.agency === undefined ? undefined : keys.openAgencyKey(this.dir, master);
    return { agencyKey, secretsKey: keys.deriveKey(master, "secrets") };
  }

  #phrase(): Promise<string> {
    this.#passphrase ??= findPassphrase(this.dir, this.settings, this.access);
    return this.#passphrase;
  }

  /** The signer of the environment, or the command of the settings: what comes before the keystore. */
  #signerElsewhere(): { readonly kind: SignerKind; readonly signer: HomeSigner } | undefined {
    const env = this.access.env ?? process.env;
    const given = environmentSigner(env);
    if (given !== undefined) return given;
    const { signer } = this.settings;
    return signer === undefined ? undefined : { kind: "command", signer: commandSigner(signer, env) };
  }
}
