package objects

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestTokens: pages end where a token comes again, also after others, and where there is no
// end to them.
func TestTokens(t *testing.T) {
	var round Tokens
	var err error
	for n := range 10 {
		if err = round.Next(aws.String(fmt.Sprint(n % 3))); err != nil {
			if n != 3 {
				t.Errorf("it ended behind page %d", n)
			}
			break
		}
	}
	if !errors.Is(err, ErrNoProgress) {
		t.Error(err)
	}
	var endless Tokens
	for n := 0; err == nil || n == 0; n++ {
		if err = endless.Next(aws.String(fmt.Sprint(n))); n > maxPages {
			break
		}
	}
	if !errors.Is(err, ErrNoProgress) {
		t.Error(err)
	}
	if err := endless.Next(nil); err != nil {
		t.Error(err)
	}
}
