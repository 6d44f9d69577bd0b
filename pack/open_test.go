package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"facet/fault"
)

const sample = `{ "name": "@tv/home", "version": "1.0.0", "exports": "./index.ts", "edge": { "device": ["tv"], "schema": "v1" } }`

func samplePackage(t testing.TB) *Package {
	t.Helper()
	p, ds := FromFS(fstest.MapFS{
		"package.json": {Data: []byte(sample)}, "index.ts": {Data: []byte("export {}")}, "src/ünï.ts": {Data: []byte("x")},
		"src/" + strings.Repeat("long/", 12) + strings.Repeat("n", 120) + ".ts": {Data: []byte("y")}, "empty.ts": {},
	}, ".", Limits{})
	if p == nil {
		t.Fatal(ds)
	}
	return p
}

func TestTarballRoundTrip(t *testing.T) {
	p := samplePackage(t)
	one, err := p.Tarball()
	if err != nil {
		t.Fatal(err)
	}
	two, err := samplePackage(t).Tarball()
	if err != nil || !bytes.Equal(one, two) {
		t.Fatalf("the same package gave other bytes (%v)", err)
	}
	q, err := Open(bytes.NewReader(one), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(p, q, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("packed -, opened +\n%s", d)
	}
	if got, want := p.String(), "@tv/home@1.0.0 (5 files, "+p.Digest[:19]+")"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

// TestDigestMeansFiles keeps the digest from ever mixing up paths and contents.
func TestDigestMeansFiles(t *testing.T) {
	seen := map[string]string{}
	for _, files := range []map[string][]byte{
		{}, {"a": nil}, {"a": []byte("b")}, {"ab": nil}, {"a": nil, "b": nil}, {"a": []byte("\x00")}, {"a": []byte("bc")}, {"ab": []byte("c")}, {"a": []byte("b"), "c": nil},
	} {
		d := DigestOf(files)
		if other, ok := seen[d]; ok {
			t.Errorf("%v and %s have one digest", files, other)
		}
		seen[d] = fmt.Sprint(files)
	}
}

// TestOpenNpm opens what npm packed of a folder: it is what we pack of it, to the same digest.
func TestOpenNpm(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"package.json": sample, "index.ts": "export {}", "src/card.ts": "export const a = 1"} {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ours, ds := FromDir(dir, Limits{})
	if ours == nil {
		t.Fatal(ds)
	}
	out := t.TempDir()
	cmd := exec.Command("npm", "pack", "--ignore-scripts", "--offline", "--silent", "--pack-destination", out)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	tgz, err := os.Open(filepath.Join(out, "tv-home-1.0.0.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	defer tgz.Close()
	theirs, err := Open(tgz, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(ours, theirs); d != "" {
		t.Errorf("ours -, npm's +\n%s", d)
	}
}

// entry is one entry of a tarball that a test writes by hand.
type entry struct {
	name, data string
	kind       byte
	link       string
}

func tgz(entries ...entry) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: 0o644, Size: int64(len(e.data))}
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(&h); err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(e.data)); err != nil {
			panic(err)
		}
	}
	_ = w.Close()
	_ = z.Close()
	return out.Bytes()
}

func TestOpenRefuses(t *testing.T) {
	manifest := entry{name: "package/package.json", data: sample}
	file := func(names ...string) []byte {
		es := []entry{manifest}
		for _, n := range names {
			es = append(es, entry{name: n, data: "x"})
		}
		return tgz(es...)
	}
	good := file("package/index.ts")
	small := Limits{Packed: 1 << 20, Unpacked: 4000, File: 1000, Files: 4, Path: 40, Depth: 3, Ratio: 50}
	for _, c := range []struct {
		name string
		in   []byte
		kind fault.Kind
		text string
	}{
		{"nothing", nil, fault.Invalid, "cannot be read"},
		{"no gzip", []byte("<html>"), fault.Invalid, "cannot be read"},
		{"no tar", gz([]byte(strings.Repeat("<html>", 200))), fault.Invalid, "cannot be read"},
		{"cut short", good[:len(good)-20], fault.Invalid, "cannot be read"},
		{"wrong checksum", append(bytes.Clone(good[:len(good)-8]), 1, 2, 3, 4, 5, 6, 7, 8), fault.Invalid, "cannot be read"},
		{"data after the gzip", append(bytes.Clone(good), "more"...), fault.Invalid, "cannot be read"},
		{"data after the tar", append(bytes.Clone(good), gz([]byte("more"))...), fault.Invalid, "data after its end"},
		{"empty", tgz(), fault.Invalid, "no package.json"},
		{"no manifest", tgz(entry{name: "package/index.ts"}), fault.Invalid, "no package.json"},
		{"manifest with a mistake", tgz(entry{name: "package/package.json", data: `{"name":"x","version":"1"}`}), fault.Invalid, "P003"},
		{"symbolic link", tgz(manifest, entry{name: "package/a", kind: tar.TypeSymlink, link: "/etc/passwd"}), fault.Invalid, "is a link"},
		{"hard link", tgz(manifest, entry{name: "package/a", kind: tar.TypeLink, link: "package/package.json"}), fault.Invalid, "is a link"},
		{"device", tgz(manifest, entry{name: "package/a", kind: tar.TypeChar}), fault.Invalid, "is no file"},
		{"pipe", tgz(manifest, entry{name: "package/a", kind: tar.TypeFifo}), fault.Invalid, "is no file"},
		{"absolute", file("/etc/passwd"), fault.Invalid, "one folder"},
		{"up", file("package/../../etc/passwd"), fault.Invalid, "leads out"},
		{"up at once", file("../package/a"), fault.Invalid, "one folder"},
		{"around", file("package/a/./b"), fault.Invalid, "leads out"},
		{"no folder", file("index.ts"), fault.Invalid, "one folder"},
		{"two folders", file("other/index.ts"), fault.Invalid, "one folder"},
		{"twice", file("package/a", "package/a"), fault.Invalid, "there twice"},
		{"twice but for case", file("package/Card.ts", "package/card.ts"), fault.Invalid, "differ in case"},
		{"folders twice but for case", file("package/Src/a", "package/src/b"), fault.Invalid, "differ in case"},
		{"twice but for composition", file("package/\u00e9", "package/e\u0301"), fault.Invalid, "differ in case"},
		{"file and folder", file("package/a", "package/a/b"), fault.Invalid, "file and a folder"},
		{"folder and file", file("package/a/b", "package/a"), fault.Invalid, "file and a folder"},
		{"not UTF-8", file("package/\xff"), fault.Invalid, "not UTF-8"},
		{"control", file("package/a\nb"), fault.Invalid, "control"},
		{"backslash", file(`package/a\b`), fault.Invalid, "backslash"},
		{"long path", file("package/" + strings.Repeat("p", 41)), fault.Limit, "it may have 40"},
		{"deep path", file("package/a/b/c/d"), fault.Limit, "4 deep; it may be 3"},
		{"many files", file("package/a", "package/b", "package/c", "package/d"), fault.Limit, "more than 4 files"},
		{"a large file", tgz(manifest, entry{name: "package/a", data: strings.Repeat("x", 1001)}), fault.TooLarge, "a file may have 1000"},
		{"large together", tgz(manifest, entry{name: "package/a", data: strings.Repeat("x", 1000)}, entry{name: "package/b", data: strings.Repeat("x", 1000)}, entry{name: "package/c", data: strings.Repeat("x", 1000)}, entry{name: "package/d", data: strings.Repeat("x", 1000)}), fault.TooLarge, "4000 bytes together"},
	} {
		_, err := Open(bytes.NewReader(c.in), small)
		if fault.KindOf(err) != c.kind || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: got %s %v, want %s …%s…", c.name, fault.KindOf(err), err, c.kind, c.text)
		}
	}
	if _, err := Open(bytes.NewReader(good), small); err != nil {
		t.Errorf("a good one: %v", err)
	}
	small.Packed = 100
	if _, err := Open(bytes.NewReader(good), small); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("a tarball above the limit: %v", err)
	}
}

