// Writes locales.json.gz, the CLDR facts that format.* prints with, and testdata/intl.json.gz, what Intl itself prints, both
// from the Intl of the node that runs it. `go generate ./scripts`. Every locale that ICU has is looked at; one that says the
// same as what it inherits from is left out.
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const own = (name) => { try { return new Intl.NumberFormat(name).resolvedOptions().locale === name; } catch { return false; } };
const codes = letters.flatMap((a) => letters.flatMap((b) => [a + b, ...letters.map((c) => a + b + c)]));
const languages = codes.filter((c) => own(c) && c !== "root" && c !== "und");
const shown = new Intl.DisplayNames("en", { type: "region", fallback: "none" });
const regions = letters.flatMap((a) => letters.map((b) => (a + b).toUpperCase())).filter((r) => {
  try { return shown.of(r) !== undefined && new Intl.Locale(`und-${r}`).region === r && !["EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"].includes(r); } catch { return false; }
});
const scripts = ["Latn", "Cyrl", "Arab", "Hans", "Hant", "Deva", "Guru", "Beng", "Adlm", "Tfng", "Vaii", "Olck", "Mtei", "Telu", "Orya"];
const names = languages.flatMap((l) => [l, ...scripts.map((s) => `${l}-${s}`), ...regions.map((r) => `${l}-${r}`), ...scripts.flatMap((s) => own(`${l}-${s}`) ? regions.map((r) => `${l}-${s}-${r}`) : [])])
  .filter(own).concat(["es-419", "en-001", "en-150", "ar-001"].filter(own)).sort((a, b) => a.split("-").length - b.split("-").length || (a < b ? -1 : 1));

const numeric = (v) => /^\p{Nd}+$/u.test(v);
const long = (v) => [...v].length; // digits may be outside the basic plane
const digit = (p) => ["integer", "group", "decimal", "fraction"].includes(p.type);
const joined = (parts, stand) => {
  let out = "", open = false;
  for (const p of parts) {
    if (digit(p)) { if (!open) out += stand; open = true; continue; }
    out += p.type === "currency" ? "¤" : p.value;
  }
  return out;
};

const styles = ["short", "medium", "long", "full"];
function dates(locale) {
  const out = { patterns: {}, months: {}, days: {} };
  for (const style of styles) {
    const f = new Intl.DateTimeFormat(locale, { dateStyle: style, timeZone: "UTC", calendar: "gregory" });
    const month = (m) => f.formatToParts(Date.UTC(2004, m, 5)).find((p) => p.type === "month").value;
    const named = !numeric(month(2));
    if (named) out.months[style] = Array.from({ length: 12 }, (_, m) => month(m));
    const parts = f.formatToParts(Date.UTC(2004, 2, 5));
    out.patterns[style] = parts.map((p) => {
      switch (p.type) {
        case "day": return long(p.value) === 2 ? "{dd}" : "{d}";
        case "month": return named ? "{name}" : long(p.value) === 2 ? "{mm}" : "{m}";
        case "year": return long(p.value) === 2 ? "{yy}" : "{y}";
        case "weekday": return "{day}";
        default: return p.value.replaceAll("\u202f", " "); // as Intl's own format() does: many fonts lack it
      }
    }).join("");
    if (parts.some((p) => p.type === "weekday")) out.days[style] = Array.from({ length: 7 }, (_, d) => f.formatToParts(Date.UTC(2004, 1, 1 + d)).find((p) => p.type === "weekday").value);
  }
  return out;
}

const samples = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 20, 21, 22, 40, 60, 80, 100, 101, 1000, 1000000, 0.5, 1.5, 2.5];
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
      one.future[c] ??= joined(always.formatToParts(n, unit), "{0}");
      one.past[c] ??= joined(always.formatToParts(n === 0 ? -0 : -n, unit), "{0}");
    }
    for (const of of [one.future, one.past]) for (const c of Object.keys(of)) if (c !== "other" && of[c] === of.other) delete of[c];
    out[unit] = one;
  }
  return out;
}

