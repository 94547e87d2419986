package collect

import (
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
)

// ErrNoRoom means that the disk of the dataset has less free space than the configuration
// reserves.
var ErrNoRoom = errors.New("the disk of data_dir is nearly full")

// room tells whether a batch may be written. It looks before the disk is full,
// because the state and the findings are on it, too.
func (c *Collector) room() error {
	if c.MinFree == 0 {
		return nil
	}
	free, err := Free(c.Dataset.Dir)
	if err != nil {
		return fmt.Errorf("look how much of the disk is free: %w", err)
	}
	if free < c.MinFree {
		return fmt.Errorf("%w: %s are free and collect.min_free keeps %s; make room and collect again, nothing is lost", ErrNoRoom,
			humanize.IBytes(uint64(free)), humanize.IBytes(uint64(c.MinFree)))
	}
	return nil
}
