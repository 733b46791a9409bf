package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// The paths of the proxy itself. All others go to the registry.
const (
	countsPath = "/-/counts"
	tokenPath  = "/-/token"
)

const bufferBytes = 256 << 10

// request is a request with the response of the registry.
type request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Status int    `json:"status"`
}

// counts is the traffic since the start, or since the last DELETE of the counts.
type counts struct {
	// In the order of the responses.
	Requests []request `json:"requests"`
	// By method and kind: `GET blob`.
	Kinds       map[string]int `json:"kinds"`
	Connections int            `json:"connections"`
	// Bytes of request bodies and of response bodies.
	SentBytes     int64 `json:"sentBytes"`
	ReceivedBytes int64 `json:"receivedBytes"`
}

type proxy struct {
	latency, connectLatency time.Duration
	tokens                  bool
	down, up                *bandwidth
	forward                 *httputil.ReverseProxy

	mutex  sync.Mutex
	counts counts
}

// connection is what the proxy knows of a connection of a client.
type connection struct{ isKnown sync.Once }

type connectionKey struct{}

// runProxy serves a transparent HTTP/1.1 proxy on a free port of 127.0.0.1 until it is killed. It passes on the Host header of the
// client. Distribution makes the Location of an upload from it, so that the upload comes through the proxy too.
func runProxy(arguments []string) error {
	flags := flag.NewFlagSet("proxy", flag.ExitOnError)
	target := flags.String("target", "", "`host:port` of the registry")
	latency := flags.Duration("latency", 0, "delay of each request")
	connectLatency := flags.Duration("connect-latency", 0, "delay of each new connection")
	bytesPerSecond := flags.Int64("bytes-per-second", 0, "limit for all bodies in each direction (0: none)")
	tokens := flags.Bool("tokens", false, "require a bearer token for each repository")
	flags.Parse(arguments)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p := newProxy(*target)
	p.latency, p.connectLatency, p.tokens = *latency, *connectLatency, *tokens
	p.down, p.up = &bandwidth{perSecond: *bytesPerSecond}, &bandwidth{perSecond: *bytesPerSecond}
	server := &http.Server{
		Handler:  p,
		ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, &connection{})
		},
	}
	fmt.Println("listening on", listener.Addr())
	return server.Serve(listener)
}

func newProxy(target string) *proxy {
	p := &proxy{}
	p.clear()
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: target})
			r.Out.Host = r.In.Host
			if _, has := r.In.Header["User-Agent"]; !has {
				r.Out.Header["User-Agent"] = nil // Otherwise Go sends its own.
			}
		},
		Transport: &http.Transport{
			DisableCompression:  true,
			MaxIdleConnsPerHost: 256,
			ReadBufferSize:      bufferBytes,
			WriteBufferSize:     bufferBytes,
		},
		ModifyResponse: func(response *http.Response) error {
			in := response.Request
			p.record(in.Method, in.URL, response.StatusCode)
			if response.StatusCode != http.StatusSwitchingProtocols {
				response.Body = &counted{response.Body, p, &p.counts.ReceivedBytes, p.down}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "proxy: "+err.Error(), http.StatusBadGateway)
		},
		ErrorLog:      log.New(io.Discard, "", 0),
		FlushInterval: -1,
		BufferPool:    &buffers{},
	}
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == countsPath {
		p.serveCounts(w, r)
		return
	}
	r.Context().Value(connectionKey{}).(*connection).isKnown.Do(func() {
		p.mutex.Lock()
		p.counts.Connections++
		p.mutex.Unlock()
		time.Sleep(p.connectLatency)
	})
	time.Sleep(p.latency)
	if r.URL.Path == tokenPath {
		p.record(r.Method, r.URL, http.StatusOK)
		serveToken(w, r)
		return
	}
	if scope := scopeOf(r); p.tokens && !hasScope(r, scope) {
		p.record(r.Method, r.URL, http.StatusUnauthorized)
		challenge(w, r, scope)
		return
	}
	// The registry may respond before it has read the whole body.
	http.NewResponseController(w).EnableFullDuplex()
	if r.Body != http.NoBody {
		r.Body = &counted{r.Body, p, &p.counts.SentBytes, p.up}
	}
	if p.tokens {
		r.Header.Del("Authorization") // The registry itself is open.
	}
	p.forward.ServeHTTP(w, r)
}

