package main

import (
	_ "embed"
	"os"
	"time"

	"facet/tiers/guard"
)

// configSource is this file: its comments are the documentation of every key, in docs/config.md and in --print-config.
//
//go:embed config.go
var configSource []byte

// A secret is never printed, and never read from the configuration file.
type secret string

func (s secret) String() string {
	if s == "" {
		return ""
	}
	return "(set)"
}

// GoString is String: %#v shows no secret either.
func (s secret) GoString() string { return s.String() }

// A byteSize is a number of bytes, written 4096, 96KiB or 1MiB.
type byteSize int64

// A config is everything that `edge serve` is told. Each key is a field, its comment is the key's documentation.
type config struct {
	// The environment whose releases are served.
	Env string `key:"env"`
	// The region of this process: the pointer that it watches, and what `region` is to scripts.
	Region string `key:"region"`
	// The name of this instance, unique in its region. Empty: the host's name.
	Instance string `key:"instance"`

	// The object store that packages, builds and releases live in.
	Store storeConfig `key:"store"`
	// What survives a restart on this machine.
	Cache cacheConfig `key:"cache"`
	// The listener for devices.
	Serve serveConfig `key:"serve"`
	// The listener for operators and probes: /healthz, /readyz, /metrics.
	Ops opsConfig `key:"ops"`
	// The control API: publish, deploy, status, rollback.
	Control controlConfig `key:"control"`
	// The npm registry, below /registry/ of the control API.
	Registry registryConfig `key:"registry"`
	// What is believed of what the store says.
	Trust trustConfig `key:"trust"`
	// How tiers are reached and guarded.
	Tiers tiersConfig `key:"tiers"`
	// The bounds of what packages' code may take.
	Scripts scriptsConfig `key:"scripts"`
	// How much is taken on: rates, and shedding under overload.
	Limits limitsConfig `key:"limits"`
	// Who asks, and on what. See docs/guides/askers.md.
	Asker askerConfig `key:"asker"`
	// The log, on standard error.
	Log logConfig `key:"log"`
	// OpenTelemetry traces.
	Tracing tracingConfig `key:"tracing"`
	// What instances tell each other live.
	Notice noticeConfig `key:"notice"`
}

// A storeConfig says where the bucket is.
type storeConfig struct {
	// URL of an S3 server, `https://s3.eu-central-1.amazonaws.com`. Empty only with `store.embedded.dir`.
	Endpoint string `key:"endpoint"`
	// The bucket. It must be there: only the embedded store makes its own.
	Bucket string `key:"bucket"`
	// The S3 region that requests are signed for. Empty: us-east-1.
	Region string `key:"region"`
	// The access key.
	AccessKey string `key:"accessKey"`
	// The secret key. By the variable or `secretKeyFile` only: the configuration file may not hold it.
	SecretKey secret `key:"secretKey"`
	// A file that holds the secret key, read at the start.
	SecretKeyFile string `key:"secretKeyFile"`
	// How long one operation may take, retries included.
	Timeout time.Duration `key:"timeout"`
	// How often a read, list, delete or unconditional write is tried.
	Attempts int `key:"attempts"`
	// An S3 server of this process's own, over a folder, for a single machine.
	Embedded embeddedConfig `key:"embedded"`
}

// An embeddedConfig says whether the store is a child of this process.
type embeddedConfig struct {
	// The folder of the objects. Not empty: `edge store` runs as a child over it, and the keys above are not needed.
	Dir string `key:"dir"`
	// Where the child listens. Give it a fixed port if other instances shall use the store as well.
	Listen string `key:"listen"`
}

// A cacheConfig says what is kept on local disk.
type cacheConfig struct {
	// The folder of the last-known-good copy: with it a restart comes up though the store is gone. Empty keeps none. It belongs to this instance alone.
	Dir string `key:"dir"`
	// How long the plans and functions of a device schema that nobody asks are kept in memory. After that they are made again by the next request, in milliseconds.
	Idle time.Duration `key:"idle"`
	// How many device schemas are kept so at once. Each takes some hundred kilobytes.
	Engines int `key:"engines"`
	// The memory that this process aims at, as the system counts it. When more than about half of it stays in use, the device schemas asked longest ago are closed, and the collector keeps to the rest. What is in use for good, such as tiers.cache, has to fit in beside them: where it does not, more is taken. `auto`: a quarter of the machine's memory, or of the container's, between 512MiB and 8GiB; of a small one at most three quarters. 0: no aim. The variable GOMEMLIMIT stands instead for the collector where it is set.
	Memory aimSize `key:"memory"`
}

