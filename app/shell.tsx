import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { CreditAnchorError } from "../src/errors";
import { About } from "./about";
import { useNode } from "./node";
import { Pages } from "./pages";
import { useRoute, type Route } from "./route";
import { SettingsProvider, useSettings, useSettingsOfPages, type Theme } from "./settings";
import { useTrust } from "./trust";
import { VerifyPage } from "./verify/page";
import { ExplorePage } from "./explore/page";

/** The frame of all pages: who speaks, where one is, in which language, and what happens to what one opens. */
export function App(): JSX.Element {
  const settings = useSettingsOfPages();
  const route = useRoute();
  const trust = useTrust();
  const [node, retry] = useNode(trust.trust);
  const [lost, setLost] = useState<CreditAnchorError | undefined>(undefined);
  useEffect(() => setLost(undefined), [node]);
  const { words } = settings;
  const main = useRef<HTMLElement>(null);
  const title = {
    verify: words.drop.title,
    explore: words.explorer.title,
    about: words.about.title,
    unknown: words.noSuchPage.title,
  }[route.page];

  useEffect(() => {
    document.title = `${title} · ${words.site}`;
  }, [title, words]);
  useFocusOnNewPage(route, main.current);

  return (
    <SettingsProvider value={settings}>
      <Pages value={{ ...trust, node, lost, setLost, retry }}>
        <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
          {words.skip}
        </a>
        <Masthead route={route} />
        <main id="main" tabIndex={-1} ref={main}>
          {route.page === "unknown" && <NoSuchPage />}
          {/* Kept while somebody looks elsewhere: opened files stay open. */}
          <div hidden={route.page !== "verify"}>
            <VerifyPage isShown={route.page === "verify"} />
          </div>
          {route.page === "explore" && <ExplorePage thing={route.thing} />}
          {route.page === "about" && <About />}
        </main>
        <footer class="footer">
          <p>{words.footer.privacy}</p>
          <p class="quiet">{words.footer.source}</p>
        </footer>
      </Pages>
    </SettingsProvider>
  );
}

function NoSuchPage(): JSX.Element {
  const { words } = useSettings();
  return (
    <>
      <h1>{words.noSuchPage.title}</h1>
      <p class="notice">{words.noSuchPage.text}</p>
    </>
  );
}

/** Who reads by ear or keyboard starts at the new page, not where the link was. */
function useFocusOnNewPage(route: Route, main: HTMLElement | null): void {
  const place = JSON.stringify(route);
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    main?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [place]);
}

function Masthead({ route }: { route: Route }): JSX.Element {
  const { words, language, setLanguage } = useSettings();
  const other = language === "zh" ? "en" : "zh";
  const link = (page: Route["page"], address: string, label: ComponentChildren): JSX.Element => (
    <li>
      <a href={address} aria-current={route.page === page ? "page" : undefined}>
        {label}
      </a>
    </li>
  );
  return (
    <header class="masthead">
      <div class="masthead-row">
        <a class="name" href="#/verify">
          <Seal />
          <span>
            <span class="site">{words.site}</span>
            <span class="tagline">{words.tagline}</span>
          </span>
        </a>
        <div class="tools">
          <button
            type="button"
            class="plain"
            lang={other === "zh" ? "zh-CN" : "en"}
            onClick={() => setLanguage(other)}
          >
            {words.language.other}
          </button>
          <ThemeChoice />
        </div>
      </div>
      <nav aria-label={words.nav.label}>
        <ul>
          {link("verify", "#/verify", words.nav.verify)}
          {link("explore", "#/explore", words.nav.explore)}
          {link("about", "#/about", words.nav.about)}
        </ul>
      </nav>
    </header>
  );
}

function Seal(): JSX.Element {
  return (
    <svg class="seal" viewBox="0 0 32 32" width="36" height="36" aria-hidden="true">
      <rect x="1.5" y="1.5" width="29" height="29" rx="4" />
      <path d="M9 16.5l5 5 9.5-11" />
    </svg>
  );
}

function ThemeChoice(): JSX.Element {
  const { words, theme, setTheme } = useSettings();
  return (
    <label class="theme">
      <span class="unseen">{words.theme.label}</span>
      <select value={theme} onChange={(event) => setTheme(event.currentTarget.value as Theme)}>
        <option value="auto">{words.theme.auto}</option>
        <option value="light">{words.theme.light}</option>
        <option value="dark">{words.theme.dark}</option>
      </select>
    </label>
  );
}
