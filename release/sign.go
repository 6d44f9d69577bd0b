package release

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"

	"facet/fault"
)

// A Signer is a private key with its name. The zero Signer signs nothing.
type Signer struct {
	Key     string // the name under which Keys has the public half
	Private ed25519.PrivateKey
}

// Keys are the public keys that are trusted, by name. Nil accepts anything,
// signed or not; an empty map accepts nothing.
type Keys map[string]ed25519.PublicKey

// A signed pointer is what a pointer's signature covers: where the pointer
// stands and all of it, so that another region's is no good here.
type signedPointer struct {
	Purpose string  `json:"purpose"`
	Env     string  `json:"env"`
	Region  string  `json:"region"`
	Key     string  `json:"key"`
	Pointer Pointer `json:"pointer"`
}

// A signedRelease is what a release's signature covers.
type signedRelease struct {
	Purpose string `json:"purpose"`
	Key     string `json:"key"`
	Digest  string `json:"digest"` // of the header without signatures, which names environment, parent and shards
}

// Sign returns p with the signature of s for one region. The zero Signer returns it without any.
func (p Pointer) Sign(s Signer, env, region string) Pointer {
	p.Signature = Signature{}
	if s.Private == nil {
		return p
	}
	p.Signature = s.sign(p.signed(s.Key, env, region))
	return p
}

// Verify is nil if one of the keys signed p for this region, or if keys is nil.
// Else it is Unauthorized.
func (p Pointer) Verify(keys Keys, env, region string) error {
	if keys == nil {
		return nil
	}
	return keys.verify(p.Signature, p.signed(p.Signature.Key, env, region), "the pointer of "+env+"/"+region)
}

func (p Pointer) signed(key, env, region string) []byte {
	p.Signature, p.ActivateAt = Signature{}, p.ActivateAt.UTC()
	return document(signedPointer{"facet pointer", env, region, key, p})
}

// Sign adds the signature of s to the release, over its encoding in that many shards without
// signatures; one of the same key is replaced. The zero Signer adds none.
func (r *Release) Sign(s Signer, shards int) error {
	if s.Private == nil {
		return nil
	}
	bare := r.Clone()
	bare.Signatures = nil
	e, err := bare.Encode(shards)
	if err != nil {
		return err
	}
	r.Signatures = slices.DeleteFunc(slices.Clone(r.Signatures), func(old Signature) bool { return old.Key == s.Key })
	r.Signatures = append(r.Signatures, s.sign(document(signedRelease{"facet release", s.Key, e.Digest})))
	return nil
}

// VerifyHeader is nil if one of the keys signed the release whose header this is, or if keys is nil.
// Else it is Unauthorized, or Invalid for what is no header.
func VerifyHeader(headerBytes []byte, keys Keys) error {
	if keys == nil {
		return nil
	}
	var h header
	if err := unmarshal(headerBytes, MaxHeader, &h); err != nil {
		return err
	}
	signatures := h.Signatures
	h.Signatures = nil
	bare, err := marshal(h, MaxHeader)
	if err != nil {
		return err
	}
	digest := Digest(bare)
	err = unsigned("the release of " + h.Env)
	for _, s := range signatures[:min(len(signatures), maxSignatures)] {
		if err = keys.verify(s, document(signedRelease{"facet release", s.Key, digest}), "the release of "+h.Env); err == nil {
			return nil
		}
	}
	return err
}

const maxSignatures = 16

func (s Signer) sign(text []byte) Signature {
	return Signature{Key: s.Key, Value: base64.StdEncoding.EncodeToString(ed25519.Sign(s.Private, text))}
}

func (k Keys) verify(s Signature, text []byte, what string) error {
	if s.Value == "" {
		return unsigned(what)
	}
	public, ok := k[s.Key]
	if !ok || len(public) != ed25519.PublicKeySize {
		return &fault.Error{Kind: fault.Unauthorized, Op: "release.verify", Message: what + " is signed by a key that is not trusted here", Hint: "add the key to trust.keys, or move the region again with one that is there"}
	}
	value, err := base64.StdEncoding.Strict().DecodeString(s.Value)
	if err != nil || base64.StdEncoding.EncodeToString(value) != s.Value || !ed25519.Verify(public, text, value) {
		return &fault.Error{Kind: fault.Unauthorized, Op: "release.verify", Message: what + " does not have the signature that it states: it was changed, or belongs elsewhere"}
	}
	return nil
}

func unsigned(what string) *fault.Error {
	return &fault.Error{Kind: fault.Unauthorized, Op: "release.verify", Message: what + " is not signed", Hint: "configure control.signing, then move the region again"}
}

// document writes what is signed: plain data alone, so equal values give equal bytes.
func document(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and times: it cannot fail
	}
	return b
}