// A tlsConfig is the certificate of a listener.
type tlsConfig struct {
	// PEM file of the certificate chain. Empty: plain text. A changed file is taken up without a restart.
	Cert string `key:"cert"`
	// PEM file of the private key.
	Key string `key:"key"`
	// The lowest TLS version, `1.2` or `1.3`.
	Min string `key:"min"`
}

// A serveConfig is the door for devices.
type serveConfig struct {
	// Address for devices, `:8080`. Empty: this process serves no devices.
	Listen string `key:"listen"`
	// TLS of this listener.
	TLS tlsConfig `key:"tls"`
	// HTTP/2 without TLS (prior knowledge), for a proxy in front. With TLS, HTTP/2 is always offered.
	H2C bool `key:"h2c"`
	// Status codes of GraphQL over HTTP: the edition `2026-09`, or `draft` for those before it.
	GraphQLHTTP string `key:"graphqlHTTP"`
	// Answers introspection and openapi.json, and names what is near where something is not found.
	Introspection bool `key:"introspection"`
	// Answers `?explain=1` with the operations of a request on a time line.
	Explain bool `key:"explain"`
	// The page at / that lists what is served. It is off in production: it lists what introspection lists.
	Console bool `key:"console"`
	// Believes the Facet-* headers that say who asks, and X-Forwarded-For. Only behind a proxy that sets them and strips them from what devices send.
	TrustHeaders bool `key:"trustHeaders"`
	// The locales that are served, the first being the default. Empty: en-US.
	Locales []string `key:"locales"`
	// How answers are compressed. See docs/guides/wire.md.
	Compression compressionConfig `key:"compression"`
	// GraphQL documents that are known beforehand, beside those that packages bring. See docs/guides/wire.md.
	Documents documentsConfig `key:"documents"`
	// Origins whose pages may ask, `https://app.example`; `*` is any, without credentials. Empty: CORS is off.
	CORS []string `key:"cors"`
	// How long a device may take to send its headers.
	HeaderTimeout time.Duration `key:"headerTimeout"`
	// How long it may take to send the whole request.
	ReadTimeout time.Duration `key:"readTimeout"`
	// How long an answer may take, from the request's headers to its last byte.
	WriteTimeout time.Duration `key:"writeTimeout"`
	// How long a connection without a request is kept.
	IdleTimeout time.Duration `key:"idleTimeout"`
	// Bytes of a request's headers. A JSON Graph get carries its path sets in the URL.
	MaxHeader byteSize `key:"maxHeader"`
	// Bytes of a request's body, an upper bound over the protocols' own.
	MaxBody byteSize `key:"maxBody"`
	// Connections at once; more wait in the kernel's queue.
	MaxConnections int `key:"maxConnections"`
	// Requests at once on one HTTP/2 connection.
	MaxStreams int `key:"maxStreams"`
	// How long connections wait at the start, unanswered, for the first release to be served. So an instance that is started again refuses nobody. After that it answers 503 and why.
	ReadyWait time.Duration `key:"readyWait"`
	// How long /readyz says 503 before the listener closes, so that load balancers stop sending. At least their probe interval times their threshold.
	DrainDelay time.Duration `key:"drainDelay"`
	// How long requests under way may take to end after that. Then they are cut and the exit code is 4.
	DrainFor time.Duration `key:"drainFor"`
}

// A compressionConfig says how answers are compressed, for devices that ask for it.
type compressionConfig struct {
	// Off: every answer is sent as it is.
	Off bool `key:"off"`
	// What is offered: zstd, br, gzip. Of those that a device likes alike, the first one is taken.
	Codings []string `key:"codings"`
	// Bytes from which an answer is compressed. A smaller one goes in one packet either way.
	Min byteSize `key:"min"`
	// What is never compressed: a view or mutation `tv/v3/account`, a schema `tv/v3`, a device `tv`. For answers that carry a secret beside what the asker may choose (BREACH).
	Never []string `key:"never"`
}

// A documentsConfig says which GraphQL documents are trusted.
type documentsConfig struct {
	// A folder of them, by device and schema: `tv/v3/*.graphql`, each asked for by its SHA-256 in hex, and manifests `tv/v3/*.json` of ids and documents. It is read again when a document is asked for that is not known.
	Dir string `key:"dir"`
	// What is asked nothing else: a device `tv`, a schema `tv/v3`, or `*` for all.
	Only []string `key:"only"`
}

