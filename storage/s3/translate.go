package s3

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/minio/minio-go/v7"

	"facet/fault"
	"facet/storage"
)

// translate turns what the client library says into an error of the contract.
// ctx is the operation's own context, which ends by the caller or by the store's timeout.
func translate(ctx context.Context, op, subject string, err error) error {
	if err == nil {
		return nil
	}
	e := &fault.Error{Op: "storage." + op, Subject: subject, Err: err}
	if cause := ctx.Err(); cause != nil {
		e.Kind = fault.KindOf(cause)
		return e
	}
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		e.Kind, e.Message = fault.Unavailable, "the object store does not answer"
		if errors.Is(err, os.ErrDeadlineExceeded) {
			e.Kind = fault.Timeout
		}
		return e
	}
	switch code, status := answer.Code, answer.StatusCode; {
	case code == minio.NoSuchBucket:
		// Not NotFound: a missing bucket must never read like a missing object.
		e.Kind, e.Message, e.Hint = fault.Unavailable, "the bucket does not exist", "create the bucket, or correct its name"
	case status == http.StatusNotFound:
		e.Kind, e.Message = fault.NotFound, "there is no such object"
	case status == http.StatusPreconditionFailed:
		e.Kind, e.Message = fault.Conflict, "the object is not as the write requires"
	case code == "ConditionalRequestConflict" || code == "OperationAborted" || (status == http.StatusConflict && code == minio.Conflict):
		e.Kind, e.Message, e.Err = fault.Conflict, "the server met two writers at once", errors.Join(storage.ErrRetry, err)
	case code == "ExistingObjectIsDirectory" || code == "ObjectParentIsFile" || status == http.StatusConflict:
		e.Kind, e.Message = fault.Invalid, "an object's key may not be the beginning of another's path"
	case status == http.StatusUnauthorized || code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch":
		e.Kind, e.Message, e.Hint = fault.Unauthorized, "the object store does not know these credentials", "check the access key and the secret key"
	case status == http.StatusForbidden:
		e.Kind, e.Message = fault.Forbidden, "the object store does not allow this"
	case status == http.StatusRequestEntityTooLarge || code == "EntityTooLarge":
		e.Kind, e.Message = fault.TooLarge, "the object is longer than the store takes"
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		e.Kind, e.Message = fault.Unavailable, "the object store cannot answer now"
	default:
		e.Kind, e.Message = fault.Internal, "the object store answered something unexpected"
	}
	return e
}
