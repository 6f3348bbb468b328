/**
 * Writes the corpus of test vectors under test/vectors/, or with `--check` compares it with the files.
 *
 * Everything is computed by the oracle in test/support/oracle.ts, nothing by src/: so the corpus judges the product.
 */
import { computeAddress, SigningKey } from "ethers";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { CASES, situation } from "../test/support/forgeries";
import * as oracle from "../test/support/oracle";
import * as sample from "../test/support/samples";
import { VECTORS_FOLDER } from "../test/support/vectors";

const FILES: Readonly<Record<string, () => unknown>> = {
  canonical: canonicalVectors,
  "key-forms": keyFormVectors,
  commitments: commitmentVectors,
  trees: treeVectors,
  receipts: receiptVectors,
  relay: relayVectors,
  statements: statementVectors,
};

function canonicalVectors(): unknown {
  return {
    about:
      "`canonical`: JSON texts and the UTF-8 of their canonical form. `refused`: JSON texts, and the code and place of the refusal.",
    canonical: sample.JSON_TEXTS.map((text) => ({
      text,
      utf8: sample.hexOf(Buffer.from(oracle.jcs(JSON.parse(text)), "utf8")),
    })),
    refused: sample.REFUSED_TEXTS.map(([text, code, path]) => ({ text, code, path })),
  };
}

function keyFormVectors(): unknown {
  return {
    about: "Texts and their form in natural keys. All texts of a group have the same form.",
    groups: sample.KEY_FORM_GROUPS.map((texts) => ({ form: oracle.keyForm(texts[0]!), texts })),
  };
}

function commitmentVectors(): unknown {
  const { TYPE, NAMES, RECORDS, SECRET, AGENCY_KEY, AGENCY_CODE, REGISTRY, CHAIN_ID } = sample;
  const typeHash = oracle.typeHash(TYPE);
  const salts = oracle.salts(SECRET, NAMES.length);
  const domain = oracle.domain(CHAIN_ID, REGISTRY);
  const versions = sample.versions();
  return {
    about: "Every formula of format 1 on invented data; bytes are lower-case hex.",
    typeHash: { document: TYPE, fields: NAMES, hash: typeHash },
    salts: [1, 2, NAMES.length, 255].map((count) => ({
      secret: SECRET,
      count,
      salts: oracle.salts(SECRET, count),
    })),
    fieldDigests: sample.FIELD_VALUES.map(([name, value], i) => {
      const salt = salts[i % salts.length]!;
      return { salt, name, value, digest: oracle.fieldDigest(salt, name, value) };
    }),
    commitments: versions.map(({ record, secret, previous, commitment }) => {
      return { typeHash, previous, record, secret, commitment };
    }),
    recordKeys: sample.KEY_VALUES.map((values) => ({
      agencyKey: AGENCY_KEY,
      agencyCode: AGENCY_CODE,
      type: sample.TYPE_NAME,
      values,
      key: oracle.recordKey(AGENCY_KEY, AGENCY_CODE, sample.TYPE_NAME, values),
    })),
    domains: sample.DOMAINS.map(([chainId, registry]) => {
      return { chainId, registry, domain: oracle.domain(chainId, registry) };
    }),
    leaves: sample.LEAF_PLACES.map(([agencyId, typeId, version]) => {
      const key = sample.bytesOf(`key ${agencyId}`);
      const { commitment } = versions[0]!;
      const leaf = oracle.leaf(domain, agencyId, typeId, key, version, commitment);
      return { domain, agencyId, typeId, key, version, commitment, leaf };
    }),
    headers: sample.HEADERS.map((header) => ({
      header,
      hash: oracle.headerHash(header),
      batchId: oracle.batchId(header.agencyId, header.sequence),
    })),
    manifests: [{ manifest: sample.MANIFEST, hash: oracle.manifestHash(sample.MANIFEST) }],
    keyCommitments: [{ agencyKey: AGENCY_KEY, hash: oracle.keyCommitment(AGENCY_KEY) }],
    evidenceHashes: [0, 1].map((i) => {
      const [random, sha256] = [sample.bytesOf(`random ${i}`), sample.bytesOf(`file ${i}`)];
      return { random, sha256, hash: oracle.evidenceHash(random, sha256) };
    }),
    records: RECORDS.length,
  };
}

