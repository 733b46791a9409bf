package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// parallel is the number of requests in flight at each registry.
const parallel = 16

var acceptedTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.oci.image.manifest.v1+json",
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type manifest struct {
	descriptor
	bytes     []byte
	Config    descriptor   `json:"config"`
	Layers    []descriptor `json:"layers"`
	Manifests []descriptor `json:"manifests"`
}

// floor copies with the fewest requests in the best order. It knows that the registries are distribution 3, that they check digests,
// and what the scenario needs. It does not retry, verify or explain anything.
type floor struct {
	from, to             *repository
	hashes, isNew, mount bool
	// By digest: closed when the blob has arrived.
	arrived sync.Map
}

// runFloor is `floor copy`, `floor compare`, `floor mount` or `floor sync`.
func runFloor(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("floor: expected copy, compare, mount or sync")
	}
	flags := flag.NewFlagSet("floor", flag.ExitOnError)
	tokens := flags.Bool("tokens", false, "the registries require tokens")
	hashes := flags.Bool("hash", false, "hash each blob")
	related := flags.Bool("related", false, "copy referrers and the signature, too")
	missing := flags.Bool("missing", false, "compare only the lists of tags")
	flags.Parse(arguments[1:])
	if flags.NArg() != 2 {
		return errors.New("floor: expected a source and a destination")
	}
	sourceName, sourceTag := parseReference(flags.Arg(0))
	targetName, targetTag := parseReference(flags.Arg(1))
	f := &floor{
		from:   newRepository(sourceName, *tokens),
		to:     newRepository(targetName, *tokens),
		hashes: *hashes,
		isNew:  true,
		mount:  arguments[0] == "mount",
	}
	switch arguments[0] {
	case "sync":
		return f.sync(*missing)
	case "compare":
		_, err := f.isEqual(sourceTag)
		return err
	}
	root, err := f.copy(sourceTag, targetTag)
	if err == nil && *related {
		err = f.copyRelated(root)
	}
	return err
}

// sync copies the tags that the destination lacks, and those that differ.
func (f *floor) sync(missing bool) error {
	var tags, existing []string
	err := inParallel(
		func() (err error) { tags, err = f.from.list(); return },
		func() (err error) { existing, err = f.to.list(); return },
	)
	if err != nil {
		return err
	}
	f.isNew = len(existing) == 0
	isThere := map[string]bool{}
	for _, tag := range existing {
		isThere[tag] = true
	}
	return forEach(tags, func(tag string) error {
		if isThere[tag] && missing {
			return nil
		}
		if isThere[tag] {
			if isEqual, err := f.isEqual(tag); err != nil || isEqual {
				return err
			}
		}
		_, err := f.copy(tag, tag)
		return err
	})
}

// isEqual compares a tag of both sides.
func (f *floor) isEqual(tag string) (bool, error) {
	var source, target string
	err := inParallel(
		func() (err error) { source, err = f.from.resolve(tag); return },
		func() (err error) { target, err = f.to.resolve(tag); return },
	)
	return source == target, err
}

// copy copies an image or index with all that it names, and returns its manifest.
func (f *floor) copy(sourceTag, targetTag string) (*manifest, error) {
	root, err := f.from.manifest(sourceTag)
	if err != nil {
		return nil, err
	}
	err = forEach(root.Manifests, func(child descriptor) error {
		image, err := f.from.manifest(child.Digest)
		if err == nil {
			err = f.copyBlobs(image)
		}
		if err == nil {
			err = f.to.putManifest(child.Digest, image)
		}
		return err
	})
	if err == nil {
		err = f.copyBlobs(root)
	}
	if err == nil {
		err = f.to.putManifest(targetTag, root)
	}
	return root, err
}

// copyRelated copies the referrers, which distribution 3 lists under a tag, and the signature of cosign.
func (f *floor) copyRelated(root *manifest) error {
	tag := strings.Replace(root.Digest, ":", "-", 1)
	return inParallel(
		func() error { _, err := f.copy(tag, tag); return err },
		func() error { _, err := f.copy(tag+".sig", tag+".sig"); return err },
	)
}

func (f *floor) copyBlobs(image *manifest) error {
	if image.Config.Digest == "" {
		return nil
	}
	return forEach(append([]descriptor{image.Config}, image.Layers...), f.copyBlob)
}

