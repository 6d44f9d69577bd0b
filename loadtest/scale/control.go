package scale

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tarball packs files as npm does: equal files give equal bytes.
func tarball(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	t := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(files[name])), Typeflag: tar.TypeReg}
		if err := t.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := t.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// A controller speaks to a control API.
type controller struct {
	url    string
	client http.Client
}

const publishMutation = `mutation($file: Upload!, $env: String!) { publish(tarball: $file, env: $env, graph: "1.0.0") { ok package diagnostics { severity message file line } } }`

// publish publishes one version, checked and built against the graph.
func (c *controller) publish(ctx context.Context, env string, v *Version) error {
	content, err := tarball(v.Files())
	if err != nil {
		return err
	}
	var out struct {
		Publish struct {
			OK          bool
			Diagnostics []json.RawMessage
		}
	}
	if err := c.upload(ctx, publishMutation, map[string]any{"file": nil, "env": env}, content, &out); err != nil {
		return fmt.Errorf("%s: %w", v.Name, err)
	}
	if !out.Publish.OK {
		return fmt.Errorf("%s is refused: %s\n%s", v.Name, out.Publish.Diagnostics, v.Source)
	}
	return nil
}

const graphMutation = `mutation($file: Upload!) { publishGraph(file: $file, version: "1.0.0") { ok diagnostics { message } } }`

func (c *controller) graph(ctx context.Context, sdl string) error {
	var out struct {
		PublishGraph struct {
			OK          bool
			Diagnostics []json.RawMessage
		}
	}
	if err := c.upload(ctx, graphMutation, map[string]any{"file": nil}, []byte(sdl), &out); err != nil {
		return err
	}
	if !out.PublishGraph.OK {
		return fmt.Errorf("the graph is refused: %s", out.PublishGraph.Diagnostics)
	}
	return nil
}

const releaseMutation = `mutation($input: ReleaseInput!) { release(input: $input) { ok release diagnostics { message } failures { package } } }`

// release deploys versions, and gives the release's digest.
func (c *controller) release(ctx context.Context, env string, ids []string) (string, error) {
	var out struct {
		Release struct {
			OK                    bool
			Release               string
			Diagnostics, Failures []json.RawMessage
		}
	}
	body, err := json.Marshal(map[string]any{"query": releaseMutation, "variables": map[string]any{"input": map[string]any{"env": env, "regions": []string{region}, "deploy": ids, "graph": "1.0.0"}}})
	if err != nil {
		return "", err
	}
	if err := c.send(ctx, "application/json", body, &out); err != nil {
		return "", err
	}
	if !out.Release.OK {
		return "", fmt.Errorf("the release is refused: %s %s", out.Release.Diagnostics, out.Release.Failures)
	}
	return out.Release.Release, nil
}

// upload sends a mutation with one file, the variable "file".
func (c *controller) upload(ctx context.Context, mutation string, variables map[string]any, content []byte, out any) error {
	operations, err := json.Marshal(map[string]any{"query": mutation, "variables": variables})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	err = errors.Join(form.WriteField("operations", string(operations)), form.WriteField("map", `{"0":["variables.file"]}`))
	part, err2 := form.CreateFormFile("0", "file")
	if err = errors.Join(err, err2); err != nil {
		return err
	}
	if _, err := part.Write(content); err != nil {
		return err
	}
	if err := form.Close(); err != nil {
		return err
	}
	return c.send(ctx, form.FormDataContentType(), b.Bytes(), out)
}

func (c *controller) send(ctx context.Context, media string, body []byte, out any) error {
	for try := 0; ; try++ {
		text, status, err := c.once(ctx, media, body)
		if err != nil {
			return err
		}
		if status == http.StatusTooManyRequests && try < 50 { // it builds as many as it can
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var answer struct {
			Data   json.RawMessage
			Errors []struct{ Message string }
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("the control API answers %d: %.300s", status, text)
		}
		if len(answer.Errors) > 0 {
			var said []string
			for _, e := range answer.Errors {
				said = append(said, e.Message)
			}
			return errors.New(strings.Join(said, "; "))
		}
		return json.Unmarshal(answer.Data, out)
	}
}

func (c *controller) once(ctx context.Context, media string, body []byte) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := c.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	return text, res.StatusCode, err
}
