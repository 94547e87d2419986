package signing

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"bucketproof/report/pdffile"
)

const (
	// reserved is the room for a signature in the file; a larger one doubles it.
	reserved    = 12 << 10
	maxReserved = 1 << 20
)

// Placeholders of the same length as what takes their place.
const rangePlace = "[0 0000000000 0000000000 0000000000]"

// SignPDF appends a signature to a PDF (PAdES baseline B-B, with a time-stamping
// authority B-T). The file stays as it is at the beginning of the result.
func (s *Signer) SignPDF(ctx context.Context, pdf []byte, reason string) ([]byte, error) {
	for room := reserved; room <= maxReserved; room *= 2 {
		signed, err := s.signPDF(ctx, pdf, reason, room)
		if err != nil {
			return nil, fmt.Errorf("sign the PDF: %w", err)
		}
		if signed != nil {
			return signed, nil
		}
	}
	return nil, fmt.Errorf("sign the PDF: the signature is larger than %d bytes; leave certificates out that the reader does not need",
		maxReserved)
}

// signPDF returns nil where the signature does not fit into the room.
func (s *Signer) signPDF(ctx context.Context, pdf []byte, reason string, room int) ([]byte, error) {
	f, err := pdffile.Open(pdf)
	if err != nil {
		return nil, err
	}
	root, catalog, err := f.Root()
	if err != nil {
		return nil, err
	}
	page, pageText, err := f.FirstPage()
	if err != nil {
		return nil, err
	}
	contents := "<" + strings.Repeat("0", 2*room) + ">"
	u := f.Update()
	signature := u.Add(fmt.Sprintf("<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M "+
		"(D:%s+00'00') /Reason %s /ByteRange %s /Contents %s >>",
		s.now().UTC().Format("20060102150405"), pdffile.Text(reason), rangePlace, contents))
	field := u.Add(fmt.Sprintf("<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /V %d 0 R /P %d 0 R /F 132 /Rect [0 0 0 0] >>",
		signature, page))
	annotations, rest := pdffile.Annotations(pageText)
	u.Set(page, fmt.Sprintf("<<%s\n/Annots [%s %d 0 R]>>", rest, annotations, field))
	if !strings.Contains(catalog, "/Version") {
		catalog += "\n/Version /1.7"
	}
	u.Set(root, fmt.Sprintf("<<%s\n/AcroForm << /Fields [%d 0 R] /SigFlags 3 >>\n>>", catalog, field))
	out := u.Bytes()
	// The signature is over everything but the digits of its own.
	at := bytes.LastIndex(out, []byte("/Contents "+contents))
	open := at + len("/Contents ")
	shut := open + len(contents)
	ranges := fmt.Sprintf("[0 %010d %010d %010d]", open, shut, len(out)-shut)
	place := bytes.LastIndex(out[:at], []byte(rangePlace))
	copy(out[place:], ranges)
	h := s.hash.New()
	h.Write(out[:open])
	h.Write(out[shut:])
	cms, err := s.sign(ctx, h.Sum(nil), noTime)
	if err != nil {
		return nil, err
	}
	if len(cms) > room {
		return nil, nil
	}
	copy(out[open+1:], hex.EncodeToString(cms))
	return out, nil
}