// copyBlob brings a blob to the destination once, however many images name it.
func (f *floor) copyBlob(blob descriptor) error {
	done := make(chan struct{})
	if other, isKnown := f.arrived.LoadOrStore(blob.Digest, done); isKnown {
		<-other.(chan struct{})
		return nil
	}
	defer close(done)
	if f.mount {
		location, err := f.to.mountOrOpen(blob.Digest, f.from.name)
		if err == nil && location != nil {
			err = fmt.Errorf("%s was not mounted", blob.Digest)
		}
		return err
	}
	if !f.isNew {
		location, err := f.to.mountOrOpen(blob.Digest, f.to.name)
		if err != nil || location == nil {
			return err
		}
		body, err := f.from.blob(blob.Digest)
		if err != nil {
			return err
		}
		return f.send(blob, location, body)
	}
	var body io.ReadCloser
	var location *url.URL
	err := inParallel(
		func() (err error) { body, err = f.from.blob(blob.Digest); return },
		func() (err error) { location, err = f.to.openUpload(); return },
	)
	if err != nil {
		return err
	}
	return f.send(blob, location, body)
}

func (f *floor) send(blob descriptor, location *url.URL, body io.ReadCloser) error {
	defer body.Close()
	hash := sha256.New()
	var content io.Reader = body
	if f.hashes {
		content = io.TeeReader(body, hash)
	}
	if err := f.to.putBlob(location, blob, content); err != nil {
		return err
	}
	if sum := "sha256:" + hex.EncodeToString(hash.Sum(nil)); f.hashes && sum != blob.Digest {
		return fmt.Errorf("expected %s, not %s", blob.Digest, sum)
	}
	return nil
}

// repository is a repository of a registry, with the token for it.
type repository struct {
	base, name string
	slots      chan struct{}
	// Only one request is sent until there is a token.
	needsToken bool
	mutex      sync.Mutex
	token      string
}

var client = &http.Client{Transport: &http.Transport{
	DisableCompression:  true,
	MaxIdleConnsPerHost: 2 * parallel,
	ReadBufferSize:      bufferBytes,
	WriteBufferSize:     bufferBytes,
}}

func parseReference(text string) (name, tag string) {
	if at := strings.LastIndex(text, ":"); at > strings.LastIndex(text, "/") {
		return text[:at], text[at+1:]
	}
	return text, ""
}

func newRepository(text string, needsToken bool) *repository {
	host, name, _ := strings.Cut(text, "/")
	base := "http://" + host + "/v2/" + name
	return &repository{base: base, name: name, slots: make(chan struct{}, parallel), needsToken: needsToken}
}

var link = regexp.MustCompile(`<([^>]+)>; *rel="next"`)

func (r *repository) list() ([]string, error) {
	var tags []string
	for next := r.base + "/tags/list"; next != ""; {
		response, err := r.send("GET", next, nil, 0, "")
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusNotFound {
			return nil, nil
		}
		var page struct{ Tags []string }
		if err := json.NewDecoder(response.Body).Decode(&page); err != nil {
			return nil, err
		}
		tags = append(tags, page.Tags...)
		match := link.FindStringSubmatch(response.Header.Get("Link"))
		if match == nil {
			return tags, nil
		}
		at, err := response.Request.URL.Parse(match[1])
		if err != nil {
			return nil, err
		}
		next = at.String()
	}
	return tags, nil
}

func (r *repository) manifest(reference string) (*manifest, error) {
	response, err := r.expect(http.StatusOK, "GET", r.base+"/manifests/"+reference, nil, 0, "")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	result := &manifest{bytes: content}
	err = json.Unmarshal(content, result)
	sum := sha256.Sum256(content)
	result.Digest = "sha256:" + hex.EncodeToString(sum[:])
	result.MediaType = response.Header.Get("Content-Type")
	return result, err
}

func (r *repository) resolve(tag string) (string, error) {
	response, err := r.expect(http.StatusOK, "HEAD", r.base+"/manifests/"+tag, nil, 0, "")
	if err != nil {
		return "", err
	}
	response.Body.Close()
	return response.Header.Get("Docker-Content-Digest"), nil
}

