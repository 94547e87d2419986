package pdffile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Update is an addition to a file: new objects, and new forms of objects that
// are there. It is written behind the file, which stays as it is.
type Update struct {
	f       *File
	next    int
	objects map[int]string
}

// Update begins an addition.
func (f *File) Update() *Update { return &Update{f: f, next: f.size, objects: map[int]string{}} }

// Add gives a new object a number. The text is what stands between obj and
// endobj.
func (u *Update) Add(object string) int {
	n := u.next
	u.next++
	u.objects[n] = object
	return n
}

// Set gives an object that is there, or that Add has numbered, another text.
func (u *Update) Set(n int, object string) { u.objects[n] = object }

// Root returns the number and the text of the catalog, without its brackets.
func (f *File) Root() (number int, inner string, err error) {
	r, ok := f.trailer["Root"].(ref)
	if !ok {
		return 0, "", malformed("its trailer names no catalog")
	}
	inner, err = f.inner(int(r))
	return int(r), inner, err
}

// FirstPage returns the number and the text of the first page, without its
// brackets.
func (f *File) FirstPage() (number int, inner string, err error) {
	catalog, err := f.resolve(f.trailer["Root"])
	if err != nil {
		return 0, "", err
	}
	pages, err := f.resolve(catalog["Pages"])
	if err != nil {
		return 0, "", err
	}
	kids, ok := pages["Kids"].(array)
	if !ok || len(kids) == 0 {
		return 0, "", malformed("it has no page")
	}
	r, ok := kids[0].(ref)
	if !ok {
		return 0, "", malformed("its first page can't be read")
	}
	inner, err = f.inner(int(r))
	return int(r), inner, err
}

// inner is the text between the brackets of a dictionary.
func (f *File) inner(n int) (string, error) {
	_, end, err := f.object(n)
	if err != nil {
		return "", err
	}
	whole := f.Body[f.offsets[n]:end]
	open, shut := bytes.Index(whole, []byte("<<")), bytes.LastIndex(whole, []byte(">>"))
	return string(whole[open+2 : shut]), nil
}

// Annotations returns the text of a page's list of annotations, without its
// brackets, and the page without it.
func Annotations(page string) (list, rest string) { return cut(page, "/Annots [", "[", "]") }

// id is the identifier of a file: the one that it has, or the first half of its
// SHA-256, in hexadecimal digits.
func (f *File) id() string {
	if ids, ok := f.trailer["ID"].(array); ok && len(ids) == 2 {
		if first, ok := ids[0].(text); ok {
			return hex.EncodeToString(first)
		}
	}
	sum := sha256.Sum256(f.Body)
	return hex.EncodeToString(sum[:16])
}

// Bytes is the file with the addition. The first identifier of the whole is that
// of the file without it, the second is of its own.
func (u *Update) Bytes() []byte {
	var b bytes.Buffer
	b.Write(u.f.Body)
	if n := len(u.f.Body); n > 0 && u.f.Body[n-1] != '\n' {
		b.WriteByte('\n')
	}
	var numbers []int
	for n := range u.objects {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	offsets := map[int]int{}
	for _, n := range numbers {
		offsets[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, u.objects[n])
	}
	start := b.Len()
	b.WriteString("xref\n")
	for i := 0; i < len(numbers); {
		j := i + 1
		for j < len(numbers) && numbers[j] == numbers[j-1]+1 {
			j++
		}
		fmt.Fprintf(&b, "%d %d\n", numbers[i], j-i)
		for _, n := range numbers[i:j] {
			fmt.Fprintf(&b, "%010d 00000 n \n", offsets[n])
		}
		i = j
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root %d 0 R /Prev %d", u.next, u.f.trailer["Root"], u.f.start)
	if info, ok := u.f.trailer["Info"].(ref); ok {
		fmt.Fprintf(&b, " /Info %d 0 R", info)
	}
	sum := sha256.Sum256(u.f.Body)
	fmt.Fprintf(&b, " /ID [<%s> <%x>] >>\nstartxref\n%d\n%%%%EOF\n", u.f.id(), sum[:16], start)
	return b.Bytes()
}

// Text is a text string, in UTF-16 where it is not ASCII.
func Text(s string) string {
	ascii := true
	for _, r := range s {
		ascii = ascii && r >= ' ' && r <= '~'
	}
	if ascii {
		return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s) + ")"
	}
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteString(">")
	return b.String()
}
