import { mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreditAnchorError } from "../errors";
import { loadFastHashes } from "../fast-hashes";
import type { Hashes } from "../hashes";
import { isObject, parseJson, type JsonObject } from "../json";
import { defaultShow, evidenceText, makeReceipt, serialize, type Evidence } from "../receipt";
import { readRecord } from "../record";
import { throwIfCancelled } from "../rpc";
import { loadType, type RecordType } from "../types";
import type { Plan, Position, StoredRecord, VaultReader } from "../vault/vault";
import { batchOption, indexOption } from "./acts";
import { requireHome } from "./context";
import { writeOwnFile } from "./files";
import { checkSelector, findBatch, findRecord } from "./find-record";
import { flag, integer, jsonObject, list, text, url, usage } from "./options";
import { count, counted } from "../counted";
import { columns, type Io, jsonLines } from "./output";
import { publicId } from "./batches";
import { isShipped } from "./known-types";
import { settle } from "./settle";
import { defineVerb } from "./verb";

export const receiptVerb = defineVerb({
  name: "receipt",
  summary: "write the receipt of a record, or of every record of a batch",
  about: `A receipt shows fields of class P0 and P1 (P1 hidden if the record is about a natural person) and hides P2 and
P3 unless --show names them. It is given when its batch is final.`,
  options: {
    key: jsonObject("--key <json>", 'natural key of the record: \'{"documentNumber": "…", …}\''),
    type: text("--type <name>", "record type, where records of several types have the key"),
    recordVersion: integer("--record-version <n>", "an earlier version of the record", {
      min: 1,
      max: 2 ** 32 - 1,
      defaultsTo: "the latest",
    }),
    batch: batchOption(),
    index: indexOption(),
    all: flag("--all", "every record of the batch, one file each, named by its index"),
    show: list("--show <fields>", "fields to show that would be hidden, between commas"),
    out: text("--out <file>", "where to write it; with --all the folder", "stdout"),
    wait: flag("--wait", "wait until the batch is final"),
    rpc: url("--rpc <url>", "with --wait: node to ask; otherwise that of the home folder"),
  },
  examples: [
    `credit-anchor receipt --key '{"documentNumber": "测市监罚〔2026〕1号", "partyUscc": "91…"}' --out receipt.json`,
    "credit-anchor receipt --batch 4294967296 --index 17 --out receipt.json",
    "credit-anchor receipt --batch 4294967296 --all --out receipts",
    "credit-anchor receipt --batch 4294967296 --index 17 --show partyIdNumber --out receipt.json",
  ],
  run: async ({ options, home: dir, io, signal }) => {
    if (options.all) {
      if (options.batch === undefined) throw usage("--all needs --batch");
      if (options.key !== undefined || options.index !== undefined || options.recordVersion !== undefined)
        throw usage("--all excludes --key, --index and --record-version");
      if (options.out === undefined)
        throw usage("--all needs --out", "name the folder for the receipts: --out receipts");
    } else checkSelector({ ...options, receipt: undefined });
    if (options.recordVersion !== undefined && options.key === undefined)
      throw usage("--record-version goes with --key");
    if (options.rpc !== undefined && !options.wait) throw usage("--rpc goes with --wait");
    const home = requireHome(dir);
    const hashes = await loadFastHashes();
    if (options.wait) await settle(home, { rpc: options.rpc, io, signal, command: "receipt --wait" });
    const vault = await home.readVault({ decrypt: true });
    try {
      const place = options.all
        ? undefined
        : versionOf(
            vault,
            await findRecord(home, vault, { ...options, receipt: undefined }),
            options.recordVersion,
          );
      const number = place?.plan ?? findBatch(vault, options.batch!).number;
      const plan = vault.plan(number);
      expectFinal(plan);
      const maker = receiptMaker(vault, plan, options.show ?? [], hashes);
      if (place === undefined) return await writeAll(maker, plan, options.out!, io, signal);
      const receipt = maker(place.index);
      if (options.out === undefined || options.out === "-")
        return { json: receipt, text: jsonLines(serialize(receipt)) };
      writeOwnFile(options.out, serialize(receipt));
      return {
        json: told(options.out, receipt, plan),
        text: [`wrote ${options.out}`, ...describe(receipt, plan)],
      };
    } finally {
      await vault.close();
    }
  },
});

/** Goes back from the latest version. */
function versionOf(vault: VaultReader, latest: Position, wanted: number | undefined): Position {
  if (wanted === undefined) return latest;
  let entry = vault.entry(latest.plan, latest.index);
  const newest = entry.version;
  while (entry.version > wanted && entry.earlier !== undefined)
    entry = vault.entry(entry.earlier.plan, entry.earlier.index);
  if (entry.version === wanted) return entry;
  throw new CreditAnchorError("record.unknown", `the record has versions 1 to ${newest}`);
}