// An opsConfig is the door for operators.
type opsConfig struct {
	// Address for probes and metrics, `127.0.0.1:9090`. Empty: none. Without TLS; keep it inside.
	Listen string `key:"listen"`
	// Also /debug/pprof/.
	Pprof bool `key:"pprof"`
}

// A controlConfig is the control API.
type controlConfig struct {
	// Address of the control API, `:8081`. Empty: this process has none.
	Listen string `key:"listen"`
	// TLS of this listener.
	TLS tlsConfig `key:"tls"`
	// Who may ask. A list: without any, nobody may.
	Tokens []tokenConfig `key:"tokens"`
	// Signs pointers and releases.
	Signing signingConfig `key:"signing"`
	// Environments that this process looks after: where an instance refuses a build, its route keeps the build before. Empty: all.
	Environments []string `key:"environments"`
	// How often acknowledgements are looked at.
	KeepEvery time.Duration `key:"keepEvery"`
}

// A registryConfig is the npm registry, for stock npm clients. It takes the tokens of the control API.
type registryConfig struct {
	// Whether the control API's listener also answers npm.
	Enabled bool `key:"enabled"`
	// Lets everybody read, without a token. Changes always need one.
	Public bool `key:"public"`
	// Where clients reach it, `https://edge.example/registry/`: it stands in front of tarballs in lock files. Empty: as each request says.
	URL string `key:"url"`
}

// A tokenConfig is one who may ask the control API.
type tokenConfig struct {
	// The author's name, as it stands in releases and in the audit.
	Name string `key:"name"`
	// SHA-256 of the token, in hex: `printf %s "$TOKEN" | sha256sum`.
	SHA256 string `key:"sha256"`
	// Instead: the name of a variable that holds the token.
	Env string `key:"env"`
	// What it may do: read, publish, publish:@scope, publish:@scope/name, deploy, deploy:ENV, graph, admin.
	Scopes []string `key:"scopes"`
}

// A signingConfig is the key that pointers and releases are signed with.
type signingConfig struct {
	// The key's name, as instances know it under `trust.keys`.
	Key string `key:"key"`
	// PEM file of the ed25519 private key (PKCS #8): `openssl genpkey -algorithm ed25519`. Empty: nothing is signed.
	File string `key:"file"`
}

// A trustConfig is whom an instance believes.
type trustConfig struct {
	// Public keys by name, each a PEM text or the name of a PEM file. With any, a pointer or release without a good signature is never served.
	Keys map[string]string `key:"keys"`
}

// A tiersConfig says where tiers are and how they are guarded.
type tiersConfig struct {
	// Values of `$env` in the graph. The process's own variables come first; FACET_* variables are never seen by a graph.
	Env map[string]string `key:"env"`
	// Values of `$config` in the graph.
	Config map[string]any `key:"config"`
	// What is kept in memory of what tiers answered, where the graph says so. See docs/guides/caching.md.
	Cache tierCacheConfig `key:"cache"`
	// Whether requests share the calls to a source: `{ bookmarks: false }`. Those to a source that is not named are shared.
	Share map[string]bool `key:"share"`
	// The guard before every operation.
	Guard guardConfig `key:"guard"`
	// The guard by source, over `tiers.guard`: only what differs.
	Sources map[string]guardConfig `key:"sources"`
	// The guard by operation id, over both.
	Operations map[string]guardConfig `key:"operations"`
}

// A tierCacheConfig bounds what is kept of tiers' answers.
type tierCacheConfig struct {
	// Memory for all sources that have none of their own, divided evenly among those that are asked and, of each, among the devices. 0: they keep nothing.
	Bytes byteSize `key:"bytes"`
	// Memory of single sources: `{ catalog: 256MiB }`. 0: it keeps nothing.
	Sources map[string]byteSize `key:"sources"`
}

