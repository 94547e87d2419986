// Package oracle is a second opinion: it reads the files that bucketproof reads
// and says what bucketproof must say about them. It shares nothing with the
// program but internal/config, so that a fault of the program is none of the
// oracle. It is written from docs/VERDICTS.md, docs/CHECKS.md and the headers of
// the SQL files, and wherever those left a choice a comment begins with
// "Assumed:".
//
// [Read] takes in what lies in a folder, [Evidence.Judge] judges a month of a
// tenant, and [Generate] makes up a month from a seed. Everything is written to be
// checked by eye: each number is counted by a loop over all records, and nothing is
// fast. Tests alone use it.
//
//	line.go      a line of the log, and a log object
//	read.go      what lies in the folder: log objects, trail, reports
//	clock.go     days and windows as instants
//	who.go       requesters, principals, roles
//	view.go      what one tenant sees of its buckets
//	coverage.go  where the log has gaps
//	objects.go   writes, removals, moves, what is kept
//	nights.go    the verdict of each night
//	reports.go   what backup tools reported
//	trail.go     what CloudTrail tells of objects
//	usual.go     medians and spreads of the days before
//	checks.go    findings about requests
//	backups.go   findings about backups and what becomes of them
//	tables.go    the queries of the contract
//	month.go     witnesses, the verdict of the month, what its first page may claim
package oracle
