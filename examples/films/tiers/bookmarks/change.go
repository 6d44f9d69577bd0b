package bookmarks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"facet/examples/films/tiers/wire"
)

const (
	keptFor    = 24 * time.Hour // how long a key has its answer
	longestKey = 255            // bytes
)

var (
	errFull   = errors.New("the store is full")
	errReused = errors.New("the key was used for another request")
)

// keyOf is the request's Idempotency-Key, "" if it has none. If it is no key, it answers 400 and says false.
func keyOf(w http.ResponseWriter, r *http.Request) (string, bool) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return "", true
	}
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > longestKey {
		wire.Fail(w, http.StatusBadRequest, "an Idempotency-Key is one header of 1 to %d bytes", longestKey)
		return "", false
	}
	return keys[0], true
}

// fingerprint tells requests apart that come with the same key.
func fingerprint(r *http.Request, body []byte) []byte {
	h := sha256.New()
	h.Write([]byte(r.Method + " " + r.URL.EscapedPath() + "\n")) // a hash never fails
	h.Write(body)
	return h.Sum(nil)
}

// A change is a write in its transaction.
type change struct {
	*store
	ctx   context.Context //nolint:containedctx // it lives as long as the transaction
	tx    *sql.Tx
	added int // entries more than before
}

// once does a write and keeps its answer under key, in one transaction; with a key that has an answer it does nothing and gives that.
// "" is no key: the write is done.
func (s *store) once(ctx context.Context, key string, request []byte, do func(*change) ([]byte, error)) (answer []byte, replayed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, false, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to take back
	answers := s.answers
	if key != "" {
		gone, err := sweep(ctx, tx, s.now(), answers)
		if err != nil {
			return nil, false, err
		}
		answers -= gone
		var first, body []byte
		switch err := tx.QueryRowContext(ctx, "select request, body from answer where key = ?", key).Scan(&first, &body); {
		case err == nil && !bytes.Equal(first, request):
			return nil, false, errReused
		case err == nil:
			return body, true, nil
		case !errors.Is(err, sql.ErrNoRows):
			return nil, false, err
		}
	}
	c := &change{store: s, ctx: ctx, tx: tx}
	if answer, err = do(c); err != nil {
		return nil, false, err
	}
	if key != "" {
		if _, err := tx.ExecContext(ctx, "insert into answer values (?, ?, ?, ?)", key, request, answer, s.now().UnixMilli()); err != nil {
			return nil, false, err
		}
		answers++
	}
	if err := tx.Commit(); err != nil {
		return nil, false, err
	}
	s.entries, s.answers = s.entries+c.added, answers
	return answer, false, nil
}

// sweep forgets answers whose time is over, a few at a time, and the oldest one if the store keeps as many as it may.
func sweep(ctx context.Context, tx *sql.Tx, now time.Time, answers int) (gone int, err error) {
	r, err := tx.ExecContext(ctx, "delete from answer where key in (select key from answer where at < ? order by at limit 16)", now.Add(-keptFor).UnixMilli())
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	if err != nil || n > 0 || answers < mostAnswers {
		return int(n), err
	}
	if _, err := tx.ExecContext(ctx, "delete from answer where key in (select key from answer order by at limit 1)"); err != nil {
		return 0, err
	}
	return 1, nil
}

// room says whether a profile may have one more entry.
func (c *change) room(profile string) error {
	var n int
	row := c.tx.QueryRowContext(c.ctx, "select (select count(*) from bookmark where profile = ?1) + (select count(*) from listed where profile = ?1)", profile)
	if err := row.Scan(&n); err != nil {
		return err
	}
	if n >= mostPerProfile || c.entries+c.added >= mostEntries {
		return errFull
	}
	return nil
}

func (c *change) mark(profile, film string, seconds int) (bookmark, error) {
	at := c.now().UTC().Truncate(time.Millisecond)
	there, err := c.affected("update bookmark set seconds = ?, at = ? where profile = ? and title = ?", seconds, at.UnixMilli(), profile, film)
	if err == nil && !there {
		if err = c.room(profile); err == nil {
			c.added++
			_, err = c.affected("insert into bookmark values (?, ?, ?, ?)", profile, film, seconds, at.UnixMilli())
		}
	}
	return bookmark{film, seconds, at}, err
}

func (c *change) unmark(profile, film string) error {
	there, err := c.affected("delete from bookmark where profile = ? and title = ?", profile, film)
	if there {
		c.added--
	}
	return err
}

// push puts a film at the front of the list and says how long the list is; a film that was there keeps its place.
func (c *change) push(profile, film string) (total int, err error) {
	var there bool
	if err := c.tx.QueryRowContext(c.ctx, "select exists (select 1 from listed where profile = ? and title = ?)", profile, film).Scan(&there); err != nil {
		return 0, err
	}
	if !there {
		if err := c.room(profile); err != nil {
			return 0, err
		}
		c.added++
		if _, err := c.affected("insert into listed select ?1, ?2, coalesce(max(place), 0) + 1 from listed where profile = ?1", profile, film); err != nil {
			return 0, err
		}
	}
	return c.length(profile)
}

// drop takes a film off the list and says how long the list is.
func (c *change) drop(profile, film string) (total int, err error) {
	there, err := c.affected("delete from listed where profile = ? and title = ?", profile, film)
	if err != nil {
		return 0, err
	}
	if there {
		c.added--
	}
	return c.length(profile)
}

func (c *change) length(profile string) (n int, err error) {
	err = c.tx.QueryRowContext(c.ctx, "select count(*) from listed where profile = ?", profile).Scan(&n)
	return n, err
}

// affected says whether a statement changed a row.
func (c *change) affected(query string, args ...any) (bool, error) {
	r, err := c.tx.ExecContext(c.ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}
