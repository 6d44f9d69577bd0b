package scripts

import (
	"encoding/json"
	"strings"
	"testing"

	"facet/fault"
)

func validJSON(b []byte) bool { return json.Valid(b) }

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ name, locale, value, options, want string }{
		{"date", "en-US", `"2020-01-02"`, ``, `Jan 2, 2020`},
		{"date", "en-US", `"2020-01-02T23:59:00Z"`, `{"style":"short"}`, `1/2/20`},
		{"date", "de-AT", `"1999-12-31"`, `{"style":"full"}`, `Freitag, 31. Dezember 1999`},
		{"date", "fr", `"2020-08-02"`, `{"style":"long"}`, `2 août 2020`},
		{"date", "pl", `"2020-08-02"`, `{"style":"long"}`, `2 sierpnia 2020`},
		{"date", "ja", `"2020-08-02"`, `{"style":"long"}`, `2020年8月2日`},
		{"date", "en-GB", `"2020-08-02"`, `{"style":"long"}`, `2 August 2020`},
		{"date", "pt-BR", `"2020-08-02"`, `{"style":"long"}`, `2 de agosto de 2020`},
		{"date", "zh-Hant-TW", `"2020-08-02"`, `{"style":"full"}`, `2020年8月2日 星期日`},
		{"date", "sw", `"2020-08-02"`, `{"style":"long"}`, `2 Agosti 2020`},
		{"number", "en", `1234567.891`, ``, `1,234,567.891`},
		{"number", "de", `1234567.891`, `{"digits":1}`, `1.234.567,9`},
		{"number", "en", `0.256`, `{"style":"percent"}`, `26%`},
		{"number", "de", `0.256`, `{"style":"percent","digits":1}`, `25,6 %`},
		{"number", "en-US", `1234.5`, `{"style":"currency","currency":"USD"}`, `$1,234.50`},
		{"number", "de", `-1234.5`, `{"style":"currency","currency":"EUR"}`, `-1.234,50 €`},
		{"number", "nl", `-1234.5`, `{"style":"currency","currency":"EUR"}`, `€ -1.234,50`},
		{"number", "ja", `1234.5`, `{"style":"currency","currency":"JPY","digits":0}`, `￥1,235`},
		{"number", "en", `950`, `{"style":"compact"}`, `950`},
		{"number", "en", `1234`, `{"style":"compact"}`, `1.2K`},
		{"number", "en", `12345`, `{"style":"compact"}`, `12K`},
		{"number", "en", `999999`, `{"style":"compact"}`, `1M`},
		{"number", "de", `-2500000`, `{"style":"compact"}`, `-2,5 Mio.`},
		{"number", "ja", `120000`, `{"style":"compact"}`, `12万`},
		{"plural", "en", `1`, `{"one":"# film","other":"# films"}`, `1 film`},
		{"plural", "en", `1200`, `{"one":"# film","other":"# films"}`, `1,200 films`},
		{"plural", "pl", `3`, `{"one":"# film","few":"# filmy","many":"# filmów","other":"# filmu"}`, `3 filmy`},
		{"plural", "pl", `112`, `{"one":"# film","few":"# filmy","many":"# filmów","other":"# filmu"}`, `112 filmów`},
		{"plural", "ru", `1.5`, `{"one":"a","few":"b","many":"c","other":"d"}`, `d`},
		{"plural", "pl", `3`, `{"other":"none"}`, `none`},
		{"relative", "en", `-1`, `"day"`, `yesterday`},
		{"relative", "en", `3`, `"day"`, `in 3 days`},
		{"relative", "en", `-1`, `"minute"`, `1 minute ago`},
		{"relative", "de", `-2`, `"day"`, `vorgestern`},
		{"relative", "cs", `-3`, `"hour"`, `před 3 hodinami`},
		{"relative", "", `-3`, `"hour"`, `3 hours ago`},
		{"relative", "not a locale", `5`, `"year"`, `in 5 years`},
	} {
		t.Run(tt.name+" "+tt.locale+" "+tt.value+tt.options, func(t *testing.T) {
			out, err := Format(tt.name, tt.locale, in(tt.value, tt.options), nil)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := json.Marshal(tt.want)
			if got := strings.ReplaceAll(string(out), "\u00a0", " "); got != string(want) {
				t.Errorf("got %s, want %s", got, want)
			}
			// the same inside a function
			options := tt.options
			if options == "" {
				options = "undefined"
			}
			c := open(t, RunOptions{}, fn("String", `({ a }) => format.`+tt.name+`(a, `+options+`)`, "a", localeInput))[0]
			inside, err := c(nil, in(tt.value, `"`+tt.locale+`"`), nil)
			if err != nil || string(inside) != string(out) {
				t.Errorf("inside: got %s, %v, want %s", inside, err, out)
			}
		})
	}
}

func TestFormatRefuses(t *testing.T) {
	for _, tt := range []struct{ name, value, options, want string }{
		{"date", `"soon"`, ``, "no date"},
		{"date", `5`, ``, "no date"},
		{"date", `"2020-01-02"`, `{"style":"odd"}`, `there is no style "odd"`},
		{"number", `"5"`, ``, "no number"},
		{"number", `5`, `{"style":"currency"}`, "no currency code"},
		{"number", `5`, `{"digits":99}`, "between 0 and 20"},
		{"number", `5`, `[]`, "options"},
		{"plural", `5`, `{"one":"x"}`, "no other"},
		{"relative", `5`, `"eon"`, `there is no unit "eon"`},
		{"shout", `5`, ``, "no such function"},
	} {
		_, err := Format(tt.name, "en", in(tt.value, tt.options), nil)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s %s: got %v, want %s", tt.name, tt.value, tt.options, err, tt.want)
		}
	}
	if out, err := Format("date", "en", in(""), nil); err != nil || string(out) != "null" {
		t.Errorf("got %s, %v", out, err)
	}
}

func BenchmarkFormat(b *testing.B) {
	args := in(`1234567`)
	for b.Loop() {
		if _, err := Format("number", "de", args, nil); err != nil {
			b.Fatal(err)
		}
	}
}
