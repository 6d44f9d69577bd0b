package attack

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"facet/graph"
	"facet/pack"
	"facet/scripts"
	"facet/scripts/worker"
	"facet/view"
)

// harmful names, for a child process of the tests, the attack that it shall let happen without any limit.
const harmful = "FACET_ATTACK_HARM"

func TestMain(m *testing.M) {
	if worker.Started(os.Getenv) {
		os.Exit(worker.Main(os.Stderr))
	}
	if id := os.Getenv(harmful); id != "" {
		if err := harm(id); err != nil {
			fmt.Println("held:", err)
			os.Exit(0)
		}
		fmt.Println("harmless")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// harm builds an attack's package and calls its hostile function without limits.
func harm(id string) error {
	most := uint64(4 << 30)
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		return err
	}
	all, err := All()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(a *Attack) bool { return a.ID() == id })
	if at < 0 {
		return fmt.Errorf("there is no attack %s", id)
	}
	tgz, err := all[at].Tarball()
	if err != nil {
		return err
	}
	pkg, err := pack.Open(strings.NewReader(string(tgz)), pack.DefaultLimits())
	if err != nil {
		return err
	}
	g, ds := graph.Parse("graph.graphqls", []byte(graphSource))
	if ds.Failed() {
		return ds.Err()
	}
	b, ds := scripts.Build(context.Background(), pkg, &pack.Lock{}, g, scripts.Options{})
	if ds.Failed() {
		return ds.Err()
	}
	f, err := scripts.Open(b, scripts.RunOptions{Unlimited: true, CPU: time.Hour})
	if err != nil {
		return err
	}
	in := map[string]string{"title": `"JAWS"`, "minutes": "124", "me": `"viewer"`, "tags": `["sea"]`}
	for n, fn := range b.Funcs {
		if fn.Name != "screen.bad" {
			continue
		}
		var values [][]byte
		for _, i := range fn.Inputs {
			values = append(values, []byte(in[i.Name]))
		}
		fmt.Println("running")
		if _, err := f.Computes()[n](&view.Account{Left: time.Hour}, values, nil); err != nil {
			return err
		}
	}
	return nil
}

// TestHarm shows that these attacks do harm where no limit holds: so the tests that find none can fail.
func TestHarm(t *testing.T) {
	for _, id := range []string{"cpu/loop", "memory/repeat", "cpu/flat-dag", "memory/join-separator"} {
		t.Run(id, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), harmful+"="+id)
			var wrong strings.Builder
			cmd.Stderr = &wrong
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := bufio.NewReader(out)
			first, _ := said.ReadString('\n') // it has been built: until then it is the machine that takes its time
			time.AfterFunc(2*time.Second, cancel)
			began := time.Now()
			rest, _ := io.ReadAll(said)
			err = cmd.Wait()
			var ended *exec.ExitError
			switch {
			case first != "running\n":
				t.Fatalf("it did not come to run: %s%.300s %.300s %v", first, rest, wrong.String(), err)
			case ctx.Err() != nil:
				t.Logf("it ran for %v and was ended", time.Since(began).Round(time.Millisecond))
			case errors.As(err, &ended):
				t.Logf("it died: %.120s", wrong.String())
			default:
				t.Errorf("no harm was done: %s", rest)
			}
		})
	}
}
