package resolvers

import (
	"context"
	"reflect"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"facet/fault"
	"facet/resolvers/internal/model"
)

// start marks the operation as begun, and lets only holders of the scope read ask queries and subscriptions, introspection among them.
func (s *server) start(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	asking(ctx).started = true
	if graphql.GetOperationContext(ctx).Operation.Operation != ast.Mutation {
		if err := may(ctx, reading, ""); err != nil {
			return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{told(err)}, Data: []byte("null")})
		}
	}
	return next(ctx)
}

// note logs each mutation: who did what to what, and how it ended.
func (s *server) note(ctx context.Context, next graphql.Resolver) (any, error) {
	f := graphql.GetFieldContext(ctx)
	if f.Object != "Mutation" {
		out, err := next(ctx)
		return out, ours(err)
	}
	began, a := time.Now(), asking(ctx)
	out, err := next(ctx)
	err = ours(err)
	line := s.log.Info()
	result := "ok"
	switch {
	case err != nil:
		result = string(fault.KindOf(err))
		line = s.log.Warn().Str("error", fault.Public(err))
	case !succeeded(out):
		result = "refused"
	}
	if line == nil { // the level is off
		return out, err
	}
	line.Str("request", a.id).Str("who", a.who.name).Str("verb", f.Field.Name).Str("result", result).Dur("took", time.Since(began))
	for _, name := range []string{"env", "package", "version", "tag", "graph"} {
		if v, ok := f.Args[name].(string); ok && v != "" {
			line.Str(name, v)
		}
	}
	switch in := f.Args["input"].(type) {
	case model.ReleaseInput:
		line.Str("env", in.Env).Strs("regions", in.Regions).Strs("deploy", in.Deploy)
	case model.RollbackInput:
		line.Str("env", in.Env).Strs("regions", in.Regions).Str("to", in.To)
	}
	if err == nil {
		switch out := out.(type) {
		case *model.PublishPayload:
			line.Str("published", out.Package+"@"+out.Version)
		case *model.ReleasePayload:
			line.Str("release", out.Release).Bool("unchanged", out.Unchanged)
		}
	}
	line.Msg("control API")
	return out, err
}

// succeeded says whether a payload's ok is not false.
func succeeded(payload any) bool {
	v := reflect.Indirect(reflect.ValueOf(payload))
	if v.Kind() != reflect.Struct {
		return true
	}
	ok := v.FieldByName("Ok")
	return !ok.IsValid() || ok.Bool()
}
