package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"facet/asker"
	"facet/fault"
	"facet/serve"
)

// rates are the token buckets before the device protocols: one for all devices of a kind, one for each viewer.
// Buckets of viewers are bounded: the one that asked least lately is forgotten, and starts full if it comes back.
type rates struct {
	limits  limitsConfig
	trust   bool                       // viewers are known by their header, addresses by X-Forwarded-For
	who     func(*http.Request) string // the viewer of a token that was verified before, or ""; nil: there are no tokens
	known   func(device, schema string) bool
	devices map[string]*rate.Limiter // made at the start; what is not here has no limit of its own
	rest    *lru.Cache[string, *rate.Limiter]
	viewers *lru.Cache[viewerKey, *rate.Limiter]
	refused func(device, why string) // counts; may be nil
	now     func() time.Time
}

// A viewerKey is who a bucket belongs to, in full: two viewers never share one.
type viewerKey struct{ device, viewer, address string }

// maxDeviceKinds bounds the devices that have buckets. A release that has more shares the last.
const maxDeviceKinds = 1024

// newRates is nil where nothing is limited.
func newRates(l limitsConfig, trust bool, known func(device, schema string) bool, refused func(device, why string)) (*rates, error) {
	limited := l.PerDevice.Rate > 0 || l.PerViewer.Rate > 0
	for _, d := range l.Devices {
		limited = limited || d.PerDevice.Rate > 0 || d.PerViewer.Rate > 0
	}
	if !limited {
		return nil, nil
	}
	rs := &rates{limits: l, trust: trust, known: known, devices: map[string]*rate.Limiter{}, refused: refused, now: time.Now}
	for name, d := range l.Devices {
		if d.PerDevice.Rate > 0 {
			rs.devices[name] = d.PerDevice.limiter()
		}
	}
	var err error
	if rs.rest, err = lru.New[string, *rate.Limiter](maxDeviceKinds); err != nil {
		return nil, err
	}
	rs.viewers, err = lru.New[viewerKey, *rate.Limiter](l.MaxViewers)
	return rs, err
}

func (c rateConfig) limiter() *rate.Limiter { return rate.NewLimiter(rate.Limit(c.Rate), c.burst()) }

func (c rateConfig) burst() int {
	if c.Burst > 0 {
		return c.Burst
	}
	return max(1, int(math.Ceil(c.Rate)))
}

// device is the bucket that all devices of a kind share, or nil.
func (rs *rates) device(device string) (*rate.Limiter, rateConfig) {
	if l := rs.devices[device]; l != nil {
		return l, rs.limits.Devices[device].PerDevice
	}
	c := rs.limits.PerDevice
	if c.Rate <= 0 {
		return nil, c
	}
	return bucket(rs.rest, device, c), c
}

// viewer is one viewer's bucket on a device, or nil.
func (rs *rates) viewer(device string, r *http.Request) (*rate.Limiter, rateConfig) {
	c, key := rs.limits.PerViewer, viewerKey{}
	if d, ok := rs.limits.Devices[device]; ok && d.PerViewer.Rate > 0 {
		c, key.device = d.PerViewer, device
	}
	if c.Rate <= 0 {
		return nil, c
	}
	if rs.who != nil {
		key.viewer = rs.who(r)
	}
	if rs.trust && key.viewer == "" {
		key.viewer = r.Header.Get(asker.HeaderViewer)
	}
	if key.viewer == "" {
		key.address = clientAddress(r, rs.trust)
	}
	return bucket(rs.viewers, key, c), c
}

func bucket[K comparable](buckets *lru.Cache[K, *rate.Limiter], key K, c rateConfig) *rate.Limiter {
	if l, ok := buckets.Get(key); ok {
		return l
	}
	l := c.limiter()
	if before, ok, _ := buckets.PeekOrAdd(key, l); ok {
		return before
	}
	return l
}

// clientAddress is where a request comes from: behind a trusted proxy what that appended to X-Forwarded-For. Of an IPv6
// address its /64, which is one subscriber.
func clientAddress(r *http.Request, trust bool) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if trust {
		if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
			last := all[len(all)-1]
			host = strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
		}
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}

// handler refuses what is past a rate with 429 before h sees it. The viewer's bucket is asked first, so that one viewer
// cannot use up what is its device's.
func (rs *rates) handler(h http.Handler) http.Handler {
	if rs == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		device, schema, protocol := routeOf(r.URL.Path)
		if device == "" || r.Method == http.MethodOptions {
			h.ServeHTTP(w, r)
			return
		}
		if !rs.known(device, schema) {
			device = "" // a viewer's bucket still counts; a device that is not there has none
		}
		now := rs.now()
		l, c := rs.viewer(device, r)
		which := "viewer"
		wait := take(l, now)
		if wait == 0 && device != "" {
			l, c = rs.device(device)
			which = "device"
			wait = take(l, now)
		}
		if wait == 0 {
			h.ServeHTTP(w, r)
			return
		}
		if rs.refused != nil {
			rs.refused(device, which)
		}
		seconds := int(math.Ceil(wait.Seconds()))
		head := w.Header()
		// The fields of draft-ietf-httpapi-ratelimit-headers: a quota of the burst in the time in which it refills.
		head.Set("RateLimit-Policy", fmt.Sprintf(`"%s";q=%d;w=%d`, which, c.burst(), max(1, int(math.Ceil(float64(c.burst())/c.Rate)))))
		head.Set("RateLimit", fmt.Sprintf(`"%s";r=0;t=%d`, which, seconds))
		refuse(w, r, protocol, http.StatusTooManyRequests, seconds, fault.New(fault.Limit, "too many requests of this %s", which).WithHint("ask again after %d s", seconds))
	})
}

// take takes a token and is 0, or says how long until there is one.
func take(l *rate.Limiter, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	res := l.ReserveN(now, 1)
	d := res.DelayFrom(now)
	if d > 0 {
		res.CancelAt(now)
	}
	return d
}

// refuse answers a request that no protocol has seen, in the form of its protocol.
func refuse(w http.ResponseWriter, r *http.Request, protocol string, status, retry int, f *fault.Error) {
	h := w.Header()
	h.Set("Retry-After", strconv.Itoa(retry))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	var body []byte
	switch protocol {
	case "graphql":
		h.Set("Content-Type", "application/graphql-response+json; charset=utf-8")
		if !strings.Contains(r.Header.Get("Accept"), "graphql-response+json") {
			h.Set("Content-Type", "application/json; charset=utf-8")
		}
		type extensions struct {
			Code fault.Kind `json:"code"`
			Hint string     `json:"hint"`
		}
		type problem struct {
			Message    string     `json:"message"`
			Extensions extensions `json:"extensions"`
		}
		body, _ = json.Marshal(map[string][]problem{"errors": {{f.Public(), extensions{f.Kind, f.Hint}}}}) // texts always encode
	case "jsongraph": // falcor's data source shows the text of what is no answer
		h.Set("Content-Type", "text/plain; charset=utf-8")
		body = []byte(f.Public() + "; " + f.Hint)
	default:
		h.Set("Content-Type", serve.ProblemType)
		p := serve.ProblemOf(f)
		p.Title, p.Status = http.StatusText(status), status // 429 is of no kind: the same request may pass later
		body, _ = json.Marshal(p)                           // texts always encode
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
