package sim

import (
	"context"
	"math/rand/v2"
	"time"
)

// An instance is what is known of one.
type instance struct {
	region  int16
	life    uint16 // raised by a restart: what was under way is gone
	up      bool
	loading int32 // the release that is loaded now; 0: none
	active  int32 // the release that is served; 0: none
	etag    int32 // of the pointer that was read last
	step    Class // of what is loaded
	left    int32 // objects of the step that were not asked for yet
	flying  int32
	kept    int32 // builds of the release that is loaded next that a load which failed got already
	failed  bool
	began   int64 // of the look
	booted  int64 // when the process was started
}

type simulation struct {
	m       Model
	rnd     *rand.Rand
	queue   queue
	all     []instance
	keepers []keeper
	release int32 // that pointers name; the first is 1
	made    []int64
	counts  [classes]count
	limits  [classes][]tokens
	proxies []proxy
	seconds []int64
	looks   int64
	loads   int64
	failed  int64 // loads that were begun again
	reached [][]int64
	ready   []int64 // after the restart
}

// A keeper reads what instances say.
type keeper struct{ moved, looked int64 }

// Run simulates. It ends early, with the context's error, if ctx does.
func Run(ctx context.Context, m Model) (*Result, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	s := &simulation{m: m, rnd: rand.New(rand.NewPCG(m.Seed, 3)), all: make([]instance, m.Instances), keepers: make([]keeper, m.Keepers),
		release: 1, made: []int64{0, 0}, reached: make([][]int64, 2), proxies: make([]proxy, m.Regions)}
	for i := range s.proxies {
		s.proxies[i] = proxy{read: -1, has: map[[2]int32]bool{}}
	}
	for c := range s.limits {
		rate := m.Reads
		if Class(c) == Ack {
			rate = m.Writes
		}
		for range m.Regions {
			s.limits[c] = append(s.limits[c], tokens{rate: rate, left: rate})
		}
	}
	for i := range s.all {
		in := &s.all[i]
		in.region = int16(i % m.Regions)
		if in.up = true; !m.Empty {
			in.active, in.etag = 1, 1
		}
		s.queue.push(event{at: s.within(m.Interval), who: int32(i), what: look})
		s.queue.push(event{at: s.within(m.Heartbeat), who: int32(i), what: beat})
	}
	for i := range s.keepers {
		s.keepers[i] = keeper{-int64(time.Hour), -int64(time.Hour)}
		s.queue.push(event{at: s.within(m.KeepEvery), who: int32(i), what: keep})
	}
	for i := range m.Releases {
		// At no round time: caches and looks would stand in one relation to all of them.
		s.queue.push(event{at: int64(m.For)*int64(2*i+1)/int64(2*m.Releases) + s.within(min(m.Interval+m.Proxy, m.For/time.Duration(4*m.Releases))), what: move})
	}
	if m.Restart {
		for i := 0; i < m.Instances; i += m.Regions { // those of the first region
			s.queue.push(event{at: int64(m.For) / 2, who: int32(i), what: start})
		}
	}
	return s.run(ctx)
}

func (s *simulation) run(ctx context.Context) (*Result, error) {
	for n := 0; len(s.queue.list) > 0; n++ {
		e := s.queue.pop()
		if e.at >= int64(s.m.For) {
			break
		}
		if n&0xffff == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		switch e.what {
		case move:
			s.move(e.at)
		case keep:
			s.keep(e)
		default:
			if in := &s.all[e.who]; e.what == start || in.life == e.life {
				s.step(e, in)
			}
		}
	}
	return s.result(), nil
}

// within is a random time of a span.
func (s *simulation) within(d time.Duration) int64 { return s.rnd.Int64N(max(1, int64(d))) }

func (s *simulation) move(now int64) {
	s.release++
	s.made = append(s.made, now)
	s.reached = append(s.reached, nil)
	for i := range s.keepers {
		s.keepers[i].moved = now
	}
	if !s.m.Notice {
		return
	}
	for i := range s.all {
		if in := &s.all[i]; in.up {
			s.queue.push(event{at: now + s.within(s.m.NoticeIn), who: int32(i), life: in.life, what: look, count: 1})
		}
	}
}

