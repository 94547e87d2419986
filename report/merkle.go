package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"bucketproof/internal/state"
)

// merkleRoot is the Merkle tree hash of RFC 6962, section 2.1, over entries; of
// none it is the SHA-256 of nothing.
func merkleRoot(entries [][]byte) [sha256.Size]byte {
	switch len(entries) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, entries[0]...))
	}
	k := 1 // the largest power of two smaller than their number
	for 2*k < len(entries) {
		k *= 2
	}
	left, right := merkleRoot(entries[:k]), merkleRoot(entries[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// sourcesRoot is the Merkle root over the log objects of the packet: an entry
// is the SHA-256 of an object, 32 bytes, in the order of sources.csv. Other
// objects that lie there have none. It returns how many entries there are.
func (p *Packet) sourcesRoot() (root string, entries int, err error) {
	var leaves [][]byte
	for _, s := range p.Sources {
		if s.Kind != state.KindLog {
			continue
		}
		sum, err := hex.DecodeString(s.SHA256)
		if err != nil || len(sum) != sha256.Size {
			return "", 0, fmt.Errorf("the ledger's SHA-256 of %s is %q", s.LogObject.Source, s.SHA256)
		}
		leaves = append(leaves, sum)
	}
	h := merkleRoot(leaves)
	return hex.EncodeToString(h[:]), len(leaves), nil
}
