"""The body of an HTML form → its parts.

Source: RFC 7578, "Returning Values from Forms: multipart/form-data", and RFC 2046, section 5.1.
"""

from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

# A request has at most 100 images, and a form has few other fields. The headers of many parts would take seconds.
MAX_PARTS = 200


@dataclass(frozen=True)
class Part:
    """One field of a form.

    filename: None if the field is not a file. Empty if the user chose no file.
    """

    name: str
    filename: str | None
    content: bytes


def parse_form(data: bytes, content_type: str) -> list[Part]:
    """Returns the parts, in order.

    content_type: the header with its parameter `boundary`.

    Raises ValueError with a sentence for the client.
    """
    header = Message()
    header["Content-Type"] = content_type.replace("\r", " ").replace("\n", " ")
    boundary = header.get_boundary()
    if not boundary:
        raise ValueError("The Content-Type of the form has no boundary.")
    delimiter = b"\r\n--" + boundary.encode()
    _, *pieces = (b"\r\n" + data).split(delimiter, MAX_PARTS + 1)
    if len(pieces) > MAX_PARTS:
        raise ValueError(f"The form has more than {MAX_PARTS} parts.")
    parts: list[Part] = []
    for piece in pieces:
        if piece.startswith(b"--"):
            return parts
        head, separator, content = piece.lstrip(b" \t").partition(b"\r\n\r\n")
        if not head.startswith(b"\r\n") or not separator:
            break
        parts.append(read_part(head.removeprefix(b"\r\n"), content))
    raise ValueError("The form is incomplete, or its boundary is not the one of the Content-Type.")


def read_part(head: bytes, content: bytes) -> Part:
    headers = BytesHeaderParser().parsebytes(head)
    return Part(read_parameter(headers, "name") or "", read_parameter(headers, "filename"), content)


def read_parameter(headers: Message, name: str) -> str | None:
    value = headers.get_param(name, None, "content-disposition")
    # The form `filename*` has three parts: charset, language and value.
    return value[2] if isinstance(value, tuple) else value
