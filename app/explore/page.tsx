import type { JSX } from "preact";
import { useSettings } from "../settings";

export function ExplorePage(): JSX.Element {
  const { words } = useSettings();
  return <h1>{words.explorer.title}</h1>;
}
