package bookmarks

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver" // "sqlite3", SQLite translated to Go

	"facet/examples/films/data"
)

// The bounds of the store: bookmarks and list entries together, and answers kept for their keys.
const (
	mostPerProfile = 2_000
	mostEntries    = 200_000
	mostAnswers    = 100_000
)

//go:embed schema.sql
var schema string

// A store is what all profiles keep. Its methods may be called from many goroutines: one writes at a time, reads do not wait for it.
type store struct {
	now   func() time.Time
	write *sql.DB // one connection
	read  *sql.DB

	mu               sync.Mutex // held for one write
	entries, answers int        // what there is, since the last commit
}

// openStore opens the database at path. The log is synced at each commit (synchronous=FULL): an answer outlives the machine's
// power, at the price of one fsync a write, which a tier that remembers is asked for. Readers see the last commit (WAL).
func openStore(path string, now func() time.Time) (*store, error) {
	dsn := func(pragmas ...string) string {
		v := url.Values{"_pragma": append([]string{"busy_timeout(4000)"}, pragmas...), "_txlock": {"immediate"}}
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
	}
	s := &store{now: now}
	var err error
	if s.write, err = sql.Open("sqlite3", dsn("journal_mode(wal)", "synchronous(full)")); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite3", dsn("query_only(on)")); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), s.close())
	}
	return s, nil
}

func (s *store) close() error {
	var err error
	if s.read != nil {
		err = s.read.Close()
	}
	return errors.Join(err, s.write.Close())
}

// prepare makes the tables of a new database and counts what is in it.
func (s *store) prepare() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to take back
	var version int
	if err := tx.QueryRowContext(ctx, "pragma user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case 0:
		if _, err := tx.ExecContext(ctx, schema); err != nil {
			return err
		}
		if err := s.seed(ctx, tx); err != nil {
			return err
		}
	case 1:
	default:
		return fmt.Errorf("its tables are version %d, known is 1", version)
	}
	row := tx.QueryRowContext(ctx, "select (select count(*) from bookmark) + (select count(*) from listed), (select count(*) from answer)")
	if err := row.Scan(&s.entries, &s.answers); err != nil {
		return err
	}
	return tx.Commit()
}

// seed is what the named profiles start with.
func (s *store) seed(ctx context.Context, tx *sql.Tx) error {
	start := s.now()
	for _, p := range data.Profiles() {
		for i, m := range p.Watched {
			at := start.Add(-time.Duration(i+1) * 26 * time.Hour).UnixMilli()
			if _, err := tx.ExecContext(ctx, "insert into bookmark values (?, ?, ?, ?)", p.ID, m.Title, m.PositionSeconds, at); err != nil {
				return err
			}
		}
		for i, film := range p.MyList {
			if _, err := tx.ExecContext(ctx, "insert into listed values (?, ?, ?)", p.ID, film, len(p.MyList)-i); err != nil {
				return err
			}
		}
	}
	return nil
}

// marks are the bookmarks among films, in the order of films, each once.
func (s *store) marks(ctx context.Context, profile string, films []string) ([]bookmark, error) {
	wanted, err := json.Marshal(films)
	if err != nil {
		return nil, err
	}
	return rows(ctx, s.read, scanMark,
		`select b.title, b.seconds, b.at from json_each(?2) as w join bookmark as b on b.profile = ?1 and b.title = w.value group by b.title order by min(w.key)`,
		profile, string(wanted))
}

// latest is a part of a profile's bookmarks, the latest first, and how many there are.
func (s *store) latest(ctx context.Context, profile string, offset, limit int) (page []bookmark, total int, err error) {
	err = s.look(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "select count(*) from bookmark where profile = ?", profile).Scan(&total); err != nil {
			return err
		}
		page, err = rows(ctx, tx, scanMark, "select title, seconds, at from bookmark where profile = ? order by at desc, title limit ? offset ?", profile, limit, offset)
		return err
	})
	return page, total, err
}

// listed is a part of a profile's list, the latest first, and how long it is.
func (s *store) listed(ctx context.Context, profile string, offset, limit int) (page []ref, total int, err error) {
	err = s.look(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "select count(*) from listed where profile = ?", profile).Scan(&total); err != nil {
			return err
		}
		page, err = rows(ctx, tx, scanRef,
			"select title from listed where profile = ? order by place desc limit ? offset ?", profile, limit, offset)
		return err
	})
	return page, total, err
}

// look reads several things as of one moment.
func (s *store) look(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(do(tx), tx.Rollback())
}

type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func rows[T any](ctx context.Context, q queryer, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	r, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // what went wrong, r.Err says
	out := []T{}
	for r.Next() {
		v, err := scan(r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, r.Err()
}

func scanMark(r *sql.Rows) (bookmark, error) {
	var m bookmark
	var at int64
	err := r.Scan(&m.Title, &m.PositionSeconds, &at)
	m.UpdatedAt = time.UnixMilli(at).UTC()
	return m, err
}

func scanRef(r *sql.Rows) (ref, error) {
	var x ref
	err := r.Scan(&x.ID)
	return x, err
}