// A guardConfig keeps a failing tier from harming the rest.
type guardConfig struct {
	// Bounds a call with its retries and its wait for a slot, where the graph states no timeout.
	Timeout time.Duration `key:"timeout"`
	// Calls of one operation at once.
	Concurrency int `key:"concurrency"`
	// Calls that wait for a slot; more fail at once. Below 0: none waits.
	Queue int `key:"queue"`
	// Retries of a read whose tier was not available. Below 0: none.
	Retries int `key:"retries"`
	// Before the first retry; it doubles, and varies by half.
	RetryDelay time.Duration `key:"retryDelay"`
	// The most that it grows to.
	RetryMaxDelay time.Duration `key:"retryMaxDelay"`
	// Retries that each first call of a source earns: 0.1 is one for ten calls.
	BudgetRatio float64 `key:"budgetRatio"`
	// Retries that a source can save up.
	BudgetBurst int `key:"budgetBurst"`
	// The circuit breaker opens when so many of the last `breakerOf` calls failed. Below 0: no breaker.
	BreakerFailures int `key:"breakerFailures"`
	// See `breakerFailures`.
	BreakerOf int `key:"breakerOf"`
	// How long it stays open, varied by a quarter.
	BreakerOpen time.Duration `key:"breakerOpen"`
	// Good calls in a row that close it.
	BreakerProbes int `key:"breakerProbes"`
	// Sends a read a second time when the first has not been answered for so long. 0: never.
	Hedge time.Duration `key:"hedge"`
}

// A limitsConfig says how much is taken on.
type limitsConfig struct {
	// Requests of all devices of one kind together, such as every `tv`.
	PerDevice rateConfig `key:"perDevice"`
	// Requests of one viewer; of nobody's, those of one address.
	PerViewer rateConfig `key:"perViewer"`
	// Other rates by device: `{ tv: { perDevice: { rate: 500 } } }`. What is not stated is as above.
	Devices map[string]deviceLimits `key:"devices"`
	// Viewers that are remembered at once. The one that asked least lately is forgotten first.
	MaxViewers int `key:"maxViewers"`
	// Refuses early when the processor cannot keep up.
	Shed shedConfig `key:"shed"`
	// The size before which the heap is not collected; from there on it is when it has doubled. An eighth of the machine's memory is enough. 0: always when it has doubled. The variable GOGC stands instead where it is set, GOMEMLIMIT holds beside it; without both there is a memory limit a quarter above it, which holds what GOGC misses.
	HeapFloor byteSize `key:"heapFloor"`
}

// A deviceLimits is the rates of one device.
type deviceLimits struct {
	// Requests of all devices of this kind together.
	PerDevice rateConfig `key:"perDevice"`
	// Requests of one viewer on this device.
	PerViewer rateConfig `key:"perViewer"`
}

// A rateConfig is a token bucket.
type rateConfig struct {
	// Requests a second on this instance. 0: no limit.
	Rate float64 `key:"rate"`
	// Requests at once after a pause. 0: one second's.
	Burst int `key:"burst"`
}

// A shedConfig bounds the requests that are answered at once, by how long goroutines wait for a processor.
type shedConfig struct {
	// Off: every request is taken on.
	Off bool `key:"off"`
	// Requests at once that are never refused. 0: two per processor.
	Min int `key:"min"`
	// Requests at once that are never exceeded. A request that waits for tiers counts.
	Max int `key:"max"`
	// The wait for a processor that is aimed at. Above it, fewer requests are taken on; below it, more.
	Target time.Duration `key:"target"`
	// Requests that wait for a place. More are refused at once.
	Queue int `key:"queue"`
	// How long one waits at most.
	MaxWait time.Duration `key:"maxWait"`
	// What Retry-After says to those refused, varied by half so that they do not come back together.
	RetryAfter time.Duration `key:"retryAfter"`
}

// A scriptsConfig bounds what packages' code may take.
type scriptsConfig struct {
	// Processor time of one call of a computed function, of its own thread.
	CPU time.Duration `key:"cpu"`
	// Bytes that one call may make.
	Memory byteSize `key:"memory"`
	// Bytes of its result.
	Output byteSize `key:"output"`
	// Processor time of all calls that one request makes of one package's functions.
	RequestCPU time.Duration `key:"requestCPU"`
	// What a package may have of all processors while other packages run too, from 0 to 1. A package that runs alone may have them all.
	Share float64 `key:"share"`
	// What keeps packages' code from the rest, by npm scope: `{ default: none, "@partner": process }`. `none`: the engine's limits alone. `process`: also a process of the scope's own with a limit on its memory; its packages are built and run there. A package without a scope goes by its name.
	Isolation map[string]string `key:"isolation"`
	// The processes of `isolation`.
	Workers workersConfig `key:"workers"`
	// When the functions of a package are not run any more.
	Quarantine quarantineConfig `key:"quarantine"`
}

