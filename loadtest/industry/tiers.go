package industry

import (
	"bytes"
	"encoding/json"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// A Tier is one backend: its variable in the graph and its handler.
type Tier struct {
	Env     string // "ACCOUNTS_URL"
	Handler http.Handler
}

// maxBody bounds what a tier reads of a request.
const maxBody = 1 << 20

// Tiers are the four backends over a shop. Every call takes hold, what it does in that time included; calls, which may be nil, counts them.
func (s *Shop) Tiers(hold time.Duration, calls *atomic.Int64) []Tier {
	tier := func(env string, routes map[string]http.HandlerFunc) Tier {
		mux := http.NewServeMux()
		for at, h := range routes {
			mux.HandleFunc(at, h)
		}
		return Tier{env, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls != nil {
				calls.Add(1)
			}
			due := time.Now().Add(hold)
			made := &answer{ResponseWriter: w, status: http.StatusOK}
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			mux.ServeHTTP(made, r)
			wait(due)
			made.send()
		})}
	}
	return []Tier{
		tier("ACCOUNTS_URL", map[string]http.HandlerFunc{
			"GET /users":           func(w http.ResponseWriter, _ *http.Request) { send(w, object{"users": s.Users}) },
			"POST /users:batchGet": batch("users", func(a *asked, i int) any { return found(s.Users, func(u User) bool { return u.ID == a.IDs[i] }) }),
		}),
		tier("PRODUCTS_URL", map[string]http.HandlerFunc{
			"GET /products/top": func(w http.ResponseWriter, r *http.Request) {
				first, err := strconv.Atoi(r.URL.Query().Get("first"))
				if err != nil || first < 0 {
					http.Error(w, "first is a number", http.StatusBadRequest)
					return
				}
				send(w, object{"products": s.Products[:min(first, len(s.Products))]})
			},
			"POST /products:batchGet": batch("products", func(a *asked, i int) any {
				return found(s.Products, func(p Product) bool { return p.UPC == a.UPCs[i] })
			}),
		}),
		tier("INVENTORY_URL", map[string]http.HandlerFunc{"POST /stock:batchGet": batch("products", s.stock)}),
		tier("REVIEWS_URL", map[string]http.HandlerFunc{
			"POST /reviews:byUser": batch("users", func(a *asked, i int) any {
				return object{"id": a.IDs[i], "reviews": s.reviews(func(r Review) bool { return r.Author == a.IDs[i] })}
			}),
			"POST /reviews:byProduct": batch("products", func(a *asked, i int) any {
				return object{"upc": a.UPCs[i], "reviews": s.reviews(func(r Review) bool { return r.Product == a.UPCs[i] })}
			}),
			"POST /reviews:batchGet": batch("reviews", func(a *asked, i int) any {
				return found(s.reviews(func(r Review) bool { return r.ID == a.IDs[i] }), func(object) bool { return true })
			}),
		}),
	}
}

// late is how much later than asked a timer of Go may end where nothing else runs: the runtime waits in whole milliseconds.
const late = time.Millisecond

// wait is for a moment. The last part of it is waited for awake.
func wait(due time.Time) {
	if d := time.Until(due); d > late {
		time.Sleep(d - late)
	}
	for time.Now().Before(due) {
		runtime.Gosched()
	}
}

// An answer is made before it is sent.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *answer) send() {
	a.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	a.ResponseWriter.WriteHeader(a.status)
	_, _ = a.ResponseWriter.Write(a.body.Bytes()) // who has gone needs no answer
}

type object = map[string]any

// asked is what the batch operations of the graph send.
type asked struct {
	IDs     []string `json:"ids"`
	UPCs    []string `json:"upcs"`
	Prices  []int    `json:"prices"`
	Weights []int    `json:"weights"`
}

// batch answers a list, a row for each id or UPC that one knows.
func batch(list string, one func(a *asked, i int) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := &asked{}
		if err := json.NewDecoder(r.Body).Decode(a); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		rows := []any{}
		for i := range max(len(a.IDs), len(a.UPCs)) {
			if row := one(a, i); row != nil {
				rows = append(rows, row)
			}
		}
		send(w, object{list: rows})
	}
}

// found is the first that fits, or nil.
func found[T any](all []T, fits func(T) bool) any {
	for _, v := range all {
		if fits(v) {
			return v
		}
	}
	return nil
}

// stock knows nothing without a price and a weight.
func (s *Shop) stock(a *asked, i int) any {
	if i >= len(a.Prices) || i >= len(a.Weights) {
		return nil
	}
	return object{"upc": a.UPCs[i], "price": a.Prices[i], "weight": a.Weights[i], "inStock": s.InStock[a.UPCs[i]], "shippingEstimate": Shipping(a.Prices[i], a.Weights[i])}
}

// reviews are those that fit, as the tier writes them.
func (s *Shop) reviews(fits func(Review) bool) []object {
	out := []object{}
	for _, r := range s.Reviews {
		if fits(r) {
			out = append(out, object{"id": r.ID, "body": r.Body, "product": object{"upc": r.Product}, "author": object{"id": r.Author}})
		}
	}
	return out
}

func send(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // a caller that is gone needs no answer
}
