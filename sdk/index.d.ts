/**
 * What authors of Facet packages write with. A package's code runs once, when it is built, against symbolic values: what
 * it returns is recorded, not executed per request. The types here make the mistakes that recording would refuse show
 * up in the editor: a symbolic value is callable (in type only), so `if (value)` and `value && x` are errors under
 * `tsc --strict`, and it is unrelated to what it stands for, so `value === "tv"` is one too.
 *
 * The graph's own types come from `edge types`, which augments {@link Graph}, {@link Viewer} and {@link GraphEnums}.
 */

declare const symbolic: unique symbol;

/** How long one use of a value may wait, from when its keys are known: `"30ms"`, `"1s"`. */
export type Duration = `${number}ms` | `${number}s` | `${number}m` | `${number}h`;

/** A policy for a value that is missing, failed or late. */
export interface Wait {
  within?: Duration;
}

/** What every function has and no field of the graph is: named here so that `series.name` is an error where there is no such field. */
interface NoField {
  readonly [symbolic]: "no field";
}
interface NoFields {
  readonly name: NoField;
  readonly length: NoField;
  readonly prototype: NoField;
  readonly arguments: NoField;
  readonly caller: NoField;
  readonly apply: NoField;
  readonly call: NoField;
  readonly bind: NoField;
  readonly toString: NoField;
}

/** A scalar or enum that is not known until a request comes. `N` says whether it is non-null. */
export interface Value<T, N extends boolean = boolean> extends NoFields {
  (no: never): never;
  readonly [symbolic]: [T, N];
  /** Whether it equals a constant; for `when`. */
  is(value: T): Value<boolean, true>;
  /** One of several results by its value. Without `default` the others are null. */
  pick<const C extends { [K in Extract<T, string | number>]?: unknown } & { default: unknown }>(cases: C): Picked<C[keyof C], true>;
  pick<const C extends { [K in Extract<T, string | number>]?: unknown }>(cases: C): Picked<C[keyof C], false>;
  /** Null if it is missing, failed or late: a partial answer is no error. */
  orNull(wait?: Wait): Value<T, false>;
  /** Another value if it is null, missing, failed or late. */
  orElse<M extends boolean = true>(value: T | Value<T, M>, wait?: Wait): Value<T, M>;
  /** The view is null (REST: 404) if it is null. */
  orNotFound(wait?: Wait): Value<T, true>;
}

/** What an argument of a graph field takes: a constant or a value. */
export type In<T> = T | Value<T, boolean>;

type Widen<V> = V extends string ? string : V extends number ? number : V extends boolean ? boolean : V;

/** The result of a `pick` or `when` over arms of one type. */
export type Picked<V, N extends boolean> = [V] extends [string | number | boolean | null]
  ? Value<Widen<Exclude<V, null>>, null extends V ? false : N>
  : [V] extends [Value<infer T, infer M>]
    ? Value<T, M extends true ? N : false>
    : V extends string | number | boolean
      ? never
      : V;

/** A list of the graph. Its items are values or entities. */
export interface List<I> extends NoFields {
  (no: never): never;
  readonly [symbolic]: ["list", I];
  /** What each item gives. The function runs once, on a symbolic item. */
  map<O extends Out>(each: (item: I) => O): Items<O>;
  /** Clients ask for parts of it: `first` items by default, `max` at the most (200 if not given). */
  page(options: { first: number | Value<number, boolean>; max?: number }): List<I>;
  /** Its first `n` items, fixed. */
  take(n: number): List<I>;
  orNull(wait?: Wait): List<I>;
  orElse(value: readonly [], wait?: Wait): List<I>;
  orNotFound(wait?: Wait): List<I>;
}

/** What `map` gives: it stands in a result. */
export interface Items<O> {
  readonly [symbolic]: ["items", O];
}

type Nullable<F> = {
  [K in keyof F]: F[K] extends Value<infer T, boolean> ? Value<T, false> : F[K];
};

