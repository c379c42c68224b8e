package kubelet

import (
	"testing"
	"time"

	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDurationsAreRead(t *testing.T) {
	for text, want := range map[string]time.Duration{"500ms": 500 * time.Millisecond, "1.5s": 1500 * time.Millisecond, "2m": 2 * time.Minute, "3": 3 * time.Second} {
		if got, ok := duration(text); !ok || got != want {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	for _, wrong := range []string{"", "-1s", "5 parsecs", "ms", "1e400s", "NaNs"} {
		if got, ok := duration(wrong); ok {
			t.Errorf("%q is read as %v", wrong, got)
		}
	}
}

func TestAnnotationsThatCannotBeReadCountAsAbsent(t *testing.T) {
	options := Options{Pending: time.Second, Run: time.Minute}
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{
		"sandbox.keda-jobs/pending":   "soon",
		"sandbox.keda-jobs/run":       "2s",
		"sandbox.keda-jobs/fail":      "often",
		"sandbox.keda-jobs/exit-code": "42",
	}}}
	want := settings{pending: time.Second, run: 2 * time.Second, exitCode: 42}
	if got := settingsOf(pod, options); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	pod.Annotations["sandbox.keda-jobs/fail"] = "always"
	if got := settingsOf(pod, options); got.fail != always {
		t.Errorf("got %+v", got)
	}
}
