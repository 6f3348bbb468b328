/** Seconds since 1970 -> `2026-04-01 09:30:00 UTC+8`; zero, which the registry uses for "never", -> `-`. */
export function timeForPeople(seconds: number | bigint): string {
  const value = Number(seconds);
  if (value === 0) return "-";
  // The largest time the contract can hold does not fit a date.
  if (value > 253_370_764_800) return "for ever";
  return `${new Date((value + 8 * 3600) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC+8`;
}