function compact(locale) {
  const f = new Intl.NumberFormat(locale, { notation: "compact", useGrouping: false });
  const rules = new Intl.PluralRules(locale);
  const out = [];
  for (let e = 3; e <= 14; e++) {
    const one = { shift: 0, patterns: {} };
    const below = f.formatToParts(-2 * 10 ** e);
    if (below.findIndex((p) => p.type === "minusSign") > below.findIndex((p) => p.type === "compact") && below.some((p) => p.type === "compact") && below.findIndex(digit) > below.findIndex((p) => p.type === "compact")) one.inner = true;
    for (const lead of [2, 1, 3, 5]) {
      const parts = f.formatToParts(lead * 10 ** e);
      const kept = long(parts.find((p) => p.type === "integer").value) - 1;
      one.shift = e - kept;
      one.patterns[rules.select(lead * 10 ** kept)] ??= joined(parts, "{0}");
    }
    one.patterns.other ??= joined(f.formatToParts(2 * 10 ** e), "{0}");
    for (const c of Object.keys(one.patterns)) if (c !== "other" && one.patterns[c] === one.patterns.other) delete one.patterns[c];
    out.push(one);
  }
  return out;
}

function numbers(locale) {
  const parts = (o, n) => new Intl.NumberFormat(locale, o).formatToParts(n);
  const of = (list, type) => list.find((p) => p.type === type)?.value ?? "";
  const read = (o) => {
    const list = parts(o, 123456789.5), whole = list.filter((p) => p.type === "integer").map((p) => long(p.value));
    return { decimal: of(list, "decimal"), group: of(list, "group"), first: whole.at(-1), rest: whole.length > 2 ? whole.at(-2) : whole.at(-1), least: parts(o, 1234.5).some((p) => p.type === "group") ? 1 : 2 };
  };
  const zero = of(parts({}, 0), "integer");
  const out = { ...read({}), minus: joined(parts({}, -1), ""), percent: joined(parts({ style: "percent" }, 0.5), "{0}"), percentMinus: joined(parts({ style: "percent" }, -0.5), "{0}") };
  if (zero !== "0") out.zero = zero;
  const money = read({ style: "currency", currency: "EUR" });
  if (JSON.stringify(money) !== JSON.stringify(read({}))) out.money = money;
  return out;
}

function money(locale) {
  const pattern = (currency, n) => joined(new Intl.NumberFormat(locale, { style: "currency", currency }).formatToParts(n), "{0}");
  const before = pattern("CHF", 1).indexOf("¤") < pattern("CHF", 1).indexOf("{0}");
  const beside = (c) => { const s = [...symbol(locale, c)]; return /\p{S}/u.test(before ? s.at(-1) : s[0]); };
  const sign = ["EUR", "USD", "GBP", "JPY", "INR", ...currencies].find(beside) ?? "EUR", word = ["CHF", ...currencies].find((c) => !beside(c)) ?? "CHF";
  return { sign: pattern(sign, 1234.5), letters: pattern(word, 1234.5), negative: pattern(sign, -1234.5), negativeLetters: pattern(word, -1234.5) };
}

const currencies = Intl.supportedValuesOf("currency");
const symbol = (locale, currency) => new Intl.NumberFormat(locale, { style: "currency", currency }).formatToParts(1).find((p) => p.type === "currency").value;
const symbols = (locale) => Object.fromEntries(currencies.map((c) => [c, symbol(locale, c)]));

const category = { zero: "z", one: "o", two: "t", few: "f", many: "m", other: "x" };
/** Categories of 0 to 999, of 1000 to 1999 (as of all above), of millions, and of i.f: i from 0 to 29, f from 1 to 9. */
function plurals(locale) {
  const r = new Intl.PluralRules(locale), of = (n) => category[r.select(n)];
  const row = (from, to) => Array.from({ length: to - from }, (_, i) => of(from + i)).join("");
  return { small: row(0, 1000), large: row(1000, 2000), million: of(1e6), tenths: Array.from({ length: 30 }, (_, i) => Array.from({ length: 9 }, (_, f) => of(Number(`${i}.${f + 1}`))).join("")).join("") };
}

