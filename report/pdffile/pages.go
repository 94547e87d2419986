package pdffile

import (
	"regexp"
	"slices"
)

var shown = regexp.MustCompile(`(?s)\((?:[^()\\]|\\.)*\) Tj`)

// PageText returns what the pages show as the characters that their fonts were
// asked for, one string of a page after the other, in the order in which it was
// written. It reads the pages of the first writing; an update shows nothing more.
func (f *File) PageText() (string, error) {
	var numbers []int
	for n, offset := range f.offsets {
		if offset > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	var out []byte
	for _, n := range numbers {
		d, _, err := f.object(n)
		if err != nil || d["Type"] != name("Page") {
			continue
		}
		contents, ok := d["Contents"].(ref)
		if !ok {
			return "", malformed("page %d has no contents", n)
		}
		body, err := f.stream(int(contents), maxAttachment)
		if err != nil {
			return "", err
		}
		for _, s := range shown.FindAll(body, -1) {
			p := &parser{b: s}
			v, err := p.literal()
			if err != nil {
				return "", err
			}
			t, ok := v.(text)
			if !ok {
				return "", malformed("page %d shows no text", n)
			}
			out = append(out, append(text{0xFE, 0xFF}, t...).String()...)
			out = append(out, '\n')
		}
		out = append(out, '\f')
	}
	return string(out), nil
}

// Links returns the object numbers of the pages, and of those to which the links
// of a page lead, in their order. Page counts from 1.
func (f *File) Links(page int) (pages, targets []int, err error) {
	catalog, err := f.resolve(f.trailer["Root"])
	if err != nil {
		return nil, nil, err
	}
	tree, err := f.resolve(catalog["Pages"])
	if err != nil {
		return nil, nil, err
	}
	kids, ok := tree["Kids"].(array)
	if !ok || page < 1 || page > len(kids) {
		return nil, nil, malformed("it has no page %d", page)
	}
	for _, k := range kids {
		r, ok := k.(ref)
		if !ok {
			return nil, nil, malformed("its pages can't be read")
		}
		pages = append(pages, int(r))
	}
	p, err := f.resolve(kids[page-1])
	if err != nil {
		return nil, nil, err
	}
	annotations, ok := p["Annots"].(array)
	if !ok {
		return pages, nil, nil
	}
	for _, a := range annotations {
		d, err := f.resolve(a)
		if err != nil {
			return nil, nil, err
		}
		if target, ok := destination(d); ok {
			targets = append(targets, target)
		}
	}
	return pages, targets, nil
}

// destination is the page to which a link or a bookmark leads.
func destination(d dict) (page int, ok bool) {
	dest, ok := d["Dest"].(array)
	if !ok || len(dest) == 0 {
		return 0, false
	}
	r, ok := dest[0].(ref)
	return int(r), ok
}

// Bookmarks returns the object numbers of the pages to which the bookmarks lead,
// in their order.
func (f *File) Bookmarks() ([]int, error) {
	catalog, err := f.resolve(f.trailer["Root"])
	if err != nil || catalog["Outlines"] == nil {
		return nil, err
	}
	outlines, err := f.resolve(catalog["Outlines"])
	if err != nil {
		return nil, err
	}
	var out []int
	for next := outlines["First"]; next != nil && len(out) < maxObjects; {
		d, err := f.resolve(next)
		if err != nil {
			return nil, err
		}
		if page, ok := destination(d); ok {
			out = append(out, page)
		}
		next = d["Next"]
	}
	return out, nil
}
