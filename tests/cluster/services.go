package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	v1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// services stands in for kube-proxy and the cluster's DNS: it listens on every
// cluster IP (the namespace routes them to itself) and passes connections on
// to a ready endpoint. TCP only.
type services struct {
	services  corelisters.ServiceLister
	slices    discoverylisters.EndpointSliceLister
	mu        sync.Mutex
	listeners map[string]net.Listener // by "ip:port"
}

func serveServices(ctx context.Context, client kubernetes.Interface) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	s := &services{
		services:  factory.Core().V1().Services().Lister(),
		slices:    factory.Discovery().V1().EndpointSlices().Lister(),
		listeners: map[string]net.Listener{},
	}
	changed := func(any) { s.sync() }
	factory.Core().V1().Services().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: changed, UpdateFunc: func(_, o any) { changed(o) }, DeleteFunc: changed,
	})
	factory.Discovery().V1().EndpointSlices().Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	dns, err := net.ListenPacket("udp", dnsIP+":53")
	if err != nil {
		return err
	}
	go s.serveDNS(dns)
	return nil
}

// sync opens and closes listeners until they match the services.
func (s *services) sync() {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, _ := s.services.List(labels.Everything())
	wanted := map[string]bool{}
	for _, svc := range all {
		for _, port := range svc.Spec.Ports {
			if net.ParseIP(svc.Spec.ClusterIP) == nil || port.Protocol != v1.ProtocolTCP {
				continue
			}
			address := net.JoinHostPort(svc.Spec.ClusterIP, strconv.Itoa(int(port.Port)))
			wanted[address] = true
			if s.listeners[address] != nil {
				continue
			}
			l, err := net.Listen("tcp", address)
			if err != nil {
				klog.Errorf("service %s/%s: %v", svc.Namespace, svc.Name, err)
				continue
			}
			s.listeners[address] = l
			go s.accept(l, svc.Namespace, svc.Name, port.Name)
		}
	}
	for address, l := range s.listeners {
		if !wanted[address] {
			l.Close()
			delete(s.listeners, address)
		}
	}
}

func (s *services) accept(l net.Listener, namespace, service, port string) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		go s.pass(in.(*net.TCPConn), namespace, service, port)
	}
}

// pass copies both ways between a client and one ready endpoint. Without one
// it resets the connection, as kube-proxy refuses it.
func (s *services) pass(in *net.TCPConn, namespace, service, port string) {
	defer in.Close()
	endpoints := s.endpoints(namespace, service, port)
	rand.Shuffle(len(endpoints), func(i, j int) { endpoints[i], endpoints[j] = endpoints[j], endpoints[i] })
	for _, e := range endpoints {
		conn, err := net.DialTimeout("tcp", e, 5*time.Second)
		if err != nil {
			continue
		}
		out := conn.(*net.TCPConn)
		defer out.Close()
		done := make(chan struct{})
		go func() {
			io.Copy(out, in)
			out.CloseWrite()
			close(done)
		}()
		io.Copy(in, out)
		in.CloseWrite()
		<-done
		return
	}
	in.SetLinger(0)
}

func (s *services) endpoints(namespace, service, port string) (addresses []string) {
	slices, _ := s.slices.EndpointSlices(namespace).List(labels.SelectorFromSet(labels.Set{discovery.LabelServiceName: service}))
	for _, slice := range slices {
		for _, p := range slice.Ports {
			if p.Port == nil || port != "*" && (p.Name == nil || *p.Name != port) {
				continue
			}
			for _, e := range slice.Endpoints {
				if e.Conditions.Ready == nil || *e.Conditions.Ready {
					addresses = append(addresses, net.JoinHostPort(e.Addresses[0], strconv.Itoa(int(*p.Port))))
				}
			}
		}
	}
	return addresses
}

// lookup resolves SERVICE.NAMESPACE.svc.cluster.local, to the cluster IP or,
// for a headless service, to the ready endpoints.
func (s *services) lookup(name string) (ips []net.IP, found bool) {
	host, ok := strings.CutSuffix(strings.ToLower(name), ".svc.cluster.local.")
	service, namespace, _ := strings.Cut(host, ".")
	if !ok {
		return nil, false
	}
	svc, err := s.services.Services(namespace).Get(service)
	if err != nil {
		return nil, false
	}
	if ip := net.ParseIP(svc.Spec.ClusterIP); ip != nil {
		return []net.IP{ip}, true
	}
	for _, address := range s.endpoints(namespace, service, "*") {
		host, _, _ := net.SplitHostPort(address)
		ips = append(ips, net.ParseIP(host))
	}
	return ips, true
}

func (s *services) serveDNS(conn net.PacketConn) {
	packet := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(packet)
		if err != nil {
			return
		}
		var query dnsmessage.Message
		if query.Unpack(packet[:n]) != nil || len(query.Questions) != 1 {
			continue
		}
		q := query.Questions[0]
		answer := dnsmessage.Message{Questions: query.Questions}
		answer.ID, answer.Response, answer.Authoritative = query.ID, true, true
		ips, found := s.lookup(q.Name.String())
		if !found {
			answer.RCode = dnsmessage.RCodeNameError
		} else if q.Type == dnsmessage.TypeA {
			for _, ip := range ips {
				answer.Answers = append(answer.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
					Body:   &dnsmessage.AResource{A: [4]byte(ip.To4())},
				})
			}
		}
		if reply, err := answer.Pack(); err == nil {
			conn.WriteTo(reply, from)
		}
	}
}
