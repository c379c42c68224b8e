package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// startEtcd runs a single member on free loopback ports.
func startEtcd(folder, logFile string) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Name = "control-plane"
	config.Dir = folder
	loopback := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.AdvertiseClientUrls = loopback, loopback
	config.ListenPeerUrls, config.AdvertisePeerUrls = loopback, loopback
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	// It would dial the address above, whose port is none.
	config.EnableGRPCGateway = false
	// The data need not survive the machine.
	config.UnsafeNoFsync = true
	config.LogLevel = "warn"
	config.LogOutputs = []string{logFile}
	store, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-store.Server.ReadyNotify():
		return store, nil
	case err := <-store.Err():
		return nil, err
	case <-time.After(startTimeout):
		store.Close()
		return nil, fmt.Errorf("not ready after %s", startTimeout)
	}
}

// server is a running kube-apiserver.
type server struct {
	address string
	// ended gives the server's error, or nil, when it has stopped.
	ended chan error
}

// startServer starts kube-apiserver on 127.0.0.1; it stops with the context.
func startServer(ctx context.Context, certificates *certificates, store *embed.Etcd, port int) (*server, error) {
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	address := listener.Addr().(*net.TCPAddr)
	run := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range run.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	err = flags.Parse([]string{
		"--advertise-address=127.0.0.1",
		"--bind-address=127.0.0.1",
		"--authorization-mode=Node,RBAC",
		"--client-ca-file=" + certificates.authority,
		// The tainting of new nodes is undone by a controller that does not run here.
		"--disable-admission-plugins=TaintNodesByCondition",
		// The Service `kubernetes` may not have a loopback address as its endpoint.
		"--endpoint-reconciler-type=none",
		"--etcd-servers=http://" + store.Clients[0].Addr().String(),
		"--profiling=false",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + certificates.serviceAccountKey,
		"--service-account-signing-key-file=" + certificates.serviceAccountKey,
		"--service-cluster-ip-range=10.0.0.0/16",
		"--tls-cert-file=" + certificates.server,
		"--tls-private-key-file=" + certificates.serverKey,
	})
	if err != nil {
		return nil, err
	}
	run.SecureServing.Listener = listener
	run.SecureServing.BindPort = address.Port
	if err := run.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := run.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, errs[0]
	}
	running := &server{address: "https://" + address.String(), ended: make(chan error, 1)}
	go func() { running.ended <- app.Run(ctx, completed) }()
	return running, nil
}

// config is that of an administrator without client-side limits, known to the server's logs and field managers as name.
func (server *server) config(certificates *certificates, name string) *rest.Config {
	return &rest.Config{
		Host:      server.address,
		UserAgent: name,
		QPS:       -1,
		TLSClientConfig: rest.TLSClientConfig{
			CAFile:   certificates.authority,
			CertFile: certificates.client,
			KeyFile:  certificates.clientKey,
		},
	}
}

// waitReady waits for the server's own word that it is ready.
func (server *server) waitReady(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-server.ended:
			return false, fmt.Errorf("ended before it was ready: %w", err)
		default:
		}
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil, nil
	})
}