func (r *repository) putManifest(reference string, image *manifest) error {
	target := r.base + "/manifests/" + reference
	body := bytes.NewReader(image.bytes)
	return discard(r.expect(http.StatusCreated, "PUT", target, body, int64(len(image.bytes)), image.MediaType))
}

func (r *repository) blob(digest string) (io.ReadCloser, error) {
	response, err := r.expect(http.StatusOK, "GET", r.base+"/blobs/"+digest, nil, 0, "")
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// mountOrOpen opens an upload if the registry does not mount. Distribution also mounts what the repository itself has.
func (r *repository) mountOrOpen(digest, from string) (*url.URL, error) {
	query := url.Values{"mount": {digest}, "from": {from}}.Encode()
	response, err := r.send("POST", r.base+"/blobs/uploads/?"+query, nil, 0, "")
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	switch response.StatusCode {
	case http.StatusCreated:
		return nil, nil
	case http.StatusAccepted:
		return response.Location()
	}
	return nil, fmt.Errorf("mount %s: %s", digest, response.Status)
}

func (r *repository) openUpload() (*url.URL, error) {
	response, err := r.expect(http.StatusAccepted, "POST", r.base+"/blobs/uploads/", nil, 0, "")
	if err != nil {
		return nil, err
	}
	response.Body.Close()
	return response.Location()
}

func (r *repository) putBlob(location *url.URL, blob descriptor, body io.Reader) error {
	query := location.Query()
	query.Set("digest", blob.Digest)
	location.RawQuery = query.Encode()
	return discard(r.expect(http.StatusCreated, "PUT", location.String(), body, blob.Size, "application/octet-stream"))
}

func discard(response *http.Response, err error) error {
	if err == nil {
		response.Body.Close()
	}
	return err
}

func (r *repository) expect(status int, method, target string, body io.Reader, size int64, mediaType string) (*http.Response, error) {
	response, err := r.send(method, target, body, size, mediaType)
	if err == nil && response.StatusCode != status {
		response.Body.Close()
		err = fmt.Errorf("%s %s: expected %d, not %s", method, target, status, response.Status)
	}
	return response, err
}

// send sends a request when there is a slot. Only requests without a body are sent again with a token.
func (r *repository) send(method, target string, body io.Reader, size int64, mediaType string) (*http.Response, error) {
	token := r.token
	if r.needsToken {
		r.mutex.Lock()
		token = r.token
		if token == "" {
			defer r.mutex.Unlock()
		} else {
			r.mutex.Unlock()
		}
	}
	r.slots <- struct{}{}
	defer func() { <-r.slots }()
	request, err := http.NewRequest(method, target, body)
	if err != nil {
		return nil, err
	}
	request.ContentLength = size
	if mediaType != "" {
		request.Header.Set("Content-Type", mediaType)
	} else {
		request.Header["Accept"] = acceptedTypes
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil || response.StatusCode != http.StatusUnauthorized || token != "" {
		return response, err
	}
	response.Body.Close()
	if r.token, err = fetchToken(response.Header.Get("WWW-Authenticate")); err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	return client.Do(request)
}

var parameter = regexp.MustCompile(`(\w+)="([^"]*)"`)

func fetchToken(challenge string) (string, error) {
	query := url.Values{}
	realm := ""
	for _, match := range parameter.FindAllStringSubmatch(challenge, -1) {
		if match[1] == "realm" {
			realm = match[2]
		} else {
			query.Set(match[1], match[2])
		}
	}
	response, err := client.Get(realm + "?" + query.Encode())
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ Token string }
	err = json.NewDecoder(response.Body).Decode(&answer)
	return answer.Token, err
}

func inParallel(functions ...func() error) error {
	return forEach(functions, func(call func() error) error { return call() })
}

// forEach handles a few items at once: enough to keep the slots of the registries busy.
func forEach[T any](items []T, handle func(T) error) error {
	failures := make([]error, len(items))
	workers := make(chan struct{}, 2*parallel)
	var group sync.WaitGroup
	for i, item := range items {
		workers <- struct{}{}
		group.Go(func() {
			defer func() { <-workers }()
			failures[i] = handle(item)
		})
	}
	group.Wait()
	return errors.Join(failures...)
}