const pool = [], at = new Map();
const put = (section) => {
  const text = JSON.stringify(section);
  if (!at.has(text)) at.set(text, pool.push(section) - 1);
  return at.get(text);
};
const parent = (name) => name.includes("-") ? name.slice(0, name.lastIndexOf("-")) : "";
const full = {}, locales = {};
for (const n of names) {
  const d = dates(n), s = symbols(n);
  const inherited = full[parent(n)]?.s ?? full[parent(parent(n))]?.s;
  const differing = Object.fromEntries(currencies.filter((c) => s[c] !== (inherited ? inherited[c] : c)).map((c) => [c, s[c]]));
  const list = [put(d.patterns), put({ months: Object.fromEntries(Object.entries(d.months).map(([k, v]) => [k, put(v)])), days: Object.fromEntries(Object.entries(d.days).map(([k, v]) => [k, put(v)])) }),
    put(relative(n)), put(compact(n)), put(numbers(n)), put(money(n)), put(differing), put(plurals(n))];
  full[n] = { s, list };
  const p = full[parent(n)] ?? full[parent(parent(n))];
  if (p && Object.keys(differing).length === 0 && p.list.toSpliced(6, 1).join() === list.toSpliced(6, 1).join()) continue;
  locales[n] = list;
}
const gz = (o) => gzipSync(JSON.stringify(o), { level: 9 });
// A line that says where each section ends, then the sections: a reader decodes only what it needs.
const texts = pool.map((s) => Buffer.from(JSON.stringify(s)));
let end = 0;
const ends = texts.map((t) => (end += t.length));
const head = JSON.stringify({ icu: process.versions.icu, cldr: process.versions.cldr, locales, ends }) + "\n";
writeFileSync(new URL("locales.json.gz", import.meta.url), gzipSync(Buffer.concat([Buffer.from(head), ...texts]), { level: 9 }));

// What Intl prints, for the main locale of every country, every language, and a few in which territories differ.
const main = Object.fromEntries(regions.map((r) => [r, new Intl.Locale(`und-${r}`).maximize()]).filter(([, l]) => l.language !== "und" && own(l.language)).map(([r, l]) => [r, `${l.language}-${r}`]));
const own_ = { US: "USD", GB: "GBP", JP: "JPY", IN: "INR", CH: "CHF", BR: "BRL", CN: "CNY", RU: "RUB", PL: "PLN", KR: "KRW", TR: "TRY", SE: "SEK", MX: "MXN", AU: "AUD", CA: "CAD", EG: "EGP", IL: "ILS", VN: "VND", UA: "UAH", ZA: "ZAR", KW: "KWD" };
const wanted = [...new Set([...Object.values(main), ...languages, "fr-CH", "it-CH", "fr-BE", "nl-BE", "fr-CA", "en-IN", "es-MX", "es-US", "pt-PT", "de-AT", "zh-Hant-HK", "zh-TW", "sr-Latn", "en-ZA", "ca-AD", "en-SG"])];
const days = ["2004-03-05", "2026-11-22", "1999-12-31"];
const values = [0, 7, 1234.5, -1234.567, 12345678.9, 0.125, 1.005, 2.5, 1e6, 123456, -7];
const cases = {};
for (const n of wanted) {
  const r = new Intl.PluralRules(n), region = new Intl.Locale(n).region;
  cases[n] = {
    date: days.map((d) => styles.map((dateStyle) => new Intl.DateTimeFormat(n, { dateStyle, timeZone: "UTC", calendar: "gregory" }).format(Date.parse(d)))),
    decimal: values.map((v) => new Intl.NumberFormat(n).format(v)),
    percent: [0.5, 0.256, -0.07, 12.5].map((v) => new Intl.NumberFormat(n, { style: "percent" }).format(v)),
    compact: [999, 1000, 1234, 12345, 123456, 999999, 1e6, 2.5e6, 1e9, -1500].map((v) => new Intl.NumberFormat(n, { notation: "compact" }).format(v)),
    currency: ["EUR", "USD", "JPY", "CHF", own_[region] ?? "GBP"].map((currency) => [currency, ...[1234.5, -7].map((v) => new Intl.NumberFormat(n, { style: "currency", currency }).format(v))]),
    plural: [0, 1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 14, 19, 20, 21, 22, 25, 40, 60, 80, 99, 100, 101, 102, 111, 121, 1000, 1e6, 0.5, 1.5, 2.1, 10.5].map((v) => r.select(v)),
    relative: ["second", "minute", "hour", "day", "week", "month", "year"].map((unit) => [-1, 0, 1, -5, 2, 21, 1.5, 1000].map((v) => new Intl.RelativeTimeFormat(n, { numeric: "auto" }).format(v, unit))),
  };
}
writeFileSync(new URL("testdata/intl.json.gz", import.meta.url), gz({ icu: process.versions.icu, days, styles, values, main, cases }));
console.log(`${languages.length} languages, ${names.length} locales, ${Object.keys(locales).length} kept, ${pool.length} sections, ${Object.keys(main).length} countries`);