/** What every entity or object of the graph has beside its fields. */
export interface NodeMethods<Name extends string, F> {
  (no: never): never;
  readonly [symbolic]: ["node", Name];
  /** Its fields are null if it is missing, failed or late. */
  orNull(wait?: Wait): Node<Name, Nullable<F>>;
  /** The view is null (REST: 404) if it is. */
  orNotFound(wait?: Wait): Node<Name, F>;
  /** Several of its fields under their own names. */
  pick<K extends keyof F & string>(...fields: K[]): { [P in K]: F[P] };
}

/** An entity or object of the graph. */
export type Node<Name extends string, F> = F & NodeMethods<Name, F> & Omit<NoFields, keyof F>;

/** A union or interface of the graph: `match` tells its member. */
export interface Abstract<Name extends string, Members> extends NoFields {
  (no: never): never;
  readonly [symbolic]: ["abstract", Name];
  readonly __members?: Members;
  orNull(wait?: Wait): Abstract<Name, Members>;
  orNotFound(wait?: Wait): Abstract<Name, Members>;
}

/** A type of the graph, as `shape` names it. */
export interface TypeTag<T> {
  readonly [symbolic]: ["type", T];
}

/** The graph: its types by name, the fields of Query, and inside `mutation` those of Mutation. Declared by `edge types`. */
export interface Graph {}
export const graph: Graph;

/** Who asks. `id`, `profile.id` and `signedIn` cost no operation; what `edge types` adds is loaded. */
export interface Viewer {
  id: Value<string, false>;
  signedIn: Value<boolean, true>;
}

/** On what the request comes. */
export interface Device {
  /** The device of the route: "tv". */
  type: Value<string, true>;
  /** Its form factor, by default its type. */
  form: Value<string, true>;
  appVersion: Value<string, false>;
  /** How much the connection carries: "low", "medium", "high", or what the environment's rules say; null where nothing tells. */
  bandwidth: Value<string, false>;
}

/** The request's context. */
export interface Context {
  viewer: Viewer;
  device: Device;
  /** BCP 47, "en-US". */
  locale: Value<string, true>;
  region: Value<string, false>;
  /**
   * When the request came, in milliseconds since 1970, cut to the second: the same wherever one request reads it. It is the only
   * clock. Pass it to a computed function as an input. What reads it is not kept by shared caches.
   */
  now: Value<number, true>;
  /** One random number of the request, from 0 to below 1: the same wherever the request reads it. What reads it is not kept by shared caches. */
  random: Value<number, true>;
}

/** What may stand in a result. */
export type Out =
  | Value<any, boolean>
  | List<Value<any, boolean>>
  | Items<any>
  | ShapeOf<any>
  | Matched
  | string
  | number
  | boolean
  | null
  | { readonly [field: string]: Out };

// Arguments -------------------------------------------------------------------------------------------------------

/** An argument of a view, shape or mutation. `R` says whether the asker must give it. */
export interface Arg<T, R extends boolean = true> {
  readonly [symbolic]: ["arg", T, R];
  /** It may be left out; it is null then. */
  optional(): Arg<T, false>;
  /** It may be left out; it is this value then. */
  default(value: T): Arg<T, true>;
}

export const arg: {
  /** An entity's key. */
  id(): Arg<string>;
  int(o?: { min?: number; max?: number }): Arg<number>;
  float(o?: { min?: number; max?: number }): Arg<number>;
  string(o?: { maxLength?: number }): Arg<string>;
  boolean(): Arg<boolean>;
  /** One of a `oneOf`'s values. */
  oneOf<V extends string>(values: OneOf<V>): Arg<V>;
  /** An enum of the graph. */
  enum<K extends keyof GraphEnums & string>(name: K): Arg<GraphEnums[K]>;
  /** An input type of the graph. */
  input(name: string): Arg<any>;
  list<T>(of: Arg<T, boolean>): Arg<T[]>;
};

/** The graph's enums by name. Declared by `edge types`. */
export interface GraphEnums {}

type Args = { readonly [name: string]: Arg<any, boolean> };
type ArgValues<A> = { readonly [K in keyof A]: A[K] extends Arg<infer T, infer R> ? Value<T, R> : never };
type ArgInputs<A> = {
  [K in keyof A as A[K] extends Arg<any, true> ? K : never]?: A[K] extends Arg<infer T, any> ? In<T> : never;
} & { [K in keyof A as A[K] extends Arg<any, false> ? K : never]?: A[K] extends Arg<infer T, any> ? In<T> : never };

