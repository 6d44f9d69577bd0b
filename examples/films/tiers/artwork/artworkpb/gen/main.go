// Command gen writes artwork.generated.go and artwork_grpc.generated.go from artwork.proto. It needs no protoc: the compiler is a Go library.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/bufbuild/protocompile"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const file = "artwork.proto"

// plugins are run by version, so that everybody writes the same.
var plugins = []string{
	"google.golang.org/protobuf/cmd/protoc-gen-go",
	"google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2",
}

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{}, SourceInfoMode: protocompile.SourceInfoStandard}
	files, err := compiler.Compile(ctx, file)
	if err != nil {
		return err
	}
	options := "paths=source_relative"
	ask, err := proto.Marshal(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{file},
		Parameter:      &options,
		ProtoFile:      []*descriptorpb.FileDescriptorProto{protodesc.ToFileDescriptorProto(files[0])},
	})
	if err != nil {
		return err
	}
	for _, plugin := range plugins {
		cmd := exec.CommandContext(ctx, "go", "run", plugin)
		cmd.Stdin, cmd.Stderr = bytes.NewReader(ask), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
		var answer pluginpb.CodeGeneratorResponse
		if err := proto.Unmarshal(out, &answer); err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
		if answer.Error != nil {
			return fmt.Errorf("%s: %s", plugin, answer.GetError())
		}
		for _, f := range answer.File {
			if err := os.WriteFile(strings.TrimSuffix(filepath.Base(f.GetName()), ".pb.go")+".generated.go", []byte(f.GetContent()), 0o644); err != nil { //nolint:gosec // sources are for everybody
				return err
			}
		}
	}
	return nil
}
