package catalog

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"facet/release"
	"facet/storage"
)

// ackFor is how long one acknowledgement may take to write, or to take back.
const ackFor = 2 * time.Second

// maxTrouble is how many bytes of trouble an acknowledgement tells.
const maxTrouble = 1 << 10

// Tell asks for an acknowledgement soon: what is served changed, or something else that it tells of.
func (c *Catalog[T]) Tell() {
	select {
	case c.news <- struct{}{}:
	default: // one is due already
	}
}

// beat writes what is served when it changes, and as a sign of life, until ctx ends; then it takes the
// acknowledgement back. That the store does not take one is no trouble: the next is soon.
func (c *Catalog[T]) beat(ctx context.Context) {
	if c.cfg.Acks == nil {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackFor)
			defer cancel()
			_ = c.cfg.Acks.Delete(limited, release.InstanceKey(c.cfg.Env, c.cfg.Region, c.cfg.Instance))
			return
		case <-c.news:
		case <-timer.C:
		}
		_ = c.acknowledge(ctx)
		tenth := c.cfg.Heartbeat / 10
		timer.Reset(c.cfg.Heartbeat - tenth + rand.N(2*tenth+1))
	}
}

// acknowledge writes how things stand.
func (c *Catalog[T]) acknowledge(ctx context.Context) error {
	s := c.Status()
	ack := release.Instance{
		ID: s.Instance, Env: s.Env, Region: s.Region, Seq: s.Seq, Release: s.Release, At: s.Since.UTC(), Refused: s.Refused,
		Seen: c.cfg.Now().UTC(), Version: c.cfg.Version, Started: c.started.UTC(), Looked: s.Looked.UTC(), Copy: s.Copy,
	}
	var wrong []string
	for _, err := range []error{s.Trouble, s.Uncopied} {
		if err != nil && !told(s.Refused, err) {
			wrong = append(wrong, err.Error())
		}
	}
	ack.Trouble = strings.Join(wrong, "; ")
	ack.Trouble = strings.ToValidUTF8(ack.Trouble[:min(len(ack.Trouble), maxTrouble)], "")
	if c.cfg.Quarantined != nil {
		ack.Quarantined = c.cfg.Quarantined()
		ack.Quarantined = ack.Quarantined[:min(len(ack.Quarantined), release.MaxQuarantined)]
	}
	if c.cfg.Mismatched != nil {
		ack.Mismatched = c.cfg.Mismatched()
		ack.Mismatched = ack.Mismatched[:min(len(ack.Mismatched), release.MaxMismatched)]
	}
	raw, err := json.Marshal(ack)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, ackFor)
	defer cancel()
	_, err = c.cfg.Acks.Put(ctx, release.InstanceKey(ack.Env, ack.Region, ack.ID), raw, storage.PutOptions{ContentType: "application/json"})
	return err
}
