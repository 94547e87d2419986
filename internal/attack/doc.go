// Package attack asks whether a packet can be brought to say ok where a careful auditor
// would not. It has tests only: months made to order, written as log objects, reports,
// trail files and metrics into a folder, which the program is then run over as a user
// runs it. What counts is what the packet says.
//
// There are three kinds of cases. Clean months must be ok, so that no cure makes
// everything attention. Each attack is one change to a clean month with the sentence in
// which an auditor would object to it; the answer must not be ok. Each harmless change is
// one to which nobody objects; the answer must be ok.
//
//	go test ./internal/attack                                      a few of them
//	BUCKETPROOF_TEST_ATTACKS=some go test ./internal/attack        one of each kind, and each seventh
//	BUCKETPROOF_TEST_ATTACKS=all go test ./internal/attack         all but further variants of the same kind
//	BUCKETPROOF_TEST_ATTACKS=every go test ./internal/attack       these, too
//	go test ./internal/attack -run 'TestAttacks/^removed-at-03$'   one
//
// BUCKETPROOF_TEST_BINARY names a program to be tried instead of one built from the
// source; BUCKETPROOF_TEST_KEEP=1 leaves the folders of failed cases and names them.
//
// The package imports nothing of the program, which it runs from outside, so a fault in
// what a room believes can't hide here as well. month_test.go has the month, case_test.go
// runs it, trail_test.go signs its trail, tools_test.go writes as backup tools do.
package attack