func (s *simulation) step(e event, in *instance) {
	switch e.what {
	case look:
		s.look(e, in)
	case arrive:
		s.arrive(e, in)
	case refused:
		s.again(e, in)
	case repeat:
		s.ask(e, in)
	case beat:
		s.acknowledge(e.at, in)
		tenth := s.m.Heartbeat / 10
		s.queue.push(event{at: e.at + int64(s.m.Heartbeat-tenth) + s.within(2*tenth), who: e.who, life: in.life, what: beat})
	case open:
		s.serve(e, in)
	case start:
		*in = instance{region: in.region, life: in.life + 1, up: true, booted: e.at}
		s.queue.push(event{at: e.at + int64(s.m.Boot), who: e.who, life: in.life, what: look})
		s.queue.push(event{at: e.at + int64(s.m.Boot), who: e.who, life: in.life, what: beat})
	}
}

func (s *simulation) acknowledge(now int64, in *instance) {
	s.request(now, int(in.region), Ack, 0, false)
}

// look reads the pointer. Nothing but a change makes work.
func (s *simulation) look(e event, in *instance) {
	if in.loading != 0 { // a notice while a release is loaded: the look after it sees the pointer
		return
	}
	if e.tries == 0 {
		s.looks++
		in.began = e.at
	}
	sees := s.release
	if s.m.Proxy > 0 && !s.stale(e.at, int(in.region)) {
		sees = s.pointer(int(in.region))
	}
	same := sees == in.etag
	took, ok := s.request(e.at, int(in.region), Pointer, 0, same)
	if !ok {
		if int(e.tries)+1 < s.m.Attempts {
			e.at += took + s.backoff(e.tries)
			e.tries++
			s.queue.push(e)
			return
		}
		s.next(e.at+took, e, in)
		return
	}
	in.etag = sees
	if sees == in.active {
		s.next(e.at+took, e, in)
		return
	}
	s.loads++
	in.loading, in.failed = sees, false
	s.begin(e.at+took, e.who, in, Header)
}

// stale says whether the region's cache reads the pointer anew now.
func (s *simulation) stale(now int64, region int) bool {
	p := &s.proxies[region]
	return p.read < 0 || now-p.read >= int64(s.m.Proxy)
}

// next plans the look after this one; a look that a notice asked for has none of its own.
func (s *simulation) next(now int64, e event, in *instance) {
	if e.count == 0 {
		s.queue.push(event{at: now + int64(s.m.Interval), who: e.who, life: in.life, what: look})
	}
}

// needs is how many objects of a step an instance has not got: package catalog keeps graphs, shards and builds from one release to the next,
// in memory, and on disk over restarts.
func (s *simulation) needs(in *instance, c Class) int32 {
	cold := in.active == 0 && !s.m.Disk
	ahead := in.loading - in.active
	if in.active == 0 && s.m.Disk { // the copy is of what the region served when it stopped
		ahead = in.loading - s.servedBefore()
	}
	switch c {
	case Header:
		if in.active == 0 && s.m.Disk && ahead == 0 {
			return 0
		}
		return 1
	case Shard:
		if cold {
			return int32(s.m.Shards)
		}
		return min(int32(s.m.Shards), ahead*int32(s.m.ChangedShards))
	case Graph:
		if cold {
			return int32(s.m.Graphs)
		}
		return 0
	}
	n := min(int32(s.m.Builds), ahead*int32(s.m.Changed))
	if cold {
		n = int32(s.m.Builds)
	}
	return max(0, n-in.kept)
}

// servedBefore is what regions served at the restart.
func (s *simulation) servedBefore() int32 {
	n := int32(1)
	for i, at := range s.made {
		if i > 0 && at < int64(s.m.For)/2 {
			n = int32(i)
		}
	}
	return n
}

// begin asks for the objects of a step, or goes on to the next one if there are none.
func (s *simulation) begin(now int64, who int32, in *instance, c Class) {
	for ; c <= Build; c++ {
		in.step, in.left = c, s.needs(in, c)
		if in.left == 0 {
			continue
		}
		for range s.m.Downloads {
			s.fetch(now, who, in)
		}
		return
	}
	each := s.m.OpenEach
	if in.active == 0 && s.m.Disk {
		each = s.m.Reopen
	}
	s.queue.push(event{at: now + int64(s.m.OpenBase) + int64(max(0, s.needsAll(in)-1))*int64(each), who: who, life: in.life, what: open})
}

