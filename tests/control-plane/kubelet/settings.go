package kubelet

import (
	"math"
	"strconv"
	"strings"
	"time"

	"k8s.io/api/core/v1"
)

// Options are what holds for pods whose annotations say nothing else.
type Options struct {
	// Pending is the time until Running.
	Pending time.Duration
	// Run is the time from Running to the end.
	Run time.Duration
}

// settings are how a pod behaves. All annotations are optional; one that cannot be read counts as absent.
// The embedded cluster's src/sandbox/controller/settings.rs reads the same ones.
type settings struct {
	// `sandbox.keda-jobs/pending`: time until Running, such as `500ms`, `2s`, `1m`.
	pending time.Duration
	// `sandbox.keda-jobs/run`: time from Running to the end.
	run time.Duration
	// `sandbox.keda-jobs/fail`: `always`, or how many first attempts of the Job, or of each of its indexes, fail.
	fail uint64
	// `sandbox.keda-jobs/exit-code`: of a failed attempt, 1 by default.
	exitCode int32
}

// always is more attempts than any Job has.
const always = math.MaxUint64

func settingsOf(pod *v1.Pod, options Options) settings {
	annotation := func(name string) string { return pod.Annotations["sandbox.keda-jobs/"+name] }
	found := settings{pending: options.Pending, run: options.Run, exitCode: 1}
	if pending, ok := duration(annotation("pending")); ok {
		found.pending = pending
	}
	if run, ok := duration(annotation("run")); ok {
		found.run = run
	}
	if fail := annotation("fail"); fail == "always" {
		found.fail = always
	} else if count, err := strconv.ParseUint(fail, 10, 64); err == nil {
		found.fail = count
	}
	if code, err := strconv.ParseInt(annotation("exit-code"), 10, 32); err == nil {
		found.exitCode = int32(code)
	}
	return found
}

// duration reads `1500ms`, `2s`, `1.5s`, `1m`, `1h`; a bare number is seconds.
func duration(text string) (time.Duration, bool) {
	end := strings.IndexFunc(text, func(letter rune) bool { return letter >= 'a' && letter <= 'z' || letter >= 'A' && letter <= 'Z' })
	if end < 0 {
		end = len(text)
	}
	units := map[string]float64{"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600}
	factor, known := units[text[end:]]
	number, err := strconv.ParseFloat(strings.TrimSpace(text[:end]), 64)
	nanoseconds := number * factor * float64(time.Second)
	if !known || err != nil || !(nanoseconds >= 0 && nanoseconds < math.MaxInt64) {
		return 0, false
	}
	return time.Duration(nanoseconds), true
}
