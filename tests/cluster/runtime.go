package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
	critest "k8s.io/cri-api/pkg/apis/testing"
	utilexec "k8s.io/utils/exec"
)

// processRuntime is a container runtime for the kubelet. A pod sandbox is a
// network namespace; a container is a process in mount, PID, UTS and IPC
// namespaces of its own, on a throw-away overlay of this machine's files.
// The kubelet project's fake runtime keeps the books; this adds the processes.
type processRuntime struct {
	*critest.FakeRuntimeService
	dir    string
	images map[string]string

	mu         sync.Mutex
	sandboxes  int                              // how many were ever made
	networks   map[string]string                // sandbox -> network namespace
	containers map[string]*cri.ContainerConfig  // container -> how to start it
	sandbox    map[string]*cri.PodSandboxConfig // container -> its sandbox
	running    map[string]*process              // container -> its process
}

func newProcessRuntime(dir string, images map[string]string) *processRuntime {
	r := &processRuntime{
		FakeRuntimeService: critest.NewFakeRuntimeService(),
		dir:                dir, images: images,
		networks:   map[string]string{},
		containers: map[string]*cri.ContainerConfig{},
		sandbox:    map[string]*cri.PodSandboxConfig{},
		running:    map[string]*process{},
	}
	r.FakeStatus = &cri.RuntimeStatus{Conditions: []*cri.RuntimeCondition{
		{Type: cri.RuntimeReady, Status: true}, {Type: cri.NetworkReady, Status: true},
	}}
	return r
}

func (r *processRuntime) RunPodSandbox(ctx context.Context, config *cri.PodSandboxConfig, handler string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ip, netns := nodeIP, ""
	if config.Linux.SecurityContext.NamespaceOptions.Network == cri.NamespaceMode_POD {
		ip, netns = podIP(r.sandboxes), fmt.Sprintf("pod%d", r.sandboxes)
		r.sandboxes++
		if err := addPodNetwork(netns, ip); err != nil {
			return "", err
		}
	}
	critest.FakeRuntimeName, critest.FakePodSandboxIPs = "process", []string{ip}
	id, err := r.FakeRuntimeService.RunPodSandbox(ctx, config, handler)
	r.networks[id] = netns
	return id, err
}

func (r *processRuntime) StopPodSandbox(ctx context.Context, id string) error {
	running, _ := r.ListContainers(ctx, &cri.ContainerFilter{PodSandboxId: id})
	for _, c := range running {
		r.StopContainer(ctx, c.Id, 0)
	}
	r.mu.Lock()
	if netns := r.networks[id]; netns != "" {
		commandLine("ip", "netns", "delete", netns)
		r.networks[id] = ""
	}
	r.mu.Unlock()
	return r.FakeRuntimeService.StopPodSandbox(ctx, id)
}

func (r *processRuntime) CreateContainer(ctx context.Context, sandboxID string, config *cri.ContainerConfig, sandbox *cri.PodSandboxConfig) (string, error) {
	id, err := r.FakeRuntimeService.CreateContainer(ctx, sandboxID, config, sandbox)
	if err != nil {
		return "", err
	}
	r.Lock()
	c := r.Containers[id]
	c.LogPath = filepath.Join(sandbox.LogDirectory, config.LogPath)
	c.Mounts = config.Mounts
	r.Unlock()
	r.mu.Lock()
	r.containers[id], r.sandbox[id] = config, sandbox
	r.mu.Unlock()
	return id, nil
}

// StartContainer starts its process, and waits for its end in the background.
func (r *processRuntime) StartContainer(ctx context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Lock()
	status := r.Containers[id]
	r.Unlock()
	if status == nil || r.containers[id] == nil {
		return fmt.Errorf("no container %s", id)
	}
	spec, err := r.spec(id, r.networks[status.SandboxID])
	if err != nil {
		return err
	}
	file, err := spec.write()
	if err != nil {
		return err
	}
	p, err := startProcess(file, status.LogPath)
	if err != nil {
		return err
	}
	r.running[id] = p
	go func() {
		p.cmd.Wait()
		p.log.close()
		r.exited(id, p.cmd.ProcessState)
		close(p.done)
	}()
	return r.FakeRuntimeService.StartContainer(ctx, id)
}

