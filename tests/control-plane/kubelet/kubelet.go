// Package kubelet stands in for the scheduler and the kubelets: it binds every pod that may run to one Node and moves it
// Pending → Running → Succeeded or Failed, as the pod's annotations ask; a deleted pod is gone at once.
package kubelet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	coreclient "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// Node is the name of the only node.
const Node = "sandbox-node"

// How long a pod waits after a failed write, doubled each time.
const (
	retryFirst = 5 * time.Millisecond
	retryLast  = time.Second
)

// workers is how many pods are written at once.
const workers = 16

// simulator moves pods. Its queue gives a pod to one worker at a time.
type simulator struct {
	client    kubernetes.Interface
	pods      coreinformers.PodInformer
	options   Options
	queue     workqueue.TypedRateLimitingInterface[cache.ObjectName]
	scheduler record.EventRecorder
	kubelet   record.EventRecorder

	mutex    sync.Mutex
	progress map[types.UID]*progress
	attempts map[attemptKey]uint64
}

// progress is what is remembered of a pod until its next step.
type progress struct {
	// stage is where the pod was; in another one the rest starts anew. An old cache thus starts nothing anew.
	stage stage
	// due is when its next step is.
	due time.Time
	// attempt is the number, among those of its Job or index, of the attempt that is about to end; 0 is not yet counted.
	attempt uint64
}

// stage tells the waits of a pod apart.
type stage struct {
	phase    v1.PodPhase
	restarts int32
}

// attemptKey names what the attempts are counted for: a Job, or one index of it.
type attemptKey struct {
	owner types.UID
	index string
}

// Start creates the Node and moves pods until the context ends. The informer is to be started by the caller.
func Start(ctx context.Context, client kubernetes.Interface, pods coreinformers.PodInformer, options Options) error {
	if err := createNode(ctx, client); err != nil {
		return fmt.Errorf("node %s: %w", Node, err)
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&coreclient.EventSinkImpl{Interface: client.CoreV1().Events("")})
	simulator := &simulator{
		client:  client,
		pods:    pods,
		options: options,
		// Not the default limiter, which is one for all pods together.
		queue:     workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](retryFirst, retryLast)),
		scheduler: broadcaster.NewRecorder(scheme.Scheme, v1.EventSource{Component: "default-scheduler"}),
		kubelet:   broadcaster.NewRecorder(scheme.Scheme, v1.EventSource{Component: "kubelet", Host: Node}),
		progress:  map[types.UID]*progress{},
		attempts:  map[attemptKey]uint64{},
	}
	enqueue := func(object any) {
		if name, err := cache.DeletionHandlingObjectToName(object); err == nil {
			simulator.queue.Add(name)
		}
	}
	_, err := pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, changed any) { enqueue(changed) },
		DeleteFunc: func(object any) {
			if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			if pod, ok := object.(*v1.Pod); ok {
				simulator.forget(pod.UID)
			}
		},
	})
	if err != nil {
		return err
	}
	for range workers {
		go func() {
			for simulator.next(ctx) {
			}
		}()
	}
	context.AfterFunc(ctx, func() {
		simulator.queue.ShutDown()
		broadcaster.Shutdown()
	})
	return nil
}

func createNode(ctx context.Context, client kubernetes.Interface) error {
	capacity := v1.ResourceList{
		v1.ResourceCPU:    resource.MustParse("64"),
		v1.ResourceMemory: resource.MustParse("256Gi"),
		v1.ResourcePods:   resource.MustParse("110000"),
	}
	now := metav1.Now()
	node := &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: Node, Labels: map[string]string{v1.LabelHostname: Node, v1.LabelOSStable: "linux"}},
		Status: v1.NodeStatus{
			Capacity:    capacity,
			Allocatable: capacity,
			Conditions: []v1.NodeCondition{{
				Type: v1.NodeReady, Status: v1.ConditionTrue, Reason: "KubeletReady", Message: "the simulator is ready",
				LastHeartbeatTime: now, LastTransitionTime: now,
			}},
			NodeInfo: v1.NodeSystemInfo{KubeletVersion: "v1.36.0+simulator", OperatingSystem: "linux", Architecture: "amd64", OSImage: "simulator"},
		},
	}
	_, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// next takes one pod from the queue; false when the queue is shut down.
func (simulator *simulator) next(ctx context.Context) bool {
	name, shutdown := simulator.queue.Get()
	if shutdown {
		return false
	}
	defer simulator.queue.Done(name)
	pod, err := simulator.pods.Lister().Pods(name.Namespace).Get(name.Name)
	if err == nil {
		err = simulator.step(ctx, pod.DeepCopy(), name)
	}
	switch {
	case err == nil, errors.IsNotFound(err):
		simulator.queue.Forget(name)
	case ctx.Err() == nil:
		// A conflict says that the cache was old; it is newer at the next try.
		if !errors.IsConflict(err) {
			klog.ErrorS(err, "Pod step failed", "pod", name)
		}
		simulator.queue.AddRateLimited(name)
	}
	return true
}

