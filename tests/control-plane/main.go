// Command control-plane is a real Kubernetes control plane for the tests, in one process on loopback: etcd, kube-apiserver
// with RBAC, the controllers of kube-controller-manager that Jobs need, minimal KEDA definitions, and, in place of a
// scheduler and a kubelet, a simulator that moves pods on as their `sandbox.keda-jobs/*` annotations ask.
//
//	go build -o control-plane . && ./control-plane --data DIR --kubeconfig FILE
//
// prints `ready FILE` when it can be used and runs until SIGTERM or SIGINT; a second signal ends it at once. Everything it
// keeps is in DIR (certificates, etcd's data, `log`); started again on the same DIR and --port it goes on with that data.
//
//	./control-plane token --kubeconfig ADMIN --namespace NS --serviceaccount NAME --role FILE --out FILE
//
// writes a kubeconfig for a ServiceAccount that has the Roles in FILE and nothing else. `.ci/control-plane` builds and runs it
// for the suite, which uses it through KEDA_JOBS_TEST_KUBECONFIG; compare.py says where the embedded cluster answers otherwise.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"keda-jobs/control-plane/kubelet"
)

// How long the parts may take to start, and to stop.
const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 2 * time.Second
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "token" {
		err = token(os.Args[2:])
	} else {
		err = serve(os.Args[1:])
	}
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// serve runs the control plane until a signal.
func serve(arguments []string) error {
	flags := flag.NewFlagSet("control-plane", flag.ContinueOnError)
	data := flags.String("data", "", "folder of everything that is kept; made if missing")
	kubeconfig := flags.String("kubeconfig", "", "file to write the administrator's kubeconfig to")
	port := flags.Int("port", 0, "port of the API on 127.0.0.1; 0 takes a free one")
	pending := flags.Duration("pod-pending", 50*time.Millisecond, "time of a pod until Running")
	run := flags.Duration("pod-run", 200*time.Millisecond, "time of a pod from Running to its end")
	parent := flags.Int("parent", 0, "end when the process of this id has ended; 0 is never")
	if err := parse(flags, arguments, "data", "kubeconfig"); err != nil {
		return err
	}
	folder, err := filepath.Abs(*data)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	logFile, err := logTo(filepath.Join(folder, "log"))
	if err != nil {
		return err
	}
	defer klog.Flush()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // The next signal has its default effect.
	if *parent > 0 {
		go func() {
			for syscall.Kill(*parent, 0) != syscall.ESRCH {
				time.Sleep(time.Second)
			}
			stop()
		}()
	}

	// Up to a gigabyte more, for a fifth less processor time while thousands of Jobs are made.
	debug.SetGCPercent(400)
	certificates, err := loadCertificates(filepath.Join(folder, "certificates"))
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	store, err := startEtcd(filepath.Join(folder, "etcd"), logFile)
	if err != nil {
		return fmt.Errorf("etcd (see %s): %w", logFile, err)
	}
	defer store.Close()

	// The API server outlives the signal until all that talk to it have stopped.
	serverContext, stopServer := context.WithCancel(context.Background())
	defer stopServer()
	server, err := startServer(serverContext, certificates, store, *port)
	if err != nil {
		return fmt.Errorf("kube-apiserver (see %s): %w", logFile, err)
	}
	admin := server.config(certificates, "control-plane-admin")
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := server.waitReady(starting, admin); err != nil {
		return fmt.Errorf("kube-apiserver (see %s): %w", logFile, err)
	}
	// Before the controllers, whose garbage collector learns of new kinds only every half minute.
	if err := installDefinitions(starting, admin); err != nil {
		return fmt.Errorf("custom resource definitions: %w", err)
	}
	controllers, err := startControllers(ctx, starting, server.config(certificates, "kube-controller-manager"), certificates)
	if err != nil {
		return fmt.Errorf("controllers (see %s): %w", logFile, err)
	}
	pods := controllers.informers.Core().V1().Pods()
	if err := kubelet.Start(ctx, controllers.client, pods, kubelet.Options{Pending: *pending, Run: *run}); err != nil {
		return fmt.Errorf("pod simulator: %w", err)
	}
	if err := controllers.waitReady(starting); err != nil {
		return fmt.Errorf("controllers (see %s): %w", logFile, err)
	}
	if err := writeKubeconfig(*kubeconfig, admin, "default"); err != nil {
		return err
	}
	fmt.Println("ready", *kubeconfig)

	select {
	case <-ctx.Done():
	case err := <-server.ended:
		return fmt.Errorf("kube-apiserver ended (see %s): %w", logFile, err)
	case err := <-store.Err():
		return fmt.Errorf("etcd ended (see %s): %w", logFile, err)
	}
	stopServer()
	select {
	case <-server.ended:
	case <-time.After(stopTimeout): // Clients that hold a watch open do not hold the process.
	}
	return nil
}

// parse reads the flags, all of which take a value, and refuses to go on without the required ones.
func parse(flags *flag.FlagSet, arguments []string, required ...string) error {
	if err := flags.Parse(arguments); err != nil {
		return flag.ErrHelp // Parse has said why.
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	for _, name := range required {
		if flags.Lookup(name).Value.String() == "" {
			return fmt.Errorf("--%s is required", name)
		}
	}
	return nil
}

// logTo sends what the parts log to a file, and keeps stderr for what concerns the caller.
func logTo(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	options := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(options)
	for name, value := range map[string]string{"logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL", "one_output": "true"} {
		if err := options.Set(name, value); err != nil {
			return "", err
		}
	}
	klog.SetOutput(io.Writer(file))
	log.SetOutput(file)
	return path, nil
}
