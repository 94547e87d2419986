package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscreds "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

const (
	keyID  = "compare"
	secret = "compare-secret"
	bucket = "logs"
)

var credentials = []string{"AWS_ACCESS_KEY_ID=" + keyID, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_EC2_METADATA_DISABLED=true"}

// gateway is a versitygw that holds the logs.
type gateway struct {
	endpoint string
	list     string // file of presigned URLs
	cmd      *exec.Cmd
}

func (g *gateway) url() string { return "s3://" + bucket + "/" }

func (g *gateway) stop() error {
	if err := g.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	_ = g.cmd.Wait() // it ends by the signal
	return nil
}

// startGateway starts a server on a free port and stores the logs in it.
func startGateway(ctx context.Context, s *site) (*gateway, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "s3")
	if err := os.Mkdir(data, 0o755); err != nil {
		return nil, err
	}
	g := &gateway{endpoint: "http://" + address, list: filepath.Join(s.dir, "urls")}
	g.cmd = exec.CommandContext(ctx, "versitygw", "--quiet", "--keep-alive", "--port", address, "posix", data)
	g.cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+keyID, "ROOT_SECRET_KEY="+secret)
	if err := g.cmd.Start(); err != nil {
		return nil, err
	}
	if err := g.fill(ctx, s); err != nil {
		return nil, errors.Join(fmt.Errorf("fill versitygw: %w", err), g.stop())
	}
	return g, nil
}

func (g *gateway) fill(ctx context.Context, s *site) error {
	client := s3.New(s3.Options{Region: "us-east-1", BaseEndpoint: aws.String(g.endpoint), UsePathStyle: true,
		Credentials: awscreds.NewStaticCredentialsProvider(keyID, secret, ""), RetryMaxAttempts: 20})
	if err := awaitServer(ctx, g.endpoint); err != nil {
		return err
	}
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(s.logs, "*"))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	presigner := s3.NewPresignClient(client)
	urls := make([]string, len(paths))
	for i, path := range paths {
		group.Go(func() error {
			body, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			key := aws.String(filepath.Base(path))
			if _, err := client.PutObject(ctx,
				&s3.PutObjectInput{Bucket: aws.String(bucket), Key: key, Body: bytes.NewReader(body)}); err != nil {
				return err
			}
			signed, err := presigner.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: key},
				s3.WithPresignExpires(24*time.Hour))
			if err == nil {
				urls[i] = signed.URL
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return os.WriteFile(g.list, []byte(strings.Join(urls, "\n")), 0o600)
}

// awaitServer waits until the server takes connections.
func awaitServer(ctx context.Context, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(endpoint, "http://"))
		if err == nil {
			return c.Close()
		}
		if ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond) // nothing tells when it listens
	}
}
