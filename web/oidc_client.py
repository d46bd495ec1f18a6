"""OpenID Connect as a client: the authorisation code with PKCE, and an ID token that is checked in every part.

The protocol is Authlib's; here is what a deployment decides. The provider is asked directly, for five seconds at most.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from geo.errors import N_
from settings import Provider
from web.errors import RequestError

LOG = logging.getLogger("gunicorn.error")
PATIENCE_S = 5
KNOWN_S = 600  # what the provider says about itself is asked anew after so long
LEEWAY_S = 60
# Signatures that the provider's published key proves. Never "none", nor one by a secret that both know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_known: dict[str, tuple[float, dict[str, Any]]] = {}
_FAULTS = (requests.RequestException, AuthlibBaseError, JoseError, ValueError, KeyError, TypeError)


class ProviderError(RequestError):
    """The provider cannot be asked, or what it answered is not to be believed; why is told to the log only."""

    def __init__(self, why: object) -> None:
        super().__init__(
            502,
            "provider",
            N_("Signing in by the provider failed."),
            N_("Try again; if it stays, tell the administrator when it happened."),
        )
        # The kind of the fault, never what the provider sent.
        LOG.warning("oidc: %s", why if isinstance(why, str) else f"{type(why).__name__} {getattr(why, 'claim', '')}")


def metadata_of(provider: Provider) -> dict[str, Any]:
    """Return what the provider says about itself, its keys included.

    Raises
    ------
    ProviderError
        It cannot be reached, or it calls itself by another name.
    """
    kept = _known.get(provider.issuer)
    if kept is not None and time.monotonic() < kept[0] + KNOWN_S:
        return kept[1]
    try:
        found = _json(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found["issuer"] != provider.issuer:
            raise ValueError("another issuer")
        secure = urlsplit(provider.issuer).scheme
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if urlsplit(found[name]).scheme not in ("https", secure):
                raise ValueError(name)
        found["keys"] = _json(found["jwks_uri"])
    except _FAULTS as error:
        raise ProviderError(error) from error
    _known[provider.issuer] = (time.monotonic(), found)
    return found


def forget(provider: Provider) -> None:
    """Ask the provider anew about itself at the next sign-in."""
    _known.pop(provider.issuer, None)


def begin(provider: Provider, back: str, state: str, nonce: str, verifier: str) -> str:
    """Return the provider's address that a browser is sent to."""
    with _session(provider, back) as session:
        address, _ = session.create_authorization_url(
            metadata_of(provider)["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
        )
    return str(address)


def finish(provider: Provider, back: str, code: str, nonce: str, verifier: str) -> Mapping[str, Any]:
    """Return the claims about who signed in there, every one of them checked.

    Raises
    ------
    ProviderError
        The code, the signature or a claim is not right.
    """
    known = metadata_of(provider)
    try:
        with _session(provider, back) as session:
            answer = session.fetch_token(
                known["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier,
                timeout=PATIENCE_S,
            )  # fmt: skip
            claims = _claims(provider, known, answer, nonce)
            if provider.roles and provider.claim not in claims and known.get("userinfo_endpoint"):
                more = session.get(known["userinfo_endpoint"], timeout=PATIENCE_S, allow_redirects=False).json()
                if more["sub"] != claims["sub"]:
                    raise ValueError("facts about somebody else")
                claims = {**more, **claims}
    except _FAULTS as error:
        forget(provider)  # its keys may be new ones
        raise ProviderError(error) from error
    return claims


def _claims(provider: Provider, known: dict[str, Any], answer: dict[str, Any], nonce: str) -> dict[str, Any]:
    told = known.get("id_token_signing_alg_values_supported") or ["RS256"]
    allowed = [name for name in told if name in ALGORITHMS]
    registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
    token = jwt.decode(answer["id_token"], key=KeySet.import_key_set(known["keys"]), registry=registry)
    claims = CodeIDToken(
        token.claims,
        token.header,
        {
            "iss": {"essential": True, "values": [provider.issuer]},
            "aud": {"essential": True, "value": provider.client_id},
        },
        {"nonce": nonce, "client_id": provider.client_id, "access_token": answer.get("access_token")},
    )
    claims.validate(leeway=LEEWAY_S)
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= 255:
        raise ValueError("sub")
    return dict(claims)


def _session(provider: Provider, back: str) -> OAuth2Session:
    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        scope="openid profile",
        redirect_uri=back,
        code_challenge_method="S256",
        leeway=0,  # the access token is used at once, however short it lasts
    )


def _json(address: str) -> dict[str, Any]:
    answer = requests.get(address, timeout=PATIENCE_S, allow_redirects=False)
    answer.raise_for_status()
    found = answer.json()
    if answer.status_code != requests.codes.ok or not isinstance(found, dict):
        raise ValueError(f"no JSON object at {address}")
    return found
