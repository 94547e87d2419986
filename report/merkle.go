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

// MerkleRoot is the root over log objects, of which sums are the SHA-256 in
// hexadecimal digits: an entry is the 32 bytes of one.
func MerkleRoot(sums []string) (string, error) {
	leaves := make([][]byte, len(sums))
	for i, s := range sums {
		sum, err := hex.DecodeString(s)
		if err != nil || len(sum) != sha256.Size {
			return "", fmt.Errorf("log object %d: %q is no SHA-256", i+1, s)
		}
		leaves[i] = sum
	}
	h := merkleRoot(leaves)
	return hex.EncodeToString(h[:]), nil
}

// sourcesRoot is the Merkle root over the log objects of the packet, in the
// order of sources.csv. Other objects that lie there have no entry. It returns
// how many entries there are.
func (p *Packet) sourcesRoot() (root string, entries int, err error) {
	var sums []string
	for _, s := range p.Sources {
		if s.Kind == state.KindLog {
			sums = append(sums, s.SHA256)
		}
	}
	root, err = MerkleRoot(sums)
	return root, len(sums), err
}

// Root is the Merkle root over the log objects of the packet.
func (p *Packet) Root() (string, error) {
	root, _, err := p.sourcesRoot()
	return root, err
}
