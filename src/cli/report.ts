import { askContract, contractWords } from "../contract-signature";
import { CreditAnchorError } from "../errors";
import { findStatements, isAuditor, recordStatement, type RecordedStatement } from "../registry-sign-offs";
import type { Registry } from "../registry-views";
import { RpcError } from "../rpc";
import {
  audited,
  compareStatement,
  outcomes,
  outcomeTexts,
  readSignedReport,
  sameStatement,
  signerOfReport,
  statementDigest,
  type SignedReport,
} from "../sign-off";
import { check, checkLines, statusOf, type Check } from "./checks";
import { optionalHome, requireHome } from "./context";
import { readText } from "./files";
import { connectTrusted } from "./named-registry";
import { address, integer, text, url } from "./options";
import { timeForPeople } from "./output";
import { recordedLine, signOffsOf, signOffsOption } from "./sign-offs";
import { defineVerb } from "./verb";

/** The registry that is believed, and where its auditors sign off. */
const trustOptions = {
  rpc: url("--rpc <url>", "node to ask; otherwise that of the home folder"),
  registry: address("--registry <address>", "the registry you trust, on the chain of the node"),
  deployment: text("--deployment <file>", "deployment record of the registry you trust"),
  fromBlock: integer("--from-block <number>", "block of the registry's deployment, with --registry", {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }),
  ...signOffsOption,
};

export const reportVerifyVerb = defineVerb({
  name: "report verify",
  summary: "check a report that an auditor signed: report, signature, role, and the statement on chain",
  about: `The file is what audit --sign wrote. Which registry to believe comes from --registry and --rpc, from --deployment,
or from the home folder; never from the file. It does not audit again: that is audit.

Exit status: 0 all of it holds, 1 something does not, 2 nobody has recorded the statement on chain.`,
  arguments: [{ name: "<file>", about: "the signed report" }],
  options: trustOptions,
  examples: [
    "credit-anchor report verify report.json --home court",
    "credit-anchor report verify report.json --deployment deployments/besu --rpc http://127.0.0.1:8545 --json",
  ],
  run: async ({ args, options, home: dir, signal }) => {
    const [file] = args as [string];
    const signed = readSignedReport(readText(file), file);
    const home = optionalHome(dir);
    const { registry } = await connectTrusted(
      {
        rpc: options.rpc,
        registry: options.registry,
        deployment: options.deployment,
        fromBlock: options.fromBlock,
      },
      home,
      signal,
    );
    const signOffs = await signOffsOf(
      registry,
      { signOffs: options.signOffs, deployment: options.deployment },
      home,
    );
    const recorded = (await findStatements(registry, signOffs, signed.statement.reportHash)).filter(
      ({ statement }) => sameStatement(statement, signed.statement),
    );
    const checks = [
      ...checkFile(signed),
      await checkSignature(signed, registry),
      checkPlace(signed, registry, signOffs),
      await checkBlock(signed, registry),
      await checkRole(signed, registry, recorded),
      checkRecorded(recorded),
    ];
    const { statement, auditor } = signed;
    return {
      json: { file, auditor, statement, outcome: outcomes[statement.outcome], recorded, checks },
      text: [
        `report     ${statement.reportHash}: ${outcomeTexts[statement.outcome]!}`,
        `about      registry ${audited(signed.report).registry.address}, block ${statement.blockNumber}, ${timeForPeople(audited(signed.report).block.time)}`,
        `signed by  ${auditor}`,
        "",
        ...checkLines(checks),
      ],
      exitStatus: statusOf(checks),
    };
  },
});

