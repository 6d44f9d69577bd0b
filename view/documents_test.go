package view_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"facet/view"
	"facet/view/viewtest"
)

func documents(n int) (list []view.Document) {
	for i := range n {
		list = append(list, view.Document{ID: fmt.Sprintf("id-%d", i), Text: fmt.Sprintf("query Q%d { home { name rows(first: %d) { name } } } # %s", i, i, strings.Repeat("<&> ", i%50))})
	}
	return append(list, view.Document{Text: "{ __typename }"})
}

func TestDocumentsOfABuild(t *testing.T) {
	b := viewtest.Home()
	list := documents(400)
	b.Documents = view.NewDocuments(true, list)
	raw, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), `\u003c`) {
		t.Error("texts are escaped as for HTML")
	}
	read, err := view.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := read.Encode()
	if err != nil || string(again) != string(raw) {
		t.Errorf("encoded again: %v, the same: %t", err, string(again) == string(raw))
	}
	d := read.Documents
	if got := slices.Collect(d.All()); !cmp.Equal(list, got) || d.Len() != len(list) || !d.Only() || !d.Equal(b.Documents) {
		t.Errorf("%d documents, only %t, -want +got:\n%s", d.Len(), d.Only(), cmp.Diff(list, got))
	}
	for _, one := range list {
		for _, id := range []string{one.ID, sum(one.Text)} {
			text, ok := d.Find(id)
			if want := id != ""; ok != want || ok && text != one.Text {
				t.Errorf("%q is %q, %t", id, text, ok)
			}
		}
	}
	if _, ok := d.Find("nobody"); ok {
		t.Error("somebody is nobody")
	}
	var none *view.Documents
	if _, ok := none.Find("x"); ok || none.Len() != 0 || none.Only() || len(slices.Collect(none.All())) != 0 || view.NewDocuments(false, nil) != nil {
		t.Error("no documents are some")
	}
}

func TestDocumentsDecodeRefuses(t *testing.T) {
	raw, err := viewtest.Home().Encode()
	if err != nil {
		t.Fatal(err)
	}
	long := `{"text":"` + strings.Repeat("x", 60<<10) + `"},`
	for name, text := range map[string]string{
		"two of an id": `{"list":[{"id":"a","text":"{ a }"},{"id":"a","text":"{ b }"}]}`,
		"empty":        `{"list":[{"id":"a","text":""}]}`,
		"none":         `{}`,
		"unknown":      `{"only":true,"other":1}`,
		"long id":      `{"list":[{"id":"` + strings.Repeat("a", 300) + `","text":"{ b }"}]}`,
		"too many":     `{"list":[` + strings.Repeat(`{"text":"{ a }"},`, 1000) + `{"text":"{ a }"}]}`,
		"too long":     `{"list":[` + strings.Repeat(long, 18) + `{"text":"{ a }"}]}`,
	} {
		if _, err := view.Decode([]byte(strings.TrimSuffix(string(raw), "}") + `,"documents":` + text + `}`)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestDocumentsRest: what a build holds of documents is a part of their texts.
func TestDocumentsRest(t *testing.T) {
	var list []view.Document
	for i := range 300 {
		list = append(list, view.Document{Text: fmt.Sprintf("query Screen%d($id: ID!, $first: Int = 20) { home { name rows(first: $first) { name items(first: 20) { __typename ... on Card { ...Card } } } } film(id: $id) { ...Card } } fragment Card on Card { id title art badge score position progress { minutesLeft state } }", i)})
	}
	d := view.NewDocuments(false, list)
	if held, texts := d.Held(), d.Bytes(); held > texts/4 {
		t.Errorf("%d bytes are held for texts of %d", held, texts)
	}
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}
