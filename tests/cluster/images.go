package main

import (
	"context"
	"fmt"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
	critest "k8s.io/cri-api/pkg/apis/testing"
)

// images knows the names given by --image and nothing else, so that a wrong
// name ends in ErrImagePull as on a real node.
type images struct {
	critest.FakeImageService
	known map[string]string
}

func lookUpImage(known map[string]string, names ...string) (program string, ok bool) {
	for _, name := range names {
		name, _, _ = strings.Cut(name, "@")
		short := name
		if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
			short = name[:i]
		}
		for _, n := range []string{name, short} {
			if program, ok := known[n]; ok {
				return program, true
			}
		}
	}
	return "", false
}

func (i *images) ImageStatus(_ context.Context, image *cri.ImageSpec, _ bool) (*cri.ImageStatusResponse, error) {
	if _, ok := lookUpImage(i.known, image.Image); !ok {
		return &cri.ImageStatusResponse{}, nil
	}
	return &cri.ImageStatusResponse{Image: &cri.Image{Id: image.Image, RepoTags: []string{image.Image}, Spec: image, Size: 1}}, nil
}

func (i *images) PullImage(_ context.Context, image *cri.ImageSpec, _ *cri.AuthConfig, _ *cri.PodSandboxConfig) (string, error) {
	if _, ok := lookUpImage(i.known, image.Image); !ok {
		return "", fmt.Errorf("no program is known for the image %s", image.Image)
	}
	return image.Image, nil
}
