"""Words that tell what a name stands for: secrets, what protects them, and what never is one."""

from __future__ import annotations

from collections.abc import Iterable

from berth.review.facts.syntax import words

SECRETS = frozenset(
    {
        *("password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "credential", "credentials"),
        *("session", "sessionid", "csrf", "otp", "totp", "nonce", "salt", "signature", "hmac", "jwt", "bearer"),
        *("cookie", "remember", "rememberme", "voucher", "auth", "pin", "captcha", "verification"),
    }
)
"""Words of names whose values an attacker must not know or guess."""
_PAIRS = (("api", "key"), ("secret", "key"), ("private", "key"), ("access", "key"), ("reset", "code"))
_PAIRS_TOO = (("encryption", "key"), ("signing", "key"), ("session", "id"), ("pass", "word"), ("user", "id"))
HARMLESS = frozenset({"etag", "cache", "cached", "checksum", "dedupe", "bucket", "shard", "gravatar", "fingerprint"})
"""Words of names for which a weak hash does no harm."""


def is_secret(name: str) -> bool:
    """Whether a name stands for something secret: `reset_token`, `apiKey`."""
    found = words(name)
    return not found.isdisjoint(SECRETS) or any(set(pair) <= found for pair in (*_PAIRS, *_PAIRS_TOO[:4]))


def any_secret(names: Iterable[str]) -> str:
    """Return the first of the names that stands for a secret, or `""`."""
    return next((name for name in names if is_secret(name)), "")
