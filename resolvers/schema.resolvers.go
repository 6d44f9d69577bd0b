package resolvers

import (
	"context"

	"facet/fault"
	"facet/resolvers/internal/exec"
)

func (r *diagnosticRoot) Severity(ctx context.Context, obj *fault.Diagnostic) (string, error) {
	return string(obj.Severity), nil
}

func (r *diagnosticRoot) File(ctx context.Context, obj *fault.Diagnostic) (string, error) {
	return obj.Pos.File, nil
}

func (r *diagnosticRoot) Line(ctx context.Context, obj *fault.Diagnostic) (int, error) {
	return obj.Pos.Line, nil
}

func (r *diagnosticRoot) Column(ctx context.Context, obj *fault.Diagnostic) (int, error) {
	return obj.Pos.Col, nil
}

func (r *diagnosticNoteRoot) File(ctx context.Context, obj *fault.Note) (string, error) {
	return obj.Pos.File, nil
}

func (r *diagnosticNoteRoot) Line(ctx context.Context, obj *fault.Note) (int, error) {
	return obj.Pos.Line, nil
}

func (r *diagnosticNoteRoot) Column(ctx context.Context, obj *fault.Note) (int, error) {
	return obj.Pos.Col, nil
}

func (r *root) Diagnostic() exec.DiagnosticResolver { return &diagnosticRoot{r} }

func (r *root) DiagnosticNote() exec.DiagnosticNoteResolver { return &diagnosticNoteRoot{r} }

func (r *root) Mutation() exec.MutationResolver { return &mutationRoot{r} }

func (r *root) Query() exec.QueryResolver { return &queryRoot{r} }

func (r *root) Subscription() exec.SubscriptionResolver { return &subscriptionRoot{r} }

type (
	diagnosticRoot     struct{ *root }
	diagnosticNoteRoot struct{ *root }
	mutationRoot       struct{ *root }
	queryRoot          struct{ *root }
	subscriptionRoot   struct{ *root }
)
