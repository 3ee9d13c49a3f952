"""Weak hashes, ciphers, keys and signatures: CWE-327, 328, 916, 326 and 347."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from berth.review.facts.fact import Defect, Fact, Safe, finding
from berth.review.facts.syntax import SourceFile, SymbolOwner, argument, identifiers, words
from berth.review.facts.vocabulary import HARMLESS, any_secret
from berth.review.model import Severity

_WEAK_HASHES: Final = frozenset({"md5", "md4", "sha1", "sha", "md2"})
_HASHES: Final = frozenset({*_WEAK_HASHES, "sha256", "sha512", "sha384", "sha224", "blake2b", "blake2s", "sha3_256"})
_PASSWORDS: Final = frozenset({"password", "passwd", "pwd", "passphrase"})
_FAST: Final = Defect(
    "fast-password-hash",
    916,
    Severity.HIGH,
    "Store passwords with a slow, salted function made for them.",
    "hashlib.scrypt(password, salt=os.urandom(16), n=2**14, r=8, p=1)",
)
_HASH: Final = Defect(
    "weak-hash",
    328,
    Severity.MEDIUM,
    "Use SHA-256 or stronger; where the hash protects nothing, say so with usedforsecurity=False.",
    "hashlib.sha256(data)",
)
_CIPHER: Final = Defect(
    "weak-cipher", 327, Severity.HIGH, "Use AES-GCM or ChaCha20-Poly1305 with a fresh nonce.", "AESGCM(key)"
)
_KEY: Final = Defect(
    "short-key", 326, Severity.HIGH, "Use RSA keys of at least 2048 bits, or curves of at least 224.", "key_size=3072"
)
_JWT: Final = Defect(
    "unverified-signature",
    347,
    Severity.CRITICAL,
    "Verify the signature, and accept only the algorithms that you issue.",
    'jwt.decode(token, key, algorithms=["RS256"])',
)
_CIPHERS: Final = ("DES", "DES3", "ARC2", "ARC4", "Blowfish", "CAST5", "IDEA", "TripleDES", "SEED", "XOR")
_KEY_CALLS: Final = {"generate_private_key": ("key_size", 1), "generate": ("bits", 0)}
_CURVES: Final = frozenset({"SECP192R1", "SECT163K1", "SECT163R2", "SECP160R1"})


def hashes(file: SourceFile) -> Iterator[Fact]:
    """Yield what is known of each call that hashes: a weak one is a finding unless it protects nothing."""
    for call, name, owner in file.calls():
        algorithm = _algorithm(file, call, name, owner)
        if algorithm is None:
            continue
        secret = _hashed_password(call, owner)
        if secret and algorithm in _HASHES:
            yield finding(
                file, call, owner, _FAST, f"The password {secret!r} is hashed with {algorithm}, too fast a hash."
            )
        elif algorithm not in _WEAK_HASHES:
            yield Safe(328, f"hash with {algorithm}")
        elif _is_declared_harmless(call) or _is_harmless(owner):
            yield Safe(328, "weak hash that protects nothing")
        else:
            yield _weak_hash(file, call, owner, algorithm)


def _weak_hash(file: SourceFile, call: ast.Call, owner: SymbolOwner, algorithm: str) -> Fact:
    sentence = f"{algorithm} is broken: two texts of the same hash can be made."
    if not any_secret(identifiers(owner.function or call)):
        harm = Defect(_HASH.rule, _HASH.cwe, Severity.LOW, _HASH.remedy, _HASH.example)
        return finding(file, call, owner, harm, sentence)
    return finding(file, call, owner, _HASH, sentence)


def _algorithm(file: SourceFile, call: ast.Call, name: str, owner: SymbolOwner) -> str | None:
    """Return the name of the hash that a call makes, in lower case, or `None` if it makes none."""
    if name == "hashlib.new":
        value = file.constant(argument(call, "name", 0), owner)
        return value.lower().replace("-", "") if isinstance(value, str) else None
    room, _, last = name.rpartition(".")
    if room == "hashlib" and last.lower() in _HASHES:
        return last.lower()
    if "Crypto" in room and ".Hash." in f".{room}." and last == "new":
        return room.rpartition(".")[2].lower()
    if last in {"Hash", "HMAC", "PBKDF2HMAC", "sign"} and not room.startswith("hashlib"):
        return next((found for part in _parts(call) if (found := _object(file, part, owner))), None)
    return None


def _parts(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _object(file: SourceFile, node: ast.expr, owner: SymbolOwner) -> str | None:
    """Return the weak hash that an object of `cryptography` stands for; its place in a padding does no harm."""
    room, _, last = file.dotted(node, owner).removesuffix("()").rpartition(".")
    return last.lower() if room.endswith("primitives.hashes") and last in {"MD5", "SHA1"} else None


def _hashed_password(call: ast.Call, owner: SymbolOwner) -> str:
    """Return the name of the password that goes into a hash, or `""`."""
    names = [name for part in call.args for name in identifiers(part)]
    found = next((name for name in names if not words(name).isdisjoint(_PASSWORDS)), "")
    if found or owner.function is None:
        return found
    name = words(owner.function.name)
    return owner.function.name if "hash" in name and not name.isdisjoint(_PASSWORDS) else ""


def _is_declared_harmless(call: ast.Call) -> bool:
    value = argument(call, "usedforsecurity")
    return isinstance(value, ast.Constant) and value.value is False


def _is_harmless(owner: SymbolOwner) -> bool:
    return owner.function is not None and not words(owner.function.name).isdisjoint(HARMLESS)


def ciphers(file: SourceFile) -> Iterator[Fact]:
    """Yield a finding for each cipher or mode that is broken, and for a short key."""
    for call, name, owner in file.calls():
        parts = name.split(".")
        if parts[0] not in {"Crypto", "Cryptodome", "cryptography", "pyDes"}:
            continue
        broken = next((part for part in parts if part in _CIPHERS), "")
        if broken:
            yield finding(file, call, owner, _CIPHER, f"{broken} is a broken cipher.")
        elif parts[-1] == "ECB" or any(_is_ecb(part) for part in call.args):
            yield finding(file, call, owner, _CIPHER, "ECB shows which blocks of the text are the same.")
        elif parts[-1] in _CURVES:
            yield finding(file, call, owner, _KEY, f"The curve {parts[-1]} is too short.")
        elif parts[-1] in _KEY_CALLS:
            yield from _key_size(file, call, owner, *_KEY_CALLS[parts[-1]])
        elif "ciphers" in parts or parts[-1] == "new":
            yield Safe(327, "cipher that is not known to be broken")


def _is_ecb(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "MODE_ECB"


def _key_size(file: SourceFile, call: ast.Call, owner: SymbolOwner, keyword: str, position: int) -> Iterator[Fact]:
    size = file.constant(argument(call, keyword, position), owner)
    if isinstance(size, int) and 257 < size < 2048:
        yield finding(file, call, owner, _KEY, f"A key of {size} bits can be broken.")
    elif isinstance(size, int):
        yield Safe(326, f"key of {size} bits")


def signatures(file: SourceFile) -> Iterator[Fact]:
    """Yield what is known of each call that decodes a JSON Web Token."""
    for call, name, owner in file.calls():
        room, _, last = name.rpartition(".")
        if last not in {"decode", "get_unverified_claims"} or room.partition(".")[0] not in {"jwt", "jose"}:
            continue
        fault = "is read without its signature" if last != "decode" else _unverified(file, call, owner)
        if fault:
            yield finding(file, call, owner, _JWT, f"The token {fault}: a forged one is accepted.")
        else:
            yield Safe(347, "token decoded with a check of its signature")


def _unverified(file: SourceFile, call: ast.Call, owner: SymbolOwner) -> str:
    """Return why a decoded token may be forged, or `""`."""
    if file.constant(argument(call, "verify"), owner) is False:
        return "is decoded with verify=False"
    options = argument(call, "options")
    if isinstance(options, ast.Name):
        options = file.value_of(options.id, owner)
    if isinstance(options, ast.Dict):
        for key, value in zip(options.keys, options.values, strict=True):
            if file.constant(key, owner) == "verify_signature" and file.constant(value, owner) is False:
                return "is decoded with verify_signature off"
    algorithms = {item.lower() for item in _texts(file, argument(call, "algorithms", 2), owner)}
    if "none" in algorithms:
        return 'may use the algorithm "none"'
    if any(item.startswith("hs") for item in algorithms) and any(item.startswith(("rs", "es")) for item in algorithms):
        return "may use a public key as a shared secret (HS and RS algorithms together)"
    return ""


def _texts(file: SourceFile, node: ast.expr | None, owner: SymbolOwner) -> list[str]:
    if isinstance(node, ast.Name):
        node = file.value_of(node.id, owner)
    items = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else [node]
    return [value for value in (file.constant(item, owner) for item in items) if isinstance(value, str)]
