// Command mutants puts single faults into the code and runs the tests of the package that has
// each: a fault that no test notices shows where a test is missing.
//
//	go run ./cmd/mutants -n 100 -seed 7                    over all packages
//	go run ./cmd/mutants -n 20 -seed 7 ./internal/redact   over some
//
// The faults are drawn at random, the same for the same seed and the same code: a package (a
// large one more often, with the square root of its size), a kind of fault (faults.go lists
// them), a place. One that does not compile is not counted and another is drawn. Nothing is
// written into the tree: the faulty code goes to the compiler by -overlay.
//
// Each survivor is a line with its place and what was changed, and `untested` where no test
// runs the line at all. The last line tells the share that died. What changes nothing that a
// user can see stands in equivalent.txt and is not drawn: a line there is that of a survivor
// without the number of its line, then # and the reason.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"strings"
)

//go:embed equivalent.txt
var equivalent string

// notMeasured are the packages that test others, or measure: no fault of theirs reaches a user.
const notMeasured = `^cmd/(bench|mutants)|^internal/(attack|conventions|oracle|inbox|bench)$`

func main() {
	n := flag.Int("n", 100, "how many faults")
	seed := flag.Uint64("seed", 1, "draws other faults")
	skip := flag.String("skip", notMeasured, "leave out packages whose path in the repository matches")
	verbose := flag.Bool("v", false, "print those that died, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *n, *seed, *skip, *verbose, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int, seed uint64, skip string, verbose bool, patterns []string) error {
	left, err := regexp.Compile(skip)
	if err != nil {
		return fmt.Errorf("-skip: %w", err)
	}
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	packages, err := list(ctx, patterns, left, known(equivalent))
	if err != nil {
		return err
	}
	draw := rand.New(rand.NewPCG(seed, 0))
	for range n {
		for {
			p := pick(draw, packages)
			if p == nil {
				return fmt.Errorf("%s has no place for %d faults", strings.Join(patterns, " "), n)
			}
			if f := p.draw(draw); p.compiles(f) {
				p.drawn = append(p.drawn, f)
				break
			}
		}
	}
	died, survived := 0, 0
	var unsound []string
	for _, p := range packages {
		err := p.try(ctx, func(f fault, fate string) {
			if fate == killed {
				died++
			} else {
				survived++
			}
			if fate != killed || verbose {
				fmt.Printf("%-9s %s\n", fate, f)
			}
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "mutants:", err)
			unsound = append(unsound, p.name)
		}
	}
	fmt.Printf("%d of %d died (%.0f %%)\n", died, died+survived, 100*float64(died)/float64(max(1, died+survived)))
	if unsound != nil {
		return fmt.Errorf("left out, for their tests can't be run or fail without a fault: %s", strings.Join(unsound, " "))
	}
	return nil
}

// pick draws a package that has a place left; nil where none has.
func pick(draw *rand.Rand, packages []*pkg) *pkg {
	total := 0.0
	for _, p := range packages {
		total += p.weight()
	}
	at := draw.Float64() * total
	for _, p := range packages {
		if at -= p.weight(); at < 0 {
			return p
		}
	}
	return nil
}

func (p *pkg) weight() float64 {
	for _, kind := range p.faults {
		if len(kind) > 0 {
			return math.Sqrt(float64(p.size))
		}
	}
	return 0
}

// draw takes one fault out of those that are left: each kind as often as any other.
func (p *pkg) draw(draw *rand.Rand) fault {
	var kinds []int
	for k, faults := range p.faults {
		if len(faults) > 0 {
			kinds = append(kinds, k)
		}
	}
	kind := kinds[draw.IntN(len(kinds))]
	of := p.faults[kind]
	i := draw.IntN(len(of))
	f := of[i]
	of[i] = of[len(of)-1]
	p.faults[kind] = of[:len(of)-1]
	return f
}

// known reads the list of faults that change nothing: a place, a change and a reason a line.
func known(text string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		if i := strings.LastIndex(line, " # "); i > 0 {
			set[strings.TrimSpace(line[:i])] = true
		}
	}
	return set
}
