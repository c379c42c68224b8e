// Reads triggers, one JSON object a line, and answers each with what KEDA's own code says of its parameters. With the argument
// `fields` it lists the parameters that each type declares instead.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"time"

	v2 "k8s.io/api/autoscaling/v2"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/kedacore/keda/v2/pkg/scalers"
	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
)

type question struct {
	Type        string                        `json:"type"`
	Metadata    map[string]string             `json:"metadata"`
	Env         map[string]string             `json:"env"`
	Auth        map[string]string             `json:"auth"`
	PodIdentity *kedav1alpha1.AuthPodIdentity `json:"podIdentity"`
	MetricType  string                        `json:"metricType"`
	// Build asks for the whole constructor, which may connect.
	Build bool `json:"build"`
}

type answer struct {
	Error string `json:"error,omitempty"`
}

func ask(asked question) error {
	config := &scalersconfig.ScalerConfig{
		ScalableObjectName:      "job",
		ScalableObjectNamespace: "default",
		ScalableObjectType:      "ScaledJob",
		TriggerType:             asked.Type,
		TriggerMetadata:         asked.Metadata,
		ResolvedEnv:             asked.Env,
		AuthParams:              asked.Auth,
		GlobalHTTPTimeout:       time.Second,
		MetricType:              v2.MetricTargetType(asked.MetricType),
		TriggerUniqueKey:        "ScaledJob-default-job-0",
	}
	if asked.PodIdentity != nil {
		config.PodIdentity = *asked.PodIdentity
	}
	if asked.Build {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		return scalers.Build(ctx, config)
	}
	return scalers.Parse(config)
}

// fields lists what each type declares.
func fields() map[string][]scalersconfig.Field {
	found := map[string][]scalersconfig.Field{}
	for _, kind := range scalers.Types() {
		scalersconfig.OnTypedConfig = func(config any) {
			found[kind] = append(found[kind], scalersconfig.Fields(config)...)
		}
		// What it says of nothing at all is of no interest.
		_ = ask(question{Type: kind})
	}
	return found
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "fields" {
		if err := json.NewEncoder(os.Stdout).Encode(fields()); err != nil {
			panic(err)
		}
		return
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		var asked question
		if err := json.Unmarshal(in.Bytes(), &asked); err != nil {
			panic(err)
		}
		var said answer
		if err := ask(asked); err != nil {
			said.Error = err.Error()
		}
		line, err := json.Marshal(said)
		if err != nil {
			panic(err)
		}
		out.Write(append(line, '\n'))
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}