func (p *proxy) serveCounts(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	p.mutex.Lock()
	defer p.mutex.Unlock()
	json.NewEncoder(w).Encode(p.counts)
	if r.Method == http.MethodDelete {
		p.counts = counts{Requests: []request{}, Kinds: map[string]int{}}
	}
}

func (p *proxy) clear() {
	p.counts = counts{Requests: []request{}, Kinds: map[string]int{}}
}

func (p *proxy) record(method string, url *url.URL, status int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.counts.Requests = append(p.counts.Requests, request{method, url.RequestURI(), status})
	p.counts.Kinds[method+" "+kindOf(url)]++
}

var kinds = []struct {
	name string
	path *regexp.Regexp
}{
	{"token", regexp.MustCompile(`^` + tokenPath + `$`)},
	{"ping", regexp.MustCompile(`^/v2/?$`)},
	{"upload", regexp.MustCompile(`/blobs/uploads/[^/]*$`)},
	{"blob", regexp.MustCompile(`/blobs/[^/]+$`)},
	{"manifest", regexp.MustCompile(`/manifests/[^/]+$`)},
	{"referrers", regexp.MustCompile(`/referrers/[^/]+$`)},
	{"list", regexp.MustCompile(`/(tags/list|_catalog)$`)},
}

func kindOf(url *url.URL) string {
	if url.Query().Has("mount") {
		return "mount"
	}
	for _, kind := range kinds {
		if kind.path.MatchString(url.Path) {
			return kind.name
		}
	}
	return "other"
}

// counted counts the bytes of a body, and keeps it within the bandwidth.
type counted struct {
	io.ReadCloser
	proxy *proxy
	count *int64
	limit *bandwidth
}

func (c *counted) Read(buffer []byte) (int, error) {
	n, err := c.ReadCloser.Read(buffer)
	c.proxy.mutex.Lock()
	*c.count += int64(n)
	c.proxy.mutex.Unlock()
	c.limit.take(n)
	return n, err
}

// bandwidth is shared by all bodies of a direction.
type bandwidth struct {
	perSecond int64
	mutex     sync.Mutex
	freeAt    time.Time
}

func (b *bandwidth) take(bytes int) {
	if b.perSecond == 0 {
		return
	}
	b.mutex.Lock()
	if now := time.Now(); b.freeAt.Before(now) {
		b.freeAt = now
	}
	b.freeAt = b.freeAt.Add(time.Duration(int64(bytes) * int64(time.Second) / b.perSecond))
	wait := time.Until(b.freeAt)
	b.mutex.Unlock()
	time.Sleep(wait)
}

type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, is := b.pool.Get().(*[]byte); is {
		return *buffer
	}
	return make([]byte, bufferBytes)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }

var repositoryPath = regexp.MustCompile(`^/v2/(.+)/(?:manifests|blobs|tags|referrers)/`)

// scopeOf is the scope that a request needs. Empty for requests without a repository.
func scopeOf(r *http.Request) string {
	match := repositoryPath.FindStringSubmatch(r.URL.Path)
	if match == nil {
		return ""
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return "repository:" + match[1] + ":pull"
	}
	return "repository:" + match[1] + ":pull,push"
}

// hasScope tells whether the token covers the scope. A token is the list of its scopes.
func hasScope(r *http.Request, scope string) bool {
	token, has := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	text, err := base64.RawURLEncoding.DecodeString(token)
	if !has || err != nil {
		return false
	}
	for granted := range strings.FieldsSeq(string(text)) {
		if granted == scope || granted == strings.Replace(scope, ":pull", ":pull,push", 1) {
			return true
		}
	}
	return scope == ""
}

// https://distribution.github.io/distribution/spec/auth/token/
func challenge(w http.ResponseWriter, r *http.Request, scope string) {
	value := fmt.Sprintf(`Bearer realm="http://%s%s",service="bench"`, r.Host, tokenPath)
	if scope != "" {
		value += fmt.Sprintf(`,scope="%s"`, scope)
	}
	w.Header().Set("WWW-Authenticate", value)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
}

// serveToken grants what is asked for, to anyone, by GET or by POST.
func serveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, errors.Unwrap(err).Error(), http.StatusBadRequest)
		return
	}
	token := base64.RawURLEncoding.EncodeToString([]byte(strings.Join(r.Form["scope"], " ")))
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"token": token, "access_token": token, "expires_in": 3600})
}
