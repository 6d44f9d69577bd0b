package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"facet/pack"
)

// A Diagnostic is a mistake as the control API tells it.
type Diagnostic struct {
	Code, Severity, File string
	Line, Column         int
	Message, Hint        string
}

// Published is what became of publishing a package.
type Published struct {
	OK          bool
	ID          string // "name@version"
	Diagnostics []Diagnostic
	Code        string // of the API's error, if it is one: "invalid", "too_large", …
	Message     string
	Took        time.Duration
}

// Refusal is the outcome's text: the first mistake's code and place, or the error's code. "" if it was published.
func (p *Published) Refusal() string {
	if p.OK {
		return ""
	}
	for _, d := range p.Diagnostics {
		if strings.EqualFold(d.Severity, "error") {
			if d.Line > 0 {
				return fmt.Sprintf("refused at publish %s at %s:%d", d.Code, d.File, d.Line)
			}
			return "refused at publish " + d.Code
		}
	}
	return "refused at publish " + p.Code
}

// Outside is a file of the host that a diagnostic names: the package made the control API look there. "" if there is none.
func (p *Published) Outside() string {
	for _, d := range p.Diagnostics {
		if strings.HasPrefix(d.File, "/") || strings.HasPrefix(d.File, "..") || strings.Contains(d.Message, "root:x:0") {
			return d.File
		}
	}
	return ""
}

// tarball packs files as npm would.
func tarball(files map[string][]byte) ([]byte, error) {
	return (&pack.Package{Files: files}).Tarball()
}

// Publish publishes a tarball. An error means that the API gave no answer.
func (f *Fleet) Publish(ctx context.Context, tarball []byte) (*Published, error) {
	began := time.Now()
	var out struct {
		Publish struct {
			OK               bool
			Package, Version string
			Diagnostics      []Diagnostic
		}
	}
	code, message, err := f.upload(ctx, `mutation($file: Upload!) { publish(tarball: $file, env: "`+environment+`") {
		ok package version diagnostics { code severity file line column message hint } } }`, tarball, &out)
	if err != nil {
		return nil, err
	}
	p := out.Publish
	return &Published{OK: p.OK, ID: p.Package + "@" + p.Version, Diagnostics: p.Diagnostics, Code: code, Message: message, Took: time.Since(began)}, nil
}

// PublishFiles publishes files, packed as npm would.
func (f *Fleet) PublishFiles(ctx context.Context, files map[string][]byte) (*Published, error) {
	tgz, err := tarball(files)
	if err != nil {
		return nil, err
	}
	return f.Publish(ctx, tgz)
}

// Deploy makes a release that deploys packages, and gives its digest.
func (f *Fleet) Deploy(ctx context.Context, ids ...string) (string, error) {
	var out struct {
		Release struct {
			OK          bool
			Release     string
			Diagnostics []Diagnostic
			Failures    []struct {
				Package     string
				Diagnostics []Diagnostic
			}
		}
	}
	body, err := json.Marshal(map[string]any{"query": `mutation($ids: [String!]!) { release(input: { env: "` + environment + `", regions: ["eu"], deploy: $ids }) {
		ok release diagnostics { code message } failures { package diagnostics { code message } } } }`, "variables": map[string]any{"ids": ids}})
	if err != nil {
		return "", err
	}
	code, message, err := f.ask(ctx, "application/json", body, &out)
	switch {
	case err != nil:
		return "", err
	case code != "":
		return "", fmt.Errorf("%s: %s", code, message)
	case !out.Release.OK:
		return "", fmt.Errorf("the release is refused: %v %v", out.Release.Diagnostics, out.Release.Failures)
	}
	return out.Release.Release, nil
}

func (f *Fleet) publishGraph(ctx context.Context) error {
	var out struct{ PublishGraph struct{ OK bool } }
	code, message, err := f.upload(ctx, `mutation($file: Upload!) { publishGraph(file: $file, version: "1.0.0") { ok } }`, []byte(graphSource), &out)
	if err != nil || code != "" || !out.PublishGraph.OK {
		return fmt.Errorf("the graph is not published: %s %s %w", code, message, err)
	}
	return nil
}

// upload asks with a file: the variable $file.
func (f *Fleet) upload(ctx context.Context, query string, content []byte, out any) (code, message string, err error) {
	operations, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"file": nil}})
	if err != nil {
		return "", "", err
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	err = errors.Join(form.WriteField("operations", string(operations)), form.WriteField("map", `{"0":["variables.file"]}`))
	part, err2 := form.CreateFormFile("0", "package.tgz")
	if err = errors.Join(err, err2); err != nil {
		return "", "", err
	}
	if _, err = part.Write(content); err != nil {
		return "", "", err
	}
	if err := form.Close(); err != nil {
		return "", "", err
	}
	return f.ask(ctx, form.FormDataContentType(), b.Bytes(), out)
}

// ask sends an operation to the control API; code and message are those of its first error.
func (f *Fleet) ask(ctx context.Context, media string, body []byte, out any) (code, message string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.controlAt+"/graphql", bytes.NewReader(body))
	if err != nil {
		return "", "", err
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := f.client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return "", "", err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
		// A problem, of a request that never reached GraphQL.
		Type, Title, Detail string
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", "", fmt.Errorf("%s: %.300s", resp.Status, text)
	}
	if len(answer.Errors) > 0 {
		return answer.Errors[0].Extensions.Code, answer.Errors[0].Message, nil
	}
	if answer.Data == nil {
		return answer.Type, answer.Detail, nil
	}
	return "", "", json.Unmarshal(answer.Data, out)
}
