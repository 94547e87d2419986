// Package cloudwatch asks CloudWatch what it counted for buckets, day by day:
// [Client.Read], or [ReadFile] for a file with the same figures.
//
// Request metrics must be switched on for a bucket and cost money, and AWS delivers them on
// a best-effort basis (S3 user guide, page metrics-dimensions). They are a second opinion
// on how complete an access log is, not a count that must match exactly.
package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"bucketproof/internal/objects"
)

// RequestMetrics are sums over a day of the requests that match a metrics filter of the
// bucket.
var RequestMetrics = []string{"AllRequests", "GetRequests", "PutRequests", "DeleteRequests", "HeadRequests", "PostRequests", "ListRequests",
	"4xxErrors", "5xxErrors", "BytesDownloaded", "BytesUploaded"}

// Metrics of what lies in a bucket. CloudWatch has one point for each day of UTC, which
// counts for the day of that date. They count old versions and parts of uploads, too.
const (
	Objects = "NumberOfObjects"
	Bytes   = "BucketSizeBytes" // over all storage classes
)

const (
	namespace = "AWS/S3"
	// mostQueries and mostPoints bound a call of GetMetricData (its API reference).
	mostQueries = 500
	mostPoints  = 100_800
	// whole is how long CloudWatch keeps periods shorter than an hour.
	whole = 63 * 24 * time.Hour
)

// Bucket is a bucket and the ID of the request metrics that cover all of it.
type Bucket struct{ Name, Filter string }

// Day is a half-open interval, a day in the zone of the caller.
type Day struct {
	Date       string // YYYY-MM-DD
	Start, End time.Time
}

// Counted is what CloudWatch counted for a bucket on a day. A metric without a data point
// has no value: there was no such request, or the metrics are not switched on.
type Counted struct {
	Bucket, Date string
	Values       map[string]float64
}

// Client asks CloudWatch in one Region.
type Client struct {
	api *cloudwatch.Client
	now func() time.Time
}

// Open makes a client for the Region and the role of an access.
func Open(ctx context.Context, access objects.Access, now func() time.Time, options ...func(*cloudwatch.Options)) (*Client, error) {
	c, err := objects.AWS(ctx, access)
	if err != nil {
		return nil, err
	}
	return &Client{cloudwatch.NewFromConfig(c, options...), now}, nil
}

// ErrZone means that CloudWatch can no longer tell the days of a zone apart.
var ErrZone = errors.New("CloudWatch keeps only whole hours of that time, and the days of the zone do not begin with one")

// Read asks for the days of some buckets. The days must be consecutive and over.
func (c *Client) Read(ctx context.Context, buckets []Bucket, days []Day) ([]Counted, error) {
	if len(days) == 0 || len(buckets) == 0 {
		return nil, nil
	}
	period, err := periodOf(days, c.now())
	if err != nil {
		return nil, err
	}
	sums := newSums(days)
	var requests []types.MetricDataQuery
	for _, b := range buckets {
		for _, metric := range RequestMetrics {
			requests = append(requests, sums.query(b.Name, metric, "Sum", period, dimension("BucketName", b.Name),
				dimension("FilterId", b.Filter)))
		}
	}
	if err := c.data(ctx, requests, period, days[0].Start, days[len(days)-1].End, sums.add); err != nil {
		return nil, err
	}
	var storage []types.MetricDataQuery
	for _, b := range buckets {
		classes, err := c.storageTypes(ctx, b.Name)
		if err != nil {
			return nil, err
		}
		storage = append(storage, sums.query(b.Name, Objects, "Average", daily, dimension("BucketName", b.Name),
			dimension("StorageType", "AllStorageTypes")))
		for _, class := range classes {
			storage = append(storage, sums.query(b.Name, Bytes, "Average", daily, dimension("BucketName", b.Name),
				dimension("StorageType", class)))
		}
	}
	from, err := time.Parse(time.DateOnly, days[0].Date)
	if err != nil {
		return nil, err
	}
	to, err := time.Parse(time.DateOnly, days[len(days)-1].Date)
	if err != nil {
		return nil, err
	}
	if err := c.data(ctx, storage, daily, from, to.AddDate(0, 0, 1), sums.addUTC); err != nil {
		return nil, err
	}
	return sums.counted(buckets, days), nil
}

const daily = 24 * time.Hour

func dimension(name, value string) types.Dimension {
	return types.Dimension{Name: &name, Value: &value}
}

