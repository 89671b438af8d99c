package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// searchPath is where a container finds its programs.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// containerSpec is what the shim needs to become the container's process.
type containerSpec struct {
	Dir      string // for the overlay
	Netns    string // "" is the node's
	Hostname string
	Argv     []string
	Env      []string
	Workdir  string
	Mounts   []bindMount
	ReadOnly bool
	UID, GID int64
	Groups   []int64
}

type bindMount struct {
	From, To string
	ReadOnly bool
}

// useDNS gives the container a resolv.conf of its own.
func (s *containerSpec) useDNS(dns *cri.DNSConfig) error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil || dns == nil || len(dns.Servers) == 0 {
		return err
	}
	conf := fmt.Sprintf("nameserver %s\nsearch %s\noptions %s\n", strings.Join(dns.Servers, "\nnameserver "),
		strings.Join(dns.Searches, " "), strings.Join(dns.Options, " "))
	path := filepath.Join(s.Dir, "resolv.conf")
	s.Mounts = append(s.Mounts, bindMount{From: path, To: "/etc/resolv.conf"})
	return os.WriteFile(path, []byte(conf), 0o644)
}

// write leaves the spec in a file for the shim.
func (s *containerSpec) write() (string, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.Dir, "spec.json")
	return file, os.WriteFile(file, data, 0o600)
}

// process is a running container.
type process struct {
	cmd  *exec.Cmd
	log  *containerLog
	done chan struct{}
}

// startProcess starts the shim, which becomes the container.
func startProcess(specFile, logPath string) (*process, error) {
	log, err := openLog(logPath)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(ownProgram, shimArg, specFile), log: log, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &log.stdout, &log.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
	}
	if err := p.cmd.Start(); err != nil {
		log.close()
		return nil, err
	}
	return p, nil
}

// containerLog is a file in the format that the kubelet reads for "kubectl logs".
type containerLog struct {
	file           *os.File
	stdout, stderr logStream
}

func openLog(path string) (*containerLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &containerLog{file, logStream{file: file, name: "stdout"}, logStream{file: file, name: "stderr"}}, nil
}

// close writes last words that had no line end.
func (l *containerLog) close() {
	for _, s := range []*logStream{&l.stdout, &l.stderr} {
		if len(s.rest) > 0 {
			s.Write([]byte("\n"))
		}
	}
	l.file.Close()
}

type logStream struct {
	file *os.File
	name string
	rest []byte
}

func (s *logStream) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	for {
		line, rest, ok := bytes.Cut(s.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		s.rest = rest
		if _, err := fmt.Fprintf(s.file, "%s %s F %s\n", time.Now().Format(time.RFC3339Nano), s.name, line); err != nil {
			return 0, err
		}
	}
}
