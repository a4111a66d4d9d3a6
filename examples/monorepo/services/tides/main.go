package main

import (
	"fmt"
	"log"
	"net/http"
	"time"

	"skerry.example/tides/tide"
)

func main() {
	http.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, `{"status": "up"}`)
	})
	http.HandleFunc("/now", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "{\"metres\": %.2f}\n", tide.Height(time.Now()))
	})
	log.Fatal(http.ListenAndServe(":9000", nil))
}
