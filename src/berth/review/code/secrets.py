"""Names that are given to secrets."""

import re

_SECRET = re.compile(
    r"(?i)(?:^|_)(?:tokens?|passw(?:or)?d|secret|otp|nonce|salt|csrf|session_?id|sid|api_?key|reset_?code|pin|verification_?code|"
    r"remember_?me|auth_?key|invite_?code|password|captcha)(?:$|_)|[a-z](?:Token|Secret|Password|Key)$"
)


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name is meant to hold something that others must not guess."""
    return _SECRET.search(name) is not None