// TestOpenBomb opens 40 MB of zeros in 40 KB: as one file, and as an empty tar with what follows its end.
func TestOpenBomb(t *testing.T) {
	zeros := make([]byte, 40<<20)
	var frame bytes.Buffer
	w := tar.NewWriter(&frame)
	if err := w.WriteHeader(&tar.Header{Name: "package/a", Typeflag: tar.TypeReg, Size: int64(len(zeros)), Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   []byte
		kind fault.Kind
	}{
		"one file":       {gz(frame.Bytes(), zeros), fault.TooLarge},
		"nothing but it": {gz(zeros), fault.Limit},
	} {
		if len(c.in) > 100<<10 {
			t.Fatalf("the bomb has %d bytes", len(c.in))
		}
		if _, err := Open(bytes.NewReader(c.in), Limits{}); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func gz(parts ...[]byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	for _, p := range parts {
		_, _ = z.Write(p)
	}
	_ = z.Close()
	return out.Bytes()
}

// stored is gz without compressing, which would be most of a fuzz run.
func stored(b []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		panic(err)
	}
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// FuzzOpen holds that any bytes are refused or become a package that packs into bytes that open as the same package.
func FuzzOpen(f *testing.F) {
	b, err := samplePackage(f).Tarball()
	if err != nil {
		f.Fatal(err)
	}
	plain, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		f.Fatal(err)
	}
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(plain); err != nil {
		f.Fatal(err)
	}
	f.Add(raw.Bytes())
	f.Add([]byte{})
	limits := Limits{Unpacked: 1 << 20, Files: 50}
	f.Fuzz(func(t *testing.T, tarBytes []byte) {
		p, err := Open(bytes.NewReader(stored(tarBytes)), limits)
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.Limit && k != fault.TooLarge {
				t.Fatalf("kind %s: %v", k, err)
			}
			return
		}
		again, err := p.Tarball()
		if err != nil {
			t.Fatal(err)
		}
		q, err := Open(bytes.NewReader(again), limits)
		if err != nil || q.Digest != p.Digest {
			t.Fatalf("packed again it is another: %v", err)
		}
	})
}