// Shapes ----------------------------------------------------------------------------------------------------------

/** A use of a shape: it stands in a result. */
export interface ShapeOf<Name> {
  readonly [symbolic]: ["shape", Name];
}

/** A shape: a named projection of a graph type, called with an entity. */
export interface Shape<T, A = {}> {
  (entity: T, ...args: keyof A extends never ? [] : [ArgInputs<A>]): ShapeOf<T>;
  readonly [symbolic]: ["shape of", T];
}

/** The context inside a shape. */
export interface ShapeContext<T, A> extends Context {
  /** The shape itself: a reference, not an expansion. */
  self(entity: T): ShapeOf<T>;
  /** Another shape of the package by name, for shapes that refer to each other. */
  other(name: string): (entity: any) => ShapeOf<any>;
  /** The shape's own arguments. */
  args: ArgValues<A>;
}

/** Declares a shape over a type of the graph. `id` and `key` come by themselves where the type has a key. */
export function shape<T, O extends { readonly [field: string]: Out }>(
  name: string,
  on: TypeTag<T>,
  fields: (entity: T, context: ShapeContext<T, {}>) => O,
): Shape<T>;
export function shape<T, const A extends Args, O extends { readonly [field: string]: Out }>(
  name: string,
  on: TypeTag<T>,
  options: { args: A },
  fields: (entity: T, context: ShapeContext<T, A>) => O,
): Shape<T, A>;

// Views -----------------------------------------------------------------------------------------------------------

/** A cache policy. `public` is refused over anything that depends on the viewer. */
export interface CachePolicy {
  maxAge: Duration;
  scope?: "viewer" | "public";
}

/** A view: a Query field, a REST resource, a JSON Graph path. Its name is the name that it is exported under. */
export interface View<A, O = any> {
  readonly __gives?: O;
  /** A request that is made before the view serves; for `export const warmup = […]`, and for tests. */
  with(args: { [K in keyof A]?: A[K] extends Arg<infer T, any> ? T : never }): Warmup;
}

/** A request of a view. */
export interface Warmup {
  readonly [symbolic]: ["warmup"];
}

export function view<const A extends Args = {}, const O extends Out = any>(definition: {
  args?: A;
  /** Arguments that are JSON Graph keys after the view's name; by default the required ones. */
  keys?: (keyof A & string)[];
  cache?: CachePolicy;
  /**
   * The most bytes of the view's data, for devices with little memory or a thin line. A longer answer has its lists shortened,
   * whole items from their ends, and says so: `extensions.shortened`. `<list>Page.next` goes on from where the device stands.
   */
  budget?: { bytes: number };
  build: (args: ArgValues<A>, context: Context) => O;
}): View<A, O>;

/** A field of a result with a cache policy of its own. */
export function cached<V extends Out>(value: V, policy: { maxAge: Duration }): V;

// Mutations -------------------------------------------------------------------------------------------------------

/** The context inside a mutation. */
export interface MutationContext extends Context {
  metrics: {
    /** Moves a business counter by one. */
    count(name: string, labels?: { readonly [label: string]: Value<any, boolean> | string }): void;
  };
}

/** A mutation: effects of the graph, in order, and what it returns. */
export interface Mutation<A, O = any> {
  readonly __gives?: O;
  with(args: { [K in keyof A]?: A[K] extends Arg<infer T, any> ? T : never }): Warmup;
}

export function mutation<const A extends Args = {}, const O extends Out | void = any>(definition: {
  args?: A;
  run: (args: ArgValues<A>, context: MutationContext) => O;
  /** JSON Graph `set` of `field` ("Card.progress") calls it, with the entity's key and the value as these arguments. */
  sets?: { field: string; key: keyof A & string; value: keyof A & string };
  /** The shape below which JSON Graph can call it, and the path there. */
  on?: Shape<any, any>;
  as?: string;
}): Mutation<A, O>;

