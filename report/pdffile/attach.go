package pdffile

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"slices"
	"strings"
)

// Attach puts files into a PDF that has none, by an update behind it. The same
// files give the same bytes. (The library that makes the document can attach
// files, too, but then its links lead to other pages than they should.)
func Attach(pdf []byte, files []Attachment) ([]byte, error) {
	f, err := Open(pdf)
	if err != nil {
		return nil, err
	}
	root, catalog, err := f.Root()
	if err != nil {
		return nil, err
	}
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b Attachment) int { return strings.Compare(a.Name, b.Name) }) // a name tree is sorted
	u := f.Update()
	var names, list strings.Builder
	for _, a := range sorted {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		if _, err := w.Write(a.Body); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		stream := u.Add(fmt.Sprintf("<< /Type /EmbeddedFile /Subtype /%s /Filter /FlateDecode /Params << /Size %d "+
			">> /Length %d >>\nstream\n%s\nendstream", subtype(a.Name), len(a.Body), b.Len(), b.String()))
		spec := u.Add(fmt.Sprintf("<< /Type /Filespec /F %s /UF %s /Desc %s /AFRelationship /Data /EF << /F %d 0 R /UF %d 0 R >> >>",
			Text(a.Name), Text(a.Name), Text(a.Description), stream, stream))
		fmt.Fprintf(&names, " %s %d 0 R", Text(a.Name), spec)
		fmt.Fprintf(&list, " %d 0 R", spec)
	}
	_, rest := cut(catalog, "/Names <<", "<<", ">>")
	u.Set(root, fmt.Sprintf("<<%s\n/Version /1.7\n/Names << /EmbeddedFiles << /Names [%s ] >> >>\n/AF [%s ]\n>>",
		strings.TrimRight(rest, "\n"), names.String(), list.String()))
	return u.Bytes(), nil
}

// subtype is the media type of a file as a PDF name.
func subtype(name string) string {
	switch {
	case strings.HasSuffix(name, ".csv"):
		return "text#2Fcsv"
	case strings.HasSuffix(name, ".json"):
		return "application#2Fjson"
	}
	return "application#2Foctet-stream"
}

// cut takes a part out of a text: it begins with start, whose end opens a
// bracket, and ends where that closes.
func cut(text, start, open, shut string) (inner, rest string) {
	at := strings.Index(text, start)
	if at < 0 {
		return "", text
	}
	depth := 0
	for i := at + len(start) - len(open); i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], open):
			depth++
			i += len(open) - 1
		case strings.HasPrefix(text[i:], shut):
			if depth--; depth == 0 {
				return text[at+len(start) : i], text[:at] + text[i+len(shut):]
			}
			i += len(shut) - 1
		}
	}
	return "", text
}