export const reportRecordVerb = defineVerb({
  name: "report record",
  summary: "record on chain what a signed report states, when audit --sign could not, or only signed",
  about: `The file is what audit --sign or --sign-only wrote with this home's key. Its statement is recorded as it was signed; one
that this account has recorded before is found, and not recorded again. Another signer's report, one of another registry,
an altered one and one of a block that is not in the chain are refused.

Exit status: 0 recorded, now or before; 64 refused.`,
  arguments: [{ name: "<file>", about: "the signed report" }],
  options: {
    ...trustOptions,
    registry: address("--registry <address>", "the registry you trust; otherwise that of the home folder"),
  },
  examples: ["credit-anchor report record report.json --home auditor"],
  run: async ({ args, options, home: dir, signal }) => {
    const [file] = args as [string];
    const signed = readSignedReport(readText(file), file);
    const home = requireHome(dir);
    const { registry, deployment, rpc, fromBlock } = options;
    const { registry: trusted } = await connectTrusted(
      { rpc, registry, deployment, fromBlock },
      home,
      signal,
    );
    const signOffs = await signOffsOf(trusted, { signOffs: options.signOffs, deployment }, home);
    const signer = await home.signer();
    const isOwn = signed.contract === undefined && signed.auditor === signer.address;
    for (const { result, name, message } of [
      ...checkFile(signed),
      checkPlace(signed, trusted, signOffs),
      check("signer", isOwn, "", `is ${signed.auditor}, and the key of ${home.dir} is ${signer.address}`),
      await checkSignature(signed, trusted),
      await checkBlock(signed, trusted),
    ])
      if (result === "failed")
        throw new CreditAnchorError(
          "report.not-recordable",
          `nothing was sent: ${file} cannot be recorded: its ${name} ${message}`,
          { hint: "credit-anchor report verify tells everything about it" },
        );
    const settings = { fees: home.settings.fees, ...(signal === undefined ? {} : { signal }) };
    const { statement, auditor } = signed;
    const { recorded, already } = await recordStatement(trusted, signOffs, signer, statement, settings);
    return {
      json: { file, signOffs, statement, auditor, recorded, already },
      text: [
        `report     ${statement.reportHash}: ${outcomeTexts[statement.outcome]!}`,
        `signed by  ${auditor}`,
        recordedLine(recorded, already),
      ],
    };
  },
});

/** What the file alone tells. */
function checkFile(signed: SignedReport): Check[] {
  const { isReport, saysTheSame } = compareStatement(signed);
  return [
    check("report", isReport, "is the one that was signed", "was altered after it was signed"),
    check("statement", saysTheSame, "says what the report says", "says something else than the report"),
  ];
}

/** A key's signature tells by itself whose it is; a contract has to be asked. */
async function checkSignature(signed: SignedReport, { chain }: Registry): Promise<Check> {
  const { auditor, signOffs, statement, signature, contract, report } = signed;
  if (contract === undefined)
    return check(
      "signature",
      signerOfReport(signed) === auditor,
      `by ${auditor}`,
      `is not that of ${auditor} on this statement`,
    );
  const digest = statementDigest(audited(report).registry.chainId, signOffs, statement);
  const answer = await askContract(chain, auditor, digest, signature, statement.blockNumber);
  const words = contractWords(auditor, answer);
  return check("signature", answer.accepts, words, words);
}

function checkPlace({ report, signOffs: named }: SignedReport, registry: Registry, signOffs: string): Check {
  const { chainId, address: about } = audited(report).registry;
  return check(
    "registry",
    chainId === registry.chain.chainId && about === registry.address && named === signOffs,
    "is the trusted one",
    `is ${about} on chain ${chainId}, with sign-offs at ${named}: not the trusted one`,
  );
}

async function checkBlock({ statement }: SignedReport, { chain }: Registry): Promise<Check> {
  const block = await chain.block(statement.blockNumber);
  return check(
    "block",
    block?.hash === statement.blockHash,
    `${statement.blockNumber} is in the chain`,
    `${statement.blockNumber} with the stated hash is not in the chain`,
  );
}

/** The contract lets nobody but an auditor record anything; whoever only signed is asked about at the stated block. */
async function checkRole(
  { auditor, statement }: SignedReport,
  registry: Registry,
  recorded: readonly RecordedStatement[],
): Promise<Check> {
  const name = "role";
  if (recorded.some((one) => one.auditor === auditor))
    return { name, result: "passed", message: "the signer held the role auditor when it was recorded" };
  if (recorded.length > 0)
    return {
      name,
      result: "passed",
      message: `recorded by ${recorded[0]!.auditor}, who held the role auditor`,
    };
  try {
    return check(
      name,
      await isAuditor(registry, auditor, statement.blockNumber),
      "the signer held the role auditor at the stated block",
      "the signer did not hold the role auditor at the stated block",
    );
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return {
      name,
      result: "open",
      message: "the node keeps no state that old: audit tells who held which role",
    };
  }
}

function checkRecorded(recorded: readonly RecordedStatement[]): Check {
  const name = "recorded";
  const [first] = recorded;
  if (first === undefined)
    return { name, result: "open", message: "nobody has recorded this statement on chain" };
  const { index, auditor, blockNumber, transaction } = first;
  return {
    name,
    result: "passed",
    message: `statement ${index} by ${auditor} in block ${blockNumber}, transaction ${transaction}`,
  };
}
