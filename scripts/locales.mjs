// Writes locales.json: the CLDR facts that golang.org/x/text does not carry (dates, relative times, compact numbers,
// where a currency's symbol stands), read from the Intl of the node that runs it. `go generate ./scripts`.
import { writeFileSync } from "node:fs";

const names = ["en", "en-GB", "de", "fr", "es", "it", "pt", "pt-PT", "nl", "sv", "da", "nb", "fi", "pl", "cs", "hu", "ro", "uk", "el", "tr", "ru", "ja", "zh", "zh-TW", "ko"];
const samples = [0, 1, 2, 3, 5, 11, 21, 100, 1000000, 1.5, 2.5];

function dates(locale) {
  const out = { patterns: {}, months: {}, days: [] };
  for (const style of ["short", "medium", "long", "full"]) {
    const f = new Intl.DateTimeFormat(locale, { dateStyle: style, timeZone: "UTC", calendar: "gregory" });
    const month = (m) => f.formatToParts(Date.UTC(2004, m, 5)).find((p) => p.type === "month").value;
    const named = !/^[0-9]+$/.test(month(2));
    if (named) out.months[style] = Array.from({ length: 12 }, (_, m) => month(m));
    out.patterns[style] = f
      .formatToParts(Date.UTC(2004, 2, 5))
      .map((p) => {
        switch (p.type) {
          case "day": return p.value.length === 2 ? "{dd}" : "{d}";
          case "month": return named ? "{name}" : p.value.length === 2 ? "{mm}" : "{m}";
          case "year": return p.value.length === 2 ? "{yy}" : "{y}";
          case "weekday": return "{day}";
          default: return p.value;
        }
      })
      .join("");
    if (style === "full") {
      out.days = Array.from({ length: 7 }, (_, d) => f.formatToParts(Date.UTC(2004, 1, 1 + d)).find((p) => p.type === "weekday")?.value ?? "");
    }
  }
  return out;
}

const joined = (parts, isNumber, stand) => {
  let out = "", open = false;
  for (const p of parts) {
    if (isNumber(p)) { if (!open) out += stand; open = true; continue; }
    out += p.type === "currency" ? "¤" : p.value;
  }
  return out;
};
const digit = (p) => ["integer", "group", "decimal", "fraction"].includes(p.type);

function relative(locale) {
  const f = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const always = new Intl.RelativeTimeFormat(locale, { numeric: "always" });
  const rules = new Intl.PluralRules(locale);
  const out = {};
  for (const unit of ["second", "minute", "hour", "day", "week", "month", "year"]) {
    const one = { words: {}, past: {}, future: {} };
    for (const n of [-2, -1, 0, 1, 2]) {
      const parts = f.formatToParts(n, unit);
      if (!parts.some(digit)) one.words[n] = parts.map((p) => p.value).join("");
    }
    for (const n of samples) {
      const c = rules.select(n);
      one.future[c] ??= joined(always.formatToParts(n, unit), digit, "{0}");
      one.past[c] ??= joined(always.formatToParts(n === 0 ? -0 : -n, unit), digit, "{0}");
    }
    out[unit] = one;
  }
  return out;
}

function compact(locale) {
  const f = new Intl.NumberFormat(locale, { notation: "compact", useGrouping: false });
  const out = [];
  for (let e = 3; e <= 14; e++) {
    const parts = f.formatToParts(2 * 10 ** e);
    const kept = parts.find((p) => p.type === "integer").value.length - 1;
    out.push({ shift: e - kept, pattern: joined(parts, digit, "{0}") });
  }
  return out;
}

function money(locale) {
  const pattern = (currency) => joined(new Intl.NumberFormat(locale, { style: "currency", currency }).formatToParts(1234.5), digit, "{0}");
  const negative = joined(new Intl.NumberFormat(locale, { style: "currency", currency: "EUR" }).formatToParts(-1234.5), digit, "{0}");
  return { sign: pattern("EUR"), letters: pattern("CHF"), negative };
}

const all = {};
for (const n of names) all[n] = { date: dates(n), relative: relative(n), compact: compact(n), currency: money(n) };
writeFileSync(new URL("locales.json", import.meta.url), JSON.stringify({ icu: process.versions.icu, cldr: process.versions.cldr, locales: all }, null, 1) + "\n");
