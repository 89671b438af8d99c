package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownProgram starts this program once more, even when a newer one lies in its
// place by then.
const ownProgram = "/proc/self/exe"

// insideEnv is set, to the data directory, in the processes that have
// namespaces.
const insideEnv = "NAUTHERA_CLUSTER_INSIDE"

// enterNamespaces runs this command line again in new network, mount and PID
// namespaces: nothing it starts or mounts outlives it. Root makes them; anybody
// else needs a user namespace around them, with a range of ids, since pods and
// databases run as users of their own.
func enterNamespaces(dir string) (int, error) {
	unshare := []string{"--net", "--mount", "--pid", "--kill-child"}
	if os.Geteuid() != 0 {
		users := []string{"--user", "--map-root-user", "--map-auto"}
		if out, err := exec.Command("unshare", append(users, "true")...).CombinedOutput(); err != nil {
			return 1, fmt.Errorf(rangeNeeded, os.Geteuid(), err, strings.TrimSpace(string(out)))
		}
		unshare = append(users, unshare...)
	}
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.Command("unshare", append(append(unshare, "--", self), os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), insideEnv+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("new namespaces: %w", err)
	}
	go func() {
		for s := range signals { // to the whole group, since unshare passes none on
			unix.Kill(-cmd.Process.Pid, s.(syscall.Signal))
		}
	}()
	cmd.Wait()
	return exitCode(cmd.ProcessState.Sys().(syscall.WaitStatus)), nil
}

const rangeNeeded = `a node needs namespaces, and user %d may not make them (%w: %s)
Either run this as root, or give your user a range of ids for a user namespace, on Debian:
  sudo apt-get install uidmap
  sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "$USER"`

// isInit says whether this is the first process of the new PID namespace.
func isInit() bool { return os.Getenv(insideEnv) != "" && os.Getpid() == 1 }

// runInit starts the cluster as a child and takes in every process that loses
// its parent: a database that a test kills would else stay as a zombie, and
// its successor would take it for running.
func runInit() (int, error) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT) // the child is sent them too
	child, err := os.StartProcess(ownProgram, os.Args, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return 1, err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if err != nil && err != unix.EINTR {
			return 1, fmt.Errorf("waiting for the cluster: %w", err)
		}
		if pid == child.Pid {
			return exitCode(syscall.WaitStatus(status)), nil
		}
	}
}

// exitCode is that of a shell.
func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// inUserNamespace says whether root here is somebody else outside.
func inUserNamespace() bool {
	ids, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(ids)), " ") != "0 0 4294967295"
}

func commandLine(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
