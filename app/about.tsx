import type { JSX } from "preact";
import { usePages } from "./pages";
import { useSettings } from "./settings";

/** What the pages do, what they do not, and how anybody can check it. */
export function About(): JSX.Element {
  const { words } = useSettings();
  const { trust } = usePages();
  const { about } = words;
  const registry = trust?.registry ?? "ADDRESS";
  return (
    <article class="prose">
      <h1>{about.title}</h1>
      {about.paragraphs.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <h2>{about.check}</h2>
      <p>{about.checkText}</p>
      <pre>
        <code>credit-anchor verify receipt.json --rpc URL --registry {registry}</code>
      </pre>
    </article>
  );
}
