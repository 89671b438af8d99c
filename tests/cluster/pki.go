package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// pki is the paths of the files that the components read.
type pki struct {
	ca, caKey                string // signs serving and client certificates
	apiserver, apiserverKey  string
	frontCA, front, frontKey string // the API server as client of extension servers
	saKey                    string // signs service account tokens
	kubelet, kubeletKey      string
}

func writePKI(cfg *config) (*pki, error) {
	if cfg.port == 0 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		cfg.port = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	dir := filepath.Join(cfg.dir, "pki")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	w := &pkiWriter{dir: dir}
	ca := w.issue(nil, "cluster-ca")
	front := w.issue(nil, "front-proxy-ca")
	server := w.issue(ca, "kube-apiserver", "localhost", "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
		"127.0.0.1", nodeIP, kubernetesServiceIP)
	kubelet := w.issue(ca, "kubelet", nodeIP)
	frontClient := w.issue(front, "front-proxy-client")
	sa := w.issue(nil, "service-account")
	admin := w.issue(ca, "admin") // organisation system:masters, as all of ours
	if w.err != nil {
		return nil, w.err
	}
	kc := api.NewConfig()
	kc.Clusters["cluster"] = &api.Cluster{
		Server:                   fmt.Sprintf("https://127.0.0.1:%d", cfg.port),
		CertificateAuthorityData: ca.certPEM,
	}
	kc.AuthInfos["admin"] = &api.AuthInfo{ClientCertificateData: admin.certPEM, ClientKeyData: admin.keyPEM}
	kc.Contexts["cluster"] = &api.Context{Cluster: "cluster", AuthInfo: "admin"}
	kc.CurrentContext = "cluster"
	return &pki{
		ca: ca.certPath(), caKey: ca.keyPath(),
		apiserver: server.certPath(), apiserverKey: server.keyPath(),
		frontCA: front.certPath(), front: frontClient.certPath(), frontKey: frontClient.keyPath(),
		saKey:   sa.keyPath(),
		kubelet: kubelet.certPath(), kubeletKey: kubelet.keyPath(),
	}, clientcmd.WriteToFile(*kc, cfg.kubeconfig)
}

// restConfig reads a kubeconfig that this process wrote, without client-side
// rate limits.
func restConfig(kubeconfig string) (*rest.Config, error) {
	c, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	c.QPS = -1
	return c, nil
}

type pkiWriter struct {
	dir string
	err error
}

type pair struct {
	path            string // without extension
	cert            *x509.Certificate
	key             crypto.Signer
	certPEM, keyPEM []byte
}

func (p *pair) certPath() string { return p.path + ".crt" }
func (p *pair) keyPath() string  { return p.path + ".key" }

// issue makes a key and a certificate for it, valid for the given DNS names
// and addresses. Without a parent it is a self-signed CA.
func (w *pkiWriter) issue(parent *pair, name string, hosts ...string) *pair {
	if w.err != nil {
		return nil
	}
	p := &pair{path: filepath.Join(w.dir, name)}
	check := func(err error) bool { w.err = err; return err == nil }

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if !check(err) {
		return nil
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if !check(err) {
		return nil
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name, Organization: []string{"system:masters"}},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  parent == nil,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	signer, issuer := crypto.Signer(key), template
	if parent != nil {
		template.KeyUsage = x509.KeyUsageDigitalSignature
		signer, issuer = parent.key, parent.cert
	} else {
		template.ExtKeyUsage = nil
		template.Subject.Organization = nil
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if !check(err) {
		return nil
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if !check(err) {
		return nil
	}
	p.key = key
	p.cert, err = x509.ParseCertificate(der)
	p.certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	p.keyPEM = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
	if check(err) && check(os.WriteFile(p.certPath(), p.certPEM, 0o644)) {
		check(os.WriteFile(p.keyPath(), p.keyPEM, 0o600))
	}
	return p
}
