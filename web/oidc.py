"""Signing in by an OpenID provider. It says who somebody is; what an account may do is said here.

An account is found by issuer and subject: its holder followed an invitation link and signed in there. Only where
ATLAS_OIDC_ROLES says which values of a claim bring which roles is an account made by itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, current_app, redirect, request
from itsdangerous import BadData, URLSafeTimedSerializer

from geo.errors import N_, AtlasError
from settings import Provider
from store.account_rows import Account
from store.errors import ConflictError
from web import oidc_client
from web.account_words import known_roles, own_address
from web.errors import RequestError
from web.gate import Gate
from web.security import cross_site, read_secret
from web.sign_in import let_in
from web.state import atlas

blueprint = Blueprint("oidc", __name__, url_prefix="/sign-in/provider")
LASTS_S = 600  # from leaving for the provider to coming back
# Each may wait for the provider for seconds, and nobody has signed in yet: a few threads of the server, not all.
GATE = Gate(most=4, wait_s=10, retry_s=5, waiting=8)


class NoAccountError(RequestError):
    """Nobody here belongs to who signed in at the provider."""

    def __init__(self) -> None:
        super().__init__(
            403,
            "no_account",
            N_("No account of this service belongs to this sign-in, or it is not let in."),
            N_("Ask the administrator for an account; its link leads here."),
        )


class LastAdministratorError(RequestError):
    """The provider takes the administrator's role from the only account that has it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            409,
            "last_administrator",
            N_("The sign-in provider no longer makes “{name}” an administrator, and no other account is one."),
            N_(
                "Either give the role back at the provider, or let the operator make another administrator on the "
                "server: flask account add NAME --role administrator. Then sign in again."
            ),
            name=name,
        )


def _provider() -> Provider:
    found = atlas().settings.oidc
    if found is None:
        abort(404)
    return found


def _back() -> str:
    """Return the address that the provider sends a browser back to; it is registered there."""
    return f"{atlas().settings.origin}/sign-in/provider/return"


def _cookie() -> str:
    return "__Host-atlas_oidc" if atlas().settings.secure else "atlas_oidc"


def _sealed() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(read_secret(atlas().settings.instance), salt="gridatlas-oidc")


@blueprint.get("")
def start() -> Response:
    """Send a browser to the provider, for the account of a one-time link where it carries one."""
    cross_site()
    provider, link = _provider(), request.args.get("link", "")
    if link:
        atlas().store.link_of(link)
    held = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    with GATE.entered():
        address = oidc_client.begin(provider, _back(), **held)
    response: Response = redirect(address, 303)  # type: ignore[assignment]
    held |= {"link": link, "next": own_address(request.args.get("next"))}
    response.set_cookie(
        _cookie(), _sealed().dumps(held), max_age=LASTS_S, httponly=True, samesite="Lax", path="/",
        secure=atlas().settings.secure,
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/return")
def end() -> Response:
    """Take a browser back from the provider and begin a session of its account."""
    provider = _provider()
    try:
        held = _sealed().loads(request.cookies.get(_cookie(), ""), max_age=LASTS_S)
    except BadData as error:
        raise oidc_client.ProviderError(error) from None
    told = request.args.get("state", "")
    if not secrets.compare_digest(told.encode(), held["state"].encode()):
        raise oidc_client.ProviderError("another state")
    if request.args.get("iss", provider.issuer) != provider.issuer or not request.args.get("code"):
        raise oidc_client.ProviderError("no code, or of another issuer")
    with GATE.entered():
        claims = oidc_client.finish(provider, _back(), request.args["code"], held["nonce"], held["verifier"])
    store, address = atlas().store, request.remote_addr or ""
    try:
        account = _account(provider, claims, held["link"])
    except RequestError:
        known = store.account_of_subject(_subject(provider, claims))
        store.attempt_failed("" if known is None else known.name, address)
        raise
    response = let_in(store.begin_session(account.id, address), held["next"])
    response.delete_cookie(_cookie(), path="/", secure=atlas().settings.secure, httponly=True, samesite="Lax")
    return response


def _account(provider: Provider, claims: Mapping[str, Any], link: str) -> Account:
    """Return the account that belongs to who signed in.

    Raises
    ------
    NoAccountError
        There is none, or it is not let in.
    """
    store, subject = atlas().store, _subject(provider, claims)
    if link:
        return store.use_link_by_subject(link, subject)
    account, roles = store.account_of_subject(subject), roles_of(provider, claims)
    if account is None and roles:
        account = _made(claims, roles, subject)
    elif account is not None and account.managed and roles and frozenset(roles) != account.roles:
        account = _changed(account, roles)
    elif account is not None and account.managed and not roles:
        store.end_sessions(account.id)
        raise NoAccountError
    if account is None or account.state != "active":
        raise NoAccountError
    return account


def _subject(provider: Provider, claims: Mapping[str, Any]) -> str:
    return f"{provider.issuer} {claims['sub']}"


def _changed(account: Account, roles: tuple[str, ...]) -> Account:
    """Give an account the roles that the provider now says.

    Raises
    ------
    LastAdministratorError
        It would leave no administrator. The account is not let in: what it was is no longer true, and what it is to be
        would lock everybody out of the accounts.
    """
    try:
        return atlas().store.set_roles(account.id, roles)
    except ConflictError as error:
        atlas().store.end_sessions(account.id)
        current_app.logger.error("oidc: the provider no longer makes the only administrator one")
        raise LastAdministratorError(account.name) from error


def _made(claims: Mapping[str, Any], roles: tuple[str, ...], subject: str) -> Account:
    try:
        name = str(claims.get("preferred_username") or "").strip()
        return atlas().store.add_account(name, known_roles(roles), subject=subject, managed=True)
    except AtlasError as error:  # the name is taken or cannot be one: nobody is let in to what another has
        current_app.logger.warning("oidc: no account was made: %s", type(error).__name__)
        raise NoAccountError from error


def roles_of(provider: Provider, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the roles that the provider's claim brings by the setting; none without one."""
    told = claims.get(provider.claim)
    values = {one for one in (told if isinstance(told, list) else [told]) if isinstance(one, str)}
    return tuple(dict.fromkeys(role for value, roles in provider.roles if value in values for role in roles))