// Handlers --------------------------------------------------------------------------------------------------------

/** What a load gives to code: plain values, checked by nobody's luck but the view's types. */
export type Plain<O> = 0 extends 1 & O
  ? any
  : O extends Value<infer T, infer N>
    ? N extends true
      ? T
      : T | null
    : O extends ShapeOf<any>
      ? { readonly id: string; readonly key: string; readonly [field: string]: any } | null
      : O extends Items<infer I>
        ? Plain<I>[]
        : O extends List<infer I>
          ? Plain<I>[]
          : O extends Matched
            ? { readonly __typename: string; readonly [field: string]: any } | null
            : O extends string | number | boolean | null
              ? O
              : O extends void
                ? boolean
                : { readonly [K in keyof O]: Plain<O[K]> };

/** The arguments that code gives and takes: those that are not required may be left out. */
export type PlainArgs<A> = { [K in keyof A as A[K] extends Arg<any, true> ? K : never]: A[K] extends Arg<infer T, any> ? T : never } & {
  [K in keyof A as A[K] extends Arg<any, true> ? never : K]?: A[K] extends Arg<infer T, any> ? T | null : never;
};
type GivenArgs<A> = { readonly [K in keyof A]: A[K] extends Arg<infer T, infer R> ? (R extends true ? T : T | null) : never };
type Call<A, R> = {} extends PlainArgs<A> ? (args?: PlainArgs<A>) => Promise<R> : (args: PlainArgs<A>) => Promise<R>;

type Loads = { readonly [name: string]: View<any, any> };
type Changes = { readonly [name: string]: Mutation<any, any> };

/** What ctx.fail can say. */
export type FailKind = "invalid" | "not_found" | "unauthorized" | "forbidden" | "conflict" | "too_large" | "limit" | "unavailable";

/** What a handler's function is given besides its arguments. */
export interface HandlerContext<L, M> {
  /** Its loads and mutations. Calls made in one turn go out together; a call that fails rejects with `{ code, message }`. */
  readonly graph: { readonly [K in keyof L]: L[K] extends View<infer A, infer O> ? Call<A, Plain<O> | null> : never } & {
    readonly [K in keyof M]: M[K] extends Mutation<infer A, infer O> ? Call<A, Plain<O> | null> : never;
  };
  readonly viewer: { readonly id: string | null; readonly signedIn: boolean; readonly profile: { readonly id: string | null } };
  readonly device: { readonly type: string; readonly form: string; readonly appVersion: string | null };
  readonly locale: string;
  readonly region: string | null;
  /** When the request came, in milliseconds since 1970. */
  now(): number;
  /** A number from 0 to below 1. A request that is made again with its idempotency key has the same ones. */
  random(): number;
  /** Lines in the edge's log, with the package and the request's id. Fields whose names say that they are secret are hidden. */
  readonly log: { readonly [L in "debug" | "info" | "warn" | "error"]: (text: string, fields?: { readonly [name: string]: unknown }) => void };
  /** Metrics that the package declares by counter() and histogram(). */
  readonly metrics: {
    count(name: string, labels?: { readonly [label: string]: string | number | boolean | null | undefined }): void;
    observe(name: string, value: number, labels?: { readonly [label: string]: string | number | boolean | null | undefined }): void;
  };
  /** The error to throw for a failure that the device is to know of: throw ctx.fail("conflict", "Somebody was first"). */
  fail(kind: FailKind, message: string): Error;
}

/** What every handler says. */
export interface HandlerOptions<A, L, M> {
  args?: A;
  /** Views that its code asks by ctx.graph. They are served to nobody else. */
  loads?: L;
  /** Mutations that its code runs by ctx.graph, each when it is called, in the order of the calls. */
  mutations?: M;
  /** On the clock, its loads and mutations included: "1s" if not given, "10s" at the most. */
  deadline?: Duration;
  /** Processor time of its code: "50ms" if not given, "500ms" at the most. */
  cpu?: Duration;
  limits?: { loads?: number; parallel?: number; mutations?: number; lines?: number; counts?: number; result?: number; turns?: number };
  /** The share of requests whose debug and info lines are written. */
  sampleLog?: number;
  /** The share of requests that are to be right within a time; alerts watch it. */
  slo?: { share: number; within: Duration };
}