// A workersConfig bounds the processes that packages run in. Nothing is started without `scripts.isolation`.
type workersConfig struct {
	// Memory of a process, by the system's count. What needs more is ended, and started anew.
	Memory byteSize `key:"memory"`
	// Memory of a process that builds a package.
	BuildMemory byteSize `key:"buildMemory"`
	// How long it may take.
	BuildTime time.Duration `key:"buildTime"`
	// How many scopes have a process at once. With more of them, the one that was asked least lately loses it. One more is kept ready.
	Most int `key:"most"`
	// How long a process that nobody asks is kept.
	Idle time.Duration `key:"idle"`
	// By how much they give way to this process, from 0 to 19.
	Nice int `key:"nice"`
}

// A quarantineConfig says when the functions of a package are not run any more, because they keep breaking limits. Its fields are errors, or what their authors stated for that; everything else is answered.
type quarantineConfig struct {
	// How many broken limits bring it about. Those of one request count once. Below 0: there is no quarantine.
	Breaks int `key:"breaks"`
	// In which time.
	Within time.Duration `key:"within"`
	// How long the first lasts. Each that follows a failed trial lasts twice as long.
	For time.Duration `key:"for"`
	// How long any lasts.
	Most time.Duration `key:"most"`
}

// An askerConfig says how it is known who asks, and on what device.
type askerConfig struct {
	// Bearer tokens of devices. They go before `serve.trustHeaders`.
	JWT jwtConfig `key:"jwt"`
	// Refuses with 401 who is nobody: neither a token nor a trusted header names a viewer.
	Required bool `key:"required"`
	// Believes Facet-Form, Facet-App-Version and Facet-Bandwidth, whoever sends them: what a device says of itself. Of no meaning with `serve.trustHeaders`.
	DeviceHeaders bool `key:"deviceHeaders"`
	// Tell what a device is by its request headers. A list, asked in order: each of form, bandwidth and appVersion comes from the first that says it.
	Rules []deviceRule `key:"rules"`
}

// A jwtConfig says which JSON Web Tokens are good.
type jwtConfig struct {
	// URL or file of the JSON Web Key Set that tokens are verified with. Empty: tokens are not looked at.
	JWKS string `key:"jwks"`
	// `iss` is one of them.
	Issuers []string `key:"issuers"`
	// `aud` has one of them.
	Audiences []string `key:"audiences"`
	// What tokens may be signed with: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA. Never none, and never a shared secret.
	Algorithms []string `key:"algorithms"`
	// By how much clocks may differ: `exp`, `nbf` and `iat` are past or early by so much at most.
	ClockSkew time.Duration `key:"clockSkew"`
	// Where the token says what.
	Claims claimsConfig `key:"claims"`
	// How often the keys are read again. Keys that cannot be read stay as they are.
	Refresh time.Duration `key:"refresh"`
	// A key that is not known makes them be read at once, at most so often.
	RefetchEvery time.Duration `key:"refetchEvery"`
	// Bounds one reading.
	Timeout time.Duration `key:"timeout"`
	// The most keys of a set.
	MaxKeys int `key:"maxKeys"`
	// The most bytes of a set.
	MaxBytes byteSize `key:"maxBytes"`
	// Tokens whose verification is remembered until they expire, so that a signature is not checked for each request. Each takes about a kilobyte.
	Remembered int `key:"remembered"`
}

// A claimsConfig names the claims of a token: a name, or a path through objects with dots.
type claimsConfig struct {
	// Who it is.
	Viewer string `key:"viewer"`
	// The profile in use. Empty: the first of the profiles, or the viewer. The header Facet-Profile chooses another one of them.
	Profile string `key:"profile"`
	// The profiles that the viewer may see: a list, or words in a text. Empty: there is one, the viewer's.
	Profiles string `key:"profiles"`
	// The device's form.
	Form string `key:"form"`
	// How much its connection carries.
	Bandwidth string `key:"bandwidth"`
	// The region, instead of this process's.
	Region string `key:"region"`
}

// A deviceRule tells what a device is by one request header.
type deviceRule struct {
	// The device whose requests it is for, `tv`. Empty: all.
	Device string `key:"device"`
	// The header, `User-Agent`. Answers that depend on what the rule says vary by it.
	Header string `key:"header"`
	// A regular expression (RE2) that the header must match. Empty: the header is there.
	Match string `key:"match"`
	// The form. It and the others may name groups of the expression: `$1`.
	Form string `key:"form"`
	// How much the connection carries: low, medium, high, or what views know.
	Bandwidth string `key:"bandwidth"`
	// The app's version.
	AppVersion string `key:"appVersion"`
}

