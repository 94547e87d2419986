// Package templates holds everything that is text and not Go, embedded, so
// that the binary needs nothing beside it.
package templates

import _ "embed" // for the files below

// Config is the commented starter config.toml that `bucketproof init` writes.
//
//go:embed config.toml
var Config []byte
