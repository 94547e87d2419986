package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxPolicy is the most that a bucket policy can hold, in bytes (S3 user guide, page
// example-bucket-policies).
const maxPolicy = 20 << 10

// span is where a JSON value stands in a text.
type span struct{ from, to int }

// addStatement puts a statement behind those of a policy. No other byte changes: what
// others wrote is theirs, and a policy that is made anew from its meaning can lose it.
func addStatement(policy, statement string) (string, error) {
	if strings.TrimSpace(policy) == "" {
		return `{"Version":"2012-10-17","Statement":[` + statement + `]}`, nil
	}
	at, last, err := statements(policy)
	if err != nil {
		return "", err
	}
	var out string
	switch {
	case policy[at.from] == '{': // one statement without a list
		out = policy[:at.from] + "[" + policy[at.from:at.to] + "," + statement + "]" + policy[at.to:]
	case last.to == 0:
		out = policy[:at.from] + "[" + statement + "]" + policy[at.to:]
	default:
		out = policy[:last.to] + "," + statement + policy[last.to:]
	}
	if len(out) > maxPolicy {
		return "", fmt.Errorf("with the statement it would have %d bytes, and S3 takes %d", len(out), maxPolicy)
	}
	return out, nil
}

// statements are where the statements of a policy stand, and the last one of a list.
func statements(policy string) (at, last span, err error) {
	d := json.NewDecoder(strings.NewReader(policy))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return at, last, errors.New("it is no JSON object")
	}
	found := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return at, last, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return at, last, err
		}
		if key != "Statement" {
			continue
		}
		if found {
			return at, last, errors.New("it has two elements Statement")
		}
		found = true
		to := int(d.InputOffset())
		at = span{to - len(raw), to}
	}
	if _, err := d.Token(); err != nil {
		return at, last, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return at, last, errors.New("something stands behind it")
	}
	if !found {
		return at, last, errors.New("it has no Statement")
	}
	if policy[at.from] == '{' {
		return at, last, nil
	}
	if policy[at.from] != '[' {
		return at, last, errors.New("its Statement is no list")
	}
	list := json.NewDecoder(strings.NewReader(policy[at.from:at.to]))
	if _, err := list.Token(); err != nil {
		return at, last, err
	}
	for list.More() {
		var raw json.RawMessage
		if err := list.Decode(&raw); err != nil {
			return at, last, err
		}
		to := at.from + int(list.InputOffset())
		last = span{to - len(raw), to}
	}
	return at, last, nil
}
