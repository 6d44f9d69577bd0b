package embedded

import (
	"io"
	"time"

	"github.com/gofiber/fiber/v3"

	"facet/storage"
)

// drain reads what a refused write has not delivered yet, so that its client
// can finish sending and then read the refusal. The server does this itself, but only for the first
// 256 KiB; beyond, it closes the connection and the client sees no answer at all.
func drain(ctx fiber.Ctx) error {
	err := ctx.Next()
	body := ctx.Request().BodyStream()
	if body == nil || ctx.Request().Header.ContentLength() <= 0 {
		return err
	}
	if conn := ctx.RequestCtx().Conn(); conn != nil {
		// A client that stops sending is not waited for long.
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	}
	_, _ = io.CopyN(io.Discard, body, storage.MaxBody)
	return err
}
