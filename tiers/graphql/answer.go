package graphql

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"facet/fault"
	"facet/tiers"
	"facet/tiers/http"
)

// data is what an answer has under "data", mostly as a part of its body. Where the server failed for some of it, misfits stand
// there; where it failed for all of it, the call fails.
func (k *call) data(reply http.Reply, c *tiers.Call) (_ []byte, partial bool, err error) {
	data, errs, err := split(reply.Body)
	switch {
	case err != nil:
		return nil, false, k.failed(fault.BadAnswer, err)
	case errs != nil:
		return k.refused(reply.Status, data, errs, c)
	case reply.Status < 200 || reply.Status > 299:
		kind, _ := http.Status(reply.Status)
		return nil, false, k.failed(kind, fmt.Errorf("status %d without errors", reply.Status))
	case data == nil:
		return nil, false, k.failed(fault.BadAnswer, fmt.Errorf("neither data nor errors: %.200q", reply.Body))
	}
	return data, false, nil
}

// refused makes an error of the server's: of the worst of them; or data without what failed.
func (k *call) refused(status int, data, raw []byte, c *tiers.Call) (_ []byte, partial bool, err error) {
	var errs []struct {
		Message    string `json:"message"`
		Path       []any  `json:"path"`
		Extensions struct {
			Code any `json:"code"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal(raw, &errs); err != nil {
		return nil, false, k.failed(fault.BadAnswer, fmt.Errorf("errors: %w", err))
	}
	if len(errs) == 0 {
		return nil, false, k.failed(fault.BadAnswer, errors.New("errors is empty"))
	}
	kind, cause := fault.Kind(""), error(nil)
	var b broken
	placed := data != nil && string(data) != "null" && status < 300
	for _, e := range errs {
		code, _ := e.Extensions.Code.(string)
		as := codes[strings.ToUpper(code)]
		if as == "" {
			as = otherwise(status, data != nil)
		}
		if as == fault.NotFound && data != nil && (k.op.Batch || len(e.Path) > 1) {
			continue // what stands there is null: it does not exist
		}
		b.add(e.Path)
		placed = placed && len(e.Path) > 0
		if kind == "" || worse(as, kind) {
			kind, cause = as, fmt.Errorf("%d errors, one at %v: %s: %.200q", len(errs), e.Path, code, e.Message)
		}
	}
	if kind == "" {
		return data, false, nil
	}
	if placed {
		if part, ok := k.partial(data, &b, c); ok {
			return part, true, nil
		}
	}
	return nil, false, k.failed(kind, cause)
}

// otherwise is the kind of an error that says none: where the server ran the query it failed, else it did not take it.
func otherwise(status int, ran bool) fault.Kind {
	if kind, _ := http.Status(status); kind != "" && status != 400 {
		return kind
	}
	if ran {
		return fault.Unavailable
	}
	return fault.BadAnswer
}

func (k *call) failed(kind fault.Kind, err error) error {
	return &fault.Error{Kind: kind, Op: "tier", Subject: k.op.ID, Message: sentences[kind], Err: err}
}
