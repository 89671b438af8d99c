package main

import (
	"context"
	"net"
	"path/filepath"
	"time"

	cadvisor "github.com/google/cadvisor/lib/model"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	v1 "k8s.io/api/core/v1"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/connrotation"
	"k8s.io/klog/v2"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/kubelet"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	kubeletserver "k8s.io/kubernetes/pkg/kubelet/server"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/downwardapi"
	"k8s.io/kubernetes/pkg/volume/emptydir"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
	"k8s.io/mount-utils"
)

const nodeName = "node"

// provisionedVolumes is where the controller-manager's hostPath provisioner
// makes its volumes; within the cluster's mount namespace it lies in the data directory.
const provisionedVolumes = "/tmp/hostpath_pv"

// runNode runs the real kubelet on a runtime whose containers are processes,
// and the cluster's services (addresses and names) beside it.
func runNode(ctx context.Context, cfg config, files *pki) error {
	// The kubelet never stops its watches, and those hold up the API server's
	// shutdown: so its connections end with ctx.
	connections := connrotation.NewDialer(func(dialCtx context.Context, network, address string) (net.Conn, error) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return new(net.Dialer).DialContext(dialCtx, network, address)
	})
	rest, err := restConfig(cfg.kubeconfig)
	if err != nil {
		return err
	}
	rest.Dial = connections.DialContext
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return err
	}
	if err := serveServices(ctx, client); err != nil {
		return err
	}
	volumes := filepath.Join(cfg.dir, "volumes")
	if err := commandLine("sh", "-c", "mkdir -p \"$0\" \"$1\" && mount --bind \"$0\" \"$1\"", volumes, provisionedVolumes); err != nil {
		return err
	}
	server, err := kubeletServer(cfg)
	if err != nil {
		return err
	}
	runtime := newProcessRuntime(filepath.Join(cfg.dir, "containers"), cfg.images)
	if err := kubeletapp.RunKubelet(ctx, server, kubeletDependencies(ctx, client, runtime, files)); err != nil {
		return err
	}
	<-ctx.Done()
	runtime.stopAll()
	connections.CloseAll()
	return nil
}

func kubeletServer(cfg config) (*options.KubeletServer, error) {
	if inUserNamespace() { // there is no kernel log to read
		if err := utilfeature.DefaultMutableFeatureGate.Set("KubeletInUserNamespace=true"); err != nil {
			return nil, err
		}
	}
	flags := options.NewKubeletFlags()
	flags.RootDirectory = filepath.Join(cfg.dir, "kubelet")
	flags.HostnameOverride = nodeName
	flags.NodeIP = nodeIP

	conf, err := options.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	conf.PodLogsDir = filepath.Join(cfg.dir, "pod-logs")
	conf.Address = nodeIP
	conf.ClusterDNS, conf.ClusterDomain = []string{dnsIP}, "cluster.local"
	conf.SyncFrequency.Duration = 500 * time.Millisecond // how soon a mounted ConfigMap follows a change
	conf.NodeStatusUpdateFrequency.Duration = time.Second
	conf.EnableControllerAttachDetach = false
	conf.EvictionHard, conf.ImageGCHighThresholdPercent = map[string]string{}, 100 // never short of disk
	conf.LocalStorageCapacityIsolation = false
	conf.CgroupsPerQOS, conf.EnforceNodeAllocatable, conf.FailCgroupV1 = false, nil, false
	conf.ResolverConfig = ""
	conf.RegisterNode = true
	return &options.KubeletServer{KubeletFlags: *flags, KubeletConfiguration: *conf}, nil
}

func kubeletDependencies(ctx context.Context, client kubernetes.Interface, runtime *processRuntime, files *pki) *kubelet.Dependencies {
	mounter := mount.New("")
	return &kubelet.Dependencies{
		KubeClient:                client,
		HeartbeatClient:           client,
		EventClient:               client.CoreV1(),
		RemoteRuntimeService:      runtime,
		RemoteImageService:        &images{known: runtime.images},
		CAdvisorInterface:         &machine{},
		ContainerManager:          cm.NewStubContainerManager(),
		Mounter:                   mounter,
		Subpather:                 subpath.New(mounter),
		HostUtil:                  hostutil.NewHostUtil(),
		OOMAdjuster:               oom.NewFakeOOMAdjuster(),
		PodStartupLatencyTracker:  kubeletutil.NewPodStartupLatencyTracker(),
		NodeStartupLatencyTracker: kubeletutil.NewNodeStartupLatencyTracker(klog.FromContext(ctx)),
		TracerProvider:            nooptrace.NewTracerProvider(),
		TLSOptions:                &kubeletserver.TLSOptions{CertFile: files.kubelet, KeyFile: files.kubeletKey},
		VolumePlugins:             volumePlugins(),
	}
}

func nodeReady(node *v1.Node) bool {
	for _, c := range node.Status.Conditions {
		if c.Type == v1.NodeReady {
			return c.Status == v1.ConditionTrue && len(node.Spec.Taints) == 0
		}
	}
	return false
}

func volumePlugins() (all []volume.VolumePlugin) {
	for _, plugins := range [][]volume.VolumePlugin{
		configmap.ProbeVolumePlugins(), downwardapi.ProbeVolumePlugins(), emptydir.ProbeVolumePlugins(),
		hostpath.ProbeVolumePlugins(volume.VolumeConfig{}), projected.ProbeVolumePlugins(), secret.ProbeVolumePlugins(),
	} {
		all = append(all, plugins...)
	}
	return all
}

// machine is what the kubelet reports as the node's capacity.
type machine struct{ cadvisortest.Fake }

func (*machine) MachineInfo(klog.Logger) (*cadvisor.MachineInfo, error) {
	return &cadvisor.MachineInfo{NumCores: 64, MemoryCapacity: 256 << 30, MachineID: nodeName, SystemUUID: nodeName}, nil
}

func (*machine) VersionInfo() (*cadvisor.VersionInfo, error) {
	return &cadvisor.VersionInfo{KernelVersion: "cluster", ContainerOsVersion: "cluster"}, nil
}
