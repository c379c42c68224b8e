package kubelet

import (
	"fmt"
	"math/rand/v2"

	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// accept: the kubelet has seen a pod that was bound to it.
func accept(pod *v1.Pod) {
	now := metav1.Now()
	pod.Status.StartTime = &now
	pod.Status.HostIP = "127.0.0.1"
	pod.Status.HostIPs = []v1.HostIP{{IP: "127.0.0.1"}}
	pod.Status.ContainerStatuses = statuses(pod.Spec.Containers, v1.ContainerState{
		Waiting: &v1.ContainerStateWaiting{Reason: "ContainerCreating"},
	})
	setConditions(pod, false, "ContainersNotReady")
}

// start: all containers run.
func start(pod *v1.Pod) {
	now := metav1.Now()
	pod.Status.Phase = v1.PodRunning
	pod.Status.PodIP = fmt.Sprintf("10.244.%d.%d", rand.IntN(256), 1+rand.IntN(254))
	pod.Status.PodIPs = []v1.PodIP{{IP: pod.Status.PodIP}}
	started := true
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		status.Ready, status.Started = true, &started
		status.ContainerID = "sandbox://" + string(uuid.NewUUID())
		status.State = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: now}}
	}
	setConditions(pod, true, "")
}

// end: all containers have ended with an exit code, and the pod with them.
func end(pod *v1.Pod, code int32) {
	started := false
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		status.State = v1.ContainerState{Terminated: terminated(pod, status, code)}
		status.Ready, status.Started = false, &started
	}
	pod.Status.Phase = v1.PodSucceeded
	reason := "PodCompleted"
	if code != 0 {
		pod.Status.Phase, reason = v1.PodFailed, "PodFailed"
	}
	setConditions(pod, false, reason)
}

// restart: the containers have ended with a failure and run again in the same pod.
func restart(pod *v1.Pod, code int32) {
	now := metav1.Now()
	for i := range pod.Status.ContainerStatuses {
		status := &pod.Status.ContainerStatuses[i]
		status.LastTerminationState = v1.ContainerState{Terminated: terminated(pod, status, code)}
		status.RestartCount++
		status.State = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: now}}
	}
}

func terminated(pod *v1.Pod, status *v1.ContainerStatus, code int32) *v1.ContainerStateTerminated {
	ended := &v1.ContainerStateTerminated{ExitCode: code, Reason: "Completed", FinishedAt: metav1.Now(), ContainerID: status.ContainerID}
	if code != 0 {
		ended.Reason = "Error"
	}
	if status.State.Running != nil {
		ended.StartedAt = status.State.Running.StartedAt
	} else if pod.Status.StartTime != nil {
		ended.StartedAt = *pod.Status.StartTime
	}
	return ended
}

func statuses(containers []v1.Container, state v1.ContainerState) []v1.ContainerStatus {
	started := false
	made := make([]v1.ContainerStatus, 0, len(containers))
	for _, container := range containers {
		made = append(made, v1.ContainerStatus{Name: container.Name, Image: container.Image, Started: &started, State: state})
	}
	return made
}

func setConditions(pod *v1.Pod, ready bool, reason string) {
	status := v1.ConditionFalse
	if ready {
		status = v1.ConditionTrue
	}
	now := metav1.Now()
	initialized := v1.PodCondition{Type: v1.PodInitialized, Status: v1.ConditionTrue, LastTransitionTime: now}
	if reason == "PodCompleted" {
		initialized.Reason = reason
	}
	setCondition(pod, initialized)
	setCondition(pod, v1.PodCondition{Type: v1.PodReadyToStartContainers, Status: status, LastTransitionTime: now})
	setCondition(pod, v1.PodCondition{Type: v1.ContainersReady, Status: status, Reason: reason, LastTransitionTime: now})
	setCondition(pod, v1.PodCondition{Type: v1.PodReady, Status: status, Reason: reason, LastTransitionTime: now})
}

// setCondition replaces the condition of the same type; its time changes only with its status.
func setCondition(pod *v1.Pod, condition v1.PodCondition) {
	for i, old := range pod.Status.Conditions {
		if old.Type == condition.Type {
			if old.Status == condition.Status {
				condition.LastTransitionTime = old.LastTransitionTime
			}
			pod.Status.Conditions[i] = condition
			return
		}
	}
	pod.Status.Conditions = append(pod.Status.Conditions, condition)
}
