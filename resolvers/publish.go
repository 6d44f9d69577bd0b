package resolvers

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"facet/control"
	"facet/fault"
	"facet/pack"
	"facet/resolvers/internal/model"
	"facet/view"
)

// maxGraph is the most bytes that an uploaded graph may have.
const maxGraph = 8 << 20

// publish stores an uploaded tarball. What its author can mend is in the payload.
func (r *root) publish(ctx context.Context, file graphql.Upload, p control.Publication) (*model.PublishPayload, error) {
	var err error
	if p.Tarball, err = r.tarball(ctx, file); err != nil {
		return nil, err
	}
	out, err := r.control.Publish(ctx, p)
	if out == nil || out.Package == nil || err != nil && !out.Diagnostics.Failed() {
		return nil, orInternal(err)
	}
	return publication(out, err == nil), nil
}

// tarball reads an upload whose package the token may publish.
func (r *root) tarball(ctx context.Context, file graphql.Upload) ([]byte, error) {
	who := asking(ctx).who
	if !who.some(publishing) {
		return nil, may(ctx, publishing, "")
	}
	limit := r.control.Limits.Packed
	if limit == 0 {
		limit = pack.DefaultLimits().Packed
	}
	b, err := read(file, limit)
	if err != nil {
		return nil, err
	}
	if who.narrow(publishing) { // whose it is says the tarball alone
		pkg, err := pack.Open(bytes.NewReader(b), r.control.Limits)
		if err != nil {
			return nil, err
		}
		if err := may(ctx, publishing, pkg.Manifest.Name); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func publication(p *control.Published, ok bool) *model.PublishPayload {
	var documents *view.Documents
	if p.Build != nil {
		documents = p.Build.Documents
	}
	return &model.PublishPayload{
		Documents: documents.Len(), DocumentsOnly: documents.Only(),
		Ok: ok, Package: p.Package.Manifest.Name, Version: p.Version, Tag: p.Tag, New: p.New,
		Digest: p.Package.Digest, Build: p.Digest, Diagnostics: p.Diagnostics, Budgets: p.Budgets, Changes: changes(p.Changes),
	}
}

// publishGraph stores the SDL of a file or of a text.
func (r *root) publishGraph(ctx context.Context, file *graphql.Upload, sdl *string, version string) (*model.PublishGraphPayload, error) {
	var text []byte
	name := "graph.graphqls"
	switch {
	case (file == nil) == (sdl == nil):
		return nil, fault.New(fault.Invalid, "publishGraph takes either a file or sdl")
	case sdl != nil:
		text = []byte(*sdl)
	default:
		var err error
		if text, err = read(*file, maxGraph); err != nil {
			return nil, err
		}
		name = cmp.Or(file.Filename, name)
	}
	g, ds, err := r.control.PublishGraph(ctx, name, version, text)
	if err != nil && !ds.Failed() {
		return nil, err
	}
	out := &model.PublishGraphPayload{Ok: err == nil, Version: version, Diagnostics: ds}
	if g != nil {
		out.Digest = g.Digest
	}
	return out, nil
}

func (r *root) graph(ctx context.Context, version string) (*model.GraphText, error) {
	g, err := r.control.Graph(ctx, version)
	if err != nil {
		return nil, err
	}
	return &model.GraphText{Version: version, Digest: g.Digest, Sdl: string(g.Source)}, nil
}

// read is an uploaded file.
func read(file graphql.Upload, limit int64) ([]byte, error) {
	if file.File == nil {
		return nil, fault.New(fault.Invalid, "the upload has no file")
	}
	b, err := io.ReadAll(io.LimitReader(file.File, limit+1))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "upload", file.Filename, err)
	}
	if int64(len(b)) > limit {
		return nil, fault.New(fault.TooLarge, "the file has more than %d bytes", limit)
	}
	return b, nil
}

func (r *root) packages(ctx context.Context, after string, first int) ([]model.Package, error) {
	if err := page(first); err != nil {
		return nil, err
	}
	names, err := r.control.Packages(ctx)
	if err != nil {
		return nil, err
	}
	i, found := slices.BinarySearch(names, after)
	if found {
		i++
	}
	var out []model.Package
	for _, name := range names[i:min(len(names), i+first)] {
		out = append(out, model.Named(name, r.control.Index))
	}
	return out, nil
}

func tags(in pack.Index, err error) ([]model.Tag, error) {
	var out []model.Tag
	for _, name := range slices.Sorted(maps.Keys(in.Tags)) {
		out = append(out, model.Tag{Name: name, Version: in.Tags[name]})
	}
	return out, err
}

func versions(ctx context.Context, p *model.Package, first int) ([]model.Version, error) {
	if err := page(first); err != nil {
		return nil, err
	}
	in, err := p.Index(ctx)
	if err != nil {
		return nil, err
	}
	names := slices.SortedFunc(maps.Keys(in.Versions), newestFirst)
	var out []model.Version
	for _, name := range names[:min(len(names), first)] {
		v := in.Versions[name]
		one := model.Version{Version: name, Digest: v.Digest, Bytes: int(v.Bytes), Deprecated: v.Deprecated, Yanked: v.Yanked}
		for _, tag := range slices.Sorted(maps.Keys(in.Tags)) {
			if in.Tags[tag] == name {
				one.Tags = append(one.Tags, tag)
			}
		}
		out = append(out, one)
	}
	return out, nil
}

func newestFirst(a, b string) int {
	v, err := pack.ParseVersion(a)
	w, err2 := pack.ParseVersion(b)
	if err != nil || err2 != nil || v.Compare(w) == 0 {
		return cmp.Compare(b, a)
	}
	return w.Compare(v)
}
