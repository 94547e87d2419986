package main

import (
	"context"

	"github.com/kardianos/service"
)

// runService runs the service as the service manager of Windows asks for, and as
// a plain process on a console.
func runService(ctx context.Context, run func(context.Context) error) error {
	if service.Interactive() {
		return endInTime(ctx, run)
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &managed{run: func() error { return endInTime(ctx, run) }, cancel: cancel, done: make(chan struct{})}
	s, err := service.New(p, serviceConfig("", ""))
	if err != nil {
		cancel()
		return err
	}
	if err := s.Run(); err != nil {
		return err
	}
	return p.err
}

// managed is a service that the service manager starts and stops.
type managed struct {
	run    func() error
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

func (p *managed) Start(s service.Service) error {
	go func() {
		p.err = p.run()
		close(p.done)
		if p.err != nil {
			s.Stop()
		}
	}()
	return nil
}

func (p *managed) Stop(service.Service) error {
	p.cancel()
	<-p.done
	return nil
}
