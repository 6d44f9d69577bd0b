package resolvers

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/fault"
)

// told is an error as an asker reads it: its kind and hint beside the sentence, and nothing of its causes.
func told(err error) *gqlerror.Error {
	out := &gqlerror.Error{Message: fault.Public(err), Extensions: map[string]any{"code": string(fault.KindOf(err))}}
	if hint := fault.HintOf(err); hint != "" {
		out.Extensions["hint"] = hint
	}
	return out
}

// presenter shows every error of an operation. Those without a fault are gqlgen's own, about the document and its variables.
func presenter(log zerolog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var g *gqlerror.Error
		var f *fault.Error
		if errors.As(err, &g) && !errors.As(err, &f) {
			if g.Unwrap() == nil || ofDocument(g) {
				if code, _ := g.Extensions["code"].(string); !isKind(code) {
					g.Extensions = map[string]any{"code": string(fault.Invalid)}
				}
				return g
			}
		}
		out := told(err)
		if g != nil {
			out.Path, out.Locations = g.Path, g.Locations
		}
		if out.Path == nil {
			out.Path = graphql.GetPath(ctx)
		}
		if out.Extensions["code"] == string(fault.Internal) {
			a := asking(ctx)
			out.Extensions["request"] = a.id
			log.Error().Str("request", a.id).Str("who", a.who.name).Str("path", out.Path.String()).Err(err).Msg("control API")
		}
		return out
	}
}

// ofDocument says whether the executor made the error while reading the document or its variables.
func ofDocument(g *gqlerror.Error) bool {
	code, _ := g.Extensions["code"].(string)
	return code == "GRAPHQL_PARSE_FAILED" || code == "GRAPHQL_VALIDATION_FAILED"
}

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
		log.Error().Str("request", asking(ctx).id).Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("control API")
		return fault.New(fault.Internal, "panic: %v", p)
	}
}
