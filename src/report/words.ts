/** What the report says, in English. The other language says the same: the compiler wants every one of these words. */
export const english = {
  lang: "en",
  title: "Audit report on a registry of credit records",
  otherLanguage: "中文",
  contents: "Contents",
  figures: "At a glance",
  particulars: "What was audited",
  utc: (time: string) => `${time} (UTC+8)`,
  zone: "UTC+8",
  never: "–",
  forEver: "no end",

  none: "None.",
  number: (value: string) => value,
  more: (count: string) => `… and ${count} more; all of them are in report.json.`,
  page: "page",
  marks: { colon: ": ", comma: ", ", semicolon: "; ", list: ", ", bracketed: (text: string) => ` (${text})` },

  verdict: {
    differences: (count: string, one: boolean) =>
      one ? "One difference found" : `${count} differences found`,
    clean: "No difference found",
    cleanSingle: "No difference found, by a single source",
    explainDifferences:
      "What was found contradicts what must be. Section 1.1 lists each place, with what was expected and what was found there, or what each node said.",
    explainClean: (events: string, views: string) =>
      `All ${events} entries of the registry’s journal were read and replayed. What they tell agrees with the journal’s head and with ${views} answers of the registry at the same block.`,
    singleSource:
      "Only one node was asked. What it hides or invents without contradicting itself cannot be seen from it alone: section 2.1.",
    besidesClean:
      "Time limits that were missed, batches in doubt, and questions that the evidence at hand does not decide are in sections 1.2, 1.3 and 2.2.",
    besides:
      "Besides the differences there may be time limits that were missed, batches in doubt, and questions that the evidence at hand does not decide: sections 1.2, 1.3 and 2.2.",
  },

  facts: {
    registry: "Registry",
    chain: "Chain",
    block: "Up to block",
    blockHash: "Hash of the block",
    time: "Time of the block",
    journal: "Entries of the journal",
    head: "Head of the journal",
    successor: "Names as the next registry",
    sources: "Nodes asked",
    hash: "SHA-256 of report.json",
    tool: "Made by",
  },
  chainId: (id: string) => `chain ${id}`,

  figure: {
    differences: "Differences",
    missed: "Time limits missed",
    flagged: "Batches flagged",
    unchecked: "Kinds of things not checked",
    batches: "Batches",
    records: "Records claimed",
    proven: "Of them proven",
  },

  findings: {
    heading: "What is wrong",
    differences: "Differences",
    differencesNone:
      "None: nothing that was read contradicts the registry’s rules, its journal, its own answers or other evidence that was at hand.",
    byCode: "Differences by kind",
    code: "Code",
    meaning: "Meaning",
    times: "Times",
    where: "Where",
    whole: "the registry as a whole",
    expected: "Expected",
    found: "Found",
    says: (node: string) => `${node} says`,
    missed: "Time limits missed",
    missedNotAsked: "The time limits of the law were not judged in this audit.",
    missedIntro: (on: string) =>
      `Limits that the law sets to the agencies, as of ${on}. They say what an agency did or failed to do; the registry tells it correctly, so these are no differences.`,
    missedNone: (on: string) => `None, as of ${on}, of those that could be judged (section 6).`,
    rule: "Rule",
    due: "Due",
    notYet: "not yet",
    worst: "The worst",
    missedGrouped:
      "One row for each rule, agency and type of record: how many records, from which due date to which, and the worst of them. Every due date and every place is in report.json.",
    until: "to",
    dueDates: (count: string) => `${count} due dates`,
    daysAfter: (days: string, one: boolean) => `${days} ${one ? "day" : "days"} after`,
    daysBefore: (days: string, one: boolean) => `${days} ${one ? "day" : "days"} before`,
    worstDue: (due: string) => `due ${due}`,
    worstDone: (happened: string) => (/^\d/.test(happened) ? `done ${happened}` : happened),
    morePlaces: (count: string, one: boolean) => `… and ${count} more ${one ? "place" : "places"}`,
    records: "Records",
    onlyIf: "Only if",
    evidence: { chain: "by the chain", vault: "by the agency’s vault" },
    clockCode: { "clock.late": "Late", "clock.overdue": "Overdue", "clock.early": "Too early" },
    certainty: { sure: "sure", likely: "likely", unsure: "unsure" },
    flagged: "Batches anchored with a key in doubt",
    flaggedNone: "None.",
    flaggedIntro:
      "The operator’s key was later declared compromised, since a time before these batches were anchored. Somebody else may have anchored them. They are flagged, not void: whoever relies on one of their records should ask the agency.",
    batch: "Batch",
    flaggedBatch: (name: string) => `Batch ${name}`,
  },

  where: {
    block: "block",
    transaction: "transaction",
    logIndex: "log",
    entry: "journal entry",
    event: "event",
    agencyId: "agency",
    typeId: "type",
    batchId: "batch",
    index: "position",
    statement: "statement",
    view: "question",
    node: "node",
    file: "file",
    rows: "rows",
    records: "records",
    fields: "fields",
  } as Readonly<Record<string, string>>,
  batchName: (agency: string, sequence: string, id: string) => `no. ${sequence} of agency ${agency} (${id})`,

  limits: {
    heading: "What this audit cannot say",
    source: "Completeness",
    severalSources:
      "The journal’s head was obtained from more than one source, and they agree. So the journal is complete up to the block: no entry was hidden, added or changed by the node that gave the events, unless all sources act together.",
    singleSource:
      "The journal was read from a single node. The node cannot change, drop or reorder an entry without contradicting the head that it gives itself. But a node that replaces the whole history consistently, or hides its newest part, is not found out with its own answers alone. It is found out with another party’s node, a signed checkpoint, or a head of the journal obtained elsewhere.",
    disagree:
      "The journal’s head was obtained from more than one source, and they do not agree: see section 1.1. Which of them tells the truth this audit cannot decide by itself.",
    unvouched: (from: string) =>
      `A head obtained elsewhere vouches for the entries before number ${from}; the later ones rest on one node.`,
    head: (length: string, head: string) => `Head obtained elsewhere: ${length} entries, ${head}`,
    headContained: "It is the head of the first entries of this journal.",
    headDiffers: "It is not the head of this journal’s entries: see section 1.1.",
    silent: "Nodes that were to be asked and gave no answer that could be used",
    checkpoint: (length: string, block: string, signer: string, vouched: string) =>
      `Checkpoint: ${length} entries at block ${block}, signed by ${signer}, ${vouched}.`,
    vouched: {
      named: "who was named as one to be believed",
      auditor: "who held the role auditor then",
      own: "who made this audit too",
      nobody: "whose word does not count here",
    },
    checkpointAccepted: (block: string) =>
      `The signer is a contract; asked at block ${block}, it accepted the signature as its own.`,
    index: (
      block: string,
      time: string,
      madeAt: string,
      events: string,
      views: string,
      batches: string,
    ): string =>
      `This audit builds on an earlier one, as of block ${block} (${time}), whose results were kept on the auditor’s own machine and written at ${madeAt}. Taken over from it, and not asked of the node again: ${events} events, ${views} answers about things of which no later event tells, and the proof of ${batches} batches by their leaves. The events were all computed again and compared with the head of the journal.`,
    indexUnused: (block: string, time: string, madeAt: string, why: string): string =>
      `An earlier audit, as of block ${block} (${time}), written at ${madeAt}, was not built on, and everything was read again, because ${why}.`,
    unused: {
      chain: "this is another chain, with the same chain id",
      block: "its block is not in the chain",
      journal: "the node tells another head of the journal at its block",
      code: "the registry has other code",
      earlier: "this audit ends before its block",
    },
    indexDifferences: (count: string): string =>
      `Differences that earlier audits found and this one did not: ${count}. They are listed with the others, and every audit will say them again until one is made with --rebuild-index, which forgets them: do so only when their reason is known to be harmless, such as a node that was broken.`,
    checkpointContained: "The registry only grew from it.",
    checkpointDiffers: "The registry did not only grow from it: see section 1.1.",
    claims:
      "The size of a batch that was anchored by its root alone is the agency’s claim until its leaves are at hand. That a record is anchored proves when it was recorded, by whom, and what became of it. It does not prove that its content is true.",
    unchecked: "Not checked",
    uncheckedIntro:
      "Questions that the evidence at hand does not decide. None of them was passed over, and none counts as answered.",
    uncheckedNone: "Nothing: every question that came up was decided.",
    what: "What",
    times: "Times",
  },

  coverage: {
    heading: "What was covered",
    intro: (events: string, views: string) =>
      `${events} journal entries and ${views} answers of the registry. Periods are those of the date in China on which a batch was anchored.`,
    caption: "Batches and records by agency, type and period",
    agency: (id: string) => `Agency ${id}`,
    withoutGap: "batches without a gap",
    gap: "BATCHES WITH A GAP",
    standing: {
      Active: "active",
      Suspended: "suspended",
      Closed: "closed",
      None: "never admitted",
    } as Readonly<Record<string, string>>,
    type: "Type",
    period: "Period",
    all: "all",
    batches: "Batches",
    records: "Claimed",
    proven: "Proven",
    share: "Share",
    flagged: "Flagged",
    beyond: "beyond any calendar",
    legend:
      "Claimed: records that the headers of the batches name. Proven: their leaves were on the chain or given, and lead to the anchored root. Flagged: batches anchored with a key in doubt.",
    vaults: "Vaults compared",
    vault: (batches: string, records: string, recomputed: string) =>
      `Batches: ${batches}. Records: ${records}, of which ${recomputed} were computed again from content and secret.`,
    sources: "Files of the source compared",
    source: (rows: string, same: string) => `${rows} rows, ${same} as anchored`,
    sourceFaults: {
      missing: "missing in the vault",
      altered: "altered",
      outdated: "outdated",
      unanchored: "not on the chain",
      ended: "of withdrawn or erased records",
      repeated: "repeated",
      invalid: "not of the type",
      extra: "records without a row",
    } as Readonly<Record<string, string>>,
    nothing: "Nothing was anchored yet.",
  },

  volumes: {
    heading: "Volumes over time",
    intro:
      "Records anchored per period. All bars of one picture have one scale. The numbers are those of the table in section 3.",
    unit: { day: "per day", month: "per month", quarter: "per quarter", year: "per year" },
    byAgency: (unit: string) => `Records anchored ${unit}, by agency`,
    byType: (agency: string, unit: string) => `Agency ${agency}: records anchored ${unit}, by type`,
    describe: (rows: string, from: string, until: string, records: string, most: string) =>
      `Bar chart with ${rows} rows, from ${from} to ${until}: ${records} records, at most ${most} in one period.`,
    proven: "proven",
    claimed: "claimed only",
    flagged: "with batches flagged",
    total: (records: string) => `${records} in all`,
    top: (value: string) => `top: ${value}`,
    otherAgencies: (count: string) =>
      `Agencies with fewer records that are not drawn here: ${count}. They are in the table of section 3.`,
  },

  statuses: {
    heading: "What became of records",
    intro:
      "Statuses at the block up to which this audit reads. Every record has one of the first four; the others come besides.",
    caption: "Records by status now",
    names: {
      active: "Active",
      superseded: "Superseded",
      withdrawn: "Withdrawn",
      repaired: "Repaired",
      erased: "Erased",
      disputed: "Disputed",
      underReview: "Under review",
      repairPending: "Repair pending",
      masked: "Masked",
    },
    plot: "Records whose status is not simply active",
    describe: (parts: string) => `Horizontal bars: ${parts}.`,
    total: "The registry",
  },

  timeliness: {
    heading: "On time or late",
    intro:
      "Whether records were anchored within the time that the law leaves for their publication. It can be told only where the agency’s vault was at hand and the record’s own dates set such a limit.",
    unknownAll: "No record could be judged: no vault was at hand, or no record in it has such a limit.",
    caption: "Publication by agency, type and period",
    onTime: "On time",
    late: "Late",
    notKnown: "Not known",
    plot: "Records on time, late, and not known",
    judged: "Time limits judged, by rule",
    rule: "Rule",
    kept: "Kept",
    overdue: "Overdue",
    early: "Too early",
    running: "Running",
  },

  keys: {
    heading: "Keys and roles",
    operators: "Operators of the agencies",
    operator: "Operator",
    agency: "Agency",
    may: "May",
    permissions: { anchor: "anchor", status: "move statuses" } as Readonly<Record<string, string>>,
    from: "From",
    until: "Until",
    revoked: "Revoked",
    batches: "Batches",
    moves: "Moves",
    compromised: (since: string, declared: string) => `in doubt since ${since}, declared ${declared}`,
    plot: "Validity of the operators’ keys",
    describe: (keys: string, doubt: string) =>
      `One bar for each key (${keys}): from when until when it was valid; hatched where it is in doubt (${doubt}).`,
    valid: "valid",
    doubt: "in doubt",
    roles: "Roles",
    rolesNone: "No journal of roles was read: who held which role when is not known.",
    authority: (address: string, length: string) => `Authority ${address}, journal of ${length} entries`,
    role: "Role",
    account: "Account",
    roleNames: {} as Readonly<Record<string, string>>,
    delay: "Waits",
    stillHolds: "still holds it",
    seconds: (count: string) => `${count} s`,
    signOffs: "What auditors stated on chain",
    signOffsUnknown:
      "It was not looked at whether auditors stated anything: the contract for their statements was not known.",
    signOffsNone: (address: string) => `No auditor has stated anything yet (contract ${address}).`,
    signOffsOf: (address: string, statements: string) => `Contract ${address}; statements: ${statements}`,
    statement: "No.",
    auditor: "Auditor",
    recorded: "Recorded",
    entries: "Entries",
    upTo: "Up to block",
    outcome: "Outcome stated",
    outcomes: [
      "no differences",
      "no differences; not everything could be compared",
      "differences",
    ] as readonly string[],
    compared: "Against this journal",
    holds: "holds",
    differs: "does not hold: section 1.1",
    open: "not all of it could be compared: section 2.2",
  },

  repeat: {
    heading: "How to repeat this",
    intro:
      "Whoever has a node of the chain can do this audit again, with the free software credit-anchor, and must come to the same result.",
    sources: "Nodes asked",
    first: "gave the events",
    witness: "asked for the same events and for the head",
    commands: "Commands",
    same: "The audit itself, at the same block:",
    placeholders:
      "URL is the address of a node, CHECKPOINT the file of the checkpoint named in section 2.1, FILE the deployment record, a policy or a file of the source, HOME the folder of whoever audits, DIR any other folder.",
    hash: "The hash of report.json, which is printed at the foot of each page:",
    statement:
      "report.json holds everything that is written here, for machines; this page is made from it alone. It names no person and quotes no record.",
  },

  words: {
    heading: "Words used here",
    list: [
      [
        "Registry",
        "The contract on the chain in which agencies anchor records. It holds no content of records, only proofs.",
      ],
      [
        "Journal",
        "The registry’s numbered list of everything it accepted. Its head is a value computed over all entries: with one entry changed, missing or added, it is another.",
      ],
      [
        "Batch",
        "Records that an agency anchored at once. An agency’s batches are numbered, and each names the one before.",
      ],
      [
        "Claimed, proven",
        "The header of a batch claims how many records it has. It is proven when all leaves are at hand and lead to the root that was anchored.",
      ],
      ["Leaf", "A record as the chain may know it: a hash that tells nothing of the content."],
      ["Difference", "A place where what was found contradicts what must be."],
      ["Single source", "All answers came from one node. See section 2.1."],
      [
        "Statement",
        "What an auditor recorded on the chain: how far it looked, and what came of it. Others compare it, as here.",
      ],
      ["Flagged", "Anchored with a key that was later declared compromised, since a time before."],
      ["Vault", "The agency’s own database: contents, secrets, and where each record is anchored."],
    ] as readonly (readonly [string, string])[],
  },
};

export type Words = typeof english;
