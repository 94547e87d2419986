package collect

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"bucketproof/collect/vended"
	"bucketproof/internal/identity"
	"bucketproof/internal/objects"
)

const (
	// leastInFlight and mostInFlight bound how many objects are fetched, parsed
	// or wait to be taken. Between them the number follows the need: it grows
	// while the batch waits for objects, and shrinks while they wait for it.
	leastInFlight = 8
	mostInFlight  = 64
	// calm is how many objects in a row must have been ready for one less.
	calm = 32
)

// pipeline fetches and parses objects beside each other and hands them out in
// their order.
type pipeline struct {
	results chan chan *fetched
	tokens  chan struct{} // one for each object that may be in flight
	total   int           // tokens there are
	ready   int           // objects in a row that were there when asked for
	memory  *semaphore.Weighted
	limit   int64
	head    *fetched
	ended   bool
	turn    turns
}

// parsedAhead is how many objects are parsed at a time, from the one that is
// taken on. What a line of a packed object takes is known only when it is read.
const parsedAhead = 4

// turns lets objects be parsed in their order.
type turns struct {
	mu    sync.Mutex
	moved sync.Cond
	taken int
}

// wait returns when the object with this number is one of the next ahead ones.
func (t *turns) wait(n, ahead int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n >= t.taken+ahead {
		t.moved.Wait()
	}
}

func (t *turns) next() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken++
	t.moved.Broadcast()
}

// newPipeline takes objects from queue until it is closed or ctx ends. Memory
// is how many bytes of content are held at a time; the Parquet object whose turn
// it is may unfold to half as much again.
func newPipeline(ctx context.Context, group *errgroup.Group, store objects.Store, queue <-chan pending, spool string,
	key identity.Key, memory int64) *pipeline {
	p := &pipeline{results: make(chan chan *fetched, mostInFlight), tokens: make(chan struct{}, mostInFlight),
		memory: semaphore.NewWeighted(memory), limit: memory}
	for range leastInFlight {
		p.tokens <- struct{}{}
	}
	p.total = leastInFlight
	p.turn.moved.L = &p.turn.mu
	group.Go(func() error {
		defer close(p.results)
		n := 0
		for next := range queue {
			select {
			case <-p.tokens:
			case <-ctx.Done():
				return nil
			}
			hold := min(held(next.info.Size), p.limit)
			if p.memory.Acquire(ctx, hold) != nil {
				return nil
			}
			result := make(chan *fetched, 1)
			p.results <- result
			number := n
			n++
			group.Go(func() error {
				f := fetch(ctx, store, next, spool, memory*3/2)
				f.hold = hold
				f.chunks = make(chan *chunk, chunksAhead)
				result <- f
				ahead := parsedAhead
				if vended.IsParquet(f.memory) {
					ahead = 1
				}
				p.turn.wait(number, ahead)
				f.parse(ctx, key)
				return nil
			})
		}
		return nil
	})
	return p
}

// more waits for the next object and tells whether there is one.
func (p *pipeline) more() bool {
	if p.head != nil || p.ended {
		return p.head != nil
	}
	var result chan *fetched
	starved := false
	select {
	case r, ok := <-p.results:
		if !ok {
			p.ended = true
			return false
		}
		result = r
	default:
		r, ok := <-p.results
		if !ok {
			p.ended = true
			return false
		}
		result = r
	}
	select {
	case p.head = <-result:
	default:
		starved = true
		p.head = <-result
	}
	p.adapt(starved)
	return true
}

// adapt gives back the token of the object that was handed out, with another
// one or without.
func (p *pipeline) adapt(starved bool) {
	if starved {
		p.ready = 0
		if p.total < mostInFlight {
			p.total++
			p.tokens <- struct{}{}
		}
	} else if p.ready++; p.ready >= calm && p.total > leastInFlight {
		p.ready = 0
		p.total--
		return
	}
	p.tokens <- struct{}{}
}

// next is the object that more has found.
func (p *pipeline) next() *fetched {
	f := p.head
	p.head = nil
	return f
}

// done gives back what an object holds.
func (p *pipeline) done(f *fetched) error {
	f.discard()
	p.turn.next()
	f.release()
	p.memory.Release(f.hold)
	return f.close()
}

// drain gives back what is left, once ctx has ended.
func (p *pipeline) drain() {
	for p.more() {
		// Its content is thrown away, so an error tells nothing.
		_ = p.done(p.next())
	}
}
