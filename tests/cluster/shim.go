package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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

// buildRoot lays a writable, throw-away root over this machine's own and mounts
// the container's volumes into it.
func buildRoot(spec containerSpec) (string, error) {
	layers := filepath.Join(spec.Dir, "layers")
	if err := os.MkdirAll(layers, 0o755); err != nil {
		return "", err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", err
	}
	// On a tmpfs, since overlayfs refuses an upper layer that lies inside its lower one.
	if err := unix.Mount("tmpfs", layers, "tmpfs", 0, "mode=755"); err != nil {
		return "", err
	}
	root := filepath.Join(layers, "root")
	laid, err := layRoot(root, layers, spec.Mounts)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(root+"/proc", 0o755); err != nil {
		return "", err
	}
	if err := unix.Mount("proc", root+"/proc", "proc", 0, ""); err != nil {
		return "", fmt.Errorf("proc: %w", err)
	}
	if err := mountVolumes(root, spec.Mounts); err != nil || !spec.ReadOnly {
		return root, err
	}
	for _, mount := range laid {
		if err := makeReadOnly(mount); err != nil {
			return "", err
		}
	}
	return root, nil
}

// layRoot mounts overlays, and says where. Root lays one over everything. In a
// user namespace the mounts below / may not be left out, so each folder of /
// gets one of its own, and is bound as it is where it has mounts below it.
func layRoot(root, layers string, volumes []bindMount) (laid []string, err error) {
	if !inUserNamespace() {
		return []string{root}, overlay("/", root, layers+"/0")
	}
	if err := os.Mkdir(root, 0o755); err != nil {
		return nil, err
	}
	if err := unix.Mount(root, root, "", unix.MS_BIND, ""); err != nil { // a mount that can be closed
		return nil, err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return nil, err
	}
	laid = []string{root}
	for i, entry := range entries {
		from, to := "/"+entry.Name(), filepath.Join(root, entry.Name())
		if link, err := os.Readlink(from); err == nil {
			if err := os.Symlink(link, to); err != nil {
				return nil, err
			}
		}
		if own := from == "/proc" || from == "/sys" || from == "/dev"; own || !entry.IsDir() {
			continue
		}
		layer := fmt.Sprintf("%s/%d", layers, i+1)
		if err := mountPointsAbove(from, layer+"/upper", volumes); err != nil {
			return nil, err
		}
		if overlay(from, to, layer) == nil {
			laid = append(laid, to)
		} else if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return nil, fmt.Errorf("bind %s: %w", from, err)
		}
	}
	return laid, nil
}

// mountPointsAbove makes the volumes' mount points below a folder of the machine
// in the layer above it: a user namespace may not make them in folders of
// somebody whom it does not know.
func mountPointsAbove(lower, upper string, volumes []bindMount) error {
	for _, m := range volumes {
		target, err := securejoin.SecureJoin("/", m.To)
		if err != nil {
			return err
		}
		path, below := strings.CutPrefix(target, lower+"/")
		if _, err := os.Lstat(target); !below || err == nil {
			continue
		}
		parts, at := strings.Split(path, "/"), ""
		for _, part := range parts[:len(parts)-1] {
			at += "/" + part
			mode := os.FileMode(0o755)
			if info, err := os.Stat(lower + at); err == nil {
				mode = info.Mode()
			}
			if err := os.MkdirAll(upper+at, 0o755); err != nil {
				return err
			}
			if err := os.Chmod(upper+at, mode); err != nil {
				return err
			}
		}
		if err := mountPoint(m.From, filepath.Join(upper, path)); err != nil {
			return err
		}
	}
	return nil
}

// overlay mounts what is written over what is there.
func overlay(lower, target, layer string) error {
	for _, dir := range []string{layer + "/upper", layer + "/work", target} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	info, err := os.Stat(lower)
	if err != nil {
		return err
	}
	if err := os.Chmod(layer+"/upper", info.Mode()); err != nil { // the merged folder has the upper one's mode
		return err
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, layer, layer)
	if inUserNamespace() {
		options += ",userxattr"
	}
	if err := unix.Mount("overlay", target, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay over %s: %w", lower, err)
	}
	return nil
}

// makeReadOnly leaves a mount's other flags as they are: a user namespace may not lift them.
func makeReadOnly(mount string) error {
	var at unix.Statfs_t
	if err := unix.Statfs(mount, &at); err != nil {
		return err
	}
	kept := uintptr(at.Flags) & (unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC)
	if err := unix.Mount("", mount, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|kept, ""); err != nil {
		return fmt.Errorf("%s read only: %w", mount, err)
	}
	return nil
}

// mountVolumes binds this machine's devices and the volumes into the new root.
func mountVolumes(root string, volumes []bindMount) error {
	mounts := append([]bindMount{{From: "/dev", To: "/dev"}, {From: "/sys", To: "/sys"}}, volumes...)
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
			if err := makeReadOnly(target); err != nil {
				return err
			}
		}
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
