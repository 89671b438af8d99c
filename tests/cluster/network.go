package main

import (
	"fmt"
	"os"
)

// Addresses inside the cluster's own network namespace. They come from the
// block reserved for benchmarks (RFC 2544), because EndpointSlices refuse
// loopback and link-local addresses. Nothing in the namespace leads outside.
const (
	bridge              = "pods0"
	nodeIP              = "198.18.0.1"
	serviceCIDR         = "198.19.0.0/16"
	kubernetesServiceIP = "198.19.0.1"
	dnsIP               = "198.19.0.10"
)

// Where `ip netns` keeps its names.
const namedNetworks = "/run/netns"

func podIP(n int) string { return fmt.Sprintf("198.18.%d.%d", 1+n/250, 1+n%250) }

// setUpNetwork makes the bridge of the pods, and what `ip netns` and the tests
// expect of a file system with a PID namespace.
func setUpNetwork() error {
	if err := commandLine("mount", "-t", "proc", "proc", "/proc"); err != nil {
		return err
	}
	if err := os.MkdirAll(namedNetworks, 0o755); err != nil { // root only by the name of a user namespace
		if err := commandLine("mount", "-t", "tmpfs", "tmpfs", "/run"); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"mount", "-t", "tmpfs", "tmpfs", namedNetworks, "-o", "X-mount.mkdir"},
		{"ip", "link", "set", "lo", "up"},
		{"ip", "link", "add", bridge, "address", "02:00:00:00:00:01", "type", "bridge"},
		{"ip", "addr", "add", nodeIP + "/16", "dev", bridge},
		{"ip", "link", "set", bridge, "up"},
		{"ip", "route", "add", "local", serviceCIDR, "dev", "lo"}, // service addresses are ours to listen on
	} {
		if err := commandLine(args[0], args[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// addPodNetwork makes a network namespace with one interface on the bridge.
func addPodNetwork(netns, ip string) error {
	veth := "v" + netns
	for _, args := range [][]string{
		{"netns", "add", netns},
		{"link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", netns},
		{"link", "set", veth, "master", bridge, "up"},
		{"-n", netns, "addr", "add", ip + "/16", "dev", "eth0"},
		{"-n", netns, "link", "set", "lo", "up"},
		{"-n", netns, "link", "set", "eth0", "up"},
		{"-n", netns, "route", "add", "default", "via", nodeIP},
	} {
		if err := commandLine("ip", args...); err != nil {
			return err
		}
	}
	return nil
}
