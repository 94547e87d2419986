package main

import (
	"bytes"
	"compress/zlib"
)

// deflated is the size of an attachment inside the PDF.
func deflated(b []byte) int {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		panic(err) // a buffer takes all
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return out.Len()
}