// A logConfig is the log.
type logConfig struct {
	// debug, info, warn or error.
	Level string `key:"level"`
	// json, or text for people.
	Format string `key:"format"`
	// One in so many requests that were answered well gets an access line. What failed, in whole or in part, always does.
	Successes int `key:"successes"`
	// One in so many requests that were refused by 4xx gets an access line.
	Refusals int `key:"refusals"`
}

// A tracingConfig is where spans go.
type tracingConfig struct {
	// URL of an OTLP/HTTP collector, `http://127.0.0.1:4318`. Empty: no traces.
	Endpoint string `key:"endpoint"`
	// The share of requests that are traced where the caller did not decide, 0 to 1.
	Sample float64 `key:"sample"`
}

// A noticeConfig says how instances reach each other. Without it all works, within each instance.
type noticeConfig struct {
	// NATS servers, `nats://10.0.0.1:4222`, several divided by commas. With them a device that listens at one instance hears what a mutation at another made stale. Empty: only of mutations at its own.
	NATS string `key:"nats"`
}

// defaultConfig is what holds where nothing is said.
func defaultConfig() config {
	g := guard.Defaults()
	host, err := os.Hostname()
	if err != nil {
		host = "edge"
	}
	return config{
		Env: "prod", Region: "local", Instance: host,
		Store: storeConfig{Bucket: "facet", AccessKey: "facet", Timeout: 15 * time.Second, Attempts: 3, Embedded: embeddedConfig{Listen: "127.0.0.1:0"}},
		Serve: serveConfig{Listen: ":8080", TLS: tlsConfig{Min: "1.2"}, H2C: true, GraphQLHTTP: "2026-09", Compression: defaultCompression(),
			HeaderTimeout: readHeader, ReadTimeout: readAll, WriteTimeout: writeAll, IdleTimeout: idleConn, MaxHeader: headerBytes, MaxBody: 1 << 20,
			MaxConnections: 20_000, MaxStreams: 250, ReadyWait: 10 * time.Second, DrainDelay: 5 * time.Second, DrainFor: 25 * time.Second},
		Cache:    cacheConfig{Idle: defaultIdle, Engines: defaultOpen, Memory: autoAim},
		Ops:      opsConfig{Listen: "127.0.0.1:9090"},
		Control:  controlConfig{TLS: tlsConfig{Min: "1.2"}, KeepEvery: 2 * time.Second},
		Registry: registryConfig{Enabled: true},
		Tiers: tiersConfig{Cache: tierCacheConfig{Bytes: defaultTierCache}, Guard: guardConfig{Timeout: g.Timeout, Concurrency: g.Concurrency, Queue: g.Queue, Retries: g.Retries,
			RetryDelay: g.RetryDelay, RetryMaxDelay: g.RetryMaxDelay, BudgetRatio: g.BudgetRatio, BudgetBurst: g.BudgetBurst,
			BreakerFailures: g.BreakerFailures, BreakerOf: g.BreakerOf, BreakerOpen: g.BreakerOpen, BreakerProbes: g.BreakerProbes, Hedge: g.Hedge}},
		Scripts: scriptsConfig{CPU: 10 * time.Millisecond, Memory: 8 << 20, Output: 64 << 10, RequestCPU: 100 * time.Millisecond, Share: 0.25,
			Workers:    workersConfig{Memory: 256 << 20, BuildMemory: 512 << 20, BuildTime: 30 * time.Second, Most: 8, Idle: time.Minute, Nice: 5},
			Quarantine: quarantineConfig{Breaks: 5, Within: 2 * time.Second, For: 30 * time.Second, Most: 10 * time.Minute}},
		Limits: limitsConfig{MaxViewers: 100_000, HeapFloor: 128 << 20,
			Shed: shedConfig{Max: 2000, Target: 3 * time.Millisecond, Queue: 200, MaxWait: 20 * time.Millisecond, RetryAfter: 2 * time.Second}},
		Asker: askerConfig{JWT: jwtConfig{Algorithms: []string{"RS256", "ES256", "EdDSA"}, ClockSkew: 30 * time.Second, Claims: claimsConfig{Viewer: "sub"},
			Refresh: 10 * time.Minute, RefetchEvery: 10 * time.Second, Timeout: 3 * time.Second, MaxKeys: 100, MaxBytes: 512 << 10, Remembered: 50_000}},
		Log:     logConfig{Level: "info", Format: "json", Successes: 1, Refusals: 1},
		Tracing: tracingConfig{Sample: 0.01},
	}
}
