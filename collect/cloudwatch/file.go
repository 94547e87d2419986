package cloudwatch

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxFile bounds a file of metrics, in bytes.
const maxFile = 64 << 20

// mostCounted bounds a value: an exabyte, in bytes.
const mostCounted = 1e18

// ReadFile reads the days of some buckets from an exported file, for callers that may not
// ask CloudWatch: a CSV with the first line bucket,date,metric,value. Dates are days in the
// zone of the caller; metrics are RequestMetrics, Objects and Bytes. A day that is not in
// the file has no value. An error names the line.
func ReadFile(path string, buckets []Bucket, days []Day) ([]Counted, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("metrics_file: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("metrics_file: %s is no file of at most %d bytes", path, maxFile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("metrics_file: %w", err)
	}
	values, err := parseFile(text)
	if err != nil {
		return nil, fmt.Errorf("metrics_file: %s: %w", path, err)
	}
	s := newSums(days)
	s.values = values
	return s.counted(buckets, days), nil
}

func parseFile(text []byte) (map[[3]string]float64, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord = '#', true, 4
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty; its first line is bucket,date,metric,value")
	}
	if err != nil {
		return nil, err
	}
	if strings.ToLower(strings.Join(head, ",")) != "bucket,date,metric,value" {
		return nil, fmt.Errorf("line 1 is %q; write bucket,date,metric,value", strings.Join(head, ","))
	}
	values := map[[3]string]float64{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if _, err := time.Parse(time.DateOnly, row[1]); err != nil {
			return nil, fmt.Errorf("line %d: %q is no day; write it as 2026-10-05", line, row[1])
		}
		if row[2] != Objects && row[2] != Bytes && !slices.Contains(RequestMetrics, row[2]) {
			return nil, fmt.Errorf("line %d: unknown metric %q; known are %s, %s and %s", line, row[2], Objects,
				Bytes, strings.Join(RequestMetrics, ", "))
		}
		v, err := strconv.ParseFloat(row[3], 64)
		if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, fmt.Errorf("line %d: %q is no number of 0 or more", line, row[3])
		}
		if v > mostCounted {
			return nil, fmt.Errorf("line %d: %s is more than any bucket has", line, row[3])
		}
		key := [3]string{row[0], row[1], row[2]}
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("line %d: %s of %s on %s is there twice", line, row[2], row[0], row[1])
		}
		values[key] = v
	}
}
