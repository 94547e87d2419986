package collect

import (
	"context"

	"bucketproof/internal/dataset"
	"bucketproof/internal/state"
)

// keptPartitions bounds the memory of identities between batches.
const keptPartitions = 64

// identities knows which records the dataset has, by bucket and UTC date. A
// partition's are read when its first record comes.
type identities struct {
	dataset    dataset.Dataset
	state      *state.State
	partitions map[[2]string]map[dataset.ID]struct{}
}

func newIdentities(d dataset.Dataset, s *state.State) *identities {
	return &identities{dataset: d, state: s, partitions: map[[2]string]map[dataset.ID]struct{}{}}
}

// add tells whether the record is new, and knows it from then on.
func (k *identities) add(ctx context.Context, bucket, date string, id dataset.ID) (bool, error) {
	key := [2]string{bucket, date}
	ids, ok := k.partitions[key]
	if !ok {
		ids = map[dataset.ID]struct{}{}
		files, err := k.state.Files(ctx, dataset.Access, bucket, date, date)
		if err != nil {
			return false, err
		}
		for _, f := range files {
			if err := k.dataset.AddIDs(f.Path, ids); err != nil {
				return false, err
			}
		}
		k.partitions[key] = ids
	}
	if _, has := ids[id]; has {
		return false, nil
	}
	ids[id] = struct{}{}
	return true, nil
}

// settle is called when all that was added is in the dataset: partitions can
// be forgotten then, and be read again.
func (k *identities) settle() {
	if len(k.partitions) > keptPartitions {
		clear(k.partitions)
	}
}
