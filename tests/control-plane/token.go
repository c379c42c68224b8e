package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	"k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	tokenSeconds = 24 * 60 * 60
	fieldManager = "control-plane"
)

// token makes a ServiceAccount with the Roles of a file and writes a kubeconfig for it.
func token(arguments []string) error {
	flags := flag.NewFlagSet("control-plane token", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "the administrator's kubeconfig")
	namespace := flags.String("namespace", "", "namespace of the ServiceAccount and of the Roles; made if missing")
	name := flags.String("serviceaccount", "", "name of the ServiceAccount")
	roleFile := flags.String("role", "", "YAML file with the Roles; other kinds in it are left out")
	out := flags.String("out", "", "file to write the kubeconfig to")
	if err := parse(flags, arguments, "kubeconfig", "namespace", "serviceaccount", "role", "out"); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	roles, err := readRoles(*roleFile)
	if err != nil {
		return fmt.Errorf("%s: %w", *roleFile, err)
	}
	meta := metav1.ObjectMeta{Name: *name}
	_, err = client.CoreV1().Namespaces().Create(ctx, &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: *namespace}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	accounts := client.CoreV1().ServiceAccounts(*namespace)
	if _, err := accounts.Create(ctx, &v1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	for _, role := range roles {
		if err := grant(ctx, client, role, *namespace, *name); err != nil {
			return fmt.Errorf("role %s: %w", role.Name, err)
		}
	}
	seconds := int64(tokenSeconds)
	request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds}}
	answer, err := accounts.CreateToken(ctx, *name, request, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	bearer := rest.AnonymousClientConfig(config)
	bearer.BearerToken = answer.Status.Token
	return writeKubeconfig(*out, bearer, *namespace)
}

// readRoles reads the Roles of a YAML file with any number of documents.
func readRoles(path string) ([]*rbac.Role, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var roles []*rbac.Role
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		role := &rbac.Role{}
		var kind metav1.TypeMeta
		if len(document) == 0 {
			continue
		}
		if err := json.Unmarshal(document, &kind); err != nil {
			return nil, err
		}
		if kind.Kind != "Role" {
			continue
		}
		if err := json.Unmarshal(document, role); err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	if len(roles) == 0 {
		return nil, errors.New("expected at least one document of kind Role")
	}
	return roles, nil
}

// grant applies a Role in the namespace and binds it to the ServiceAccount.
func grant(ctx context.Context, client kubernetes.Interface, role *rbac.Role, namespace, account string) error {
	applied := &rbac.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbac.SchemeGroupVersion.String(), Kind: "Role"},
		ObjectMeta: metav1.ObjectMeta{Name: role.Name, Namespace: namespace, Labels: role.Labels},
		Rules:      role.Rules,
	}
	binding := &rbac.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbac.SchemeGroupVersion.String(), Kind: "RoleBinding"},
		ObjectMeta: metav1.ObjectMeta{Name: account + "-" + role.Name, Namespace: namespace},
		Subjects:   []rbac.Subject{{Kind: rbac.ServiceAccountKind, Name: account, Namespace: namespace}},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: role.Name},
	}
	force := true
	options := metav1.PatchOptions{FieldManager: fieldManager, Force: &force}
	text, err := json.Marshal(applied)
	if err != nil {
		return err
	}
	if _, err := client.RbacV1().Roles(namespace).Patch(ctx, applied.Name, types.ApplyPatchType, text, options); err != nil {
		return err
	}
	if text, err = json.Marshal(binding); err != nil {
		return err
	}
	if _, err = client.RbacV1().RoleBindings(namespace).Patch(ctx, binding.Name, types.ApplyPatchType, text, options); err != nil {
		return err
	}
	// The authorizer learns of the binding by watch: what is written below must be usable at once.
	return waitGranted(ctx, client, applied, namespace, account)
}

// waitGranted waits until the server allows what the Role's rules first name.
func waitGranted(ctx context.Context, client kubernetes.Interface, role *rbac.Role, namespace, account string) error {
	var asked *authorization.ResourceAttributes
	for _, rule := range role.Rules {
		if len(rule.Verbs) > 0 && len(rule.APIGroups) > 0 && len(rule.Resources) > 0 {
			resource, subresource, _ := strings.Cut(rule.Resources[0], "/")
			asked = &authorization.ResourceAttributes{
				Namespace: namespace, Verb: rule.Verbs[0], Group: rule.APIGroups[0], Resource: resource, Subresource: subresource,
			}
			if len(rule.ResourceNames) > 0 {
				asked.Name = rule.ResourceNames[0]
			}
			break
		}
	}
	if asked == nil {
		return nil
	}
	review := &authorization.SubjectAccessReview{Spec: authorization.SubjectAccessReviewSpec{
		User:               "system:serviceaccount:" + namespace + ":" + account,
		ResourceAttributes: asked,
	}}
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		answer, err := client.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		return err == nil && answer.Status.Allowed, err
	})
}

// writeKubeconfig writes a kubeconfig with one context, complete or not at all.
func writeKubeconfig(path string, config *rest.Config, namespace string) error {
	if err := rest.LoadTLSFiles(config); err != nil {
		return err
	}
	const name = "control-plane"
	file := api.NewConfig()
	file.Clusters[name] = &api.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: config.CertData, ClientKeyData: config.KeyData, Token: config.BearerToken}
	file.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name, Namespace: namespace}
	file.CurrentContext = name
	text, err := clientcmd.Write(*file)
	if err != nil {
		return err
	}
	// A reader that waits for the file sees all of it.
	if err := os.WriteFile(path+".part", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
