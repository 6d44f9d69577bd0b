/** Functions that all teams share. */
export const two = (n: number) => String(n).padStart(2, "0");
export const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
export const cut = (text: string, most: number) => (text.length > most ? text.slice(0, most - 1).trimEnd() + "…" : text);
export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
export const present = <T>(x: T | null | undefined): x is T => x !== null && x !== undefined;

export function clamp(x: number, low: number, high: number) {
  return Math.min(Math.max(x, low), high);
}

const SIGNS: Record<string, string> = { EUR: "€", USD: "$", GBP: "£" };

export function money(cents: number, currency: string | null) {
  const sign = SIGNS[currency ?? "EUR"] ?? currency ?? "";
  const whole = Math.floor(Math.abs(cents) / 100);
  return `${cents < 0 ? "-" : ""}${sign}${whole}.${two(Math.abs(cents) % 100)}`;
}

export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
