// Command clients measures what an MSP's machine does each day and each month for very many
// small clients: it makes their logs, builds the program, and runs collect, the check of a day
// and the report of the month in a process of its own each, with the time and the memory that
// the operating system tells:
//
//	go run ./cmd/bench/clients -clients 200 -buckets 2
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	clients := flag.Int("clients", 200, "clients")
	buckets := flag.Int("buckets", 2, "buckets of each")
	objects := flag.Int("objects", 4, "log objects of a bucket and day")
	records := flag.Int("records", 12, "records of a log object")
	keep := flag.String("keep", "", "work in this `folder` and leave it; logs that are there are taken as they are")
	bin := flag.String("program", "", "a built bucketproof; default: it is built")
	steps := flag.String("steps", "collect,check,report", "what is run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, *keep, *bin, *steps, shape{*clients, *buckets, *objects, *records}); err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
}

type shape struct{ clients, buckets, objects, records int }

func measure(ctx context.Context, dir, program, steps string, s shape) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "clients-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if program == "" {
		program = filepath.Join(dir, "bucketproof")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "bucketproof/cmd/bucketproof").CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "config.toml")); err != nil {
		if err := s.write(dir); err != nil {
			return err
		}
	}
	fmt.Printf("%d clients, %d buckets, %d log objects, %d records\n", s.clients, s.clients*s.buckets,
		s.clients*s.buckets*days*s.objects, s.clients*s.buckets*days*s.objects*s.records)
	fmt.Println("| command | s | user s | MB resident |")
	fmt.Println("|---|---|---|---|")
	for _, args := range [][]string{{"collect"}, {"check", "--from", "2026-10-20", "--to", "2026-10-20"},
		{"report", "--month", "2026-10"}} {
		if !strings.Contains(","+steps+",", ","+args[0]+",") {
			continue
		}
		cmd := exec.CommandContext(ctx, program, append([]string{"--config", filepath.Join(dir, "config.toml")}, args...)...)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); err != nil && code != 3 {
			return fmt.Errorf("%s: %w: %s", args, err, out)
		}
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			return errors.New("the operating system tells no memory")
		}
		fmt.Printf("| `%s` | %.1f | %.1f | %d |\n", args[0], time.Since(began).Seconds(),
			cmd.ProcessState.UserTime().Seconds(), usage.Maxrss>>10)
	}
	return nil
}

// days are those of the month, with the day behind it.
const days = 31

func (s shape) write(dir string) error {
	config := &strings.Builder{}
	config.WriteString("data_dir = \"data\"\n[evidence]\nurl = \"file:evidence\"\nlock_mode = \"\"\n")
	n := 0
	for c := range s.clients {
		id := fmt.Sprintf("client-%04d", c)
		fmt.Fprintf(config, "[[tenant]]\nid = %q\nname = \"Client %d\"\naccounts = [\"111122223333\"]\n", id, c)
		for b := range s.buckets {
			bucket := fmt.Sprintf("%s-%02d", id, b)
			fmt.Fprintf(config,
				"[[tenant.bucket]]\nname = %q\nlogs = \"file:logs/%s\"\nprefixes = [\"veeam/\"]\nwindow = { start "+
					"= \"00:00\", end = \"06:00\" }\n", bucket, bucket)
			if err := s.bucket(filepath.Join(dir, "logs", bucket), bucket, &n); err != nil {
				return err
			}
		}
		config.WriteString("[[tenant.principal]]\nmatch = " +
			"\"arn:aws:sts::111122223333:assumed-role/BackupRole/*\"\nname = \"Nightly backup role\"\nrole = \"backup\"\n")
	}
	return os.WriteFile(filepath.Join(dir, "config.toml"), []byte(config.String()), 0o600)
}

// bucket writes the log objects of a month.
func (s shape) bucket(dir, bucket string, n *int) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	span := 24 * time.Hour / time.Duration(s.objects)
	for day := range days {
		for o := range s.objects {
			begin := time.Date(2026, 10, 1+day, 0, 0, 0, 0, time.UTC).Add(time.Duration(o) * span)
			f, err := os.Create(filepath.Join(dir, begin.Add(span).Format("2006-01-02-15-04-05-")+fmt.Sprintf("%016X", o)))
			if err != nil {
				return err
			}
			w := bufio.NewWriter(f)
			for r := range s.records {
				*n++
				op, verb := "REST.PUT.OBJECT", "PUT"
				if o > 0 {
					op, verb = "REST.HEAD.OBJECT", "HEAD"
				}
				at := begin.Add(time.Duration(r) * span / time.Duration(s.records))
				key := fmt.Sprintf("veeam/job/%02d/%02d-%d.vbk", day+1, o, r)
				fmt.Fprintf(w,
					"%064x %s [%s] 192.0.2.10 arn:aws:sts::111122223333:assumed-role/BackupRole/veeam %016X %s %s "+
						"\"%s /%s HTTP/1.1\" 200 - - %d 120 30 \"-\" \"APN/1.0 Veeam/12\" - h= SigV4 "+
						"ECDHE-RSA-AES128-GCM-SHA256 AuthHeader %s.s3.eu-central-1.amazonaws.com TLSv1.2 - -\n",
					7, bucket, at.Format("02/Jan/2006:15:04:05 -0700"), *n, op, key, verb, key, 10<<20+*n%1000, bucket)
			}
			if err := errors.Join(w.Flush(), f.Close()); err != nil {
				return err
			}
		}
	}
	return nil
}
