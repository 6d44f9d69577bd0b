package resolvers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/fault"
)

// told is an error as an asker reads it: its kind and hint beside the sentence, and nothing of its causes.
func told(err error) *gqlerror.Error {
	out := &gqlerror.Error{Message: fault.Public(err), Extensions: map[string]any{"code": string(fault.KindOf(err))}}
	var f *fault.Error
	if errors.As(err, &f) && f.Subject != "" && slices.Contains(named, f.Kind) {
		out.Message = f.Subject + ": " + out.Message
	}
	if hint := fault.HintOf(err); hint != "" {
		out.Extensions["hint"] = hint
	}
	return out
}

// named are the kinds whose subject is what the asker named: a package, a release, an environment. That of others may be a key of the store.
var named = []fault.Kind{fault.Invalid, fault.NotFound, fault.Conflict, fault.TooLarge, fault.Limit}

// ours is an error of a field: what control did not make a fault is internal. So the presenter can tell it from gqlgen's own.
func ours(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) {
		return err
	}
	return fault.Wrap(fault.KindOf(err), "resolvers", "", err)
}

// presenter shows every error of an operation. Those without a fault are gqlgen's own, about the document and its variables.
func presenter(log zerolog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		a := asking(ctx)
		var g *gqlerror.Error
		var f *fault.Error
		if errors.As(err, &g) && !errors.As(err, &f) {
			code, _ := g.Extensions["code"].(string)
			switch {
			case isKind(code): // told already
				return g
			case code == "COMPLEXITY_LIMIT_EXCEEDED":
				a.unfit = true
				g.Extensions = map[string]any{"code": string(fault.Limit), "hint": "ask for fewer at a time, with first"}
				return g
			case !slices.Contains(nulls, g.Message):
				a.unfit = a.unfit || !a.started
				g.Extensions = map[string]any{"code": string(fault.Invalid)}
				return g
			}
		}
		out := told(err)
		if g != nil {
			out.Path, out.Locations = g.Path, g.Locations
		}
		if out.Extensions["code"] == string(fault.Internal) {
			out.Extensions["request"] = a.id
			log.Error().Str("request", a.id).Str("who", a.who.name).Str("path", out.Path.String()).Err(err).Msg("control API")
		}
		return out
	}
}

// nulls are what gqlgen says of a field that is null against its type: a mistake of ours.
var nulls = []string{"must not be null", "the requested element is null which the schema does not allow"}

func isKind(code string) bool {
	for _, k := range fault.Kinds() {
		if string(k) == code {
			return true
		}
	}
	return false
}

// recovered makes a panic an internal error, with its stack in the log alone.
func recovered(log zerolog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, p any) error {
		if a := asking(ctx); !a.started { // the multipart transport does so of a map that does not fit
			return fault.New(fault.Invalid, "the map of the request does not fit its variables")
		}
		log.Error().Str("request", asking(ctx).id).Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("control API")
		return fault.New(fault.Internal, "panic: %v", p)
	}
}
