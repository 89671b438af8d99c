package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// What the command is told: the cluster's directory (with the files of
// component.go) and an address of this machine that pods can reach.
const (
	directoryEnv = "NAUTHERA_CLUSTER"
	addressEnv   = "NAUTHERA_CLUSTER_ADDRESS"
)

// run brings the cluster up, waits for the command or the signal, and takes
// the parts down in the opposite order.
func run(cfg config, command []string) (code int, err error) {
	ctx, stop := untilSignal()
	defer stop()
	if cfg.dir, err = filepath.Abs(cfg.dir); err != nil {
		return 1, err
	}
	if cfg.kubeconfig == "" {
		cfg.kubeconfig = filepath.Join(cfg.dir, "admin.kubeconfig")
	}
	if err := logTo(filepath.Join(cfg.dir, "cluster.log")); err != nil {
		return 1, err
	}
	if cfg.node {
		if err := setUpNetwork(); err != nil {
			return 1, err
		}
	}
	files, err := writePKI(&cfg)
	if err != nil {
		return 1, err
	}
	parts := newStack()
	defer parts.stop()
	if err := startAll(ctx, parts, cfg, files); err != nil {
		return 1, err
	}
	if len(command) > 0 {
		return runCommand(ctx, cfg, command)
	}
	fmt.Println("ready")
	select {
	case <-ctx.Done():
		return 0, nil
	case err := <-parts.failed:
		return 1, err
	}
}

// startAll starts the parts in order, each when the one before it answers.
func startAll(ctx context.Context, parts *stack, cfg config, files *pki) error {
	rest, err := restConfig(cfg.kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return err
	}
	if err := setVersion(cfg); err != nil {
		return err
	}
	parts.start("etcd", cfg.component("etcd", cfg.dir, strconv.FormatInt(cfg.etcdQuota, 10)))
	if err := parts.await(ctx, "etcd", func(context.Context) (bool, error) { return dialable(etcdSocket(cfg.dir)), nil }); err != nil {
		return err
	}
	if err := writeAuditPolicy(cfg); err != nil {
		return err
	}
	parts.start("kube-apiserver", cfg.component("kube-apiserver", apiServerFlags(cfg, files)...))
	if err := parts.await(ctx, "API server", func(ctx context.Context) (bool, error) {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return err == nil, nil
	}); err != nil {
		return err
	}
	parts.start("kube-controller-manager", func(ctx context.Context) error { return runControllerManager(ctx, cfg, files) })
	parts.start("kube-scheduler", func(ctx context.Context) error { return runScheduler(ctx, cfg) })
	if err := parts.await(ctx, "default service account", func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil, ignoreNotFound(err)
	}); err != nil || !cfg.node {
		return err
	}
	parts.start("node", func(ctx context.Context) error { return runNode(ctx, cfg, files) })
	return parts.await(ctx, "node", func(ctx context.Context) (bool, error) {
		node, err := client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		return err == nil && nodeReady(node), ignoreNotFound(err)
	})
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// runCommand is what the cluster is for. Its exit code is ours.
func runCommand(ctx context.Context, cfg config, command []string) (int, error) {
	address := "127.0.0.1"
	if cfg.node {
		address = nodeIP
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cfg.kubeconfig, directoryEnv+"="+cfg.dir, addressEnv+"="+address)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, terminal
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	err := cmd.Run()
	if ctx.Err() != nil {
		return 128 + int(syscall.SIGTERM), nil
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// logTo sends everything the components write to stderr to a file.
func logTo(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	old, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return err
	}
	terminal = os.NewFile(uintptr(old), "stderr")
	return unix.Dup3(int(log.Fd()), 2, 0)
}
