package collect

import (
	"context"
	"fmt"
	"path"

	"bucketproof/internal/dataset"
	"bucketproof/internal/identity"
	"bucketproof/internal/state"
)

// knownRecords lets the index of identities read the dataset.
type knownRecords struct {
	ctx     context.Context
	dataset dataset.Dataset
	files   *state.Files
	key     identity.Key
}

// Parts are the files of a partition.
func (k knownRecords) Parts(bucket, date string) ([]identity.Part, error) {
	files, err := k.files.Of(k.ctx, dataset.KindOf(bucket), bucket, date, date)
	if err != nil {
		return nil, err
	}
	parts := make([]identity.Part, len(files))
	for i, f := range files {
		parts[i].Path = f.Path
		if parts[i].Number, err = dataset.PartNumber(path.Base(f.Path)); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return parts, nil
}

// Identities reads a file again.
func (k knownRecords) Identities(p identity.Part, add func(identity.ID) error) error {
	return k.dataset.Identities(p.Path, k.key, add)
}
