package main

import (
	"context"
	"strings"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
)

// definition names a kind of keda.sh/v1alpha1.
type definition struct {
	kind       string
	shortNames []string
	scope      apiextensions.ResourceScope
}

var definitions = []definition{
	{"ScaledJob", []string{"sj"}, apiextensions.NamespaceScoped},
	{"ScaledObject", []string{"so"}, apiextensions.NamespaceScoped},
	{"TriggerAuthentication", []string{"ta", "triggerauth"}, apiextensions.NamespaceScoped},
	{"ClusterTriggerAuthentication", []string{"cta", "clustertriggerauth"}, apiextensions.ClusterScoped},
}

// installDefinitions creates KEDA's kinds, which take any fields, and waits until they are served.
func installDefinitions(ctx context.Context, config *rest.Config) error {
	client, err := clientset.NewForConfig(config)
	if err != nil {
		return err
	}
	api := client.ApiextensionsV1().CustomResourceDefinitions()
	for _, definition := range definitions {
		if _, err := api.Create(ctx, definition.object(), metav1.CreateOptions{}); err != nil && !errors.IsAlreadyExists(err) {
			return err
		}
	}
	return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(context.Context) (bool, error) {
		resources, err := client.Discovery().ServerResourcesForGroupVersion("keda.sh/v1alpha1")
		if err != nil {
			return false, nil
		}
		served := 0
		for _, resource := range resources.APIResources {
			if !strings.Contains(resource.Name, "/") {
				served++
			}
		}
		return served == len(definitions), nil
	})
}

func (definition definition) object() *apiextensions.CustomResourceDefinition {
	singular := strings.ToLower(definition.kind)
	unknown := true
	return &apiextensions.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: singular + "s.keda.sh"},
		Spec: apiextensions.CustomResourceDefinitionSpec{
			Group: "keda.sh",
			Names: apiextensions.CustomResourceDefinitionNames{
				Kind:       definition.kind,
				Plural:     singular + "s",
				Singular:   singular,
				ShortNames: definition.shortNames,
			},
			Scope: definition.scope,
			Versions: []apiextensions.CustomResourceDefinitionVersion{{
				Name:    "v1alpha1",
				Served:  true,
				Storage: true,
				Schema: &apiextensions.CustomResourceValidation{
					OpenAPIV3Schema: &apiextensions.JSONSchemaProps{Type: "object", XPreserveUnknownFields: &unknown},
				},
				Subresources: &apiextensions.CustomResourceSubresources{Status: &apiextensions.CustomResourceSubresourceStatus{}},
			}},
		},
	}
}
