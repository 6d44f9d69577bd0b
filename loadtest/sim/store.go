package sim

import (
	"math"
	"time"
)

// A bucket of tokens is how much the store answers below one prefix.
type tokens struct {
	rate, left float64
	at         int64
}

// take says whether one more is answered.
func (t *tokens) take(now int64) bool {
	if t.rate <= 0 {
		return true
	}
	if now > t.at {
		t.left = min(t.rate, t.left+float64(now-t.at)*t.rate/1e9) // a second's worth at most
		t.at = now
	}
	if t.left < 1 {
		return false
	}
	t.left--
	return true
}

// A proxy is a region's cache.
type proxy struct {
	pointer int32 // the release that the pointer named when it was read
	read    int64 // when
	has     map[[2]int32]bool
}

// A count is of requests of one class.
type count struct {
	Requests  int64 `json:"requests"` // that reach the store
	Throttled int64 `json:"throttled"`
	Unchanged int64 `json:"unchanged"` // answered 304
	Bytes     int64 `json:"bytes"`     // that left the store, or came to it
	Cached    int64 `json:"cached"`    // that the region's cache answered
}

// request asks the store for an object, or writes one, and says what comes of it: how long it takes, and whether the store refuses it.
func (s *simulation) request(now int64, region int, c Class, object int32, unchanged bool) (took int64, ok bool) {
	n := &s.counts[c]
	took = s.latency()
	if c < Ack && s.m.Proxy > 0 && s.proxied(now, region, c, object) {
		n.Cached++
		return took/4 + s.transfer(c, unchanged), true // it is near
	}
	n.Requests++
	s.second(now)
	prefix := &s.limits[c][0]
	if c == Pointer || c == Ack {
		prefix = &s.limits[c][region]
	}
	if !prefix.take(now) {
		n.Throttled++
		n.Bytes += s.m.Size.Answer
		return took, false
	}
	n.Bytes += s.m.Size.Answer
	if unchanged {
		n.Unchanged++
	} else {
		n.Bytes += s.m.size(c)
	}
	return took + s.transfer(c, unchanged), true
}

func (s *simulation) transfer(c Class, unchanged bool) int64 {
	if unchanged {
		return 0
	}
	return s.m.size(c) * int64(time.Second) / s.m.Bandwidth
}

// proxied says whether a region's cache answers, and has it learn what it does not know.
func (s *simulation) proxied(now int64, region int, c Class, object int32) bool {
	p := &s.proxies[region]
	if c == Pointer {
		if p.read >= 0 && now-p.read < int64(s.m.Proxy) {
			return true
		}
		p.read, p.pointer = now, s.release
		return false
	}
	key := [2]int32{int32(c), object}
	if p.has[key] {
		return true
	}
	p.has[key] = true
	return false
}

// pointer is the release that a look sees now.
func (s *simulation) pointer(region int) int32 {
	if s.m.Proxy > 0 {
		return s.proxies[region].pointer
	}
	return s.release
}

func (s *simulation) latency() int64 {
	return int64(float64(s.m.Latency) * math.Exp(s.m.Spread*s.rnd.NormFloat64()))
}

// backoff is the pause before an attempt: random, up to a bound that doubles from 200 ms to a second, as the S3 client has it.
func (s *simulation) backoff(tries uint8) int64 {
	most := min(time.Second, 200*time.Millisecond<<tries)
	return int64(s.rnd.Float64() * float64(most))
}

// second counts requests by the second, for the peak.
func (s *simulation) second(now int64) {
	i := int(now / int64(time.Second))
	for len(s.seconds) <= i {
		s.seconds = append(s.seconds, 0)
	}
	s.seconds[i]++
}
