"""Settings of one running service. Only entry points call `from_env`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent
ROLES = ("viewer", "command", "planner", "supervisor", "approver", "steward", "administrator")  # of `web.permissions`
MOST_APPROVAL = 100  # characters of the map approval number


@dataclass(frozen=True)
class Provider:
    """An OpenID provider that accounts may sign in by.

    Attributes
    ----------
    issuer, client_id, client_secret
        As registered there.
    name
        What the sign-in page calls it.
    claim, roles
        Where the provider's claim has one of these values, an account gets these roles, and is made when it is not
        there. Empty: accounts are linked by their administrator only.
    """

    issuer: str
    client_id: str
    client_secret: str
    name: str = "OpenID"
    claim: str = "groups"
    roles: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between two installations.

    Attributes
    ----------
    store
        GeoPackage path (a `postgresql://` URL is refused until the PostGIS store exists).
    host, port
        Where the server listens; only loopback addresses until accounts exist.
    lang
        Default language of pages, "zh" or "en"; None follows the browser.
    instance
        Folder for the secret, uploads, jobs and scratch files.
    upload_limit_bytes
        Largest upload that is read at all.
    import_memory_bytes, import_cpu_s
        Limits of the subprocess that parses a file.
    map_approval
        Number under which maps may be published (审图号), printed on pictures and bulletins; "" for none.
    streams
        Pages that may follow what happens at a time.
    origin
        Address that other machines open the service by, such as "https://map.city.example"; "" for none.
    proxy
        Addresses of reverse proxies whose X-Forwarded-For, -Proto and -Host are believed.
    oidc
        The OpenID provider that accounts may sign in by; None: passwords only.
    session_hours, idle_minutes
        A session ends so long after its beginning, and so long after its last use.
    backup, backup_hours, backup_keep
        Folder for backups that the service makes by itself (None: it makes none), how often, and how many are kept.
    audit_rules
        Names and values of the rules that the audit of the division holds grids against (`geo.audit_rules`).
    csp
        False switches the Content-Security-Policy header off, for tests that prove that nothing depends on it.
    """

    store: str = str(ROOT / "instance" / "atlas.gpkg")
    host: str = "127.0.0.1"
    port: int = 5000
    lang: str | None = None
    instance: Path = field(default_factory=lambda: ROOT / "instance")
    upload_limit_bytes: int = 1 << 30
    import_memory_bytes: int = 6 << 30
    import_cpu_s: int = 900
    map_approval: str = ""
    streams: int = 200
    origin: str = ""
    proxy: tuple[str, ...] = ()
    oidc: Provider | None = None
    session_hours: int = 12
    idle_minutes: int = 60
    backup: Path | None = None
    backup_hours: float = 24.0
    backup_keep: int = 14
    audit_rules: tuple[tuple[str, str], ...] = ()
    csp: bool = True

    @property
    def secure(self) -> bool:
        """Whether browsers reach the service over TLS."""
        return self.origin.startswith("https://")


