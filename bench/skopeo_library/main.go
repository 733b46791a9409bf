// Command skopeo-library copies as `skopeo copy --all --preserve-digests` and `skopeo sync` do, with the library that skopeo is made
// of. The skopeo of Debian is years old, and not every module proxy has the module of the program itself.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.podman.io/image/v5/copy"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"
	"go.podman.io/image/v5/version"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "skopeo:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 1 && arguments[0] == "version" {
		fmt.Println(version.Version)
		return nil
	}
	if len(arguments) != 3 || (arguments[0] != "copy" && arguments[0] != "sync") {
		return errors.New("expected version, copy SOURCE DESTINATION or sync SOURCE DESTINATION")
	}
	policy := &signature.Policy{Default: signature.PolicyRequirements{signature.NewPRInsecureAcceptAnything()}}
	allowed, err := signature.NewPolicyContext(policy)
	if err != nil {
		return err
	}
	ctx := context.Background()
	access := &types.SystemContext{DockerInsecureSkipTLSVerify: types.OptionalBoolTrue}
	options := &copy.Options{
		SourceCtx:          access,
		DestinationCtx:     access,
		ImageListSelection: copy.CopyAllImages,
		PreserveDigests:    true,
	}
	source, destination := arguments[1], arguments[2]
	tags := []string{""}
	if arguments[0] == "sync" {
		named, err := reference.ParseNormalizedNamed(source)
		if err != nil {
			return err
		}
		repository, err := docker.NewReference(reference.TagNameOnly(named))
		if err != nil {
			return err
		}
		if tags, err = docker.GetRepositoryTags(ctx, access, repository); err != nil {
			return err
		}
	}
	for _, tag := range tags {
		from, err := parse(source, tag)
		if err != nil {
			return err
		}
		to, err := parse(destination, tag)
		if err != nil {
			return err
		}
		if _, err := copy.Image(ctx, allowed, to, from, options); err != nil {
			return err
		}
	}
	return nil
}

func parse(name, tag string) (types.ImageReference, error) {
	if tag != "" {
		name += ":" + tag
	}
	return docker.ParseReference("//" + strings.TrimPrefix(name, "//"))
}
