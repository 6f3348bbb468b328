/** How often a property is tried: 100 times, or as the environment says. */
export const RUNS = { numRuns: Number(process.env["PROPERTY_RUNS"] ?? 100) };
