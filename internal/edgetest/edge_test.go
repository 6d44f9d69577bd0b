package edgetest

import (
	"net/http/httptest"
	"testing"
)

func TestFilms(t *testing.T) {
	e := Open(t, Films(t, "tv-home", "tv-player", "tv-home-v1", "phone-home"))
	for _, path := range []string{"/tv/v2/home", "/tv/v1/home", "/phone/v1/home", "/tv/v2/watch?id=inception-2010"} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		t.Logf("%s %d %.3000s", path, w.Code, w.Body)
	}
}
