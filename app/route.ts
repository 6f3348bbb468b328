import { useEffect, useState } from "preact/hooks";

/** Where in the pages one is: the part of the address behind `#`, which no server ever sees. */
export interface Route {
  readonly page: "verify" | "explore" | "about" | "unknown";
  /** What is looked at while exploring: nothing in particular, or one thing. */
  readonly thing: Thing | undefined;
}

export type Thing =
  | { readonly kind: "agency"; readonly id: number }
  | { readonly kind: "type"; readonly id: number }
  | { readonly kind: "batch"; readonly id: string }
  | { readonly kind: "operator"; readonly address: string }
  | { readonly kind: "record"; readonly key: string }
  | { readonly kind: "list"; readonly of: "agencies" | "types" | "batches" | "statuses" | "signoffs" };

/** `#/batch/4294967296` and the like; no address at all is the page of verification. */
export function parseRoute(hash: string): Route {
  const [page = "", word = ""] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const explore = (thing?: Thing): Route => ({ page: "explore", thing });
  switch (page) {
    case "":
    case "verify":
      return { page: "verify", thing: undefined };
    case "explore":
      return explore();
    case "about":
      return { page, thing: undefined };
    case "agencies":
    case "types":
    case "batches":
    case "statuses":
    case "signoffs":
      return explore({ kind: "list", of: page });
    case "agency":
    case "type":
      if (/^[1-9][0-9]{0,9}$/.test(word)) return explore({ kind: page, id: Number(word) });
      break;
    case "batch":
      if (/^[1-9][0-9]{0,19}$/.test(word)) return explore({ kind: "batch", id: word });
      break;
    case "operator":
      if (/^0x[0-9a-f]{40}$/i.test(word)) return explore({ kind: "operator", address: word.toLowerCase() });
      break;
    case "record":
      if (/^0x[0-9a-f]{64}$/i.test(word)) return explore({ kind: "record", key: word.toLowerCase() });
      break;
  }
  return { page: "unknown", thing: undefined };
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return "";
  }
}

/** The address of a page, for links. */
export function addressOf(thing: Thing): string {
  switch (thing.kind) {
    case "agency":
    case "type":
    case "batch":
      return `#/${thing.kind}/${thing.id}`;
    case "operator":
      return `#/operator/${thing.address}`;
    case "record":
      return `#/record/${thing.key}`;
    case "list":
      return `#/${thing.of}`;
  }
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const changed = (): void => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}
