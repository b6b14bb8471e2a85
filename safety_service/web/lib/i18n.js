/** @file Words and numbers in the language of the reader: Chinese first, English by a switch. */

const REMEMBERED = "campus.language";

/** @typedef {"zh" | "en"} Language */

/** @returns {Language} */
export function startLanguage() {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(REMEMBERED);
  return asked === "en" ? "en" : "zh";
}

/** @param {Language} language */
export function rememberLanguage(language) {
  localStorage.setItem(REMEMBERED, language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

/** Everything that is written on a screen, in one language. */
export class Words {
  /** @param {Language} language @param {Record<string, string>} texts @param {string} [timezone] */
  constructor(language, texts, timezone) {
    this.language = language;
    this.texts = texts;
    this.locale = language === "zh" ? "zh-CN" : "en-GB";
    const clock = { timeZone: timezone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    this.clock = new Intl.DateTimeFormat(this.locale, { ...clock, second: "2-digit" });
    this.short = new Intl.DateTimeFormat(this.locale, clock);
    this.day = new Intl.DateTimeFormat(this.locale, {
      timeZone: timezone, year: "numeric", month: "long", day: "numeric", weekday: "long",
    });
    this.moment = new Intl.DateTimeFormat(this.locale, { ...clock, month: "2-digit", day: "2-digit" });
    this.calendar = new Intl.DateTimeFormat(this.locale, { timeZone: "UTC", month: "2-digit", day: "2-digit" });
    this.compact = new Intl.NumberFormat(this.locale, { notation: "compact", maximumFractionDigits: 1 });
    this.number = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 1 });
  }

  /** The text of a key, its `{name}` places filled; an unknown key is shown as it is, so that it is noticed.
   * @param {string} key @param {Record<string, string | number>} [values] */
  t(key, values = {}) {
    const text = this.texts[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
  }

  /** The name of an event kind; kinds that have no name yet keep their code. @param {string} kind */
  kind(kind) {
    return this.texts[`kind.${kind}`] ?? kind.replaceAll("_", " ");
  }

  /** A zone's code in words where its type is known (`dormitory-2`), else as the school wrote it.
   * @param {string | null} zone */
  zone(zone) {
    const [, type, rest] = /^(.*?)(?:[-_]?(\d+))?$/.exec(zone ?? "") ?? [];
    const name = this.texts[`zone.${type.replaceAll("-", "_")}`];
    return name ? [name, rest].filter(Boolean).join(" ") : zone;
  }

  /** What holds an alert's messages back, by its kind. @param {string} cause such as `silence:12` or `inhibited:fire` */
  suppressed(cause) {
    return this.texts[`suppressed.${cause.split(":")[0]}`] ?? cause;
  }

  /** The same in a word. @param {string} cause */
  held(cause) {
    return this.texts[`held.${cause.split(":")[0]}`] ?? this.suppressed(cause);
  }

  /** `name_zh` or `name_en` of anything. @param {any} item @param {string} [stem] */
  name(item, stem = "name") {
    return item?.[`${stem}_${this.language}`] || item?.[`${stem}_zh`] || "";
  }

  /** A day of a calendar, without its year. @param {string} day YYYY-MM-DD */
  date(day) {
    return this.calendar.format(new Date(`${day}T00:00:00Z`));
  }

  /** An alert's title. @param {any} alert */
  title(alert) {
    return alert.title?.[this.language] || alert.title?.zh || this.kind(alert.kind);
  }

  /** @param {number | null | undefined} value */
  n(value) {
    return value === null || value === undefined ? "–" : this.number.format(value);
  }

  /** A duration in its two largest units' worth of precision. @param {number | null | undefined} seconds */
  duration(seconds) {
    if (seconds === null || seconds === undefined) return ["–", ""];
    if (seconds < 100) return [String(Math.round(seconds)), this.t("unit.seconds")];
    if (seconds < 100 * 60) return [this.number.format(seconds / 60), this.t("unit.minutes")];
    if (seconds < 48 * 3600) return [this.number.format(seconds / 3600), this.t("unit.hours")];
    return [this.number.format(seconds / 86400), this.t("unit.days")];
  }

  /** How long ago. @param {number} seconds */
  age(seconds) {
    if (seconds < 10) return this.t("age.now");
    if (seconds < 60) return this.t("age.seconds", { n: Math.floor(seconds / 10) * 10 });
    if (seconds < 3600) return this.t("age.minutes", { n: Math.floor(seconds / 60) });
    if (seconds < 86400) return this.t("age.hours", { n: Math.floor(seconds / 3600) });
    return this.t("age.days", { n: Math.floor(seconds / 86400) });
  }
}

/** @param {Language} language @returns {Promise<Record<string, string>>} */
export async function loadTexts(language) {
  const answer = await fetch(`/locales/${language}.json`);
  if (!answer.ok) throw new Error(`no texts for ${language}`);
  return answer.json();
}
