"""Upload forms of the API, and what S3 answers to them."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass

from tests.support.rest import Send


@dataclass(frozen=True)
class Form:
    """An upload form, as a browser fills it in."""

    url: str
    fields: dict[str, str]

    def send(self, data: bytes, filename: str = "1.png", **fields: str) -> tuple[int, str]:
        """Uploads a file. Returns the status and the body of S3's answer."""
        filled = self.fields | {name.replace("_", "-"): value for name, value in fields.items()}
        parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in filled.items()]
        parts.append(f'name="file"; filename="{filename}"\r\nContent-Type: image/png\r\n\r\n'.encode() + data)
        whole = b"".join(b"--part\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
        body = whole + b"--part--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=part"}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, body, headers), timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def request_form(send: Send, folder: str) -> Form:
    """Requests a form for PNGs in a folder of the inbox."""
    answer = send("POST", "/uploads", json.dumps({"prefix": folder}).encode(), Content_Type="application/json")
    return Form(answer.json["url"], answer.json["forms"]["image/png"])