// spec is what the kubelet asked for, as the shim takes it.
func (r *processRuntime) spec(id, netns string) (*containerSpec, error) {
	config, sandbox := r.containers[id], r.sandbox[id]
	spec := &containerSpec{
		Dir:      filepath.Join(r.dir, id),
		Netns:    netns,
		Hostname: sandbox.Hostname,
		Argv:     append(append([]string{}, config.Command...), config.Args...),
		Env:      []string{"PATH=" + searchPath, "HOSTNAME=" + sandbox.Hostname},
		Workdir:  config.WorkingDir,
	}
	if program, _ := lookUpImage(r.images, config.Image.UserSpecifiedImage, config.Image.Image); program != "" {
		inside := "/usr/local/bin/" + filepath.Base(program)
		spec.Mounts = append(spec.Mounts, bindMount{From: program, To: inside, ReadOnly: true})
		if len(config.Command) == 0 {
			spec.Argv = append([]string{inside}, spec.Argv...)
		}
	}
	if len(spec.Argv) == 0 {
		return nil, errors.New("no command specified")
	}
	for _, e := range config.Envs {
		spec.Env = append(spec.Env, e.Key+"="+string(e.Value))
	}
	for _, m := range config.Mounts {
		if filepath.Dir(m.HostPath) == provisionedVolumes { // hostPath volumes know no fsGroup: let any user in
			if err := os.Chmod(m.HostPath, 0o777); err != nil {
				return nil, err
			}
		}
		spec.Mounts = append(spec.Mounts, bindMount{From: m.HostPath, To: m.ContainerPath, ReadOnly: m.Readonly})
	}
	if sc := config.Linux.GetSecurityContext(); sc != nil {
		spec.ReadOnly = sc.ReadonlyRootfs
		spec.UID, spec.GID = sc.RunAsUser.GetValue(), sc.RunAsGroup.GetValue()
		spec.Groups = sc.SupplementalGroups
	}
	return spec, spec.useDNS(sandbox.DnsConfig)
}

func (r *processRuntime) exited(id string, state *os.ProcessState) {
	r.mu.Lock()
	delete(r.running, id)
	r.mu.Unlock()
	r.Lock()
	defer r.Unlock()
	if c := r.Containers[id]; c != nil {
		c.State, c.FinishedAt = cri.ContainerState_CONTAINER_EXITED, time.Now().UnixNano()
		c.ExitCode, c.Reason = int32(state.ExitCode()), "Completed"
		if s := state.Sys().(syscall.WaitStatus); s.Signaled() {
			c.ExitCode = 128 + int32(s.Signal())
		}
		if c.ExitCode != 0 {
			c.Reason = "Error"
		}
	}
}

func (r *processRuntime) StopContainer(_ context.Context, id string, timeout int64) error {
	r.mu.Lock()
	p := r.running[id]
	r.mu.Unlock()
	if p == nil {
		return nil
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(time.Duration(timeout) * time.Second):
		p.cmd.Process.Kill()
		<-p.done
	}
	return nil
}

func (r *processRuntime) stopAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.running {
		p.cmd.Process.Kill()
	}
}

func (r *processRuntime) RemoveContainer(ctx context.Context, id string) error {
	r.StopContainer(ctx, id, 0)
	r.mu.Lock()
	delete(r.containers, id)
	delete(r.sandbox, id)
	r.mu.Unlock()
	os.RemoveAll(filepath.Join(r.dir, id))
	return r.FakeRuntimeService.RemoveContainer(ctx, id)
}

// ExecSync serves exec probes and lifecycle hooks.
func (r *processRuntime) ExecSync(ctx context.Context, id string, argv []string, timeout time.Duration) ([]byte, []byte, error) {
	r.mu.Lock()
	p := r.running[id]
	r.mu.Unlock()
	if p == nil {
		return nil, nil, fmt.Errorf("container %s is not running", id)
	}
	if timeout > 0 {
		var cancel func()
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--target", strconv.Itoa(p.cmd.Process.Pid),
		"--mount", "--pid", "--net", "--uts", "--ipc", "--root", "--wd", "--"}, argv...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return stdout.Bytes(), stderr.Bytes(), err
}
