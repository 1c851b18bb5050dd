// Package auth issues and verifies signed tokens: base64url(JSON) "." base64url(HMAC-SHA256).
package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"mosaic.local/auth/acme/shop/scoring"
	"mosaic.local/auth/acme/shop/tokens"
	"mosaic.local/auth/wit"
)

// payload is what a token says.
type payload struct {
	Subject string        `json:"sub"`
	Email   *string       `json:"email,omitempty"`
	Roles   []tokens.Role `json:"roles"`
	Expires int64         `json:"exp"`
}

var encoding = base64.RawURLEncoding

// key is the variable that the manifest grants to this part.
func key() ([]byte, error) {
	if key, ok := os.LookupEnv("SHOP_KEY"); ok && key != "" {
		return []byte(key), nil
	}
	return nil, errors.New("the variable SHOP_KEY is not granted")
}

func sign(text string, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Issue signs a token that is good for so many seconds.
func Issue(subject string, email wit.Option[string], roles []tokens.Role, lifetime uint32) (string, error) {
	if strings.TrimSpace(subject) == "" {
		return "", errors.New("a token needs a subject")
	}
	key, err := key()
	if err != nil {
		return "", err
	}
	said := payload{Subject: subject, Roles: roles, Expires: time.Now().Unix() + int64(lifetime)}
	if email.IsSome() {
		address := email.Some()
		said.Email = &address
	}
	text, err := json.Marshal(said)
	if err != nil {
		return "", err
	}
	body := encoding.EncodeToString(text)
	return body + "." + encoding.EncodeToString(sign(body, key)), nil
}

// Check verifies a token, and has the request that came with it scored.
func Check(token wit.Option[string], request string) (tokens.Claims, error) {
	if token.IsNone() {
		return tokens.Claims{}, tokens.MakeAuthErrorMissing()
	}
	said, err := verify(token.Some())
	if err != nil {
		return tokens.Claims{}, err
	}
	score, err := scoring.Classify(request)
	if err != nil {
		return tokens.Claims{}, tokens.MakeAuthErrorMalformed("the request cannot be scored: " + err.Error())
	}
	if score.Risk.Tag() == scoring.RiskAttack {
		return tokens.Claims{}, tokens.MakeAuthErrorRisky(score)
	}
	claims := tokens.Claims{Subject: said.Subject, Roles: said.Roles, Expires: uint64(said.Expires), Score: score}
	if said.Email != nil {
		claims.Email = wit.Some(*said.Email)
	}
	return claims, nil
}

func verify(token string) (payload, error) {
	var said payload
	body, signature, found := strings.Cut(token, ".")
	if !found {
		return said, tokens.MakeAuthErrorMalformed("it has no signature")
	}
	mac, err := encoding.DecodeString(signature)
	if err != nil {
		return said, tokens.MakeAuthErrorMalformed("its signature is not base64url")
	}
	key, err := key()
	if err != nil {
		return said, tokens.MakeAuthErrorMalformed(err.Error())
	}
	if !hmac.Equal(mac, sign(body, key)) {
		return said, tokens.MakeAuthErrorBadSignature()
	}
	text, err := encoding.DecodeString(body)
	if err == nil {
		err = json.Unmarshal(text, &said)
	}
	if err != nil {
		return said, tokens.MakeAuthErrorMalformed(err.Error())
	}
	if time.Now().Unix() >= said.Expires {
		return said, tokens.MakeAuthErrorExpired(uint64(said.Expires))
	}
	return said, nil
}
