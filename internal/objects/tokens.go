package objects

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Tokens are the continuation tokens of a listing. Each may come once: a server that
// repeats one would be asked for ever.
type Tokens struct{ seen map[string]bool }

// maxPages is how many pages an answer may have.
const maxPages = 100_000

// Next notes the token of the following page. The error is [ErrNoProgress].
func (t *Tokens) Next(token *string) error {
	text := aws.ToString(token)
	if text == "" {
		return nil
	}
	if t.seen == nil {
		t.seen = map[string]bool{}
	}
	if t.seen[text] || len(t.seen) >= maxPages {
		return fmt.Errorf("%w behind page %d", ErrNoProgress, len(t.seen)+1)
	}
	t.seen[text] = true
	return nil
}
