"""From the text of a request to features: what training and answering have in common."""

import re
from urllib.parse import unquote_plus

WORD = re.compile(r"[a-z]{2,}")

PATTERNS = {
    "climbs folders": re.compile(r"\.\./|\.\.\\"),
    "SQL keywords": re.compile(r"\b(union|select|insert|drop|sleep|benchmark|information_schema)\b"),
    "SQL quoting": re.compile(r"'\s*(or|and)\b|--\s|;\s*drop|/\*"),
    "script tag": re.compile(r"<\s*/?\s*(script|iframe|svg|img)|onerror\s*=|javascript:"),
    "shell": re.compile(r"[;|`$]\s*(cat|wget|curl|nc|bash|sh|id|whoami)\b|\$\("),
    "system file": re.compile(r"/etc/|/proc/|passwd|\.git\b|\.env\b|wp-|phpmyadmin"),
    "scanner": re.compile(r"\b(sqlmap|nikto|nmap|masscan|zgrab|dirbuster|acunetix)\b"),
}


def features(text: str) -> dict[str, float]:
    """Named features with their values; absent ones are nought."""
    plain = unquote_plus(text).lower()
    found = {name: 1.0 for name, pattern in PATTERNS.items() if pattern.search(plain)}
    odd = sum(not (c.isalnum() or c in " /?=&-_.;,()+:") for c in plain)
    found["odd characters"] = min(odd / 8.0, 2.0)
    found["long"] = min(len(plain) / 200.0, 2.0)
    escapes = text.count("%")
    if escapes > 3:
        found["many escapes"] = min(escapes / 10.0, 2.0)
    for word in sorted(set(WORD.findall(plain)))[:64]:
        found[f"word {word}"] = 1.0
    return found
