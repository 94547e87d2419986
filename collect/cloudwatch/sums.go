package cloudwatch

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// sums gathers points by bucket, day and metric.
type sums struct {
	days   []Day
	asked  map[string][2]string // bucket and metric by the ID of a query
	values map[[3]string]float64
}

func newSums(days []Day) *sums {
	return &sums{days: days, asked: map[string][2]string{}, values: map[[3]string]float64{}}
}

// query is one that brings points of a metric, by a name of its own.
func (s *sums) query(bucket, metric, statistic string, period time.Duration, dimensions ...types.Dimension) types.MetricDataQuery {
	id := fmt.Sprintf("q%d", len(s.asked))
	s.asked[id] = [2]string{bucket, metric}
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{Period: aws.Int32(int32(period.Seconds())), Stat: &statistic,
		Metric: &types.Metric{Namespace: aws.String(namespace), MetricName: &metric, Dimensions: dimensions}}}
}

// add counts a point for the day that it is in.
func (s *sums) add(id string, at time.Time, value float64) error {
	for _, d := range s.days {
		if !at.Before(d.Start) && at.Before(d.End) {
			return s.count(id, d.Date, value)
		}
	}
	return fmt.Errorf("ask CloudWatch for metrics: a point at %s, which is in no day that was asked for", at.UTC().Format(time.RFC3339))
}

// addUTC counts a point for the day of its date.
func (s *sums) addUTC(id string, at time.Time, value float64) error {
	return s.count(id, at.UTC().Format(time.DateOnly), value)
}

func (s *sums) count(id, date string, value float64) error {
	of, ok := s.asked[id]
	if !ok {
		return fmt.Errorf("ask CloudWatch for metrics: an answer to %q, which was not asked", id)
	}
	s.values[[3]string{of[0], date, of[1]}] += value
	return nil
}

func (s *sums) counted(buckets []Bucket, days []Day) []Counted {
	var out []Counted
	for _, b := range buckets {
		for _, d := range days {
			c := Counted{Bucket: b.Name, Date: d.Date, Values: map[string]float64{}}
			for _, metric := range append([]string{Objects, Bytes}, RequestMetrics...) {
				if v, ok := s.values[[3]string{b.Name, d.Date, metric}]; ok {
					c.Values[metric] = v
				}
			}
			out = append(out, c)
		}
	}
	return out
}
