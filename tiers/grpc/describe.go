package grpc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	maxDescriptors = 16 << 20 // bytes of a descriptor set
	maxFiles       = 2_000    // that reflection gives
)

// readSet reads a FileDescriptorSet: a file's path, or "base64:" and its bytes.
func readSet(where string) (*protoregistry.Files, error) {
	var data []byte
	var err error
	if text, ok := strings.CutPrefix(where, "base64:"); ok {
		data, err = base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	} else {
		var info os.FileInfo
		if info, err = os.Stat(where); err == nil && info.Size() > maxDescriptors {
			err = fmt.Errorf("it is larger than %d bytes", maxDescriptors)
		}
		if err == nil {
			data, err = os.ReadFile(where)
		}
	}
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("it is no FileDescriptorSet: %w", err)
	}
	if len(set.File) == 0 {
		return nil, errors.New("it holds no file")
	}
	return link(set.File)
}

// link makes descriptors of files. What google.protobuf has may be missing.
func link(list []*descriptorpb.FileDescriptorProto) (*protoregistry.Files, error) {
	have := map[string]bool{}
	for _, f := range list {
		have[f.GetName()] = true
	}
	for i := 0; i < len(list); i++ { // grows
		for _, dep := range list[i].GetDependency() {
			if have[dep] || !strings.HasPrefix(dep, "google/protobuf/") {
				continue
			}
			if fd, err := protoregistry.GlobalFiles.FindFileByPath(dep); err == nil {
				have[dep] = true
				list = append(list, protodesc.ToFileDescriptorProto(fd))
			}
		}
	}
	return protodesc.NewFiles(&descriptorpb.FileDescriptorSet{File: list})
}

// reflected asks the tier itself for what its services need: by version 1 of server reflection, else by v1alpha, whose messages
// are the same on the wire.
func reflected(ctx context.Context, conn *grpc.ClientConn, services []string) (*protoregistry.Files, error) {
	files, err := ask(ctx, conn, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", services)
	if status.Code(err) == codes.Unimplemented {
		files, err = ask(ctx, conn, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", services)
	}
	return files, err
}

func ask(ctx context.Context, conn *grpc.ClientConn, method string, services []string) (*protoregistry.Files, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method, grpc.MaxCallRecvMsgSize(maxDescriptors))
	if err != nil {
		return nil, err
	}
	r := &reflection{stream: stream, files: map[string]*descriptorpb.FileDescriptorProto{}}
	for _, s := range services {
		if err := r.ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: s}}); err != nil {
			if code := status.Code(err); code == codes.NotFound {
				continue // its operations say so
			}
			return nil, err
		}
	}
	for i := 0; i < len(r.order); i++ { // grows
		for _, dep := range r.order[i].GetDependency() {
			if r.files[dep] != nil {
				continue
			}
			err := r.ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileByFilename{FileByFilename: dep}})
			if err != nil && !strings.HasPrefix(dep, "google/protobuf/") {
				return nil, fmt.Errorf("the file %s: %w", dep, err)
			}
		}
	}
	return link(r.order)
}

// A reflection is a conversation about descriptors.
type reflection struct {
	stream grpc.ClientStream
	files  map[string]*descriptorpb.FileDescriptorProto // by path
	order  []*descriptorpb.FileDescriptorProto
}

func (r *reflection) ask(req *reflectionpb.ServerReflectionRequest) error {
	if err := r.stream.SendMsg(req); err != nil {
		// The stream is over: what ended it is told to the one who reads.
		if e := r.stream.RecvMsg(new(reflectionpb.ServerReflectionResponse)); e != nil {
			return e
		}
		return err
	}
	var res reflectionpb.ServerReflectionResponse
	if err := r.stream.RecvMsg(&res); err != nil {
		return err
	}
	if e := res.GetErrorResponse(); e != nil {
		return status.Error(codes.Code(e.GetErrorCode()), e.GetErrorMessage())
	}
	for _, raw := range res.GetFileDescriptorResponse().GetFileDescriptorProto() {
		var f descriptorpb.FileDescriptorProto
		if err := proto.Unmarshal(raw, &f); err != nil {
			return err
		}
		if r.files[f.GetName()] != nil {
			continue
		}
		if len(r.order) >= maxFiles {
			return fmt.Errorf("the tier's descriptors are more than %d files", maxFiles)
		}
		r.files[f.GetName()] = &f
		r.order = append(r.order, &f)
	}
	return nil
}

// methodOf finds a method by "package.Service/Method".
func methodOf(files *protoregistry.Files, name string) (protoreflect.MethodDescriptor, error) {
	_, method, _ := strings.Cut(name, "/")
	service := serviceOf(name)
	d, err := files.FindDescriptorByName(protoreflect.FullName(service))
	sd, ok := d.(protoreflect.ServiceDescriptor)
	if err != nil || !ok {
		return nil, fmt.Errorf("there is no service %s", service)
	}
	md := sd.Methods().ByName(protoreflect.Name(method))
	switch {
	case md == nil:
		var names []string
		for i := range sd.Methods().Len() {
			names = append(names, string(sd.Methods().Get(i).Name()))
		}
		return nil, fmt.Errorf("the service %s has no method %s, but: %s", service, method, strings.Join(names, ", "))
	case md.IsStreamingClient() || md.IsStreamingServer():
		return nil, fmt.Errorf("the method %s streams: a connector calls unary methods", name)
	}
	return md, nil
}

// fieldsOf says which fields there are, for people.
func fieldsOf(md protoreflect.MessageDescriptor) string {
	var names []string
	for i := range min(md.Fields().Len(), 12) {
		names = append(names, md.Fields().Get(i).JSONName())
	}
	if len(names) == 0 {
		return ": it has none"
	}
	return ", but: " + strings.Join(names, ", ")
}

// serviceOf is the service of "package.Service/Method".
func serviceOf(name string) string {
	service, _, _ := strings.Cut(name, "/")
	return service
}
