// Package templates holds everything that is text and not Go: the commented
// configuration, the saved queries, the checks, and the statements that make
// the tables they join. The files are embedded, so that the binary needs
// nothing beside it. Each SQL file begins with a header:
// [ReadHeader] reads it, [Thresholds] and [Words] are what configuration and packets take
// from it, and package analyze has the rest.
package templates

import "embed"

// Config is the commented starter config.toml that `bucketproof init` writes.
//
//go:embed config.toml
var Config []byte

// Queries holds the saved queries as queries/NAME.sql.
//
//go:embed queries/*.sql
var Queries embed.FS

// Languages are those in which a packet can be written: each has its file
// text/LANGUAGE.toml. English comes first, and is complete.
var Languages = []string{"en", "de"}

// Text holds the words of a packet as text/LANGUAGE.toml, and what it says of
// the controls of standards as text/controls.toml.
//
//go:embed text/*.toml
var Text embed.FS

// Checks holds the checks as checks/NAME.sql.
//
//go:embed checks/*.sql
var Checks embed.FS

// Selected is the statement around a check that selects records, a text/template.
//
//go:embed selected.sql
var Selected string

// Tables holds the statements from which bound tables are made, as
// tables/NAME.sql.
//
//go:embed tables/*.sql
var Tables embed.FS

// Mail holds the mails and the download page, as mail/NAME.LANGUAGE.txt (whose
// first line is the subject) and mail/NAME.LANGUAGE.html.
//
//go:embed mail/*.txt mail/*.html
var Mail embed.FS

// Unit is the unit of systemd that `bucketproof service install` writes.
//
//go:embed service/bucketproof.service
var Unit string