// periodOf is the longest period of which all days are made. CloudWatch does not say
// where a period begins that is asked for from its middle; so all begin at multiples.
func periodOf(days []Day, now time.Time) (time.Duration, error) {
	for _, period := range []time.Duration{time.Hour, 30 * time.Minute, 15 * time.Minute} {
		if slices.ContainsFunc(days, func(d Day) bool {
			return d.Start.Unix()%int64(period.Seconds()) != 0 || d.End.Unix()%int64(period.Seconds()) != 0
		}) {
			continue
		}
		if period < time.Hour && now.Sub(days[0].Start) >= whole {
			return 0, ErrZone
		}
		return period, nil
	}
	return 0, ErrZone
}

// data asks for all queries, in as many calls as it takes.
func (c *Client) data(ctx context.Context, queries []types.MetricDataQuery, period time.Duration, from, to time.Time,
	add func(id string, at time.Time, value float64) error) error {
	points := int(to.Sub(from) / period)
	size := max(1, min(mostQueries, mostPoints/max(1, points)))
	for batch := range slices.Chunk(queries, size) {
		last := map[string]types.StatusCode{}
		pages := cloudwatch.NewGetMetricDataPaginator(c.api,
			&cloudwatch.GetMetricDataInput{StartTime: &from, EndTime: &to, ScanBy: types.ScanByTimestampAscending,
				MetricDataQueries: batch})
		var tokens objects.Tokens
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err == nil {
				err = tokens.Next(page.NextToken)
			}
			if err != nil {
				return fmt.Errorf("ask CloudWatch for metrics (it takes cloudwatch:GetMetricData): %w", err)
			}
			for _, m := range page.Messages {
				return fmt.Errorf("ask CloudWatch for metrics: %s: %s", aws.ToString(m.Code), aws.ToString(m.Value))
			}
			for _, r := range page.MetricDataResults {
				if len(r.Timestamps) != len(r.Values) {
					return fmt.Errorf("ask CloudWatch for metrics: %s has %d times and %d values",
						aws.ToString(r.Label), len(r.Timestamps), len(r.Values))
				}
				for i, at := range r.Timestamps {
					if at.Unix()%int64(period.Seconds()) != 0 || at.Before(from) || !at.Before(to) {
						return fmt.Errorf("ask CloudWatch for metrics: a point of %s at %s, which was not asked for",
							aws.ToString(r.Label), at.UTC().Format(time.RFC3339))
					}
					if err := add(aws.ToString(r.Id), at, r.Values[i]); err != nil {
						return err
					}
				}
				last[aws.ToString(r.Id)] = r.StatusCode
			}
		}
		for _, q := range batch {
			if code := last[*q.Id]; code != types.StatusCodeComplete {
				return fmt.Errorf("ask CloudWatch for metrics: %s of %s is %q and not Complete; try again",
					aws.ToString(q.MetricStat.Metric.MetricName), aws.ToString(q.MetricStat.Metric.Dimensions[0].Value), code)
			}
		}
	}
	return nil
}

// knownTypes are storage types of BucketSizeBytes, for time in which CloudWatch does not
// list them any more (S3 user guide, page metrics-dimensions).
var knownTypes = []string{"StandardStorage", "IntelligentTieringFAStorage", "IntelligentTieringIAStorage",
	"IntelligentTieringAIAStorage", "IntelligentTieringAAStorage", "IntelligentTieringDAAStorage",
	"StandardIAStorage", "StandardIASizeOverhead", "OneZoneIAStorage", "OneZoneIASizeOverhead",
	"ReducedRedundancyStorage", "GlacierInstantRetrievalStorage", "GlacierIRSizeOverhead",
	"GlacierStorage", "GlacierStagingStorage", "GlacierObjectOverhead", "GlacierS3ObjectOverhead",
	"DeepArchiveStorage", "DeepArchiveStagingStorage", "DeepArchiveObjectOverhead", "DeepArchiveS3ObjectOverhead"}

// storageTypes are those that the bucket has, as far as CloudWatch lists them, and the
// known ones.
func (c *Client) storageTypes(ctx context.Context, bucket string) ([]string, error) {
	names := slices.Clone(knownTypes)
	pages := cloudwatch.NewListMetricsPaginator(c.api,
		&cloudwatch.ListMetricsInput{Namespace: aws.String(namespace), MetricName: aws.String(Bytes),
			Dimensions: []types.DimensionFilter{{Name: aws.String("BucketName"), Value: &bucket}}})
	var tokens objects.Tokens
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err == nil {
			err = tokens.Next(page.NextToken)
		}
		if err != nil {
			return nil, fmt.Errorf("ask CloudWatch for the storage types of %s (it takes cloudwatch:ListMetrics): %w", bucket, err)
		}
		for _, m := range page.Metrics {
			for _, d := range m.Dimensions {
				if aws.ToString(d.Name) == "StorageType" && !slices.Contains(names, aws.ToString(d.Value)) {
					names = append(names, aws.ToString(d.Value))
				}
			}
		}
	}
	return names, nil
}
