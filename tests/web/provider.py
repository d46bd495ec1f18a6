"""A small OpenID provider on loopback: it signs with its own key, asks for no password, and may be told to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "gridatlas", "a secret of the tests"


class Provider:
    """What it knows. `claims` are put into the next ID token; `changes` are made to it before it is signed."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self.signing = self.key
        self.issuer = ""
        self.claims: dict[str, Any] = {"sub": "s-1"}
        self.changes: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: dict[str, str] = {}

    def authorize(self, address: str) -> str:
        """Do what a browser does at the provider; return the address that it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        self.asked = asked
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Exchange a code, once; None: refused."""
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        right = asked is not None and asked["code_challenge"] == proof.decode()
        if given != f"{CLIENT}:{SECRET.replace(' ', '+')}" and given != f"{CLIENT}:{SECRET}":
            return None
        if not right or form.get("grant_type") != "authorization_code" or form["redirect_uri"] != asked["redirect_uri"]:  # type: ignore[index]
            return None
        at = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 60, "nonce": asked["nonce"], **self.claims}  # type: ignore[index]
        claims = {name: value for name, value in (claims | self.changes).items() if value is not None}
        signed = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.signing)
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": signed}


def handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    """Return the HTTP side of `provider`."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def answer(self, found: dict[str, Any] | None) -> None:
            body = json.dumps(found or {"error": "invalid_grant"}).encode()
            self.send_response(200 if found else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            base = provider.issuer
            match self.path:
                case "/.well-known/openid-configuration":
                    self.answer({
                        "issuer": base, "authorization_endpoint": f"{base}/authorize",
                        "token_endpoint": f"{base}/token",
                        "jwks_uri": f"{base}/keys", "userinfo_endpoint": f"{base}/userinfo",
                        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                    })  # fmt: skip
                case "/keys":
                    self.answer({"keys": [provider.key.as_dict(private=False)]})
                case "/userinfo":
                    self.answer(provider.userinfo if self.headers["Authorization"] == "Bearer at" else None)
                case _:
                    self.answer(None)

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            self.answer(provider.token(form, self.headers.get("Authorization", "")))

    return Handler


@contextmanager
def serving(provider: Provider) -> Iterator[Provider]:
    """Serve until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
