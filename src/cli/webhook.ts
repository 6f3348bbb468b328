import { delay } from "../rpc";

/** Sends lines to a URL, one POST each, in their order and without holding up whoever has them. */
export interface Webhook {
  send(line: string): void;
  /** Tries at once what is left, for a while. @returns Lines that were not taken. */
  end(): Promise<number>;
}

const FIRST_PAUSE_MS = 250;
/** Whoever comes back after a long outage is told within seconds. */
const LONGEST_PAUSE_MS = 5_000;
const LAST_WAIT_MS = 5_000;
/** A hook that is down for long must not fill the memory: then the oldest lines are dropped. */
const MOST_WAITING = 10_000;

/** @param note told once each time the hook begins to fail, and when it takes lines again. */
export function startWebhook(url: string, note: (line: string) => void): Webhook {
  const waiting: string[] = [];
  const stop = new AbortController();
  const ending = new AbortController();
  let dropped = 0;
  let working: Promise<void> | undefined;
  let failing = false;

  async function work(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (waiting.length > 0 && !stop.signal.aborted) {
      const why = await post(url, waiting[0]!, stop.signal);
      if (why === undefined) {
        waiting.shift();
        if (failing) note("the webhook takes what happens again");
        failing = false;
        pause = FIRST_PAUSE_MS;
        continue;
      }
      if (!failing) note(`the webhook does not take what happens (${why}): trying again`);
      failing = true;
      // Whoever waits for the end does not wait out a long pause.
      const longest = ending.signal.aborted ? stop.signal : AbortSignal.any([stop.signal, ending.signal]);
      await delay(ending.signal.aborted ? FIRST_PAUSE_MS : pause, longest).catch(() => undefined);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
    working = undefined;
  }

  return {
    send: (line) => {
      waiting.push(line);
      if (waiting.length > MOST_WAITING) {
        waiting.splice(1, 1);
        dropped++;
      }
      working ??= work();
    },
    end: async () => {
      const timer = setTimeout(() => stop.abort(), LAST_WAIT_MS);
      ending.abort();
      await working;
      clearTimeout(timer);
      return waiting.length + dropped;
    },
  };
}

/** Undefined when it was taken. Never names the URL: it may hold a secret. */
async function post(url: string, body: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { status } = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: `${body}\n`,
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    return status >= 200 && status < 300 ? undefined : `HTTP ${status}`;
  } catch {
    return "no answer";
  }
}