// step makes the one write that is due for a pod, if any; the pod's change brings the next one.
func (simulator *simulator) step(ctx context.Context, pod *v1.Pod, name cache.ObjectName) error {
	finished := pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
	if pod.DeletionTimestamp != nil {
		return simulator.stop(ctx, pod, finished)
	}
	if finished {
		return nil
	}
	if pod.Spec.NodeName == "" {
		return simulator.schedule(ctx, pod)
	}
	if pod.Spec.NodeName != Node {
		return nil
	}
	if pod.Status.StartTime == nil {
		accept(pod)
		return simulator.write(ctx, pod)
	}
	running := pod.Status.Phase == v1.PodRunning
	if running && pod.Spec.RestartPolicy == v1.RestartPolicyAlways {
		return nil
	}
	settings := settingsOf(pod, simulator.options)
	wait := settings.pending
	if running {
		wait = settings.run
	}
	if left := simulator.left(pod, wait); left > 0 {
		simulator.queue.AddAfter(name, left)
		return nil
	}
	if !running {
		start(pod)
	} else if simulator.attempt(pod) > settings.fail {
		end(pod, 0)
	} else if pod.Spec.RestartPolicy == v1.RestartPolicyOnFailure {
		restart(pod, settings.exitCode)
	} else {
		end(pod, settings.exitCode)
	}
	if err := simulator.write(ctx, pod); err != nil {
		return err
	}
	if !running {
		for _, container := range pod.Spec.Containers {
			simulator.kubelet.Eventf(pod, v1.EventTypeNormal, "Started", "Container started: %s", container.Name)
		}
	}
	return nil
}

// left is the time until the pod's next step, which is `wait` after the first call in the pod's stage.
func (simulator *simulator) left(pod *v1.Pod, wait time.Duration) time.Duration {
	here := stage{phase: pod.Status.Phase}
	for _, status := range pod.Status.ContainerStatuses {
		here.restarts += status.RestartCount
	}
	simulator.mutex.Lock()
	defer simulator.mutex.Unlock()
	known := simulator.progress[pod.UID]
	if known == nil || known.stage != here {
		known = &progress{stage: here, due: time.Now().Add(wait)}
		simulator.progress[pod.UID] = known
	}
	return time.Until(known.due)
}

// attempt is the number of the attempt that ends now, from 1; the same in one stage, however often it is asked for. After left.
func (simulator *simulator) attempt(pod *v1.Pod) uint64 {
	key := attemptKey{owner: pod.UID, index: pod.Annotations["batch.kubernetes.io/job-completion-index"]}
	if owner := metav1.GetControllerOf(pod); owner != nil {
		key.owner = owner.UID
	}
	simulator.mutex.Lock()
	defer simulator.mutex.Unlock()
	known := simulator.progress[pod.UID]
	if known == nil { // The pod went away meanwhile, and the write will say so.
		return 1
	}
	if known.attempt == 0 {
		simulator.attempts[key]++
		known.attempt = simulator.attempts[key]
	}
	return known.attempt
}

func (simulator *simulator) forget(pod types.UID) {
	simulator.mutex.Lock()
	defer simulator.mutex.Unlock()
	delete(simulator.progress, pod)
}

// stop ends a deleted pod and lets go of it. One that never ran has no grace, and is held by its finalizers only.
func (simulator *simulator) stop(ctx context.Context, pod *v1.Pod, finished bool) error {
	if !finished {
		end(pod, 137)
		return simulator.write(ctx, pod)
	}
	if pod.DeletionGracePeriodSeconds == nil || *pod.DeletionGracePeriodSeconds == 0 {
		return nil
	}
	options := metav1.NewDeleteOptions(0)
	options.Preconditions = metav1.NewUIDPreconditions(string(pod.UID))
	return simulator.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, *options)
}

// schedule binds a pod to the node, or says in its PodScheduled condition why not.
func (simulator *simulator) schedule(ctx context.Context, pod *v1.Pod) error {
	if len(pod.Spec.SchedulingGates) > 0 {
		return nil // The server itself has said so in the condition.
	}
	labels := map[string]string{v1.LabelHostname: Node, v1.LabelOSStable: "linux"}
	for key, value := range pod.Spec.NodeSelector {
		if labels[key] != value {
			return simulator.hold(ctx, pod, "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.")
		}
	}
	binding := &v1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     v1.ObjectReference{Kind: "Node", Name: Node},
	}
	if err := simulator.client.CoreV1().Pods(pod.Namespace).Bind(ctx, binding, metav1.CreateOptions{}); err != nil {
		return err
	}
	simulator.scheduler.Eventf(pod, v1.EventTypeNormal, "Scheduled", "Successfully assigned %s/%s to %s", pod.Namespace, pod.Name, Node)
	return nil
}

// hold says once why a pod is not bound.
func (simulator *simulator) hold(ctx context.Context, pod *v1.Pod, message string) error {
	condition := v1.PodCondition{
		Type: v1.PodScheduled, Status: v1.ConditionFalse, Reason: v1.PodReasonUnschedulable, Message: message, LastTransitionTime: metav1.Now(),
	}
	for _, old := range pod.Status.Conditions {
		if old.Type == condition.Type && old.Message == message {
			return nil
		}
	}
	setCondition(pod, condition)
	if err := simulator.write(ctx, pod); err != nil {
		return err
	}
	simulator.scheduler.Event(pod, v1.EventTypeWarning, "FailedScheduling", message)
	return nil
}

func (simulator *simulator) write(ctx context.Context, pod *v1.Pod) error {
	_, err := simulator.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}
