package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"k8s.io/klog/v2"
)

const componentArg = "component"

// components are the parts that --separate makes processes of their own.
var components = map[string]func(context.Context, []string) error{
	"etcd":           runEtcd,
	"kube-apiserver": runAPIServer,
}

// component is how to run one of them: in this process, or supervised beside it.
func (c config) component(name string, args ...string) func(context.Context) error {
	if !c.separate {
		return func(ctx context.Context) error { return components[name](ctx, args) }
	}
	return func(ctx context.Context) error { return supervise(ctx, c.dir, name, args) }
}

// supervise keeps a component running as a process of its own, whose id is in
// DIR/NAME.pid as long as it runs. Killed, it comes back on the same data and
// port; while DIR/NAME.hold exists it stays down.
func supervise(ctx context.Context, dir, name string, args []string) error {
	runtime.LockOSThread() // a parent-death signal is sent when the thread that started the child ends
	defer runtime.UnlockOSThread()
	for ctx.Err() == nil {
		if _, err := os.Stat(filepath.Join(dir, name+".hold")); err == nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		cmd := exec.Command(ownProgram, append([]string{componentArg, name}, args...)...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		// A group of its own: it is stopped in its turn, not by the signal that stops the whole.
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
		if err := runOnce(ctx, cmd, filepath.Join(dir, name+".pid")); err != nil {
			return err
		}
		if ctx.Err() == nil {
			klog.Warningf("%s ended (%v), starting it again", name, cmd.ProcessState)
			time.Sleep(200 * time.Millisecond)
		}
	}
	return nil
}

// runOnce runs the process until it ends or ctx does.
func runOnce(ctx context.Context, cmd *exec.Cmd, pidFile string) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	defer os.Remove(pidFile)
	if err := writeWhole(pidFile, strconv.Itoa(cmd.Process.Pid)); err != nil {
		stopProcess(cmd.Process, done)
		return err
	}
	select {
	case <-done:
	case <-ctx.Done():
		stopProcess(cmd.Process, done)
	}
	return nil
}

// writeWhole lets nobody read half of a file.
func writeWhole(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// stopProcess asks, waits, then kills.
func stopProcess(p *os.Process, done <-chan error) {
	p.Signal(syscall.SIGTERM)
	select {
	case <-done:
	case <-time.After(stopWithin - time.Second):
		p.Kill()
		<-done
	}
}

// runComponent is what the process of one component does.
func runComponent(ctx context.Context, name string, args []string) error {
	run, known := components[name]
	if !known {
		return fmt.Errorf("no component %q", name)
	}
	return run(ctx, args)
}

func dialable(socket url.URL) bool {
	c, err := net.Dial("unix", socket.Path)
	if err != nil {
		return false
	}
	c.Close()
	return true
}