def from_env(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `environ` (the ATLAS_* names of the public contract)."""
    default = Settings()
    store = environ.get("ATLAS_STORE") or default.store
    lang = environ.get("ATLAS_LANG") or None
    if lang not in (None, "zh", "en"):
        raise ValueError(f"ATLAS_LANG is {lang!r}; it must be zh or en")
    port = environ.get("ATLAS_PORT") or str(default.port)
    if not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(f"ATLAS_PORT is {port!r}; it must be a number from 0 to 65535")
    hours, keep = environ.get("ATLAS_BACKUP_HOURS") or "24", environ.get("ATLAS_BACKUP_KEEP") or "14"
    if not hours.replace(".", "", 1).isdecimal() or not 0.01 <= float(hours) <= 8760:
        raise ValueError(f"ATLAS_BACKUP_HOURS is {hours!r}; it must be a number from 0.01 to 8760")
    if not keep.isdecimal() or not 1 <= int(keep) <= 10_000:
        raise ValueError(f"ATLAS_BACKUP_KEEP is {keep!r}; it must be a number from 1 to 10000")
    # What belongs to a store lies beside it, so that two stores never share uploads or a secret.
    beside = bool(environ.get("ATLAS_STORE")) and "://" not in store
    instance = Path(store).resolve().parent if beside else default.instance
    return Settings(
        store=store,
        host=environ.get("ATLAS_HOST") or default.host,
        port=int(port),
        lang=lang,
        instance=instance,
        origin=_origin(environ.get("ATLAS_ORIGIN") or ""),
        proxy=_addresses(environ.get("ATLAS_PROXY") or ""),
        oidc=_provider(environ),
        session_hours=_number(environ, "ATLAS_SESSION_HOURS", default.session_hours, 1, 720),
        idle_minutes=_number(environ, "ATLAS_IDLE_MINUTES", default.idle_minutes, 1, 43200),
        map_approval=(environ.get("ATLAS_MAP_APPROVAL") or "").strip()[:MOST_APPROVAL],
        backup=Path(environ["ATLAS_BACKUP"]).absolute() if environ.get("ATLAS_BACKUP") else None,
        backup_hours=float(hours),
        backup_keep=int(keep),
        audit_rules=audit_rules(environ.get("ATLAS_AUDIT_RULES") or ""),
    )


def audit_rules(text: str) -> tuple[tuple[str, str], ...]:
    """Return the rules of ATLAS_AUDIT_RULES: "name=value" with commas or blanks between, or the path of such a file."""
    if text and "=" not in text:
        try:
            lines = Path(text).read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"ATLAS_AUDIT_RULES is {text!r}; there is no such file of rules") from None
        text = " ".join(line for line in lines if not line.lstrip().startswith("#"))
    pairs = [one.partition("=") for one in text.replace(",", " ").split()]
    if not all(name and sign and value for name, sign, value in pairs):
        raise ValueError(f"ATLAS_AUDIT_RULES is {text!r}; it must be name=value, with blanks between several")
    return tuple((name, value) for name, _, value in pairs)


def _origin(text: str) -> str:
    """Return scheme, host and port of ATLAS_ORIGIN in lower case."""
    if not text:
        return ""
    try:
        parts = urlsplit(text.strip().lower())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"ATLAS_ORIGIN is {text!r}; it must be such as https://map.city.example")
    name = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, usual) else "")


def _addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of ATLAS_PROXY, separated by commas."""
    try:
        return tuple(str(ip_address(part.strip())) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError(f"ATLAS_PROXY is {text!r}; it must be IP addresses separated by commas") from None


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise ValueError(f"{name} is {text!r}; it must be a number from {least} to {most}")
    return int(text)


def _provider(environ: Mapping[str, str]) -> Provider | None:
    """Return the OpenID provider of the ATLAS_OIDC_* names; ROLES is such as "city-map:planner,viewer;duty:command"."""
    issuer = (environ.get("ATLAS_OIDC_ISSUER") or "").strip()
    if not issuer:
        return None
    parts = urlsplit(issuer)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError(f"ATLAS_OIDC_ISSUER is {issuer!r}; it must begin with https://")
    for name in ("ATLAS_OIDC_CLIENT_ID", "ATLAS_OIDC_CLIENT_SECRET", "ATLAS_ORIGIN"):
        if not environ.get(name):
            raise ValueError(f"ATLAS_OIDC_ISSUER needs {name} beside it")
    roles = []
    for part in filter(None, (environ.get("ATLAS_OIDC_ROLES") or "").split(";")):
        value, sign, names = part.rpartition(":")
        if not sign or not value.strip() or not all(name.strip() in ROLES for name in names.split(",")):
            raise ValueError(f"ATLAS_OIDC_ROLES has {part!r}; it must be such as city-map:planner,viewer")
        roles.append((value.strip(), tuple(name.strip() for name in names.split(","))))
    return Provider(
        issuer=issuer,
        client_id=environ["ATLAS_OIDC_CLIENT_ID"],
        client_secret=environ["ATLAS_OIDC_CLIENT_SECRET"],
        name=(environ.get("ATLAS_OIDC_NAME") or "OpenID").strip()[:40],
        claim=(environ.get("ATLAS_OIDC_CLAIM") or "groups").strip(),
        roles=tuple(roles),
    )
