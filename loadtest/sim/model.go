// Package sim simulates thousands of instances that poll a store and load releases: requests, bytes, time to converge and cost, by discrete events on a virtual clock.
package sim

import (
	"errors"
	"time"
)

// A Class is a kind of request to the store.
type Class int

// The classes. All but Ack and List are reads of one object.
const (
	Pointer Class = iota // a region's pointer, mostly answered 304
	Header               // a release
	Shard                // a part of a release's routes
	Graph
	Build
	Ack    // an instance writes what it serves
	Keeper // the control plane reads acknowledgements and pointers
	List   // and lists their names
	classes
)

var classNames = [classes]string{"pointer", "header", "shard", "graph", "build", "ack", "keeper", "list"}

func (c Class) String() string { return classNames[c] }

// A Model is what is simulated. The defaults are the program's own and, of the store, S3's.
type Model struct {
	Instances int `json:"instances"`
	Regions   int `json:"regions"` // of equal size

	// What an instance does: package catalog.
	Interval  time.Duration `json:"intervalNs"`  // between looks at the pointer, from the end of one to the next
	Heartbeat time.Duration `json:"heartbeatNs"` // between acknowledgements when nothing changes, give or take a tenth
	LookFor   time.Duration `json:"lookForNs"`   // one look with its loading
	Downloads int           `json:"downloads"`   // at a time
	Disk      bool          `json:"disk"`        // a copy that survives a restart
	OpenBase  time.Duration `json:"openBaseNs"`  // from the last byte to serving, of a release that changes one build
	OpenEach  time.Duration `json:"openEachNs"`  // more for each further build
	Reopen    time.Duration `json:"reopenNs"`    // instead, for each build that the same program served before its restart
	Boot      time.Duration `json:"bootNs"`      // from the start of the process to the first look

	// What is served.
	Builds        int `json:"builds"`
	Shards        int `json:"shards"`
	Graphs        int `json:"graphs"`
	Changed       int `json:"changed"`       // builds that a release changes
	ChangedShards int `json:"changedShards"` // and shards
	Releases      int `json:"releases"`      // made in For, in about equal distances
	Size          struct {
		Pointer, Header, Shard, Graph, Build, Ack, Answer int64 // bytes; Answer is the head of any
	} `json:"size"`

	// The store and the way to it.
	Latency   time.Duration `json:"latencyNs"` // the median of a request; times are lognormal
	Spread    float64       `json:"spread"`    // sigma of it: 0.8 makes the 99th percentile 6.4 times the median
	Bandwidth int64         `json:"bandwidth"` // bytes a second of one instance
	Reads     float64       `json:"reads"`     // a second that the store answers below one prefix; more are answered 503. 0: any
	Writes    float64       `json:"writes"`    // the same of writes
	Attempts  int           `json:"attempts"`  // of one request that is answered 503, with growing pauses
	Proxy     time.Duration `json:"proxyNs"`   // a cache in each region keeps a pointer so long, and the rest for ever; 0: there is none
	Notice    bool          `json:"notice"`    // instances are told of a new pointer at once, and the interval is for what gets lost. The program has no such notice of pointers yet
	NoticeIn  time.Duration `json:"noticeNs"`  // in which they are told, spread evenly

	// The control plane.
	Keepers   int           `json:"keepers"`
	KeepEvery time.Duration `json:"keepEveryNs"` // for two minutes after a release; every 15 s later

	For     time.Duration `json:"forNs"`
	Restart bool          `json:"restart"` // a region restarts as a whole, at once, in the middle
	Empty   bool          `json:"empty"`   // instances have nothing at the beginning; otherwise they serve the first release
	Seed    uint64        `json:"seed"`
	Price   Prices        `json:"price"`
}

// Prices are in US dollars.
type Prices struct {
	Reads  float64 `json:"reads"`  // of 1,000 GET requests
	Writes float64 `json:"writes"` // of 1,000 PUT or LIST requests
	Out    float64 `json:"out"`    // of a GB that leaves the store
	Proxy  float64 `json:"proxy"`  // of 1,000 requests to the cache in front
}

// Defaults are 10,000 instances in four regions over a bucket in their own.
func Defaults() Model {
	m := Model{
		Instances: 10_000, Regions: 4,
		Interval: 500 * time.Millisecond, Heartbeat: 10 * time.Second, LookFor: 30 * time.Second, Downloads: 16, Disk: true,
		OpenBase: 60 * time.Millisecond, OpenEach: 500 * time.Microsecond, Reopen: 100 * time.Microsecond, Boot: 300 * time.Millisecond,
		Builds: 10_000, Shards: 32, Graphs: 1, Changed: 1, ChangedShards: 1, Releases: 4,
		Latency: 20 * time.Millisecond, Spread: 0.8, Bandwidth: 50 << 20, Reads: 5500, Writes: 3500, Attempts: 3, NoticeIn: 500 * time.Millisecond,
		Keepers: 1, KeepEvery: time.Second,
		For: 10 * time.Minute, Seed: 1,
		Price: Prices{Reads: 0.0004, Writes: 0.005, Out: 0, Proxy: 0},
	}
	m.Size.Pointer, m.Size.Header, m.Size.Shard, m.Size.Graph, m.Size.Build, m.Size.Ack, m.Size.Answer = 400, 3<<10, 170<<10, 2<<10, 12<<10, 500, 400
	return m
}

// Check says what no simulation can be of.
func (m *Model) Check() error {
	switch {
	case m.Instances < 1 || m.Instances > 1_000_000:
		return errors.New("there are 1 to 1,000,000 instances")
	case m.Regions < 1 || m.Regions > m.Instances:
		return errors.New("there is at least one region, and an instance in each")
	case m.Interval < time.Millisecond || m.Heartbeat < time.Millisecond || m.KeepEvery < time.Millisecond || m.LookFor <= 0 || m.For <= 0 || m.Latency < 0 || m.Spread < 0 || m.Proxy < 0 || m.NoticeIn < 0:
		return errors.New("times are above 0, and intervals at least 1 ms")
	case m.Downloads < 1 || m.Attempts < 1 || m.Bandwidth < 1 || m.Reads < 0 || m.Writes < 0 || m.Keepers < 0 || m.Releases < 0:
		return errors.New("there is at least one download at a time, one attempt and one byte a second")
	case m.Builds < 1 || m.Shards < 1 || m.Graphs < 0 || m.Changed < 0 || m.ChangedShards < 0 || m.Changed > m.Builds || m.ChangedShards > m.Shards:
		return errors.New("a release changes no more builds and shards than there are")
	}
	return nil
}

func (m *Model) size(c Class) int64 {
	switch c {
	case Pointer:
		return m.Size.Pointer
	case Header:
		return m.Size.Header
	case Shard:
		return m.Size.Shard
	case Graph:
		return m.Size.Graph
	case Build:
		return m.Size.Build
	}
	return m.Size.Ack
}