/** Code that runs when it is asked, for what no view and no recorded mutation says. A Mutation field, a REST POST, a JSON Graph call. */
export function handler<F, const A extends Args = {}, const L extends Loads = {}, const M extends Changes = {}>(
  definition: HandlerOptions<A, L, M> & {
    /** What it returns. */
    returns: ObjectType<F>;
    run: (args: GivenArgs<A>, ctx: HandlerContext<L, M>) => Promise<Result<F> | null>;
  },
): Mutation<A, any>;
export function handler<const R extends Exclude<FieldType, ObjectType<any>>, const A extends Args = {}, const L extends Loads = {}, const M extends Changes = {}>(
  definition: HandlerOptions<A, L, M> & {
    /** What it returns: a scalar's name, oneOf(…), or a list of one. */
    returns: R;
    run: (args: GivenArgs<A>, ctx: HandlerContext<L, M>) => Promise<NativeOf<R> | null>;
  },
): Mutation<A, any>;
export function handler<const A extends Args = {}, const L extends Loads = {}, const M extends Changes = {}>(
  definition: HandlerOptions<A, L, M> & {
    returns?: undefined;
    run: (args: GivenArgs<A>, ctx: HandlerContext<L, M>) => Promise<void>;
  },
): Mutation<A, any>;

/** A label's values: all that it can have, written out. Others become "other". */
export interface MetricOptions {
  labels?: { readonly [label: string]: readonly string[] | OneOf<any> };
  doc?: string;
}
export interface Metric {
  readonly [symbolic]: ["metric"];
}
/** Declares a business counter: edge_business_<name>_total, by device, schema, package, version, track and its labels. */
export function counter(name: string, options?: MetricOptions): Metric;
/** Declares a business histogram: edge_business_<name>. `buckets` are upper bounds. */
export function histogram(name: string, options?: MetricOptions & { buckets?: readonly number[] }): Metric;

// Choices ---------------------------------------------------------------------------------------------------------

/** The arm of an experiment that the asker is in. */
export function cell(experiment: string): Value<string, false>;

/** One of two by a condition. */
export function when<const T, const E = null>(
  condition: Value<boolean, boolean>,
  then: T,
  otherwise?: E,
): Picked<T | E, true>;
export function not(condition: Value<boolean, boolean>): Value<boolean, true>;
export function and(...conditions: Value<boolean, boolean>[]): Value<boolean, true>;
export function or(...conditions: Value<boolean, boolean>[]): Value<boolean, true>;

/** What `match` gives: it stands in a result. */
export interface Matched {
  readonly [symbolic]: ["match"];
}

type Member<M, K extends keyof M> = (member: M[K]) => ShapeOf<any> | { readonly [field: string]: Out };

/** An arm for each member of a union or interface. Name every member, or say `other: null`. */
export function match<Name extends string, M>(
  name: string,
  value: Abstract<Name, M>,
  arms: { [K in keyof M]: Member<M, K> } | ({ [K in keyof M]?: Member<M, K> } & { other: null }),
): Matched;

// Computed fields -------------------------------------------------------------------------------------------------

/** A set of strings: an enum of the device schema. */
export interface OneOf<V extends string> {
  readonly [symbolic]: ["oneOf", V];
}
export function oneOf<const V extends string>(name: string, values: readonly V[]): OneOf<V>;

type FieldType = "Int" | "Float" | "String" | "Boolean" | "ID" | "JSON" | OneOf<any> | ObjectType<any> | readonly [FieldType];
type NativeOf<F> = F extends "Int" | "Float"
  ? number
  : F extends "Boolean"
    ? boolean
    : F extends "String" | "ID"
      ? string
      : F extends OneOf<infer V>
        ? V
        : F extends ObjectType<infer O>
          ? { [K in keyof O]: NativeOf<O[K]> | null }
          : F extends readonly [infer I]
            ? NativeOf<I>[]
            : Json; // not unknown: literals in a result keep their types by it

