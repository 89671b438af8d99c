package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	securejoin "github.com/cyphar/filepath-securejoin"
	"golang.org/x/sys/unix"
)

const shimArg = "container-shim"

func init() {
	if len(os.Args) > 1 && os.Args[1] == shimArg {
		runtime.LockOSThread() // namespaces belong to threads; exec keeps this one
	}
}

// containerShim runs as the first process of a container's new namespaces:
// it builds the file system, then replaces itself with the container's program.
func containerShim(specFile string) error {
	data, err := os.ReadFile(specFile)
	if err != nil {
		return err
	}
	var spec containerSpec
	if err := json.Unmarshal(data, &spec); err != nil {
		return err
	}
	if err := enterNetwork(spec.Netns); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(spec.Hostname)); err != nil {
		return err
	}
	root, err := buildRoot(spec)
	if err != nil {
		return err
	}
	if err := unix.Chroot(root); err != nil {
		return err
	}
	if spec.Workdir == "" {
		spec.Workdir = "/"
	}
	if err := os.Chdir(spec.Workdir); err != nil {
		return err
	}
	if err := becomeUser(spec); err != nil {
		return err
	}
	os.Setenv("PATH", searchPath)
	program, err := exec.LookPath(spec.Argv[0])
	if err != nil {
		return err
	}
	return syscall.Exec(program, spec.Argv, spec.Env)
}

// enterNetwork moves into a pod's network namespace, by its name.
func enterNetwork(netns string) error {
	if netns == "" {
		return nil
	}
	fd, err := unix.Open(namedNetworks+"/"+netns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Setns(fd, unix.CLONE_NEWNET)
}

func becomeUser(spec containerSpec) error {
	groups := []int{}
	for _, g := range spec.Groups {
		groups = append(groups, int(g))
	}
	if err := unix.Setgroups(groups); err != nil {
		return err
	}
	if err := unix.Setresgid(int(spec.GID), int(spec.GID), int(spec.GID)); err != nil {
		return err
	}
	return unix.Setresuid(int(spec.UID), int(spec.UID), int(spec.UID))
}

// buildRoot mounts a writable overlay over this machine's root file system
// and the container's volumes into it. The upper layer is on a tmpfs, since
// overlayfs refuses one that lies inside its lower layer.
func buildRoot(spec containerSpec) (string, error) {
	layers := filepath.Join(spec.Dir, "layers")
	upper, work, root := layers+"/upper", layers+"/work", layers+"/root"
	if err := os.MkdirAll(layers, 0o755); err != nil {
		return "", err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", err
	}
	if err := unix.Mount("tmpfs", layers, "tmpfs", 0, "mode=755"); err != nil {
		return "", err
	}
	for _, dir := range []string{upper, work, root} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", err
		}
	}
	options := "lowerdir=/,upperdir=" + upper + ",workdir=" + work
	if inUserNamespace() {
		options += ",userxattr"
	}
	if err := unix.Mount("overlay", root, "overlay", 0, options); err != nil {
		return "", fmt.Errorf("overlay: %w", err)
	}
	if err := unix.Mount("proc", root+"/proc", "proc", 0, ""); err != nil {
		return "", fmt.Errorf("proc: %w", err)
	}
	return root, mountVolumes(root, spec)
}

// mountVolumes binds the volumes into the new root, and closes it where asked.
func mountVolumes(root string, spec containerSpec) error {
	mounts := append([]bindMount{{From: "/dev", To: "/dev"}, {From: "/sys", To: "/sys"}}, spec.Mounts...)
	for _, m := range mounts {
		// a link in the root file system (/var/run -> /run) must not lead out of it
		target, err := securejoin.SecureJoin(root, m.To)
		if err != nil {
			return err
		}
		if err := mountPoint(m.From, target); err != nil {
			return err
		}
		if err := unix.Mount(m.From, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("mount %s at %s: %w", m.From, m.To, err)
		}
		if m.ReadOnly {
			if err := unix.Mount("", target, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
				return err
			}
		}
	}
	if spec.ReadOnly {
		return unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
	}
	return nil
}

// mountPoint makes an empty file or directory to mount onto, like the source.
func mountPoint(source, target string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(target, os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}
