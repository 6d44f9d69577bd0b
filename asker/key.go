package asker

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync/atomic"

	"facet/fault"
)

// A key is a public key that tokens are verified with.
type key struct {
	id     string
	alg    string // the only algorithm that it is for; "": any of its kind
	public any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	text   string // the JWK's material: equal texts are the same key
	gone   atomic.Bool
}

// A jwk is a JSON Web Key (RFC 7517), with what public keys of RFC 7518 and RFC 8037 have.
type jwk struct {
	Kty string   `json:"kty"`
	Kid string   `json:"kid"`
	Use string   `json:"use"`
	Ops []string `json:"key_ops"`
	Alg string   `json:"alg"`
	Crv string   `json:"crv"`
	N   string   `json:"n"`
	E   string   `json:"e"`
	X   string   `json:"x"`
	Y   string   `json:"y"`
}

// minRSA and maxRSA bound RSA keys in bits: a smaller one is no secret, a larger one is work for whoever verifies.
const (
	minRSA = 2048
	maxRSA = 8192
)

// readKeys reads a JSON Web Key Set of at most `most` keys. Keys that are not for verifying signatures, and those of kinds
// that are not known, are left out, as RFC 7517 section 5 says; a set without any other is an Invalid error.
func readKeys(text []byte, most int) ([]*key, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fault.New(fault.Invalid, "this is no JSON Web Key Set")
	}
	if len(set.Keys) > most {
		return nil, fault.New(fault.TooLarge, "the key set has %d keys; the limit is %d", len(set.Keys), most)
	}
	var list []*key
	var first error
	for i, raw := range set.Keys {
		var j jwk
		if json.Unmarshal(raw, &j) != nil || !j.verifies() {
			continue
		}
		public, err := j.public()
		if err != nil {
			if first == nil {
				first = fault.New(fault.Invalid, "key %d of the set: %v", i, err)
			}
			continue
		}
		if public != nil {
			list = append(list, &key{id: j.Kid, alg: j.Alg, public: public, text: strings.Join([]string{j.Kty, j.Kid, j.Alg, j.Crv, j.N, j.E, j.X, j.Y}, "\n")})
		}
	}
	if len(list) == 0 {
		if first == nil {
			first = fault.New(fault.Invalid, "the key set has no public key for signatures")
		}
		return nil, first
	}
	return list, nil
}

func (j *jwk) verifies() bool {
	if j.Use != "" && j.Use != "sig" {
		return false
	}
	if j.Ops == nil {
		return true
	}
	for _, op := range j.Ops {
		if op == "verify" {
			return true
		}
	}
	return false
}

// public is the key; nil for a kind that is not known, a shared secret included.
func (j *jwk) public() (any, error) {
	switch j.Kty {
	case "RSA":
		n, err := integer("n", j.N)
		if err != nil {
			return nil, err
		}
		e, err := integer("e", j.E)
		if err != nil {
			return nil, err
		}
		if n.BitLen() < minRSA || n.BitLen() > maxRSA {
			return nil, fault.New(fault.Invalid, "an RSA key has %d bits; %d to %d are allowed", n.BitLen(), minRSA, maxRSA)
		}
		if n.Bit(0) == 0 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0 {
			return nil, fault.New(fault.Invalid, "the RSA key is none")
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	case "EC":
		curve := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[j.Crv]
		if curve == nil {
			return nil, nil
		}
		size := (curve.Params().BitSize + 7) / 8
		x, err := octets("x", j.X, size)
		if err != nil {
			return nil, err
		}
		y, err := octets("y", j.Y, size)
		if err != nil {
			return nil, err
		}
		k, err := ecdsa.ParseUncompressedPublicKey(curve, append(append([]byte{4}, x...), y...)) // it is a point of the curve
		if err != nil {
			return nil, fault.New(fault.Invalid, "the point is not on %s", j.Crv)
		}
		return k, nil
	case "OKP":
		if j.Crv != "Ed25519" {
			return nil, nil
		}
		x, err := octets("x", j.X, ed25519.PublicKeySize)
		return ed25519.PublicKey(x), err
	}
	return nil, nil
}

func integer(name, text string) (*big.Int, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(b) == 0 || len(b) > maxRSA/8+1 {
		return nil, fault.New(fault.Invalid, "%q is no number", name)
	}
	return new(big.Int).SetBytes(b), nil
}

func octets(name, text string, size int) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(b) != size {
		return nil, fault.New(fault.Invalid, "%q is not %d bytes", name, size)
	}
	return b, nil
}