/** The declared result of computed functions: a type of the device schema. */
export interface ObjectType<F> {
  readonly [symbolic]: ["object", F];
}
export function object<const F extends { readonly [field: string]: FieldType }>(name: string, fields: F): ObjectType<F>;

/** What a computed function gives for a declared object: fields may be null. */
export type Result<F> = { [K in keyof F]: NativeOf<F[K]> | null };

type Inputs = { readonly [name: string]: Value<any, boolean> | List<Value<any, boolean>> | Json };
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Native<S> =
  S extends Value<infer T, infer N> ? (N extends true ? T : T | null) : S extends List<Value<infer T, boolean>> ? readonly T[] : S;
type Natives<I> = { readonly [K in keyof I]: Native<I[K]> };

/** A function of named inputs, run when a request comes. It is synchronous and closed: what it uses it is given. */
export interface Compute<T> {
  <const I extends Inputs>(inputs: I, fn: (inputs: Natives<I>) => T | null): Value<T, false>;
  /** The same for a function that never gives null. */
  nonNull<const I extends Inputs>(inputs: I, fn: (inputs: Natives<I>) => T): Value<T, true>;
}

/** Fields computed from other values. */
export const computed: {
  string: Compute<string>;
  int: Compute<number>;
  float: Compute<number>;
  boolean: Compute<boolean>;
  id: Compute<string>;
  json: Compute<unknown>;
  oneOf: {
    <V extends string, const I extends Inputs>(type: OneOf<V>, inputs: I, fn: (inputs: Natives<I>) => NoInfer<V> | null): Value<NoInfer<V>, false>;
    nonNull<V extends string, const I extends Inputs>(type: OneOf<V>, inputs: I, fn: (inputs: Natives<I>) => NoInfer<V>): Value<NoInfer<V>, true>;
  };
  object: {
    <F, const I extends Inputs>(
      type: ObjectType<F>,
      inputs: I,
      fn: (inputs: Natives<I>) => Result<F> | null,
    ): Value<NoInfer<Result<F>>, false>;
    nonNull<F, const I extends Inputs>(
      type: ObjectType<F>,
      inputs: I,
      fn: (inputs: Natives<I>) => Result<F>,
    ): Value<NoInfer<Result<F>>, true>;
  };
  list: {
    string: Compute<string[]>;
    int: Compute<number[]>;
    float: Compute<number[]>;
    boolean: Compute<boolean[]>;
    id: Compute<string[]>;
    oneOf<V extends string, const I extends Inputs>(type: OneOf<V>, inputs: I, fn: (inputs: Natives<I>) => V[] | null): Value<V[], false>;
    object<F, const I extends Inputs>(
      type: ObjectType<F>,
      inputs: I,
      fn: (inputs: Natives<I>) => Result<F>[] | null,
    ): Value<NoInfer<Result<F>>[], false>;
  };
};

// Formatting ------------------------------------------------------------------------------------------------------

/** Text in the asker's locale, with CLDR data: of values, and of plain values inside computed functions. */
export const format: {
  date(value: Value<string, boolean>, o?: { style?: "short" | "medium" | "long" | "full" }): Value<string, false>;
  date(value: string, o?: { style?: "short" | "medium" | "long" | "full" }): string;
  number(value: Value<number, boolean>, o?: NumberFormat): Value<string, false>;
  number(value: number, o?: NumberFormat): string;
  plural(value: Value<number, boolean>, forms: PluralForms): Value<string, false>;
  plural(value: number, forms: PluralForms): string;
  relative(value: Value<number, boolean>, unit: TimeUnit): Value<string, false>;
  relative(value: number, unit: TimeUnit): string;
};
export interface NumberFormat {
  style?: "decimal" | "percent" | "currency" | "compact";
  currency?: string;
  digits?: number;
}
/** CLDR's plural categories; `#` stands for the number. */
export type PluralForms = { zero?: string; one?: string; two?: string; few?: string; many?: string; other: string };
export type TimeUnit = "second" | "minute" | "hour" | "day" | "week" | "month" | "year";
