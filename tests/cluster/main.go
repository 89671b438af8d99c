// Command cluster runs a real Kubernetes cluster for tests in one process.
//
//	cluster [flags] [-- command args...]
//
// It starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler
// and, with --node, a kubelet whose containers are plain local processes.
// Without a command it prints "ready" and serves until SIGTERM or SIGINT;
// with one it runs the command (KUBECONFIG set) and exits with its status.
//
// This file owns the command line and which of its parts this process is.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/pflag"
)

const program = "nauthera-test-cluster"

type config struct {
	dir        string            // everything the cluster writes
	kubeconfig string            // where the admin kubeconfig goes
	port       int               // of the API server
	node       bool              // run a node, in namespaces of its own
	images     map[string]string // image name -> program on this machine
	separate   bool              // etcd and API server as processes that a test may kill
	etcdQuota  int64             // bytes; 0 is etcd's own
	audit      bool              // note what ServiceAccounts ask of the API server
	emulate    string            // the version that it is like; its own if empty
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == shimArg:
		exitWith(127, containerShim(os.Args[2]))
	case len(os.Args) > 2 && os.Args[1] == componentArg:
		ctx, stop := untilSignal()
		defer stop()
		exitWith(0, runComponent(ctx, os.Args[2], os.Args[3:]))
	case isInit():
		exitWith(runInit())
	}
	cfg, command := parseFlags()
	exitWith(runInDirectory(cfg, command))
}

// untilSignal is a context that ends when this process is asked to stop.
func untilSignal() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}

func parseFlags() (cfg config, command []string) {
	pflag.StringVar(&cfg.dir, "data-dir", "", "directory for all data (default: a temporary one, removed after success)")
	pflag.StringVar(&cfg.kubeconfig, "kubeconfig", "", "where to write the admin kubeconfig (default: DATA-DIR/admin.kubeconfig)")
	pflag.IntVar(&cfg.port, "port", 0, "API server port (default: any free one)")
	pflag.BoolVar(&cfg.node, "node", false, "run a node too; puts the cluster into namespaces of its own, which takes root or a range of user ids")
	pflag.StringToStringVar(&cfg.images, "image", nil, "NAME=PATH: what to run for an image without a command")
	pflag.BoolVar(&cfg.separate, "separate", false, "etcd and API server as processes of their own: kill one (DATA-DIR/NAME.pid) and it comes back on its data, once DATA-DIR/NAME.hold is gone")
	pflag.Int64Var(&cfg.etcdQuota, "etcd-quota", 0, "etcd's space in bytes: when it is full, writes are refused (default: etcd's own)")
	pflag.BoolVar(&cfg.audit, "audit", false, "note each request of a ServiceAccount to the API server in DATA-DIR/audit.log")
	pflag.StringVar(&cfg.emulate, "emulate", "", "1.MINOR: the older version that all of it is like, three back at most (default: its own)")
	pflag.Parse()
	return cfg, pflag.Args()
}

// runInDirectory gives the cluster a directory, and namespaces where it has a
// node. A directory that it made itself goes again, unless something failed.
func runInDirectory(cfg config, command []string) (code int, err error) {
	if inside := os.Getenv(insideEnv); inside != "" {
		cfg.dir = inside
		return run(cfg, command)
	}
	temporary := cfg.dir == ""
	if temporary {
		if cfg.dir, err = os.MkdirTemp("", "cluster-"); err != nil {
			return 1, err
		}
	}
	if cfg.node {
		code, err = enterNamespaces(cfg.dir)
	} else {
		code, err = run(cfg, command)
	}
	if stopped := code == 128+int(syscall.SIGTERM); temporary && err == nil && (code == 0 || stopped) {
		err = os.RemoveAll(cfg.dir)
	} else if temporary {
		fmt.Fprintf(terminal, "%s: logs are in %s\n", program, cfg.dir)
	}
	return code, err
}

// terminal is the stderr we were started with; file descriptor 2 becomes the
// components' log.
var terminal = os.Stderr

func exitWith(code int, err error) {
	if err != nil {
		fmt.Fprintf(terminal, "%s: %v\n", program, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
