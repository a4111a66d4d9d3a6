"""A browser without a head, for the pages of `oidc_provider.mjs`: it signs `ann` in, and goes where it is led.

Run as `BROWSER`, it gets the address as its argument.
"""

from __future__ import annotations

import html
import re
import sys
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

_FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
_FIELD = re.compile(r'<input[^>]*name="([^"]+)"(?:[^>]*value="([^"]*)")?')


def sign_in(address: str, name: str = "ann") -> str:
    """Fill every form that there is; return what the last page says."""
    browser = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    with browser.open(address, timeout=10) as answer:
        page, url = answer.read().decode(), answer.url
    for _ in range(5):
        form = _FORM.search(page)
        if form is None:
            break
        fields = {field: html.unescape(value) for field, value in _FIELD.findall(form[2])}
        for asked in ("login", "password"):
            if asked in fields:
                fields[asked] = name
        action = urljoin(url, html.unescape(form[1]))
        with browser.open(action, urlencode(fields).encode(), timeout=10) as answer:
            page, url = answer.read().decode(), answer.url
    return str(page)


if __name__ == "__main__":
    sign_in(sys.argv[1])