function treeVectors(): unknown {
  const leaves = sample.sortedLeaves(100);
  const small = Array.from({ length: 17 }, (_, i) => i + 1);
  const large = [31, 32, 33, 63, 64, 65, 100];
  return {
    about:
      "RFC 9162 trees with Keccak-256: a tree of size n has the first n of these ascending leaves. All proofs up to size 17, some of larger trees.",
    leaves,
    trees: [...small, ...large].map((size) => {
      const own = leaves.slice(0, size);
      const indexes = size <= 17 ? own.map((_, i) => i) : [0, 1, Math.floor(size / 2), size - 2, size - 1];
      const proofs = indexes.map((index) => ({ index, proof: oracle.treeProof(index, own) }));
      return { size, root: oracle.treeRoot(own), proofs };
    }),
  };
}

function receiptVectors(): unknown {
  return {
    about:
      "`situation` verifies. Each case changes places of it (JSON pointers; no value: removed) and states the verdict: the checks that are not as in `passing`.",
    situation: situation(),
    ...CASES(),
  };
}

function relayVectors(): unknown {
  return {
    about:
      "Calls of the registry as an operator signs them for the relay: the EIP-712 hash and the signature (RFC 6979, `s` in the lower half) with a key that protects nothing.",
    privateKey: sample.RELAY_KEY,
    calls: sample.RELAYED_CALLS.map(({ chainId, relay, relayed }) => {
      const digest = oracle.relayDigest(chainId, relay, relayed);
      return {
        chainId,
        relay,
        relayed,
        digest,
        signature: new SigningKey(sample.RELAY_KEY).sign(digest).serialized,
      };
    }),
  };
}

function statementVectors(): unknown {
  const { CHAIN_ID, REGISTRY, bytesOf, RELAY_KEY } = sample;
  const signer = computeAddress(RELAY_KEY).toLowerCase();
  const sign = (digest: string): string => new SigningKey(RELAY_KEY).sign(digest).serialized;
  const registry = { chainId: CHAIN_ID, address: REGISTRY };
  const block = { number: 1203, hash: bytesOf("block"), time: 1780003600 };
  const journal = { length: 57, head: bytesOf("journal", 28) };
  const roles = { authority: bytesOf("authority", 20), length: 31, head: bytesOf("roles") };
  const checkpoints = [
    { registry, block, journal, roles },
    { registry, block, journal },
  ].map((content) => {
    const digest = oracle.checkpointDigest(content);
    const identity = { format: "credit-anchor/checkpoint", formatVersion: 1 };
    return { checkpoint: { ...identity, ...content, signer, signature: sign(digest) }, digest };
  });
  const signOffs = bytesOf("sign-offs", 20);
  const reports = [0, 1, 2].map((outcome) => {
    const report = {
      registry,
      block,
      journal,
      roles: outcome === 1 ? [] : [{ authority: roles.authority, journal: { length: 31, head: roles.head } }],
      notChecked: outcome === 0 ? [] : [{ code: "example", count: 1 }],
      differences: outcome === 2 ? [{ code: "example" }] : [],
    };
    const statement = {
      journalLength: journal.length,
      journalHead: journal.head,
      rolesLength: outcome === 1 ? 0 : roles.length,
      rolesHead: outcome === 1 ? `0x${"00".repeat(32)}` : roles.head,
      blockNumber: block.number,
      blockHash: block.hash,
      reportHash: oracle.reportHash(report),
      outcome,
    };
    const digest = oracle.statementDigest(CHAIN_ID, signOffs, statement);
    return { signOffs, statement, auditor: signer, signature: sign(digest), digest, report };
  });
  return {
    about:
      "Checkpoints and signed reports: EIP-712 hashes and signatures with a key that protects nothing. Of the reports only what a statement is about.",
    privateKey: RELAY_KEY,
    checkpoints,
    reports,
  };
}

async function main(): Promise<number> {
  const check = process.argv.includes("--check");
  const options = (await resolveConfig(VECTORS_FOLDER)) ?? {};
  let differences = 0;
  for (const [name, make] of Object.entries(FILES)) {
    const file = join(VECTORS_FOLDER, `${name}.json`);
    const text = await format(JSON.stringify(make(), null, 1), { ...options, filepath: file });
    if (!check) writeFileSync(file, text);
    else if (readFileSync(file, "utf8") !== text) {
      differences++;
      console.error(
        `${file} is not what the oracle computes: run \`npm run vectors\` and look at the difference`,
      );
    }
  }
  console.log(
    check ? `${Object.keys(FILES).length - differences} files of vectors agree` : "vectors written",
  );
  return differences === 0 ? 0 : 1;
}

void main().then((exitStatus) => {
  process.exitCode = exitStatus;
});
