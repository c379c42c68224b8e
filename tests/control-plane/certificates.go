package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is longer than any test run and shorter than what TLS stacks refuse.
const certificateLife = 365 * 24 * time.Hour

// certificates are the paths of what the API server and its clients prove themselves with. One authority signs both.
type certificates struct {
	authority, authorityKey string
	server, serverKey       string
	client, clientKey       string
	serviceAccountKey       string
}

// loadCertificates makes them in a folder, or takes those that are there.
func loadCertificates(folder string) (*certificates, error) {
	at := func(name string) string { return filepath.Join(folder, name) }
	paths := &certificates{
		authority: at("ca.crt"), authorityKey: at("ca.key"),
		server: at("server.crt"), serverKey: at("server.key"),
		client: at("admin.crt"), clientKey: at("admin.key"),
		serviceAccountKey: at("service-account.key"),
	}
	// Written last, so that a folder that has it has all.
	if _, err := os.Stat(paths.serviceAccountKey); !errors.Is(err, fs.ErrNotExist) {
		return paths, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	authority := template("keda-jobs-control-plane-ca")
	authority.IsCA = true
	authority.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	authorityKey, err := issue(authority, authority, nil, paths.authority, paths.authorityKey)
	if err != nil {
		return nil, err
	}
	server := template("kube-apiserver")
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	server.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	if _, err := issue(server, authority, authorityKey, paths.server, paths.serverKey); err != nil {
		return nil, err
	}
	client := template("control-plane-admin")
	client.Subject.Organization = []string{"system:masters"}
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := issue(client, authority, authorityKey, paths.client, paths.clientKey); err != nil {
		return nil, err
	}
	_, err = newKey(paths.serviceAccountKey)
	return paths, err
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(certificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
}

// issue writes a new key and a certificate for it, signed by the parent, or by itself without a parent's key.
func issue(certificate, parent *x509.Certificate, parentKey crypto.Signer, path, keyPath string) (crypto.Signer, error) {
	key, err := newKey(keyPath)
	if err != nil {
		return nil, err
	}
	if parentKey == nil {
		parentKey = key
	}
	if certificate.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, certificate, parent, key.Public(), parentKey)
	if err != nil {
		return nil, err
	}
	return key, writePEM(path, "CERTIFICATE", der)
}

func newKey(path string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