// needsAll is how many builds are opened.
func (s *simulation) needsAll(in *instance) int32 {
	if in.active == 0 {
		return int32(s.m.Builds)
	}
	return min(int32(s.m.Builds), (in.loading-in.active)*int32(s.m.Changed))
}

// fetch asks for one more object of the step.
func (s *simulation) fetch(now int64, who int32, in *instance) {
	if in.left == 0 {
		return
	}
	object := in.left
	if in.step != Build {
		object += in.loading * int32(s.m.Shards+1)
	}
	in.left--
	in.flying++
	s.ask(event{at: now, who: who, life: in.life, class: Class8(in.step), count: object}, in)
}

func (s *simulation) ask(e event, in *instance) {
	took, ok := s.request(e.at, int(in.region), Class(e.class), e.count, false)
	e.at += took
	e.what = arrive
	if !ok {
		e.what = refused
	}
	s.queue.push(e)
}

// again repeats a request that was refused, after a pause; the last attempt fails the load.
func (s *simulation) again(e event, in *instance) {
	if int(e.tries)+1 < s.m.Attempts && !in.failed {
		e.what, e.at = repeat, e.at+s.backoff(e.tries)
		e.tries++
		s.queue.push(e)
		return
	}
	in.failed = true
	s.landed(e, in)
}

func (s *simulation) arrive(e event, in *instance) {
	if Class(e.class) == Build {
		in.kept++
	}
	if e.at-in.began > int64(s.m.LookFor) {
		in.failed = true
	}
	s.landed(e, in)
}

// landed goes on after an answer: to the next object, the next step, or, after a failure, to the next look.
func (s *simulation) landed(e event, in *instance) {
	in.flying--
	if in.failed {
		if in.flying == 0 {
			s.failed++
			in.loading, in.etag, in.left = 0, 0, 0
			s.queue.push(event{at: e.at + int64(s.m.Interval), who: e.who, life: in.life, what: look})
		}
		return
	}
	if in.left > 0 {
		s.fetch(e.at, e.who, in)
		return
	}
	if in.flying == 0 {
		s.begin(e.at, e.who, in, in.step+1)
	}
}

func (s *simulation) serve(e event, in *instance) {
	first := in.active == 0
	in.active, in.loading, in.kept = in.loading, 0, 0
	if first {
		s.ready = append(s.ready, e.at-in.booted)
	} else {
		s.reached[in.active] = append(s.reached[in.active], e.at-s.made[in.active])
	}
	s.acknowledge(e.at, in)
	s.queue.push(event{at: e.at + int64(s.m.Interval), who: e.who, life: in.life, what: look})
}

// How the control plane looks at its instances: package control.
const (
	settled   = 2 * time.Minute
	seldom    = 15 * time.Second
	listPage  = 1000
	keepAside = 32 // reads at a time
)

// keep is one look of a keeper: it lists the regions and reads their pointers; then, often after a release and seldom later, it lists what instances
// say and reads what is new.
func (s *simulation) keep(e event) {
	k := &s.keepers[e.who]
	now := e.at
	s.request(now, 0, List, 0, false)
	now += s.reads(now, s.m.Regions)
	if now-k.moved <= int64(settled) || now-k.looked >= int64(seldom) {
		for range max(1, (s.m.Instances+listPage-1)/listPage) {
			took, _ := s.request(now, 0, List, 0, false)
			now += took
		}
		fresh := min(1, float64(now-k.looked)/float64(s.m.Heartbeat))
		k.looked = now
		now += s.reads(now, int(fresh*float64(s.m.Instances)))
	}
	s.queue.push(event{at: now + int64(s.m.KeepEvery), who: e.who, what: keep})
}

// reads is how long so many take a keeper.
func (s *simulation) reads(now int64, n int) (took int64) {
	for i := range n {
		t, _ := s.request(now+took, 0, Keeper, 0, false)
		if i%keepAside == 0 {
			took += t
		}
	}
	return took
}
