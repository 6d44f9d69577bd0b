/** What `edge test` runs: views against recorded or written tier answers, in the same engine that serves devices. */
import type { Mutation, View, Warmup } from "@facet/sdk";

/** A test. It fails if its function throws or its promise rejects. */
export function test(name: string, run: () => void | Promise<void>): void;
export function describe(name: string, tests: () => void): void;

/** Tier answers. Each method gives a changed copy. */
export interface Tiers {
  /** Every operation of a source, or one operation ("catalog.Title"), fails. */
  fail(operation: string, kind?: "unavailable" | "timeout" | "bad_answer"): Tiers;
  /** It answers after this long. */
  delay(operation: string, by: string): Tiers;
  /** It answers this. */
  answer(operation: string, body: unknown): Tiers;
}
export const tiers: {
  /** Recorded answers, relative to the test file. `edge test --record` writes them. */
  from(file: string): Tiers;
  /** Written answers by operation. */
  of(answers: { readonly [operation: string]: unknown }): Tiers;
};

/** Who asks, on what, against which tiers. */
export interface Setting {
  viewer?: string | { id: string; profile?: string; profiles?: string[] };
  device?: string;
  form?: string;
  /** How much the connection carries: "low", "medium", "high", or what the environment's rules say. */
  bandwidth?: string;
  appVersion?: string;
  locale?: string;
  region?: string;
  cells?: { readonly [experiment: string]: string };
  /** When the request comes: "2026-11-22T10:00:00Z", or milliseconds since 1970. By default 2026-01-01T00:00:00Z, so that tests give the same every day. */
  now?: string | number;
  /** The request's random number, from 0 to below 1. By default 0.5. */
  random?: number;
  tiers: Tiers;
  /** The fields to ask for, as REST's `fields`; everything by default. */
  fields?: string;
  args?: { readonly [name: string]: unknown };
}

/** What came of it. */
export interface Rendered {
  data: any;
  errors: { path: (string | number)[]; code: string; message: string }[];
  degraded: { path: (string | number)[]; code: string }[];
  /** Tier calls, and the longest chain of them. */
  calls: number;
  levels: number;
  /** What handlers logged, and what they and mutations counted. */
  log: { level: string; text: string; fields: any }[];
  metrics: { name: string; value: number; labels: { [label: string]: string } }[];
}
export function render(what: View<any> | Mutation<any> | Warmup, setting: Setting): Promise<Rendered>;

/** Assertions. */
export interface Expectation {
  toBe(value: unknown): void;
  toEqual(value: unknown): void;
  toMatchObject(value: object): void;
  toContain(value: unknown): void;
  toHaveLength(n: number): void;
  toBeNull(): void;
  toBeTruthy(): void;
  toBeGreaterThan(n: number): void;
  toBeLessThanOrEqual(n: number): void;
  /** Compares with `<test file>.snap.json`; `edge test --update` writes it. */
  toMatchSnapshot(name?: string): void;
  not: Expectation;
}
export function expect(value: unknown): Expectation;
