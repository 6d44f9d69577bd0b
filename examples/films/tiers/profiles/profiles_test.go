package profiles

import (
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHandler(t *testing.T) {
	h := Handler()
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"/profiles/demo", 200, `{"id":"demo","name":"Ada","avatarColor":"#e4572e","maturity":"ADULTS"}`},
		{"/profiles/kids", 200, `{"id":"kids","name":"Little ones","avatarColor":"#3bb273","maturity":"KIDS"}`},
		{"/profiles/guest-7", 200, `{"id":"guest-7","name":"Guest 7","avatarColor":"#4d7ea8","maturity":"ADULTS"}`},
		{"/profiles/nobody", 404, `{"error":"there is no profile \"nobody\""}`},
		{"/profiles/a%2Fb", 404, `{"error":"there is no profile \"a/b\""}`},
		{"/profiles/demo/recent-searches", 200, `{"searches":["heist films","steven spielberg","something with sharks","space opera"]}`},
		{"/profiles/new/recent-searches", 200, `{"searches":[]}`},
		{"/profiles/nobody/recent-searches", 404, `{"error":"there is no profile \"nobody\""}`},
		{"/viewers/demo", 200, `{"id":"demo","name":"Ada and family","plan":"PREMIUM","profiles":[{"id":"demo"},{"id":"kids"}]}`},
		{"/viewers/nobody", 404, `{"error":"there is no viewer \"nobody\""}`},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", c.path, nil))
		if diff := cmp.Diff(c.want, w.Body.String()); diff != "" || w.Code != c.status {
			t.Errorf("%s: %d, want %d (-want +got):\n%s", c.path, w.Code, c.status, diff)
		}
	}
}
