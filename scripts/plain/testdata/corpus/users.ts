import { computed, graph, object, shape } from "@facet/sdk";
import { capital, plural, present } from "./texts";

const RANKS = [{ from: 1000, name: "gold" }, { from: 500, name: "silver" }, { from: 0, name: "bronze" }];
const PLANS = { free: ["ads"], plus: ["hd", "offline"], pro: ["hd", "offline", "family"] };
const Greeting = object("Greeting", { text: "String", formal: "Boolean" });

/** What teams compute of people. */
export const User = shape("User", graph.User, (u) => ({
  // 64
  fullName: computed.string({ first: u.first, last: u.last }, ({ first, last }) => [first, last].filter(Boolean).join(" ") || "Guest"),
  // 65
  initials: computed.string({ first: u.first, last: u.last }, ({ first, last }) =>
    [first, last].filter(present).map((s) => s.trim().charAt(0).toUpperCase()).join("")),
  // 66
  inbox: computed.string({ unread: u.unread }, ({ unread }) => (!unread ? "No new messages" : unread > 99 ? "99+ new messages" : plural(unread, "new message", "new messages"))),
  // 67
  domain: computed.string({ email: u.email }, ({ email }) => {
    const at = email?.indexOf("@") ?? -1;
    return at < 0 ? null : email!.slice(at + 1).toLowerCase();
  }),
  // 68
  hiddenEmail: computed.string({ email: u.email }, ({ email }) => {
    if (!email) return null;
    const [name, host] = email.split("@");
    return host === undefined ? "***" : `${name.slice(0, 2)}${"*".repeat(Math.max(1, name.length - 2))}@${host}`;
  }),
  // 69
  addressLines: computed.list.string({ address: u.address }, ({ address }) => {
    const a = address as any;
    if (!a) return [];
    return [a.name, [a.street, a.number].filter(Boolean).join(" "), `${a.zip ?? ""} ${a.city ?? ""}`.trim(), a.country?.toUpperCase()].filter((l) => l);
  }),
  // 70
  city: computed.string({ address: u.address }, ({ address }) => (address as any)?.city?.trim() ?? null),
  // 71
  features: computed.list.string({ plan: u.plan }, ({ plan }) => (plan && plan in PLANS ? PLANS[plan as keyof typeof PLANS] : PLANS.free)),
  // 72
  rank: computed.string({ points: u.points }, ({ points }) => RANKS.find((r) => (points ?? 0) >= r.from)?.name ?? "none"),
  // 73
  nextRank: computed.string({ points: u.points }, ({ points }) => {
    const p = points ?? 0;
    const next = RANKS.filter((r) => r.from > p).at(-1);
    return next ? `${next.from - p} points to ${capital(next.name)}` : null;
  }),
  // 74
  admin: computed.boolean({ roles: u.roles }, ({ roles }) => !!roles && roles.indexOf("admin") !== -1),
  // 75
  roleText: computed.string({ roles: u.roles }, ({ roles }) => {
    const list = (roles ?? []).map(capital);
    if (list.length < 2) return list[0] ?? "Member";
    return list.slice(0, -1).join(", ") + " and " + list[list.length - 1];
  }),
  // 76
  theme: computed.string({ settings: u.settings }, ({ settings }) => {
    const { theme = "light", display: { contrast = false } = {} as any } = (settings ?? {}) as any;
    return contrast ? theme + "-contrast" : theme;
  }),
  // 77
  flags: computed.list.string({ settings: u.settings }, ({ settings }) =>
    Object.entries((settings as any) ?? {}).filter(([, v]) => v === true).map(([k]) => k)),
  // 78
  followersText: computed.string({ followers: u.followers }, ({ followers: n }) => {
    if (n == null) return "0";
    if (n < 1e3) return String(n);
    if (n < 1e6) return (n / 1e3).toFixed(n < 1e4 ? 1 : 0) + "K";
    return (n / 1e6).toFixed(1) + "M";
  }),
  // 79
  birthday: computed.string({ birthday: u.birthday }, ({ birthday }) => {
    const parts = birthday?.split("-").map(Number);
    return parts && parts.length === 3 && parts.every((n) => !isNaN(n)) ? `${parts[2]}.${parts[1]}.` : null;
  }),
  // 80
  greeting: computed.object(Greeting, { first: u.first, last: u.last, settings: u.settings }, ({ first, last, settings }) => {
    const formal = Boolean((settings as any)?.formal);
    return { text: `Hello${formal ? (last ? ` ${last}` : "") : first ? ` ${first}` : ""}!`, formal };
  }),
  // 81: a set
  distinct: computed.int({ roles: u.roles }, ({ roles }) => new Set(roles ?? []).size),
}));
