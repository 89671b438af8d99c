package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/klog/v2"
)

const (
	startWithin = 2 * time.Minute // on a machine that others keep busy
	stopWithin  = 5 * time.Second
)

// stack is the running parts of the cluster, the last started first to stop.
type stack struct {
	parts  []part
	failed chan error // what ended without being asked
}

type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
}

func newStack() *stack { return &stack{failed: make(chan error, 8)} }

func (s *stack) start(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := part{name, cancel, make(chan struct{})}
	go func() {
		defer close(p.done)
		if err := run(ctx); ctx.Err() == nil {
			s.failed <- fmt.Errorf("%s ended: %w", name, err)
		}
	}()
	s.parts = append(s.parts, p)
}

func (s *stack) stop() {
	for i := len(s.parts) - 1; i >= 0; i-- {
		s.parts[i].cancel()
		select {
		case <-s.parts[i].done:
		case <-time.After(stopWithin):
			klog.Error("gave up waiting for ", s.parts[i].name)
		}
	}
}

// await polls until ok is true; it ends early when a part has failed.
func (s *stack) await(ctx context.Context, what string, ok func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		done, err := ok(ctx)
		if done || err != nil {
			return err
		}
		select {
		case err := <-s.failed:
			return err
		case <-ctx.Done():
			return fmt.Errorf("waiting for the %s: %w", what, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
