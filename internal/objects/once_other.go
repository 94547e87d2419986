//go:build !linux

package objects

func writeOnce(path string, body []byte) error { return writeNamed(path, body) }
