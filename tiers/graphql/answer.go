package graphql

import (
	"encoding/json"
	"fmt"
	"strings"

	"facet/fault"
	"facet/tiers/http"
)

// data is what an answer has under "data", as a part of its body. An error of the server fails the call: the query asks for
// what is wanted and nothing else, so that each error touches something that is wanted.
func (k *call) data(reply *http.Reply) ([]byte, error) {
	data, errs, err := split(reply.Body)
	switch {
	case err != nil:
		return nil, k.failed(fault.BadAnswer, err)
	case errs != nil:
		return data, k.refused(reply.Status, data, errs)
	case reply.Status < 200 || reply.Status > 299:
		kind, _ := http.Status(reply.Status)
		return nil, k.failed(kind, fmt.Errorf("status %d without errors", reply.Status))
	case data == nil:
		return nil, k.failed(fault.BadAnswer, fmt.Errorf("neither data nor errors: %.200q", reply.Body))
	}
	return data, nil
}

// refused makes an error of the server's: of the worst of them; nil where they say no more than the nulls that stand for them.
func (k *call) refused(status int, data, raw []byte) error {
	var errs []struct {
		Message    string `json:"message"`
		Path       []any  `json:"path"`
		Extensions struct {
			Code any `json:"code"`
		} `json:"extensions"`
	}
	if err := json.Unmarshal(raw, &errs); err != nil {
		return k.failed(fault.BadAnswer, fmt.Errorf("errors: %w", err))
	}
	if len(errs) == 0 {
		return k.failed(fault.BadAnswer, fmt.Errorf("errors is empty"))
	}
	kind, cause := fault.Kind(""), error(nil)
	for _, e := range errs {
		code, _ := e.Extensions.Code.(string)
		as := codes[strings.ToUpper(code)]
		if as == "" {
			as = otherwise(status, data != nil)
		}
		if as == fault.NotFound && data != nil && (k.op.Batch || len(e.Path) > 1) {
			continue // what stands there is null: it does not exist
		}
		if kind == "" || worse(as, kind) {
			kind, cause = as, fmt.Errorf("%d errors, one at %v: %s: %.200q", len(errs), e.Path, code, e.Message)
		}
	}
	if kind == "" {
		return nil
	}
	return k.failed(kind, cause)
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
