import { computed, format, graph, object, oneOf, shape } from "@facet/sdk";
import { cut, money, plural, present, two } from "./texts";

enum Stock { Out = "OUT", Low = "LOW", In = "IN" }

const Price = object("Price", { text: "String", was: "String", off: "Int" });
const Level = oneOf("Level", ["OUT", "LOW", "IN"]);
const Option = object("Option", { id: "ID", label: "String", price: "Float", chosen: "Boolean" });

const COLORS: { [brand: string]: string } = { acme: "#f00", globex: "#0f0", initech: "#00f" };
const DEFAULTS = { width: 0, height: 0, depth: 0, unit: "cm" };

const average = (list: number[]) => {
  let sum = 0;
  for (const n of list) sum += n;
  return list.length ? sum / list.length : 0;
};

/** What shop teams compute. */
export const Product = shape("Product", graph.Product, (p) => ({
  // 25
  price: computed.string({ cents: p.cents, currency: p.currency }, ({ cents, currency }) => (cents == null ? "On request" : money(cents, currency))),
  // 26
  offer: computed.object(Price, { cents: p.cents, was: p.was, currency: p.currency }, ({ cents, was, currency }) => {
    if (cents == null) return null;
    const off = was != null && was > cents ? Math.round((1 - cents / was) * 100) : 0;
    return { text: money(cents, currency), was: off > 0 ? money(was!, currency) : null, off };
  }),
  // 27
  stockLevel: computed.oneOf(Level, { stock: p.stock }, ({ stock }) => (!stock ? Stock.Out : stock < 5 ? Stock.Low : Stock.In)),
  // 28
  stockText: computed.string({ stock: p.stock }, ({ stock }) => {
    if (stock === null || stock <= 0) return "Sold out";
    if (stock < 5) return `Only ${stock} left`;
    return "In stock";
  }),
  // 29
  starText: computed.string({ stars: p.stars, reviews: p.reviews }, ({ stars, reviews }) =>
    stars == null ? "No reviews yet" : `${(Math.round(stars * 2) / 2).toFixed(1)} from ${plural(reviews ?? 0, "review", "reviews")}`),
  // 30
  brandColor: computed.string({ brand: p.brand }, ({ brand }) => COLORS[(brand ?? "").toLowerCase()] || "#888"),
  // 31
  perKilo: computed.float({ cents: p.cents, weight: p.weight }, ({ cents, weight }) =>
    cents == null || !weight ? null : Math.round((cents / weight) * 100) / 100),
  // 32
  weightText: computed.string({ weight: p.weight }, ({ weight }) =>
    weight == null ? null : weight < 1 ? `${Math.round(weight * 1000)} g` : `${weight.toFixed(weight % 1 === 0 ? 0 : 2)} kg`),
  // 33
  sizeRange: computed.string({ sizes: p.sizes }, ({ sizes }) =>
    !sizes || sizes.length === 0 ? null : sizes.length === 1 ? sizes[0] : `${sizes[0]} – ${sizes[sizes.length - 1]}`),
  // 34
  options: computed.list.object(Option, { options: p.options }, ({ options }) =>
    ((options as any[]) ?? []).filter((o) => o && o.available !== false).map((o, i) => ({ id: String(o.id ?? i), label: o.label ?? o.name, price: o.price ?? 0, chosen: i === 0 }))),
  // 35
  cheapest: computed.float({ options: p.options }, ({ options }) => {
    const prices = ((options as any[]) ?? []).map((o) => o?.price).filter((x) => typeof x === "number");
    return prices.length ? Math.min(...prices) : null;
  }),
  // 36
  box: computed.string({ dims: p.dims }, ({ dims }) => {
    const { width, height, depth, unit } = { ...DEFAULTS, ...(dims as any) };
    return width && height ? `${[width, height, depth].filter((x) => x > 0).join(" × ")} ${unit}` : null;
  }),
  // 37
  sheet: computed.json({ dims: p.dims, brand: p.brand, sku: p.sku }, ({ dims, brand, sku }) => ({ ...(dims as any), brand, sku: sku ?? undefined })),
  // 38
  rest: computed.json({ dims: p.dims }, ({ dims }) => {
    const { width, height, ...others } = (dims ?? {}) as any;
    return others;
  }),
  // 39
  tagLine: computed.string({ tags: p.tags, name: p.name }, ({ tags, name }) =>
    cut(tags.filter((t) => !name.toLowerCase().includes(t.toLowerCase())).map((t) => "#" + t).join(" "), 40)),
  // 40
  skuParts: computed.list.string({ sku: p.sku }, ({ sku }) => (sku ? sku.split("-").map((s) => s.trim()).filter((s) => s !== "") : [])),
  // 41
  shipping: computed.string({ cents: p.cents, weight: p.weight }, ({ cents, weight }) => {
    const free = (cents ?? 0) >= 5000;
    const cost = free ? 0 : weight == null ? 499 : weight <= 1 ? 299 : weight <= 5 ? 499 : 999;
    return cost === 0 ? "Free shipping" : `Shipping ${money(cost, "EUR")}`;
  }),
  // 42
  installments: computed.string({ cents: p.cents }, ({ cents }) => {
    if (!cents || cents < 10000) return null;
    const n = cents > 100000 ? 24 : cents > 50000 ? 12 : 6;
    return `${n} × ${money(Math.ceil(cents / n), "EUR")}`;
  }),
  // 43
  meanPrice: computed.float({ options: p.options }, ({ options }) => average(((options as any[]) ?? []).filter(present).map((o) => Number(o.price ?? 0)))),
  // 44
  keywords: computed.list.string({ name: p.name, brand: p.brand, tags: p.tags }, ({ name, brand, tags }) => {
    const words: string[] = [];
    for (const w of [...name.split(" "), ...tags, brand]) {
      if (w && !words.includes(w)) words.push(w);
    }
    return words.slice(0, 8);
  }),
  // 45
  saving: computed.string({ cents: p.cents, was: p.was }, ({ cents, was }) => {
    const d = (was ?? 0) - (cents ?? 0);
    return d > 0 ? `Save ${d / 100 >= 10 ? Math.floor(d / 100) : (d / 100).toFixed(2)}` : null;
  }),
  // 46
  priceLocal: computed.string({ cents: p.cents, currency: p.currency }, ({ cents, currency }) =>
    cents == null ? null : format.number(cents / 100, { style: "currency", currency: currency ?? "EUR" })),
  // 47
  aria: computed.string({ name: p.name, stars: p.stars, cents: p.cents }, ({ name, stars, cents }) =>
    `${name}${stars ? `, ${stars} out of 5` : ""}${cents ? `, ${Math.floor(cents / 100)} euros${cents % 100 ? " " + two(cents % 100) : ""}` : ""}`),
  // 48: a sort
  sorted: computed.list.string({ tags: p.tags }, ({ tags }) => [...tags].sort()),
}));
