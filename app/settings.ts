import { createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { formats, type Formats } from "../src/formats";
import { words, type Language, type Words } from "./words";

export type Theme = "auto" | "light" | "dark";

/** How the reader wants the pages: language and colours. */
export interface Settings {
  readonly language: Language;
  readonly theme: Theme;
  /** Every word on the pages. */
  readonly words: Words;
  readonly format: Formats;
  setLanguage(language: Language): void;
  setTheme(theme: Theme): void;
}

const Context = createContext<Settings | undefined>(undefined);
export const SettingsProvider = Context.Provider;

/** Words and formats of the reader's language. */
export function useSettings(): Settings {
  return useContext(Context)!;
}

/** Kept in this browser only; a browser that keeps nothing is fine too. */
const storage = {
  read(name: string): string | null {
    try {
      return localStorage.getItem(`credit-anchor.${name}`);
    } catch {
      return null;
    }
  },
  write(name: string, value: string): void {
    try {
      localStorage.setItem(`credit-anchor.${name}`, value);
    } catch {
      // Next time the pages ask the browser's language again: no harm.
    }
  },
};

function firstLanguage(): Language {
  const kept = storage.read("language");
  if (kept === "zh" || kept === "en") return kept;
  return navigator.languages.some((language) => /^zh\b/i.test(language)) ? "zh" : "en";
}

function firstTheme(): Theme {
  const kept = storage.read("theme");
  return kept === "light" || kept === "dark" ? kept : "auto";
}

/** The settings of these pages; the root element carries them for style sheets and screen readers. */
export function useSettingsOfPages(): Settings {
  const [language, setLanguage] = useState(firstLanguage);
  const [theme, setTheme] = useState(firstTheme);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    storage.write("language", language);
  }, [language]);
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    storage.write("theme", theme);
  }, [theme]);
  return useMemo(
    () => ({
      language,
      theme,
      words: words[language],
      format: formats[language],
      setLanguage,
      setTheme,
    }),
    [language, theme],
  );
}
