package main

import (
	"context"
	"encoding/json"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"facet/asker"
	"facet/composer"
	"facet/notice"
	"facet/serve/feed"
	"facet/tiers/cache"
)

// A writesBus carries what mutations wrote between the instances of an environment, over NATS.
type writesBus struct {
	*feed.Local // who listens here
	board       *notice.NATS
	topic       string
	log         zerolog.Logger
	stop        func()
	kept        atomic.Pointer[cache.Cache] // of this instance's tiers; nil: it has none yet
}

// newWritesBus hears the environment's writes.
func newWritesBus(board *notice.NATS, env string, log zerolog.Logger) (*writesBus, error) {
	b := &writesBus{Local: feed.NewLocal(), board: board, topic: "facet." + env + ".writes", log: log}
	stop, err := board.Hear(b.topic, b.hear)
	if err != nil {
		return nil, err
	}
	b.stop = stop
	return b, nil
}

// Publish implements feed.Bus: it tells the board, which tells this instance too.
func (b *writesBus) Publish(writes []composer.Write) {
	if len(writes) == 0 {
		return
	}
	raw, err := json.Marshal(writes)
	if err == nil {
		err = b.board.Tell(b.topic, raw)
	}
	if err != nil { // this instance's listeners are told all the same
		b.log.Warn().Err(err).Msg("other instances are not told what a mutation wrote")
		b.Local.Publish(writes)
	}
}

func (b *writesBus) hear(m notice.Message) {
	kept := b.kept.Load()
	if m.Lost {
		if kept != nil {
			kept.Forget()
		}
		b.Lose()
	}
	if len(m.Data) == 0 {
		return
	}
	var writes []composer.Write
	if err := json.Unmarshal(m.Data, &writes); err != nil || len(writes) > composer.MaxWrites {
		b.log.Warn().Err(err).Msg("a notice that is no list of writes")
		return
	}
	if kept != nil { // before anybody who hears of it asks again
		composer.Invalidate(kept, writes)
	}
	b.Local.Publish(writes)
}

// Close ends hearing; the board is its owner's.
func (b *writesBus) Close() { b.stop() }

// hearOthers connects the feed with that of the environment's other instances, over NATS.
func (f *front) hearOthers(servers, env, instance string) (stop func(), err error) {
	if servers == "" {
		return func() {}, nil
	}
	away := prometheus.NewGauge(prometheus.GaugeOpts{Name: "edge_notice_away", Help: "1 while there is no connection to NATS: other instances' mutations are not heard."})
	f.metrics.registry.MustRegister(away)
	away.Set(1)
	board, err := notice.OpenNATS(servers, "facet "+instance, func(err error) {
		if err != nil {
			away.Set(1)
			f.log.Warn().Err(err).Msg("NATS: other instances' mutations may not be heard")
			return
		}
		away.Set(0)
		f.log.Info().Msg("NATS is connected")
	})
	if err != nil {
		return nil, err
	}
	bus, err := newWritesBus(board, env, f.log)
	if err != nil {
		board.Close()
		return nil, err
	}
	f.writes = bus
	return func() { bus.Close(); board.Close() }, nil
}

// feedName is the last part of the feed's address, below a device schema. It has a dot, as no view can have.
const feedName = "invalidated.sse"

// feed is the door at which devices hear what others' mutations made stale.
func (f *front) feed() *feed.Handler {
	h := feed.New(feed.Options{Find: f.findReader, Asker: f.asker, Bus: f.writes})
	f.metrics.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "edge_feed_listeners", Help: "Devices that listen to what mutations make stale."},
		func() float64 { return float64(h.Listening()) }))
	return h
}

// findReader is what the feed looks a device schema up with.
func (f *front) findReader(ctx context.Context, device, schema string, a *asker.Asker) (feed.Reader, func(), error) {
	e, done, err := f.Find(ctx, device, schema, a)
	if err != nil {
		return nil, nil, err
	}
	return e.(feed.Reader), done, nil // every engine is one: see counted
}

var _ feed.Reader = (*counted)(nil)
