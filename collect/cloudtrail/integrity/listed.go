package integrity

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"bucketproof/internal/objects"
)

// ListedKeys asks CloudTrail for its public keys (API ListPublicKeys), in the Region of the
// digest, as the user guide says. One call fetches the keys of several days.
type ListedKeys struct {
	Access objects.Access

	mu    sync.Mutex
	known map[string]map[string]Key // by Region and fingerprint
	asked map[string]error          // by Region and day
}

// Key is the key with a fingerprint, as CloudTrail lists it for the Region and time.
func (l *ListedKeys) Key(ctx context.Context, region, fingerprint string, at time.Time) (Key, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.known[region][fingerprint]; ok {
		return k, nil
	}
	day := region + " " + at.UTC().Format(time.DateOnly)
	err, asked := l.asked[day]
	if !asked {
		err = l.list(ctx, region, at)
		if ctx.Err() == nil {
			if l.asked == nil {
				l.asked = map[string]error{}
			}
			l.asked[day] = err
		}
	}
	if err != nil {
		return Key{}, fmt.Errorf("the public keys of CloudTrail in %s can't be had: %w (it takes cloudtrail:ListPublicKeys)", region, err)
	}
	if k, ok := l.known[region][fingerprint]; ok {
		return k, nil
	}
	return Key{}, fmt.Errorf("CloudTrail in %s does not list the public key %s for %s", region, fingerprint, at.UTC().Format(time.DateOnly))
}

// list asks for the keys from a day before a time to a day after it.
func (l *ListedKeys) list(ctx context.Context, region string, at time.Time) error {
	c, err := objects.AWS(ctx, l.Access)
	if err != nil {
		return err
	}
	c.Region = region
	client := cloudtrail.NewFromConfig(c)
	if l.known == nil {
		l.known = map[string]map[string]Key{}
	}
	if l.known[region] == nil {
		l.known[region] = map[string]Key{}
	}
	in := &cloudtrail.ListPublicKeysInput{StartTime: aws.Time(at.Add(-24 * time.Hour)), EndTime: aws.Time(at.Add(24 * time.Hour))}
	var tokens objects.Tokens
	for {
		out, err := client.ListPublicKeys(ctx, in)
		if err == nil {
			err = tokens.Next(out.NextToken)
		}
		if err != nil {
			return err
		}
		for _, k := range out.PublicKeyList {
			key, err := NewKey(aws.ToString(k.Fingerprint), k.Value, aws.ToTime(k.ValidityStartTime), aws.ToTime(k.ValidityEndTime))
			if err != nil {
				return err
			}
			l.known[region][key.Fingerprint] = key
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		in.NextToken = out.NextToken
	}
}
