package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/certificates/rootcacertpublisher"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/resourcequota"
	serviceaccountcontroller "k8s.io/kubernetes/pkg/controller/serviceaccount"
	"k8s.io/kubernetes/pkg/controller/ttlafterfinished"
	quota "k8s.io/kubernetes/pkg/quota/v1/install"
	"k8s.io/kubernetes/pkg/serviceaccount"

	quotageneric "k8s.io/apiserver/pkg/quota/v1/generic"
)

// What kube-controller-manager uses unless told otherwise.
const (
	jobSyncs         = 5
	garbageSyncs     = 20
	namespaceSyncs   = 10
	quotaSyncs       = 5
	tokenSyncs       = 5
	timeToLiveSyncs  = 5
	aggregationSyncs = 5
	namespaceResync  = 5 * time.Minute
	quotaResync      = 5 * time.Minute
	discoveryPeriod  = 30 * time.Second
	resyncPeriod     = 12 * time.Hour
)

// controllers are those of kube-controller-manager that a namespace with Jobs needs.
type controllers struct {
	client    kubernetes.Interface
	informers informers.SharedInformerFactory
	garbage   *garbagecollector.GarbageCollector
	started   chan struct{}
	ctx       context.Context
}

// startControllers makes the controllers and starts those that need no cache; waitReady starts the caches. They stop with ctx.
func startControllers(ctx, starting context.Context, config *rest.Config, certificates *certificates) (*controllers, error) {
	// As kube-controller-manager does: protobuf for the kinds of Kubernetes.
	typed := rest.CopyConfig(config)
	typed.ContentType = "application/vnd.kubernetes.protobuf"
	typed.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	client, err := kubernetes.NewForConfig(typed)
	if err != nil {
		return nil, err
	}
	metadataClient, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	trim := func(object any) (any, error) {
		if accessor, err := meta.Accessor(object); err == nil {
			accessor.SetManagedFields(nil)
		}
		return object, nil
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	go wait.UntilWithContext(ctx, func(context.Context) { mapper.Reset() }, discoveryPeriod)

	made := &controllers{
		client:    client,
		informers: informers.NewSharedInformerFactoryWithOptions(client, resyncPeriod, informers.WithTransform(trim)),
		started:   make(chan struct{}),
		ctx:       ctx,
	}
	metadataInformers := metadatainformer.NewSharedInformerFactoryWithOptions(metadataClient, resyncPeriod, metadatainformer.WithTransform(trim))
	all := informerfactory.NewInformerFactory(made.informers, metadataInformers)
	core := made.informers.Core().V1()
	logger := klog.FromContext(ctx)

	jobs, err := job.NewController(ctx, client, core.Pods(), made.informers.Batch().V1().Jobs(), nil, nil)
	if err != nil {
		return nil, fmt.Errorf("job: %w", err)
	}
	timeToLive := ttlafterfinished.New(ctx, made.informers.Batch().V1().Jobs(), client)
	graph := garbagecollector.NewDependencyGraphBuilder(ctx, metadataClient, mapper, garbagecollector.DefaultIgnoredResources(), all, made.started)
	made.garbage, err = garbagecollector.NewComposedGarbageCollector(ctx, client, metadataClient, mapper, graph)
	if err != nil {
		return nil, fmt.Errorf("garbage-collector: %w", err)
	}
	namespaces := namespace.NewNamespaceController(ctx, client, metadataClient, client.Discovery().ServerPreferredNamespacedResources,
		core.Namespaces(), namespaceResync, v1.FinalizerKubernetes)
	accounts, err := serviceaccountcontroller.NewServiceAccountsController(logger, core.ServiceAccounts(), core.Namespaces(), client,
		serviceaccountcontroller.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return nil, fmt.Errorf("serviceaccount: %w", err)
	}
	authority, err := os.ReadFile(certificates.authority)
	if err != nil {
		return nil, err
	}
	key, err := keyutil.PrivateKeyFromFile(certificates.serviceAccountKey)
	if err != nil {
		return nil, err
	}
	generator, err := serviceaccount.JWTTokenGenerator(serviceaccount.LegacyIssuer, key)
	if err != nil {
		return nil, fmt.Errorf("serviceaccount-token: %w", err)
	}
	tokens, err := serviceaccountcontroller.NewTokensController(logger, core.ServiceAccounts(), core.Secrets(), client,
		serviceaccountcontroller.TokensControllerOptions{TokenGenerator: generator, RootCA: authority})
	if err != nil {
		return nil, fmt.Errorf("serviceaccount-token: %w", err)
	}
	publisher, err := rootcacertpublisher.NewPublisher(core.ConfigMaps(), core.Namespaces(), client, authority)
	if err != nil {
		return nil, fmt.Errorf("root-ca-certificate-publisher: %w", err)
	}
	aggregation := clusterroleaggregation.NewClusterRoleAggregation(made.informers.Rbac().V1().ClusterRoles(), client.RbacV1())
	quotaKinds, err := quota.NewQuotaConfigurationForControllers(quotageneric.ListerFuncForResourceFunc(made.informers.ForResource), made.informers)
	if err != nil {
		return nil, fmt.Errorf("resourcequota: %w", err)
	}
	quotas, err := resourcequota.NewController(ctx, &resourcequota.ControllerOptions{
		QuotaClient:               client.CoreV1(),
		ResourceQuotaInformer:     core.ResourceQuotas(),
		ResyncPeriod:              controller.StaticResyncPeriodFunc(quotaResync),
		Registry:                  quotageneric.NewRegistry(quotaKinds.Evaluators()),
		DiscoveryFunc:             client.Discovery().ServerPreferredNamespacedResources,
		IgnoredResourcesFunc:      quotaKinds.IgnoredResources,
		InformersStarted:          made.started,
		InformerFactory:           all,
		ReplenishmentResyncPeriod: controller.StaticResyncPeriodFunc(resyncPeriod),
		UpdateFilter:              quota.DefaultUpdateFilter(),
	})
	if err != nil {
		return nil, fmt.Errorf("resourcequota: %w", err)
	}

	all.Start(ctx.Done())
	close(made.started)
	go jobs.Run(ctx, jobSyncs)
	go timeToLive.Run(ctx, timeToLiveSyncs)
	go made.garbage.Run(ctx, garbageSyncs, discoveryPeriod)
	go made.garbage.Sync(ctx, client.Discovery(), discoveryPeriod)
	go namespaces.Run(ctx, namespaceSyncs)
	go accounts.Run(ctx, 1)
	go tokens.Run(ctx, tokenSyncs)
	go publisher.Run(ctx, 1)
	go aggregation.Run(ctx, aggregationSyncs)
	go quotas.Run(ctx, quotaSyncs)
	go quotas.Sync(ctx, client.Discovery().ServerPreferredNamespacedResources, discoveryPeriod)
	return made, starting.Err()
}

// waitReady waits until the caches are filled and the default namespace has its ServiceAccount.
func (controllers *controllers) waitReady(ctx context.Context) error {
	// The simulator's informer may have come after the others.
	controllers.informers.Start(controllers.ctx.Done())
	for kind, synced := range controllers.informers.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("the cache of %s is not filled", kind)
		}
	}
	logger := klog.FromContext(ctx)
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		_, err := controllers.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err == nil && controllers.garbage.IsSynced(logger), nil
	})
}
