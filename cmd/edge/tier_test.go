package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"
)

// tier is the main of the stories' tier: a shelf of products. Its argument makes it misbehave.
func tier() {
	mode := ""
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "dies":
		fmt.Fprintln(os.Stderr, "no database")
		os.Exit(7)
	case "silent":
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	type product struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Cents int    `json:"cents"`
	}
	products := []product{{"tea", "Green tea", 450}, {"cup", "A cup", 1200}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{"products": products})
	})
	mux.HandleFunc("POST /products:batchGet", func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			IDs []string `json:"ids"`
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		found := slices.DeleteFunc(slices.Clone(products), func(p product) bool { return !slices.Contains(asked.IDs, p.ID) })
		send(w, map[string]any{"products": found})
	})
	fmt.Printf("SHOP_URL=http://%s\nready\n", l.Addr())
	fmt.Println("the shelf is full")
	if mode == "brief" {
		go func() {
			time.Sleep(time.Second)
			os.Exit(7)
		}()
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	_ = http.Serve(l, mux)
}

func send(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // who asked may be gone
}
