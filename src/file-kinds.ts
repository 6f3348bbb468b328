/** What the files of this project are, and which verb takes them: for whoever gave one where another is needed. */
const KINDS: Readonly<Record<string, { readonly is: string; readonly use: string }>> = {
  "credit-anchor/receipt": { is: "a receipt", use: "credit-anchor verify FILE checks it" },
  "credit-anchor/presentation": { is: "a presentation", use: "credit-anchor verify FILE checks it" },
  "credit-anchor/bundle": { is: "an evidence bundle", use: "credit-anchor verify FILE checks it" },
  "credit-anchor/checkpoint": {
    is: "a checkpoint",
    use: "credit-anchor checkpoint --verify FILE checks it, and audit --since FILE proves what follows it",
  },
  "credit-anchor/signed-report": {
    is: "a signed report",
    use: "credit-anchor report verify FILE checks it",
  },
  "credit-anchor/relay": { is: "a file of signed calls", use: "credit-anchor relay FILE sends them" },
};

/** What a file is by its `format`, and what to do with it; undefined for one that is not in common use. */
export function kindOf(format: unknown): { readonly is: string; readonly use: string } | undefined {
  return typeof format === "string" && Object.hasOwn(KINDS, format) ? KINDS[format] : undefined;
}
