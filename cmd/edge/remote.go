package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"facet/fault"
)

// A remote is the control API as the commands that are its clients see it.
type remote struct {
	Streams
	at        string // URL without /graphql
	tokenFile string
	env       string
	asJSON    bool
	client    http.Client
}

const (
	remotePatience = 150 * time.Second // for one answer: a release may build hundreds of packages
	maxAnswer      = 64 << 20
	busyRetries    = 20 // of an upload that is told to come back
)

// newRemote adds the flags that every client command has.
func newRemote(s Streams, c *cobra.Command) *remote {
	r := &remote{Streams: s}
	r.client.Timeout = remotePatience
	r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // no token goes elsewhere
	c.Flags().StringVar(&r.at, "control", orEnv("FACET_CONTROL", "http://127.0.0.1:8081"), "URL of the control API (FACET_CONTROL)")
	c.Flags().StringVar(&r.tokenFile, "token-file", "", "file that holds the token (default: the variable FACET_TOKEN)")
	return r
}

func (r *remote) envFlag(c *cobra.Command) {
	c.Flags().StringVarP(&r.env, "env", "e", orEnv("FACET_ENV", "dev"), "environment (FACET_ENV)")
}

func (r *remote) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&r.asJSON, "json", false, "print JSON, in the shape of the control API's types")
}

func orEnv(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

// ask executes an operation and decodes its data into out.
func (r *remote) ask(ctx context.Context, operation string, vars map[string]any, out any) error {
	body, err := json.Marshal(map[string]any{"query": operation, "variables": vars})
	if err != nil {
		return err
	}
	return r.send(ctx, "application/json", body, out)
}

// An attached file is one that goes with an operation.
type attached struct {
	at      string // the variable that it is: "tarball", or "input.unpublished.0.tarball"; null there
	name    string
	content []byte
}

// upload executes an operation with files. An API that is busy with others' is asked again.
func (r *remote) upload(ctx context.Context, operation string, vars map[string]any, files []attached, out any) error {
	operations, err := json.Marshal(map[string]any{"query": operation, "variables": vars})
	if err != nil {
		return err
	}
	at := map[string][]string{}
	for i, f := range files {
		at[strconv.Itoa(i)] = []string{"variables." + f.at}
	}
	places, err := json.Marshal(at)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	err = errors.Join(form.WriteField("operations", string(operations)), form.WriteField("map", string(places)))
	for i, f := range files {
		part, err2 := form.CreateFormFile(strconv.Itoa(i), f.name)
		if err = errors.Join(err, err2); err != nil {
			return err
		}
		_, err = part.Write(f.content)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return err
	}
	for try := 0; ; try++ {
		err := r.send(ctx, form.FormDataContentType(), b.Bytes(), out)
		if !errors.Is(err, errBusy) || try == busyRetries {
			return err
		}
		select {
		case <-time.After(time.Duration(200+100*try) * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// errBusy is in the chain of an error that asks to come back.
var errBusy = errors.New("busy")

func (r *remote) send(ctx context.Context, media string, body []byte, out any) error {
	token, err := r.token()
	if err != nil {
		return err
	}
	at, err := url.Parse(r.at)
	if err != nil || (at.Scheme != "http" && at.Scheme != "https") || at.Host == "" {
		return usageError{fmt.Errorf("--control %q is no http or https URL", r.at)}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.JoinPath("graphql").String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", media)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", "edge/"+currentVersion().Version)
	res, err := r.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err // without the URL a second time
		}
		if unanswered(err) {
			return (&fault.Error{Kind: fault.Unavailable, Message: "the control API at " + r.at + " went away before it answered", Err: err}).WithHint("ask the same again: what was done already is not done twice")
		}
		return (&fault.Error{Kind: fault.Unavailable, Message: "the control API at " + r.at + " does not answer", Err: err}).WithHint("edge dev and edge serve run one; name it with --control or FACET_CONTROL")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fault.Wrap(fault.Unavailable, "control API", r.at, err)
	}
	return r.read(res, text, out)
}

// unanswered says that a request had a connection, so that it may have been carried out.
func unanswered(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.As(err, &op) && op.Op == "read"
}

// read takes an answer apart. Its first error is the command's, with the sentences of the others.
func (r *remote) read(res *http.Response, text []byte, out any) error {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message    string `json:"message"`
			Extensions struct {
				Code    string `json:"code"`
				Hint    string `json:"hint"`
				Request string `json:"request"`
			} `json:"extensions"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || (len(answer.Errors) == 0 && len(answer.Data) == 0) {
		return fault.New(fault.BadAnswer, "%s answers %s, which is no control API", r.at, res.Status).WithHint("--control is the URL that edge dev prints, without /graphql")
	}
	if len(answer.Errors) > 0 {
		first := answer.Errors[0]
		var sentences []string
		for _, e := range answer.Errors {
			sentences = append(sentences, e.Message)
		}
		e := &fault.Error{Kind: fault.Kind(first.Extensions.Code), Message: strings.Join(sentences, "\n"), Hint: first.Extensions.Hint}
		if id := first.Extensions.Request; id != "" {
			e.Hint = "the server's log says more under the request " + id
		}
		if res.StatusCode == http.StatusTooManyRequests {
			e.Err = errBusy
		}
		return e
	}
	if err := json.Unmarshal(answer.Data, out); err != nil {
		return fault.Wrap(fault.BadAnswer, "control API", r.at, err)
	}
	return nil
}

// token is from the file, else the environment: never from the command line, where every user of the machine reads it.
func (r *remote) token() (string, error) {
	token := os.Getenv("FACET_TOKEN")
	if r.tokenFile != "" {
		b, err := os.ReadFile(r.tokenFile)
		if err != nil {
			return "", fault.New(fault.NotFound, "the token file cannot be read: %v", err)
		}
		token = string(b)
	}
	if token = strings.TrimSpace(token); token == "" {
		return "", fault.New(fault.Unauthorized, "there is no token for the control API").WithHint("set FACET_TOKEN, or name a file with --token-file; edge dev prints one")
	}
	return token, nil
}

// print writes data as JSON, in the API's own shape.
func (r *remote) print(data json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := r.Out.Write(readable(b.Bytes()))
	return err
}

// readable writes <, > and & in JSON as they are, where the encoder made them safe for HTML.
func readable(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		if i+6 <= len(text) {
			if c, ok := htmlEscapes[string(text[i:i+6])]; ok {
				out = append(out, c)
				i += 5
				continue
			}
		}
		out = append(out, text[i], text[i+1])
		i++
	}
	return out
}

var htmlEscapes = map[string]byte{`\u003c`: '<', `\u003e`: '>', `\u0026`: '&'}

// slow says on standard error what is being done, if it takes longer than a second. The function ends it.
func (r *remote) slow(format string, args ...any) func() {
	t := time.AfterFunc(time.Second, func() { fmt.Fprintf(r.Err, format+" …\n", args...) })
	return func() { t.Stop() }
}

// said prints an error as the program does, and is the exit code 1 for one that a person can mend in what the command was given.
func (r *remote) said(err error) error {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.TooLarge, fault.Limit:
		fmt.Fprintln(r.Err, "edge:", strings.TrimSpace(err.Error()))
		if hint := fault.HintOf(err); hint != "" {
			fmt.Fprintln(r.Err, "  ->", hint)
		}
		return errFailed
	}
	return err
}