function expectFinal(plan: Plan): void {
  if (plan.status === "final") return;
  const anchored = plan.status === "anchored";
  throw new CreditAnchorError(
    "receipt.not-final",
    `batch ${publicId(plan) ?? `number ${plan.number}`} is ${plan.status}, not final: ${anchored ? "a reorganisation of the chain could still take it back" : "it is not anchored yet"}`,
    {
      hint: anchored
        ? "add --wait, or try again when more blocks lie on top"
        : "finish it with: credit-anchor resume; then ask again",
    },
  );
}

type Maker = (index: number) => Evidence;

function receiptMaker(vault: VaultReader, plan: Plan, show: readonly string[], hashes: Hashes): Maker {
  const document = vault.typeDocument(plan.typeHash);
  if (document === undefined)
    throw new CreditAnchorError(
      "vault.damaged",
      `the vault has lost the document of record type ${plan.type}`,
      {
        exitStatus: 70,
      },
    );
  const type = loadType(document, hashes);
  const embedType = !isShipped(type);
  return (index) => {
    const record = vault.read(plan.number, index);
    const values = valuesOf(record);
    return makeReceipt(
      {
        registry: plan.registry,
        batch: plan.header!,
        transaction: plan.transaction!,
        type,
        key: record.key,
        version: record.version,
        previous: record.previous,
        index: record.index,
        values,
        secret: record.secret,
        proof: vault.proof(plan.number, record.index),
        show: [...defaultShow(type, isPersonal(type, values)), ...show],
        embedType,
      },
      hashes,
    );
  };
}

function valuesOf(record: StoredRecord): JsonObject {
  const values = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(record.payload));
  if (isObject(values)) return values;
  throw new CreditAnchorError("vault.damaged", "a record of the vault is no object", { exitStatus: 70 });
}

/** In doubt, a record is about a person: then less is shown. */
function isPersonal(type: RecordType, values: JsonObject): boolean {
  const result = readRecord(type, values);
  return !result.ok || result.record.personal;
}

async function writeAll(
  make: Maker,
  plan: Plan,
  folder: string,
  io: Io,
  signal: AbortSignal,
): Promise<{ json: unknown; text: string[] }> {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new CreditAnchorError("file.not-folder", `${folder} is a file, and a folder is needed`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const progress = io.progress();
  let written = 0;
  let erased = 0;
  for (let index = 0; index < plan.size; index++) {
    throwIfCancelled(signal);
    const receipt = unlessErased(() => make(index));
    if (receipt === undefined) erased++;
    else {
      replaceQuickly(join(folder, `${index}.json`), evidenceText(receipt));
      written++;
    }
    progress.update(() => `receipts: ${count(written)} of ${count(plan.size)}`);
    // Lets an interrupt in.
    if (index % 256 === 255) await new Promise((resolve) => setImmediate(resolve));
  }
  progress.end();
  return {
    json: { folder, batch: publicId(plan), written, erased },
    text: [
      `wrote ${count(written)} receipts of batch ${publicId(plan)} to ${folder}`,
      ...(erased === 0 ? [] : [`${counted(erased, "erased record")} without a receipt`]),
    ],
  };
}

function unlessErased(make: () => Evidence): Evidence | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof CreditAnchorError && error.code === "vault.erased") return undefined;
    throw error;
  }
}

/** Whole or not at all, but not forced to the disk one by one: thousands of receipts can be written again. */
function replaceQuickly(file: string, content: string): void {
  const temporary = `${file}.${process.pid}.part`;
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, file);
}

function told(file: string, { record, batch }: Evidence, plan: Plan): Record<string, unknown> {
  const shown = record.fields.filter((field) => "value" in field).map(({ name }) => name);
  const hidden = record.fields.filter((field) => !("value" in field)).map(({ name }) => name);
  return {
    file,
    batch: publicId(plan),
    index: record.index,
    type: record.type,
    version: record.version,
    size: batch.size,
    shown,
    hidden,
  };
}

function describe({ record }: Evidence, plan: Plan): string[] {
  const shown = record.fields.filter((field) => "value" in field).map(({ name }) => name);
  const hidden = record.fields.filter((field) => !("value" in field)).map(({ name }) => name);
  return columns([
    ["record", `${record.type}, version ${record.version}, index ${record.index} of batch ${publicId(plan)}`],
    ["shown", shown.join(", ") || "nothing"],
    ["hidden", hidden.join(", ") || "nothing"],
  ]);
}
