package jsongraph

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"

	"facet/fault"
	"facet/serve"
)

// params are the named values of a request, each as JSON text; "" if it was not sent.
type params struct {
	method       string
	paths        string
	jsonGraph    string
	callPath     string
	arguments    string
	pathSuffixes string
}

var (
	errVerb  = &fault.Error{Kind: fault.Invalid, Message: "a JSON Graph is asked by GET or POST"}
	errMedia = &fault.Error{Kind: fault.Invalid, Message: "the body must be application/x-www-form-urlencoded or application/json"}
)

func (x *exchange) read() (params, error) {
	switch x.r.Method {
	case http.MethodGet, http.MethodHead:
		if int64(len(x.r.URL.RawQuery)) > x.h.limits.Body {
			return params{}, fault.New(fault.TooLarge, "the query is past the limit of %d bytes", x.h.limits.Body).WithHint("send method=get by POST")
		}
		p, err := form(x.r.URL.RawQuery)
		if err != nil {
			return p, err
		}
		if p.method == "" && p.paths != "" {
			p.method = "get"
		}
		if p.method == "set" || p.method == "call" {
			return p, errMethod
		}
		return p, nil
	case http.MethodPost:
		return x.post()
	}
	return params{}, errVerb
}

func (x *exchange) post() (params, error) {
	if serve.Forgeable(x.r) {
		return params{}, fault.New(fault.Forbidden, "a page of another origin could have sent this").
			WithHint("send X-Requested-With, or a bearer token")
	}
	media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" && media != "application/json" {
		return params{}, errMedia
	}
	body, err := serve.Body(x.w, x.r, int(x.h.limits.Body))
	if err != nil {
		return params{}, err
	}
	if media == "application/json" {
		return object(body)
	}
	return form(string(body))
}

func form(text string) (params, error) {
	v, err := url.ParseQuery(text)
	if err != nil {
		return params{}, invalid("the parameters are not URL-encoded")
	}
	return params{method: v.Get("method"), paths: v.Get("paths"), jsonGraph: v.Get("jsonGraph"), callPath: v.Get("callPath"),
		arguments: v.Get("arguments"), pathSuffixes: v.Get("pathSuffixes")}, nil
}

// object reads the same parameters from a JSON object.
func object(body []byte) (params, error) {
	var v struct {
		Method       string          `json:"method"`
		Paths        json.RawMessage `json:"paths"`
		JSONGraph    json.RawMessage `json:"jsonGraph"`
		CallPath     json.RawMessage `json:"callPath"`
		Arguments    json.RawMessage `json:"arguments"`
		PathSuffixes json.RawMessage `json:"pathSuffixes"`
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return params{}, invalid("the body is no JSON object with a method")
	}
	return params{method: v.Method, paths: string(v.Paths), jsonGraph: string(v.JSONGraph), callPath: string(v.CallPath),
		arguments: string(v.Arguments), pathSuffixes: string(v.PathSuffixes)}, nil
}
