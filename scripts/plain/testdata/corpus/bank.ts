import { computed, graph, object, shape } from "@facet/sdk";
import { capital, MONTHS, two } from "./texts";

type Move = { amount: number; text?: string; date?: string; kind?: string };
const Summary = object("Summary", { income: "Float", spent: "Float", count: "Int", biggest: "String" });
const Tone = object("Tone", { text: "String", negative: "Boolean", tone: "String" });

const kinds: Record<string, (n: number) => string> = {
  GIRO: (n) => `Current account${n < 0 ? " (overdrawn)" : ""}`,
  SAVINGS: () => "Savings",
  LOAN: (n) => "Loan of " + Math.abs(n).toFixed(0),
};

function groups(text: string, size: number) {
  const out = [];
  for (let i = 0; i < text.length; i += size) out.push(text.slice(i, i + size));
  return out.join(" ");
}

const thousands = (n: number) => {
  const [whole, part] = Math.abs(n).toFixed(2).split(".");
  let out = "";
  for (let i = 0; i < whole.length; i++) {
    if (i > 0 && (whole.length - i) % 3 === 0) out += ",";
    out += whole[i];
  }
  return (n < 0 ? "-" : "") + out + "." + part;
};

/** What bank teams compute. */
export const Account = shape("Account", graph.Account, (a) => ({
  // 49
  ibanText: computed.string({ iban: a.iban }, ({ iban }) => groups(iban, 4)),
  // 50
  masked: computed.string({ card: a.card }, ({ card }) => (card == null ? null : card.slice(-4).padStart(card.length, "*"))),
  // 51
  balanceText: computed.string({ balance: a.balance }, ({ balance }) => (balance == null ? "–" : thousands(balance) + " €")),
  // 52
  balanceTone: computed.object(Tone, { balance: a.balance, limit: a.limit }, ({ balance, limit }) => {
    const b = balance ?? 0;
    const negative = b < 0;
    return { text: thousands(b), negative, tone: negative ? (-b > (limit ?? 0) ? "alert" : "warn") : "fine" };
  }),
  // 53
  kindText: computed.string({ kind: a.kind, balance: a.balance }, ({ kind, balance }) => {
    const text = kinds[kind ?? ""];
    return text ? text(balance ?? 0) : "Account";
  }),
  // 54
  holderName: computed.string({ holder: a.holder }, ({ holder }) => {
    const { title, first, last, company } = (holder ?? {}) as any;
    return company ?? ([title, first, last].filter((x) => x != null && x !== "").join(" ") || "Unknown");
  }),
  // 55
  summary: computed.object(Summary, { moves: a.moves }, ({ moves }) => {
    let income = 0, spent = 0, biggest: Move | null = null;
    const list = (moves ?? []) as Move[];
    for (const m of list) {
      if (m.amount >= 0) income += m.amount;
      else spent -= m.amount;
      if (biggest === null || Math.abs(m.amount) > Math.abs(biggest.amount)) biggest = m;
    }
    return { income, spent, count: list.length, biggest: biggest?.text ?? null };
  }),
  // 56
  recent: computed.list.string({ moves: a.moves }, ({ moves }) =>
    ((moves ?? []) as Move[]).slice(0, 3).map(({ text = "Payment", amount }) => `${text}: ${amount > 0 ? "+" : ""}${amount.toFixed(2)}`)),
  // 57
  byKind: computed.json({ moves: a.moves }, ({ moves }) => {
    const out: Record<string, number> = {};
    for (const m of (moves ?? []) as Move[]) {
      const kind = m.kind || "other";
      out[kind] = (out[kind] ?? 0) + 1;
    }
    return out;
  }),
  // 58
  loanRate: computed.float({ balance: a.balance, rate: a.rate, months: a.months }, ({ balance, rate, months }) => {
    if (balance == null || !rate || !months) return null;
    const r = rate / 12 / 100;
    return Math.round(((balance * r) / (1 - Math.pow(1 + r, -months))) * 100) / 100;
  }),
  // 59
  openedText: computed.string({ opened: a.opened }, ({ opened }) => {
    if (opened == null || opened.length < 10) return null;
    const m = Number(opened.substring(5, 7));
    return `${Number(opened.substring(8, 10))}. ${MONTHS[m - 1] ?? "?"} ${opened.substring(0, 4)}`;
  }),
  // 60
  state: computed.string({ blocked: a.blocked, balance: a.balance, limit: a.limit }, ({ blocked, balance, limit }) =>
    blocked ? "blocked" : balance != null && limit != null && balance + limit < 0 ? "over limit" : "open"),
  // 61
  used: computed.int({ balance: a.balance, limit: a.limit }, ({ balance, limit }) =>
    balance == null || !limit || balance >= 0 ? 0 : Math.min(100, Math.trunc((-balance / limit) * 100))),
  // 62
  shortIban: computed.string({ iban: a.iban, kind: a.kind }, ({ iban, kind }) => `${capital((kind ?? "account").toLowerCase())} …${iban.slice(-4)}`),
  // 63: a reduce
  total: computed.float({ moves: a.moves }, ({ moves }) => ((moves ?? []) as Move[]).reduce((sum, m) => sum + m.amount, 0)),
}));
